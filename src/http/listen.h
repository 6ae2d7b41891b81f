/*
 * listen: the listening socket: TCP, a Unix socket, or one that systemd hands over (sd_listen_fds(3)).
 */
#ifndef TWOSTEP_HTTP_LISTEN_H
#define TWOSTEP_HTTP_LISTEN_H

#include <stdbool.h>
#include <sys/types.h>
#include <sys/un.h>

#include "base/err.h"

#define LISTEN_WHERE 128 /* "unix:" and a path of sun_path, or an address with its port; with NUL */

struct listener {
	int fd; /* not blocking, close-on-exec; -1: none */
	char where[LISTEN_WHERE];
	/* a socket file of ours, removed at the end unless another one stands there by then; empty: none */
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	dev_t device;
	ino_t inode;
};
#define LISTENER_NONE ((struct listener){ .fd = -1 })

/*
 * where  "127.0.0.1:8080", "[::1]:8080" (port 0: a free one) or "unix:PATH"; a socket file that nobody listens on any more is
 *        replaced. LISTEN_FDS wins where LISTEN_PID is this process.
 * ERR_IO: *why says what went wrong, static or from strerror.
 */
MUST_USE enum err listen_open(const char *where, struct listener *out, const char **why);

/* Gives a socket file of ours to whom the process is about to change to. ERR_IO: *why says what went wrong. */
MUST_USE enum err listen_hand_over(const struct listener *listener, uid_t user, gid_t group, const char **why);

/* Nobody is let in any more; accepts one that is closed. */
void listen_close(struct listener *listener);

#endif
