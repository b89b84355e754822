/* Passwords set, changed and reset; invitations taken up; the first administrator. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "identity/account_priv.h"

#define SETUP_MS INT64_C(86400000) /* 1 d */

int account_drop_tickets(struct store *s, int64_t user)
{
    int rc = store_ticket_drop(s, "invite", user);

    if (!rc)
        rc = store_ticket_drop(s, "reset", user);
    return rc ? rc : store_ticket_drop(s, "code", user);
}

struct setting {
    const char *who, *how;
    int64_t user, but; /* but: the session that stays */
    char text[PASSWORD_TEXT_MAX];
};

static int set_password(struct store *s, const struct setting *p)
{
    char object[40];
    int rc = store_user_password(s, p->user, p->text);

    if (!rc)
        rc = account_drop_tickets(s, p->user);
    if (!rc)
        rc = store_session_revoke_user(s, p->user, p->but, "the password was changed", NULL);
    account_object(object, "user", p->user);
    return rc ? rc : store_audit(s, p->who, "user.password", object, p->how);
}

static int set_run(struct store *s, void *arg)
{
    return set_password(s, arg);
}

int account_password_set(struct identity *id, struct store *s, const char *who, int64_t user,
                         const char *password, struct error *err)
{
    struct setting p = {.who = who, .how = "set", .user = user};
    struct store_user u;
    int rc = store_user_get(s, user, &u);

    if (rc)
        return account_store_error(s, rc, err);
    rc = account_password_rules(id, password, u.email, u.name, err);
    if (!rc)
        rc = account_hash(id, password, p.text, err);
    if (rc)
        return rc;
    rc = identity_change(id, s, set_run, &p);
    return rc ? account_store_error(s, rc, err) : 0;
}

int account_password_change(struct identity *id, struct store *s, const struct principal *p,
                            const char *old, const char *password, int64_t *wait_ms,
                            struct error *err)
{
    struct setting set = {
        .who = p->who, .how = "changed by its owner", .user = p->user, .but = p->session};
    int rc = account_password_rules(id, password, p->email, p->name, err);

    *wait_ms = 0;
    if (!rc)
        rc = password_confirm(id, s, p, old, wait_ms, err);
    if (!rc)
        rc = account_hash(id, password, set.text, err);
    if (rc)
        return rc;
    rc = identity_change(id, s, set_run, &set);
    return rc ? account_store_error(s, rc, err) : 0;
}

/* ---- reset ---------------------------------------------------------------------------------- */

struct resetting {
    struct attempt attempt;
    const char *who;
    struct store_user user; /* id 0: nobody */
    char ticket[TOKEN_HASH_MAX];
    int64_t now_ms;
    bool counted; /* by a stranger: throttled */
    bool invite;
};

static int reset_run(struct store *s, void *arg)
{
    struct resetting *r = arg;
    struct store_ticket t = {
        .kind = "reset", .user = r->user.id, .expires_ms = r->now_ms + ACCOUNT_RESET_MS};
    char object[40];
    int rc;

    if (r->invite) {
        snprintf(t.kind, sizeof(t.kind), "invite");
        t.expires_ms = r->now_ms + ACCOUNT_INVITE_MS;
    }
    rc = r->counted ? attempt_count(&r->attempt, s, r->now_ms) : 0;
    if (rc || r->attempt.wait_ms || !r->user.id)
        return rc;
    rc = store_ticket_drop(s, t.kind, r->user.id);
    memcpy(t.hash, r->ticket, sizeof(t.hash));
    if (!rc)
        rc = store_ticket_add(s, &t);
    account_object(object, "user", r->user.id);
    return rc ? rc
              : store_audit(s, r->who, r->invite ? "user.invite" : "user.reset", object,
                            r->invite ? "again" : "a link was made");
}

static bool mail_reset(struct identity *id, const struct store_user *u, const char *link)
{
    char text[ACCOUNT_LINK_MAX + 700];

    snprintf(text, sizeof(text),
             "Choose a new password for Kolcast within an hour:\n\n%s\n\n"
             "If you did not ask for this, do nothing: your password stays.\n\n"
             "לבחירת סיסמה חדשה ל-Kolcast בתוך שעה יש לפתוח את הקישור שלמעלה.\n"
             "אם לא ביקשת, אין צורך לעשות דבר: הסיסמה נשארת.\n",
             link);
    return identity_mail(id, u->email, "Kolcast: a new password", text);
}

