/*
 * set_back: a clock that somebody sets back must not bring back what has ended, nor make last longer what was under way. Until
 * that is seen to, time stands still (base/clock.h); then every moment that something runs out at goes back with the clock.
 */
#ifndef TWOSTEP_CLI_SET_BACK_H
#define TWOSTEP_CLI_SET_BACK_H

#include "store/store.h"

/* Before anybody is served: the clock may have been set while nobody looked. */
MUST_USE enum err set_back_begin(struct store *store);

/* Once a minute and after each jump: sees to a clock that went back, notes how late it is otherwise. An error is logged; ask again. */
MUST_USE enum err set_back_look(struct store *store);

#endif
