/*
 * model: what the templates declare. Every page has a struct; parts of pages (an element of a list) have one too.
 *
 *   {{page sign-in            {{struct device
 *     text email                text id
 *     bool wrong                text browser
 *     list device devices       bool current
 *     one frame frame         }}
 *   }}
 *
 * becomes  struct page_sign_in { const char *email; bool wrong; const struct part_device *devices; size_t devices_count;
 *          const struct part_frame *frame; };
 */
#ifndef TWOSTEP_GEN_MODEL_H
#define TWOSTEP_GEN_MODEL_H

#include <stdio.h>

#include "po.h"
#include "source.h"

enum kind { KIND_NONE, KIND_TEXT, KIND_URL, KIND_BOOL, KIND_INT, KIND_MSG, KIND_LIST, KIND_ONE };

#define NAME_MAX_BYTES 48
#define MEMBERS_MAX    64
#define RECORDS_MAX    128
#define FILES_MAX      128

struct member {
	enum kind kind;
	char name[NAME_MAX_BYTES], of[NAME_MAX_BYTES]; /* of: the struct of a list or one */
};

struct record {
	bool page;
	char name[NAME_MAX_BYTES];
	struct source where;
	struct member members[MEMBERS_MAX];
	size_t count;
};

struct model {
	struct record records[RECORDS_MAX];
	size_t record_count;
	const char *files[FILES_MAX]; /* paths of templates */
	size_t file_count;
	const char *assets[FILES_MAX];
	size_t asset_count;
	struct po messages;
};

/* Reads the declarations at the head of a file. */
void model_read(struct model *model, const char *path);

/* Looks whether every struct that is named exists. */
void model_check(const struct model *model);

void model_write_header(const struct model *model, FILE *out);

/* NULL where there is none. */
const struct record *model_record(const struct model *model, bool page, const char *name);
const struct member *model_member(const struct record *record, const char *name, size_t length);

/* The path of the template `name` (without folder and .html), or NULL. */
const char *model_file(const struct model *model, const char *name);
bool model_has_asset(const struct model *model, const char *name);

#endif
