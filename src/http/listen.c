#include "http/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"

#include "base/banned.h"

#define BACKLOG   4096 /* the system's own bound (somaxconn) holds besides */
#define SYSTEMD_FD 3    /* SD_LISTEN_FDS_START */
#define UNIX_SCHEME "unix:"

union address {
	struct sockaddr any;
	struct sockaddr_in ipv4;
	struct sockaddr_in6 ipv6;
	struct sockaddr_un local;
	struct sockaddr_storage room;
};

static enum err fail(const char **why, const char *what)
{
	*why = what ? what : strerror(errno);
	return ERR_IO;
}

static bool read_port(const char *text, in_port_t *out)
{
	char *end;
	unsigned long port = *text >= '0' && *text <= '9' ? strtoul(text, &end, 10) : ULONG_MAX;

	if (port > 65535 || *end)
		return false;
	*out = htons((uint16_t)port);
	return true;
}

static bool read_address(const char *where, union address *out, socklen_t *length)
{
	const char *colon = strrchr(where, ':');
	char host[INET6_ADDRSTRLEN + 2];
	size_t n = colon ? (size_t)(colon - where) : sizeof(host);
	bool ipv6 = *where == '[';

	if (n < 3 || n >= sizeof(host) || (ipv6 && where[n - 1] != ']'))
		return false;
	memcpy(host, where + ipv6, n - 2 * ipv6);
	host[n - 2 * ipv6] = '\0';
	memset(out, 0, sizeof(*out));
	out->any.sa_family = ipv6 ? AF_INET6 : AF_INET;
	*length = ipv6 ? sizeof(out->ipv6) : sizeof(out->ipv4);
	if (!read_port(colon + 1, ipv6 ? &out->ipv6.sin6_port : &out->ipv4.sin_port))
		return false;
	return inet_pton(out->any.sa_family, host, ipv6 ? (void *)&out->ipv6.sin6_addr : (void *)&out->ipv4.sin_addr) == 1;
}

/* As it turned out: the port may have been 0. */
static void describe(struct listener *listener)
{
	union address address;
	socklen_t length = sizeof(address);
	char host[INET6_ADDRSTRLEN] = "";

	memset(&address, 0, sizeof(address));
	if (getsockname(listener->fd, &address.any, &length))
		return;
	if (address.any.sa_family == AF_INET6) {
		inet_ntop(AF_INET6, &address.ipv6.sin6_addr, host, sizeof(host));
		snprintf(listener->where, sizeof(listener->where), "[%s]:%u", host, ntohs(address.ipv6.sin6_port));
	} else if (address.any.sa_family == AF_INET) {
		inet_ntop(AF_INET, &address.ipv4.sin_addr, host, sizeof(host));
		snprintf(listener->where, sizeof(listener->where), "%s:%u", host, ntohs(address.ipv4.sin_port));
	} else {
		snprintf(listener->where, sizeof(listener->where), UNIX_SCHEME "%.*s", (int)sizeof(address.local.sun_path) - 1,
		         address.local.sun_path);
	}
}

static void set_options(int fd)
{
	const int on = 1;

	/* Linux hands both down to what is accepted. They make things better, nothing depends on them. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
}

static enum err open_tcp(const char *where, struct listener *out, const char **why)
{
	const int on = 1;
	union address address;
	socklen_t length;

	if (!read_address(where, &address, &length))
		return fail(why, "not ADDR:PORT");
	out->fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (out->fd < 0 || setsockopt(out->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) || bind(out->fd, &address.any, length) ||
	    listen(out->fd, BACKLOG))
		return fail(why, NULL);
	set_options(out->fd);
	return OK;
}

/* Removes a socket file that nobody listens on; a living one, or another file, stays and makes bind fail. */
static void remove_stale(const union address *address)
{
	struct stat found;
	int fd;

	if (lstat(address->local.sun_path, &found) || !S_ISSOCK(found.st_mode))
		return;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (connect(fd, &address->any, sizeof(address->local)) && errno == ECONNREFUSED)
		unlink(address->local.sun_path);
	close(fd);
}

static enum err open_unix(const char *path, struct listener *out, const char **why)
{
	union address address;
	struct stat made;
	size_t length = strlen(path);

	memset(&address, 0, sizeof(address));
	address.local.sun_family = AF_UNIX;
	if (!length || length >= sizeof(address.local.sun_path))
		return fail(why, "the path is too long for a socket");
	memcpy(address.local.sun_path, path, length);
	remove_stale(&address);
	out->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (out->fd < 0 || bind(out->fd, &address.any, sizeof(address.local)))
		return fail(why, NULL);
	memcpy(out->path, address.local.sun_path, sizeof(out->path));
	if (chmod(path, 0660) || lstat(path, &made) || listen(out->fd, BACKLOG)) /* nobody connects before listen */
		return fail(why, NULL);
	out->device = made.st_dev;
	out->inode = made.st_ino;
	return OK;
}

static long number_of(const char *name)
{
	const char *text = getenv(name);

	return text ? strtol(text, NULL, 10) : 0;
}

/* Whether there is one, meant for this process and not for whoever started it. */
static bool is_handed_over(long *count)
{
	bool ours = number_of("LISTEN_PID") == (long)getpid();

	*count = ours ? number_of("LISTEN_FDS") : 0;
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	return *count > 0;
}

static enum err take_over(long count, struct listener *out, const char **why)
{
	int listening = 0, flags = fcntl(SYSTEMD_FD, F_GETFL);
	socklen_t length = sizeof(listening);

	if (count > 1)
		return fail(why, "LISTEN_FDS: one socket is enough");
	if (flags < 0 || getsockopt(SYSTEMD_FD, SOL_SOCKET, SO_ACCEPTCONN, &listening, &length) || !listening)
		return fail(why, "LISTEN_FDS: not a listening socket");
	if (fcntl(SYSTEMD_FD, F_SETFL, flags | O_NONBLOCK) || fcntl(SYSTEMD_FD, F_SETFD, FD_CLOEXEC))
		return fail(why, NULL);
	out->fd = SYSTEMD_FD;
	set_options(out->fd);
	return OK;
}

enum err listen_open(const char *where, struct listener *out, const char **why)
{
	long handed_over;
	enum err err;

	*out = LISTENER_NONE;
	if (is_handed_over(&handed_over))
		err = take_over(handed_over, out, why);
	else if (!strncmp(where, UNIX_SCHEME, sizeof(UNIX_SCHEME) - 1))
		err = open_unix(where + sizeof(UNIX_SCHEME) - 1, out, why);
	else
		err = open_tcp(where, out, why);
	if (err)
		listen_close(out);
	else
		describe(out);
	return err;
}

enum err listen_hand_over(const struct listener *listener, uid_t user, gid_t group, const char **why)
{
	return listener->path[0] && lchown(listener->path, user, group) ? fail(why, NULL) : OK;
}

void listen_close(struct listener *listener)
{
	struct stat found;

	if (listener->path[0] && !lstat(listener->path, &found) &&
	    (!listener->inode || (found.st_dev == listener->device && found.st_ino == listener->inode)))
		unlink(listener->path);
	listener->path[0] = '\0';
	if (listener->fd >= 0)
		close(listener->fd);
	listener->fd = -1;
}
