/* Whose account a provider's person is: linked before; else the one with the address that the
 * provider has verified; else a new one, where settings allow it. Roles by groups. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "identity/account_priv.h"
#include "identity/oidc_priv.h"

/* ---- what the provider says ----------------------------------------------------------------- */

/* "groups", or a path into objects ("realm_access.roles"). */
static const json_t *claim_at(const json_t *claims, const char *path)
{
    const json_t *found = json_object_get(claims, path);
    char step[128];

    while (!found && json_is_object(claims)) {
        size_t n = strcspn(path, ".");

        snprintf(step, sizeof(step), "%.*s", (int)n, path);
        claims = json_object_get(claims, step);
        if (!path[n])
            return claims;
        path += n + 1;
    }
    return found;
}

static enum role role_of(const struct provider *p, const char *group)
{
    for (int i = 0; i < p->role_count; i++)
        if (strcmp(p->roles[i].group, group) == 0)
            return p->roles[i].role;
    return ROLE_NONE;
}

/* The highest of the groups' roles. */
static enum role read_role(const struct provider *p, const json_t *claims)
{
    const json_t *groups = claim_at(claims, p->groups_claim), *one;
    enum role best = ROLE_NONE;
    size_t i;

    if (json_is_string(groups))
        best = role_of(p, json_string_value(groups));
    json_array_foreach((json_t *)groups, i, one)
    {
        enum role r = json_is_string(one) ? role_of(p, json_string_value(one)) : ROLE_NONE;

        best = r > best ? r : best;
    }
    return best;
}

/* Amazon Cognito's userinfo says "true" in words. */
static bool is_true(const json_t *value)
{
    return json_is_true(value) ||
           (json_is_string(value) && strcmp(json_string_value(value), "true") == 0);
}

/* A name as text for people, cut at a character. */
static void read_name(const json_t *claims, char out[STORE_USER_NAME_MAX])
{
    const char *name = json_string_value(json_object_get(claims, "name"));
    size_t n = 0;

    if (!name || !name[0])
        name = json_string_value(json_object_get(claims, "preferred_username"));
    for (; name && name[n] && n < STORE_USER_NAME_MAX - 1; n++)
        out[n] = iscntrl((unsigned char)name[n]) ? ' ' : name[n];
    if (name && name[n])
        while (n > 0 && ((unsigned char)name[n] & 0xc0) == 0x80)
            n--;
    out[n] = '\0';
}

/* Is it the person's, says the provider? */
static bool is_verified(const struct provider *p, const json_t *claims)
{
    const json_t *said = json_object_get(claims, "email_verified");

    return said ? is_true(said) : p->trust_email;
}

void oidc_read_person(const struct provider *p, const json_t *claims, struct oidc_person *out)
{
    const char *email = json_string_value(json_object_get(claims, "email"));

    memset(out, 0, sizeof(*out));
    snprintf(out->issuer, sizeof(out->issuer), "%s", p->issuer);
    snprintf(out->subject, sizeof(out->subject), "%s",
             json_string_value(json_object_get(claims, "sub")));
    if (!email || !is_verified(p, claims) || !email_normal(email, out->email))
        out->email[0] = '\0';
    read_name(claims, out->name);
    out->role_told = p->groups_claim[0] != '\0';
    out->role = out->role_told ? read_role(p, claims) : ROLE_NONE;
    if (out->role == ROLE_NONE)
        out->role = p->default_role;
}

/* ---- the account ---------------------------------------------------------------------------- */

enum refusal { REFUSED_NOT, REFUSED_UNKNOWN, REFUSED_UNVERIFIED, REFUSED_ROLE, REFUSED_DISABLED };

struct entering {
    const struct provider *provider;
    const struct oidc_person *who;
    struct session_open open;
    enum refusal refusal;
    bool kept_administrator;
};

static int link(struct entering *e, struct store *s, const char *how)
{
    char object[40], detail[700];
    int rc = store_link_add(s, e->who->issuer, e->who->subject, e->open.user.id);

    account_object(object, "user", e->open.user.id);
    snprintf(detail, sizeof(detail), "%s at %s, %s", e->who->subject, e->who->issuer, how);
    return rc ? rc : store_audit(s, e->open.user.email, "user.link", object, detail);
}

static int make_account(struct entering *e, struct store *s)
{
    struct store_user *u = &e->open.user;
    char how[64];
    int rc;

    if (!e->provider->create_users) {
        e->refusal = REFUSED_UNKNOWN;
        return 0;
    }
    if (e->who->role == ROLE_NONE) {
        e->refusal = REFUSED_ROLE;
        return 0;
    }
    memset(u, 0, sizeof(*u));
    snprintf(u->email, sizeof(u->email), "%s", e->who->email);
    snprintf(u->name, sizeof(u->name), "%.127s", e->who->name[0] ? e->who->name : e->who->email);
    u->role = e->who->role;
    snprintf(how, sizeof(how), "through %s", e->provider->name);
    rc = account_insert(s, u->email, u, how);
    return rc ? rc : link(e, s, "new");
}

