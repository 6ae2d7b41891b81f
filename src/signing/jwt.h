/*
 * jwt: claims with a signature, in the compact form (RFC 7515 section 7.1): header.claims.signature, each in base64url.
 */
#ifndef TWOSTEP_SIGNING_JWT_H
#define TWOSTEP_SIGNING_JWT_H

#include "base/buf.h"
#include "signing/signer.h"

/* `claims` is JSON. Into an empty buffer; its limit is the longest. ERR_MEMORY (of the limit too), ERR_CRYPTO */
MUST_USE enum err jwt_sign(const struct signing *by, const char *claims, struct buf *out);

#endif
