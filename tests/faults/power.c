#include "power.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_MAX   16
#define PATH_BYTES 512

/* SYNC: all of a file before it stays. NAME: stands for this file from now on; NONE: for none. SYNC_NAMES: so it stays. */
enum kind { WRITE, TRUNCATE, SYNC, NAME, SYNC_NAMES };
#define NONE SIZE_MAX

struct note {
	enum kind kind;
	size_t file;    /* its number: a name that was deleted and made again is another file */
	size_t name;    /* NAME: which of names */
	size_t at, length;
	uint8_t *bytes; /* WRITE: what. Ours */
};

/* Guarded by the mutex. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static char folder_noted[PATH_BYTES];
static char names[NAMES_MAX][PATH_BYTES];
static size_t stands_for[NAMES_MAX], name_count, file_count;
static struct note *notes;
static size_t note_count, note_room;

uint64_t power_chance(uint64_t *seed)
{
	uint64_t z = (*seed += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static void *must(void *bytes)
{
	if (!bytes)
		abort();
	return bytes;
}

static void forget(void)
{
	for (size_t i = 0; i < note_count; i++)
		free(notes[i].bytes);
	free(notes);
	notes = NULL;
	note_count = note_room = name_count = file_count = 0;
}

static void add(struct note note)
{
	if (note_count == note_room) {
		note_room = note_room ? note_room * 2 : 1024;
		notes = must(realloc(notes, note_room * sizeof(*notes)));
	}
	notes[note_count++] = note;
}

static void note(struct note what)
{
	pthread_mutex_lock(&mutex);
	add(what);
	pthread_mutex_unlock(&mutex);
}

size_t power_noted(void)
{
	size_t count;

	pthread_mutex_lock(&mutex);
	count = note_count;
	pthread_mutex_unlock(&mutex);
	return count;
}

/* Which of names; NONE: it is in another folder. */
static size_t name_of(const char *path)
{
	size_t length = strlen(folder_noted), i;

	if (!path || !length || strncmp(path, folder_noted, length) || path[length] != '/')
		return NONE;
	for (i = 0; i < name_count && strcmp(names[i], path + length + 1); i++)
		;
	if (i == NAMES_MAX)
		abort();
	if (i == name_count) {
		snprintf(names[i], sizeof(names[i]), "%s", path + length + 1);
		stands_for[name_count++] = NONE;
	}
	return i;
}

/* Whoever made it: one that stands for nothing yet is new. */
static size_t note_open(const char *path)
{
	size_t name, file = NONE;

	pthread_mutex_lock(&mutex);
	if ((name = name_of(path)) != NONE && (file = stands_for[name]) == NONE) {
		file = stands_for[name] = file_count++;
		add((struct note){ .kind = NAME, .name = name, .file = file });
	}
	pthread_mutex_unlock(&mutex);
	return file;
}

static void note_delete(const char *path)
{
	size_t name;

	pthread_mutex_lock(&mutex);
	if ((name = name_of(path)) != NONE && stands_for[name] != NONE) {
		stands_for[name] = NONE;
		add((struct note){ .kind = NAME, .name = name, .file = NONE });
	}
	pthread_mutex_unlock(&mutex);
}

/* The VFS. Underneath it the system's, which opens a folder only in order to sync it. */
static sqlite3_vfs *below, above;
static int (*open_folder)(const char *path, int *out);
static _Thread_local bool folder_opened;

static int note_open_folder(const char *path, int *out)
{
	folder_opened = true;
	return open_folder(path, out);
}

struct file {
	sqlite3_file base;
	size_t number;
	sqlite3_file *below; /* behind this struct */
};

#define BELOW(file) (((struct file *)(file))->below)
#define PASS(file, method, ...) BELOW(file)->pMethods->method(BELOW(file) __VA_OPT__(,) __VA_ARGS__)

static int power_write(sqlite3_file *file, const void *bytes, int length, sqlite3_int64 at)
{
	size_t number = ((struct file *)file)->number;
	uint8_t *copy;

	if (number != NONE) {
		copy = must(malloc((size_t)length));
		memcpy(copy, bytes, (size_t)length);
		note((struct note){ .kind = WRITE, .file = number, .at = (size_t)at, .length = (size_t)length, .bytes = copy });
	}
	return PASS(file, xWrite, bytes, length, at);
}

static int power_truncate(sqlite3_file *file, sqlite3_int64 length)
{
	size_t number = ((struct file *)file)->number;

	if (number != NONE)
		note((struct note){ .kind = TRUNCATE, .file = number, .at = (size_t)length });
	return PASS(file, xTruncate, length);
}

/* Noted once it is done: what comes meanwhile may stay or not. */
static int power_sync(sqlite3_file *file, int flags)
{
	size_t number = ((struct file *)file)->number, before;
	int code;

	before = power_noted();
	folder_opened = false;
	if ((code = PASS(file, xSync, flags)) || number == NONE)
		return code;
	note((struct note){ .kind = SYNC, .file = number, .at = before });
	if (folder_opened)
		note((struct note){ .kind = SYNC_NAMES, .at = before });
	return code;
}

