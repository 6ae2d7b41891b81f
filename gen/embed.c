/*
 * embed: makes files part of the program, byte by byte, in the order given.
 *   embed OUT.c NAME FILE …
 * defines `const struct embedded NAME[]` (embed.h) and its length, `const size_t NAME_count`.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void die(const char *path, const char *what)
{
	fprintf(stderr, "%s: %s\n", path, what);
	exit(1);
}

static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Writes the array of one file and returns how many bytes the file has. */
static size_t embed_file(FILE *out, size_t index, const char *path)
{
	FILE *file = fopen(path, "rb");
	size_t length = 0;
	int byte;

	if (!file)
		die(path, "cannot be read");
	fprintf(out, "static const unsigned char bytes_%zu[] = {", index);
	for (; (byte = getc(file)) != EOF; length++)
		fprintf(out, "%s%d,", length % 24 ? "" : "\n\t", byte);
	fputs("\n\t0\n};\n\n", out);
	if (ferror(file) || fclose(file))
		die(path, "cannot be read");
	return length;
}

static void check_name(const char *name)
{
	for (const char *p = name; *p; p++)
		if (!islower((unsigned char)*p) && *p != '_')
			die(name, "a name has a-z and '_' alone");
}

int main(int argc, char **argv)
{
	size_t count = argc > 3 ? (size_t)argc - 3 : 0, *lengths = calloc(count + 1, sizeof(*lengths));
	FILE *out = count ? fopen(argv[1], "w") : NULL;

	if (!out || !lengths) {
		fputs("usage: embed OUT.c NAME FILE ...\n", stderr);
		return 2;
	}
	check_name(argv[2]);
	fputs("/* Made by gen/embed.c. */\n#include \"embed.h\"\n\n", out);
	for (size_t i = 0; i < count; i++)
		lengths[i] = embed_file(out, i, argv[3 + i]);
	fprintf(out, "extern const size_t %s_count;\nextern const struct embedded %s[];\n\n", argv[2], argv[2]);
	fprintf(out, "const size_t %s_count = %zu;\nconst struct embedded %s[] = {\n", argv[2], count, argv[2]);
	for (size_t i = 0; i < count; i++)
		fprintf(out, "\t{ \"%s\", bytes_%zu, %zu },\n", file_name(argv[3 + i]), i, lengths[i]);
	fputs("};\n", out);
	free(lengths);
	if (fclose(out))
		die(argv[1], "cannot be written");
	return 0;
}
