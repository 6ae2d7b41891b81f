#include "organizations/hostname.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/base.h"
#include "base/text.h"

#include "base/banned.h"

#define PORT_DIGITS_MAX 5

/* Without the white space around, lower case; false where it does not fit or is not plain ASCII. */
static bool copy_plain(const char *typed, char *out, size_t room)
{
	if (!text_trim(typed, out, room) || !*out)
		return false;
	for (const char *at = out; *at; at++)
		if ((unsigned char)*at <= ' ' || (unsigned char)*at > '~')
			return false;
	text_ascii_lower(out);
	return true;
}

/* Takes ":port" off the end: 0 where there is none; false where it is no port. */
static bool take_port(char *text, long *port)
{
	char *bracket = strrchr(text, ']'), *colon = strchr(bracket ? bracket : text, ':');
	size_t digits = colon ? strspn(colon + 1, "0123456789") : 0;

	*port = 0;
	if (!colon)
		return true;
	if (!digits || digits > PORT_DIGITS_MAX || colon[1 + digits] || colon[1] == '0')
		return false;
	*port = strtol(colon + 1, NULL, 10);
	*colon = '\0';
	return *port <= 65535;
}

/* All digits, or 0x with hexadecimal ones behind it or none: https://url.spec.whatwg.org/#ends-in-a-number-checker */
static bool is_number(const char *label)
{
	if (label[0] == '0' && label[1] == 'x')
		return !label[2 + strspn(label + 2, "0123456789abcdef")];
	return *label && !label[strspn(label, "0123456789")];
}

/* Labels with dots between; what ends in a number is an address to browsers, and then it must be one. */
static bool is_name(const char *name)
{
	const char *dot = strrchr(name, '.'), *last = dot ? dot + 1 : name;
	struct in_addr address;
	char again[INET_ADDRSTRLEN];

	if (is_number(last))
		return inet_pton(AF_INET, name, &address) == 1 && inet_ntop(AF_INET, &address, again, sizeof(again)) &&
		       !strcmp(again, name);
	for (;; name++) {
		size_t length = strcspn(name, ".");

		if (!text_is_host_label(name, length))
			return false;
		name += length;
		if (!*name)
			return true;
	}
}

/* [address], in the one spelling that inet_ntop has. */
static bool read_address6(const char *text, char *out, size_t room)
{
	struct in6_addr address;
	char inside[INET6_ADDRSTRLEN], again[INET6_ADDRSTRLEN];
	size_t length = strlen(text);

	if (length < 4 || length - 2 >= sizeof(inside) || text[length - 1] != ']')
		return false;
	memcpy(inside, text + 1, length - 2);
	inside[length - 2] = '\0';
	if (inet_pton(AF_INET6, inside, &address) != 1 || !inet_ntop(AF_INET6, &address, again, sizeof(again)))
		return false;
	return snprintf(out, room, "[%s]", again) < (int)room;
}

enum err hostname_read(const char *typed, bool https, char out[static HOSTNAME_TEXT])
{
	char text[HOSTNAME_TEXT + 1], name[HOSTNAME_TEXT];
	size_t length;
	long port;

	if (!copy_plain(typed, text, sizeof(text)) || !take_port(text, &port))
		return ERR_INVALID;
	length = strlen(text);
	if (length > 1 && text[length - 1] == '.' && text[0] != '[')
		text[--length] = '\0';
	if (length > HOSTNAME_BYTES_MAX)
		return ERR_INVALID;
	if (text[0] == '[' ? !read_address6(text, name, sizeof(name)) : !is_name(text))
		return ERR_INVALID;
	if (text[0] != '[')
		memcpy(name, text, length + 1);
	if (!port || port == (https ? 443 : 80))
		memcpy(out, name, strlen(name) + 1);
	else
		snprintf(out, HOSTNAME_TEXT, "%s:%ld", name, port);
	return OK;
}

enum err hostname_claim(const char *typed, bool https, char out[static HOSTNAME_TEXT])
{
	char host[HOSTNAME_TEXT], other[HOSTNAME_TEXT];

	if (hostname_read(typed, https, host) || hostname_read(host, !https, other) || strcmp(host, other) != 0)
		return ERR_INVALID;
	memcpy(out, host, strlen(host) + 1);
	return OK;
}

static size_t bytes_without_port(const char *host)
{
	return host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");
}

bool hostname_same(const char *a, const char *b)
{
	size_t length = bytes_without_port(a);

	return length == bytes_without_port(b) && !memcmp(a, b, length);
}
