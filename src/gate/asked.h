/*
 * asked: the address that a visitor asked an application for, as a trusted proxy tells it (contract 2.4). Each route reads
 * its own headers and no others, for a proxy that sets some passes the visitor's own on.
 * Arithmetic alone: no storage, no clock, no memory.
 */
#ifndef TWOSTEP_GATE_ASKED_H
#define TWOSTEP_GATE_ASKED_H

#include "http/request.h"
#include "organizations/hostname.h"

#define ASKED_URI_BYTES_MAX 8192 /* of path and query */

/* How the proxy asks, and so how it is answered. */
enum asking {
	ASKING_NOTHING, /* no route of the guard's */
	FORWARD_AUTH,   /* X-Forwarded-Method, -Proto, -Host, -Uri */
	AUTH_REQUEST,   /* X-Original-URL, X-Original-Method; redirects are told by 401 */
	EXT_AUTHZ,      /* method, Host and the path behind the prefix; X-Forwarded-Proto where there is one */
};

struct asked {
	enum asking how;
	struct view method;       /* any token (rule_is_method) */
	bool safe;                /* GET or HEAD: its redirects are 302 */
	bool https;
	char host[HOSTNAME_TEXT]; /* as hostname_read writes it */
	struct view uri, path;    /* uri: path and query; path: up to '?' */
};

enum asking asking_of(const struct request *request);

/*
 * https  the scheme of our own address, where a proxy need not tell one
 * OK; ERR_INVALID: missing, doubled or malformed, nothing of it is to be used
 */
MUST_USE enum err asked_read(const struct request *request, bool https, struct asked *out);

/* A redirect helps: it takes text/html, and is no script's. */
bool asked_by_browser(const struct request *request);

/* Scheme and host that a proxy names for a request to ourselves: X-Forwarded-Proto and -Host. ERR_INVALID */
MUST_USE enum err asked_origin(const struct request *request, struct asked *out);

#endif
