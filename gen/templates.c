/*
 * templates: turns the pages of src/pages (NAME.html) into C.
 *   templates OUT.h OUT.c en.po FILE.html … ASSET …
 *
 * Declarations (model.h) stand at the head of a file. Then, in text and inside double quotes:
 *   {{name}} {{device.browser}} {{locale}}    a field, escaped for its place; a url is the whole of href and kin
 *   {{t login.title product=frame.name}}      a message of lang/, its placeholders filled by fields or by "words"
 *   {{asset app.css}}                         the address of a file of assets/
 *   {{if wrong}} {{if not wrong}} {{else}} {{/if}}
 *   {{each device in devices}} {{/each}}
 *   {{include field name=email label=login.email}}   the file with each $name of it replaced by these words
 *   {{layout main}} {{block title}} {{/block}}       the page is main.html, whose {{slot title}} takes the block
 *   {{# a comment}}
 * Where there is a file posted.html, each form that posts begins with it.
 * A value where it could be read as anything but text, an unknown field, message, file or word, an unbalanced construct or
 * element ends the build with file and line.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "html.h"
#include "model.h"

#define EXPRESSION_MAX 256
#define BLOCKS_MAX     8
#define INCLUDES_MAX   16
#define ARGUMENTS_MAX  16

struct scope {
	const struct scope *up;
	char name[NAME_MAX_BYTES]; /* of the loop; empty: the page */
	const struct record *record;
};

struct block {
	char name[NAME_MAX_BYTES];
	struct source body;
	bool used;
};

struct value {
	enum kind kind;
	char c[EXPRESSION_MAX]; /* the C expression */
	const char *of;
};

struct compiler {
	const struct model *model;
	FILE *out;
	struct html html;
	char *fixed; /* characters that wait to be written as one */
	size_t fixed_length, fixed_room;
	const struct scope *scope;
	struct block blocks[BLOCKS_MAX];
	size_t block_count;
	int includes, loops;
	bool posts; /* the tag that is open is that of a form, and says so */
};

/* How a run of nodes ended. */
enum end { END_NONE, END_SOURCE, END_ELSE, END_IF, END_EACH };

static enum end compile(struct compiler *c, struct source *source);
static void include_posted(struct compiler *c, const struct source *source);

/* ---- what is written ---- */

static void flush(struct compiler *c)
{
	if (!c->fixed_length)
		return;
	fputs("\tbuf_add(out, \"", c->out);
	for (size_t i = 0; i < c->fixed_length; i++) {
		unsigned char byte = (unsigned char)c->fixed[i];
		if (byte < ' ' || byte > '~' || byte == '"' || byte == '\\' || byte == '?')
			fprintf(c->out, "\\%03o", byte);
		else
			fputc(byte, c->out);
	}
	fprintf(c->out, "\", %zu);\n", c->fixed_length);
	c->fixed_length = 0;
}

__attribute__((format(printf, 2, 3))) static void code(struct compiler *c, const char *format, ...)
{
	va_list list;

	flush(c);
	va_start(list, format);
	fputc('\t', c->out);
	vfprintf(c->out, format, list);
	fputc('\n', c->out);
	va_end(list);
}

static void keep(struct compiler *c, char byte)
{
	if (c->fixed_length == c->fixed_room) {
		c->fixed_room = c->fixed_room ? 2 * c->fixed_room : 4096;
		if (!(c->fixed = realloc(c->fixed, c->fixed_room)))
			exit(1);
	}
	c->fixed[c->fixed_length++] = byte;
}

static bool is_space(char byte)
{
	return byte && strchr(" \t\r\n", byte);
}

/* Sees a form that posts by its tag; true where that ends. */
static bool begins_form(struct compiler *c, enum html_place was)
{
	const struct html *html = &c->html;
	bool form = !html->closing && !strcmp(html->name, "form");

	if (html->place == HTML_OPEN)
		c->posts = false;
	else if (form && was == HTML_VALUE && html->place == HTML_VALUE_END && !strcmp(html->attribute, "method"))
		c->posts = html->before[0] == 'p';
	return form && c->posts && was != HTML_TEXT && html->place == HTML_TEXT;
}

