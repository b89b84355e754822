/* Sessions: opened, refreshed, ended.
 *
 * A refresh token is random the first time; each following pair is derived from the token that was
 * shown and a random salt that is kept with it (token_follow). So the same token shown twice gives
 * the same pair, as two tabs that refresh together need, and there is never more than one line of
 * tokens: whoever stole one and the user cannot both go on for longer than IDENTITY_GRACE_MS
 * without one of them showing a spent token, which revokes the session. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/log.h"
#include "identity/identity_priv.h"

enum { FOLLOW_MAX = 16, SESSIONS_MAX = 100, DEVICES_MAX = 50 };

static int add_token(struct store *s, const char *text, char kind, int64_t session,
                     int64_t expires_ms)
{
    struct store_token t = {.kind = kind, .session = session, .expires_ms = expires_ms};

    token_hash(text, t.hash);
    return store_token_add(s, &t);
}

static int add_pair(struct store *s, const struct session_tokens *t)
{
    int rc = add_token(s, t->access, 'a', t->session, t->access_expires_ms);

    return rc ? rc : add_token(s, t->refresh, 'r', t->session, t->refresh_expires_ms);
}

/* ---- opening -------------------------------------------------------------------------------- */

void session_prepare(struct identity *id, struct session_open *o)
{
    struct session_tokens *t = &o->out->tokens;
    unsigned char bits[32];

    o->now_ms = identity_now(id);
    identity_token(id, "ka_", t->access);
    identity_token(id, "kr_", t->refresh);
    id->config.random(bits, sizeof(bits));
    base64url_encode(bits, sizeof(bits), t->csrf);
    t->access_expires_ms = o->now_ms + IDENTITY_ACCESS_MS;
    t->refresh_expires_ms = o->now_ms + IDENTITY_REFRESH_MS;
    identity_token(id, "kd_", o->out->device);
}

static int add_device(struct session_open *o, struct store *s)
{
    struct store_ticket t = {
        .kind = "device", .user = o->user.id, .expires_ms = o->now_ms + IDENTITY_DEVICE_MS};

    int rc;

    if (o->keep_device) {
        o->out->device[0] = '\0';
        return 0;
    }
    token_hash(o->out->device, t.hash);
    rc = store_ticket_add(s, &t);
    return rc ? rc : store_ticket_trim(s, "device", o->user.id, DEVICES_MAX);
}

/* What a client says of itself, as printable ASCII. */
static void copy_said(char *out, size_t size, const char *said)
{
    size_t n = 0;

    for (; said && said[n] && n + 1 < size; n++)
        out[n] = said[n] >= ' ' && said[n] <= '~' ? said[n] : '?';
    out[n] = '\0';
}

int session_run(struct session_open *o, struct store *s)
{
    struct session_tokens *t = &o->out->tokens;
    struct store_session session = {.user = o->user.id, .expires_ms = t->refresh_expires_ms};
    char object[40];
    int rc;

    snprintf(session.csrf, sizeof(session.csrf), "%s", t->csrf);
    snprintf(session.how, sizeof(session.how), "%s", o->how);
    copy_said(session.address, sizeof(session.address), o->from->address);
    copy_said(session.agent, sizeof(session.agent), o->from->agent);
    rc = store_session_add(s, &session, &t->session);
    t->user = o->user.id;
    if (!rc)
        rc = add_pair(s, t);
    if (!rc)
        rc = store_session_trim(s, o->user.id, SESSIONS_MAX, "too many sessions");
    if (!rc)
        rc = add_device(o, s);
    if (!rc)
        rc = store_user_signed_in(s, o->user.id);
    snprintf(object, sizeof(object), "session %lld", (long long)t->session);
    if (!rc)
        rc = store_audit(s, o->user.email, "session.open", object, o->how);
    return rc;
}

/* ---- refreshing ----------------------------------------------------------------------------- */

struct refresh {
    const char *token;
    char salt[BASE64URL_ROOM(32)];
    int64_t now_ms;
    struct session_tokens *out;
    struct store_session session;
    int verdict; /* 0, -EACCES */
    bool reused;
};

static void follow(const char *token, const char *salt, struct session_tokens *t)
{
    char refresh[IDENTITY_TOKEN_MAX];

    token_follow(token, salt, "access", "ka_", t->access);
    token_follow(token, salt, "refresh", "kr_", refresh);
    snprintf(t->refresh, sizeof(t->refresh), "%s", refresh); /* token may be t->refresh */
}

static int rotate(struct refresh *r, struct store *s, const char *hash)
{
    struct session_tokens *t = r->out;
    int rc = store_token_use(s, hash, r->salt);

    follow(r->token, r->salt, t);
    t->access_expires_ms = r->now_ms + IDENTITY_ACCESS_MS;
    t->refresh_expires_ms = r->now_ms + IDENTITY_REFRESH_MS;
    if (!rc)
        rc = add_pair(s, t);
    if (!rc)
        rc = store_session_extend(s, r->session.id, t->refresh_expires_ms);
    return rc ? rc : store_session_seen(s, r->session.id, r->now_ms);
}

static int reuse(struct refresh *r, struct store *s)
{
    char object[40];
    int rc = store_session_revoke(s, r->session.id, "a spent refresh token was shown");

    r->verdict = -EACCES;
    r->reused = true;
    snprintf(object, sizeof(object), "session %lld", (long long)r->session.id);
    return rc ? rc
              : store_audit(s, "system", "session.revoke", object,
                            "a spent refresh token was shown: it may be stolen");
}

