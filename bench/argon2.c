/*
 * argon2: the ceiling of the password step: libsodium alone on all cores, with twostep's parameters.
 *   argon2 THREADS SECONDS      prints hashes a second
 */
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MEMORY_BYTES (19456u * 1024) /* src/accounts/hashes.h */
#define PASSES       2
#define THREADS_MAX  64

static const char password[] = "Correct-Horse7-Staple";
static char stored[crypto_pwhash_argon2id_STRBYTES];
static atomic_bool ended;
static atomic_long hashes;

static void *work(void *unused)
{
	(void)unused;
	while (!atomic_load(&ended))
		if (!crypto_pwhash_argon2id_str_verify(stored, password, strlen(password)))
			atomic_fetch_add(&hashes, 1);
	return NULL;
}

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	long threads = argc == 3 ? strtol(argv[1], NULL, 10) : 0, seconds = argc == 3 ? strtol(argv[2], NULL, 10) : 0;
	pthread_t thread[THREADS_MAX];
	struct timespec pause = { .tv_sec = seconds };
	double begun;

	if (threads < 1 || threads > THREADS_MAX || seconds < 1 || sodium_init() < 0)
		return 2;
	if (crypto_pwhash_argon2id_str(stored, password, strlen(password), PASSES, MEMORY_BYTES))
		return 1;
	begun = now_s();
	for (long i = 0; i < threads; i++)
		if (pthread_create(&thread[i], NULL, work, NULL))
			return 1;
	nanosleep(&pause, NULL);
	atomic_store(&ended, true);
	for (long i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
	printf("%.2f\n", (double)atomic_load(&hashes) / (now_s() - begun));
	return 0;
}
