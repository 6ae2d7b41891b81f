#include "base/codec.h"

#include "base/base.h"

#include "base/banned.h"

#define ALWAYS_INLINE __attribute__((always_inline)) static inline

/* Characters `first` to `last` stand for the values from `value` on. */
struct range {
	char first, last;
	uint8_t value;
};

/* What is not used is a range that no character and no value is in. */
#define RANGES   5
#define NO_RANGE { 1, 0, UINT8_MAX }

struct alphabet {
	unsigned bits; /* a character */
	struct range ranges[RANGES];
};

static const struct alphabet base64url = {
	6, { { 'A', 'Z', 0 }, { 'a', 'z', 26 }, { '0', '9', 52 }, { '-', '-', 62 }, { '_', '_', 63 } }
};
static const struct alphabet base32 = { 5, { { 'A', 'Z', 0 }, { '2', '7', 26 }, NO_RANGE, NO_RANGE, NO_RANGE } };
static const struct alphabet hex = { 4, { { '0', '9', 0 }, { 'a', 'f', 10 }, NO_RANGE, NO_RANGE, NO_RANGE } };

/*
 * No look-up by the value itself: what is encoded may be a key, and the cache would tell. All ranges are tried, in code without
 * branches, made for each alphabet: ids and tokens are written and read with each check.
 */
#define FOR_EACH_RANGE(step) step(0) step(1) step(2) step(3) step(4)

ALWAYS_INLINE char character_of(const struct alphabet *alphabet, unsigned value)
{
	const struct range *ranges = alphabet->ranges;
	unsigned character = 0;

#define STEP(i) character = value >= ranges[i].value ? (unsigned)ranges[i].first + value - ranges[i].value : character;
	FOR_EACH_RANGE(STEP)
#undef STEP
	return (char)character;
}

ALWAYS_INLINE int value_of(const struct alphabet *alphabet, char c)
{
	const struct range *ranges = alphabet->ranges;
	int value = -1;

#define STEP(i) value = c >= ranges[i].first && c <= ranges[i].last ? c - ranges[i].first + ranges[i].value : value;
	FOR_EACH_RANGE(STEP)
#undef STEP
	return value;
}

ALWAYS_INLINE void encode(const struct alphabet *alphabet, const uint8_t *bytes, size_t length, char *text)
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
ALWAYS_INLINE bool canonical(const struct alphabet *alphabet, const char *text, size_t text_length, size_t length)
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

ALWAYS_INLINE bool decode(const struct alphabet *alphabet, const char *text, size_t text_length, uint8_t *bytes, size_t length)
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
