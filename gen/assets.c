/*
 * assets: embeds the files of assets/ in the program, each under a name made of its content.
 *   assets OUT.h OUT.c FILE …
 * app.css becomes /assets/app-XXXXXXXX.css (FNV-1a, 64 bits: it tells versions apart and defends against nobody) and the
 * constant ASSET_APP_CSS. Beside the bytes stand the same compressed (gzip, RFC 1952), where that is smaller.
 * Indentation, empty lines and comments of whole lines are left out of .css and .js; of .css also line ends and the
 * spaces around its signs (so its strings have no such signs with spaces).
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define FILE_MAX (1u << 20)

enum squeeze { SQUEEZE_NOT, SQUEEZE_LINES, SQUEEZE_CSS };

static const struct { const char *ending, *type; enum squeeze squeeze; } types[] = {
	{ ".css", "text/css; charset=utf-8", SQUEEZE_CSS }, { ".js", "text/javascript; charset=utf-8", SQUEEZE_LINES },
	{ ".svg", "image/svg+xml", SQUEEZE_NOT }, { ".png", "image/png", SQUEEZE_NOT },
};

struct asset {
	char path[128], constant[128];
	const char *type;
	unsigned char *bytes, *gzip;
	size_t length, gzip_length; /* 0: not smaller */
};

static _Noreturn void die(const char *path, int line, const char *what)
{
	fprintf(stderr, "%s:%d: %s\n", path, line, what);
	exit(1);
}

/* Copies one line without what only people read; returns how many bytes. */
static size_t squeeze_line(const char *path, int line, const unsigned char *from, size_t length, unsigned char *to)
{
	while (length && strchr(" \t", *from))
		from++, length--;
	while (length && strchr(" \t\r", from[length - 1]))
		length--;
	if (length >= 2 && from[0] == '/' && from[1] == '*') {
		if (length < 4 || from[length - 2] != '*' || from[length - 1] != '/')
			die(path, line, "a comment takes a whole line, and only one");
		return 0;
	}
	if (!length || (length >= 2 && from[0] == '/' && from[1] == '/'))
		return 0;
	memcpy(to, from, length);
	to[length] = '\n';
	return length + 1;
}

static size_t squeeze(const char *path, unsigned char *bytes, size_t length)
{
	size_t kept = 0;
	int line = 1;

	for (size_t at = 0; at < length; line++) {
		const unsigned char *end = memchr(bytes + at, '\n', length - at);
		size_t row = end ? (size_t)(end - (bytes + at)) : length - at;
		unsigned char copy[FILE_MAX / 64];
		if (row >= sizeof(copy))
			die(path, line, "a line too long");
		memcpy(copy, bytes + at, row);
		kept += squeeze_line(path, line, copy, row, bytes + kept);
		at += row + 1;
	}
	return kept;
}

static size_t squeeze_css(unsigned char *bytes, size_t length)
{
	size_t kept = 0;

	for (size_t i = 0; i < length; i++) {
		bool space = bytes[i] == ' ' || bytes[i] == '\n';
		bool after = kept && strchr("{}:;,", bytes[kept - 1]), before = i + 1 == length || strchr("{}", bytes[i + 1]);
		if (!space || (!after && !before))
			bytes[kept++] = space ? ' ' : bytes[i];
	}
	return kept;
}

#define GZIP_WINDOW (15 + 16) /* the largest window, with gzip's head and tail */

static void compress_asset(const char *path, struct asset *asset)
{
	z_stream stream = { .next_in = asset->bytes, .avail_in = (uInt)asset->length };

	if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, 9, Z_DEFAULT_STRATEGY) != Z_OK)
		die(path, 0, "out of memory");
	stream.next_out = asset->gzip = malloc(FILE_MAX);
	stream.avail_out = asset->gzip ? FILE_MAX : 0;
	if (deflate(&stream, Z_FINISH) != Z_STREAM_END)
		die(path, 0, "cannot be compressed");
	asset->gzip_length = stream.total_out < asset->length ? stream.total_out : 0;
	deflateEnd(&stream);
}

static uint64_t fnv1a(const unsigned char *bytes, size_t length)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3u;
	return hash;
}

