/*
 * process: what the process allows itself, before it reads a secret or starts a thread.
 */
#ifndef TWOSTEP_CLI_PROCESS_H
#define TWOSTEP_CLI_PROCESS_H

#include <signal.h>

#include "base/err.h"

/*
 * First of all: standard input, output and error that are closed become streams that give and take nothing, so that no file that is
 * opened later gets their number, and with it what is said. ERR_IO: could not.
 */
MUST_USE enum err process_keep_streams(void);

/*
 * Files for the owner alone, no core file, not dumpable, no new privileges, few memory arenas, as many open files as allowed; a file
 * that may not grow is an error of write. ERR_IO: could not.
 */
MUST_USE enum err process_harden(void);

/*
 * Holds back the signals that end the server, for this thread and those it starts: process_wait_stop takes them.
 * SIGHUP is one of them unless our parent had it ignored (nohup).
 */
void process_hold_signals(sigset_t *held);

/*
 * Sleeps until one of them comes; afterwards a second one ends the process at once. Returns the signal. Where standard input, output and
 * error were no terminal SIGHUP ends nothing: the log says so.
 */
int process_wait_stop(const sigset_t *held);

#endif
