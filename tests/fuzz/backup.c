/*
 * The file that `twostep restore` is given: whatever was done to it, it is refused, or found to be ours and can be changed. The input
 * is a row of places and bytes, laid over a right one by exclusive or.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "fuzz.h"
#include "base/log.h"
#include "cli/label.h"
#include "store/copy.h"

#define CHANGE_BYTES 4 /* three of the place, one of the byte */

static char folder[64], path[80];
static uint8_t *right, *changed;
static size_t size;

static void leave(void)
{
	unlink(path);
	rmdir(folder);
}

static enum err make_backup(struct db *db, void *argument)
{
	const struct label label = { .of = "2026-11-25T01:25:47Z" };

	must(!db_change(db, NULL, "INSERT INTO meta (name, value) VALUES ($1, $2)", db_text("keyring"), db_blob(argument, MARK_BYTES)));
	return label_write(db, (void *)(uintptr_t)&label);
}

static void read_right(void)
{
	FILE *file = fopen(path, "rb");
	struct stat about;

	must(file && !fstat(fileno(file), &about));
	size = (size_t)about.st_size;
	must((right = malloc(size)) && (changed = malloc(size)) && fread(right, 1, size, file) == size);
	fclose(file);
}

static void begin(void)
{
	static uint8_t mark[MARK_BYTES];
	const char *why = "";
	int file;

	log_setup(LOG_NOTHING, false);
	new_folder(folder, sizeof(folder));
	snprintf(path, sizeof(path), "%s/backup", folder);
	atexit(leave);
	must((file = open(path, O_CREAT | O_EXCL | O_WRONLY, 0600)) >= 0 && !close(file));
	must(!copy_migrate(path, &why) && !copy_change(path, make_backup, mark, &why));
	read_right();
}

static void put(const uint8_t *bytes, size_t length)
{
	FILE *file = fopen(path, "wb");

	memcpy(changed, right, size);
	for (; length >= CHANGE_BYTES; bytes += CHANGE_BYTES, length -= CHANGE_BYTES)
		changed[(size_t)(bytes[0] << 16 | bytes[1] << 8 | bytes[2]) % size] ^= bytes[3];
	must(file && fwrite(changed, 1, size, file) == size && !fclose(file));
}

static enum err settle(struct db *db, void *argument UNUSED)
{
	return label_remove(db);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct label label = { .of = "" };
	const char *why = "";
	enum err err;

	if (!right)
		begin();
	put(bytes, length);
	if ((err = copy_check(path, label_read, &label, &why))) {
		must(err == ERR_NOT_FOUND || (err == ERR_STORE && *why));
		return 0;
	}
	must(strspn(label.of, "0123456789-:TZ") == strlen(label.of));
	if (!copy_migrate(path, &why))
		(void)!copy_change(path, settle, NULL, &why);
	return 0;
}
