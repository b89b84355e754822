/* JSON Web Keys and signed tokens (RFC 7515, 7517, 7519), as far as OpenID Connect needs them:
 * RS256 and ES256, nothing else, so that a token cannot choose a weaker way. Bytes from outside. */
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct jwks; /* immutable, counted */

/* A key set. Keys for other uses, of other kinds or too weak (RSA under 2,048 bits) are passed
 * over. -EINVAL: no key set. */
int jwks_read(const char *text, size_t len, struct jwks **out, struct error *err);
struct jwks *jwks_ref(struct jwks *k);
void jwks_unref(struct jwks *k);
int jwks_count(const struct jwks *k);

/* Checks the signature and gives the claims (an object, to be released). -EINVAL: no signed token;
 * -ENOKEY: no key in the set is meant by it: fetch the set again; -EACCES: the signature is wrong.
 */
int jwt_verify(const char *text, size_t len, const struct jwks *keys, json_t **claims,
               struct error *err);

/* What an ID token must say (OpenID Connect Core, 3.1.3.7). */
struct id_token_wanted {
    const char *issuer, *client_id, *nonce;
    const char *access_token; /* NULL: at_hash is not looked at */
    int64_t now_ms;
};
/* -EACCES with err: it says something else. */
int id_token_check(const json_t *claims, const struct id_token_wanted *w, struct error *err);
