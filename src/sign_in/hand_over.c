#include "sign_in/hand_over.h"

#include "second_step/caller_fill.h"
#include "sign_in/hand_over_sql.h"
#include "store/store.h"

#include "base/banned.h"

static enum err begin(struct db *db, void *argument)
{
	const struct hand_over *row = argument;
	enum err err = session_lives(db, &row->session);

	return err ? err : hand_over_add(db, row);
}

enum err hand_over_begin(struct call *call, const struct way_back *way, struct token *code)
{
	struct hand_over row = { .session = call->caller->session.id, .nonce = way->nonce, .expires_at = call->now_s + HAND_OVER_S };
	const char *origin = way_back_origin(call->arena, way);
	enum err err;

	memcpy(row.host, way->host, sizeof(row.host));
	if (!origin || !(row.place = arena_printf(call->arena, "%s%s", origin, way->uri)))
		return ERR_MEMORY;
	if ((err = token_new(code, &row.code)))
		return err;
	return store_change(call->store, begin, &row);
}

struct finish {
	struct call *call;
	const char *host;
	struct token_digest code, nonce, app, token;
	struct hand_over row;
	bool has_nonce;
	bool open; /* already: the token is not used */
};

static bool is_young(const struct finish *finish)
{
	const struct hand_over *row = &finish->row;

	return row->expires_at > finish->call->now_s && row->expires_at <= finish->call->now_s + HAND_OVER_S;
}

static bool is_for(const struct finish *finish)
{
	const struct hand_over *row = &finish->row;

	return is_young(finish) && finish->has_nonce && same_bytes(row->nonce.bytes, finish->nonce.bytes, sizeof(row->nonce.bytes));
}

/* By the session that the code is of, in this browser. ERR_NOT_FOUND */
static enum err find_open(struct db *db, const struct finish *finish)
{
	struct id session;
	enum err err = app_session_find(db, &finish->app, finish->host, &session);

	return err || id_same(&session, &finish->row.session) ? err : ERR_NOT_FOUND;
}

/* Any try spends it: who has a code without its browser has no second one. */
static enum err finish_change(struct db *db, void *argument)
{
	struct finish *finish = argument;
	enum err err = hand_over_take(db, finish->call->arena, &finish->code, &finish->row);

	if (err)
		return err;
	if (strcmp(finish->row.host, finish->host) != 0)
		return db_keep(db, ERR_NOT_FOUND);
	if (!is_for(finish)) {
		finish->open = !(err = find_open(db, finish));
		return db_keep(db, err == ERR_NOT_FOUND && is_young(finish) && !finish->has_nonce ? ERR_NO_NONCE : err);
	}
	return app_session_add(db, &finish->row, &finish->token, finish->call->now_s);
}

enum err hand_over_finish(struct call *call, const struct hand_over_try *with, const char **address, struct token *token)
{
	SCOPED(token_wipe) struct token made = { "" };
	struct finish finish = { .call = call, .host = with->host, .has_nonce = *with->nonce };
	enum err err;

	if (!with->code)
		return ERR_NOT_FOUND;
	if ((err = token_parse(with->code, &finish.code)) ||
	    ((err = token_parse(with->nonce, &finish.nonce)) && err != ERR_NOT_FOUND) ||
	    ((err = token_parse(with->app, &finish.app)) && err != ERR_NOT_FOUND) ||
	    (err = token_new(&made, &finish.token)))
		return err;
	if ((err = store_change(call->store, finish_change, &finish)) && err != ERR_NO_NONCE)
		return err;
	if (!err && !finish.open)
		*token = made;
	*address = finish.row.place;
	return err;
}

enum err hand_over_caller(struct db *db, const struct token_digest *token, const char *host, int64_t now_s, struct caller *out)
{
	struct id session;
	enum err err;

	*out = (struct caller){ 0 };
	if ((err = app_session_find(db, token, host, &session)) || (err = session_find_id(db, &session, now_s, &out->session)))
		return err;
	return caller_complete(db, now_s, out);
}
