/* X-Forwarded-For from a trusted proxy: an address comes out, whatever went in. A line end in the input begins another line. */
#include <arpa/inet.h>
#include "fuzz.h"
#include "base/settings.h"
#include "http/peer.h"
#include "http/request.h"

static bool is_address(const char *text)
{
	uint8_t address[16];

	return inet_pton(AF_INET, text, address) == 1 || inet_pton(AF_INET6, text, address) == 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static const struct cidr trusted = { { [10] = 0xff, [11] = 0xff, 10 }, 104 };
	static const struct peer_socket from = { .address = { [10] = 0xff, [11] = 0xff, 10, 0, 0, 1 } };
	const struct settings settings = { .trusted_proxies = &trusted, .trusted_proxies_count = 1 };
	struct request request = { .method = GET };
	struct peer peer;
	const char *text = (const char *)bytes;

	while (length && request.header_count < REQUEST_FIELDS_MAX) {
		const char *lf = memchr(text, '\n', length);
		size_t n = lf ? (size_t)(lf - text) : length;

		request.headers[request.header_count++] = (struct header){ { "X-Forwarded-For", 15 }, { text, n } };
		text += n + (lf ? 1 : 0);
		length -= n + (lf ? 1 : 0);
	}
	peer_find(&peer, &from, &request, &settings);
	if (!is_address(peer.address) || !peer.trusted || (peer.counted && peer.network.family != 4 && peer.network.family != 6))
		abort();
	return 0;
}
