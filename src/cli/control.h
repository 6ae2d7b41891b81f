/*
 * control: the operator's commands reach a running server by a Unix socket in the data folder, CONTROL_FILE, mode 0600.
 * Only root and the server's own user are heard (SO_PEERCRED). One request a connection, one connection at a time:
 *   request   a JSON array of texts, the command's words ("user", "list", "--json"), then the end of what is sent
 *   answer    frames: kind ('o' standard output, 'e' standard error, 'x' the end), length (4 bytes, big-endian), bytes;
 *             those of 'x' are one: the exit status
 */
#ifndef TWOSTEP_CLI_CONTROL_H
#define TWOSTEP_CLI_CONTROL_H

#include "base/settings.h"
#include "keys/keyring.h"
#include "store/store.h"

#define CONTROL_FILE          "control"
#define CONTROL_REQUEST_BYTES 65536
#define CONTROL_SILENT_S      10 /* for a whole request; and a client that takes nothing for so long is dropped */

struct control;

/* OK; ERR_IO: *why (static) says what is in the way; the server goes on without. */
MUST_USE enum err control_start(const struct settings *settings, struct store *store, const struct keyring *keys,
                                struct control **out, const char **why);
void control_stop(struct control *control); /* joins and frees; NULL is fine */

/*
 * The command's side: sends the words, copies what comes back to standard output and error.
 * OK: *status is the exit status. ERR_NOT_FOUND: nobody listens there. ERR_IO: it broke off. ERR_INVALID: a word is no UTF-8.
 */
MUST_USE enum err control_ask(const struct settings *settings, const char *const *words, int *status);

#endif