/* A run of white space that shows as one becomes one. */
static void literal(struct compiler *c, struct source *source, const char *end)
{
	while (source->at < end) {
		char byte = *source->at;
		enum html_place was = c->html.place;
		bool was_space = c->fixed_length && is_space(c->fixed[c->fixed_length - 1]);
		const char *wrong = html_feed(&c->html, byte);
		if (wrong)
			fail(source, wrong, NULL);
		bool outside = c->html.place == HTML_TEXT && !c->html.depth; /* around the page's elements */
		if (html_keeps_space(&c->html) || !is_space(byte))
			keep(c, byte);
		else if (outside)
			;
		else if (!was_space)
			keep(c, byte == '\n' ? '\n' : ' ');
		else if (byte == '\n')
			c->fixed[c->fixed_length - 1] = '\n';
		source_move(source, source->at + 1);
		if (begins_form(c, was))
			include_posted(c, source);
	}
}

/* ---- names ---- */

static struct value root_value(const struct compiler *c, const struct source *source, const char *name, size_t length,
                               const struct record **record)
{
	struct value value = { .kind = KIND_NONE };
	const struct scope *scope = c->scope;

	for (; scope->up; scope = scope->up)
		if (strlen(scope->name) == length && !strncmp(scope->name, name, length)) {
			snprintf(value.c, sizeof(value.c), "each_%s", scope->name);
			value.kind = KIND_ONE, value.of = scope->record->name;
			*record = scope->record;
			return value;
		}
	const struct member *member = model_member(scope->record, name, length);
	if (!member)
		fail(source, "unknown field", name);
	snprintf(value.c, sizeof(value.c), "page->%s", member->name);
	value.kind = member->kind, value.of = member->of;
	*record = model_record(c->model, false, member->of);
	return value;
}

static struct value find(const struct compiler *c, const struct source *source, const char *path)
{
	size_t length = strcspn(path, ".");
	const struct record *record;
	struct value value = root_value(c, source, path, length, &record);

	for (const char *p = path + length; *p == '.'; p += length) {
		p++;
		length = strcspn(p, ".");
		const struct member *member = value.kind == KIND_ONE ? model_member(record, p, length) : NULL;
		size_t used = strlen(value.c);
		if (!member)
			fail(source, "unknown field", path);
		if ((size_t)snprintf(value.c + used, sizeof(value.c) - used, "->%s", member->name) >= sizeof(value.c) - used)
			fail(source, "too long", path);
		value.kind = member->kind, value.of = member->of;
		record = model_record(c->model, false, member->of);
	}
	return value;
}

static char *word_due(const struct source *source, char **rest, const char *what)
{
	char *word = next_word(source, rest);
	if (!word)
		fail(source, "missing", what);
	return word;
}

static void end_of_words(const struct source *source, char **rest)
{
	const char *word = next_word(source, rest);
	if (word)
		fail(source, "not understood", word);
}

/* ---- values ---- */

static enum html_slot slot_here(const struct compiler *c, const struct source *source)
{
	const char *why = NULL;
	enum html_slot slot = html_slot(&c->html, &why);

	if (slot == HTML_SLOT_NONE)
		fail(source, why, NULL);
	return slot;
}

static void write_url(struct compiler *c, const struct source *source, const char *name, const struct value *value)
{
	if (value->kind != KIND_URL)
		fail(source, "not a url: declare it so, or put it behind a fixed path", name);
	code(c, "template_url(out, %s);", value->c);
}

static void write_part(struct compiler *c, const struct source *source, const char *name, const struct value *value)
{
	if (value->kind == KIND_INT)
		code(c, "buf_int(out, %s);", value->c);
	else if (value->kind == KIND_TEXT || value->kind == KIND_URL)
		code(c, "template_url_part(out, %s);", value->c);
	else
		fail(source, "cannot be shown", name);
}

