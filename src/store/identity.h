/* What the store keeps of accounts: users, their sessions and keys, single-use tickets, throttles,
 * links to OpenID providers. No secret that signs anybody in is kept in the clear: passwords are
 * Argon2id texts, tokens, keys, tickets and recovery codes are the SHA-256 of random text (hex).
 * The rules are those of identity/; here is what must change together.
 *
 * Same conventions as store/store.h: 0 or a negative errno, one connection a thread. A change that
 * takes a right away (role, disabled, revoked …) also moves the epoch, in the same transaction. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store;

/* Lowest first: who may do what a role may, may do what the roles before it may. */
#define ROLE_TABLE(X)                      \
    X(NONE, "none")                        \
    X(ANALYST, "Analyst")                  \
    X(CAMPAIGN_MANAGER, "CampaignManager") \
    X(ADMINISTRATOR, "Administrator")

enum role {
#define X(id, name) ROLE_##id,
    ROLE_TABLE(X)
#undef X
        ROLE_COUNT
};

const char *role_name(enum role r);
int role_from_name(const char *name); /* -1: none of them ("none" is no answer either) */

enum {
    STORE_EMAIL_MAX = 255,
    STORE_USER_NAME_MAX = 128,
    STORE_HASH_MAX = 65,      /* SHA-256 in hex */
    STORE_PASSWORD_MAX = 160, /* Argon2 text */
    STORE_SECRET_MAX = 65,    /* TOTP secret, base32 */
    STORE_LABEL_MAX = 128,
};

/* ---- users ---------------------------------------------------------------------------------- */

struct store_user {
    int64_t id, version; /* version moves with each change: for If-Match */
    char email[STORE_EMAIL_MAX], name[STORE_USER_NAME_MAX];
    enum role role;
    bool disabled;
    int64_t created_ms, signed_in_ms;    /* 0: never */
    char password[STORE_PASSWORD_MAX];   /* "": none (invited, or through a provider) */
    char totp[STORE_SECRET_MAX];         /* "": no second factor */
    char totp_pending[STORE_SECRET_MAX]; /* shown, not yet confirmed */
    int64_t totp_last;                   /* last time step that was accepted */
};

/* id, version, created_ms are given out. -EEXIST: that address has an account. */
int store_user_add(struct store *s, const struct store_user *u, int64_t *id);
int store_user_get(struct store *s, int64_t id, struct store_user *out);
int store_user_by_email(struct store *s, const char *email, struct store_user *out);
/* By id, after that id (0: from the first). fn returns nonzero to stop. */
int store_user_each(struct store *s, int64_t after, int (*fn)(void *arg, const struct store_user *),
                    void *arg);
/* Email, name, role and disabled. version 0: whatever it is now, else -ESTALE when it moved. */
int store_user_update(struct store *s, const struct store_user *u, int64_t version);
int store_user_remove(struct store *s, int64_t id); /* sessions, keys, tickets, links go with it */
int store_user_password(struct store *s, int64_t id, const char *text);
int store_user_signed_in(struct store *s, int64_t id);
/* Administrators that are not disabled, but for that one (0: all). */
int store_administrators(struct store *s, int64_t but, int64_t *count);

/* secret "" and pending "" end the second factor; its recovery codes go with it. */
int store_totp_set(struct store *s, int64_t user, const char *secret, const char *pending);
/* Takes a time step once and in order: -EALREADY for one that is not newer than the last. */
int store_totp_use(struct store *s, int64_t user, int64_t step);
int store_recovery_set(struct store *s, int64_t user, const char (*hashes)[STORE_HASH_MAX], int n);
int store_recovery_use(struct store *s, int64_t user, const char *hash); /* -ENOENT: not (again) */
int store_recovery_left(struct store *s, int64_t user, int64_t *count);

/* ---- sessions ------------------------------------------------------------------------------- */

struct store_session {
    int64_t id, user;
    char csrf[44];
    char how[STORE_LABEL_MAX]; /* "password", "password and code", "provider NAME" */
    char address[64], agent[200];
    int64_t created_ms, seen_ms, expires_ms;
    int64_t revoked_ms; /* 0: lives */
    char revoked_why[64];
};

int store_session_add(struct store *s, const struct store_session *in, int64_t *id);
int store_session_get(struct store *s, int64_t id, struct store_session *out);
/* Those of a user that live, newest first. */
int store_session_each(struct store *s, int64_t user,
                       int (*fn)(void *arg, const struct store_session *), void *arg);
int store_session_seen(struct store *s, int64_t id, int64_t seen_ms);
int store_session_extend(struct store *s, int64_t id, int64_t expires_ms);
int store_session_revoke(struct store *s, int64_t id, const char *why); /* -ENOENT: does not live */
int store_session_revoke_user(struct store *s, int64_t user, int64_t but, const char *why,
                              int64_t *count);

