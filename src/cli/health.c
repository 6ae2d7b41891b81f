#include "base/base.h"
#include "base/log.h"
#include "cli/health.h"
#include "cli/settings.h"
#include "http/call.h"
#include "keys/keyring.h"
#include "store/store.h"

#include "base/banned.h"

bool health_fast(const struct request *request, struct answer *answer)
{
	bool right = request->method == GET || request->method == HEAD;

	if (!view_same(request->path, "/healthz"))
		return false;
	answer->status = right ? 200 : err_status(ERR_METHOD);
	if (!right)
		answer_header(answer, "Allow", "GET, HEAD");
	json_open(answer, NULL);
	json_text(answer, "status", right ? "ok" : err_word(ERR_METHOD));
	json_close(answer);
	return true;
}

/* The keyring answers where it still makes a digest. */
static enum err keyring_probe(const struct keyring *keys)
{
	const struct digest_part part = { "probe", 5 };
	uint8_t digest[DIGEST_BYTES];

	return keyring_digest(keys, DIGEST_ADDRESS, &part, 1, digest);
}

static void answer_unready(struct call *call, int status, const char *reason)
{
	answer_reset(call->out);
	call->out->status = status;
	json_open(call->out, NULL);
	json_text(call->out, "status", "unavailable");
	json_text(call->out, "reason", reason);
	json_close(call->out);
}

/* What does not stop it from serving, but somebody should know: the same that a warning at the start says. */
static void list_warnings(struct call *call)
{
	json_list(call->out, "warnings");
	if (settings_networks_blind(call->settings))
		json_text(call->out, NULL, "networks_blind");
	json_list_close(call->out);
}

static enum err ready(struct call *call)
{
	const char *reason = store_probe(call->store) ? "database" : keyring_probe(call->keys) ? "keyring" : NULL;

	if (reason) {
		log_warn("not_ready", LOG_TEXT("reason", reason));
		answer_unready(call, 503, reason);
		return OK;
	}
	json_open(call->out, NULL);
	json_text(call->out, "status", "ready");
	list_warnings(call);
	json_close(call->out);
	return OK;
}

static const struct route health_routes[] = {
	{ GET, "/readyz", ACCESS_ANYBODY, FRESH_NOT, NULL, ready },
	ROUTES_END
};

static const struct route *const health_tables[] = { health_routes, NULL };

static void refuse(struct call *call, enum err err)
{
	answer_unready(call, err_status(err), err_word(err));
}

const struct surface health_surface = { .prefix = "/readyz", .tables = health_tables, .json = true, .refuse = refuse };
