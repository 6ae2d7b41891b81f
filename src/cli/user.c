/* twostep user …: who there is, and what only the operator can do for them. */
#include <stdio.h>
#include <stdlib.h>

#include "accounts/directory.h"
#include "api/json_views.h"
#include "base/clock.h"
#include "cli/command.h"
#include "cli/operator.h"
#include "http/answer.h"
#include "mandate/mandate.h"
#include "organizations/closing.h"
#include "organizations/organization_sql.h"
#include "organizations/reset.h"
#include "second_step/second_step.h"
#include "sessions/session.h"
#include "store/store.h"

#include "base/banned.h"

struct list_page {
	struct operation *operation;
	char after[EMAIL_TEXT];
	struct listed rows[OPERATOR_ROWS];
	size_t count;
};

static enum err read_page(struct db *db, void *argument)
{
	struct list_page *page = argument;

	return directory_select(db, page->operation->search, page->after, page->rows, OPERATOR_ROWS, &page->count);
}

static const char *day(int64_t at_s, char out[static TIME_TEXT])
{
	if (at_s <= 0)
		return "never";
	time_text(at_s, out);
	out[10] = '\0';
	return out;
}

static void put_listed(struct operation *operation, const struct listed *listed)
{
	char created[TIME_TEXT], seen[TIME_TEXT], numbers[80];

	snprintf(numbers, sizeof(numbers), "%-4s  %-10s  %-10s  %4" PRId64 "  ", listed->two_step ? "on" : "off",
	         day(listed->created_at, created), day(listed->signed_in_at, seen), listed->organizations);
	buf_text(&operation->out, numbers);
	put_shown(&operation->out, listed->email);
	buf_text(&operation->out, "  ");
	put_shown(&operation->out, listed->name);
	buf_text(&operation->out, "\n");
}

static void put_listed_json(struct operation *operation, const struct listed *listed)
{
	SCOPED(answer_done) struct answer answer = { 0 };

	json_open(&answer, NULL);
	json_id(&answer, "id", &listed->id);
	json_text(&answer, "email", listed->email);
	json_text(&answer, "name", listed->name);
	json_bool(&answer, "two_step", listed->two_step);
	json_time(&answer, "created_at", listed->created_at);
	json_time(&answer, "signed_in_at", listed->signed_in_at);
	json_int(&answer, "organizations", listed->organizations);
	json_close(&answer);
	put_json(operation, &answer);
}

static int list(struct operation *operation)
{
	struct list_page *page = arena_alloc(operation->call.arena, sizeof(*page));
	enum err err = page ? OK : ERR_MEMORY;

	if (!err) {
		page->operation = operation;
		if (!operation->json)
			buf_text(&operation->out, "2STEP CREATED     SIGNED IN   ORGS  PERSON\n");
	}
	do {
		if (err || (err = store_read(operation->call.store, read_page, page))) {
			buf_reset(&operation->out); /* no titles without a list */
			return operation_fail(operation, err, "user list");
		}
		for (size_t i = 0; i < page->count; i++)
			(operation->json ? put_listed_json : put_listed)(operation, &page->rows[i]);
		if (page->count)
			memcpy(page->after, page->rows[page->count - 1].email, sizeof(page->after));
	} while (operation->flush(operation) && page->count == OPERATOR_ROWS);
	return EXIT_SUCCESS;
}

/* All that can be said of one person; nothing that opens anything. */
struct sought {
	const char *email;
	struct account *account;
};

static enum err seek(struct db *db, void *argument)
{
	const struct sought *sought = argument;

	return account_find_email(db, sought->email, sought->account);
}

/* Whom the first word names; the log learns the id. */
static int find_account(struct operation *operation, struct account *out)
{
	char email[EMAIL_TEXT];
	struct sought sought = { email, out };
	enum err err = email_read(operation->word[0], email);

	if (!err)
		err = store_read(operation->call.store, seek, &sought);
	if (err == ERR_NOT_FOUND)
		return operation_refuse(operation, EXIT_FAILURE, operation->word[0], "no account has this address");
	if (err)
		return operation_fail(operation, err, operation->word[0]);
	operation_about_id(operation, "account", &out->id);
	return EXIT_SUCCESS;
}

