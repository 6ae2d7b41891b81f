/*
 * open: makes a session out of proofs, in the change that accepted them. For sign_in/ alone.
 */
#ifndef TWOSTEP_SIGN_IN_OPEN_H
#define TWOSTEP_SIGN_IN_OPEN_H

#include "sign_in/sign_in.h"

/* What a sign-in may need, made before the transaction: values for the browser, and what they are stored as. */
struct opening {
	struct call *call;
	struct sign_in *out;
	struct id session;
	struct token_digest token, login;
	bool has_earlier;            /* the browser brought a session cookie */
	struct token_digest earlier_sent;
	bool has_known;              /* the browser brought a known-device cookie */
	struct token_digest known_sent;
	bool makes_known;            /* its cookie was not this account's: it gets a new one */
	struct token known;
	struct token_digest known_digest;
	bool has_device;             /* it brought a remembered-device cookie */
	struct token_digest device_sent;
	bool remembers;              /* asked to remember this device, and it is */
	struct id device_id;
	struct token device;
	struct token_digest device_digest;
};
void opening_wipe(struct opening *opening);

MUST_USE enum err opening_prepare(struct opening *opening, struct call *call, enum transport transport, struct sign_in *out);

/*
 * Opens the session of an account: how (bits of enum method_used), the enrolment used (empty: none), by a remembered device.
 * The session that this browser had, whoever's, ends where it gets a cookie: nobody holds the one before any more.
 */
MUST_USE enum err opening_session(struct db *db, struct opening *opening, const struct account *account, int methods,
                                  const struct id *enrolment, bool remembered);

/* Remembers this browser for the enrolment; not under a demand, which it could not satisfy. */
MUST_USE enum err opening_remember(struct db *db, struct opening *opening, const struct id *account, const struct id *enrolment);

/* After the commit: a line for the operator where somebody is signed in by now, and cookies, where the transport is a cookie. */
void opening_done(const struct opening *opening);

#endif
