#include "sandbox.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keys/keyring_text.h"

char sandbox[64];

int sandbox_open(void **state)
{
	(void)state;
	memcpy(sandbox, "/tmp/twostep-keys-XXXXXX", 25);
	return mkdtemp(sandbox) ? 0 : -1;
}

static size_t each_file(bool remove)
{
	DIR *folder = opendir(sandbox);
	size_t count = 0;

	for (struct dirent *entry; folder && (entry = readdir(folder));) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		count++;
		if (remove && unlink(sandbox_path(entry->d_name)))
			rmdir(sandbox_path(entry->d_name));
	}
	if (folder)
		closedir(folder);
	return count;
}

size_t sandbox_files(void)
{
	return each_file(false);
}

int sandbox_close(void **state)
{
	(void)state;
	each_file(true);
	return rmdir(sandbox);
}

const char *sandbox_path(const char *name)
{
	static char paths[4][400];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", sandbox, name);
	return path;
}

void sandbox_write(const char *name, const void *bytes, size_t length, unsigned mode)
{
	FILE *file = fopen(sandbox_path(name), "w");

	if (!file || fwrite(bytes, 1, length, file) != length || fclose(file) || chmod(sandbox_path(name), mode))
		abort();
}

size_t sandbox_read(const char *name, char *bytes, size_t room)
{
	FILE *file = fopen(sandbox_path(name), "r");
	size_t length;

	if (!file)
		return 0;
	length = fread(bytes, 1, room, file);
	fclose(file);
	return length;
}

struct keyring *sandbox_keyring(const uint32_t *number, const uint8_t *fill, size_t count)
{
	struct keyring_keys keys = { .count = count };
	char text[KEYRING_TEXT_BYTES];
	struct keyring *made = NULL;
	const char *why = "";

	for (size_t i = 0; i < count; i++) {
		keys.key[i].number = number[i];
		memset(keys.key[i].bytes, fill[i], KEYRING_KEY_BYTES);
	}
	sandbox_write("made", text, keyring_text_write(&keys, text), 0600);
	if (keyring_open(sandbox_path("made"), false, &made, &why)) {
		fprintf(stderr, "keyring: %s\n", why);
		abort();
	}
	return made;
}
