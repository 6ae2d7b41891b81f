#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/codec.h"
#include "base/folder_sync.h"
#include "base/outlet.h"
#include "base/random.h"
#include "mail/delivery.h"
#include "mail/message.h"

#include "base/banned.h"

#define NAME_MARK_BYTES 6 /* of random: two processes never choose the same name */
#define MARK_TEXT       (2 * NAME_MARK_BYTES)
#define FILE_NAME_TEXT  80
#define PRINT_WAIT_MS   1000 /* for who reads what is printed */
#define PRINT_LOOK_MS   50

struct outbox {
	const char *folder;
	bool print, unread; /* unread: nobody took what was printed last, nor is waited for */
	const atomic_bool *stop;
	unsigned count; /* orders the mails of one millisecond */
};

/* Made anew where somebody has removed it. */
static int open_folder(const char *path)
{
	if (folder_make(path) && errno != EEXIST)
		return -1;
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static bool is_half(const char *name)
{
	static const char end[] = ".part";

	return name[0] == '.' && strspn(name + 1, "0123456789abcdef") == MARK_TEXT && !strcmp(name + 1 + MARK_TEXT, end);
}

static bool is_before(const struct timespec *one, const struct timespec *other)
{
	return one->tv_sec < other->tv_sec || (one->tv_sec == other->tv_sec && one->tv_nsec < other->tv_nsec);
}

/* Removes the mails, with codes in them, that one of us was writing when it was killed. Another may be writing one at this moment. */
static void sweep(int folder)
{
	DIR *entries = fdopendir(folder);
	const struct dirent *entry;
	struct timespec now;
	struct stat about;

	if (!entries || clock_gettime(CLOCK_REALTIME, &now)) {
		(void)(entries ? closedir(entries) : close(folder));
		return;
	}
	while ((entry = readdir(entries)))
		if (is_half(entry->d_name) && !fstatat(folder, entry->d_name, &about, AT_SYMLINK_NOFOLLOW) && S_ISREG(about.st_mode) &&
		    about.st_uid == geteuid() && is_before(&about.st_mtim, &now))
			(void)unlinkat(folder, entry->d_name, 0);
	closedir(entries);
}

static const char *folder_trouble(void)
{
	static const struct { int number; const char *why; } known[] = {
		{ ENOENT, "the folder for file mail cannot be made: the folder above it is not there" },
		{ EACCES, "the folder for file mail cannot be opened: permission denied" },
		{ ENOTDIR, "the place for file mail is not a folder" },
		{ EROFS, "the folder for file mail cannot be made: read-only file system" },
		{ ENOSPC, "the folder for file mail cannot be made: no space left" },
	};

	for (size_t i = 0; i < COUNT(known); i++)
		if (known[i].number == errno)
			return known[i].why;
	return "the folder for file mail cannot be opened";
}

/* 0700 where we make it; one that is there already keeps its mode: the files are 0600 in any case. */
static enum err outbox_open(const struct settings *settings, const atomic_bool *stop, void **way, const char **why)
{
	struct outbox *outbox = calloc(1, sizeof(*outbox));
	int folder;

	if (!outbox)
		return ERR_MEMORY;
	outbox->folder = settings->mail + strlen(outbox_delivery.scheme);
	outbox->print = settings->mail_print;
	outbox->stop = stop;
	if ((folder = open_folder(outbox->folder)) < 0) {
		*why = folder_trouble();
		free(outbox);
		return ERR_IO;
	}
	sweep(folder); /* closes it */
	*way = outbox;
	return OK;
}

/* 20261125T012547.123Z-000001-0f3a9c51d2e4.eml: sorts by time. While it is written the name begins with a dot and ends otherwise. */
static enum err make_names(struct outbox *outbox, char temporary[static FILE_NAME_TEXT], char name[static FILE_NAME_TEXT])
{
	uint8_t mark[NAME_MARK_BYTES];
	char mark_text[MARK_TEXT + 1], day[32];
	struct timespec now;
	struct tm tm;

	if (random_bytes(mark, sizeof(mark)) || clock_gettime(CLOCK_REALTIME, &now) || !gmtime_r(&now.tv_sec, &tm) ||
	    !strftime(day, sizeof(day), "%Y%m%dT%H%M%S", &tm))
		return ERR_RANDOM;
	hex_encode(mark, sizeof(mark), mark_text);
	(void)snprintf(name, FILE_NAME_TEXT, "%s.%03ldZ-%06u-%s.eml", day, now.tv_nsec / 1000000,
	        outbox->count++ % 1000000, mark_text);
	(void)snprintf(temporary, FILE_NAME_TEXT, ".%s.part", mark_text);
	return OK;
}

/* All of it, or false with errno. */
static bool write_whole(int file, const char *bytes, size_t length)
{
	while (length) {
		ssize_t written = write(file, bytes, length);
		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return false;
		bytes += written;
		length -= (size_t)written;
	}
	return true;
}

static bool write_file(int folder, const char *name, const struct mail *mail)
{
	int file = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	bool written;

	if (file < 0)
		return false;
	written = write_whole(file, mail->message, mail->length) && !fsync(file);
	return !close(file) && written;
}

/* Whole and on the disk before it has its name; the name on the disk before anybody says so. */
static bool put(struct outbox *outbox, int folder, const struct mail *mail)
{
	char temporary[FILE_NAME_TEXT], name[FILE_NAME_TEXT];
	int failed_with;

	if (make_names(outbox, temporary, name))
		return false;
	if (write_file(folder, temporary, mail) && !renameat(folder, temporary, folder, name))
		return !folder_sync_open(folder);
	failed_with = errno;
	(void)unlinkat(folder, temporary, 0);
	errno = failed_with;
	return false;
}

static bool print_piece(struct outbox *outbox, const char *bytes, size_t length)
{
	int left_ms = outbox->unread ? 0 : PRINT_WAIT_MS;

	while (!outlet_put(STDOUT_FILENO, bytes, length, left_ms < PRINT_LOOK_MS ? left_ms : PRINT_LOOK_MS)) {
		left_ms -= PRINT_LOOK_MS;
		if (left_ms <= 0 || atomic_load(outbox->stop))
			return false;
	}
	return true;
}

/* Mails go on though nobody reads what is printed. */
static void print_whole(struct outbox *outbox, const char *bytes, size_t length)
{
	while (length) {
		size_t piece = length < OUTLET_PIECE_BYTES ? length : OUTLET_PIECE_BYTES;

		if ((outbox->unread = !print_piece(outbox, bytes, piece)))
			return;
		bytes += piece;
		length -= piece;
	}
}

/* For a person at a terminal. What cannot be shown is in the file all the same. */
static void print(struct outbox *outbox, const struct mail *mail)
{
	static const char line[] = "----------------------------------------------------------------------\n";
	SCOPED(buf_done) struct buf out = { 0 };

	buf_text(&out, line);
	if (message_show(&out, mail->message))
		return;
	buf_text(&out, line);
	if (!buf_check(&out))
		print_whole(outbox, out.bytes, out.length);
}

static enum delivered outbox_send(void *way, const struct mail *mail, struct delivery_trouble *trouble)
{
	struct outbox *outbox = way;
	int folder = open_folder(outbox->folder);
	bool done = folder >= 0 && put(outbox, folder, mail);

	if (!done)
		*trouble = (struct delivery_trouble){ "the file could not be written", "file", errno };
	if (folder >= 0)
		close(folder);
	if (!done)
		return DELIVERED_NOT;
	if (outbox->print)
		print(outbox, mail);
	return DELIVERED;
}

static void outbox_rest(void *way UNUSED)
{
}

static void outbox_close(void *way)
{
	free(way);
}

const struct delivery outbox_delivery = { "file:", outbox_open, outbox_send, outbox_rest, outbox_close, true };
