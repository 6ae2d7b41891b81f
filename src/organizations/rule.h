/*
 * rule: asks for a second step not older than so much on some paths of a service, and finds what a request needs.
 * A path can be read in many ways by what stands behind us, so all ways are tried, and the strictest rule that fits one
 * of them holds: docs/decisions/0008-readings-of-a-path.md.
 * Arithmetic alone: no storage, no clock, and rules_need takes no memory.
 */
#ifndef TWOSTEP_ORGANIZATIONS_RULE_H
#define TWOSTEP_ORGANIZATIONS_RULE_H

#include "http/call.h"
#include "organizations/readings.h"

#define RULE_PATH_BYTES_MAX READINGS_KEY_BYTES_MAX
#define RULE_MAX_AGE_S      86400 /* and at least 1 */
#define RULE_METHOD_BYTES_MAX 32  /* of a method that somebody asks by */
#define RULE_METHODS        7

struct rule {
	const char *path;    /* as written: begins with '/', '*' as its last character or not at all */
	struct pattern pattern;
	unsigned methods;    /* bits of enum method; 0: all */
	int64_t second_step_max_age_s;
};

/* As somebody asked for it; the form of `rules` fills an array of these. */
struct rule_asked {
	const char *path;
	struct texts methods; /* not given, or none: all */
	struct number second_step_max_age_s;
	const char *typed; /* the line that it was, for who is told that it is wrong; NULL: there was none */
};

/* A token of at most RULE_METHOD_BYTES_MAX, whatever it means. */
bool rule_is_method(struct view name);

/* Into the arena. ERR_INVALID blames rules.path, rules.methods or rules.second_step_max_age_s. */
MUST_USE enum err rule_read(struct call *call, const struct rule_asked *asked, struct rule *out);

/* From what is stored. `methods` with commas between. ERR_STORE: a damaged row; ERR_MEMORY */
MUST_USE enum err rule_load(struct arena *arena, const char *path, const char *methods, int64_t max_age_s, struct rule *out);

/* Their names ("GET", …; static), in one order; how many: 0 for all. */
size_t rule_method_names(const struct rule *rule, const char *out[static RULE_METHODS]);

/* The same as they are stored: "GET,POST"; "" for all. */
#define RULE_METHODS_TEXT 48
const char *rule_methods_text(const struct rule *rule, char out[static RULE_METHODS_TEXT]);

/*
 * What a request needs: how old the second step may be, 0 where no rule fits. For each request that is guarded: one look at a path
 * that all servers read alike, bounded for any other, no memory.
 * method   as asked; HEAD is held to rules for GET too; one that is none of the seven (PROPFIND, get) to all rules
 * path     as asked, still percent-encoded; from '?' on it is not looked at
 * fits     count truths, which rules fit; NULL: nobody asks
 * OK
 * ERR_INVALID  nobody can say what the path means (readings.h), or the method is none (rule_is_method): refuse the request; nothing is written
 * ERR_MEMORY   refuse it, too
 */
MUST_USE enum err rules_need(const struct rule *rules, size_t count, struct view method, struct view path, bool *fits,
                             int64_t *max_age_s);

#endif
