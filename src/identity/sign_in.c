/* Signing in with a password, and the second step with a code.
 *
 * 1. The try is counted, or refused when it comes too soon (a transaction).
 * 2. One Argon2id run, whoever it is, outside every lock.
 * 3. What a right password leads to: the failures are forgotten, a challenge or a session (a
 *    transaction; the account is looked at again in it). */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "identity/identity_priv.h"

#define CHALLENGE_MS INT64_C(300000)

enum { CODE_ALARM = 10 }; /* wrong codes after a right password: the user should know */

struct signing_in {
    struct identity *id;
    struct attempt password, code;
    struct session_open open;
    const char *given_code; /* NULL: none yet */
    const char *challenge;  /* hash of the one to take; NULL: the password was given now */
    char next_challenge[TOKEN_HASH_MAX];
    char rehashed[PASSWORD_TEXT_MAX]; /* "": as it was */
    int64_t now_ms;
    int verdict; /* 0, -EACCES, -ENOKEY, -EAGAIN */
    bool alarm;
};

static int wrong(struct error *err)
{
    return error_set(err, -EACCES, "sign-in", "check both, or have the password reset",
                     "the address or the password is wrong");
}

static int wrong_code(struct error *err)
{
    return error_set(err, -EACCES, "code",
                     "take the code that the app shows now, or a recovery code",
                     "this code is wrong, or was used already");
}

/* ---- what follows a right password ---------------------------------------------------------- */

static int count_run(struct store *s, void *arg)
{
    struct signing_in *in = arg;
    char seconds[60];
    int rc = attempt_count(&in->password, s, in->now_ms);

    /* Once, when the delays begin. An address as typed: it may be of no account. */
    if (rc || in->password.wait_ms || in->password.by[0].counted != in->password.by[0].policy.free)
        return rc;
    snprintf(seconds, sizeof(seconds), "%d failures, from %.40s", in->password.by[0].policy.free,
             in->open.from->address ? in->open.from->address : "?");
    return store_audit(s, "nobody", "sign_in.slow", in->open.user.email, seconds);
}

static int uncount_run(struct store *s, void *arg)
{
    struct signing_in *in = arg;

    return attempt_uncount(&in->password, s, in->now_ms);
}

/* The code, counted. The verdict says how it went. */
static int take_code(struct signing_in *in, struct store *s)
{
    int rc = attempt_count(&in->code, s, in->now_ms);

    if (rc)
        return rc;
    if (in->code.wait_ms) {
        in->verdict = -EAGAIN;
        return 0;
    }
    rc = second_factor_take(s, &in->open.user, in->given_code, in->now_ms);
    if (rc == -ENOENT || rc == -EALREADY) {
        in->verdict = -EACCES;
        in->alarm = in->code.by[0].counted == CODE_ALARM;
        return 0;
    }
    return rc ? rc : attempt_succeed(&in->code, s, in->now_ms);
}

static int ask_code(struct signing_in *in, struct store *s)
{
    struct store_ticket t = {
        .kind = "code", .user = in->open.user.id, .expires_ms = in->now_ms + CHALLENGE_MS};

    memcpy(t.hash, in->next_challenge, sizeof(t.hash));
    in->verdict = -ENOKEY;
    return store_ticket_add(s, &t);
}

/* The account as it is now: what was checked outside may have changed. */
static int still_so(struct signing_in *in, struct store *s)
{
    struct store_user now;
    int rc = store_user_get(s, in->open.user.id, &now);

    if (rc == -ENOENT || (!rc && (now.disabled || strcmp(now.password, in->open.user.password)))) {
        in->verdict = -EACCES;
        return 0;
    }
    if (!rc)
        in->open.user = now;
    return rc;
}

static int enter_run(struct store *s, void *arg)
{
    struct signing_in *in = arg;
    struct store_ticket t;
    int rc = still_so(in, s);

    if (rc || in->verdict)
        return rc;
    rc = in->challenge ? 0 : attempt_succeed(&in->password, s, in->now_ms);
    if (!rc && in->rehashed[0])
        rc = store_user_password(s, in->open.user.id, in->rehashed);
    if (!rc && in->open.user.totp[0])
        rc = in->given_code ? take_code(in, s) : ask_code(in, s);
    if (!rc && !in->verdict && in->challenge)
        rc = store_ticket_take(s, in->challenge, "code", &t);
    if (rc || in->verdict)
        return rc;
    snprintf(in->open.how, sizeof(in->open.how), "password%s",
             in->open.user.totp[0] ? " and code" : "");
    return session_run(&in->open, s);
}

/* ---- around it ------------------------------------------------------------------------------ */

static void alarm_user(struct identity *id, const struct store_user *u)
{
    identity_mail(
        id, u->email, "Kolcast: somebody may know your password",
        "Somebody gave your password, and then several wrong codes of the second factor.\n"
        "If it was not you, change your password now.\n\n"
        "מישהו הקליד את הסיסמה שלך ואחריה כמה קודים שגויים של האימות הנוסף.\n"
        "אם לא היית זה את או אתה, יש להחליף את הסיסמה עכשיו.\n");
}

