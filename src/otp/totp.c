#include "otp/totp.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/random.h"

#include "base/banned.h"

#define SHA1_BYTES 20
#define TOTP_WINDOW_STEPS 1 /* RFC 6238 section 5.2: one for the time on the way; one more for clocks that are ahead */

struct totp_step totp_step_at(int64_t now_s)
{
	int64_t steps = now_s / TOTP_PERIOD_S;

	return (struct totp_step){ now_s % TOTP_PERIOD_S < 0 ? steps - 1 : steps };
}

enum err totp_secret_new(struct totp_secret *out)
{
	return random_bytes(out->bytes, TOTP_SECRET_BYTES);
}

void totp_secret_wipe(struct totp_secret *secret)
{
	wipe(secret, sizeof(*secret));
}

/* RFC 4226 section 5.3: four bytes from where the last one points, without the sign. */
static uint32_t truncate_dynamically(const uint8_t mac[static SHA1_BYTES])
{
	const uint8_t *p = mac + (mac[SHA1_BYTES - 1] & 0x0f);

	return (p[0] & 0x7fu) << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

enum err totp_code(const struct totp_secret *secret, struct totp_step step, char out[static TOTP_DIGITS + 1])
{
	uint8_t counter[8], mac[EVP_MAX_MD_SIZE];
	unsigned mac_length = 0;
	uint32_t value;

	for (size_t i = 0; i < sizeof(counter); i++)
		counter[i] = (uint8_t)((uint64_t)step.n >> (56 - 8 * i));
	if (!HMAC(EVP_sha1(), secret->bytes, TOTP_SECRET_BYTES, counter, sizeof(counter), mac, &mac_length) ||
	    mac_length != SHA1_BYTES)
		return ERR_CRYPTO;

	value = truncate_dynamically(mac);
	wipe(mac, sizeof(mac));
	for (size_t i = TOTP_DIGITS; i-- > 0; value /= 10)
		out[i] = (char)('0' + value % 10);
	out[TOTP_DIGITS] = '\0';
	return OK;
}

/* What was found so far; no branch depends on which step fitted. */
struct search {
	int64_t fits, step; /* fits: 0 or 1 */
};

static enum err try_step(const struct totp_secret *secret, const char *code, int64_t step, struct search *search)
{
	char right[TOTP_DIGITS + 1];
	enum err err = totp_code(secret, (struct totp_step){ step }, right);
	int64_t fits, take;

	if (err)
		return err;
	fits = same_bytes(code, right, TOTP_DIGITS);
	take = -(fits & ~search->fits); /* all bits where this is the first that fits */
	search->step = (search->step & ~take) | (step & take);
	search->fits |= fits;
	wipe(right, sizeof(right));
	return OK;
}

/* All steps up to `reach` away, the nearest first, of two as near the newer. */
static enum err find_within(const struct totp_secret *secret, const char *code, struct totp_step now, int64_t reach,
                            struct totp_step *found)
{
	struct search search = { 0, 0 };
	enum err err;

	if (strlen(code) != TOTP_DIGITS || now.n > INT64_MAX - reach || now.n < INT64_MIN + reach)
		return ERR_CODE_REFUSED;
	if ((err = try_step(secret, code, now.n, &search)))
		return err;
	for (int64_t away = 1; away <= reach; away++)
		if ((err = try_step(secret, code, now.n + away, &search)) ||
		    (err = try_step(secret, code, now.n - away, &search)))
			return err;
	if (!search.fits)
		return ERR_CODE_REFUSED;

	found->n = search.step;
	return OK;
}

enum err totp_find(const struct totp_secret *secret, const char *code, struct totp_step now, struct totp_step *found)
{
	return find_within(secret, code, now, TOTP_WINDOW_STEPS, found);
}

enum err totp_drift(const struct totp_secret *secret, const char *code, struct totp_step now, int64_t *off_s)
{
	struct totp_step found;
	enum err err = find_within(secret, code, now, TOTP_DRIFT_STEPS, &found);

	if (!err)
		*off_s = (found.n - now.n) * TOTP_PERIOD_S;
	return err;
}
