#include "client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"

static int connect_to(const char *where, int receive_bytes)
{
	struct sockaddr_un local = { .sun_family = AF_UNIX };
	struct sockaddr_in ipv4 = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	bool is_unix = !strncmp(where, "unix:", 5);
	int fd = socket(is_unix ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	if (receive_bytes)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof(receive_bytes));
	if (is_unix)
		memcpy(local.sun_path, where + 5, strlen(where + 5));
	else
		ipv4.sin_port = htons((uint16_t)strtoul(strrchr(where, ':') + 1, NULL, 10));
	if (is_unix ? connect(fd, (void *)&local, sizeof(local)) : connect(fd, (void *)&ipv4, sizeof(ipv4))) {
		close(fd);
		return -1;
	}
	return fd;
}

static void open_with(struct client *client, const char *where, int receive_bytes)
{
	*client = (struct client){ .fd = connect_to(where, receive_bytes) };
	if (client->fd < 0)
		fail_msg("%s: %s", where, strerror(errno));
}

void client_open(struct client *client, const char *where)
{
	open_with(client, where, 0);
}

void client_open_narrow(struct client *client, const char *where)
{
	open_with(client, where, 8192);
}

bool client_refused(const char *where)
{
	int fd = connect_to(where, 0);

	if (fd >= 0)
		close(fd);
	return fd < 0;
}

void client_send_bytes(struct client *client, const char *bytes, size_t length)
{
	while (length) {
		ssize_t sent = send(client->fd, bytes, length, MSG_NOSIGNAL);

		if (sent <= 0)
			return; /* refused half-way: the answer tells */
		bytes += sent;
		length -= (size_t)sent;
	}
}

void client_send(struct client *client, const char *text)
{
	client_send_bytes(client, text, strlen(text));
}

/* False at the end of the connection. */
static bool more(struct client *client, int within_ms)
{
	struct pollfd wait = { .fd = client->fd, .events = POLLIN };
	char bytes[65536];
	ssize_t n;

	if (poll(&wait, 1, within_ms) != 1)
		fail_msg("nothing came within %d ms", within_ms);
	n = recv(client->fd, bytes, sizeof(bytes), 0);
	if (n > 0)
		buf_add(&client->unread, bytes, (size_t)n);
	return n > 0;
}

static void take(struct client *client, size_t length, struct buf *out)
{
	struct buf rest = { .limit = 64u << 20 };

	buf_add(out, client->unread.bytes, length);
	buf_add(&rest, client->unread.bytes + length, client->unread.length - length);
	buf_done(&client->unread);
	client->unread = rest;
}

void client_read(struct client *client, struct reply_seen *out, bool head)
{
	const char *end;
	size_t length;

	*out = (struct reply_seen){ .body.limit = 64u << 20 };
	client->unread.limit = 64u << 20;
	while (!(end = strstr(buf_string(&client->unread), "\r\n\r\n")))
		if (!more(client, 10000))
			return;
	take(client, (size_t)(end + 4 - client->unread.bytes), &out->head);
	if (strncmp(buf_string(&out->head), "HTTP/1.1 ", 9) != 0)
		fail_msg("no answer: %s", buf_string(&out->head));
	out->status = (int)strtol(out->head.bytes + 9, NULL, 10);
	length = head ? 0 : strtoul(seen_header(out, "Content-Length"), NULL, 10);
	while (client->unread.length < length)
		if (!more(client, 10000))
			fail_msg("the body ends after %zu of %zu bytes", client->unread.length, length);
	if (length)
		take(client, length, &out->body);
}

bool client_ends(struct client *client, int within_ms)
{
	int64_t until_ms = clock_monotonic_ms() + within_ms;
	struct pollfd wait = { .fd = client->fd, .events = POLLIN };
	int left = within_ms;

	while (left > 0 && poll(&wait, 1, left) == 1) {
		if (client->unread.length)
			return false;
		if (!more(client, 0))
			return client->unread.length == 0;
		left = (int)(until_ms - clock_monotonic_ms());
	}
	return false;
}

void client_close(struct client *client)
{
	close(client->fd);
	buf_done(&client->unread);
}

const char *seen_header(const struct reply_seen *seen, const char *name)
{
	static char value[1024];
	size_t length = strlen(name);
	const char *line = buf_string(&seen->head);

	while ((line = strstr(line, "\r\n")) && line[2]) {
		line += 2;
		if (!strncasecmp(line, name, length) && line[length] == ':') {
			size_t n = strcspn(line + length + 2, "\r");
			n = n < sizeof(value) ? n : sizeof(value) - 1;
			memcpy(value, line + length + 2, n);
			value[n] = '\0';
			return value;
		}
	}
	return "";
}

void seen_done(struct reply_seen *seen)
{
	buf_done(&seen->head);
	buf_done(&seen->body);
}
