/* Sign-in and what a request acts as: passwords, second factor, sessions, throttles. account.h has
 * what is done to accounts and keys, oidc.h sign-in through OpenID providers, role.h who may what.
 *
 * One struct identity a process, used from any thread. Each call is given the calling thread's own
 * store connection for reading; changes go through the store's writer when there is one (the
 * service), else through that connection (commands). Calls block: on the disk, and those that take
 * a password for an Argon2id run, which is outside every lock.
 *
 * Time and randomness are passed in, so that tests run on virtual time. Functions return 0 or a
 * negative errno; what a person must read is in err. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "identity/password.h"
#include "identity/role.h"
#include "message/mail.h"
#include "store/store.h"
#include "store/writer.h"

struct identity;
struct oidc_fetch;

enum { IDENTITY_TOKEN_MAX = 52 }; /* a prefix such as "ka_", 43 characters that hold 256 bits */

#define IDENTITY_ACCESS_MS  INT64_C(3600000)     /* 1 h */
#define IDENTITY_REFRESH_MS INT64_C(2592000000)  /* 30 d */
#define IDENTITY_DEVICE_MS  INT64_C(15552000000) /* 180 d */
#define IDENTITY_GRACE_MS   INT64_C(20000)       /* two tabs that refresh at the same moment */

struct identity_config {
    const struct clock *clock;
    struct store_writer *writer;            /* NULL: through the caller's connection */
    void (*random)(void *buf, size_t size); /* NULL: random_bytes */
    struct password_cost cost;              /* zeroed: password_cost_default */
    unsigned hashes_max;                    /* Argon2 runs at once, 0: 2; each takes its memory */
    unsigned hashes_waiting_max; /* callers that wait for one, 0: 1; the next one gets -EBUSY */
    /* Takes mails into its queue and is configured from the settings; NULL: no mail, links are only
     * handed out. How long an answer takes must not tell who has an account: so nothing here waits
     * for a mail. */
    struct mailer *mailer;
    /* Instead of the mailer (commands, which may wait; tests). -ENOTCONN: there is no way. */
    int (*mail)(void *arg, const char *to, const char *subject, const char *text);
    void *mail_arg;
    /* One HTTP exchange with an OpenID provider, blocking. NULL: http/client.h. */
    int (*fetch)(void *arg, struct oidc_fetch *f, struct error *err);
    void *fetch_arg;
};

int identity_new(struct identity **out, const struct identity_config *config, struct error *err);
void identity_free(struct identity *id);

/* The setting "identity" of the store (docs/sign-in.md): public_url, OpenID providers. All of it
 * holds from now on, or on an error nothing has changed. NULL: the defaults. */
int identity_configure(struct identity *id, const json_t *settings, struct error *err);
/* The same from the store; nothing set: the defaults. At start, and after a change of settings. */
int identity_load(struct identity *id, struct store *s, struct error *err);

/* The setting with its secrets left out (an object to be released), {} when nothing is set. */
int identity_settings_show(struct store *s, json_t **out, struct error *err);
/* Checks it, keeps it (audited), and works by it from now on. A provider without client_secret
 * keeps the one it has, while its issuer and client_id are the same. expected (NULL: whatever is
 * there): what identity_settings_show gave; -ESTALE when it is no longer so. -EINVAL. */
int identity_settings_change(struct identity *id, struct store *s, const char *who,
                             const json_t *settings, const json_t *expected, struct error *err);
/* How mail goes by the settings; false: it does not. */
bool identity_mail_way(struct identity *id, struct mail_way *out);

/* ---- each request --------------------------------------------------------------------------- */

/* Who holds this access token or API key? -EACCES: nobody (unknown, expired, revoked, disabled).
 * Other errors are the store's. Served from a bounded cache that never outlives a change. */
int identity_authenticate(struct identity *id, struct store *s, const char *token,
                          struct principal *out);

/* ---- sign-in -------------------------------------------------------------------------------- */

struct session_tokens {
    int64_t user, session;
    char access[IDENTITY_TOKEN_MAX], refresh[IDENTITY_TOKEN_MAX], csrf[44];
    int64_t access_expires_ms, refresh_expires_ms;
};

/* From where: for the list of sessions, and for throttling. */
struct sign_in_from {
    const char *address; /* of the peer, as text */
    const char *agent;   /* User-Agent; may be NULL */
    const char *device;  /* what an earlier sign-in gave to this browser; may be NULL */
};

struct sign_in {
    const char *email, *password;
    const char *code; /* second factor: of the app, or a recovery code; NULL: not asked yet */
    struct sign_in_from from;
};

struct sign_in_answer {
    struct session_tokens tokens;
    char device[IDENTITY_TOKEN_MAX];    /* to be kept by the browser for IDENTITY_DEVICE_MS; "":
                                           it has one already */
    char challenge[IDENTITY_TOKEN_MAX]; /* with -ENOKEY */
    int64_t wait_ms;                    /* with -EAGAIN: no try before */
};

/* 0: signed in. -EACCES: no (one answer, and one Argon2 run, for every cause: unknown, disabled,
 * without a password, wrong). -ENOKEY: the password is right and a second factor is wanted:
 * identity_sign_in_code with out->challenge. -EAGAIN: too many tries, out->wait_ms. -EBUSY: too
 * many password checks at this moment.
 *
 * After 5 failures each further try waits: 1 s, 2 s, 4 s … at most 15 min for an account, from 20
 * failures on for an address. A browser that has signed in to the account before is counted by
 * itself (its device token), and a reset by mail makes one: so strangers' failures slow down
 * strangers, and never keep out the user. */
int identity_sign_in(struct identity *id, struct store *s, const struct sign_in *in,
                     struct sign_in_answer *out, struct error *err);
/* The second step, within 5 min. Same answers, no -ENOKEY. */
int identity_sign_in_code(struct identity *id, struct store *s, const char *challenge,
                          const char *code, const struct sign_in_from *from,
                          struct sign_in_answer *out, struct error *err);

/* New tokens for a refresh token, which is spent by it. Shown again within IDENTITY_GRACE_MS it
 * gives the same new tokens; later it is a stolen one: the session is revoked. -EACCES: sign in. */
int identity_refresh(struct identity *id, struct store *s, const char *refresh,
                     struct session_tokens *out);
/* Ends the session of a refresh or access token; -ENOENT: it is none. */
int identity_sign_out(struct identity *id, struct store *s, const char *token);
/* who: for the audit. -ENOENT: no such session of that user (user 0: of anybody). */
int identity_session_revoke(struct identity *id, struct store *s, const char *who, int64_t user,
                            int64_t session);
/* All of a user's, but for one (0: all). */
int identity_sessions_revoke(struct identity *id, struct store *s, const char *who, int64_t user,
                             int64_t but, int64_t *count);

/* Forgets what has expired. Sign-ins do it now and then; a service may do it when idle. */
int identity_tidy(struct identity *id, struct store *s);