static void name_asset(const char *path, const char *ending, struct asset *asset)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	int stem = (int)(ending - name);
	size_t at = (size_t)snprintf(asset->constant, sizeof(asset->constant), "ASSET_");

	if (stem < 1 || strlen(name) > 64 || name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-")])
		die(path, 0, "an asset's name has a-z, 0-9 and '-' alone");
	for (; *name; name++, at++)
		asset->constant[at] = (char)(isalnum((unsigned char)*name) ? toupper((unsigned char)*name) : '_');
	asset->constant[at] = '\0';
	snprintf(asset->path, sizeof(asset->path), "/assets/%.*s-%016llx%s", stem, ending - stem,
	         (unsigned long long)fnv1a(asset->bytes, asset->length), ending);
}

static void read_asset(const char *path, struct asset *asset)
{
	const char *ending = strrchr(path, '.');
	FILE *file = fopen(path, "rb");
	size_t i = 0, count = sizeof(types) / sizeof(types[0]);

	while (i < count && ending && strcmp(ending, types[i].ending))
		i++;
	if (!file || !ending || i == count)
		die(path, 0, "cannot be read, or is of no type that we serve");
	asset->type = types[i].type;
	asset->bytes = malloc(FILE_MAX);
	if (!asset->bytes)
		die(path, 0, "out of memory");
	asset->length = fread(asset->bytes, 1, FILE_MAX, file);
	if (ferror(file) || fclose(file) || asset->length == FILE_MAX)
		die(path, 0, "cannot be read, or is too large");
	if (types[i].squeeze != SQUEEZE_NOT)
		asset->length = squeeze(path, asset->bytes, asset->length);
	if (types[i].squeeze == SQUEEZE_CSS)
		asset->length = squeeze_css(asset->bytes, asset->length);
	compress_asset(path, asset);
	name_asset(path, ending, asset);
}

static void write_header(const char *path, const struct asset *assets, size_t count)
{
	FILE *out = fopen(path, "w");

	if (!out)
		die(path, 0, "cannot be written");
	fputs("/* Made by gen/assets.c from assets/. */\n#ifndef TWOSTEP_ASSETS_H\n#define TWOSTEP_ASSETS_H\n\n#include <stddef.h>\n\n", out);
	fputs("struct asset {\n\tconst char *path, *type;\n\tconst unsigned char *bytes, *gzip;\n\tsize_t length, gzip_length; /* 0: not smaller */\n};\n\n",
	      out);
	for (size_t i = 0; i < count; i++)
		fprintf(out, "#define %s \"%s\"\n", assets[i].constant, assets[i].path);
	fprintf(out, "\n#define ASSETS %zu\nextern const struct asset assets[ASSETS];\n\n#endif\n", count);
	if (fclose(out))
		die(path, 0, "cannot be written");
}

static void write_bytes(FILE *out, const char *name, size_t index, const unsigned char *bytes, size_t length)
{
	fprintf(out, "static const unsigned char %s_%zu[] = {", name, index);
	for (size_t i = 0; i < length; i++)
		fprintf(out, "%s%u,", i % 24 ? "" : "\n\t", bytes[i]);
	fputs(length ? "\n};\n\n" : "0 };\n\n", out);
}

static void write_source(const char *path, const struct asset *assets, size_t count)
{
	FILE *out = fopen(path, "w");

	if (!out)
		die(path, 0, "cannot be written");
	fputs("/* Made by gen/assets.c from assets/. */\n#include \"assets.h\"\n\n", out);
	for (size_t i = 0; i < count; i++) {
		write_bytes(out, "bytes", i, assets[i].bytes, assets[i].length);
		write_bytes(out, "gzip", i, assets[i].gzip, assets[i].gzip_length);
	}
	fputs("const struct asset assets[ASSETS] = {\n", out);
	for (size_t i = 0; i < count; i++)
		fprintf(out, "\t{ %s, \"%s\", bytes_%zu, gzip_%zu, %zu, %zu },\n", assets[i].constant, assets[i].type, i, i, assets[i].length,
		        assets[i].gzip_length);
	fputs("};\n", out);
	if (fclose(out))
		die(path, 0, "cannot be written");
}

int main(int argc, char **argv)
{
	size_t count = argc > 3 ? (size_t)argc - 3 : 0;
	struct asset *assets = calloc(count + 1, sizeof(*assets));

	if (!count || !assets) {
		fputs("usage: assets OUT.h OUT.c FILE ...\n", stderr);
		return 2;
	}
	for (size_t i = 0; i < count; i++)
		read_asset(argv[3 + i], &assets[i]);
	write_header(argv[1], assets, count);
	write_source(argv[2], assets, count);
	for (size_t i = 0; i < count; i++) {
		free(assets[i].bytes);
		free(assets[i].gzip);
	}
	free(assets);
	return 0;
}
