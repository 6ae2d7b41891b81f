/* twostep host …: which organisation may claim which host. */
#include <stdlib.h>

#include "cli/command.h"
#include "cli/operator.h"
#include "organizations/hosts.h"
#include "organizations/organization.h"

#include "base/banned.h"

/* As it is spelled; what is none may hold anything, and is not for the log. */
static void note_host(struct operation *operation)
{
	char host[HOSTNAME_TEXT];

	if (!hostname_read(operation->word[0], operation->call.settings->https, host))
		operation_about(operation, "host", host);
}

static int refuse_organization(struct operation *operation, enum err err)
{
	const char *typed = operation->word[1];

	if (err == ERR_WRONG_STATE)
		return operation_refuse(operation, EXIT_FAILURE, typed, "several organizations have this name: say the id, as in twostep organization list");
	if (err == ERR_NOT_FOUND)
		return operation_refuse(operation, EXIT_FAILURE, typed, "no organization has this id or name");
	return operation_fail(operation, err, typed);
}

static int say(struct operation *operation, enum err err, const char *done)
{
	const char *host = operation->word[0];

	if (err == ERR_INVALID)
		return operation_refuse(operation, EXIT_WRONG, host,
		        "is no host: write app.example.com, or app.example.com:8443 where browsers show a port; without https://, path or *");
	if (err)
		return operation_fail(operation, err, operation->call.wrong ? host : operation->word[operation->words - 1]);
	put_shown(&operation->out, operation->word[0]);
	buf_text(&operation->out, done);
	return EXIT_SUCCESS;
}

static int allow(struct operation *operation)
{
	char id[ID_TEXT];
	enum err err = organization_resolve(&operation->call, operation->word[1], id);

	note_host(operation);
	if (err)
		return refuse_organization(operation, err);
	operation_about(operation, "organization", id);
	return say(operation, host_allow(&operation->call, operation->word[0], id), ": allowed\n");
}

static int forbid(struct operation *operation)
{
	enum err err = host_forbid(&operation->call, operation->word[0]);

	note_host(operation);
	if (err == ERR_NOT_FOUND)
		return operation_refuse(operation, EXIT_FAILURE, operation->word[0], "is allowed to no organization");
	return say(operation, err, ": forbidden\n");
}

static void put_host(struct operation *operation, const struct known_host *host)
{
	buf_text(&operation->out, host->host);
	buf_text(&operation->out, id_empty(&host->allowed_to) ? "  waiting" : "  allowed to ");
	put_shown(&operation->out, host->allowed_to_name);
	if (*host->service) {
		buf_text(&operation->out, "  service ");
		put_shown(&operation->out, host->service);
		buf_text(&operation->out, " of ");
		put_shown(&operation->out, host->claimed_by_name);
	}
	buf_text(&operation->out, "\n");
}

static void json_organization(struct answer *answer, const char *name, const struct id *id, const char *title)
{
	if (id_empty(id)) {
		json_none(answer, name);
		return;
	}
	json_open(answer, name);
	json_id(answer, "id", id);
	json_text(answer, "name", title);
	json_close(answer);
}

static void put_host_json(struct operation *operation, const struct known_host *host)
{
	SCOPED(answer_done) struct answer answer = { 0 };

	json_open(&answer, NULL);
	json_text(&answer, "host", host->host);
	json_organization(&answer, "allowed_to", &host->allowed_to, host->allowed_to_name);
	json_organization(&answer, "claimed_by", &host->claimed_by, host->claimed_by_name);
	json_text(&answer, "service", *host->service ? host->service : NULL);
	json_close(&answer);
	put_json(operation, &answer);
}

static int list(struct operation *operation)
{
	char after[HOSTNAME_TEXT] = "";
	struct known_host *hosts;
	size_t count;
	enum err err;

	do {
		arena_reset(operation->call.arena); /* of the page before */
		if ((err = host_list(&operation->call, *after ? after : NULL, OPERATOR_ROWS, &hosts, &count)))
			return operation_fail(operation, err, "host list");
		for (size_t i = 0; i < count; i++)
			(operation->json ? put_host_json : put_host)(operation, &hosts[i]);
		if (count)
			memcpy(after, hosts[count - 1].host, sizeof(after));
	} while (operation->flush(operation) && count == OPERATOR_ROWS);
	return EXIT_SUCCESS;
}

const struct operator_command host_commands[] = {
	{ "host", "allow", "HOST ORGANIZATION", "lets the organization (its id or name) guard a host", 2, 0, allow },
	{ "host", "forbid", "HOST", "takes that back: its checks answer 403", 1, 0, forbid },
	{ "host", "list", "[--json]", "hosts that are allowed, and those that wait", 0, OPERATOR_JSON, list },
	{ NULL, NULL, NULL, NULL, 0, 0, NULL },
};
