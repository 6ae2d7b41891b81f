/* UTF-8 and NFC: one answer about well-formedness everywhere, composing twice changes nothing, nothing grows beyond its room. */
#include "fuzz.h"
#include "base/text.h"

#define TEXT_MAX 2000

/* By steps of one character: as many as counted, and well-formed to the end exactly where the whole is. */
static void step_through(const char *text, size_t length, bool good)
{
	size_t characters = 0, left = length, taken;
	uint32_t character;

	while ((taken = text_next(text + length - left, left, &character))) {
		left -= taken;
		characters++;
	}
	must(good == !left);
	if (good)
		must(characters == text_characters(text));
	else
		must(text_has_controls(text));
}

static void compose(const char *text, bool good)
{
	char nfc[3 * TEXT_MAX + 1], again[3 * TEXT_MAX + 1], small[16];
	enum err err = text_nfc(text, nfc, sizeof(nfc));

	must(good == !err);
	if (err)
		return;
	must(text_is_utf8(nfc, strlen(nfc)));
	must(!text_nfc(nfc, again, sizeof(again)) && !strcmp(nfc, again));
	err = text_nfc(text, small, sizeof(small));
	must(strlen(nfc) < sizeof(small) ? !err && !strcmp(nfc, small) : err == ERR_INVALID);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	char text[TEXT_MAX + 1];
	bool good = text_is_utf8((const char *)bytes, length);

	if (length > TEXT_MAX || memchr(bytes, '\0', length)) {
		must(!good || length > TEXT_MAX);
		return 0;
	}
	memcpy(text, bytes, length);
	text[length] = '\0';
	step_through(text, length, good);
	compose(text, good);
	text_ascii_lower(text);
	must(text_is_utf8(text, length) == good);
	return 0;
}
