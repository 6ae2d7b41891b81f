/*
 * Templates: a page, then behind lines "@@" what it may include, its layout, its messages. They become a source, or something is said
 * about them.
 */
#include "gen_program.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static const char part[] = "<b id=\"$id\">{{name}}</b>", frame[] = "<html lang=\"{{locale}}\"><title>{{slot a}}</title></html>",
		messages[] = "msgid \"plain\"\nmsgstr \"x\"\n\nmsgid \"hello\"\nmsgstr \"hello {name}\"\n";
	struct gen_file files[] = {
		{ "page.html", "", 0 }, { "part.html", part, sizeof(part) - 1 }, { "frame.html", frame, sizeof(frame) - 1 },
		{ "en.po", messages, sizeof(messages) - 1 }, { NULL, NULL, 0 },
	};
	char *argv[] = { "templates", "out.h", "out.c", "en.po", "page.html", "part.html", "frame.html", "app.css", NULL };

	gen_cut(bytes, length, files, 4);
	const struct gen_run run = gen_run(files, 8, argv);
	must(run.status == -1 || (run.status == 0 && run.written) || (run.status == 1 && run.said));
	return 0;
}
