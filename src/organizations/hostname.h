/*
 * hostname: a host as browsers name it: one spelling each, so that two texts are the same host where they are the same bytes.
 * Arithmetic alone.
 */
#ifndef TWOSTEP_ORGANIZATIONS_HOSTNAME_H
#define TWOSTEP_ORGANIZATIONS_HOSTNAME_H

#include <stdbool.h>

#include "base/err.h"

#define HOSTNAME_BYTES_MAX 253                        /* RFC 1035 section 2.3.4, as text without the last dot */
#define HOSTNAME_TEXT      (HOSTNAME_BYTES_MAX + 6 + 1) /* with ":65535" and NUL */

/*
 * host[:port], trimmed. Out: lower case, without a dot at the end, the port only where it is not the default of https (or http).
 * A name of letters, digits and hyphens (an international one as xn--…), an IPv4 address in its usual spelling, or an
 * IPv6 address in brackets.
 * ERR_INVALID: anything else, such as a scheme, a user, a path, a wildcard, letters beyond ASCII.
 */
MUST_USE enum err hostname_read(const char *typed, bool https, char out[static HOSTNAME_TEXT]);

/*
 * As hostname_read, for a host that is to be guarded. ERR_INVALID also where the port is the default of the other scheme: a check
 * for it comes by that scheme, is read without it, and would never find the host.
 */
MUST_USE enum err hostname_claim(const char *typed, bool https, char out[static HOSTNAME_TEXT]);

/* The same name or address, whatever the ports: browsers send cookies to every port of a host. Both as hostname_read writes them. */
bool hostname_same(const char *a, const char *b);

#endif
