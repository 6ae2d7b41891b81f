/*
 * Preloaded into a server, for the test of times.
 *   PLANTED_NS=N   a leak of a known size, to show that one is found: each request that carries "X-Planted: 1" takes so much longer
 *   HASHLESS=1     no password is hashed: 20 ms of somebody else's arithmetic would hide what our own does before and behind it
 */
#define _GNU_SOURCE
#include <argon2.h>
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

static long long now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void take_longer(const char *bytes, ssize_t length)
{
	static const char mark[] = "X-Planted: 1";
	const char *text = getenv("PLANTED_NS");
	long long until = now_ns() + (text ? atoll(text) : 0);

	if (length > 0 && memmem(bytes, (size_t)length, mark, sizeof(mark) - 1))
		while (now_ns() < until)
			;
}

static ssize_t passed_on(const char *name, int fd, void *to, size_t room, int flags)
{
	ssize_t (*real)(int, void *, size_t, int) = (ssize_t (*)(int, void *, size_t, int))dlsym(RTLD_NEXT, name);
	ssize_t length = real(fd, to, room, flags);

	take_longer(to, length);
	return length;
}

ssize_t recv(int fd, void *to, size_t room, int flags)
{
	return passed_on("recv", fd, to, room, flags);
}

/* What a fortified program calls. */
ssize_t __recv_chk(int fd, void *to, size_t room, size_t whole, int flags);
ssize_t __recv_chk(int fd, void *to, size_t room, size_t whole, int flags)
{
	(void)whole;
	return passed_on("recv", fd, to, room, flags);
}

/* Each time another one, so that no password is right. */
int argon2id_ctx(argon2_context *context)
{
	static atomic_ullong hashes;
	unsigned long long number = ++hashes;

	if (!getenv("HASHLESS"))
		return ((int (*)(argon2_context *))dlsym(RTLD_NEXT, "argon2id_ctx"))(context);
	memset(context->out, 'x', context->outlen);
	memcpy(context->out, &number, sizeof(number) < context->outlen ? sizeof(number) : context->outlen);
	return ARGON2_OK;
}
