/* The file of --config: whatever stands in it, an answer, and where it is refused one line that says so. */
#include "fuzz.h"
#include "base/text.h"
#include "cli/settings_file.h"
#include "cli/settings_values.h"

/* Each value that the file gave, by its reader. */
static void read_values(struct arena *arena, const struct settings_given *given)
{
	struct settings settings = { .mail = "smtp://host", .mail_user = "kim" };
	struct setting_reading reading = { .arena = arena, .settings = &settings, .given = given };

	for (size_t i = 0; i < SETTING_COUNT; i++) {
		reading.name = (enum setting_name)i;
		if (given->of[i].text && i != SETTING_MAIL_PASSWORD_FILE)
			settings_table[i].read(&reading, given->of[i].text, (char *)&settings + settings_table[i].offset);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	SCOPED(arena_done) struct arena arena = { 0 };
	struct settings_given given = { 0 };
	struct setting_wrong wrong;
	char *text = arena_copy(&arena, (const char *)bytes, length);

	/* read_whole in settings_file.c lets nothing else through */
	if (!text || length > SETTING_FILE_BYTES_MAX || !text_is_utf8(text, length))
		return 0;
	if (settings_file_take(&arena, "a file", text, &given, &wrong) && (!wrong.line[0] || strpbrk(wrong.line, "\r\n")))
		abort();
	read_values(&arena, &given);
	return 0;
}
