#include "faulty.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static atomic_int armed, left;
static atomic_bool goes_on, hit;

static const char *const names[FAULT_COUNT] = {
	[FAULT_NONE] = "none", [FAULT_STEP] = "step", [FAULT_STEP_DONE] = "step done",
	[FAULT_COMMIT] = "commit", [FAULT_COMMIT_DONE] = "commit done", [FAULT_PREPARE] = "prepare",
	[FAULT_BIND] = "bind", [FAULT_SCRIPT] = "script", [FAULT_OPEN] = "open", [FAULT_MEMORY] = "memory",
	[FAULT_THREAD] = "thread", [FAULT_SQLITE_MEMORY] = "memory of sqlite", [FAULT_READ] = "read", [FAULT_WRITE] = "write",
	[FAULT_WRITE_PART] = "write part", [FAULT_FULL] = "disk full", [FAULT_SYNC] = "sync", [FAULT_TRUNCATE] = "truncate",
	[FAULT_MAP] = "map",
};

const char *faulty_name(enum fault fault)
{
	return names[fault];
}

void faulty_arm(enum fault fault, int n, bool on)
{
	left = n;
	goes_on = on;
	hit = false;
	armed = (int)fault;
}

bool faulty_disarm(void)
{
	armed = FAULT_NONE;
	return hit;
}

static bool fails(enum fault fault)
{
	int before;

	if (armed != (int)fault)
		return false;
	before = left--;
	if (before > 1 || (before < 1 && !goes_on))
		return false;
	hit = true;
	return true;
}

/* What SQLite asks of the system. It finds these first, for a program's own symbols come before those of libraries. */
ssize_t pread64(int file, void *bytes, size_t length, off64_t at)
{
	if (fails(FAULT_READ)) {
		errno = EIO;
		return -1;
	}
	return syscall(SYS_pread64, file, bytes, length, at);
}

ssize_t pwrite64(int file, const void *bytes, size_t length, off64_t at)
{
	int error = fails(FAULT_WRITE) ? EIO : fails(FAULT_FULL) ? ENOSPC : 0;

	if (fails(FAULT_WRITE_PART)) {
		(void)!syscall(SYS_pwrite64, file, bytes, length / 2, at);
		error = EIO;
	}
	if (!error)
		return syscall(SYS_pwrite64, file, bytes, length, at);
	errno = error;
	return -1;
}

int fdatasync(int file)
{
	if (fails(FAULT_SYNC)) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_fdatasync, file);
}

int fsync(int file)
{
	if (fails(FAULT_SYNC)) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_fsync, file);
}

int ftruncate64(int file, off64_t length)
{
	if (fails(FAULT_TRUNCATE)) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_ftruncate, file, length);
}

/* Shared mappings alone: SQLite's index of the log. Others are the allocator's. */
void *mmap64(void *address, size_t length, int protection, int flags, int file, off64_t at)
{
	if (flags & MAP_SHARED && fails(FAULT_MAP)) {
		errno = ENOMEM;
		return MAP_FAILED;
	}
	return (void *)syscall(SYS_mmap, address, length, protection, flags, file, at);
}

/* SQLite's memory: its own hooks, under which lies what it uses otherwise. */
static sqlite3_mem_methods below;

static void *take_memory(int length)
{
	return fails(FAULT_SQLITE_MEMORY) ? NULL : below.xMalloc(length);
}

static void *grow_memory(void *bytes, int length)
{
	return fails(FAULT_SQLITE_MEMORY) ? NULL : below.xRealloc(bytes, length);
}

void faulty_setup(void)
{
	sqlite3_mem_methods methods;

	if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &below))
		abort();
	methods = below;
	methods.xMalloc = take_memory;
	methods.xRealloc = grow_memory;
	if (sqlite3_config(SQLITE_CONFIG_MALLOC, &methods))
		abort();
}

/* What the store asks of SQLite and the C library: -Wl,--wrap=… */
#define WRAPPED(type, name, ...) type __real_##name(__VA_ARGS__); type __wrap_##name(__VA_ARGS__); type __wrap_##name(__VA_ARGS__)

WRAPPED(int, sqlite3_step, sqlite3_stmt *statement)
{
	bool is_commit = !strcmp(sqlite3_sql(statement), "COMMIT");
	int code;

	if (fails(FAULT_STEP) || (is_commit && fails(FAULT_COMMIT)))
		return SQLITE_IOERR;
	code = __real_sqlite3_step(statement);
	return fails(FAULT_STEP_DONE) || (is_commit && fails(FAULT_COMMIT_DONE)) ? SQLITE_IOERR : code;
}

WRAPPED(int, sqlite3_prepare_v3, sqlite3 *handle, const char *sql, int length, unsigned flags, sqlite3_stmt **out, const char **rest)
{
	if (fails(FAULT_PREPARE))
		return SQLITE_NOMEM;
	return __real_sqlite3_prepare_v3(handle, sql, length, flags, out, rest);
}

WRAPPED(int, sqlite3_bind_int64, sqlite3_stmt *statement, int at, sqlite3_int64 value)
{
	return fails(FAULT_BIND) ? SQLITE_NOMEM : __real_sqlite3_bind_int64(statement, at, value);
}

WRAPPED(int, sqlite3_bind_text64, sqlite3_stmt *statement, int at, const char *text, sqlite3_uint64 length, void (*life)(void *),
        unsigned char encoding)
{
	return fails(FAULT_BIND) ? SQLITE_NOMEM : __real_sqlite3_bind_text64(statement, at, text, length, life, encoding);
}

WRAPPED(int, sqlite3_bind_blob64, sqlite3_stmt *statement, int at, const void *bytes, sqlite3_uint64 length, void (*life)(void *))
{
	return fails(FAULT_BIND) ? SQLITE_NOMEM : __real_sqlite3_bind_blob64(statement, at, bytes, length, life);
}

WRAPPED(int, sqlite3_exec, sqlite3 *handle, const char *sql, int (*row)(void *, int, char **, char **), void *to, char **message)
{
	return fails(FAULT_SCRIPT) ? SQLITE_IOERR : __real_sqlite3_exec(handle, sql, row, to, message);
}

WRAPPED(int, sqlite3_open_v2, const char *path, sqlite3 **out, int flags, const char *vfs)
{
	if (!fails(FAULT_OPEN))
		return __real_sqlite3_open_v2(path, out, flags, vfs);
	*out = NULL;
	return SQLITE_NOMEM;
}

WRAPPED(void *, calloc, size_t count, size_t length)
{
	return fails(FAULT_MEMORY) ? NULL : __real_calloc(count, length);
}

WRAPPED(int, pthread_create, pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument)
{
	return fails(FAULT_THREAD) ? EAGAIN : __real_pthread_create(thread, attributes, run, argument);
}
