#include "model.h"

#include <string.h>

static const struct { const char *word; enum kind kind; const char *c; } kinds[] = {
	{ "text", KIND_TEXT, "const char *" }, { "url", KIND_URL, "const char *" }, { "bool", KIND_BOOL, "bool " },
	{ "int", KIND_INT, "int64_t " }, { "msg", KIND_MSG, "enum msg " },
	{ "list", KIND_LIST, "const struct part_" }, { "one", KIND_ONE, "const struct part_" },
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static enum kind kind_of(const struct source *source, const char *word)
{
	for (size_t i = 0; i < KINDS; i++)
		if (!strcmp(word, kinds[i].word))
			return kinds[i].kind;
	fail(source, "no kind of field", word);
}

static const char *kind_c(enum kind kind)
{
	for (size_t i = 0; i < KINDS; i++)
		if (kinds[i].kind == kind)
			return kinds[i].c;
	return "";
}

static void copy_name(const struct source *source, const char *word, char out[NAME_MAX_BYTES])
{
	if (!word || word[0] < 'a' || word[0] > 'z' || strlen(word) >= NAME_MAX_BYTES ||
	    word[strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789_")])
		fail(source, "not a name (a-z, 0-9, _)", word);
	memcpy(out, word, strlen(word) + 1);
}

static void add_member(const struct source *source, struct record *record, const char *word, char **rest)
{
	struct member *member = &record->members[record->count];

	if (record->count == MEMBERS_MAX)
		fail(source, "too many fields", NULL);
	member->kind = kind_of(source, word);
	if (member->kind == KIND_LIST || member->kind == KIND_ONE)
		copy_name(source, next_word(source, rest), member->of);
	copy_name(source, next_word(source, rest), member->name);
	if (model_member(record, member->name, strlen(member->name)))
		fail(source, "a field twice", member->name);
	record->count++;
}

static void declare(struct model *model, const struct source *source, bool page, char *rest)
{
	struct record *record = &model->records[model->record_count];
	char *word;

	if (model->record_count == RECORDS_MAX)
		fail(source, "too many structs", NULL);
	record->page = page;
	record->where = *source;
	copy_name(source, next_word(source, &rest), record->name);
	if (model_record(model, page, record->name))
		fail(source, "declared twice", record->name);
	while ((word = next_word(source, &rest)))
		add_member(source, record, word, &rest);
	model->record_count++;
}

void model_read(struct model *model, const char *path)
{
	char directive[DIRECTIVE_MAX];
	struct source source;

	source_open(&source, path);
	for (;;) {
		source_move(&source, source.at + strspn(source.at, " \t\r\n"));
		struct source begun = source;
		if (source_next(&source) != source.at || source.at == source.end)
			return;
		source_directive(&source, directive);
		char *rest = directive, *word = next_word(&begun, &rest);
		bool page = !strcmp(word, "page");
		if (page || !strcmp(word, "struct"))
			declare(model, &begun, page, rest);
		else if (word[0] != '#')
			return;
	}
}

void model_check(const struct model *model)
{
	for (size_t i = 0; i < model->record_count; i++) {
		const struct record *record = &model->records[i];
		for (size_t m = 0; m < record->count; m++)
			if (record->members[m].of[0] && !model_record(model, false, record->members[m].of))
				fail(&record->where, "no struct", record->members[m].of);
	}
}

static void write_record(const struct record *record, FILE *out)
{
	fprintf(out, "\nstruct %s_%s {\n", record->page ? "page" : "part", record->name);
	for (size_t i = 0; i < record->count; i++) {
		const struct member *member = &record->members[i];
		fprintf(out, "\t%s%s%s%s;\n", kind_c(member->kind), member->of, member->of[0] ? " *" : "", member->name);
		if (member->kind == KIND_LIST)
			fprintf(out, "\tsize_t %s_count;\n", member->name);
	}
	if (!record->count)
		fputs("\tbool nothing;\n", out);
	fputs("};\n", out);
	if (record->page)
		fprintf(out, "void page_%s(struct buf *out, enum locale locale, const struct page_%s *page);\n", record->name,
		        record->name);
}

void model_write_header(const struct model *model, FILE *out)
{
	fputs("/* Made by gen/templates.c from src/pages. */\n#ifndef TWOSTEP_TEMPLATES_H\n#define TWOSTEP_TEMPLATES_H\n\n"
	      "#include <stdbool.h>\n#include <stddef.h>\n#include <stdint.h>\n\n#include \"base/lang.h\"\n\nstruct buf;\n", out);
	for (size_t i = 0; i < model->record_count; i++)
		write_record(&model->records[i], out);
	fputs("\n#endif\n", out);
}

const struct record *model_record(const struct model *model, bool page, const char *name)
{
	for (size_t i = 0; i < model->record_count; i++)
		if (model->records[i].page == page && !strcmp(model->records[i].name, name))
			return &model->records[i];
	return NULL;
}

const struct member *model_member(const struct record *record, const char *name, size_t length)
{
	for (size_t i = 0; i < record->count; i++)
		if (strlen(record->members[i].name) == length && !strncmp(record->members[i].name, name, length))
			return &record->members[i];
	return NULL;
}

static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

const char *model_file(const struct model *model, const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < model->file_count; i++) {
		const char *own = file_name(model->files[i]);
		if (!strncmp(own, name, length) && !strcmp(own + length, ".html"))
			return model->files[i];
	}
	return NULL;
}

bool model_has_asset(const struct model *model, const char *name)
{
	for (size_t i = 0; i < model->asset_count; i++)
		if (!strcmp(file_name(model->assets[i]), name))
			return true;
	return false;
}
