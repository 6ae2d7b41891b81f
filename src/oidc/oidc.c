#include "oidc/oidc.h"

#include <stddef.h>

#include "http/call.h"
#include "oidc/routes.h"

#include "base/banned.h"

static const struct route *const tables[] = { jwks_routes, NULL };

/* The form of RFC 6749 section 5.2, which clients of these routes read. */
static void refuse(struct call *call, enum err err)
{
	call->out->status = err_status(err);
	json_open(call->out, NULL);
	json_text(call->out, "error", err_word(err));
	json_close(call->out);
}

const struct surface oidc_surface = { .prefix = "/oauth2/", .tables = tables, .json = true, .refuse = refuse };