static void write_shown(struct compiler *c, const struct source *source, const char *name, const struct value *value,
                        enum html_slot slot)
{
	const char *place = slot == HTML_SLOT_TEXT ? "text" : "attribute";

	if (value->kind == KIND_TEXT || value->kind == KIND_URL)
		code(c, "template_%s(out, %s);", place, value->c);
	else if (value->kind == KIND_INT)
		code(c, "buf_int(out, %s);", value->c);
	else if (value->kind == KIND_MSG)
		code(c, "template_message%s(out, locale, %s, NULL, 0);", slot == HTML_SLOT_TEXT ? "" : "_attribute", value->c);
	else
		fail(source, "cannot be shown", name);
}

static enum end do_value(struct compiler *c, struct source *source, const char *name, char *rest)
{
	enum html_slot slot = slot_here(c, source);
	struct value value = { .kind = KIND_TEXT, .c = "locale_tag(locale)" };

	end_of_words(source, &rest);
	if (strcmp(name, "locale"))
		value = find(c, source, name);
	if (slot == HTML_SLOT_ASSET)
		fail(source, "only {{asset}} may stand here", NULL);
	else if (slot == HTML_SLOT_URL)
		write_url(c, source, name, &value);
	else if (slot == HTML_SLOT_URL_PART)
		write_part(c, source, name, &value);
	else
		write_shown(c, source, name, &value, slot);
	html_filled(&c->html);
	return END_NONE;
}

static enum end do_asset(struct compiler *c, struct source *source, const char *word, char *rest)
{
	enum html_slot slot = slot_here(c, source);
	const char *name = word_due(source, &rest, "a file of assets/");

	end_of_words(source, &rest);
	if (slot != HTML_SLOT_ASSET && slot != HTML_SLOT_URL)
		fail(source, "an asset is the whole of href or src", NULL);
	if (!model_has_asset(c->model, name))
		fail(source, "no such asset", name);
	flush(c);
	fputs("\tbuf_text(out, ASSET_", c->out);
	for (; *name; name++)
		fputc(isalnum((unsigned char)*name) ? toupper((unsigned char)*name) : '_', c->out);
	fputs(");\n", c->out);
	html_filled(&c->html);
	return END_NONE;
}

/* ---- messages ---- */

struct argument {
	const char *name;
	size_t length;
	char c[2 * EXPRESSION_MAX + 64];
	bool used;
};

struct arguments {
	struct argument list[ARGUMENTS_MAX];
	size_t count;
	const struct source *source;
};

/* "words" as a C string. */
static void quote(char *out, size_t room, const char *words)
{
	size_t used = (size_t)snprintf(out, room, "\"");

	for (; *words && used + 8 < room; words++)
		used += (size_t)snprintf(out + used, room - used, "\\%03o", (unsigned char)*words);
	snprintf(out + used, room - used, "\"");
}

static void read_argument(struct compiler *c, const struct source *source, char *word, bool words, struct argument *argument)
{
	char *equals = strchr(word, '=');

	if (!equals)
		fail(source, "not name=value", word);
	*equals = '\0';
	argument->name = take_text(word, strlen(word));
	argument->length = strlen(word);
	if (words) {
		quote(argument->c, sizeof(argument->c), equals + 1);
		return;
	}
	struct value value = find(c, source, equals + 1);
	if (value.kind == KIND_TEXT || value.kind == KIND_URL)
		snprintf(argument->c, sizeof(argument->c), "%s ? %s : \"\"", value.c, value.c);
	else if (value.kind == KIND_INT)
		snprintf(argument->c, sizeof(argument->c), "template_number((char[TEMPLATE_NUMBER]){ 0 }, %s)", value.c);
	else
		fail(source, "cannot fill a placeholder", equals + 1);
}

