#include "http/peer.h"

#include <arpa/inet.h>

#include "base/base.h"
#include "base/settings.h"
#include "http/request.h"

#include "base/banned.h"

#define ELEMENT_BYTES 64 /* of X-Forwarded-For: an IPv6 address with brackets and port fits */
#define MAPPED_BITS   96 /* of ::ffff:0:0 */

struct address {
	uint8_t bytes[16];
};

static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

static bool is_ipv4(const struct address *address)
{
	return !memcmp(address->bytes, mapped, sizeof(mapped));
}

static bool is_within(const struct address *address, const unsigned char prefix[16], unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	if (memcmp(address->bytes, prefix, whole) != 0)
		return false;
	return !rest || !((address->bytes[whole] ^ prefix[whole]) >> (8 - rest));
}

#define IPV4(a, b, c, d) { [10] = 0xff, [11] = 0xff, a, b, c, d }

/* Nobody's alone: a limit for all of such a network would hold everybody behind the same router. */
static bool is_local(const struct address *address)
{
	static const struct cidr ranges[] = {
		{ IPV4(127, 0, 0, 0), MAPPED_BITS + 8 },    { IPV4(10, 0, 0, 0), MAPPED_BITS + 8 },
		{ IPV4(172, 16, 0, 0), MAPPED_BITS + 12 },  { IPV4(192, 168, 0, 0), MAPPED_BITS + 16 },
		{ IPV4(169, 254, 0, 0), MAPPED_BITS + 16 }, { IPV4(0, 0, 0, 0), MAPPED_BITS + 8 },
		{ { 0 }, 127 },                             /* :: and ::1 */
		{ { 0xfc }, 7 },                            /* unique local */
		{ { 0xfe, 0x80 }, 10 },                     /* link-local */
	};

	for (size_t i = 0; i < COUNT(ranges); i++)
		if (is_within(address, ranges[i].address, ranges[i].prefix_bits))
			return true;
	return false;
}

static bool is_trusted(const struct address *address, const struct settings *settings)
{
	for (size_t i = 0; i < settings->trusted_proxies_count; i++)
		if (is_within(address, settings->trusted_proxies[i].address, settings->trusted_proxies[i].prefix_bits))
			return true;
	return false;
}

static bool is_port(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return digits && digits <= 5 && !text[digits];
}

static bool read_ipv4(char *text, struct address *out)
{
	char *colon = strchr(text, ':');
	struct address address = { { 0 } };

	if (colon && !is_port(colon + 1))
		return false;
	if (colon)
		*colon = '\0';
	memcpy(address.bytes, mapped, sizeof(mapped));
	if (inet_pton(AF_INET, text, address.bytes + sizeof(mapped)) != 1)
		return false;
	*out = address;
	return true;
}

/* "::1", "[::1]" or "[::1]:80" */
static bool read_ipv6(char *text, struct address *out)
{
	char *bracket = *text == '[' ? strchr(text, ']') : NULL;
	struct address address;

	if (*text == '[' && (!bracket || (bracket[1] && (bracket[1] != ':' || !is_port(bracket + 2)))))
		return false;
	if (bracket)
		*bracket = '\0';
	if (inet_pton(AF_INET6, bracket ? text + 1 : text, address.bytes) != 1)
		return false;
	*out = address;
	return true;
}

static bool read_address(struct view element, struct address *out)
{
	char text[ELEMENT_BYTES];

	if (!element.length || element.length >= sizeof(text) || memchr(element.bytes, '\0', element.length))
		return false;
	memcpy(text, element.bytes, element.length);
	text[element.length] = '\0';
	return strchr(text, '.') && strspn(text, "0123456789.:") == element.length && *text != ':' ? read_ipv4(text, out)
	                                                                                          : read_ipv6(text, out);
}

/* Takes the last element off a list. */
static struct view last_element(struct view *list)
{
	const char *comma = memrchr(list->bytes, ',', list->length);
	const char *start = comma ? comma + 1 : list->bytes;
	struct view element = { start, (size_t)(list->bytes + list->length - start) };

	list->length = comma ? (size_t)(comma - list->bytes) : 0;
	return view_trim(element);
}

/* Goes through one line; true where the next one further left may be believed, too. */
static bool follow_line(struct view list, const struct settings *settings, struct address *visitor, bool *learned)
{
	while (list.length) {
		if (!read_address(last_element(&list), visitor))
			return false;
		*learned = true;
		if (!is_trusted(visitor, settings))
			return false;
	}
	return true;
}

static void follow(const struct request *request, const struct settings *settings, struct address *visitor, bool *learned)
{
	for (size_t i = request->header_count; i > 0; i--) {
		const struct header *header = &request->headers[i - 1];

		if (view_ascii_same(header->name, "X-Forwarded-For") && !follow_line(header->value, settings, visitor, learned))
			return;
	}
}

static void set_network(struct network *out, const struct address *address)
{
	bool ipv4 = is_ipv4(address);

	*out = (struct network){ .family = ipv4 ? 4 : 6 };
	memcpy(out->prefix, ipv4 ? address->bytes + sizeof(mapped) : address->bytes, ipv4 ? 4 : 8);
}

static void set_address(struct peer *out, const struct address *address)
{
	bool ipv4 = is_ipv4(address);

	inet_ntop(ipv4 ? AF_INET : AF_INET6, ipv4 ? address->bytes + sizeof(mapped) : address->bytes, out->address, PEER_TEXT);
}

bool peer_trusted(const struct peer_socket *from, const struct settings *settings)
{
	struct address address;

	memcpy(address.bytes, from->address, sizeof(address.bytes));
	return from->is_unix ? settings->trust_unix : is_trusted(&address, settings);
}

void peer_find(struct peer *out, const struct peer_socket *from, const struct request *request, const struct settings *settings)
{
	struct address visitor;
	bool learned = false;

	memcpy(visitor.bytes, from->address, sizeof(visitor.bytes));
	*out = (struct peer){ .address = "unix" };
	out->trusted = peer_trusted(from, settings);
	if (out->trusted)
		follow(request, settings, &visitor, &learned);
	if (from->is_unix && !learned)
		return;
	set_address(out, &visitor);
	out->counted = learned || !is_local(&visitor);
	if (out->counted)
		set_network(&out->network, &visitor);
}
