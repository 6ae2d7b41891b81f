#include <arpa/inet.h>
#include <stdio.h>
#include <strings.h>
#include <sys/un.h>

#include "base/base.h"
#include "base/text.h"
#include "cli/settings_values.h"
#include "organizations/hostname.h"

#include "base/banned.h"

#define PROXIES_MAX     100
#define CREDENTIALS_MAX 1024 /* bytes of user or password in a mail URL */

/* What stands between two places of a text, as an address; false where it is none. IPv4 comes mapped, as ::ffff:a.b.c.d. */
static bool read_ipv4(const char *text, size_t length, unsigned char out[static 16])
{
	char copy[INET_ADDRSTRLEN];
	unsigned char address[16] = { [10] = 0xff, [11] = 0xff };

	if (length >= sizeof(copy))
		return false;
	memcpy(copy, text, length);
	copy[length] = '\0';
	if (inet_pton(AF_INET, copy, address + 12) != 1)
		return false;
	memcpy(out, address, 16);
	return true;
}

static bool read_ipv6(const char *text, size_t length, unsigned char out[static 16])
{
	char copy[INET6_ADDRSTRLEN];

	if (length >= sizeof(copy))
		return false;
	memcpy(copy, text, length);
	copy[length] = '\0';
	return inet_pton(AF_INET6, copy, out) == 1;
}

/* HOST[:PORT] as in a URL: where each begins and ends. */
struct authority {
	const char *host;   /* with the brackets of IPv6 */
	size_t host_length;
	const char *port;   /* NULL: none */
	size_t port_length;
	unsigned port_number;
};

static bool split_authority(const char *text, size_t length, struct authority *out)
{
	const char *end = text + length;
	const char *bracket = *text == '[' ? memchr(text, ']', length) : NULL;
	const char *from = bracket ? bracket : text;
	const char *colon = memchr(from, ':', (size_t)(end - from));
	struct authority found = { .host = text, .host_length = (size_t)((colon ? colon : end) - text) };

	if (colon) {
		found.port = colon + 1;
		found.port_length = (size_t)(end - found.port);
		if (!setting_number(found.port, found.port_length, 65535, &found.port_number))
			return false;
	}
	if (bracket && bracket + 1 != (colon ? colon : end))
		return false;
	*out = found;
	return true;
}

static bool is_bracketed_ipv6(const char *host, size_t length, unsigned char address[static 16])
{
	return length > 2 && host[0] == '[' && host[length - 1] == ']' && read_ipv6(host + 1, length - 2, address);
}

static bool is_url_host(const struct authority *at)
{
	unsigned char address[16];

	return setting_is_host(at->host, at->host_length) || is_bracketed_ipv6(at->host, at->host_length, address);
}

bool read_listen(struct setting_reading *reading, const char *text, void *member)
{
	static const char unix_scheme[] = "unix:";
	const char **out = member;
	unsigned char address[16];
	struct authority at;

	if (!strncmp(text, unix_scheme, 5)) {
		if (!text[5] || strlen(text + 5) >= sizeof((struct sockaddr_un){ 0 }.sun_path)) {
			reading->because = text[5] ? "a path that is too long for a socket" : NULL;
			return false;
		}
	} else if (!split_authority(text, strlen(text), &at) || !at.port ||
	           (!read_ipv4(at.host, at.host_length, address) && !is_bracketed_ipv6(at.host, at.host_length, address))) {
		return false;
	}
	*out = setting_copy(reading, text, strlen(text));
	return *out != NULL;
}

/* localhost and what is below it (RFC 6761 section 6.3; libcurl looks neither up), 127.0.0.0/8, ::1 */
static bool is_loopback(const char *host, size_t length)
{
	static const unsigned char loopback6[16] = { [15] = 1 };
	unsigned char address[16];

	if (length >= 9 && !strncasecmp(host + length - 9, "localhost", 9))
		return length == 9 || host[length - 10] == '.';
	if (is_bracketed_ipv6(host, length, address))
		return !memcmp(address, loopback6, 16);
	return read_ipv4(host, length, address) && address[12] == 127;
}

/* Browsers write an origin in lower case and without the scheme's own port: so must we, for it is compared byte by byte. */
static bool set_public_url(struct setting_reading *reading, bool https, const char *host, size_t length)
{
	struct settings *settings = reading->settings;

	settings->https = https;
	settings->public_host = setting_copy(reading, host, strlen(host));
	settings->public_loopback = is_loopback(host, length);
	settings->public_url = arena_printf(reading->arena, "%s://%s", https ? "https" : "http", host);
	reading->out_of_memory |= !settings->public_url;
	return !reading->out_of_memory;
}

static bool skip_scheme(const char **text, const char *scheme)
{
	if (strncasecmp(*text, scheme, strlen(scheme)))
		return false;
	*text += strlen(scheme);
	return true;
}

