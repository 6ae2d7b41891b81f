#include "accounts/account.h"

#include <ctype.h>

#include "base/text.h"

#include "base/banned.h"

/* RFC 5322 dot-atom: what mail servers take without quotes. */
static bool is_local_part(const char *text, size_t length)
{
	static const char others[] = "!#$%&'*+/=?^_`{|}~-";

	if (!length || length > 64 || text[0] == '.' || text[length - 1] == '.')
		return false;
	for (size_t i = 0; i < length; i++) {
		bool dot = text[i] == '.' && text[i - (i > 0)] != '.';
		if (!isalnum((unsigned char)text[i]) && !strchr(others, text[i]) && !(text[i] == '.' && (i == 0 || dot)))
			return false;
	}
	return true;
}

static bool is_domain(const char *text)
{
	size_t labels = 0;

	for (; *text; labels++) {
		size_t length = strcspn(text, ".");
		if (!text_is_host_label(text, length))
			return false;
		text += length;
		if (*text == '.' && !*++text)
			return false;
	}
	return labels >= 2;
}

enum err email_read(const char *typed, char out[static EMAIL_TEXT])
{
	char email[EMAIL_TEXT];
	const char *at;

	if (!text_trim(typed, email, sizeof(email)))
		return ERR_EMAIL;
	for (const char *p = email; *p; p++)
		if ((unsigned char)*p <= ' ' || (unsigned char)*p > '~')
			return ERR_EMAIL;
	at = strrchr(email, '@');
	if (!at || !is_local_part(email, (size_t)(at - email)) || !is_domain(at + 1))
		return ERR_EMAIL;
	text_ascii_lower(email);
	memcpy(out, email, sizeof(email));
	return OK;
}

enum err name_read(const char *typed, char out[static NAME_TEXT])
{
	static const char *const refused[] = { "://", "/", "\\", "@" };
	char name[NAME_TEXT], lower[NAME_TEXT];

	if (!text_trim(typed, name, sizeof(name)) || !*name || !text_is_utf8(name, strlen(name)) ||
	    text_characters(name) > NAME_CHARACTERS_MAX || text_has_controls(name) || !text_shows(name))
		return ERR_NAME;
	for (size_t i = 0; i < COUNT(refused); i++)
		if (strstr(name, refused[i]))
			return ERR_NAME;
	memcpy(lower, name, sizeof(lower));
	text_ascii_lower(lower);
	if (strstr(lower, "www."))
		return ERR_NAME;
	memcpy(out, name, sizeof(name));
	return OK;
}

enum err password_seal(const struct keyring *keys, const struct id *owner, const struct hash_text *hash, struct sealed_password *out)
{
	return keyring_seal(keys, SEAL_PASSWORD, owner, owner, hash->text, sizeof(hash->text), out->bytes);
}

enum err password_unseal(const struct keyring *keys, const struct id *owner, const struct sealed_password *sealed,
                         struct hash_text *out)
{
	return keyring_open_seal(keys, SEAL_PASSWORD, owner, owner, sealed->bytes, sizeof(sealed->bytes), out->text,
	        sizeof(out->text));
}

void hash_text_wipe(struct hash_text *hash)
{
	wipe(hash, sizeof(*hash));
}
