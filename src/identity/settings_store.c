/* The setting "identity" in the store: shown without its secrets, changed with those that stay. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "identity/identity_priv.h"

static int load(struct store *s, json_t **out, struct error *err)
{
    char *text;
    int rc = store_setting_get(s, "identity", &text);

    if (rc == -ENOENT) {
        *out = json_object();
        return *out ? 0 : -ENOMEM;
    }
    if (rc)
        return identity_store_error(s, rc, err);
    rc = json_load_text(text, strlen(text), "setting identity", out, err);
    free(text);
    return rc;
}

static void forget_secrets(json_t *settings)
{
    json_t *one;
    size_t i;

    json_array_foreach(json_object_get(settings, "providers"), i, one)
        json_object_del(one, "client_secret");
    json_object_del(json_object_get(json_object_get(settings, "mail"), "smtp"), "password");
}

int identity_settings_show(struct store *s, json_t **out, struct error *err)
{
    int rc = load(s, out, err);

    if (!rc)
        forget_secrets(*out);
    return rc;
}

static bool same_text(const json_t *a, const json_t *b, const char *key)
{
    const json_t *x = json_object_get(a, key);

    return x && json_equal(x, json_object_get(b, key));
}

/* A secret that is left out stays, for whom it was meant: it does not follow to another issuer or
 * mail server. who: what says who that is. */
static void keep_secret(json_t *fresh, const json_t *kept, const char *secret,
                        const char *const who[])
{
    if (!fresh || !json_object_get(kept, secret) || json_object_get(fresh, secret))
        return;
    for (int i = 0; who[i]; i++)
        if (!same_text(fresh, kept, who[i]))
            return;
    json_object_set(fresh, secret, json_object_get(kept, secret));
}

static void keep_secrets(json_t *fresh, const json_t *kept)
{
    static const char *const provider[] = {"name", "issuer", "client_id", NULL};
    static const char *const server[] = {"host", "user", NULL};
    json_t *one, *before;
    size_t i, k;

    json_array_foreach(json_object_get(fresh, "providers"), i, one)
    {
        json_array_foreach(json_object_get(kept, "providers"), k, before)
        {
            keep_secret(one, before, "client_secret", provider);
        }
    }
    keep_secret(json_object_get(json_object_get(fresh, "mail"), "smtp"),
                json_object_get(json_object_get(kept, "mail"), "smtp"), "password", server);
}

struct changing {
    const char *who;
    const json_t *settings, *expected;
    struct error *err;
};

/* What differs, for the audit. */
static void changed_keys(const json_t *before, const json_t *after, char *out, size_t size)
{
    static const char *const keys[] = {"public_url", "passwords", "lockout", "mail", "providers"};
    size_t n = 0;

    out[0] = '\0';
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (!json_equal(json_object_get(before, keys[i]), json_object_get(after, keys[i])) &&
            (json_object_get(before, keys[i]) || json_object_get(after, keys[i])))
            n += (size_t)snprintf(out + n, size - n, "%s%s", n ? ", " : "", keys[i]);
}

/* What is kept can be read at the next start: so it is checked first. */
static int put(struct store *s, const json_t *before, json_t *after, struct changing *c)
{
    struct identity_settings *read;
    char *text, detail[80];
    int rc = identity_settings_read(after, &read, c->err);

    if (rc)
        return rc;
    identity_settings_unref(read);
    text = json_dumps(after, JSON_COMPACT);
    rc = text ? store_setting_put(s, "identity", text) : -ENOMEM;
    free(text);
    changed_keys(before, after, detail, sizeof(detail));
    return rc ? rc : store_audit(s, c->who, "settings.update", "sign-in", detail);
}

static int change_run(struct store *s, void *arg)
{
    struct changing *c = arg;
    json_t *kept, *all;
    int rc = load(s, &kept, c->err);

    if (rc)
        return rc;
    all = json_deep_copy(c->settings);
    keep_secrets(all, kept);
    rc = put(s, kept, all, c);
    if (!rc && c->expected) {
        forget_secrets(kept);
        rc = json_equal(kept, c->expected) ? 0 : -ESTALE;
    }
    json_decref(all);
    json_decref(kept);
    return rc;
}

int identity_settings_change(struct identity *id, struct store *s, const char *who,
                             const json_t *settings, const json_t *expected, struct error *err)
{
    struct error said = {0};
    struct changing c = {.who = who, .settings = settings, .expected = expected, .err = &said};
    int rc = identity_change(id, s, change_run, &c);

    if (!rc)
        return identity_load(id, s, err);
    if (rc == -ESTALE)
        return error_set(err, rc, "settings", "look at them again, then change them",
                         "somebody else has changed them since");
    if (rc != -EINVAL)
        return identity_store_error(s, rc, err);
    if (err)
        *err = said;
    return rc;
}
