/* The front of store/identity.h: hands each operation on to the back-end. */
#include "store/identity.h"

#include <string.h>

#include "store/backend.h"

static const char *const roles[] = {
#define X(id, name) [ROLE_##id] = name,
    ROLE_TABLE(X)
#undef X
};

const char *role_name(enum role r)
{
    return roles[r];
}

int role_from_name(const char *name)
{
    for (int i = ROLE_NONE + 1; i < ROLE_COUNT; i++)
        if (strcmp(roles[i], name) == 0)
            return i;
    return -1;
}

int store_user_add(struct store *s, const struct store_user *u, int64_t *id)
{
    return s->ops->identity->user_add(s, u, id);
}

int store_user_get(struct store *s, int64_t id, struct store_user *out)
{
    return s->ops->identity->user_get(s, id, out);
}

int store_user_by_email(struct store *s, const char *email, struct store_user *out)
{
    return s->ops->identity->user_by_email(s, email, out);
}

int store_user_each(struct store *s, int64_t after, int (*fn)(void *arg, const struct store_user *),
                    void *arg)
{
    return s->ops->identity->user_each(s, after, fn, arg);
}

int store_user_update(struct store *s, const struct store_user *u, int64_t version)
{
    return s->ops->identity->user_update(s, u, version);
}

int store_user_remove(struct store *s, int64_t id)
{
    return s->ops->identity->user_remove(s, id);
}

int store_user_password(struct store *s, int64_t id, const char *text)
{
    return s->ops->identity->user_password(s, id, text);
}

int store_user_signed_in(struct store *s, int64_t id)
{
    return s->ops->identity->user_signed_in(s, id);
}

int store_administrators(struct store *s, int64_t but, int64_t *count)
{
    return s->ops->identity->administrators(s, but, count);
}

int store_totp_set(struct store *s, int64_t user, const char *secret, const char *pending)
{
    return s->ops->identity->totp_set(s, user, secret, pending);
}

int store_totp_use(struct store *s, int64_t user, int64_t step)
{
    return s->ops->identity->totp_use(s, user, step);
}

int store_recovery_set(struct store *s, int64_t user, const char (*hashes)[STORE_HASH_MAX], int n)
{
    return s->ops->identity->recovery_set(s, user, hashes, n);
}

int store_recovery_use(struct store *s, int64_t user, const char *hash)
{
    return s->ops->identity->recovery_use(s, user, hash);
}

int store_recovery_left(struct store *s, int64_t user, int64_t *count)
{
    return s->ops->identity->recovery_left(s, user, count);
}

int store_session_add(struct store *s, const struct store_session *in, int64_t *id)
{
    return s->ops->identity->session_add(s, in, id);
}

int store_session_get(struct store *s, int64_t id, struct store_session *out)
{
    return s->ops->identity->session_get(s, id, out);
}

int store_session_each(struct store *s, int64_t user,
                       int (*fn)(void *arg, const struct store_session *), void *arg)
{
    return s->ops->identity->session_each(s, user, fn, arg);
}

int store_session_seen(struct store *s, int64_t id, int64_t seen_ms)
{
    return s->ops->identity->session_seen(s, id, seen_ms);
}

int store_session_extend(struct store *s, int64_t id, int64_t expires_ms)
{
    return s->ops->identity->session_extend(s, id, expires_ms);
}

int store_session_revoke(struct store *s, int64_t id, const char *why)
{
    return s->ops->identity->session_revoke(s, id, why);
}

int store_session_revoke_user(struct store *s, int64_t user, int64_t but, const char *why,
                              int64_t *count)
{
    return s->ops->identity->session_revoke_user(s, user, but, why, count);
}

int store_session_trim(struct store *s, int64_t user, int64_t keep, const char *why)
{
    return s->ops->identity->session_trim(s, user, keep, why);
}

int store_token_add(struct store *s, const struct store_token *t)
{
    return s->ops->identity->token_add(s, t);
}

int store_token_get(struct store *s, const char *hash, struct store_token *out)
{
    return s->ops->identity->token_get(s, hash, out);
}

int store_token_use(struct store *s, const char *hash, const char *salt)
{
    return s->ops->identity->token_use(s, hash, salt);
}

int store_key_add(struct store *s, const struct store_key *k, int64_t *id)
{
    return s->ops->identity->key_add(s, k, id);
}

int store_key_get(struct store *s, int64_t id, struct store_key *out)
{
    return s->ops->identity->key_get(s, id, out);
}

int store_key_each(struct store *s, int64_t user, int64_t after,
                   int (*fn)(void *arg, const struct store_key *), void *arg)
{
    return s->ops->identity->key_each(s, user, after, fn, arg);
}

int store_key_used(struct store *s, int64_t id, int64_t used_ms)
{
    return s->ops->identity->key_used(s, id, used_ms);
}

int store_key_revoke(struct store *s, int64_t id)
{
    return s->ops->identity->key_revoke(s, id);
}

int store_auth_find(struct store *s, const char *hash, struct store_auth *out)
{
    return s->ops->identity->auth_find(s, hash, out);
}

int store_identity_epoch(struct store *s, int64_t *epoch)
{
    return s->ops->identity->identity_epoch(s, epoch);
}

int store_ticket_add(struct store *s, const struct store_ticket *t)
{
    return s->ops->identity->ticket_add(s, t);
}

int store_ticket_get(struct store *s, const char *hash, const char *kind, struct store_ticket *out)
{
    return s->ops->identity->ticket_get(s, hash, kind, out);
}

int store_ticket_take(struct store *s, const char *hash, const char *kind, struct store_ticket *out)
{
    return s->ops->identity->ticket_take(s, hash, kind, out);
}

int store_ticket_drop(struct store *s, const char *kind, int64_t user)
{
    return s->ops->identity->ticket_drop(s, kind, user);
}

int store_ticket_trim(struct store *s, const char *kind, int64_t user, int64_t keep)
{
    return s->ops->identity->ticket_trim(s, kind, user, keep);
}

int store_throttle_get(struct store *s, const char *key, struct store_throttle *out)
{
    return s->ops->identity->throttle_get(s, key, out);
}

int store_throttle_put(struct store *s, const char *key, const struct store_throttle *t)
{
    return s->ops->identity->throttle_put(s, key, t);
}

int store_throttle_drop(struct store *s, const char *key)
{
    return s->ops->identity->throttle_drop(s, key);
}

int store_link_add(struct store *s, const char *issuer, const char *subject, int64_t user)
{
    return s->ops->identity->link_add(s, issuer, subject, user);
}

int store_link_find(struct store *s, const char *issuer, const char *subject, int64_t *user)
{
    return s->ops->identity->link_find(s, issuer, subject, user);
}

int store_identity_tidy(struct store *s, int64_t throttles_max)
{
    return s->ops->identity->identity_tidy(s, throttles_max);
}

int store_setting_get(struct store *s, const char *key, char **value)
{
    return s->ops->identity->setting_get(s, key, value);
}

int store_setting_put(struct store *s, const char *key, const char *value)
{
    return s->ops->identity->setting_put(s, key, value);
}