static int enter(struct identity *id, struct store *s, struct signing_in *in, struct error *err)
{
    struct sign_in_answer *out = in->open.out;
    char challenge[IDENTITY_TOKEN_MAX];
    int rc;

    session_prepare(id, &in->open);
    identity_token(id, "kt_", challenge);
    token_hash(challenge, in->next_challenge);
    rc = identity_change(id, s, enter_run, in);
    if (rc == -ENOENT) /* the challenge was taken at the same moment */
        return wrong_code(err);
    if (rc)
        return identity_store_error(s, rc, err);
    if (in->alarm)
        alarm_user(id, &in->open.user);
    if (in->verdict)
        memset(out, 0, sizeof(*out));
    switch (in->verdict) {
    case -ENOKEY:
        snprintf(out->challenge, sizeof(out->challenge), "%s", challenge);
        return error_set(err, -ENOKEY, "code", "give the code that your app shows",
                         "a second factor is needed");
    case -EAGAIN:
        identity_count("slowed");
        out->wait_ms = in->code.wait_ms;
        return attempt_wait_error(&in->code, err);
    case -EACCES:
        identity_count(in->given_code ? "wrong_code" : "wrong");
        return in->given_code ? wrong_code(err) : wrong(err);
    default:
        identity_count("done");
        identity_tidy_sometimes(id, s);
        return 0;
    }
}

/* A device of the user is kept; another user's is replaced. */
static int prepare_attempts(struct signing_in *in, struct store *s, const char *email)
{
    int rc = attempt_who(in->id, &in->password, s, 'p', email, in->open.user.id, in->open.from);

    if (!rc)
        rc = attempt_who(in->id, &in->code, s, 'c', email, in->open.user.id, in->open.from);
    in->open.keep_device = in->password.n == 1;
    return rc;
}

static int find_user(struct store *s, const char *email, bool formed, struct store_user *out)
{
    int rc = formed ? store_user_by_email(s, email, out) : -ENOENT;

    if (!rc)
        return 0;
    memset(out, 0, sizeof(*out));
    snprintf(out->email, sizeof(out->email), "%s", formed ? email : "?");
    return rc == -ENOENT ? 0 : rc;
}

/* Steps 1 and 2 (see the top). Also what a change of one's own password asks for. */
static int check_password(struct signing_in *in, struct store *s, const char *password,
                          struct error *err)
{
    const struct store_user *u = &in->open.user;
    bool usable = u->id && !u->disabled && u->password[0], stale = false;
    unsigned char salt[PASSWORD_SALT];
    int rc = identity_change(in->id, s, count_run, in);

    if (rc)
        return identity_store_error(s, rc, err);
    if (in->password.wait_ms) {
        identity_count("slowed");
        return attempt_wait_error(&in->password, err);
    }
    rc = hasher_check(in->id->hasher, usable ? u->password : NULL, password, &stale);
    if (rc == -EACCES) {
        identity_count("wrong");
        return wrong(err);
    }
    if (rc) {
        identity_count("busy");
        identity_change(in->id, s, uncount_run, in); /* it was no failure of theirs */
        return error_set(err, -EBUSY, "sign-in", "try again in a few seconds",
                         "too many sign-ins at this moment");
    }
    if (!stale)
        return 0;
    in->id->config.random(salt, sizeof(salt));
    if (hasher_hash(in->id->hasher, password, salt, in->rehashed))
        in->rehashed[0] = '\0'; /* another time */
    return 0;
}

int identity_sign_in(struct identity *id, struct store *s, const struct sign_in *in,
                     struct sign_in_answer *out, struct error *err)
{
    struct signing_in si = {.id = id,
                            .open = {.from = &in->from, .out = out},
                            .given_code = in->code && in->code[0] ? in->code : NULL,
                            .now_ms = identity_now(id)};
    char email[STORE_EMAIL_MAX];
    bool formed = email_normal(in->email, email);
    int rc = find_user(s, email, formed, &si.open.user);

    memset(out, 0, sizeof(*out));
    if (!rc)
        rc = prepare_attempts(&si, s, email);
    if (rc)
        return identity_store_error(s, rc, err);
    rc = check_password(&si, s, in->password, err);
    out->wait_ms = si.password.wait_ms;
    return rc ? rc : enter(id, s, &si, err);
}

int identity_sign_in_code(struct identity *id, struct store *s, const char *challenge,
                          const char *code, const struct sign_in_from *from,
                          struct sign_in_answer *out, struct error *err)
{
    struct signing_in si = {.id = id,
                            .open = {.from = from, .out = out},
                            .given_code = code,
                            .now_ms = identity_now(id)};
    char hash[TOKEN_HASH_MAX];
    struct store_ticket t;
    int rc;

    memset(out, 0, sizeof(*out));
    token_hash(challenge, hash);
    rc = store_ticket_get(s, hash, "code", &t);
    if (!rc)
        rc = store_user_get(s, t.user, &si.open.user);
    if (rc == -ENOENT)
        return error_set(err, -EACCES, "code", "sign in again", "too late: more than 5 min");
    if (!rc)
        rc = prepare_attempts(&si, s, si.open.user.email);
    if (rc)
        return identity_store_error(s, rc, err);
    si.challenge = hash;
    return enter(id, s, &si, err);
}

static int confirmed_run(struct store *s, void *arg)
{
    struct signing_in *in = arg;

    return attempt_succeed(&in->password, s, in->now_ms);
}

int password_confirm(struct identity *id, struct store *s, const struct principal *p,
                     const char *password, int64_t *wait_ms, struct error *err)
{
    struct sign_in_from from = {0};
    struct signing_in si = {.id = id, .open = {.from = &from}, .now_ms = identity_now(id)};
    int rc = store_user_get(s, p->user, &si.open.user);

    *wait_ms = 0;
    if (rc)
        return identity_store_error(s, rc, err);
    attempt_session(id, &si.password, p->session);
    rc = check_password(&si, s, password, err);
    *wait_ms = si.password.wait_ms;
    if (rc)
        return rc;
    rc = identity_change(id, s, confirmed_run, &si);
    return rc ? identity_store_error(s, rc, err) : 0;
}
