/*
 * counted: what a server takes per request beside its own instructions: preloaded into it, counts allocations, locks and steps of
 * statements, of all threads, into a file that is mapped, whose name is in TWOSTEP_COUNTED. For tests/cost and bench/run.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct counts {
	atomic_uint_fast64_t allocations, locks, steps; /* bench/lib/counted.py reads them in this order */
};

static struct counts nowhere, *counts = &nowhere;

__attribute__((constructor)) static void begin(void)
{
	const char *name = getenv("TWOSTEP_COUNTED");
	int fd = name ? open(name, O_RDWR | O_CLOEXEC) : -1;
	void *map = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (map == MAP_FAILED)
		abort();
	counts = map;
	close(fd);
}

/* glibc's own names of what is replaced. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static void allocated(void)
{
	atomic_fetch_add_explicit(&counts->allocations, 1, memory_order_relaxed);
}

void *malloc(size_t size)
{
	allocated();
	return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	allocated();
	return __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
	allocated();
	return __libc_realloc(memory, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
	allocated();
	return __libc_memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
	void *memory = aligned_alloc(alignment, size);

	if (!memory)
		return 12; /* ENOMEM */
	*out = memory;
	return 0;
}

#define COUNTED(name, type, which)                                              \
	int name(type *of)                                                      \
	{                                                                       \
		static int (*next)(type *);                                     \
		if (!next)                                                      \
			next = (int (*)(type *))dlsym(RTLD_NEXT, #name);        \
		atomic_fetch_add_explicit(&counts->which, 1, memory_order_relaxed); \
		return next(of);                                                \
	}

COUNTED(pthread_mutex_lock, pthread_mutex_t, locks)
COUNTED(pthread_mutex_trylock, pthread_mutex_t, locks)
COUNTED(pthread_rwlock_rdlock, pthread_rwlock_t, locks)
COUNTED(pthread_rwlock_wrlock, pthread_rwlock_t, locks)
COUNTED(pthread_spin_lock, pthread_spinlock_t, locks)
COUNTED(sqlite3_step, sqlite3_stmt, steps)
