/*
 * client: a connection to a server under test that says exactly the bytes it is told to.
 */
#ifndef TWOSTEP_TESTS_HTTP_CLIENT_H
#define TWOSTEP_TESTS_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct client {
	int fd;
	struct buf unread;
};

struct reply_seen {
	int status; /* 0: the connection ended instead */
	struct buf head, body;
};

void client_open(struct client *client, const char *where); /* "127.0.0.1:PORT" or "unix:PATH"; fails the test */
void client_open_narrow(struct client *client, const char *where); /* the system takes little for it that it has not read */
bool client_refused(const char *where);                     /* whether nobody listens there */
void client_send(struct client *client, const char *text);
void client_send_bytes(struct client *client, const char *bytes, size_t length);

/* The next answer, an interim one too; head: it has no body whatever its length says. Fails the test after ten seconds. */
void client_read(struct client *client, struct reply_seen *out, bool head);

/* Whether the server closes, and sends nothing more, within so many milliseconds. */
bool client_ends(struct client *client, int within_ms);
void client_close(struct client *client);

/* A header's value in an answer, "" where it is absent; valid until the next call. */
const char *seen_header(const struct reply_seen *seen, const char *name);
void seen_done(struct reply_seen *seen);

#endif
