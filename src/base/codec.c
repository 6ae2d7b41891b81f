#include "base/codec.h"

#include "base/base.h"

#include "base/banned.h"

/* Characters `first` to `last` stand for the values from `value` on. */
struct range {
	char first, last;
	uint8_t value;
};

struct alphabet {
	unsigned bits; /* a character */
	struct range ranges[5];
};

static const struct alphabet base64url = {
	6, { { 'A', 'Z', 0 }, { 'a', 'z', 26 }, { '0', '9', 52 }, { '-', '-', 62 }, { '_', '_', 63 } }
};
static const struct alphabet base32 = { 5, { { 'A', 'Z', 0 }, { '2', '7', 26 } } };
static const struct alphabet hex = { 4, { { '0', '9', 0 }, { 'a', 'f', 10 } } };

/* No look-up by the value itself: what is encoded may be a key, and the cache would tell. */
static char character_of(const struct alphabet *alphabet, unsigned value)
{
	char character = 0;

	for (size_t i = 0; i < COUNT(alphabet->ranges) && alphabet->ranges[i].first; i++)
		if (value >= alphabet->ranges[i].value)
			character = (char)(alphabet->ranges[i].first + (int)(value - alphabet->ranges[i].value));
	return character;
}

static int value_of(const struct alphabet *alphabet, char c)
{
	for (size_t i = 0; i < COUNT(alphabet->ranges) && alphabet->ranges[i].first; i++)
		if (c >= alphabet->ranges[i].first && c <= alphabet->ranges[i].last)
			return c - alphabet->ranges[i].first + alphabet->ranges[i].value;
	return -1;
}

static void encode(const struct alphabet *alphabet, const uint8_t *bytes, size_t length, char *text)
{
	unsigned held = 0, pending = 0, mask = (1u << alphabet->bits) - 1;

	for (size_t i = 0; i < length; i++) {
		held = held << 8 | bytes[i];
		for (pending += 8; pending >= alphabet->bits; pending -= alphabet->bits)
			*text++ = character_of(alphabet, held >> (pending - alphabet->bits) & mask);
	}
	if (pending)
		*text++ = character_of(alphabet, held << (alphabet->bits - pending) & mask);
	*text = '\0';
}

/* One spelling for each value: the exact number of characters, and the bits left over at the end are zero. */
static bool canonical(const struct alphabet *alphabet, const char *text, size_t text_length, size_t length)
{
	size_t bits = length * 8;
	unsigned rest = (unsigned)((alphabet->bits - bits % alphabet->bits) % alphabet->bits);

	if (length > SIZE_MAX / 16 || text_length != (bits + rest) / alphabet->bits)
		return false;
	for (size_t i = 0; i < text_length; i++)
		if (value_of(alphabet, text[i]) < 0)
			return false;
	return !text_length || !((unsigned)value_of(alphabet, text[text_length - 1]) & ((1u << rest) - 1));
}

static bool decode(const struct alphabet *alphabet, const char *text, size_t text_length, uint8_t *bytes, size_t length)
{
	unsigned held = 0, pending = 0;

	if (!canonical(alphabet, text, text_length, length))
		return false;
	for (size_t i = 0; i < text_length; i++) {
		held = held << alphabet->bits | (unsigned)value_of(alphabet, text[i]);
		pending += alphabet->bits;
		if (pending >= 8) {
			pending -= 8;
			*bytes++ = (uint8_t)(held >> pending);
		}
	}
	return true;
}

void base64url_encode(const uint8_t *bytes, size_t length, char *text)
{
	encode(&base64url, bytes, length, text);
}

bool base64url_decode(const char *text, size_t text_length, uint8_t *bytes, size_t length)
{
	return decode(&base64url, text, text_length, bytes, length);
}

void base32_encode(const uint8_t *bytes, size_t length, char *text)
{
	encode(&base32, bytes, length, text);
}

bool base32_decode(const char *text, size_t text_length, uint8_t *bytes, size_t length)
{
	return decode(&base32, text, text_length, bytes, length);
}

void hex_encode(const uint8_t *bytes, size_t length, char *text)
{
	encode(&hex, bytes, length, text);
}

bool hex_decode(const char *text, size_t text_length, uint8_t *bytes, size_t length)
{
	return decode(&hex, text, text_length, bytes, length);
}
