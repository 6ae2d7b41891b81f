#include "http/percent.h"

#include "base/base.h"

#include "base/banned.h"

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The first character, decoded; how many bytes it took, 0: there is none. */
static size_t decode_one(struct view text, enum percent kind, char *out)
{
	int high, low;

	if (text.bytes[0] != '%') {
		*out = kind == PERCENT_FORM && text.bytes[0] == '+' ? ' ' : text.bytes[0];
		return 1;
	}
	if (text.length < 3 || (high = hex_value(text.bytes[1])) < 0 || (low = hex_value(text.bytes[2])) < 0)
		return 0;
	*out = (char)(high << 4 | low);
	return 3;
}

bool percent_decode(struct view text, enum percent kind, char *out, size_t *length)
{
	size_t n = 0, taken;

	for (; text.length; text.bytes += taken, text.length -= taken)
		if (!(taken = decode_one(text, kind, &out[n++])))
			return false;
	out[n] = '\0';
	*length = n;
	return true;
}

bool percent_same(struct view text, enum percent kind, const char *word)
{
	size_t taken;
	char c;

	for (; text.length && *word; text.bytes += taken, text.length -= taken, word++)
		if (!(taken = decode_one(text, kind, &c)) || c != *word)
			return false;
	return !text.length && !*word;
}
