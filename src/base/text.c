#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <strings.h>
#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

#include "base/base.h"

#include "base/banned.h"

#define HOST_LABEL_MAX 63
#define BRAILLE_BLANK  0x2800

size_t text_next(const char *text, size_t length, uint32_t *character)
{
	ucs4_t found;
	int taken = length ? u8_mbtoucr(&found, (const uint8_t *)text, length) : -1;

	if (taken <= 0)
		return 0;
	*character = found;
	return (size_t)taken;
}

static bool is_unassigned(uint32_t character)
{
	return uc_is_general_category(character, UC_UNASSIGNED);
}

/* What Unicode promises never to be a character that somebody sees, whatever its next version assigns. */
static bool is_never_seen(uint32_t character)
{
	return uc_is_property_not_a_character(character) || uc_is_property_default_ignorable_code_point(character);
}

bool text_is_control(uint32_t character)
{
	static const struct { uint32_t first, last; } ranges[] = {
		{ 0x0000, 0x001f }, { 0x007f, 0x009f },
		{ 0x2028, 0x202e }, /* line and paragraph separator; bidi embeddings, their end, overrides */
		{ 0x2066, 0x2069 }, /* bidi isolates */
	};

	for (size_t i = 0; i < COUNT(ranges); i++)
		if (character >= ranges[i].first && character <= ranges[i].last)
			return true;
	return is_unassigned(character) && is_never_seen(character);
}

bool text_is_utf8(const char *text, size_t length)
{
	return !memchr(text, '\0', length) && !u8_check((const uint8_t *)text, length);
}

size_t text_characters(const char *text)
{
	size_t characters = 0;

	for (; *text; text++)
		characters += ((uint8_t)*text & 0xc0) != 0x80;
	return characters;
}

bool text_has_controls(const char *text)
{
	size_t length = strlen(text), taken;
	uint32_t character;

	for (; length; text += taken, length -= taken)
		if (!(taken = text_next(text, length, &character)) || text_is_control(character))
			return true;
	return false;
}

bool text_is_alphanumeric(uint32_t character)
{
	return uc_is_general_category_withtable(character, UC_CATEGORY_MASK_L | UC_CATEGORY_MASK_N);
}

/*
 * Fillers are letters, and Braille without a dot is a symbol. What is unassigned may be a letter of a newer Unicode than the library knows.
 */
static bool is_seen(uint32_t character)
{
	const uint32_t seen = UC_CATEGORY_MASK_L | UC_CATEGORY_MASK_N | UC_CATEGORY_MASK_P | UC_CATEGORY_MASK_S;

	return (uc_is_general_category_withtable(character, seen) || is_unassigned(character)) && !is_never_seen(character) &&
	       character != BRAILLE_BLANK;
}

bool text_shows(const char *text)
{
	size_t length = strlen(text), taken;
	uint32_t character;

	for (; (taken = text_next(text, length, &character)); text += taken, length -= taken)
		if (is_seen(character))
			return true;
	return false;
}

static bool is_ascii(const char *text)
{
	for (; *text; text++)
		if ((uint8_t)*text > 0x7f)
			return false;
	return true;
}

/* Into `out` where it fits, else into memory of the library's own, which is wiped: the text may be a password. */
static enum err normalize(const char *text, size_t length, char *out, size_t room)
{
	size_t normal = room - 1;
	uint8_t *made = u8_normalize(UNINORM_NFC, (const uint8_t *)text, length, (uint8_t *)out, &normal);
	enum err err = OK;

	if (!made) {
		err = errno == ENOMEM ? ERR_MEMORY : ERR_INVALID;
	} else if (made != (uint8_t *)out) {
		wipe(made, normal);
		free(made);
		err = ERR_INVALID;
	} else {
		out[normal] = '\0';
	}
	return err;
}

enum err text_nfc(const char *text, char *out, size_t room)
{
	size_t length = strlen(text);
	enum err err = ERR_INVALID;

	if (!room)
		return ERR_INVALID;
	if (is_ascii(text)) {
		if (length < room) {
			memmove(out, text, length + 1);
			return OK;
		}
	} else if (text_is_utf8(text, length)) {
		err = normalize(text, length, out, room);
	}
	if (err)
		wipe(out, room);
	return err;
}

static char ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* At the end of a character. */
static size_t cut_at(const char *text, size_t length, size_t most)
{
	if (length <= most)
		return length;
	while (most && ((unsigned char)text[most] & 0xc0) == 0x80)
		most--;
	return most;
}

/* Into `out` where it fits, else into memory of the library's own, as normalize(). */
enum err text_fold(const char *text, char *out, size_t room)
{
	size_t length = room - 1, kept;
	uint8_t *folded = u8_casefold((const uint8_t *)text, strlen(text), NULL, UNINORM_NFC, (uint8_t *)out, &length);

	if (folded == (uint8_t *)out) {
		out[length] = '\0';
		return OK;
	}
	if (!folded && errno == ENOMEM) {
		wipe(out, room);
		return ERR_MEMORY;
	}
	kept = folded ? cut_at((const char *)folded, length, room - 1) : cut_at(text, strlen(text), room - 1);
	memcpy(out, folded ? (const char *)folded : text, kept);
	out[kept] = '\0';
	if (folded)
		wipe(folded, length);
	free(folded);
	return OK;
}

void text_ascii_lower(char *text)
{
	for (; *text; text++)
		*text = ascii_lower(*text);
}

void text_ascii_upper(char *text)
{
	for (; *text; text++)
		if (*text >= 'a' && *text <= 'z')
			*text = (char)(*text - 'a' + 'A');
}

bool text_ascii_same(const char *a, const char *b)
{
	while (*a && ascii_lower(*a) == ascii_lower(*b))
		a++, b++;
	return ascii_lower(*a) == ascii_lower(*b);
}

bool text_trim(const char *typed, char *out, size_t room)
{
	size_t length;

	while (*typed && isspace((unsigned char)*typed))
		typed++;
	length = strlen(typed);
	while (length && isspace((unsigned char)typed[length - 1]))
		length--;
	if (length >= room)
		return false;
	memcpy(out, typed, length);
	out[length] = '\0';
	return true;
}

bool text_is_host_label(const char *text, size_t length)
{
	if (!length || length > HOST_LABEL_MAX || text[0] == '-' || text[length - 1] == '-')
		return false;
	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)text[i]) && text[i] != '-')
			return false;
	return true;
}
