/* Codes as people type them, tokens and ids as they come back: one spelling comes out, and what is refused writes nothing. */
#include "fuzz.h"
#include "base/token.h"
#include "recovery/recovery.h"

#define CHARS_MAX 16

static void check_typed(const char *typed, size_t chars)
{
	char code[CHARS_MAX + 1] = "", again[CHARS_MAX + 1];

	if (crockford_read(typed, code, chars)) {
		must(!*code);
		return;
	}
	must(strlen(code) == chars && strlen(typed) == chars && strspn(code, "0123456789ABCDEFGHJKMNPQRSTVWXYZ") == chars);
	must(!crockford_read(code, again, chars) && !strcmp(again, code));
}

static void check_id(const char *text)
{
	struct id id = { { 0 } };
	char again[ID_TEXT];

	if (id_parse(text, &id))
		must(id_empty(&id));
	else
		must(!strcmp(id_text(&id, again), text));
}

static void check_token(const char *text)
{
	static const struct token_digest untouched;
	struct token_digest digest = untouched;

	if (token_parse(text, &digest))
		must(!memcmp(&digest, &untouched, sizeof(digest)));
	else
		must(strlen(text) == TOKEN_TEXT - 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	SCOPED(arena_done) struct arena arena = { 0 };
	const char *text = input_text(&arena, bytes, length);

	check_typed(text, 12);
	check_typed(text, CHARS_MAX);
	check_id(text);
	check_token(text);
	return 0;
}
