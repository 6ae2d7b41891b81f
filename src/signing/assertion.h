/*
 * assertion: what Remote-Assertion carries: a JSON Web Token (RFC 7519), signed with ES256, that says of the person what the other
 * identity headers say, for one application. docs/assertion.md tells applications how to verify it.
 * It has no jti, for the same one comes with each request of half a minute, and no sid: a session's id is none of theirs.
 */
#ifndef TWOSTEP_SIGNING_ASSERTION_H
#define TWOSTEP_SIGNING_ASSERTION_H

#include "base/buf.h"
#include "base/id.h"
#include "signing/signer.h"

#define ASSERTION_S         60   /* contract 2.4 */
#define ASSERTION_BYTES_MAX 4096 /* proxies hold back a line of 8 KiB and more; ours come to 1 KiB or so */

struct assertion {
	const char *issuer;   /* the public URL */
	const char *audience; /* the host asked for, with its port where that is not the default; never empty */
	const struct id *account;
	const char *email, *name;
	const char *groups;  /* as in Remote-Groups: commas between; "" or "-": none */
	const char *methods; /* as in Remote-Methods: "pwd,otp" */
	int64_t authenticated_at; /* when the password was last given; 0: not told */
	int64_t second_step_at;   /* 0: there was none */
};

/*
 * Appends header.claims.signature, without line end.
 * ERR_INVALID: nobody to be told, or nothing to tell (our own mistake). ERR_MEMORY: none, or longer than ASSERTION_BYTES_MAX.
 * ERR_CRYPTO, ERR_STORE, ERR_RANDOM: as signer_take. `out` then holds what it held.
 */
MUST_USE enum err assertion_sign(struct signer *signer, const struct assertion *assertion, int64_t now_s, struct buf *out);

#endif
