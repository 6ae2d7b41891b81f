#include "wrapped.h"

#include <argon2.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "base/codec.h"

enum err __real_email_code_new(enum email_code_purpose purpose, struct email_code *out);
enum err __real_crockford_new(char *out, size_t chars);
enum err __real_totp_secret_new(struct totp_secret *out);
enum err __real_token_new(struct token *out, struct token_digest *digest);

int64_t __wrap_clock_now_s(void);
ssize_t __wrap_getrandom(void *out, size_t length, unsigned flags);
int __wrap_argon2id_ctx(argon2_context *context);
enum err __wrap_email_code_new(enum email_code_purpose purpose, struct email_code *out);
enum err __wrap_crockford_new(char *out, size_t chars);
enum err __wrap_totp_secret_new(struct totp_secret *out);
enum err __wrap_token_new(struct token *out, struct token_digest *digest);

static _Atomic int64_t clock_s;
static _Atomic uint64_t random_state;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct made_last last;

void clock_put(int64_t now_s)
{
	clock_s = now_s;
}

int64_t __wrap_clock_now_s(void)
{
	return clock_s;
}

void random_put(uint64_t seed)
{
	random_state = seed;
}

/* SplitMix64: all different, and the same after the same seed. */
ssize_t __wrap_getrandom(void *out, size_t length, unsigned flags)
{
	(void)flags;
	for (size_t i = 0; i < length; i += sizeof(uint64_t)) {
		uint64_t x = atomic_fetch_add(&random_state, 0x9e3779b97f4a7c15u);

		x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
		x = (x ^ x >> 27) * 0x94d049bb133111ebu;
		x ^= x >> 31;
		memcpy((char *)out + i, &x, length - i < sizeof(x) ? length - i : sizeof(x));
	}
	return (ssize_t)length;
}

/* A plain SHA-256. */
int __wrap_argon2id_ctx(argon2_context *context)
{
	if (context->outlen != crypto_hash_sha256_BYTES)
		abort();
	crypto_hash_sha256(context->out, context->pwd, context->pwdlen);
	return ARGON2_OK;
}

static void keep(void *to, const void *from, size_t bytes)
{
	pthread_mutex_lock(&lock);
	memcpy(to, from, bytes);
	pthread_mutex_unlock(&lock);
}

enum err __wrap_email_code_new(enum email_code_purpose purpose, struct email_code *out)
{
	enum err err = __real_email_code_new(purpose, out);

	if (!err)
		keep(last.mailed, out->text, sizeof(last.mailed));
	return err;
}

enum err __wrap_crockford_new(char *out, size_t chars)
{
	enum err err = __real_crockford_new(out, chars);

	if (!err && chars == RECOVERY_CODE_CHARS)
		keep(last.recovery, out, sizeof(last.recovery));
	return err;
}

enum err __wrap_totp_secret_new(struct totp_secret *out)
{
	enum err err = __real_totp_secret_new(out);

	if (!err)
		keep(&last.secret, out, sizeof(last.secret));
	return err;
}

enum err __wrap_token_new(struct token *out, struct token_digest *digest)
{
	enum err err = __real_token_new(out, digest);

	if (!err)
		keep(&last.token, out, sizeof(last.token));
	return err;
}

void made_forget(void)
{
	static const struct made_last nothing;

	keep(&last, &nothing, sizeof(last));
}

struct made_last made_look(void)
{
	struct made_last found;

	keep(&found, &last, sizeof(found));
	return found;
}
