/* twostep organization …: made by the operator where nobody else may. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/command.h"
#include "cli/operator.h"
#include "organizations/organization.h"

#include "base/banned.h"

static int create(struct operation *operation)
{
	struct organization made;
	char id[ID_TEXT];
	enum err err;

	if (!operation->owner)
		return operation_refuse(operation, EXIT_WRONG, "--owner is missing", "the address of an account that is to own it");
	err = organization_create_for(&operation->call, operation->word[0], operation->owner, &made);
	if (err == ERR_NOT_FOUND)
		return operation_refuse(operation, EXIT_FAILURE, operation->owner, "no account has this address: its owner signs up first");
	if (err)
		return operation_fail(operation, err, err == ERR_NAME ? operation->word[0] : operation->owner);
	operation_about_id(operation, "organization", &made.id);
	buf_text(&operation->out, id_text(&made.id, id));
	buf_text(&operation->out, "\n");
	return EXIT_SUCCESS;
}

static void put_one(struct operation *operation, const struct counted_organization *one)
{
	char id[ID_TEXT], members[24];

	snprintf(members, sizeof(members), "  %6" PRId64 "  ", one->members);
	buf_text(&operation->out, id_text(&one->id, id));
	buf_text(&operation->out, members);
	put_shown(&operation->out, one->name);
	buf_text(&operation->out, "  ");
	put_shown(&operation->out, one->owner);
	buf_text(&operation->out, "\n");
}

static void put_one_json(struct operation *operation, const struct counted_organization *one)
{
	SCOPED(answer_done) struct answer answer = { 0 };

	json_open(&answer, NULL);
	json_id(&answer, "id", &one->id);
	json_text(&answer, "name", one->name);
	json_text(&answer, "owner", one->owner);
	json_int(&answer, "members", one->members);
	json_close(&answer);
	put_json(operation, &answer);
}

static int list(struct operation *operation)
{
	struct counted_organization *rows;
	struct id after = { { 0 } };
	size_t count;
	enum err err;

	do {
		arena_reset(operation->call.arena); /* of the page before */
		if ((err = organizations_counted(&operation->call, &after, OPERATOR_ROWS, &rows, &count)))
			return operation_fail(operation, err, "organization list");
		for (size_t i = 0; i < count; i++)
			(operation->json ? put_one_json : put_one)(operation, &rows[i]);
		if (count)
			after = rows[count - 1].id;
	} while (operation->flush(operation) && count == OPERATOR_ROWS);
	return EXIT_SUCCESS;
}

const struct operator_command organization_commands[] = {
	{ "organization", "create", "NAME --owner EMAIL", "makes an organization; prints its id", 1, OPERATOR_OWNER, create },
	{ "organization", "list", "[--json]", "all of them: id, members, name, owner", 0, OPERATOR_JSON, list },
	{ NULL, NULL, NULL, NULL, 0, 0, NULL },
};
