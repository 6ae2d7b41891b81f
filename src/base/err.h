/*
 * err: the one list of errors (err.def), with what each surface says of them.
 * OK is 0 in this enum alone and the only yes; everything else refuses.
 */
#ifndef TWOSTEP_BASE_ERR_H
#define TWOSTEP_BASE_ERR_H

#include "base/lang.h"

#define MUST_USE __attribute__((warn_unused_result))

enum err {
	OK = 0,
#define ERR(name, status, word) ERR_##name,
#include "base/err.def"
#undef ERR
	ERR_COUNT
};

/* The HTTP status of an error, 200 of OK. */
int err_status(enum err err);

/* The stable word of the contract, "ok" of OK. Static. */
const char *err_word(enum err err);

/* The C name without ERR_, for log lines. Static. */
const char *err_name(enum err err);

/* The sentence for a person, as a key of the message catalogue. Never of OK. */
enum msg err_message(enum err err);

#endif
