#include "cli/data.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/folder.h"
#include "cli/label.h"

#include "base/banned.h"

/* What is being opened, and to whom it is said when it cannot be. */
struct opening {
	struct data *data;
	const struct settings *settings;
	const struct settings_given *given;
	struct setting_wrong *wrong;
};

static enum err blame(const struct opening *opening, enum setting_name name, const char *because)
{
	setting_complain(opening->wrong, opening->given, name, because);
	return ERR_INVALID;
}

static enum err blame_why(const struct opening *opening, enum setting_name name, const char *why)
{
	char because[FOLDER_WHY_BYTES];

	snprintf(because, sizeof(because), "which cannot be used (%s)", why);
	return blame(opening, name, because);
}

enum err data_find(const struct settings *settings, const struct settings_given *given, struct setting_wrong *wrong)
{
	if (!access(settings->database, F_OK))
		return OK;
	setting_complain(wrong, given, SETTING_DATABASE, errno == ENOENT ? "which no server has begun" : "which cannot be reached");
	return ERR_INVALID;
}

enum err data_lock(struct data *data, const struct settings *settings, const struct settings_given *given,
                   struct setting_wrong *wrong)
{
	const struct opening opening = { data, settings, given, wrong };
	char why[FOLDER_WHY_BYTES];
	enum err err;

	if ((err = folder_open(settings->data, why)) || (err = folder_lock(settings->data, &data->lock, why))) {
		blame(&opening, SETTING_DATA, why);
	} else if ((err = folder_lock_database(settings->database, &data->database_lock, why))) {
		folder_unlock(&data->lock);
		blame(&opening, SETTING_DATABASE, why);
	}
	return !err || err == ERR_BUSY ? err : ERR_INVALID;
}

static enum err open_store(const struct opening *opening)
{
	const char *why = "";
	bool created;
	enum err err = store_open(opening->settings->database, &opening->data->store, &created, &why);

	return err ? blame_why(opening, SETTING_DATABASE, why) : OK;
}

/* Sessions and codes of before would open again: a restore ends them. */
static enum err say_backup(const struct opening *opening)
{
	return blame(opening, SETTING_DATABASE, "which is a backup; put it in place with: twostep restore FILE");
}

/* One that has no mark in its head, as those of the first versions. */
static enum err refuse_backup(const struct opening *opening)
{
	switch (store_read(opening->data->store, label_find, NULL)) {
	case OK:
		return say_backup(opening);
	case ERR_NOT_FOUND:
		return OK;
	default:
		return blame(opening, SETTING_DATABASE, "which cannot be read");
	}
}

/* One may be made as long as nothing in the database was sealed by another: until its mark stands there. */
static enum err open_keyring(const struct opening *opening)
{
	struct data *data = opening->data;
	uint8_t mark[MARK_BYTES];
	const char *why = "";
	enum err err = mark_find(data->store, mark);

	if (err && err != ERR_NOT_FOUND)
		return blame(opening, SETTING_DATABASE, "which cannot be read");
	if (keyring_open(opening->settings->keyring, err == ERR_NOT_FOUND, &data->keys, &why))
		return blame_why(opening, SETTING_KEYRING, why);
	if ((err = keyring_mark(data->keys, mark)) || (err = mark_keep(data->store, mark)))
		return err == ERR_CRYPTO ? blame(opening, SETTING_KEYRING, "which is another than the one this database was begun with")
		                         : err;
	return OK;
}

enum err data_open(struct data *data, const struct settings *settings, const struct settings_given *given,
                   struct setting_wrong *wrong)
{
	const struct opening opening = { data, settings, given, wrong };
	enum err err = label_in_head(settings->database) ? say_backup(&opening) : open_store(&opening);

	if (err || (err = refuse_backup(&opening)))
		return err;
	return open_keyring(&opening);
}

void data_close(struct data *data)
{
	store_close(data->store);
	keyring_free(data->keys);
	folder_unlock(&data->database_lock);
	folder_unlock(&data->lock);
	*data = (struct data)DATA_NONE;
}