int account_reset_request(struct identity *id, struct store *s, const char *email,
                          const char *address, int64_t *wait_ms, struct error *err)
{
    struct resetting r = {.who = "nobody", .now_ms = identity_now(id), .counted = true};
    char normal[STORE_EMAIL_MAX], ticket[TOKEN_TEXT_MAX], link[ACCOUNT_LINK_MAX];
    int rc;

    *wait_ms = 0;
    if (!email_normal(email, normal))
        return error_set(err, -EINVAL, "email", "write it as name@example.org",
                         "this is no e-mail address");
    rc = store_user_by_email(s, normal, &r.user);
    /* Who has no password comes in through a provider, or has an invitation. */
    if (rc || r.user.disabled || !r.user.password[0])
        r.user.id = 0;
    if (rc && rc != -ENOENT)
        return identity_store_error(s, rc, err);
    attempt_reset(&r.attempt, normal, address);
    identity_token(id, "kt_", ticket);
    token_hash(ticket, r.ticket);
    rc = identity_change(id, s, reset_run, &r);
    if (rc)
        return identity_store_error(s, rc, err);
    *wait_ms = r.attempt.wait_ms;
    if (r.attempt.wait_ms)
        return attempt_wait_error(&r.attempt, err);
    account_link(id, "reset", ticket, link);
    if (r.user.id)
        mail_reset(id, &r.user, link);
    return 0;
}

int account_link_again(struct identity *id, struct store *s, const char *who, int64_t user,
                       bool mail, char link[ACCOUNT_LINK_MAX], bool *mailed, int64_t *expires_ms,
                       struct error *err)
{
    struct resetting r = {.who = who, .now_ms = identity_now(id)};
    char ticket[TOKEN_TEXT_MAX];
    bool none;
    int rc = store_user_get(s, user, &r.user);

    if (rc)
        return account_store_error(s, rc, err);
    none = !r.user.password[0];
    if (r.user.disabled)
        return error_set(err, -EINVAL, "user", "enable it first", "the account is disabled");
    identity_token(id, "kt_", ticket);
    token_hash(ticket, r.ticket);
    r.invite = none;
    rc = identity_change(id, s, reset_run, &r);
    if (rc)
        return account_store_error(s, rc, err);
    account_link(id, none ? "invite" : "reset", ticket, link);
    *expires_ms = r.now_ms + (none ? ACCOUNT_INVITE_MS : ACCOUNT_RESET_MS);
    *mailed =
        mail && (none ? account_mail_invitation(id, &r.user, link) : mail_reset(id, &r.user, link));
    return 0;
}

/* ---- tickets taken up ----------------------------------------------------------------------- */

static int void_ticket(struct error *err)
{
    return error_set(err, -ENOENT, "link", "ask for a new one",
                     "this link was used already, or is too old");
}

int account_ticket_look(struct identity *id, struct store *s, const char *ticket,
                        struct store_user *out, bool *invited)
{
    char hash[TOKEN_HASH_MAX];
    struct store_ticket t;
    int rc;

    if (!ticket || !token_formed(ticket, "kt_"))
        return -ENOENT;
    token_hash(ticket, hash);
    rc = store_ticket_get(s, hash, "invite", &t);
    *invited = rc == 0;
    if (rc == -ENOENT)
        rc = store_ticket_get(s, hash, "reset", &t);
    if (!rc)
        rc = store_user_get(s, t.user, out);
    return !rc && out->disabled ? -ENOENT : rc;
}

struct taking {
    struct setting set;
    struct attempt password;
    char ticket[TOKEN_HASH_MAX], device[TOKEN_HASH_MAX];
    bool invited;
    int64_t now_ms;
};

static int take_run(struct store *s, void *arg)
{
    struct taking *t = arg;
    struct store_ticket taken, device = {.kind = "device",
                                         .user = t->set.user,
                                         .expires_ms = t->now_ms + IDENTITY_DEVICE_MS};
    int rc = store_ticket_take(s, t->ticket, t->invited ? "invite" : "reset", &taken);

    if (!rc)
        rc = set_password(s, &t->set);
    if (!rc)
        rc = attempt_succeed(&t->password, s, t->now_ms);
    memcpy(device.hash, t->device, sizeof(device.hash));
    return rc ? rc : store_ticket_add(s, &device);
}

