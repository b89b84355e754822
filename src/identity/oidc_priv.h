/* What the files of oidc.h share. */
#pragma once

#include "base/buf.h"
#include "identity/identity_priv.h"
#include "identity/jwt.h"
#include "identity/oidc.h"

/* ---- what a provider says of itself, cached (oidc_provider.c) ------------------------------- */

/* Immutable, counted. */
struct oidc_provider_doc {
    atomic_int refs;
    char issuer[256], authorize[512], token[512], jwks[512], userinfo[512]; /* userinfo may be "" */
    bool tells_iss; /* RFC 9207: the callback names its issuer */
    int64_t at_ms;
};

struct oidc_cache;
int oidc_cache_new(struct oidc_cache **out);
void oidc_cache_free(struct oidc_cache *c);

/* The provider's document: cached for an hour; an old one serves while the provider is away. */
int oidc_doc(struct identity *id, const struct provider *p, struct oidc_provider_doc **out,
             struct error *err);
void oidc_doc_unref(struct oidc_provider_doc *d);
/* Its keys; fresh: fetch them again, because a token is signed with one that is not there (but not
 * more often than every few seconds: then the cached ones). */
int oidc_keys(struct identity *id, const struct provider *p, const struct oidc_provider_doc *d,
              bool fresh, struct jwks **out, struct error *err);

/* identity_config.fetch unless there is another. */
int oidc_fetch_network(void *arg, struct oidc_fetch *f, struct error *err);
/* One exchange; 0 with a 2xx answer in f. what: for the message ("its keys"). Frees on failure. */
int oidc_exchange(struct identity *id, const struct provider *p, const char *what,
                  struct oidc_fetch *f, struct error *err);

/* Appends name=value, percent-encoded, with & between. */
int oidc_form_add(struct buf *b, const char *name, const char *value);

/* ---- the flow's cookie (oidc_seal.c) -------------------------------------------------------- */

/* What the browser carries from the start to the callback: sealed with AES-256-GCM. */
struct oidc_flow {
    char provider[32], state[44], nonce[44], verifier[44], return_to[OIDC_RETURN_MAX];
    int64_t expires_ms;
};
int oidc_seal(struct identity *id, const struct oidc_flow *f, char out[OIDC_COOKIE_MAX]);
/* -EACCES: not ours, changed, or expired. */
int oidc_unseal(struct identity *id, const char *text, struct oidc_flow *out);

/* ---- whose account it is (oidc_account.c) --------------------------------------------------- */

/* What the provider says of the person. */
struct oidc_person {
    char issuer[256], subject[256];
    char email[STORE_EMAIL_MAX]; /* normal; "": none, or not verified */
    char name[STORE_USER_NAME_MAX];
    enum role role; /* of their groups, or the provider's default; NONE: none */
    bool role_told; /* the groups decide, also for an account that exists */
};
void oidc_read_person(const struct provider *p, const json_t *claims, struct oidc_person *out);
/* Finds, links or makes the account and opens a session. -EACCES. */
int oidc_enter(struct identity *id, struct store *s, const struct provider *p,
               const struct oidc_person *who, const struct sign_in_from *from,
               struct sign_in_answer *out, struct error *err);
