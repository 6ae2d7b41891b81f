/*
 * strike: preloaded into a server, lets what it asks of its disk fail, or ends the server there, when the file that
 * STRIKE_FILE names says so. tests/door/strike.py writes it while the server runs.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

/* As tests/door/strike.py has it. KILL: nothing of it is done. KILL_HALF: half of a write is. */
enum { NOTHING, FULL, WRITE_EIO, SYNC_EIO, KILL, KILL_HALF };

static struct order {
	atomic_int what;
	atomic_int spared; /* calls that pass before it */
	atomic_int struck;
} *order;

__attribute__((constructor)) static void find_order(void)
{
	const char *path = getenv("STRIKE_FILE");
	int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *found = file < 0 ? MAP_FAILED : mmap(NULL, sizeof(*order), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);

	if (file >= 0)
		close(file);
	if (found == MAP_FAILED)
		abort(); /* a test that strikes nothing would prove nothing */
	order = found;
}

/* What befalls this call; `mask`: of which kinds it may be. */
static int strikes(unsigned mask)
{
	int what = order->what;

	if (!(mask & 1U << what) || order->spared-- > 0)
		return NOTHING;
	order->spared = 0;
	order->struck++;
	return what;
}

static void end(void)
{
	syscall(SYS_kill, (pid_t)syscall(SYS_getpid), SIGKILL);
	for (;;)
		;
}

static long fail(int error)
{
	errno = error;
	return -1;
}

ssize_t pwrite64(int file, const void *bytes, size_t length, off64_t at)
{
	int what = strikes(1U << FULL | 1U << WRITE_EIO | 1U << KILL | 1U << KILL_HALF);

	if (what == KILL_HALF)
		(void)!syscall(SYS_pwrite64, file, bytes, length / 2, at);
	if (what >= KILL)
		end();
	if (what != NOTHING)
		return fail(what == FULL ? ENOSPC : EIO);
	return syscall(SYS_pwrite64, file, bytes, length, at);
}

static long sync_or_strike(long call, int file)
{
	int what = strikes(1U << SYNC_EIO | 1U << KILL | 1U << KILL_HALF);

	if (what >= KILL)
		end();
	return what != NOTHING ? fail(EIO) : syscall(call, file);
}

int fdatasync(int file)
{
	return (int)sync_or_strike(SYS_fdatasync, file);
}

int fsync(int file)
{
	return (int)sync_or_strike(SYS_fsync, file);
}

int ftruncate64(int file, off64_t length)
{
	if (strikes(1U << KILL | 1U << KILL_HALF) >= KILL)
		end();
	return (int)syscall(SYS_ftruncate, file, length);
}

int unlink(const char *path)
{
	if (strikes(1U << KILL | 1U << KILL_HALF) >= KILL)
		end();
	return (int)syscall(SYS_unlink, path);
}