int account_ticket_use(struct identity *id, struct store *s, const char *ticket,
                       const char *password, char device[IDENTITY_TOKEN_MAX], struct error *err)
{
    struct taking t = {.now_ms = identity_now(id)};
    struct sign_in_from from = {0};
    struct store_user u;
    int rc = account_ticket_look(id, s, ticket, &u, &t.invited);

    if (rc)
        return rc == -ENOENT ? void_ticket(err) : identity_store_error(s, rc, err);
    rc = account_password_rules(id, password, u.email, u.name, err);
    if (!rc)
        rc = account_hash(id, password, t.set.text, err);
    if (rc)
        return rc;
    token_hash(ticket, t.ticket);
    identity_token(id, "kd_", device);
    token_hash(device, t.device);
    t.set.who = u.email;
    t.set.how = t.invited ? "chosen after an invitation" : "chosen after a reset";
    t.set.user = u.id;
    rc = attempt_who(id, &t.password, s, 'p', u.email, 0, &from);
    t.password.n = 1; /* the account's failures, not the address's */
    if (!rc)
        rc = identity_change(id, s, take_run, &t);
    if (rc)
        return rc == -ENOENT ? void_ticket(err) : identity_store_error(s, rc, err);
    return 0;
}

/* ---- first run ------------------------------------------------------------------------------ */

int account_setup_needed(struct store *s, bool *needed)
{
    int64_t count;
    int rc = store_administrators(s, 0, &count);

    if (!rc)
        *needed = count == 0;
    return rc;
}

struct setup {
    struct store_user user;
    char ticket[TOKEN_HASH_MAX];
    int64_t now_ms;
};

static int none_yet(struct store *s)
{
    bool needed = false;
    int rc = account_setup_needed(s, &needed);

    return rc ? rc : needed ? 0 : -EALREADY;
}

static int setup_error(struct store *s, int rc, struct error *err)
{
    if (rc == -EALREADY)
        return error_set(err, -EEXIST, "set-up", "sign in; or kolcast user reset-password",
                         "there is an administrator already");
    return rc == -ENOENT ? void_ticket(err) : account_store_error(s, rc, err);
}

static int setup_link_run(struct store *s, void *arg)
{
    struct setup *p = arg;
    struct store_ticket t = {.kind = "setup", .expires_ms = p->now_ms + SETUP_MS};
    int rc = none_yet(s);

    if (!rc)
        rc = store_ticket_drop(s, "setup", 0);
    memcpy(t.hash, p->ticket, sizeof(t.hash));
    return rc ? rc : store_ticket_add(s, &t);
}

int account_setup_link(struct identity *id, struct store *s, char link[ACCOUNT_LINK_MAX],
                       struct error *err)
{
    struct setup p = {.now_ms = identity_now(id)};
    char ticket[TOKEN_TEXT_MAX];
    int rc;

    identity_token(id, "kt_", ticket);
    token_hash(ticket, p.ticket);
    rc = identity_change(id, s, setup_link_run, &p);
    if (rc)
        return setup_error(s, rc, err);
    account_link(id, "setup", ticket, link);
    return 0;
}

static int setup_run(struct store *s, void *arg)
{
    struct setup *p = arg;
    struct store_ticket t;
    int rc = none_yet(s);

    if (!rc)
        rc = store_ticket_take(s, p->ticket, "setup", &t);
    return rc ? rc : account_insert(s, p->user.email, &p->user, "at the first set-up");
}

int account_setup(struct identity *id, struct store *s, const char *ticket,
                  const struct account_new *a, int64_t *user, struct error *err)
{
    struct account_new admin = *a;
    struct setup p = {.now_ms = identity_now(id)};
    struct store_ticket t;
    int rc;

    if (!ticket || !token_formed(ticket, "kt_"))
        return void_ticket(err);
    token_hash(ticket, p.ticket);
    rc = store_ticket_get(s, p.ticket, "setup", &t); /* before an Argon2 run for a stranger */
    if (rc)
        return setup_error(s, rc, err);
    admin.role = ROLE_ADMINISTRATOR;
    rc = account_check(id, &admin, &p.user, err);
    if (!rc && !a->password)
        rc = error_set(err, -EINVAL, "password", "choose one", "no password");
    if (!rc)
        rc = account_hash(id, a->password, p.user.password, err);
    if (rc)
        return rc;
    rc = identity_change(id, s, setup_run, &p);
    if (rc)
        return setup_error(s, rc, err);
    *user = p.user.id;
    return 0;
}
