/* kolcast user: the actions on accounts. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd/ui.h"
#include "cmd/users.h"

enum { PASSWORD_MAX = 1024 };

static int said(const struct error *err, int rc)
{
    return rc == -EIO || rc == -ENOSPC ? cmd_fail_as(err, CMD_STORE) : cmd_fail(err);
}

/* ---- list ----------------------------------------------------------------------------------- */

static json_t *user_json(const struct store_user *u)
{
    return json_pack("{s:I,s:s,s:s,s:s,s:b,s:b,s:b,s:o,s:o}", "id", (json_int_t)u->id, "email",
                     u->email, "name", u->name, "role", role_name(u->role), "disabled", u->disabled,
                     "second_factor", u->totp[0] != '\0', "password", u->password[0] != '\0',
                     "created", ui_json_time(u->created_ms), "signed_in",
                     ui_json_time(u->signed_in_ms));
}

static int list_row(void *arg, const struct store_user *u)
{
    ++*(int64_t *)arg;
    if (ui.json)
        return ui_json(user_json(u));
    ui_pad(stdout, u->email, 34);
    ui_pad(stdout, u->name, 22);
    printf("%-16s %s%s%s\n", role_name(u->role),
           u->signed_in_ms ? ui_local_time(u->signed_in_ms) : "never signed in",
           u->totp[0] ? "  second factor" : "", u->disabled ? "  disabled" : "");
    return ferror(stdout);
}

int users_list(struct users *u, const char *const *words, int n)
{
    int64_t count = 0;
    int rc = store_user_each(u->data.store, 0, list_row, &count);

    if (rc < 0)
        return cmd_store_error(u->data.store, rc, "list the accounts");
    ui_note("%s accounts", ui_count(count));
    return CMD_DONE;
}

/* ---- add ------------------------------------------------------------------------------------ */

static int parse_role(const char *name, enum role *out)
{
    int role = role_from_name(name);

    if (role < 0)
        return cmd_error(-EINVAL, name, "Administrator, CampaignManager or Analyst",
                         "this is no role");
    *out = (enum role)role;
    return CMD_DONE;
}

static int show_link(const char *email, const char *link, bool mailed)
{
    if (ui.json)
        return ui_json(json_pack("{s:s,s:s,s:b}", "email", email, "link", link, "mailed", mailed))
                   ? CMD_FAILED
                   : CMD_DONE;
    printf("%s%s\n%s\n", email,
           mailed ? " got this link by mail:" : ": give this link to the person:", link);
    if (link[0] == '/')
        ui_note("Put the address of the service before it; public_url in kolcast user settings "
                "does so.");
    return CMD_DONE;
}

static int invite(struct users *u, const struct account_new *a)
{
    char link[ACCOUNT_LINK_MAX];
    struct error err = {0};
    int64_t id;
    bool mailed;
    int rc = account_invite(u->id, u->data.store, u->who, a, &id, link, &mailed, &err);

    return rc ? said(&err, rc) : show_link(a->email, link, mailed);
}

int users_add(struct users *u, const char *const *words, int n)
{
    struct account_new a = {.email = words[0], .name = option_string(u->v, "name")};
    char password[PASSWORD_MAX];
    struct error err = {0};
    int64_t id;
    int rc = parse_role(option_string(u->v, "role"), &a.role);

    if (rc)
        return rc;
    if (option_flag(u->v, "invite"))
        return invite(u, &a);
    rc = users_password(password, sizeof(password));
    if (rc)
        return rc;
    a.password = password;
    rc = account_add(u->id, u->data.store, u->who, &a, &id, &err);
    explicit_bzero(password, sizeof(password));
    if (rc)
        return said(&err, rc);
    if (ui.json)
        return ui_json(json_pack("{s:I,s:s,s:s}", "id", (json_int_t)id, "email", a.email, "role",
                                 role_name(a.role)))
                   ? CMD_FAILED
                   : CMD_DONE;
    printf("%s may sign in as %s\n", a.email, role_name(a.role));
    return CMD_DONE;
}

/* ---- change --------------------------------------------------------------------------------- */

static int done(const struct store_user *user, const char *what)
{
    if (ui.json)
        return ui_json(user_json(user)) ? CMD_FAILED : CMD_DONE;
    printf("%s %s\n", user->email, what);
    return CMD_DONE;
}

static int update(struct users *u, struct store_user *user, const char *what)
{
    struct error err = {0};
    int rc = account_update(u->id, u->data.store, u->who, user, user->version, &err);

    return rc ? said(&err, rc) : done(user, what);
}

int users_role(struct users *u, const char *const *words, int n)
{
    struct store_user user;
    char what[60];
    int rc = users_find(u, words[0], &user);

    if (!rc)
        rc = parse_role(words[1], &user.role);
    if (rc)
        return rc;
    snprintf(what, sizeof(what), "is %s now", role_name(user.role));
    return update(u, &user, what);
}

static int set_disabled(struct users *u, const char *email, bool disabled)
{
    struct store_user user;
    int rc = users_find(u, email, &user);

    if (rc)
        return rc;
    user.disabled = disabled;
    return update(u, &user, disabled ? "may not sign in; sessions are ended" : "may sign in again");
}

int users_disable(struct users *u, const char *const *words, int n)
{
    return set_disabled(u, words[0], true);
}

int users_enable(struct users *u, const char *const *words, int n)
{
    return set_disabled(u, words[0], false);
}

int users_remove(struct users *u, const char *const *words, int n)
{
    struct error err = {0};
    struct store_user user;
    int rc = users_find(u, words[0], &user);

    if (rc)
        return rc;
    rc = account_remove(u->id, u->data.store, u->who, user.id, &err);
    return rc ? said(&err, rc) : done(&user, "is removed");
}

int users_reset_password(struct users *u, const char *const *words, int n)
{
    char password[PASSWORD_MAX], link[ACCOUNT_LINK_MAX];
    struct error err = {0};
    struct store_user user;
    int64_t expires;
    bool mailed;
    int rc = users_find(u, words[0], &user);

    if (rc)
        return rc;
    if (option_flag(u->v, "link")) {
        rc = account_link_again(u->id, u->data.store, u->who, user.id, true, link, &mailed,
                                &expires, &err);
        return rc ? said(&err, rc) : show_link(user.email, link, mailed);
    }
    rc = users_password(password, sizeof(password));
    if (rc)
        return rc;
    rc = account_password_set(u->id, u->data.store, u->who, user.id, password, &err);
    explicit_bzero(password, sizeof(password));
    return rc ? said(&err, rc) : done(&user, "has a new password; sessions are ended");
}

int users_no_second_factor(struct users *u, const char *const *words, int n)
{
    struct error err = {0};
    struct store_user user;
    int rc = users_find(u, words[0], &user);

    if (rc)
        return rc;
    rc = account_totp_clear(u->id, u->data.store, u->who, user.id, &err);
    user.totp[0] = '\0';
    return rc ? said(&err, rc) : done(&user, "signs in with the password alone");
}

int users_sign_out(struct users *u, const char *const *words, int n)
{
    struct store_user user;
    char what[60];
    int64_t count;
    int rc = users_find(u, words[0], &user);

    if (rc)
        return rc;
    rc = identity_sessions_revoke(u->id, u->data.store, u->who, user.id, 0, &count);
    if (rc)
        return cmd_store_error(u->data.store, rc, "end the sessions");
    snprintf(what, sizeof(what), "had %s sessions, which are ended", ui_count(count));
    return done(&user, what);
}
