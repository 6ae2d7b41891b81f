#include "recovery/recovery.h"

#include "base/banned.h"

/* Whether a code before it is the same. Does not happen within the age of the world; then somebody would have nine codes. */
static bool is_repeated(const struct recovery_set *set, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (same_bytes(set->code[i], set->code[at], RECOVERY_CODE_TEXT))
			return true;
	return false;
}

enum err recovery_set_new(struct recovery_set *out)
{
	enum err err;

	for (size_t i = 0; i < RECOVERY_CODES; i++) {
		do {
			if ((err = crockford_new(out->code[i], RECOVERY_CODE_CHARS))) {
				recovery_set_wipe(out);
				return err;
			}
		} while (is_repeated(out, i));
	}
	return OK;
}

void recovery_set_wipe(struct recovery_set *set)
{
	wipe(set, sizeof(*set));
}

enum err recovery_digest(const struct keyring *keys, const struct id *account, const struct id *set, const char *typed,
                         uint8_t out[static DIGEST_BYTES])
{
	char code[RECOVERY_CODE_CHARS + 1];
	enum err err = crockford_read(typed, code, RECOVERY_CODE_CHARS);

	if (!err) {
		const struct digest_part parts[] = {
			{ account->bytes, ID_BYTES }, { set->bytes, ID_BYTES }, { code, RECOVERY_CODE_CHARS },
		};
		err = keyring_digest(keys, DIGEST_RECOVERY_CODE, parts, COUNT(parts), out);
	}
	wipe(code, sizeof(code));
	return err;
}