static void read_arguments(struct compiler *c, const struct source *source, char *rest, struct arguments *arguments)
{
	while (*(rest += strspn(rest, " \t\r\n"))) {
		bool words = rest[strcspn(rest, "= \t\r\n")] == '=' && rest[strcspn(rest, "=") + 1] == '"';
		if (arguments->count == ARGUMENTS_MAX)
			fail(source, "too many arguments", NULL);
		read_argument(c, source, next_word(source, &rest), words, &arguments->list[arguments->count++]);
	}
}

static void use_placeholder(void *to, const char *name, size_t length)
{
	struct arguments *arguments = to;

	for (size_t i = 0; i < arguments->count; i++)
		if (arguments->list[i].length == length && !strncmp(arguments->list[i].name, name, length)) {
			arguments->list[i].used = true;
			return;
		}
	fail(arguments->source, "a placeholder without a value", take_text(name, length));
}

static void write_arguments(struct compiler *c, const struct arguments *arguments)
{
	code(c, "{ const struct lang_arg args[] = {");
	for (size_t i = 0; i < arguments->count; i++)
		code(c, "\t{ \"%s\", %s },", arguments->list[i].name, arguments->list[i].c);
	code(c, "};");
}

static void write_key(struct compiler *c, const char *key)
{
	fputs("MSG_", c->out);
	for (; *key; key++)
		fputc(isalnum((unsigned char)*key) ? toupper((unsigned char)*key) : '_', c->out);
}

static enum end do_message(struct compiler *c, struct source *source, const char *word, char *rest)
{
	enum html_slot slot = slot_here(c, source);
	const char *key = word_due(source, &rest, "a key of lang/");
	const struct po_entry *entry = po_find(&c->model->messages, key);
	struct arguments arguments = { .source = source };

	if (slot != HTML_SLOT_TEXT && slot != HTML_SLOT_ATTRIBUTE)
		fail(source, "a message as a URL", key);
	if (!entry)
		fail(source, "unknown message", key);
	read_arguments(c, source, rest, &arguments);
	po_placeholders(&c->model->messages, entry, use_placeholder, &arguments);
	for (size_t i = 0; i < arguments.count; i++)
		if (!arguments.list[i].used)
			fail(source, "the message has no such placeholder", arguments.list[i].name);
	if (arguments.count)
		write_arguments(c, &arguments);
	flush(c);
	fprintf(c->out, "\ttemplate_message%s(out, locale, ", slot == HTML_SLOT_TEXT ? "" : "_attribute");
	write_key(c, key);
	fprintf(c->out, arguments.count ? ", args, %zu); }\n" : ", NULL, %zu);\n", arguments.count);
	html_filled(&c->html);
	return END_NONE;
}

/* ---- branches and loops ---- */

/* A construct begins, turns or ends: names are complete, and it is not inside a URL. */
static void pause_html(struct compiler *c, const struct source *source)
{
	const char *wrong = html_pause(&c->html);

	if (wrong)
		fail(source, wrong, NULL);
	if (html_in_url(&c->html))
		fail(source, "a branch or loop inside a URL", NULL);
}

static void must_match(const struct compiler *c, const struct source *begun, const struct html *before)
{
	if (!html_same(&c->html, before))
		fail(begun, "this construct does not leave the elements and quotes as it found them", NULL);
}

static void condition(struct compiler *c, const struct source *source, char *rest, char out[EXPRESSION_MAX + 64])
{
	char *word = word_due(source, &rest, "a field");
	bool negated = !strcmp(word, "not");
	const char *sign = negated ? "!" : "";

	if (negated)
		word = word_due(source, &rest, "a field");
	end_of_words(source, &rest);
	struct value value = find(c, source, word);
	static const char *const forms[] = {
		[KIND_TEXT] = "%stemplate_has(%s)", [KIND_URL] = "%stemplate_has(%s)", [KIND_BOOL] = "%s%s", [KIND_INT] = "%s(%s != 0)",
		[KIND_LIST] = "%s(%s_count > 0)", [KIND_ONE] = "%s(%s != NULL)", [KIND_MSG] = NULL,
	};
	if (!forms[value.kind])
		fail(source, "is neither true nor false", word);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(out, EXPRESSION_MAX + 64, forms[value.kind], sign, value.c);
#pragma GCC diagnostic pop
}

