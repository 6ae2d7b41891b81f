/*
 * The keys that what we sign is verified with: a JSON Web Key Set (RFC 7517 section 5). It comes as application/json, as
 * everybody's does: libraries that look at the type do not all know application/jwk-set+json.
 */
#include "http/call.h"
#include "oidc/routes.h"
#include "signing/signer.h"

#include "base/banned.h"

static void json_key(struct answer *out, const struct es256_jwk *jwk)
{
	json_open(out, NULL);
	json_text(out, "kty", "EC");
	json_text(out, "crv", "P-256");
	json_text(out, "x", jwk->x);
	json_text(out, "y", jwk->y);
	json_text(out, "kid", jwk->kid);
	json_text(out, "alg", "ES256");
	json_text(out, "use", "sig");
	json_close(out);
}

static enum err jwks(struct call *call)
{
	struct signer_list list;
	enum err err = signer_published(call->signer, call->now_s, &list);

	if (err)
		return err;
	json_open(call->out, NULL);
	json_list(call->out, "keys");
	for (size_t i = 0; i < list.count; i++)
		json_key(call->out, &list.jwk[i]);
	json_list_close(call->out);
	json_close(call->out);
	return OK;
}

const struct route jwks_routes[] = {
	{ GET, "/oauth2/jwks", ACCESS_ANYBODY, FRESH_NOT, NULL, jwks },
	ROUTES_END
};