struct person {
	struct operation *operation;
	struct account account;
	struct enrolment enrolment;
	int codes_left;
	size_t sessions, organizations, demands;
	struct session session[SESSIONS_MAX];
	struct organization organization[MEMBERSHIPS_MAX];
	struct demanding demand[MANDATES_SHOWN];
};

static enum err read_person(struct db *db, void *argument)
{
	struct person *person = argument;
	int64_t now_s = person->operation->call.now_s;
	const struct id *id = &person->account.id;
	enum err err;

	if ((err = account_find(db, id, &person->account)) || (err = second_step_find(db, id, &person->enrolment)) ||
	    (err = second_step_left(db, id, &person->codes_left)) ||
	    (err = session_list(db, id, now_s, person->session, SESSIONS_MAX, &person->sessions)) ||
	    (err = organization_list(db, id, person->organization, MEMBERSHIPS_MAX, &person->organizations)))
		return err;
	return mandate_list(db, id, person->demand, MANDATES_SHOWN, &person->demands);
}

static void put_two_step(struct operation *operation, const struct person *person)
{
	char at[TIME_TEXT], text[120];

	if (id_empty(&person->enrolment.id))
		snprintf(text, sizeof(text), "off%s", person->account.setup_required_at ? ", has to be set up at the next sign-in" : "");
	else
		snprintf(text, sizeof(text), "on since %s, %d recovery codes left", time_text(person->enrolment.enabled_at, at),
		         person->codes_left);
	put_pair(operation, "2-step verification", text);
}

static void put_person(struct operation *operation, const struct person *person)
{
	char id[ID_TEXT], at[TIME_TEXT];

	put_pair(operation, "E-mail", shown(operation, person->account.email));
	put_pair(operation, "Name", shown(operation, person->account.name));
	put_pair(operation, "Id", id_text(&person->account.id, id));
	put_pair(operation, "Language", locale_tag(person->account.locale));
	put_pair(operation, "Created", time_text(person->account.created_at, at));
	put_two_step(operation, person);
	for (size_t i = 0; i < person->organizations; i++)
		put_pair(operation, i ? "" : "Organizations",
		         arena_printf(operation->call.arena, "%s  %s  %s", id_text(&person->organization[i].id, id),
		                      role_name(person->organization[i].role), shown(operation, person->organization[i].name)));
	for (size_t i = 0; i < person->demands; i++)
		put_pair(operation, i ? "" : "2-step demanded by",
		         arena_printf(operation->call.arena, "%s from %s", shown(operation, person->demand[i].name),
		                      time_text(person->demand[i].from_at, at)));
	for (size_t i = 0; i < person->sessions; i++)
		put_pair(operation, i ? "" : "Sessions",
		         arena_printf(operation->call.arena, "%s  %s  %s", time_text(person->session[i].last_seen_at, at),
		                      person->session[i].address, shown(operation, person->session[i].browser)));
}

static void json_sessions(struct answer *out, const struct person *person)
{
	json_list(out, "sessions");
	for (size_t i = 0; i < person->sessions; i++) {
		json_open(out, NULL);
		json_id(out, "id", &person->session[i].id);
		json_text(out, "browser", person->session[i].browser);
		json_text(out, "address", person->session[i].address);
		json_time(out, "signed_in_at", person->session[i].signed_in_at);
		json_time(out, "last_seen_at", person->session[i].last_seen_at);
		json_close(out);
	}
	json_list_close(out);
}