static enum end do_if(struct compiler *c, struct source *source, const char *word, char *rest)
{
	struct source begun = *source;
	char test[EXPRESSION_MAX + 64];

	pause_html(c, source);
	struct html before = c->html;
	condition(c, source, rest, test);
	code(c, "if (%s) {", test);
	enum end end = compile(c, source);
	must_match(c, &begun, &before);
	if (end == END_ELSE) {
		c->html = before;
		code(c, "} else {");
		end = compile(c, source);
		must_match(c, &begun, &before);
	}
	if (end != END_IF)
		fail(&begun, "{{if}} without its {{/if}}", NULL);
	code(c, "}");
	return END_NONE;
}

static enum end do_each(struct compiler *c, struct source *source, const char *word, char *rest)
{
	struct source begun = *source;
	struct scope scope = { .up = c->scope };
	const char *name = word_due(source, &rest, "a name"), *in = word_due(source, &rest, "in"), *path = word_due(source, &rest, "a list");
	struct value list = find(c, source, path);

	end_of_words(source, &rest);
	if (strcmp(in, "in") || list.kind != KIND_LIST)
		fail(source, "{{each NAME in LIST}} needs a list", path);
	if (strlen(name) >= sizeof(scope.name) || name[strspn(name, "abcdefghijklmnopqrstuvwxyz_")])
		fail(source, "not a name", name);
	memcpy(scope.name, name, strlen(name) + 1);
	scope.record = model_record(c->model, false, list.of);
	pause_html(c, source);
	struct html before = c->html;
	int loop = c->loops++;
	code(c, "for (size_t i%d = 0; i%d < %s_count; i%d++) {", loop, loop, list.c, loop);
	code(c, "const struct part_%s *each_%s = &%s[i%d];", list.of, name, list.c, loop);
	code(c, "(void)each_%s;", name);
	c->scope = &scope;
	if (compile(c, source) != END_EACH)
		fail(&begun, "{{each}} without its {{/each}}", NULL);
	c->scope = scope.up;
	must_match(c, &begun, &before);
	code(c, "}");
	return END_NONE;
}

static enum end do_end(struct compiler *c, struct source *source, const char *word, char *rest)
{
	end_of_words(source, &rest);
	pause_html(c, source);
	flush(c);
	return !strcmp(word, "else") ? END_ELSE : !strcmp(word, "/if") ? END_IF : END_EACH;
}

/* ---- other files ---- */

static void compile_whole(struct compiler *c, struct source *source)
{
	if (++c->includes > INCLUDES_MAX)
		fail(source, "files that include each other", NULL);
	enum end end = compile(c, source);
	if (end != END_SOURCE)
		fail(source, end == END_ELSE ? "{{else}} without {{if}}" : end == END_IF ? "{{/if}} without {{if}}" :
		     "{{/each}} without {{each}}", NULL);
	c->includes--;
}

struct words {
	struct { const char *name, *value; bool used; } list[ARGUMENTS_MAX];
	size_t count;
};

static void read_words(const struct source *source, char *rest, struct words *words)
{
	char *word;

	while ((word = next_word(source, &rest))) {
		char *equals = strchr(word, '=');
		if (!equals || words->count == ARGUMENTS_MAX)
			fail(source, "not name=value, or too many", word);
		*equals = '\0';
		words->list[words->count].name = word;
		words->list[words->count++].value = equals + 1;
	}
}

static const char *replacement(const struct source *source, struct words *words, const char *name, size_t length)
{
	for (size_t i = 0; i < words->count; i++)
		if (strlen(words->list[i].name) == length && !strncmp(words->list[i].name, name, length)) {
			words->list[i].used = true;
			return words->list[i].value;
		}
	fail(source, "this file needs a word for", take_text(name, length));
}

