/* Accounts: made, invited, changed, removed; API keys. */
#include "identity/account.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "identity/account_priv.h"

int account_store_error(struct store *s, int rc, struct error *err)
{
    switch (rc) {
    case -EEXIST:
        return error_set(err, rc, "email", "use that account, or another address",
                         "this address has an account already");
    case -ESTALE:
        return error_set(err, rc, "user", "load it again, then make the change",
                         "somebody else has changed it meanwhile");
    case -ENOENT:
        return error_set(err, rc, "user", "look at the list of users", "no such user");
    case -EPERM:
        return error_set(err, rc, "user", "make somebody else an administrator first",
                         "it is the last administrator");
    default:
        return identity_store_error(s, rc, err);
    }
}

void account_object(char out[40], const char *kind, int64_t number)
{
    snprintf(out, 40, "%s %lld", kind, (long long)number);
}

void account_link(struct identity *id, const char *page, const char *ticket,
                  char link[ACCOUNT_LINK_MAX])
{
    struct identity_settings *settings = identity_settings(id);

    snprintf(link, ACCOUNT_LINK_MAX, "%s/%s#%s", settings->public_url, page, ticket);
    identity_settings_unref(settings);
}

/* ---- checks --------------------------------------------------------------------------------- */

/* Text that people will read: not empty, no control characters, short enough. */
static int check_name(const char *name, struct error *err)
{
    if (strlen(name) >= STORE_USER_NAME_MAX)
        return error_set(err, -EINVAL, "name", "write less", "longer than %d bytes",
                         STORE_USER_NAME_MAX - 1);
    for (const char *p = name; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            return error_set(err, -EINVAL, "name", "leave it out", "it holds a control character");
    return name[strspn(name, " ")] ? 0
                                   : error_set(err, -EINVAL, "name", "write a name", "it is empty");
}

static int check_role(enum role role, struct error *err)
{
    if (role > ROLE_NONE && role < ROLE_COUNT)
        return 0;
    return error_set(err, -EINVAL, "role", "Administrator, CampaignManager or Analyst",
                     "this is no role");
}

int account_password_rules(struct identity *id, const char *password, const char *email,
                           const char *name, struct error *err)
{
    struct identity_settings *s = identity_settings(id);
    int min = s->password_min;

    identity_settings_unref(s);
    return password_rules(password, min, email, name, err);
}

int account_check(struct identity *id, const struct account_new *a, struct store_user *out,
                  struct error *err)
{
    int rc;

    memset(out, 0, sizeof(*out));
    if (!a->email || !email_normal(a->email, out->email))
        return error_set(err, -EINVAL, "email", "write it as name@example.org",
                         "this is no e-mail address");
    if (a->name && a->name[0]) {
        rc = check_name(a->name, err);
        if (rc)
            return rc;
        snprintf(out->name, sizeof(out->name), "%s", a->name);
    } else {
        snprintf(out->name, sizeof(out->name), "%.*s", (int)strcspn(out->email, "@"), out->email);
    }
    out->role = a->role;
    rc = check_role(a->role, err);
    if (rc || !a->password)
        return rc;
    return account_password_rules(id, a->password, out->email, out->name, err);
}

int account_hash(struct identity *id, const char *password, char out[PASSWORD_TEXT_MAX],
                 struct error *err)
{
    unsigned char salt[PASSWORD_SALT];
    int rc;

    id->config.random(salt, sizeof(salt));
    rc = hasher_hash(id->hasher, password, salt, out);
    return rc ? error_set(err, rc, "password", "try again in a few seconds",
                          rc == -EBUSY ? "too many passwords are being checked at this moment"
                                       : "out of memory")
              : 0;
}

/* ---- adding --------------------------------------------------------------------------------- */

int account_insert(struct store *s, const char *who, struct store_user *u, const char *how)
{
    char object[40], detail[400];
    int rc = store_user_add(s, u, &u->id);

    if (rc)
        return rc;
    account_object(object, "user", u->id);
    snprintf(detail, sizeof(detail), "%s as %s, %s", u->email, role_name(u->role), how);
    return store_audit(s, who, "user.add", object, detail);
}

struct adding {
    const char *who;
    struct store_user user;
    char ticket[TOKEN_HASH_MAX];
    int64_t now_ms;
};

static int add_run(struct store *s, void *arg)
{
    struct adding *a = arg;

    return account_insert(s, a->who, &a->user, "with a password");
}

int account_add(struct identity *id, struct store *s, const char *who, const struct account_new *a,
                int64_t *user, struct error *err)
{
    struct adding add = {.who = who};
    int rc = account_check(id, a, &add.user, err);

    if (!rc && !a->password)
        rc = error_set(err, -EINVAL, "password", "give one, or invite", "no password");
    if (!rc)
        rc = account_hash(id, a->password, add.user.password, err);
    if (rc)
        return rc;
    rc = identity_change(id, s, add_run, &add);
    if (rc)
        return account_store_error(s, rc, err);
    *user = add.user.id;
    return 0;
}

/* ---- inviting ------------------------------------------------------------------------------- */

static int invite_run(struct store *s, void *arg)
{
    struct adding *a = arg;
    struct store_ticket t = {.kind = "invite", .expires_ms = a->now_ms + ACCOUNT_INVITE_MS};
    struct store_user there;
    char object[40];
    int rc = store_user_by_email(s, a->user.email, &there);

    if (rc == -ENOENT) {
        rc = account_insert(s, a->who, &a->user, "invited");
    } else if (!rc) {
        if (there.password[0] || there.signed_in_ms)
            return -EEXIST;
        a->user = there;
        account_object(object, "user", there.id);
        rc = store_audit(s, a->who, "user.invite", object, "again");
    }
    if (!rc)
        rc = store_ticket_drop(s, "invite", a->user.id);
    t.user = a->user.id;
    memcpy(t.hash, a->ticket, sizeof(t.hash));
    return rc ? rc : store_ticket_add(s, &t);
}

bool account_mail_invitation(struct identity *id, const struct store_user *u, const char *link)
{
    char text[ACCOUNT_LINK_MAX * 2 + 600];

    snprintf(text, sizeof(text),
             "You have an account at Kolcast (%s). Choose your password within 7 days:\n\n%s\n\n"
             "יש לך חשבון ב-Kolcast. יש לבחור סיסמה בתוך 7 ימים בקישור שלמעלה.\n",
             u->email, link);
    return identity_mail(id, u->email, "Kolcast: your invitation", text);
}

int account_invite(struct identity *id, struct store *s, const char *who,
                   const struct account_new *a, int64_t *user, char link[ACCOUNT_LINK_MAX],
                   bool *mailed, struct error *err)
{
    struct account_new plain = {.email = a->email, .name = a->name, .role = a->role};
    struct adding add = {.who = who, .now_ms = identity_now(id)};
    char ticket[TOKEN_TEXT_MAX];
    int rc = account_check(id, &plain, &add.user, err);

    if (rc)
        return rc;
    identity_token(id, "kt_", ticket);
    token_hash(ticket, add.ticket);
    rc = identity_change(id, s, invite_run, &add);
    if (rc)
        return account_store_error(s, rc, err);
    *user = add.user.id;
    account_link(id, "invite", ticket, link);
    *mailed = account_mail_invitation(id, &add.user, link);
    return 0;
}

/* ---- changing, removing --------------------------------------------------------------------- */

struct updating {
    const char *who;
    struct store_user user;
    int64_t version;
};

/* Would nobody be left who may administrate? */
int account_keep_administrator(struct store *s, const struct store_user *before, enum role role,
                               bool disabled)
{
    int64_t others;
    int rc;

    if (before->role != ROLE_ADMINISTRATOR || before->disabled ||
        (role == ROLE_ADMINISTRATOR && !disabled))
        return 0;
    rc = store_administrators(s, before->id, &others);
    return rc ? rc : others > 0 ? 0 : -EPERM;
}

static int audit_update(struct store *s, const char *who, const struct store_user *from,
                        const struct store_user *to)
{
    char object[40], detail[900];
    int n = 0;

    account_object(object, "user", to->id);
    detail[0] = '\0';
    if (strcmp(from->email, to->email) != 0)
        n += snprintf(detail + n, sizeof(detail) - (size_t)n, "; email %s → %s", from->email,
                      to->email);
    if (strcmp(from->name, to->name) != 0)
        n += snprintf(detail + n, sizeof(detail) - (size_t)n, "; name %s → %s", from->name,
                      to->name);
    if (from->role != to->role)
        n += snprintf(detail + n, sizeof(detail) - (size_t)n, "; role %s → %s",
                      role_name(from->role), role_name(to->role));
    if (from->disabled != to->disabled)
        snprintf(detail + n, sizeof(detail) - (size_t)n, "; %s",
                 to->disabled ? "disabled" : "enabled");
    return store_audit(s, who, "user.update", object, detail[0] ? detail + 2 : "nothing changed");
}

static int update_run(struct store *s, void *arg)
{
    struct updating *u = arg;
    struct store_user before;
    int rc = store_user_get(s, u->user.id, &before);

    if (!rc)
        rc = account_keep_administrator(s, &before, u->user.role, u->user.disabled);
    if (!rc)
        rc = store_user_update(s, &u->user, u->version);
    if (!rc && u->user.disabled && !before.disabled)
        rc = store_session_revoke_user(s, u->user.id, 0, "the account was disabled", NULL);
    /* A mail on its way to the old address must not open the account. */
    if (!rc && (u->user.disabled || strcmp(before.email, u->user.email) != 0))
        rc = account_drop_tickets(s, u->user.id);
    return rc ? rc : audit_update(s, u->who, &before, &u->user);
}

int account_update(struct identity *id, struct store *s, const char *who,
                   const struct store_user *u, int64_t version, struct error *err)
{
    struct account_new checked = {.email = u->email, .name = u->name, .role = u->role};
    struct updating up = {.who = who, .version = version};
    int rc = account_check(id, &checked, &up.user, err);

    if (rc)
        return rc;
    up.user.id = u->id;
    up.user.disabled = u->disabled;
    rc = identity_change(id, s, update_run, &up);
    return rc ? account_store_error(s, rc, err) : 0;
}

static int remove_run(struct store *s, void *arg)
{
    struct updating *u = arg;
    char object[40];
    int rc = store_user_get(s, u->user.id, &u->user);

    if (!rc)
        rc = account_keep_administrator(s, &u->user, ROLE_NONE, true);
    if (!rc)
        rc = store_user_remove(s, u->user.id);
    account_object(object, "user", u->user.id);
    return rc ? rc : store_audit(s, u->who, "user.remove", object, u->user.email);
}

int account_remove(struct identity *id, struct store *s, const char *who, int64_t user,
                   struct error *err)
{
    struct updating u = {.who = who, .user = {.id = user}};
    int rc = identity_change(id, s, remove_run, &u);

    return rc ? account_store_error(s, rc, err) : 0;
}
