/* The operations of store/identity.h on SQLite, over users.c, sessions.c and identity.c. */
#pragma once

#include "store/identity_backend.h"
#include "store/sqlite/sqlite_priv.h"

int sqlite_user_add(struct store *s, const struct store_user *u, int64_t *id);
int sqlite_user_get(struct store *s, int64_t id, struct store_user *out);
int sqlite_user_by_email(struct store *s, const char *email, struct store_user *out);
int sqlite_user_each(struct store *s, int64_t after,
                     int (*fn)(void *arg, const struct store_user *), void *arg);
int sqlite_user_update(struct store *s, const struct store_user *u, int64_t version);
int sqlite_user_remove(struct store *s, int64_t id);
int sqlite_user_password(struct store *s, int64_t id, const char *text);
int sqlite_user_signed_in(struct store *s, int64_t id);
int sqlite_administrators(struct store *s, int64_t but, int64_t *count);
int sqlite_totp_set(struct store *s, int64_t user, const char *secret, const char *pending);
int sqlite_totp_use(struct store *s, int64_t user, int64_t step);
int sqlite_recovery_set(struct store *s, int64_t user, const char (*hashes)[STORE_HASH_MAX], int n);
int sqlite_recovery_use(struct store *s, int64_t user, const char *hash);
int sqlite_recovery_left(struct store *s, int64_t user, int64_t *count);
int sqlite_session_add(struct store *s, const struct store_session *in, int64_t *id);
int sqlite_session_get(struct store *s, int64_t id, struct store_session *out);
int sqlite_session_each(struct store *s, int64_t user,
                        int (*fn)(void *arg, const struct store_session *), void *arg);
int sqlite_session_seen(struct store *s, int64_t id, int64_t seen_ms);
int sqlite_session_extend(struct store *s, int64_t id, int64_t expires_ms);
int sqlite_session_revoke(struct store *s, int64_t id, const char *why);
int sqlite_session_revoke_user(struct store *s, int64_t user, int64_t but, const char *why,
                               int64_t *count);
int sqlite_session_trim(struct store *s, int64_t user, int64_t keep, const char *why);
int sqlite_token_add(struct store *s, const struct store_token *t);
int sqlite_token_get(struct store *s, const char *hash, struct store_token *out);
int sqlite_token_use(struct store *s, const char *hash, const char *salt);
int sqlite_key_add(struct store *s, const struct store_key *k, int64_t *id);
int sqlite_key_get(struct store *s, int64_t id, struct store_key *out);
int sqlite_key_each(struct store *s, int64_t user, int64_t after,
                    int (*fn)(void *arg, const struct store_key *), void *arg);
int sqlite_key_used(struct store *s, int64_t id, int64_t used_ms);
int sqlite_key_revoke(struct store *s, int64_t id);
int sqlite_auth_find(struct store *s, const char *hash, struct store_auth *out);
int sqlite_identity_epoch(struct store *s, int64_t *epoch);
int sqlite_ticket_add(struct store *s, const struct store_ticket *t);
int sqlite_ticket_get(struct store *s, const char *hash, const char *kind,
                      struct store_ticket *out);
int sqlite_ticket_take(struct store *s, const char *hash, const char *kind,
                       struct store_ticket *out);
int sqlite_ticket_drop(struct store *s, const char *kind, int64_t user);
int sqlite_ticket_trim(struct store *s, const char *kind, int64_t user, int64_t keep);
int sqlite_throttle_get(struct store *s, const char *key, struct store_throttle *out);
int sqlite_throttle_put(struct store *s, const char *key, const struct store_throttle *t);
int sqlite_throttle_drop(struct store *s, const char *key);
int sqlite_link_add(struct store *s, const char *issuer, const char *subject, int64_t user);
int sqlite_link_find(struct store *s, const char *issuer, const char *subject, int64_t *user);
int sqlite_identity_tidy(struct store *s, int64_t throttles_max);
int sqlite_setting_get(struct store *s, const char *key, char **value);
int sqlite_setting_put(struct store *s, const char *key, const char *value);