/* The text of a part with each $name replaced, before it is understood: the rules for places hold for what comes out. */
static void replace_words(struct source *part, const struct source *source, struct words *words)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	for (const char *p = part->text; p < part->end; ) {
		size_t name = *p == '$' ? strspn(p + 1, "abcdefghijklmnopqrstuvwxyz_") : 0;
		if (name)
			fputs(replacement(source, words, p + 1, name), out);
		else
			fputc(*p, out);
		p += 1 + name;
	}
	if (fclose(out))
		exit(1);
	part->text = part->at = text;
	part->end = text + length;
}

static void open_file(struct compiler *c, const struct source *source, const char *name, struct source *out)
{
	const char *path = model_file(c->model, name);

	if (!path)
		fail(source, "no such file", name);
	source_open(out, path);
	out->from = source;
}

static enum end do_include(struct compiler *c, struct source *source, const char *word, char *rest)
{
	const char *name = word_due(source, &rest, "a file");
	struct words words = { .count = 0 };
	struct source part;

	read_words(source, rest, &words);
	open_file(c, source, name, &part);
	replace_words(&part, source, &words);
	for (size_t i = 0; i < words.count; i++)
		if (!words.list[i].used)
			fail(source, "the file has no use for", words.list[i].name);
	compile_whole(c, &part);
	return END_NONE;
}

static void include_posted(struct compiler *c, const struct source *source)
{
	struct source part;

	if (!model_file(c->model, "posted"))
		return;
	open_file(c, source, "posted", &part);
	compile_whole(c, &part);
}

static void read_block(struct compiler *c, struct source *source)
{
	char directive[DIRECTIVE_MAX];
	struct source begun = *source;
	struct block *block = &c->blocks[c->block_count];

	source_directive(source, directive);
	char *rest = directive, *word = next_word(source, &rest);
	if (word[0] == '#')
		return;
	if (strcmp(word, "block") || c->block_count == BLOCKS_MAX)
		fail(&begun, "only blocks stand behind {{layout}}", word);
	word = word_due(&begun, &rest, "a name");
	end_of_words(&begun, &rest);
	snprintf(block->name, sizeof(block->name), "%s", word);
	const char *end = memmem(source->at, (size_t)(source->end - source->at), "{{/block}}", 10);
	if (!end)
		fail(&begun, "{{block}} without its {{/block}}", word);
	source_part(&block->body, source, source->at, end, NULL);
	source_move(source, end + 10);
	c->block_count++;
}

static enum end do_layout(struct compiler *c, struct source *source, const char *word, char *rest)
{
	struct source layout;

	open_file(c, source, word_due(source, &rest, "a file"), &layout);
	end_of_words(source, &rest);
	if (c->block_count || source->from)
		fail(source, "a layout belongs to a page, once", NULL);
	while (source_move(source, source->at + strspn(source->at, " \t\r\n")), source->at < source->end) {
		if (source_next(source) != source->at)
			fail(source, "text outside blocks", NULL);
		read_block(c, source);
	}
	compile_whole(c, &layout);
	for (size_t i = 0; i < c->block_count; i++)
		if (!c->blocks[i].used)
			fail(&c->blocks[i].body, "the layout has no slot for", c->blocks[i].name);
	return END_NONE;
}

static enum end do_slot(struct compiler *c, struct source *source, const char *word, char *rest)
{
	const char *name = word_due(source, &rest, "a name");

	end_of_words(source, &rest);
	for (size_t i = 0; i < c->block_count; i++) {
		if (strcmp(c->blocks[i].name, name))
			continue;
		struct source body = c->blocks[i].body;
		body.from = source;
		c->blocks[i].used = true;
		compile_whole(c, &body);
		return END_NONE;
	}
	fail(source, "the page has no block", name);
}

/* Was read before (model.h). */
static enum end do_declaration(struct compiler *c, struct source *source, const char *word, char *rest)
{
	const struct record *record = model_record(c->model, !strcmp(word, "page"), word_due(source, &rest, "a name"));

