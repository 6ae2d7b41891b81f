/*
 * replay: hands each file of a corpus to a fuzz target, without libFuzzer.
 *   replay-TARGET FOLDER
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

/* From memory of exactly its size, so that a read behind its end is seen. */
static int replay(const char *folder, const char *name)
{
	char path[4096];
	uint8_t *bytes;
	FILE *file;
	long length;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (!(file = fopen(path, "rb")) || fseek(file, 0, SEEK_END) || (length = ftell(file)) < 0 || fseek(file, 0, SEEK_SET)) {
		perror(path);
		return 1;
	}
	bytes = malloc(length ? (size_t)length : 1);
	if (!bytes || fread(bytes, 1, (size_t)length, file) != (size_t)length) {
		perror(path);
		return 1;
	}
	fclose(file);
	LLVMFuzzerTestOneInput(bytes, (size_t)length);
	free(bytes);
	return 0;
}

int main(int argc, char **argv)
{
	DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
	struct dirent *entry;
	int count = 0;

	if (!folder) {
		perror(argc == 2 ? argv[1] : "usage: replay FOLDER");
		return 1;
	}
	while ((entry = readdir(folder))) {
		if (entry->d_name[0] == '.')
			continue;
		if (replay(argv[1], entry->d_name))
			return 1;
		count++;
	}
	closedir(folder);
	printf("%d inputs\n", count);
	return count ? 0 : 1;
}
