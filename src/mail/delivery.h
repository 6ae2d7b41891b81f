/*
 * delivery: a way for mails to leave: to files (outbox.c) or by SMTP (smtp.c). Used by the mail thread alone.
 */
#ifndef TWOSTEP_MAIL_DELIVERY_H
#define TWOSTEP_MAIL_DELIVERY_H

#include <stdatomic.h>

#include "base/base.h"
#include "base/settings.h"

#define MAIL_SLOW_S 30 /* an attempt that has not ended by then is told of */

struct mail {
	const char *to;      /* address */
	const char *message; /* RFC 5322, NUL-terminated */
	size_t length;
	bool last;           /* of this batch: the connection may go */
};

/* What became of it. Forgotten memory tries again. */
enum delivered {
	DELIVERED_NOT,     /* nothing can be sent at present: so will be the others */
	DELIVERED_LATER,   /* this one must wait */
	DELIVERED_STOPPED, /* by mailer_stop: as if never tried */
	DELIVERED_REFUSED, /* for good */
	DELIVERED_NOWHERE, /* a decoy: nobody was to be told */
	DELIVERED
};

/* Why not, for the log: nothing that the mail said. */
struct delivery_trouble {
	const char *what; /* until the next attempt: fixed words, or those of a server that refused (said.h) */
	const char *stage;
	int64_t reply;    /* SMTP reply or errno; 0: none */
};

struct delivery {
	const char *scheme; /* of settings->mail */
	/* ERR_IO: *why for the operator, static. *stop becomes true once, from another thread. */
	enum err (*open)(const struct settings *settings, const atomic_bool *stop, void **way, const char **why);
	enum delivered (*send)(void *way, const struct mail *mail, struct delivery_trouble *trouble);
	void (*rest)(void *way); /* nothing more for the moment: hold no connection */
	void (*close)(void *way);
	bool instant;            /* worth waiting for: mailer_settle */
};

extern const struct delivery outbox_delivery;
extern const struct delivery smtp_delivery, smtps_delivery; /* where built with libcurl (WITH_SMTP) */

#endif