/* Lists as the API has them. */
static void put_person_json(struct operation *operation, const struct person *person)
{
	SCOPED(answer_done) struct answer answer = { 0 };

	json_open(&answer, NULL);
	json_id(&answer, "id", &person->account.id);
	json_text(&answer, "email", person->account.email);
	json_text(&answer, "name", person->account.name);
	json_text(&answer, "locale", locale_tag(person->account.locale));
	json_time(&answer, "created_at", person->account.created_at);
	json_bool(&answer, "two_step", !id_empty(&person->enrolment.id));
	json_time(&answer, "two_step_at", person->enrolment.enabled_at);
	json_int(&answer, "recovery_codes_left", person->codes_left);
	json_bool(&answer, "setup_required", person->account.setup_required_at > 0);
	json_demands(&answer, person->demand, person->demands);
	json_sessions(&answer, person);
	json_list(&answer, "organizations");
	for (size_t i = 0; i < person->organizations; i++) {
		json_open(&answer, NULL);
		json_id(&answer, "id", &person->organization[i].id);
		json_text(&answer, "name", person->organization[i].name);
		json_text(&answer, "role", role_name(person->organization[i].role));
		json_close(&answer);
	}
	json_list_close(&answer);
	json_close(&answer);
	put_json(operation, &answer);
}

static int show(struct operation *operation)
{
	struct person *person = arena_alloc(operation->call.arena, sizeof(*person));
	enum err err;
	int status;

	if (!person)
		return operation_fail(operation, ERR_MEMORY, operation->word[0]);
	if ((status = find_account(operation, &person->account)))
		return status;
	person->operation = operation;
	if ((err = store_read(operation->call.store, read_person, person)))
		return operation_fail(operation, err, operation->word[0]);
	(operation->json ? put_person_json : put_person)(operation, person);
	return EXIT_SUCCESS;
}

static int say_done(struct operation *operation, enum err err, const char *done)
{
	if (err)
		return operation_fail(operation, err, operation->call.wrong ? operation->call.wrong : operation->word[0]);
	put_shown(&operation->out, operation->word[0]);
	buf_text(&operation->out, done);
	return EXIT_SUCCESS;
}

static int refuse_reason(struct operation *operation)
{
	char text[80];

	snprintf(text, sizeof(text), "takes one line, of at most %d characters", REASON_CHARACTERS_MAX);
	return operation_refuse(operation, EXIT_WRONG, "--reason", text);
}

static int reset(struct operation *operation)
{
	struct account account;
	enum err err;
	int status;

	if (!operation->reason)
		return operation_refuse(operation, EXIT_WRONG, "--reason is missing",
		        "who asked, and how you know that it is they; the person's mail and the audit log have it");
	if ((status = find_account(operation, &account)))
		return status;
	err = reset_by_operator(&operation->call, operation->word[0], operation->reason);
	if (err == ERR_INVALID)
		return refuse_reason(operation);
	return say_done(operation, err, ": second step reset; the next sign-in can only set up\n");
}

static int close_account(struct operation *operation)
{
	struct call *call = &operation->call;
	struct account account;
	enum err err;
	int status;

	if (!operation->yes) {
		buf_text(&operation->line, "user close: deletes the account and all that is its own; say --yes");
		return EXIT_WRONG;
	}
	if ((status = find_account(operation, &account)))
		return status;
	err = closing_by_operator(call, operation->word[0], operation->hand_over);
	if (call->wrong && err == ERR_NOT_FOUND)
		return operation_refuse(operation, EXIT_FAILURE, arena_printf(call->arena, "--hand-over %s", operation->hand_over),
		        "no account of this address belongs to all that it owns");
	if (call->wrong)
		call->wrong = arena_printf(call->arena, "--hand-over%s%s", *operation->hand_over ? " " : "", operation->hand_over);
	return say_done(operation, err, ": closed\n");
}

const struct operator_command user_commands[] = {
	{ "user", "list", "[--search TEXT] [--json]", "all accounts, by address", 0, OPERATOR_JSON | OPERATOR_SEARCH, list },
	{ "user", "show", "EMAIL [--json]", "one person: two-step and who demands it, organizations, sessions", 1, OPERATOR_JSON, show },
	{ "user", "reset-second-step", "EMAIL --reason TEXT", "takes a lost phone's second step away: set up anew at the next sign-in",
	  1, OPERATOR_REASON, reset },
	{ "user", "close", "EMAIL [--hand-over EMAIL] --yes", "deletes an account; what it owns goes to a member named", 1,
	  OPERATOR_HAND_OVER | OPERATOR_YES, close_account },
	{ NULL, NULL, NULL, NULL, 0, 0, NULL },
};
