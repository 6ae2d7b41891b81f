#include "gate/gate_state.h"

#include <stdlib.h>

#include "base/clock.h"
#include "http/cookies.h"

#include "base/banned.h"

enum err gate_new(const struct settings *settings, struct store *store, unsigned loops, struct gate **out)
{
	struct gate *gate = calloc(1, sizeof(*gate));
	enum err err;

	if (!gate)
		return ERR_MEMORY;
	gate->settings = settings;
	gate->store = store;
	if ((err = memory_init(&gate->memory, loops)) || (err = assertions_init(&gate->assertions, &gate->memory.quiet)) ||
	    (err = seen_new(store, loops, &gate->seen))) {
		gate_free(gate);
		return err;
	}
	*out = gate;
	return OK;
}

enum err gate_start(struct gate *gate)
{
	return seen_start(gate->seen);
}

void gate_stop(struct gate *gate)
{
	if (gate)
		seen_stop(gate->seen);
}

void gate_free(struct gate *gate)
{
	if (!gate)
		return;
	seen_free(gate->seen);
	assertions_done(&gate->assertions);
	memory_done(&gate->memory);
	free(gate);
}

void gate_turn(struct gate *gate, unsigned loop, bool begins)
{
	if (begins)
		quiet_awake(&gate->memory.quiet, loop);
	else
		quiet_asleep(&gate->memory.quiet, loop);
}

void gate_forget(void *to, const struct touched *touched, size_t count)
{
	struct gate *gate = to;

	memory_forget(&gate->memory, touched, count);
}

static bool read_token(struct view value, struct token_digest *out)
{
	char text[TOKEN_TEXT];

	if (value.length != TOKEN_TEXT - 1)
		return false;
	memcpy(text, value.bytes, value.length);
	text[value.length] = '\0';
	return !token_parse(text, out);
}

/* At another port of our own host browsers send our cookie too. */
bool gate_token(const struct settings *settings, const struct request *request, const struct asked *asked,
                struct token_digest *out, bool *app)
{
	bool ours = hostname_same(asked->host, settings->public_host);
	struct view value;

	*app = strcmp(asked->host, settings->public_host) != 0 && cookie_find(request, COOKIE_APP, asked->https, &value);
	if (!*app && !(ours && cookie_find(request, COOKIE_SESSION, settings->https, &value)))
		return false;
	return read_token(value, out);
}

/* Whom memory knows by the cookie: NULL where it does not. */
static struct pass *find_pass(const struct gate *gate, const struct request *request, const struct asked *asked,
                              const struct site *site)
{
	struct token_digest token;
	struct pass *pass;
	bool app;

	if (!gate_token(gate->settings, request, asked, &token, &app) || !(pass = memory_pass(&gate->memory, &token)))
		return NULL;
	return pass->host == (app ? site->mark : 0) ? pass : NULL;
}

/* Only a yes is given here; all else is found out, told and logged by a request thread. */
bool gate_fast(struct gate *gate, const struct fast *fast, struct answer *out)
{
	struct asked asked;
	struct check check = { .asked = &asked };
	const char *assertion = NULL;
	struct pass *pass;

	if (asking_of(fast->request) == ASKING_NOTHING || !peer_trusted(fast->from, gate->settings) ||
	    asked_read(fast->request, gate->settings->https, &asked))
		return false;
	if (!(check.site = memory_site(&gate->memory, asked.host)) ||
	    !(pass = find_pass(gate, fast->request, &asked, check.site)))
		return false;
	check.pass = pass;
	check.now_s = clock_now_s();
	if (verdict_of(&check) != VERDICT_OK || !verdict_on_record(&check) || !verdict_proof_on_record(&check))
		return false;
	if (check.site->assertion && !(assertion = assertions_find(&gate->assertions, &check)))
		return false;
	seen_note(gate->seen, fast->loop, pass, &check.site->organization, check.now_s);
	identity_write(out, &check, assertion);
	gate_pass_cookies(out, fast->request, &asked);
	return true;
}
