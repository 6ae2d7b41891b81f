/*
 * faulty: lets the n-th call of some kind fail, in our own code (led through here by the linker) and in the libraries
 * that we stand on (whose calls to the C library find the program's own definitions first).
 */
#ifndef TWOSTEP_TESTS_FAULTS_FAULTY_H
#define TWOSTEP_TESTS_FAULTS_FAULTY_H

#include <stdbool.h>

enum fault {
	FAULT_NONE,
	FAULT_STEP,      /* sqlite3_step fails before it does anything */
	FAULT_STEP_DONE, /* … after it has done everything */
	FAULT_COMMIT,    /* a COMMIT fails before it does anything */
	FAULT_COMMIT_DONE, /* … after it has been done: nobody who asked can know */
	FAULT_PREPARE,
	FAULT_BIND,
	FAULT_SCRIPT,    /* sqlite3_exec */
	FAULT_OPEN,      /* sqlite3_open_v2 */
	FAULT_MEMORY,    /* our calloc */
	FAULT_THREAD,    /* pthread_create */
	FAULT_SQLITE_MEMORY,
	FAULT_READ,
	FAULT_WRITE,     /* EIO */
	FAULT_WRITE_PART, /* half of it is written, then EIO */
	FAULT_FULL,      /* ENOSPC */
	FAULT_SYNC,      /* EIO */
	FAULT_TRUNCATE,
	FAULT_MAP,
	FAULT_COUNT
};

/* Must be called once, before SQLite is used. */
void faulty_setup(void);

const char *faulty_name(enum fault fault);

/* From now on the n-th call (1, 2, 3 …) of this kind fails; `on`: and all after it. */
void faulty_arm(enum fault fault, int n, bool on);

/* No more faults. Whether there was one. */
bool faulty_disarm(void);

#endif
