/*
 * operator: what an operator does to people, hosts and organisations, and asks of services, by command. One table of commands; each is a function that
 * runs where the store is open: in the running server (cli/control.h), or in the command itself where none runs.
 */
#ifndef TWOSTEP_CLI_OPERATOR_H
#define TWOSTEP_CLI_OPERATOR_H

#include "base/buf.h"
#include "base/log.h"
#include "http/call.h"

#define OPERATOR_WORDS_MAX  8   /* behind the command, without settings */
#define OPERATOR_ROWS       100 /* of a list, read and sent together */
#define OPERATOR_ABOUT_MAX  2

/* A command at work. */
struct operation {
	struct call call;
	const char *word[OPERATOR_WORDS_MAX]; /* positional, in order */
	size_t words;
	const char *reason, *search, *hand_over, *owner, *service, *organization, *application, *with_keyring; /* NULL: not given */
	bool json, yes, force;
	struct buf out;                                  /* for standard output; sent and emptied by `flush` */
	struct buf line;                                 /* for standard error, when it fails */
	bool (*flush)(struct operation *operation);      /* false: nobody reads any more, or it is not whole */
	bool untold;                                     /* it was false once */
	void *to;                                        /* of flush */
	struct log_field about[OPERATOR_ABOUT_MAX];      /* whom or what it was about, for the log; texts in the arena */
	size_t abouts;
};
void operation_done(struct operation *operation);

struct operator_command {
	const char *group, *name; /* "user", "list" */
	const char *usage, *meaning;
	size_t words;             /* positional ones that it takes, exactly */
	unsigned flags;           /* bits of enum operator_flag that it knows */
	int (*run)(struct operation *operation); /* the exit status */
};
enum operator_flag { OPERATOR_JSON = 1, OPERATOR_SEARCH = 2, OPERATOR_REASON = 4, OPERATOR_HAND_OVER = 8, OPERATOR_YES = 16,
	             OPERATOR_OWNER = 32, OPERATOR_SERVICE = 64, OPERATOR_ORGANIZATION = 128, OPERATOR_APPLICATION = 256,
	             OPERATOR_FORCE = 512, OPERATOR_KEYRING = 1024 };

/* One table a group, in a file of its name; group NULL at the end. All of them, NULL at the end. */
extern const struct operator_command user_commands[], host_commands[], organization_commands[], proxy_commands[];
extern const struct operator_command *const operator_groups[];

/* The table's line for "user list" and so on, NULL: none. */
const struct operator_command *operator_find(const char *group, const char *name);

/*
 * Takes words and flags apart; behind "--" stand words alone, whatever they begin with. settings gets what is left over, NULL at
 * the end (room for all); NULL: settings are refused. EXIT_SUCCESS, or EXIT_WRONG with operation->line.
 */
int operation_read(struct operation *operation, const struct operator_command *command, char *const *arguments,
                   const char **settings);

/* For standard error: what went wrong in words. Returns the status that the command ends with. */
int operation_fail(struct operation *operation, enum err err, const char *what);

/* The same where the words for people at a page would say too little: "SUBJECT: TEXT". Returns `status`. */
int operation_refuse(struct operation *operation, int status, const char *subject, const char *text);

/* For the line that the running server logs of the command: an id or a host, no address of a person. name is static. */
void operation_about(struct operation *operation, const char *name, const char *value);
void operation_about_id(struct operation *operation, const char *name, const struct id *id);

/* A text of somebody else's for a terminal: controls escaped. Appended to `out`, or into the arena (what is short: no lists). */
void put_shown(struct buf *out, const char *text);
const char *shown(struct operation *operation, const char *text);

/* An answer's JSON as one line of `out`, with the controls that JSON leaves as they are escaped. */
void put_json(struct operation *operation, const struct answer *answer);
void put_pair(struct operation *operation, const char *label, const char *value);

#endif