/* The token was spent a moment ago: its successor, or that one's, that is not spent. */
static int again(struct refresh *r, struct store *s, struct store_token *spent)
{
    struct store_token t = *spent;
    struct session_tokens *out = r->out;
    char hash[TOKEN_HASH_MAX];
    int rc;

    snprintf(out->refresh, sizeof(out->refresh), "%s", r->token);
    for (int i = 0; t.used_ms; i++) {
        if (i == FOLLOW_MAX || r->now_ms - t.used_ms > IDENTITY_GRACE_MS)
            return reuse(r, s);
        follow(out->refresh, t.salt, out);
        token_hash(out->refresh, hash);
        rc = store_token_get(s, hash, &t);
        if (rc)
            return rc;
    }
    out->refresh_expires_ms = t.expires_ms;
    token_hash(out->access, hash);
    rc = store_token_get(s, hash, &t);
    if (!rc)
        out->access_expires_ms = t.expires_ms;
    return rc;
}

/* The session of the token, if both are good. -ENOENT: not. */
static int find_session(struct refresh *r, struct store *s, const char *hash, struct store_token *t)
{
    struct store_user user;
    int rc = store_token_get(s, hash, t);

    if (!rc && (t->kind != 'r' || t->expires_ms <= r->now_ms))
        rc = -ENOENT;
    if (!rc)
        rc = store_session_get(s, t->session, &r->session);
    if (!rc && (r->session.revoked_ms || r->session.expires_ms <= r->now_ms))
        rc = -ENOENT;
    if (!rc)
        rc = store_user_get(s, r->session.user, &user);
    return !rc && user.disabled ? -ENOENT : rc;
}

static int refresh_run(struct store *s, void *arg)
{
    struct refresh *r = arg;
    struct store_token t;
    char hash[TOKEN_HASH_MAX];
    int rc;

    token_hash(r->token, hash);
    rc = find_session(r, s, hash, &t);
    if (rc) {
        r->verdict = -EACCES;
        return rc == -ENOENT ? 0 : rc;
    }
    r->verdict = 0;
    r->out->user = r->session.user;
    r->out->session = r->session.id;
    snprintf(r->out->csrf, sizeof(r->out->csrf), "%s", r->session.csrf);
    return t.used_ms ? again(r, s, &t) : rotate(r, s, hash);
}

int identity_refresh(struct identity *id, struct store *s, const char *refresh,
                     struct session_tokens *out)
{
    struct session_tokens tokens = {0};
    struct refresh r = {.token = refresh, .now_ms = identity_now(id), .out = &tokens};
    unsigned char bits[32];
    int rc;

    if (!refresh || !token_formed(refresh, "kr_"))
        return -EACCES;
    id->config.random(bits, sizeof(bits));
    base64url_encode(bits, sizeof(bits), r.salt);
    rc = identity_change(id, s, refresh_run, &r);
    if (rc)
        return rc;
    if (r.reused) {
        metric_add(metric(METRIC_SESSIONS_STOLEN), 1);
        log_warn("a spent refresh token was shown, its session is revoked", "session=%lld",
                 (long long)r.session.id);
    }
    if (!r.verdict)
        *out = tokens;
    return r.verdict;
}

/* ---- ending --------------------------------------------------------------------------------- */

struct ending {
    const char *token, *who;
    int64_t user, session, but, count;
};

static int revoke(struct store *s, int64_t session, const char *who, const char *why)
{
    char object[40];
    int rc = store_session_revoke(s, session, why);

    snprintf(object, sizeof(object), "session %lld", (long long)session);
    return rc ? rc : store_audit(s, who, "session.revoke", object, why);
}

static int sign_out_run(struct store *s, void *arg)
{
    struct ending *e = arg;
    struct store_session session;
    struct store_user user;
    struct store_token t;
    char hash[TOKEN_HASH_MAX];
    int rc;

    token_hash(e->token, hash);
    rc = store_token_get(s, hash, &t);
    if (!rc)
        rc = store_session_get(s, t.session, &session);
    if (!rc)
        rc = store_user_get(s, session.user, &user);
    return rc ? rc : revoke(s, session.id, user.email, "signed out");
}

int identity_sign_out(struct identity *id, struct store *s, const char *token)
{
    struct ending e = {.token = token};

    if (!token || (!token_formed(token, "ka_") && !token_formed(token, "kr_")))
        return -ENOENT;
    return identity_change(id, s, sign_out_run, &e);
}

static int revoke_run(struct store *s, void *arg)
{
    struct ending *e = arg;
    struct store_session session;
    int rc = store_session_get(s, e->session, &session);

    if (!rc && e->user && session.user != e->user)
        rc = -ENOENT;
    return rc ? rc : revoke(s, e->session, e->who, "revoked");
}

int identity_session_revoke(struct identity *id, struct store *s, const char *who, int64_t user,
                            int64_t session)
{
    struct ending e = {.who = who, .user = user, .session = session};

    return identity_change(id, s, revoke_run, &e);
}

static int revoke_all_run(struct store *s, void *arg)
{
    struct ending *e = arg;
    char object[40], detail[60];
    int rc = store_session_revoke_user(s, e->user, e->but, "revoked", &e->count);

    snprintf(object, sizeof(object), "user %lld", (long long)e->user);
    snprintf(detail, sizeof(detail), "%lld sessions", (long long)e->count);
    return rc || e->count == 0 ? rc : store_audit(s, e->who, "session.revoke", object, detail);
}

int identity_sessions_revoke(struct identity *id, struct store *s, const char *who, int64_t user,
                             int64_t but, int64_t *count)
{
    struct ending e = {.who = who, .user = user, .but = but};
    int rc = identity_change(id, s, revoke_all_run, &e);

    if (!rc && count)
        *count = e.count;
    return rc;
}
