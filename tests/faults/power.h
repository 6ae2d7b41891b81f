/*
 * power: what a disk may hold after its power failed. A VFS over SQLite's own notes each write, truncation, sync, creation and
 * deletion in one folder, in their order. Of the first n of these, power_cut() makes a folder as it may be found afterwards:
 * what was not synced is there, or not, or in part, by sectors, in whatever order, and so are names whose folder was not synced.
 *
 * Assumed, as SQLite does: a synced write stays, and a torn one harms nothing beside the bytes that it was to change.
 */
#ifndef TWOSTEP_TESTS_FAULTS_POWER_H
#define TWOSTEP_TESTS_FAULTS_POWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define POWER_SECTOR_BYTES 512

/* From now on the default VFS notes what happens in this folder, which is empty. Forgets what it noted before. */
void power_begin(const char *folder);

/* How much has been noted. */
size_t power_noted(void);

/* The moments right behind syncs and changes of names, where orders matter most. `place`: any number. */
size_t power_moment(uint64_t place);

/* Puts into the (empty) folder what may be left of the first n; what chance decides comes from *seed. Aborts where it cannot. */
void power_cut(size_t n, const char *folder, uint64_t *seed);

/* The next number of a sequence (splitmix64). */
uint64_t power_chance(uint64_t *seed);

#endif
