#include "recovery/recovery.h"

#include "base/random.h"

#include "base/banned.h"

#define GROUP_CHARS 4

/* https://www.crockford.com/base32.html: no I, L, O, which are read as 1, 1, 0; no U. */
static const char alphabet[32] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static char canonical(char c)
{
	if (c >= 'a' && c <= 'z')
		c = (char)(c - ('a' - 'A'));
	if (c == 'O')
		return '0';
	if (c == 'I' || c == 'L')
		return '1';
	return c && memchr(alphabet, c, sizeof(alphabet)) ? c : '\0';
}

enum err crockford_read(const char *typed, char *out, size_t chars)
{
	if (strnlen(typed, chars + 1) != chars)
		return ERR_CODE_REFUSED;
	for (size_t i = 0; i < chars; i++)
		if (!canonical(typed[i]))
			return ERR_CODE_REFUSED;

	for (size_t i = 0; i < chars; i++)
		out[i] = canonical(typed[i]);
	out[chars] = '\0';
	return OK;
}

enum err crockford_new(char *out, size_t chars)
{
	uint8_t bytes[GROUP_CHARS];
	size_t length = 0;
	enum err err;

	for (size_t made = 0; made < chars; made += GROUP_CHARS) {
		if ((err = random_bytes(bytes, sizeof(bytes)))) {
			wipe(out, chars + chars / GROUP_CHARS);
			return err;
		}
		if (made)
			out[length++] = '-';
		for (size_t i = 0; i < GROUP_CHARS; i++)
			out[length++] = alphabet[bytes[i] & 31]; /* 32 of 256: no bias */
	}
	out[length] = '\0';
	wipe(bytes, sizeof(bytes));
	return OK;
}