static int power_close(sqlite3_file *file) { return PASS(file, xClose); }
static int power_read(sqlite3_file *file, void *bytes, int length, sqlite3_int64 at) { return PASS(file, xRead, bytes, length, at); }
static int power_size(sqlite3_file *file, sqlite3_int64 *size) { return PASS(file, xFileSize, size); }
static int power_lock(sqlite3_file *file, int level) { return PASS(file, xLock, level); }
static int power_unlock(sqlite3_file *file, int level) { return PASS(file, xUnlock, level); }
static int power_reserved(sqlite3_file *file, int *out) { return PASS(file, xCheckReservedLock, out); }
static int power_control(sqlite3_file *file, int what, void *argument) { return PASS(file, xFileControl, what, argument); }
static int power_sector(sqlite3_file *file) { return PASS(file, xSectorSize); }
static int power_traits(sqlite3_file *file) { return PASS(file, xDeviceCharacteristics); }
static int power_shm_lock(sqlite3_file *file, int at, int count, int flags) { return PASS(file, xShmLock, at, count, flags); }
static void power_shm_barrier(sqlite3_file *file) { PASS(file, xShmBarrier); }
static int power_shm_unmap(sqlite3_file *file, int remove) { return PASS(file, xShmUnmap, remove); }
static int power_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **out)
{
	return PASS(file, xShmMap, page, size, extend, out);
}

static const sqlite3_io_methods methods = {
	.iVersion = 2, .xClose = power_close, .xRead = power_read, .xWrite = power_write, .xTruncate = power_truncate,
	.xSync = power_sync, .xFileSize = power_size, .xLock = power_lock, .xUnlock = power_unlock,
	.xCheckReservedLock = power_reserved, .xFileControl = power_control, .xSectorSize = power_sector,
	.xDeviceCharacteristics = power_traits, .xShmMap = power_shm_map, .xShmLock = power_shm_lock,
	.xShmBarrier = power_shm_barrier, .xShmUnmap = power_shm_unmap,
};

static int power_open(sqlite3_vfs *vfs, sqlite3_filename path, sqlite3_file *base, int flags, int *out)
{
	struct file *file = (struct file *)base;
	int code;

	(void)vfs;
	file->base.pMethods = NULL;
	file->below = (sqlite3_file *)(file + 1);
	if ((code = below->xOpen(below, path, file->below, flags, out)))
		return code;
	file->number = note_open(path);
	file->base.pMethods = &methods;
	return SQLITE_OK;
}

static int power_delete(sqlite3_vfs *vfs, const char *path, int sync)
{
	int code;

	(void)vfs;
	folder_opened = false;
	if ((code = below->xDelete(below, path, sync)))
		return code;
	note_delete(path);
	if (folder_opened)
		note((struct note){ .kind = SYNC_NAMES, .at = power_noted() });
	return SQLITE_OK;
}

void power_begin(const char *folder)
{
	pthread_mutex_lock(&mutex);
	forget();
	snprintf(folder_noted, sizeof(folder_noted), "%s", folder);
	pthread_mutex_unlock(&mutex);
	if (below)
		return;
	below = must(sqlite3_vfs_find(NULL));
	open_folder = (int (*)(const char *, int *))below->xGetSystemCall(below, "openDirectory");
	if (!open_folder || below->xSetSystemCall(below, "openDirectory", (sqlite3_syscall_ptr)note_open_folder))
		abort();
	above = *below;
	above.szOsFile = (int)sizeof(struct file) + below->szOsFile;
	above.pNext = NULL;
	above.zName = "power";
	above.xOpen = power_open;
	above.xDelete = power_delete;
	if (sqlite3_vfs_register(&above, 1))
		abort();
}

size_t power_moment(uint64_t place)
{
	size_t from = note_count ? (size_t)(place % note_count) : 0, i;

	for (i = from; i < note_count && notes[i].kind == WRITE; i++)
		;
	return i < note_count ? i + 1 : note_count;
}

/* A disk: files by number, with what is there for good and the notes that chance decides on. */
struct content {
	uint8_t *bytes;
	size_t length, room;
};

struct disk {
	struct content *files;
	size_t for_good[NAMES_MAX]; /* which file a name stands for */
};

static void resize(struct content *content, size_t length)
{
	if (length > content->room) {
		content->room = length * 2;
		content->bytes = must(realloc(content->bytes, content->room));
	}
	if (length > content->length)
		memset(content->bytes + content->length, 0, length - content->length);
	content->length = length;
}

static void apply(struct content *content, const struct note *note)
{
	if (note->kind == TRUNCATE) {
		if (note->at < content->length)
			resize(content, note->at);
		return;
	}
	if (note->at + note->length > content->length)
		resize(content, note->at + note->length);
	memcpy(content->bytes + note->at, note->bytes, note->length);
}

