#include "identity/settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "identity/password.h"

/* NIST SP 800-63B allows 8; whoever asks for more than 64 gets passwords on paper. */
enum { LENGTH_MIN = 8, LENGTH_MAX = 64, TRIES_MAX = 20 };
enum { WAIT_MIN_MS = 60 * 1000, WAIT_MAX_MS = 24 * 3600 * 1000 };

bool settings_is_url(const char *text)
{
    static const char *const starts[] = {"https://", "http://localhost", "http://127.0.0.1",
                                         "http://[::1]"};

    for (int i = 0; i < 4; i++) {
        size_t n = strlen(starts[i]);
        const char *rest = text + n;

        if (strncmp(text, starts[i], n) != 0)
            continue;
        if (i == 0)
            return *rest && !strchr("/?", *rest) && !strpbrk(rest, " \"<>\\#@");
        return strchr(":/", *rest) != NULL && !strpbrk(rest, " \"<>\\#@"); /* '\0' too */
    }
    return false;
}

static int text(const struct json_at *at, const char *key, bool required, char *out, size_t size,
                struct error *err)
{
    struct json_at value = json_key(at, key);
    const char *s = NULL;
    int rc = json_get_string(at, key, required, &s, err);

    if (rc || !s)
        return rc;
    if (strlen(s) >= size)
        return json_fail(&value, err, "write less", "longer than %zu bytes", size - 1);
    for (const char *p = s; *p; p++)
        if ((unsigned char)*p < ' ')
            return json_fail(&value, err, "leave it out", "it holds a control character");
    snprintf(out, size, "%s", s);
    return 0;
}

static int url(const struct json_at *at, const char *key, bool required, char *out, size_t size,
               struct error *err)
{
    struct json_at value = json_key(at, key);
    int rc = text(at, key, required, out, size, err);

    if (rc || !out[0])
        return rc;
    if (!settings_is_url(out) || strchr(out, '?'))
        return json_fail(&value, err, "write https://…, as the provider or your browser shows it",
                         "\"%.80s\" is no such address", out);
    return 0;
}

static int role(const struct json_at *at, const char *key, enum role *out, struct error *err)
{
    struct json_at value = json_key(at, key);
    const char *name = NULL;
    int r, rc = json_get_string(at, key, false, &name, err);

    if (rc || !name)
        return rc;
    r = role_from_name(name);
    if (r < 0)
        return json_fail(&value, err, "Administrator, CampaignManager or Analyst",
                         "\"%.40s\" is no role", name);
    *out = (enum role)r;
    return 0;
}

static int read_roles(const struct json_at *at, struct provider *p, struct error *err)
{
    struct json_at roles = json_key(at, "roles");
    const char *group;
    json_t *value;

    if (!roles.value)
        return 0;
    if (!json_is_object(roles.value))
        return json_fail(&roles, err, "{\"their group\": \"Analyst\"}", "must be an object");
    if (json_object_size(roles.value) > PROVIDER_ROLES_MAX)
        return json_fail(&roles, err, "use fewer groups", "more than %d groups",
                         PROVIDER_ROLES_MAX);
    json_object_foreach((json_t *)roles.value, group, value)
    {
        int i = p->role_count++, rc = role(&roles, group, &p->roles[i].role, err);

        if (rc)
            return rc;
        if (strlen(group) >= sizeof(p->roles[i].group))
            return json_fail(&roles, err, NULL, "the group's name is too long");
        snprintf(p->roles[i].group, sizeof(p->roles[i].group), "%s", group);
    }
    if (p->role_count > 0 && !p->groups_claim[0])
        return json_fail(&roles, err, "name the claim that lists the groups: \"groups_claim\"",
                         "roles by group need to know where the groups are told");
    return 0;
}

static int read_client(const struct json_at *at, struct provider *p, struct error *err)
{
    static const char *const names[] = {"basic", "post", "none"};
    struct json_at value = json_key(at, "client_auth");
    const char *auth = NULL;
    int i, rc = text(at, "client_id", true, p->client_id, sizeof(p->client_id), err);

    if (!rc)
        rc = text(at, "client_secret", false, p->client_secret, sizeof(p->client_secret), err);
    if (!rc)
        rc = json_get_string(at, "client_auth", false, &auth, err);
    if (rc)
        return rc;
    if (!auth)
        auth = p->client_secret[0] ? "basic" : "none";
    for (i = 0; i < 3 && strcmp(names[i], auth) != 0; i++)
        ;
    if (i == 3)
        return json_fail(&value, err, "basic, post or none", "\"%.40s\" is no way to sign in",
                         auth);
    if (i != PROVIDER_AUTH_NONE && !p->client_secret[0])
        return json_fail(at, err, "copy it from the provider's page of this client",
                         "client_secret is missing");
    p->auth = (enum provider_auth)i;
    return 0;
}

static int read_name(const struct json_at *at, struct identity_settings *s, struct provider *p,
                     struct error *err)
{
    struct json_at value = json_key(at, "name");
    int rc = text(at, "name", true, p->name, sizeof(p->name), err);

