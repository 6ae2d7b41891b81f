/*
 * settings: what an operator has chosen. Read by cli/settings.c before any thread starts, constant afterwards.
 * All texts live as long as the process.
 */
#ifndef TWOSTEP_BASE_SETTINGS_H
#define TWOSTEP_BASE_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/lang.h"

enum password_policy { POLICY_NIST, POLICY_CLASSIC };
enum signup_mode { SIGNUP_INVITATION, SIGNUP_DOMAINS, SIGNUP_OPEN };
enum organizations_mode { ORGANIZATIONS_OPERATOR, ORGANIZATIONS_SIGNED_IN };

struct cidr {
	unsigned char address[16]; /* IPv6, or IPv4 mapped as ::ffff:a.b.c.d */
	unsigned prefix_bits;      /* of the 128 */
};

struct settings {
	const char *listen;          /* ADDR:PORT or unix:PATH */
	const char *public_url;      /* scheme://host[:port], no slash at the end */
	bool https;                  /* of the public URL: decides cookie names */
	const char *public_host;     /* host[:port] of it, lower case */
	bool public_loopback;        /* localhost, 127.0.0.0/8, ::1 */
	const char *name;
	const char *user;            /* to change to when started as root; NULL: none */
	const char *data;            /* folder */
	const char *database;        /* path of the SQLite file */
	const char *mail;            /* file:DIR or smtp(s)://user@host:port, without password */
	bool mail_loopback;          /* its server is this machine: localhost, 127.0.0.0/8, ::1 */
	const char *mail_user, *mail_password; /* NULL: none */
	bool allow_file_mail;
	bool mail_print;             /* file mail also on standard output */
	const char *mail_from;
	const char *keyring;         /* file */
	enum locale locale;
	enum password_policy password_policy;
	unsigned password_min;       /* characters */
	unsigned members_max;        /* 0: no limit */
	unsigned audit_days;         /* how long audit logs are kept: 1 to 36500 */
	enum organizations_mode organizations;
	const char *contact;         /* NULL: none */
	enum signup_mode signup;
	const char *const *signup_domains; /* lower case, NULL at the end */
	const struct cidr *trusted_proxies;
	size_t trusted_proxies_count;
	bool trust_unix;
	int log_level;               /* enum log_level */
	bool log_json;
};

#endif
