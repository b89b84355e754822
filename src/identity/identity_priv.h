/* What the files of identity/ share. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "base/metric.h"
#include "identity/cache.h"
#include "identity/identity.h"
#include "identity/settings.h"
#include "identity/throttle.h"
#include "identity/token.h"

struct oidc_cache;

struct identity {
    struct identity_config config;
    struct hasher *hasher;
    struct auth_cache *cache;
    struct oidc_cache *oidc;
    struct metric_series *cached, *stored, *refused;
    pthread_mutex_t lock;
    /* under lock */
    struct identity_settings *settings;
    unsigned char seal[32]; /* key of the cookies of sign-ins through providers */
    int64_t tidied_ms;
};

static inline int64_t identity_now(const struct identity *id)
{
    return clock_wall_ms(id->config.clock);
}

/* The settings of this moment, to be given back with identity_settings_unref. */
struct identity_settings *identity_settings(struct identity *id);

/* Runs fn in one transaction: of the writer, or of s. What fn returns other than 0 is undone and
 * given back; verdicts that must stay (a failure was counted) go into arg. fn must not return
 * what a writer takes for a sick store: -EACCES, -EBUSY, -EIO, -ENOMEM, -ENOSPC, -EBADMSG. */
int identity_change(struct identity *id, struct store *s, int (*fn)(struct store *s, void *arg),
                    void *arg);
/* Says a failure of the store in words, once. */
int identity_store_error(struct store *s, int rc, struct error *err);

/* Counts a sign-in: "done", "wrong" … (METRIC_SIGN_INS). */
static inline void identity_count(const char *result)
{
    metric_add(metric1(METRIC_SIGN_INS, result), 1);
}

void identity_token(struct identity *id, const char *prefix, char out[TOKEN_TEXT_MAX]);

/* Sends, when there is a hook; false when not. A failure is logged. */
bool identity_mail(struct identity *id, const char *to, const char *subject, const char *text);

/* Forgets what has expired, at most once an hour. */
void identity_tidy_sometimes(struct identity *id, struct store *s);

/* Small letters, no space around; false when it cannot be an address (and out is then cut). */
bool email_normal(const char *email, char out[STORE_EMAIL_MAX]);

/* ---- throttled attempts (attempt.c) --------------------------------------------------------- */

/* Something that may be guessed at, and who tries: counted before it is looked at, so that tries at
 * the same moment cannot slip through together. */
struct attempt {
    struct {
        char key[TOKEN_HASH_MAX + 8];
        struct throttle_policy policy;
        bool refund;     /* a success takes back one failure rather than all */
        int64_t counted; /* out: failures, this one included */
    } by[2];
    int n;
    int64_t wait_ms; /* out: > 0: not now, nothing was counted */
};

/* Counts against the device when it is one of that user (0: nobody), else against the account and
 * the address. kind: 'p' password, 'c' code. The device is looked up in s. */
int attempt_who(struct identity *id, struct attempt *a, struct store *s, char kind,
                const char *email, int64_t user, const struct sign_in_from *from);
/* A password asked for within a session: neither strangers nor a stolen session disturb sign-in. */
void attempt_session(struct identity *id, struct attempt *a, int64_t session);
/* A request for a mail that resets a password: each counts. */
void attempt_reset(struct attempt *a, const char *email, const char *address);
int attempt_count(struct attempt *a, struct store *s, int64_t now_ms);   /* in a transaction */
int attempt_succeed(struct attempt *a, struct store *s, int64_t now_ms); /* in a transaction */
int attempt_uncount(struct attempt *a, struct store *s, int64_t now_ms); /* in a transaction */
int attempt_wait_error(const struct attempt *a, struct error *err);      /* -EAGAIN */

/* Is it the user's password? Counted by session; answers as identity_sign_in, but no -ENOKEY. */
int password_confirm(struct identity *id, struct store *s, const struct principal *p,
                     const char *password, int64_t *wait_ms, struct error *err);

/* ---- second factor (totp.c) ----------------------------------------------------------------- */

/* Is it the code of the moment, or a recovery code? Takes it. 0, -EALREADY (right, but used),
 * -ENOENT (wrong), or the store's. In a transaction. */
int second_factor_take(struct store *s, const struct store_user *u, const char *code,
                       int64_t now_ms);
/* Only the code of the app, against that secret. *step out. */
bool totp_right(const char *secret, const char *code, int64_t now_ms, int64_t *step);

/* ---- sessions (session.c) ------------------------------------------------------------------- */

/* What a sign-in that succeeded leaves: fill user, how, from, prepare outside the transaction, run
 * inside it. */
struct session_open {
    struct store_user user;
    char how[STORE_LABEL_MAX];
    const struct sign_in_from *from;
    struct sign_in_answer *out;
    int64_t now_ms;
    bool keep_device; /* the browser has one already */
};
void session_prepare(struct identity *id, struct session_open *o);
int session_run(struct session_open *o, struct store *s);