    if (rc)
        return rc;
    if (!p->name[0] || strspn(p->name, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(p->name))
        return json_fail(&value, err, "use a-z, 0-9 and -: it is part of an address",
                         "\"%.32s\" is not a usable name", p->name);
    if (provider_find(s, p->name))
        return json_fail(&value, err, "name each differently", "two providers are called %s",
                         p->name);
    memcpy(p->label, p->name, sizeof(p->name));
    return text(at, "label", false, p->label, sizeof(p->label), err);
}

static int read_provider(const struct json_at *at, struct identity_settings *s, struct error *err)
{
    static const char *const keys[] = {
        "name",         "label",         "issuer",       "client_id", "client_secret",
        "client_auth",  "scope",         "groups_claim", "roles",     "default_role",
        "create_users", "link_by_email", "trust_email",  NULL};
    struct provider *p = &s->providers[s->provider_count];
    int rc = json_only_keys(at, keys, err);

    snprintf(p->scope, sizeof(p->scope), "openid email profile");
    p->link_by_email = true;
    if (!rc)
        rc = read_name(at, s, p, err);
    if (!rc)
        rc = url(at, "issuer", true, p->issuer, sizeof(p->issuer), err);
    if (!rc)
        rc = read_client(at, p, err);
    if (!rc)
        rc = text(at, "scope", false, p->scope, sizeof(p->scope), err);
    if (!rc)
        rc = text(at, "groups_claim", false, p->groups_claim, sizeof(p->groups_claim), err);
    if (!rc)
        rc = read_roles(at, p, err);
    if (!rc)
        rc = role(at, "default_role", &p->default_role, err);
    if (!rc)
        rc = json_get_bool(at, "create_users", false, &p->create_users, err);
    if (!rc)
        rc = json_get_bool(at, "link_by_email", false, &p->link_by_email, err);
    if (!rc)
        rc = json_get_bool(at, "trust_email", false, &p->trust_email, err);
    s->provider_count += rc == 0;
    return rc;
}

static int read_providers(const struct json_at *at, struct identity_settings *s, struct error *err)
{
    struct json_at list = json_key(at, "providers");
    int rc = 0;

    if (!list.value)
        return 0;
    if (!json_is_array(list.value))
        return json_fail(&list, err, "[{\"name\": …}]", "must be a list");
    if (json_array_size(list.value) > PROVIDERS_MAX)
        return json_fail(&list, err, NULL, "more than %d providers", PROVIDERS_MAX);
    if (json_array_size(list.value) > 0 && !s->public_url[0])
        return json_fail(at, err, "set public_url to the address that browsers use",
                         "providers send browsers back to public_url, which is not set");
    for (int i = 0; i < (int)json_array_size(list.value) && !rc; i++) {
        struct json_at one = json_item(&list, i);

        rc = read_provider(&one, s, err);
    }
    return rc;
}

static int read_rules(const struct json_at *at, struct identity_settings *s, struct error *err)
{
    static const char *const password_keys[] = {"min_length", NULL};
    static const char *const lockout_keys[] = {"free_tries", "longest_wait", NULL};
    struct json_at passwords = json_key(at, "passwords"), lockout = json_key(at, "lockout");
    int64_t min = PASSWORD_MIN, tries = throttle_account.free, wait_ms = throttle_account.max_ms;
    int rc = 0;

    if (passwords.value) {
        rc = json_only_keys(&passwords, password_keys, err);
        if (!rc)
            rc = json_get_int(&passwords, "min_length", false, LENGTH_MIN, LENGTH_MAX, &min, err);
    }
    if (lockout.value && !rc) {
        rc = json_only_keys(&lockout, lockout_keys, err);
        if (!rc)
            rc = json_get_int(&lockout, "free_tries", false, 1, TRIES_MAX, &tries, err);
        if (!rc)
            rc = json_get_duration(&lockout, "longest_wait", false, WAIT_MIN_MS, WAIT_MAX_MS,
                                   &wait_ms, err);
    }
    s->password_min = (int)min;
    s->lockout = throttle_account;
    s->lockout.free = (int)tries;
    s->lockout.max_ms = wait_ms;
    s->lockout.forget_ms = 2 * wait_ms; /* who goes on for ever comes to wait that long */
    return rc;
}

int identity_settings_read(const json_t *json, struct identity_settings **out, struct error *err)
{
    static const char *const keys[] = {"public_url", "passwords", "lockout",
                                       "mail",       "providers", NULL};
    struct identity_settings *s = calloc(1, sizeof(*s));
    struct json_at at = json_root(json, "identity"), mail;
    size_t n;
    int rc;

    if (!s)
        return -ENOMEM;
    s->refs = 1;
    rc = json ? json_only_keys(&at, keys, err) : 0;
    if (json && !rc)
        rc = url(&at, "public_url", false, s->public_url, sizeof(s->public_url), err);
    if (!rc)
        rc = read_rules(&at, s, err);
    mail = json_key(&at, "mail");
    s->has_mail = mail.value != NULL;
    if (s->has_mail && !rc)
        rc = mail_way_read(&mail, &s->mail, err);
    if (json && !rc)
        rc = read_providers(&at, s, err);
    if (rc) {
        free(s);
        return rc;
    }
    n = strlen(s->public_url);
    if (n > 0 && s->public_url[n - 1] == '/')
        s->public_url[n - 1] = '\0';
    *out = s;
    return 0;
}

void identity_settings_unref(struct identity_settings *s)
{
    if (s && atomic_fetch_sub(&s->refs, 1) == 1) {
        explicit_bzero(s, sizeof(*s));
        free(s);
    }
}

const struct provider *provider_find(const struct identity_settings *s, const char *name)
{
    for (int i = 0; i < s->provider_count; i++)
        if (strcmp(s->providers[i].name, name) == 0)
            return &s->providers[i];
    return NULL;
}
