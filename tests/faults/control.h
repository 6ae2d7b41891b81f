/*
 * control: what twostep-faulty and the test that drives it share: a mapped file, which the variable FAULTY_CONTROL names.
 * The program writes the names of the kinds of calls into it at its start; the test arms one of them.
 */
#ifndef TWOSTEP_TESTS_FAULTS_CONTROL_H
#define TWOSTEP_TESTS_FAULTS_CONTROL_H

#include <stdatomic.h>
#include <stdint.h>

enum {
	CONTROL_KINDS = 32,
	CONTROL_NAME = 16,
	CONTROL_WHERE = 1600,
	CONTROL_COUNT = -1, /* armed: nothing fails, all calls are counted */
};

/* All numbers have four bytes: tests/faults/faulty.py has the same places. */
struct control {
	_Atomic int32_t armed;   /* 0: nothing; a kind; or CONTROL_COUNT */
	_Atomic int32_t left;    /* calls of the kind until one fails: 1, the next does */
	_Atomic int32_t goes_on; /* and all after it */
	_Atomic int32_t hit;     /* so many failed */
	_Atomic int32_t seen[CONTROL_KINDS];
	char names[CONTROL_KINDS][CONTROL_NAME];
	char where[CONTROL_WHERE]; /* who made the call that failed first: file+offset, the innermost first */
};

#endif
