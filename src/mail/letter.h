/*
 * letter: the mails that we write, one line each in a table (letter.c): subject, paragraphs, in the person's language.
 * Every mail has a text/plain and a text/html part; a code stands alone on a line of the text part.
 */
#ifndef TWOSTEP_MAIL_LETTER_H
#define TWOSTEP_MAIL_LETTER_H

#include "http/call.h"
#include "store/db.h"

enum letter {
	LETTER_NONE,
	LETTER_SIGNUP_CODE,        /* code (XXXX-XXXX-XXXX) and link; 10 minutes */
	LETTER_SIGNUP_EXISTS,      /* somebody tried to sign up with this address, which has an account: sign in, or reset */
	LETTER_RESET_CODE,         /* code and link; 10 minutes */
	LETTER_SETUP_CODE,         /* six digits; 10 minutes */
	LETTER_SETUP_EARLIER,      /* the same to the address that can take a change of it back: person is the one of now */
	LETTER_TWO_STEP_ON,
	LETTER_TWO_STEP_OFF,
	LETTER_NEW_PHONE,          /* secret and codes were exchanged */
	LETTER_RECOVERY_REISSUED,
	LETTER_RECOVERY_USED,      /* signed in by a recovery code; `left` are left */
	LETTER_PASSWORD_CHANGED,
	LETTER_PASSWORD_RESET,
	LETTER_WRONG_SECOND_STEPS, /* five wrong second steps behind a right password */
	LETTER_SECOND_STEP_RESET,  /* by a manager or the operator: person, reason */
	LETTER_DEMAND_GRACE,       /* an organisation will demand two-step: organization, from_at */
	LETTER_DEMAND_IN_FORCE,    /* it does from now on */
	LETTER_INVITATION,         /* organization, person, role; code and link; until expires_at */
	LETTER_EMAIL_CODE,         /* a code to a new address */
	LETTER_EMAIL_WANTED,       /* to the owner of an address that another account wanted */
	LETTER_EMAIL_MOVED_AWAY,   /* to the old address: person is the new one, link takes it back */
	LETTER_EMAIL_MOVED_HERE,
	LETTER_EMAIL_UNDONE,       /* to both, once where they are one: person is the address that holds again */
	LETTER_ACCOUNT_CLOSED,
	LETTER_COUNT
};

struct letter_facts {
	const char *to;       /* address */
	const char *name;     /* of the person */
	enum locale locale;   /* of the person */
	const char *code;     /* NULL: none */
	const char *link;     /* NULL: none; absolute */
	int left;             /* recovery codes left */
	const char *organization; /* its name; NULL: none */
	const char *person;   /* who did it; NULL: nobody else */
	const char *reason;   /* as that person gave it */
	const char *role;     /* in an organisation, in the language; NULL: none */
	int64_t from_at;      /* when it begins to hold; 0: never */
	int64_t expires_at;   /* of the code: not sent after it; 0: never */
	bool decoy;           /* takes the way of the letter up to the mail thread, which drops it: nobody has this address */
};

/*
 * Writes the whole message into the queue (sealed), in this transaction, and wakes the mail thread after its commit.
 * When, where from (call->peer, call->browser) and what to do if it was not you come from the call and the table.
 * ERR_INVALID: CR, LF or another control in a header value. ERR_STORE, ERR_CRYPTO, ERR_MEMORY.
 */
MUST_USE enum err letter_queue(struct db *db, const struct call *call, enum letter letter, const struct letter_facts *facts);

#endif