/* Revokes all but the newest keep ones. */
int store_session_trim(struct store *s, int64_t user, int64_t keep, const char *why);

/* A token of a session: access tokens expire, a refresh token is used once. */
struct store_token {
    char hash[STORE_HASH_MAX];
    char kind; /* 'a' access, 'r' refresh */
    int64_t session, expires_ms;
    int64_t used_ms;           /* refresh: when it was exchanged, 0: not yet */
    char salt[STORE_HASH_MAX]; /* refresh, used: what its successors were derived with */
};

int store_token_add(struct store *s, const struct store_token *t);
int store_token_get(struct store *s, const char *hash, struct store_token *out);
int store_token_use(struct store *s, const char *hash, const char *salt); /* -EALREADY */

/* ---- API keys ------------------------------------------------------------------------------- */

struct store_key {
    int64_t id, user;
    char name[STORE_USER_NAME_MAX];
    char prefix[16]; /* the beginning of the key, to tell keys apart */
    char hash[STORE_HASH_MAX];
    uint64_t scopes; /* bits of identity/role.h */
    int64_t created_ms, expires_ms /* 0: never */, used_ms /* 0: never */, revoked_ms;
};

int store_key_add(struct store *s, const struct store_key *k, int64_t *id);
int store_key_get(struct store *s, int64_t id, struct store_key *out);
/* user 0: everybody's. Revoked ones are left out. By id, after that id. */
int store_key_each(struct store *s, int64_t user, int64_t after,
                   int (*fn)(void *arg, const struct store_key *), void *arg);
int store_key_used(struct store *s, int64_t id, int64_t used_ms);
int store_key_revoke(struct store *s, int64_t id); /* -ENOENT: not there, or revoked already */

/* ---- who holds this token? ------------------------------------------------------------------ */

/* Everything that decides whether a token is good, read in one look. */
struct store_auth {
    int64_t user, session, key; /* session or key is 0 */
    enum role role;
    uint64_t scopes;
    int64_t expires_ms;                                     /* 0: never */
    int64_t seen_ms;                                        /* last use that was written down */
    char email[STORE_EMAIL_MAX], name[STORE_USER_NAME_MAX]; /* name: the key's, else the user's */
    char csrf[44];
};

/* The hash of an access token or API key. -ENOENT: unknown, revoked, or its user is disabled.
 * Expiry is the caller's to judge. */
int store_auth_find(struct store *s, const char *hash, struct store_auth *out);
/* Moves with every change that may take a right away, whoever made it: what was found at one epoch
 * holds while the epoch stays. Cheap when nothing was committed since the last look. Not inside a
 * transaction. */
int store_identity_epoch(struct store *s, int64_t *epoch);

/* ---- tickets: random text known by its hash, for one purpose -------------------------------- */

struct store_ticket {
    char hash[STORE_HASH_MAX];
    char kind[16]; /* "invite", "reset", "setup", "code" (second step), "device" (trusted) */
    int64_t user;  /* 0: nobody's */
    int64_t created_ms, expires_ms;
};

int store_ticket_add(struct store *s, const struct store_ticket *t);
int store_ticket_get(struct store *s, const char *hash, const char *kind, struct store_ticket *out);
/* Takes it: the second taker gets -ENOENT. */
int store_ticket_take(struct store *s, const char *hash, const char *kind,
                      struct store_ticket *out);
/* All of that kind of a user (0: those of nobody). */
int store_ticket_drop(struct store *s, const char *kind, int64_t user);
/* All but the newest keep ones. */
int store_ticket_trim(struct store *s, const char *kind, int64_t user, int64_t keep);

/* ---- throttles ------------------------------------------------------------------------------ */

struct store_throttle {
    int64_t count;   /* failures that count now */
    int64_t next_ms; /* no try before */
    int64_t last_ms; /* since when none was forgotten */
};

int store_throttle_get(struct store *s, const char *key, struct store_throttle *out); /* -ENOENT */
int store_throttle_put(struct store *s, const char *key, const struct store_throttle *t);
int store_throttle_drop(struct store *s, const char *key);

/* ---- links to OpenID providers -------------------------------------------------------------- */

int store_link_add(struct store *s, const char *issuer, const char *subject, int64_t user);
int store_link_find(struct store *s, const char *issuer, const char *subject, int64_t *user);

/* ---- housekeeping, settings ----------------------------------------------------------------- */

/* Forgets what has expired: sessions, tokens, tickets, throttles older than a day; keeps at most
 * throttles_max of the newest throttles. */
int store_identity_tidy(struct store *s, int64_t throttles_max);

/* *value is malloc'd. -ENOENT: not set. */
int store_setting_get(struct store *s, const char *key, char **value);
int store_setting_put(struct store *s, const char *key, const char *value); /* NULL: forget it */
