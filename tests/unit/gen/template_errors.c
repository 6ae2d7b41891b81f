/* What the generators refuse, and where they say it stands. Runs them as the build does: template_errors TEMPLATES ASSETS */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char *templates_program, *assets_program;
static char folder[] = "/tmp/twostep-gen-XXXXXX";

static void put(const char *name, const char *text)
{
	FILE *file = fopen(name, "w");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

/* Runs a program; returns its exit status and what it said on standard error. */
static int run(char *const *arguments, char *said, size_t room)
{
	int ends[2], status = -1;
	size_t length = 0;
	ssize_t got;

	assert_int_equal(pipe(ends), 0);
	pid_t child = fork();
	if (child == 0) {
		dup2(ends[1], 2);
		close(ends[0]), close(ends[1]);
		execv(arguments[0], arguments);
		_exit(127);
	}
	close(ends[1]);
	while (length + 1 < room && (got = read(ends[0], said + length, room - 1 - length)) > 0)
		length += (size_t)got;
	said[length] = '\0';
	close(ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int make_page(const char *body, char *said, size_t room)
{
	static const char head[] = "{{struct item\ntext name\n}}\n{{page p\ntext name\nurl link\nbool yes\nint n\nmsg m\nlist item items\n}}\n";
	char text[4096];
	char *const arguments[] = { templates_program, "out.h", "out.c", "en.po", "page.html", "part.html", "loop.html",
		"wrong_part.html", "app.css", NULL };

	snprintf(text, sizeof(text), "%s%s", head, body);
	put("page.html", text);
	return run(arguments, said, room);
}

/* The body begins in line 12 of page.html. */
static const struct refusal { const char *body, *said; } refusals[] = {
	/* places */
	{ "<p title={{name}}>x</p>", "page.html:12: a value outside quotes" },
	{ "\n<p title='{{name}}'>x</p>", "page.html:13: an attribute's value without double quotes" },
	{ "<p title=a{{name}}>x</p>", "page.html:12: an attribute's value without double quotes" },
	{ "<script>{{name}}</script>", "page.html:12: a value in a script or style" },
	{ "<style>{{name}}</style>", "page.html:12: a value in a script or style" },
	{ "<script>let a = 1</script>", "page.html:12: script or style inside the page" },
	{ "<!-- {{name}} -->", "page.html:12: a value in a comment" },
	{ "<!doctype {{name}}>", "page.html:12: a value in a declaration" },
	{ "<{{name}}>", "page.html:12: a value as a tag's name" },
	{ "<h{{n}}>", "page.html:12: a value in a tag's name" },
	{ "<p {{name}}>x</p>", "page.html:12: a value as an attribute's name" },
	{ "<p data-{{name}}=\"x\">x</p>", "page.html:12: a value in an attribute's name" },
	{ "<p title=\"x\"{{name}}>x</p>", "page.html:12: a value behind an attribute" },
	{ "<p onclick=\"{{name}}\">x</p>", "page.html:12: an event handler" },
	{ "<p onclick=\"alert()\">x</p>", "page.html:12: an event handler" },
	{ "<p on{{if yes}}click{{/if}}=\"x\">x</p>", "page.html:12: an event handler" },
	{ "<p style=\"{{name}}\">x</p>", "page.html:12: an attribute that the content security policy refuses" },
	{ "<iframe srcdoc=\"{{name}}\"></iframe>", "page.html:12: an attribute that the content security policy refuses" },
	{ "<form method=\"{{name}}\"></form>", "page.html:12: a value in this attribute" },
	{ "<meta http-equiv=\"refresh\" content=\"{{name}}\">", "page.html:12: a value in an attribute of this element" },
	{ "<base href=\"{{link}}\">", "page.html:12: a value in an attribute of this element" },
	/* URLs */
	{ "<a href=\"{{name}}\">x</a>", "page.html:12: not a url: declare it so, or put it behind a fixed path: name" },
	{ "<a href=\"//{{name}}\">x</a>", "page.html:12: a part of a URL that does not begin with a path of ours" },
	{ "<a href=\"/\\{{name}}\">x</a>", "page.html:12: a part of a URL that does not begin with a path of ours" },
	{ "<a href=\"/{{name}}\">x</a>", "page.html:12: a part of a URL that does not begin with a path of ours" },
	{ "<a href=\"javascript:{{name}}\">x</a>", "page.html:12: a part of a URL that does not begin with a path of ours" },
	{ "<a href=\"{{link}}{{name}}\">x</a>", "page.html:12: a part of a URL that does not begin with a path of ours" },
	{ "<a href=\"{{link}}/x\">x</a>", "page.html:12: something behind a whole URL" },
	{ "<a href=\"{{if yes}}/x{{/if}}\">x</a>", "page.html:12: a branch or loop inside a URL" },
	{ "<a href=\"{{t plain}}\">x</a>", "page.html:12: a message as a URL: plain" },
	{ "<script src=\"{{link}}\"></script>", "page.html:12: only {{asset}} may stand here" },
	{ "<p title=\"{{asset app.css}}\">x</p>", "page.html:12: an asset is the whole of href or src" },
	{ "<img src=\"{{asset no.png}}\">", "page.html:12: no such asset: no.png" },
	/* names */
	{ "<p>{{nmae}}</p>", "page.html:12: unknown field: nmae" },
	{ "<p>{{name.x}}</p>", "page.html:12: unknown field: name.x" },
	{ "<p>{{item.name}}</p>", "page.html:12: unknown field: item.name" },
	{ "{{each item in items}}{{item.size}}{{/each}}", "page.html:12: unknown field: item.size" },
	{ "{{each item in items}}{{/each}}{{item.name}}", "page.html:12: unknown field: item.name" },
	{ "<p>{{yes}}</p>", "page.html:12: cannot be shown: yes" },
	{ "<p>{{items}}</p>", "page.html:12: cannot be shown: items" },
	{ "<p>{{name upper}}</p>", "page.html:12: not understood: upper" },
	{ "{{each item in name}}{{/each}}", "page.html:12: {{each NAME in LIST}} needs a list: name" },
	{ "{{if m}}x{{/if}}", "page.html:12: is neither true nor false: m" },
	/* messages */
	{ "<p>{{t plian}}</p>", "page.html:12: unknown message: plian" },
	{ "<p>{{t hello}}</p>", "page.html:12: a placeholder without a value: name" },
	{ "<p>{{t plain name=name}}</p>", "page.html:12: the message has no such placeholder: name" },
	{ "<p>{{t hello name=yes}}</p>", "page.html:12: cannot fill a placeholder: yes" },
	{ "<p>{{t hello name=nmae}}</p>", "page.html:12: unknown field: nmae" },
	/* balance */
	{ "\n\n{{if yes}}<p>x</p>", "page.html:14: {{if}} without its {{/if}}" },
	{ "{{each item in items}}x", "page.html:12: {{each}} without its {{/each}}" },
	{ "{{if yes}}{{/each}}", "page.html:12: {{if}} without its {{/if}}" },
	{ "x{{/if}}", "page.html:12: {{/if}} without {{if}}" },
	{ "x{{else}}", "page.html:12: {{else}} without {{if}}" },
	{ "x{{/each}}", "page.html:12: {{/each}} without {{each}}" },
	{ "{{if yes}}a{{else}}b{{else}}c{{/if}}", "page.html:12: {{if}} without its {{/if}}" },
	{ "{{if yes}}<p>{{/if}}x</p>", "page.html:12: this construct does not leave the elements and quotes as it found them" },
	{ "<p title=\"{{if yes}}a\"{{/if}}>x</p>", "page.html:12: this construct does not leave the elements and quotes as it found them" },
	{ "{{each item in items}}</p><p>{{/each}}", "page.html:12: a closing tag that does not match the open element" },
	{ "<div><p>x</div></p>", "page.html:12: a closing tag that does not match the open element" },
	{ "<div>x", "page.html:12: an element that is not closed: div" },
	{ "<p>{{name</p>", "page.html:12: {{ without }}" },
	{ "<p>{{ }}</p>", "page.html:12: an empty or endless {{ }}" },
	/* files */
	{ "{{include nothing}}", "page.html:12: no such file: nothing" },
	{ "{{include part}}", "page.html:12: this file needs a word for: id" },
	{ "{{include part id=a other=b}}", "page.html:12: the file has no use for: other" },
	{ "{{include wrong_part}}", "wrong_part.html:2: unknown field: nothing\npage.html:12: included from here" },
	{ "<p>{{struct q}}</p>", "page.html:12: a declaration stands at the head of a file" },
	{ "{{include loop}}", "files that include each other" },
	{ "{{layout part}}x", "page.html:12: text outside blocks" },
	{ "{{layout part}}{{block a}}x", "page.html:12: {{block}} without its {{/block}}: a" },
	{ "{{slot a}}", "page.html:12: the page has no block: a" },
};

static void refuses_with_file_and_line(void **state)
{
	char said[4096];
	(void)state;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		int status = make_page(refusals[i].body, said, sizeof(said));
		if (status != 1 || !strstr(said, refusals[i].said))
			fail_msg("%s: status %d, said:\n%snot: %s", refusals[i].body, status, said, refusals[i].said);
	}
}

static void takes_what_is_right(void **state)
{
	static const char *const bodies[] = {
		"<p title=\"{{name}}\" data-x=\"{{n}}\">{{name}} &amp; {{m}}</p><br>",
		"<a href=\"{{link}}\">x</a><a href=\"#{{name}}\">x</a><a href=\"/x/{{name}}?a={{n}}\">x</a>",
		"<input{{if yes}} checked{{/if}} {{if yes}}disabled{{else}}required{{/if}} value=\"a{{if yes}}b{{/if}}\">",
		"{{each item in items}}{{each inner in items}}{{item.name}}{{inner.name}}{{/each}}{{/each}}",
		"<!doctype html><!-- said -->{{# not said }}<p>{{include part id=x}}</p>",
		"<script type=\"module\" src=\"{{asset app.css}}\"></script>",
	};
	char said[4096];
	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
		if (make_page(bodies[i], said, sizeof(said)))
			fail_msg("%s: %s", bodies[i], said);
}

static void refuses_wrong_declarations(void **state)
{
	static const struct refusal cases[] = {
		{ "{{page a\ntext b\ntext b\n}}", "page.html:1: a field twice: b" },
		{ "{{page a\nstring b\n}}", "page.html:1: no kind of field: string" },
		{ "{{page a\ntext B\n}}", "page.html:1: not a name (a-z, 0-9, _): B" },
		{ "{{page a\nlist b c\n}}", "page.html:1: no struct: b" },
		{ "{{page a\n}}\n{{page a\n}}", "page.html:3: declared twice: a" },
	};
	char *const arguments[] = { templates_program, "out.h", "out.c", "en.po", "page.html", NULL };
	char said[4096];
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put("page.html", cases[i].body);
		if (run(arguments, said, sizeof(said)) != 1 || !strstr(said, cases[i].said))
			fail_msg("%s: %s", cases[i].body, said);
	}
}

static void refuses_assets_that_nobody_can_serve(void **state)
{
	static const struct { const char *name, *text, *said; } cases[] = {
		{ "page.pdf", "x", "page.pdf:0: cannot be read, or is of no type that we serve" },
		{ "Big.css", "x", "Big.css:0: an asset's name has a-z, 0-9 and '-' alone" },
		{ "open.css", "a\n/* over\ntwo lines */\n", "open.css:2: a comment takes a whole line, and only one" },
	};
	char said[4096];
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *const arguments[] = { assets_program, "out.h", "out.c", (char *)(size_t)cases[i].name, NULL };
		put(cases[i].name, cases[i].text);
		if (run(arguments, said, sizeof(said)) != 1 || !strstr(said, cases[i].said))
			fail_msg("%s: %s", cases[i].name, said);
		unlink(cases[i].name);
	}
}

static int leave(void **state)
{
	static const char *const names[] = { "out.h", "out.c", "en.po", "page.html", "part.html", "loop.html", "wrong_part.html", "app.css" };
	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlink(names[i]);
	return chdir("/") || rmdir(folder);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_with_file_and_line),
		cmocka_unit_test(takes_what_is_right),
		cmocka_unit_test(refuses_wrong_declarations),
		cmocka_unit_test(refuses_assets_that_nobody_can_serve),
	};

	if (argc != 3 || !(templates_program = realpath(argv[1], NULL)) || !(assets_program = realpath(argv[2], NULL)) ||
	    !mkdtemp(folder) || chdir(folder))
		return 2;
	put("en.po", "msgid \"plain\"\nmsgstr \"Plain\"\n\nmsgid \"hello\"\nmsgstr \"Hello {name}\"\n");
	put("part.html", "\n<b id=\"$id\">x</b>\n");
	put("wrong_part.html", "\n{{nothing}}\n");
	put("loop.html", "{{include loop}}\n");
	put("app.css", "p{}\n");
	int failed = cmocka_run_group_tests(tests, NULL, leave);
	free(templates_program), free(assets_program);
	return failed;
}