static int find_account(struct entering *e, struct store *s)
{
    struct store_user *u = &e->open.user;
    int64_t user;
    int rc = store_link_find(s, e->who->issuer, e->who->subject, &user);

    if (!rc)
        return store_user_get(s, user, u);
    if (rc != -ENOENT)
        return rc;
    if (!e->who->email[0]) {
        e->refusal = REFUSED_UNVERIFIED;
        return 0;
    }
    rc = store_user_by_email(s, e->who->email, u);
    if (rc == -ENOENT)
        return make_account(e, s);
    if (rc)
        return rc;
    if (u->disabled || !e->provider->link_by_email) {
        e->refusal = u->disabled ? REFUSED_DISABLED : REFUSED_UNKNOWN;
        return 0;
    }
    return link(e, s, "by the verified address");
}

/* The groups' word on an account that exists. */
static int apply_role(struct entering *e, struct store *s)
{
    struct store_user changed = e->open.user;
    char object[40], detail[120];
    int rc;

    if (!e->who->role_told || e->who->role == e->open.user.role)
        return 0;
    if (e->who->role == ROLE_NONE) {
        e->refusal = REFUSED_ROLE;
        return 0;
    }
    rc = account_keep_administrator(s, &e->open.user, e->who->role, false);
    if (rc == -EPERM) {
        e->kept_administrator = true;
        return 0;
    }
    changed.role = e->who->role;
    if (!rc)
        rc = store_user_update(s, &changed, 0);
    account_object(object, "user", changed.id);
    snprintf(detail, sizeof(detail), "role %s → %s, by groups of %s", role_name(e->open.user.role),
             role_name(changed.role), e->provider->name);
    if (!rc)
        rc = store_audit(s, changed.email, "user.update", object, detail);
    if (!rc)
        e->open.user = changed;
    return rc;
}

static int enter_run(struct store *s, void *arg)
{
    struct entering *e = arg;
    int rc = find_account(e, s);

    if (!rc && !e->refusal && e->open.user.disabled)
        e->refusal = REFUSED_DISABLED;
    if (!rc && !e->refusal)
        rc = apply_role(e, s);
    if (rc || e->refusal)
        return rc;
    snprintf(e->open.how, sizeof(e->open.how), "provider %s", e->provider->name);
    return session_run(&e->open, s);
}

static int refused(const struct entering *e, struct error *err)
{
    const char *label = e->provider->label;

    switch (e->refusal) {
    case REFUSED_UNVERIFIED:
        return error_set(err, -EACCES, label, "confirm your e-mail address there, then come again",
                         "the provider does not vouch for your e-mail address");
    case REFUSED_ROLE:
        return error_set(err, -EACCES, label, "ask to be added to a group that may use Kolcast",
                         "none of your groups gives a role here");
    case REFUSED_DISABLED:
        return error_set(err, -EACCES, label, "ask an administrator", "your account is disabled");
    default:
        return error_set(err, -EACCES, label, "ask an administrator for an invitation",
                         "there is no account for you");
    }
}

/* A device token that is the user's stays. */
static int own_device(struct store *s, struct entering *e)
{
    const char *device = e->open.from->device;
    struct store_ticket t;
    char hash[TOKEN_HASH_MAX];
    int64_t user = 0;
    int rc;

    if (!device || !token_formed(device, "kd_"))
        return 0;
    token_hash(device, hash);
    rc = store_link_find(s, e->who->issuer, e->who->subject, &user);
    if (!rc)
        rc = store_ticket_get(s, hash, "device", &t);
    e->open.keep_device = !rc && t.user == user;
    return rc == -ENOENT ? 0 : rc;
}

int oidc_enter(struct identity *id, struct store *s, const struct provider *p,
               const struct oidc_person *who, const struct sign_in_from *from,
               struct sign_in_answer *out, struct error *err)
{
    struct entering e = {.provider = p, .who = who, .open = {.from = from, .out = out}};
    int rc = own_device(s, &e);

    session_prepare(id, &e.open);
    if (!rc)
        rc = identity_change(id, s, enter_run, &e);
    if (rc || e.refusal)
        memset(out, 0, sizeof(*out));
    if (rc)
        return identity_store_error(s, rc, err);
    if (e.refusal) {
        identity_count("wrong");
        return refused(&e, err);
    }
    if (e.kept_administrator)
        log_warn("the last administrator keeps the role, whatever the groups say", "user=%lld",
                 (long long)e.open.user.id);
    identity_count("done");
    identity_tidy_sometimes(id, s);
    return 0;
}
