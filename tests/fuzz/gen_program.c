#include "gen_program.h"

#include <setjmp.h>

#define BLOCKS_MAX 4096
#define FILES_OPENED_MAX 64 /* files that include each other do so more often than anybody waits for */

void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *block, size_t bytes);
void __real_free(void *block);
FILE *__real_fopen(const char *path, const char *mode);
FILE *__real_open_memstream(char **text, size_t *length);
int __real_fclose(FILE *file);
_Noreturn void __real_exit(int status);

/* The names that the linker gives to the program's own calls. */
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *block, size_t bytes);
char *__wrap_strdup(const char *text);
void __wrap_free(void *block);
FILE *__wrap_fopen(const char *path, const char *mode);
FILE *__wrap_fopen64(const char *path, const char *mode);
FILE *__wrap_open_memstream(char **text, size_t *length);
int __wrap_fclose(FILE *file);
_Noreturn void __wrap_exit(int status);

/* A file that is open, and where its owner wants to have its text. */
struct opened {
	FILE *file;
	char *text;
	size_t length;
	char **text_to;
	size_t *length_to;
};

static bool running;
static jmp_buf out;
static const struct gen_file *there;
static void *blocks[BLOCKS_MAX];
static struct opened opened[FILES_OPENED_MAX];
static size_t block_count, opened_count, written;

static void *keep(void *block)
{
	if (running && block) {
		if (block_count == BLOCKS_MAX) {
			__real_free(block);
			longjmp(out, 2);
		}
		blocks[block_count++] = block;
	}
	return block;
}

static void forget(const void *block)
{
	for (size_t i = block_count; block && i-- > 0;)
		if (blocks[i] == block) {
			blocks[i] = blocks[--block_count];
			return;
		}
}

void *__wrap_calloc(size_t count, size_t bytes)
{
	return keep(__real_calloc(count, bytes));
}

void *__wrap_realloc(void *block, size_t bytes)
{
	forget(block);
	return keep(__real_realloc(block, bytes));
}

char *__wrap_strdup(const char *text)
{
	size_t bytes = strlen(text) + 1;
	char *copy = __wrap_calloc(1, bytes);

	must(copy != NULL);
	return memcpy(copy, text, bytes);
}

void __wrap_free(void *block)
{
	forget(block);
	__real_free(block);
}

static struct opened *place(void)
{
	if (opened_count == FILES_OPENED_MAX)
		longjmp(out, 2);
	return &opened[opened_count];
}

static FILE *note(FILE *file)
{
	must(file != NULL);
	opened[opened_count++].file = file;
	return file;
}

static FILE *open_text(char **text_to, size_t *length_to)
{
	struct opened *new = place();

	*new = (struct opened){ .text_to = text_to, .length_to = length_to };
	return note(__real_open_memstream(&new->text, &new->length));
}

FILE *__wrap_open_memstream(char **text, size_t *length)
{
	return running ? open_text(text, length) : __real_open_memstream(text, length);
}

FILE *__wrap_fopen(const char *path, const char *mode)
{
	if (!running)
		return __real_fopen(path, mode);
	if (mode[0] == 'w')
		return open_text(NULL, NULL);
	for (const struct gen_file *file = there; file->path; file++)
		if (!strcmp(file->path, path)) {
			*place() = (struct opened){ .file = NULL };
			return note(fmemopen((void *)(uintptr_t)file->bytes, file->length, mode));
		}
	return NULL;
}

/* Its name where offsets of files are asked to have 64 bits. */
FILE *__wrap_fopen64(const char *path, const char *mode)
{
	return __wrap_fopen(path, mode);
}

static struct opened *find(const FILE *file)
{
	for (size_t i = 0; i < opened_count; i++)
		if (opened[i].file == file)
			return &opened[i];
	return NULL;
}

/* What was made as a text is its owner's from then on; a file is counted. */
int __wrap_fclose(FILE *file)
{
	struct opened *found = running ? find(file) : NULL;
	int failed = __real_fclose(file);

	if (!found)
		return failed;
	found->file = NULL;
	if (found->text_to) {
		*found->text_to = keep(found->text);
		*found->length_to = found->length;
	} else if (found->text) {
		written += found->length;
		__real_free(found->text);
	}
	found->text = NULL;
	return failed;
}

void __wrap_exit(int status)
{
	if (running)
		longjmp(out, 3 + status);
	__real_exit(status);
}

static void clean_up(void)
{
	running = false;
	for (size_t i = 0; i < opened_count; i++) {
		if (opened[i].file)
			__real_fclose(opened[i].file);
		__real_free(opened[i].text);
		opened[i] = (struct opened){ .file = NULL };
	}
	for (size_t i = 0; i < block_count; i++)
		__real_free(blocks[i]);
	opened_count = block_count = 0;
}

struct gen_run gen_run(const struct gen_file *files, int argc, char **argv)
{
	FILE *const terminal = stderr;
	char *said = NULL;
	size_t length = 0;
	struct gen_run run = { .status = 0 };
	int how;

	must((stderr = __real_open_memstream(&said, &length)) != NULL);
	there = files;
	written = 0;
	running = true;
	if (!(how = setjmp(out)))
		run.status = generate(argc, argv);
	clean_up();
	__real_fclose(stderr);
	stderr = terminal;
	run.status = how ? how - 3 : run.status; /* -1: more than it may have here */
	run.said = length;
	run.written = written;
	__real_free(said);
	return run;
}

void gen_cut(const uint8_t *bytes, size_t length, struct gen_file *parts, size_t most)
{
	static const char mark[] = "\n@@\n";
	const char *at = (const char *)bytes;

	for (size_t i = 0; i < most; i++) {
		const char *end = length ? memmem(at, length, mark, strlen(mark)) : NULL;

		parts[i].bytes = length ? at : "";
		parts[i].length = end ? (size_t)(end - at) + 1 : length;
		if (!end)
			return;
		at += parts[i].length + strlen(mark) - 1;
		length -= parts[i].length + strlen(mark) - 1;
	}
}
