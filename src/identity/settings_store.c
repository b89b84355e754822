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

int identity_settings_show(struct store *s, json_t **out, struct error *err)
{
    json_t *all, *one;
    size_t i;
    int rc = load(s, &all, err);

    if (rc)
        return rc;
    json_array_foreach(json_object_get(all, "providers"), i, one)
        json_object_del(one, "client_secret");
    *out = all;
    return 0;
}

static bool same_text(const json_t *a, const json_t *b, const char *key)
{
    const json_t *x = json_object_get(a, key);

    return x && json_equal(x, json_object_get(b, key));
}

/* A secret goes on being used where it was: not at an issuer that was put in its place. */
static void keep_secret(json_t *fresh, const json_t *kept)
{
    json_t *one;
    size_t i;

    if (json_object_get(fresh, "client_secret"))
        return;
    json_array_foreach(json_object_get(kept, "providers"), i,
                       one) if (same_text(fresh, one, "name") && same_text(fresh, one, "issuer") &&
                                same_text(fresh, one, "client_id") &&
                                json_object_get(one, "client_secret"))
        json_object_set(fresh, "client_secret", json_object_get(one, "client_secret"));
}

struct changing {
    const char *who;
    char *text;
};

static int change_run(struct store *s, void *arg)
{
    struct changing *c = arg;
    int rc = store_setting_put(s, "identity", c->text);

    return rc ? rc : store_audit(s, c->who, "settings.update", "identity", "");
}

int identity_settings_change(struct identity *id, struct store *s, const char *who,
                             const json_t *settings, struct error *err)
{
    struct changing c = {.who = who};
    json_t *kept, *all, *one;
    size_t i;
    int rc = load(s, &kept, err);

    if (rc)
        return rc;
    all = json_deep_copy(settings);
    json_array_foreach(json_object_get(all, "providers"), i, one) keep_secret(one, kept);
    json_decref(kept);
    /* Checked and in use before it is kept: what is kept can be read at the next start. */
    rc = all ? identity_configure(id, all, err) : -ENOMEM;
    c.text = rc ? NULL : json_dumps(all, JSON_COMPACT);
    if (!rc) {
        rc = c.text ? identity_change(id, s, change_run, &c) : -ENOMEM;
        if (rc) {
            identity_store_error(s, rc, err);
            identity_load(id, s, NULL); /* as it was */
        }
    }
    free(c.text);
    json_decref(all);
    return rc;
}
