/* API keys: random, kept as their hash; the beginning is kept to tell them apart. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "identity/account_priv.h"

enum { PREFIX_SHOWN = 9, NAME_MIN = 1 }; /* "kc_" and 6 characters: 36 of 256 bits */

struct keying {
    const char *who;
    struct store_key key;
};

static int check_key(struct identity *id, const struct store_key *k, struct error *err)
{
    if (strlen(k->name) < NAME_MIN || !k->name[strspn(k->name, " ")])
        return error_set(err, -EINVAL, "name", "say what uses the key", "the key needs a name");
    for (const char *p = k->name; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            return error_set(err, -EINVAL, "name", "leave it out", "it holds a control character");
    if (k->scopes == 0 || (k->scopes & ~SCOPE_ALL))
        return error_set(err, -EINVAL, "scopes", "name at least one",
                         "no scope, or an unknown one");
    if (k->expires_ms && k->expires_ms <= identity_now(id))
        return error_set(err, -EINVAL, "expires", "give a time that is yet to come",
                         "it has passed");
    return 0;
}

static int add_run(struct store *s, void *arg)
{
    struct keying *k = arg;
    char object[40], detail[300];
    struct store_user u;
    int rc = store_user_get(s, k->key.user, &u);

    if (!rc)
        rc = store_key_add(s, &k->key, &k->key.id);
    account_object(object, "key", k->key.id);
    snprintf(detail, sizeof(detail), "%s (%s…) for %.120s", k->key.name, k->key.prefix, u.email);
    return rc ? rc : store_audit(s, k->who, "key.add", object, detail);
}

int account_key_add(struct identity *id, struct store *s, const char *who,
                    const struct store_key *in, char key[IDENTITY_TOKEN_MAX], int64_t *key_id,
                    struct error *err)
{
    struct keying k = {.who = who, .key = *in};
    int rc = check_key(id, in, err);

    if (rc)
        return rc;
    identity_token(id, "kc_", key);
    token_hash(key, k.key.hash);
    snprintf(k.key.prefix, sizeof(k.key.prefix), "%.*s", PREFIX_SHOWN, key);
    rc = identity_change(id, s, add_run, &k);
    if (rc)
        return account_store_error(s, rc, err);
    *key_id = k.key.id;
    return 0;
}

static int revoke_run(struct store *s, void *arg)
{
    struct keying *k = arg;
    int64_t user = k->key.user;
    char object[40];
    int rc = store_key_get(s, k->key.id, &k->key);

    if (!rc && user && k->key.user != user)
        rc = -ENOENT;
    if (!rc)
        rc = store_key_revoke(s, k->key.id);
    account_object(object, "key", k->key.id);
    return rc ? rc : store_audit(s, k->who, "key.revoke", object, k->key.name);
}

int account_key_revoke(struct identity *id, struct store *s, const char *who, int64_t user,
                       int64_t key, struct error *err)
{
    struct keying k = {.who = who, .key = {.id = key, .user = user}};
    int rc = identity_change(id, s, revoke_run, &k);

    if (rc == -ENOENT)
        return error_set(err, rc, "key", "look at the list of keys",
                         "no such key, or it is revoked already");
    return rc ? identity_store_error(s, rc, err) : 0;
}