	if (!record || strcmp(record->where.path, source->path))
		fail(source, "a declaration stands at the head of a file", NULL);
	return END_NONE;
}

/* ---- all together ---- */

static const struct {
	const char *word;
	enum end (*run)(struct compiler *c, struct source *source, const char *word, char *rest);
} words_known[] = {
	{ "struct", do_declaration }, { "page", do_declaration }, { "t", do_message }, { "asset", do_asset }, { "if", do_if },
	{ "else", do_end }, { "/if", do_end }, { "each", do_each }, { "/each", do_end }, { "include", do_include },
	{ "layout", do_layout }, { "slot", do_slot },
};

static enum end run_directive(struct compiler *c, struct source *source)
{
	char directive[DIRECTIVE_MAX], *rest = directive;

	source_directive(source, directive);
	if (directive[0] == '#')
		return END_NONE;
	char *word = next_word(source, &rest);
	for (size_t i = 0; i < sizeof(words_known) / sizeof(words_known[0]); i++)
		if (!strcmp(word, words_known[i].word))
			return words_known[i].run(c, source, word, rest);
	return do_value(c, source, word, rest);
}

static enum end compile(struct compiler *c, struct source *source)
{
	enum end end = END_NONE;

	while (end == END_NONE) {
		literal(c, source, source_next(source));
		if (source->at == source->end)
			return END_SOURCE;
		end = run_directive(c, source);
	}
	return end;
}

static void compile_page(const struct model *model, const struct record *record, FILE *out)
{
	struct scope scope = { .record = record };
	struct compiler c = { .model = model, .out = out, .scope = &scope };
	struct source source;

	source_open(&source, record->where.path);
	fprintf(out, "\nvoid page_%s(struct buf *out, enum locale locale, const struct page_%s *page)\n{\n", record->name, record->name);
	code(&c, "(void)locale, (void)page;");
	compile_whole(&c, &source);
	flush(&c);
	if (c.html.depth || c.html.place != HTML_TEXT)
		fail(&source, "an element that is not closed", c.html.depth ? c.html.open[c.html.depth - 1] : c.html.name);
	fputs("}\n", out);
	free(c.fixed);
}

static FILE *create(const char *path)
{
	FILE *out = fopen(path, "w");
	if (!out) {
		fprintf(stderr, "%s: cannot be written\n", path);
		exit(1);
	}
	return out;
}

static void read_names(struct model *model, int count, char **names)
{
	for (int i = 0; i < count; i++) {
		size_t length = strlen(names[i]);
		bool template = length > 5 && !strcmp(names[i] + length - 5, ".html");
		if (model->file_count == FILES_MAX || model->asset_count == FILES_MAX)
			exit(1);
		if (template)
			model->files[model->file_count++] = names[i];
		else
			model->assets[model->asset_count++] = names[i];
	}
	for (size_t i = 0; i < model->file_count; i++)
		model_read(model, model->files[i]);
	model_check(model);
}

static void write_source(const struct model *model, const char *header, FILE *out)
{
	const char *slash = strrchr(header, '/');

	fprintf(out, "/* Made by gen/templates.c from src/pages. */\n#include \"%s\"\n\n", slash ? slash + 1 : header);
	fputs("#include \"assets.h\"\n#include \"base/buf.h\"\n#include \"pages/template.h\"\n", out);
	for (size_t i = 0; i < model->record_count; i++)
		if (model->records[i].page)
			compile_page(model, &model->records[i], out);
}

int main(int argc, char **argv)
{
	struct model *model = take(sizeof(*model));

	if (argc < 5) {
		fputs("usage: templates OUT.h OUT.c en.po FILE.html ... ASSET ...\n", stderr);
		return 2;
	}
	po_read(argv[3], &model->messages);
	read_names(model, argc - 4, argv + 4);

	FILE *header = create(argv[1]), *source = create(argv[2]);
	model_write_header(model, header);
	write_source(model, argv[1], source);
	if (fclose(header) || fclose(source))
		return 1;
	free(model);
	return 0;
}