bool read_public_url(struct setting_reading *reading, const char *text, void *member UNUSED)
{
	bool https = skip_scheme(&text, "https://");
	char typed[HOSTNAME_TEXT], host[HOSTNAME_TEXT];
	struct authority at;
	size_t length;

	if (!https && !skip_scheme(&text, "http://"))
		return false;
	if (strchr(text, '@')) {
		reading->because = "which names a user";
		return false;
	}
	length = strcspn(text, "/?#");
	if (strcmp(text + length, "/") && text[length]) {
		reading->because = "which has a path or a query: twostep takes a whole host name";
		return false;
	}
	if (!split_authority(text, length, &at) || !is_url_host(&at) || (at.port && !at.port_number) || length >= sizeof(typed))
		return false;
	memcpy(typed, text, length);
	typed[length] = '\0';
	if (hostname_read(typed, https, host) || (*host == '[' && strchr(host, '.'))) {
		reading->because = *typed == '[' ? "which is IPv4 inside IPv6: give the IPv4 address" : "which is no host as browsers write them";
		return false;
	}
	return set_public_url(reading, https, host, at.host_length);
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Undoes percent-encoding; NULL where it is wrong or makes a control character. */
static char *percent_decode(struct setting_reading *reading, const char *text, size_t length)
{
	char *out = setting_copy(reading, text, length);
	size_t end = 0;

	if (!out || length > CREDENTIALS_MAX)
		return NULL;
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '%') {
			int high = i + 2 < length ? hex_value(text[i + 1]) : -1;
			int low = high >= 0 ? hex_value(text[i + 2]) : -1;

			if (low < 0)
				return NULL;
			c = (unsigned char)(high * 16 + low);
			i += 2;
		}
		if (c < ' ' || c == 0x7f)
			return NULL;
		out[end++] = (char)c;
	}
	out[end] = '\0';
	return out;
}

/* USER[:PASSWORD] in front of the host. */
static bool read_credentials(struct setting_reading *reading, const char *text, size_t length)
{
	struct settings *settings = reading->settings;
	const char *colon = memchr(text, ':', length);
	size_t user_length = colon ? (size_t)(colon - text) : length;

	if (colon && reading->given->of[SETTING_MAIL].source == SOURCE_FLAG) {
		reading->because = "a password that everybody on this machine can read in the list of processes";
		return false;
	}
	settings->mail_user = percent_decode(reading, text, user_length);
	if (!settings->mail_user || !*settings->mail_user)
		return false;
	if (!colon)
		return true;
	settings->mail_password = percent_decode(reading, colon + 1, length - user_length - 1);
	return settings->mail_password && *settings->mail_password;
}

static bool read_smtp(struct setting_reading *reading, const char *scheme, const char *text, void *member)
{
	const char **out = member;
	size_t length = strcspn(text, "/?#");
	const char *at_sign = memrchr(text, '@', length);
	const char *place = at_sign ? at_sign + 1 : text;
	size_t place_length = length - (size_t)(place - text);
	const char *user_end = at_sign ? memchr(text, ':', (size_t)(at_sign - text)) : NULL;
	size_t user_length = at_sign ? (size_t)((user_end ? user_end : at_sign) - text) : 0;
	struct authority at;

	if ((text[length] && strcmp(text + length, "/")) || (at_sign && !read_credentials(reading, text, (size_t)(at_sign - text))))
		return false;
	if (!split_authority(place, place_length, &at) || !is_url_host(&at) || (at.port && !at.port_number))
		return false;
	reading->settings->mail_loopback = is_loopback(at.host, at.host_length);
	*out = arena_printf(reading->arena, "%s%.*s%s%.*s", scheme, (int)user_length, text, at_sign ? "@" : "",
	                    (int)place_length, place);
	return *out || !(reading->out_of_memory = true);
}

bool read_mail(struct setting_reading *reading, const char *text, void *member)
{
	static const char *const schemes[] = { "smtp://", "smtps://" };
	static const char file_scheme[] = "file:";

	if (!strncmp(text, file_scheme, 5) && text[5])
		return read_folder(reading, text, member);
	for (size_t i = 0; i < COUNT(schemes); i++)
		if (!strncmp(text, schemes[i], strlen(schemes[i])))
			return read_smtp(reading, schemes[i], text + strlen(schemes[i]), member);
	return false;
}

static bool has_bits_behind(const struct cidr *network)
{
	for (unsigned bit = network->prefix_bits; bit < 128; bit++)
		if (network->address[bit / 8] & (0x80 >> bit % 8))
			return true;
	return false;
}

static bool read_cidr(struct setting_reading *reading, const char *text, size_t length, struct cidr *out)
{
	const char *slash = memchr(text, '/', length);
	size_t address_length = slash ? (size_t)(slash - text) : length;
	bool ipv4 = read_ipv4(text, address_length, out->address);
	unsigned bits = ipv4 ? 32 : 128;

	if (!ipv4 && !read_ipv6(text, address_length, out->address))
		return false;
	if (slash && !setting_number(slash + 1, length - address_length - 1, bits, &bits))
		return false;
	out->prefix_bits = ipv4 ? bits + 96 : bits;
	if (!has_bits_behind(out))
		return true;
	reading->because = "which has bits set behind the length of its network";
	return false;
}

bool read_trusted_proxies(struct setting_reading *reading, const char *text, void *member)
{
	struct cidr *proxies = arena_alloc(reading->arena, PROXIES_MAX * sizeof(*proxies));
	const char *item;
	size_t count = 0, length;

	if (!proxies)
		return !(reading->out_of_memory = true);
	while (setting_item(&text, &item, &length)) {
		if (length == 4 && !memcmp(item, "unix", 4))
			reading->settings->trust_unix = true;
		else if (count == PROXIES_MAX || !read_cidr(reading, item, length, &proxies[count++]))
			return false;
	}
	*(const struct cidr **)member = proxies;
	reading->settings->trusted_proxies_count = count;
	return true;
}
