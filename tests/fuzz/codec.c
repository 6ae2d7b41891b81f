/* base64url, base32 and hex: what is taken is spelt again as it came, and what is refused writes nothing. */
#include "fuzz.h"
#include "base/codec.h"

static const struct {
	bool (*decode)(const char *text, size_t text_length, uint8_t *bytes, size_t length);
	void (*encode)(const uint8_t *bytes, size_t length, char *text);
} codecs[] = {
	{ base64url_decode, base64url_encode }, { base32_decode, base32_encode }, { hex_decode, hex_encode },
};

/* The first byte chooses the codec, the second how many bytes are expected. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	uint8_t decoded[256], untouched[256] = { 0 };
	char again[2 * sizeof(decoded) + 1];
	size_t codec, expected;

	if (length < 2)
		return 0;
	codec = bytes[0] % COUNT(codecs);
	expected = bytes[1];
	memset(decoded, 0, sizeof(decoded));
	if (!codecs[codec].decode((const char *)bytes + 2, length - 2, decoded, expected)) {
		if (memcmp(decoded, untouched, sizeof(decoded)))
			abort();
		return 0;
	}
	codecs[codec].encode(decoded, expected, again);
	if (strlen(again) != length - 2 || memcmp(again, bytes + 2, length - 2))
		abort();
	return 0;
}
