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

#endif
