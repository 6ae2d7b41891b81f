/*
 * Preloaded into a server, for the test of times.
 *   PLANTED_NS=N   a leak of a known size, to show that one is found: each request that carries "X-Planted: 1" takes so much longer
 *   HASHLESS=1     no password is hashed: 20 ms of somebody else's arithmetic would hide what our own does before and behind it
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sodium.h>
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

static int is_hashless(void)
{
	return getenv("HASHLESS") != NULL;
}

/* What a password becomes, and that no other is it. */
int crypto_pwhash_argon2id_str(char out[crypto_pwhash_argon2id_STRBYTES], const char *password, unsigned long long length,
                               unsigned long long passes, size_t memory)
{
	typedef int function(char *, const char *, unsigned long long, unsigned long long, size_t);

	if (!is_hashless())
		return ((function *)dlsym(RTLD_NEXT, "crypto_pwhash_argon2id_str"))(out, password, length, passes, memory);
	memset(out, 'x', crypto_pwhash_argon2id_STRBYTES - 1);
	out[crypto_pwhash_argon2id_STRBYTES - 1] = '\0';
	return 0;
}

int crypto_pwhash_argon2id_str_verify(const char stored[crypto_pwhash_argon2id_STRBYTES], const char *password, unsigned long long length)
{
	typedef int function(const char *, const char *, unsigned long long);

	if (!is_hashless())
		return ((function *)dlsym(RTLD_NEXT, "crypto_pwhash_argon2id_str_verify"))(stored, password, length);
	return -1;
}