/* Each sector of it new, old or, now and then, neither. */
static void apply_torn(struct content *content, const struct note *note, uint64_t *seed)
{
	size_t end = note->at + note->length;

	if (end > content->length)
		resize(content, end);
	for (size_t at = note->at, next; at < end; at = next) {
		uint64_t chance = power_chance(seed) % 16;
		next = (at / POWER_SECTOR_BYTES + 1) * POWER_SECTOR_BYTES;
		next = next < end ? next : end;
		if (chance < 8)
			memcpy(content->bytes + at, note->bytes + (at - note->at), next - at);
		else if (chance == 8)
			memset(content->bytes + at, (int)(power_chance(seed) & 0xff), next - at);
	}
}

/* What may happen to what waits: nothing of it, all of it, some of it in order, or some in disorder. */
enum fate { NOTHING, EVERYTHING, SOME, SOME_IN_DISORDER, FATES };

static void shuffle(size_t *list, size_t count, uint64_t *seed)
{
	for (size_t i = count; i > 1; i--) {
		size_t other = (size_t)(power_chance(seed) % i), kept = list[i - 1];
		list[i - 1] = list[other];
		list[other] = kept;
	}
}

static void settle_file(struct content *content, size_t *list, size_t count, uint64_t *seed)
{
	enum fate fate = (enum fate)(power_chance(seed) % FATES);

	if (fate == SOME_IN_DISORDER)
		shuffle(list, count, seed);
	for (size_t i = 0; i < count && fate != NOTHING; i++) {
		const struct note *note = &notes[list[i]];
		uint64_t chance = fate == EVERYTHING ? 0 : power_chance(seed) % 4;
		if (chance < 2)
			apply(content, note);
		else if (chance == 2 && note->kind == WRITE)
			apply_torn(content, note, seed);
	}
}

static void settle_files(struct disk *disk, size_t n, uint64_t *seed)
{
	size_t *waiting = must(calloc(n + 1, sizeof(*waiting)));

	for (size_t file = 0; file < file_count; file++) {
		size_t last = 0, count = 0; /* all before `last` is there for good */
		for (size_t i = 0; i < n; i++)
			if (notes[i].kind == SYNC && notes[i].file == file)
				last = notes[i].at;
		for (size_t i = 0; i < n; i++) {
			if (notes[i].file != file || notes[i].kind > TRUNCATE)
				continue;
			if (i < last)
				apply(&disk->files[file], &notes[i]);
			else
				waiting[count++] = i;
		}
		settle_file(&disk->files[file], waiting, count, seed);
	}
	free(waiting);
}

/* A name stands for what it did when the folder was last synced, or for any that it has been given since: each alike. */
static void settle_names(struct disk *disk, size_t n, uint64_t *seed)
{
	size_t last = 0, choices[NAMES_MAX];

	for (size_t i = 0; i < NAMES_MAX; i++) {
		disk->for_good[i] = NONE;
		choices[i] = 1;
	}
	for (size_t i = 0; i < n; i++)
		if (notes[i].kind == SYNC_NAMES)
			last = notes[i].at;
	for (size_t i = 0; i < n; i++)
		if (notes[i].kind == NAME && (i < last || power_chance(seed) % ++choices[notes[i].name] == 0))
			disk->for_good[notes[i].name] = notes[i].file;
}

static void write_file(const char *folder, const char *name, const void *bytes, size_t length)
{
	char path[2 * PATH_BYTES];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = must(fopen(path, "wb"));
	if (fwrite(bytes, 1, length, file) != length || fclose(file))
		abort();
}

/* The index of the log is memory; what a disk has of it is worth nothing. */
static void write_index(const char *folder, const char *name, uint64_t *seed)
{
	char index[PATH_BYTES + 8];
	uint64_t bytes[4096];

	for (size_t i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++)
		bytes[i] = power_chance(seed);
	snprintf(index, sizeof(index), "%.*s-shm", (int)(strlen(name) - strlen("-wal")), name);
	write_file(folder, index, bytes, sizeof(bytes));
}

/* So many empty files. Their memory stays for the next disk: to get it anew took longer than all else. */
static struct content *empty_files(size_t count)
{
	static struct content *kept;
	static size_t kept_count;

	if (count > kept_count) {
		kept = must(realloc(kept, count * sizeof(*kept)));
		memset(kept + kept_count, 0, (count - kept_count) * sizeof(*kept));
		kept_count = count;
	}
	for (size_t i = 0; i < kept_count; i++)
		kept[i].length = 0;
	return kept;
}

void power_cut(size_t n, const char *folder, uint64_t *seed)
{
	struct disk disk = { .files = empty_files(file_count) };

	settle_files(&disk, n, seed);
	settle_names(&disk, n, seed);
	for (size_t i = 0; i < name_count; i++) {
		const struct content *content = disk.for_good[i] == NONE ? NULL : &disk.files[disk.for_good[i]];
		if (content)
			write_file(folder, names[i], content->bytes ? content->bytes : (const uint8_t *)"", content->length);
		if (content && strstr(names[i], "-wal") && power_chance(seed) % 2)
			write_index(folder, names[i], seed);
	}
}
