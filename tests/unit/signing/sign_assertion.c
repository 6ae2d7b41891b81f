/*
 * Prints an assertion, signed with the keys of a data folder, beside the server that serves it or not.
 *
 *     sign-assertion DATA ISSUER AUDIENCE SECONDS      as if signed so many seconds ago
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/base.h"
#include "base/clock.h"
#include "signing/assertion.h"

static int fail(const char *why)
{
	fprintf(stderr, "sign-assertion: %s\n", why);
	return EXIT_FAILURE;
}

static int sign(struct signer *signer, char **arguments)
{
	static const struct id account = { "16 bytes of Kim." };
	const struct assertion assertion = {
		.issuer = arguments[2], .audience = arguments[3], .account = &account, .email = "kim@example.com", .name = "Kim 김",
		.groups = "org:AAAAAAAAAAAAAAAAAAAAAA:member,service:BBBBBBBBBBBBBBBBBBBBBB:viewer", .methods = "pwd,otp",
		.authenticated_at = clock_now_s() - 100, .second_step_at = clock_now_s() - 50,
	};
	SCOPED(buf_done) struct buf token = { 0 };
	enum err err = assertion_sign(signer, &assertion, clock_now_s() - strtoll(arguments[4], NULL, 10), &token);

	if (err)
		return fail(err_name(err));
	puts(buf_string(&token));
	return EXIT_SUCCESS;
}

int main(int count, char **arguments)
{
	char database[4096], file[4096];
	struct store *store = NULL;
	struct keyring *keyring = NULL;
	struct signer *signer = NULL;
	const char *why = "usage: sign-assertion DATA ISSUER AUDIENCE SECONDS";
	int status = EXIT_FAILURE;
	bool created;

	if (count != 5)
		return fail(why);
	snprintf(database, sizeof(database), "%s/twostep.db", arguments[1]);
	snprintf(file, sizeof(file), "%s/keyring", arguments[1]);
	if (store_open(database, &store, &created, &why) || keyring_open(file, false, &keyring, &why))
		fail(why);
	else if (!signer_new(store, keyring, &signer))
		status = sign(signer, arguments);
	signer_free(signer);
	keyring_free(keyring);
	store_close(store);
	return status;
}
