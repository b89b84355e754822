/* The part of a back-end that keeps accounts: one function for each of store/identity.h, which
 * documents them. */
#pragma once

#include "store/identity.h"

struct store_identity_backend {
    int (*user_add)(struct store *s, const struct store_user *u, int64_t *id);
    int (*user_get)(struct store *s, int64_t id, struct store_user *out);
    int (*user_by_email)(struct store *s, const char *email, struct store_user *out);
    int (*user_each)(struct store *s, int64_t after,
                     int (*fn)(void *arg, const struct store_user *), void *arg);
    int (*user_update)(struct store *s, const struct store_user *u, int64_t version);
    int (*user_remove)(struct store *s, int64_t id);
    int (*user_password)(struct store *s, int64_t id, const char *text);
    int (*user_signed_in)(struct store *s, int64_t id);
    int (*administrators)(struct store *s, int64_t but, int64_t *count);
    int (*totp_set)(struct store *s, int64_t user, const char *secret, const char *pending);
    int (*totp_use)(struct store *s, int64_t user, int64_t step);
    int (*recovery_set)(struct store *s, int64_t user, const char (*hashes)[STORE_HASH_MAX], int n);
    int (*recovery_use)(struct store *s, int64_t user, const char *hash);
    int (*recovery_left)(struct store *s, int64_t user, int64_t *count);
    int (*session_add)(struct store *s, const struct store_session *in, int64_t *id);
    int (*session_get)(struct store *s, int64_t id, struct store_session *out);
    int (*session_each)(struct store *s, int64_t user,
                        int (*fn)(void *arg, const struct store_session *), void *arg);
    int (*session_seen)(struct store *s, int64_t id, int64_t seen_ms);
    int (*session_extend)(struct store *s, int64_t id, int64_t expires_ms);
    int (*session_revoke)(struct store *s, int64_t id, const char *why);
    int (*session_revoke_user)(struct store *s, int64_t user, int64_t but, const char *why,
                               int64_t *count);
    int (*session_trim)(struct store *s, int64_t user, int64_t keep, const char *why);
    int (*token_add)(struct store *s, const struct store_token *t);
    int (*token_get)(struct store *s, const char *hash, struct store_token *out);
    int (*token_use)(struct store *s, const char *hash, const char *salt);
    int (*key_add)(struct store *s, const struct store_key *k, int64_t *id);
    int (*key_get)(struct store *s, int64_t id, struct store_key *out);
    int (*key_each)(struct store *s, int64_t user, int64_t after,
                    int (*fn)(void *arg, const struct store_key *), void *arg);
    int (*key_used)(struct store *s, int64_t id, int64_t used_ms);
    int (*key_revoke)(struct store *s, int64_t id);
    int (*auth_find)(struct store *s, const char *hash, struct store_auth *out);
    int (*identity_epoch)(struct store *s, int64_t *epoch);
    int (*ticket_add)(struct store *s, const struct store_ticket *t);
    int (*ticket_get)(struct store *s, const char *hash, const char *kind,
                      struct store_ticket *out);
    int (*ticket_take)(struct store *s, const char *hash, const char *kind,
                       struct store_ticket *out);
    int (*ticket_drop)(struct store *s, const char *kind, int64_t user);
    int (*ticket_trim)(struct store *s, const char *kind, int64_t user, int64_t keep);
    int (*throttle_get)(struct store *s, const char *key, struct store_throttle *out);
    int (*throttle_put)(struct store *s, const char *key, const struct store_throttle *t);
    int (*throttle_drop)(struct store *s, const char *key);
    int (*link_add)(struct store *s, const char *issuer, const char *subject, int64_t user);
    int (*link_find)(struct store *s, const char *issuer, const char *subject, int64_t *user);
    int (*identity_tidy)(struct store *s, int64_t throttles_max);
    int (*setting_get)(struct store *s, const char *key, char **value);
    int (*setting_put)(struct store *s, const char *key, const char *value);
};
