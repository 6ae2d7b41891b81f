/*
 * peer: whom a request comes from, as far as we can believe it.
 * The visitor is the right-most address that is not a trusted proxy (contract section 1): X-Forwarded-For counts only
 * where the connection itself comes from one.
 */
#ifndef TWOSTEP_HTTP_PEER_H
#define TWOSTEP_HTTP_PEER_H

#include <stdbool.h>
#include <stdint.h>

#define PEER_TEXT 46 /* an IPv6 address and NUL; "unix" for a peer on a Unix socket */

/* What limits count: /32 of IPv4, /64 of IPv6; loopback and private peers that came directly are one network. */
struct network {
	uint8_t family; /* 4, 6; 0: the local network */
	uint8_t prefix[8];
};

struct peer {
	char address[PEER_TEXT];
	struct network network;
	bool counted; /* limits over all accounts of a network apply (design.md section 6, networks) */
	bool trusted; /* the connection comes from a trusted proxy: its X-Forwarded-* are believed */
};

struct request;
struct settings;

/* The other end of a connection, as accept() tells it. */
struct peer_socket {
	bool is_unix;
	uint8_t address[16]; /* IPv6, or IPv4 mapped as ::ffff:a.b.c.d */
};

/* Is it a trusted proxy? peer_find says the same in peer.trusted. */
bool peer_trusted(const struct peer_socket *from, const struct settings *settings);

/*
 * Makes the peer of a request. X-Forwarded-For is read from the right, over all its lines: up to the first address that is
 * not a trusted proxy, or to the last one that can be read.
 */
void peer_find(struct peer *out, const struct peer_socket *from, const struct request *request, const struct settings *settings);

#endif
