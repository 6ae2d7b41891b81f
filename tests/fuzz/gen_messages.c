/* Catalogues of lang/: two of them, behind a line "@@" the second. Both become one source, or something is said about it. */
#include "gen_program.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static const char other[] = "msgid \"a\"\nmsgstr \"b {name}\"\n";
	struct gen_file files[] = { { "en.po", "", 0 }, { "ko.po", other, sizeof(other) - 1 }, { NULL, NULL, 0 } };
	char *argv[] = { "messages", "out.h", "out.c", "en.po", "ko.po", NULL };

	gen_cut(bytes, length, files, 2);
	const struct gen_run run = gen_run(files, 5, argv);
	must(run.status == -1 || (run.status == 0 && run.written) || (run.status == 1 && run.said));
	return 0;
}
