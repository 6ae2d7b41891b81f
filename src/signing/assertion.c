#include "signing/assertion.h"

#include "base/base.h"
#include "http/answer.h"
#include "signing/jwt.h"

#include "base/banned.h"

#define WORD_BYTES 128 /* "service:", an id, ":operator" */

/* The parts of a header's list as those of a JSON list. */
static void json_words(struct answer *out, const char *name, const char *words)
{
	char word[WORD_BYTES];

	json_list(out, name);
	for (const char *rest = words; *rest && strcmp(words, "-") != 0;) {
		size_t length = strcspn(rest, ",");

		if (length >= sizeof(word)) {
			out->body.failed = true; /* cut, it would say something else */
			break;
		}
		memcpy(word, rest, length);
		word[length] = '\0';
		json_text(out, NULL, word);
		rest += length + (rest[length] == ',');
	}
	json_list_close(out);
}

static void json_moment(struct answer *out, const char *name, int64_t at_s)
{
	if (at_s > 0)
		json_int(out, name, at_s);
}

/* Times are NumericDate (RFC 7519 section 2), amr as in RFC 8176, auth_time as in OpenID Connect Core section 2. */
static void json_claims(struct answer *out, const struct assertion *assertion, int64_t now_s)
{
	json_open(out, NULL);
	json_text(out, "iss", assertion->issuer);
	json_id(out, "sub", assertion->account);
	json_text(out, "aud", assertion->audience);
	json_int(out, "iat", now_s);
	json_int(out, "exp", now_s + ASSERTION_S);
	json_text(out, "email", assertion->email);
	json_text(out, "name", assertion->name);
	json_words(out, "groups", assertion->groups);
	json_words(out, "amr", assertion->methods);
	json_moment(out, "auth_time", assertion->authenticated_at);
	json_moment(out, "second_step_at", assertion->second_step_at);
	json_close(out);
}

static bool is_whole(const struct assertion *assertion)
{
	const char *const texts[] = { assertion->issuer, assertion->audience, assertion->email, assertion->name };

	for (size_t i = 0; i < COUNT(texts); i++)
		if (!texts[i] || !*texts[i])
			return false;
	return assertion->account && !id_empty(assertion->account) && assertion->groups && assertion->methods;
}

enum err assertion_sign(struct signer *signer, const struct assertion *assertion, int64_t now_s, struct buf *out)
{
	SCOPED(signing_done) struct signing by = { 0 };
	SCOPED(answer_done) struct answer claims = { .body.limit = ASSERTION_BYTES_MAX };
	SCOPED(buf_done) struct buf token = { .limit = ASSERTION_BYTES_MAX };
	enum err err;

	if (!is_whole(assertion))
		return ERR_INVALID;
	json_claims(&claims, assertion, now_s);
	if ((err = buf_check(&claims.body)) || (err = signer_take(signer, now_s, &by)) ||
	    (err = jwt_sign(&by, buf_string(&claims.body), &token)))
		return err;
	buf_add(out, token.bytes, token.length);
	return buf_check(out);
}
