/* What is done to accounts: made, invited, changed, disabled; passwords set and reset; second
 * factor; API keys; the first administrator. Threads and conventions as in identity.h.
 *
 * who: the acting person for the audit (principal.who, "command line"). Every change is audited in
 * the transaction that makes it. Links are public_url with the ticket behind '#', which browsers
 * keep to themselves; without a public_url only that part. */
#pragma once

#include "identity/identity.h"

enum { ACCOUNT_LINK_MAX = 512, ACCOUNT_RECOVERY_CODES = 10, ACCOUNT_RECOVERY_MAX = 24 };

#define ACCOUNT_INVITE_MS INT64_C(604800000) /* 7 d */
#define ACCOUNT_RESET_MS  INT64_C(3600000)   /* 1 h */

struct account_new {
    const char *email, *name; /* name may be NULL: the part before the @ */
    enum role role;
    const char *password; /* NULL: none yet */
};

/* -EINVAL (address, name, role, password), -EEXIST. */
int account_add(struct identity *id, struct store *s, const char *who, const struct account_new *a,
                int64_t *user, struct error *err);
/* Makes the account without a password and mails a link to choose one. Again for an account that
 * never had a password: a new link, the old one is void. *mailed: false without a mail hook. */
int account_invite(struct identity *id, struct store *s, const char *who,
                   const struct account_new *a, int64_t *user, char link[ACCOUNT_LINK_MAX],
                   bool *mailed, struct error *err);
/* Email, name, role, disabled of u->id. version as in store_user_update. Disabled: its sessions are
 * revoked. -ESTALE, -ENOENT, -EEXIST, -EINVAL; -EPERM: it is the last administrator. */
int account_update(struct identity *id, struct store *s, const char *who,
                   const struct store_user *u, int64_t version, struct error *err);
int account_remove(struct identity *id, struct store *s, const char *who, int64_t user,
                   struct error *err);

/* ---- passwords ------------------------------------------------------------------------------ */

/* By an administrator. Revokes the user's sessions. */
int account_password_set(struct identity *id, struct store *s, const char *who, int64_t user,
                         const char *password, struct error *err);
/* By the user: the old one is asked for, and counted like a sign-in (-EACCES, -EAGAIN, -EBUSY).
 * Revokes the other sessions. */
int account_password_change(struct identity *id, struct store *s, const struct principal *p,
                            const char *old, const char *password, int64_t *wait_ms,
                            struct error *err);
/* Somebody says the password of this address is lost: a mail goes there if it has an account. The
 * answer is the same when it has none. -EAGAIN: asked too often, *wait_ms. */
int account_reset_request(struct identity *id, struct store *s, const char *email,
                          const char *address, int64_t *wait_ms, struct error *err);
/* A new link for an account: the invitation when it never had a password, else a reset. Mailed when
 * there is a hook and mail is true. The link before is void. */
int account_link_again(struct identity *id, struct store *s, const char *who, int64_t user,
                       bool mail, char link[ACCOUNT_LINK_MAX], bool *mailed, int64_t *expires_ms,
                       struct error *err);
/* Whose invitation or reset is this? -ENOENT: void. Takes nothing. */
int account_ticket_look(struct identity *id, struct store *s, const char *ticket,
                        struct store_user *out, bool *invited);
/* Chooses the password of an invitation or reset, once. Revokes the sessions, forgets the failures,
 * and gives a device token: the next sign-in of this browser is not held up by strangers' failures.
 * -ENOENT: void; -EINVAL: not a good password, the ticket stays good. */
int account_ticket_use(struct identity *id, struct store *s, const char *ticket,
                       const char *password, char device[IDENTITY_TOKEN_MAX], struct error *err);

/* ---- first run ------------------------------------------------------------------------------ */

/* Is there no administrator yet? */
int account_setup_needed(struct store *s, bool *needed);
/* A link that makes the first administrator, good for a day; the one before is void. -EEXIST:
 * there is an administrator. */
int account_setup_link(struct identity *id, struct store *s, char link[ACCOUNT_LINK_MAX],
                       struct error *err);
/* Role is Administrator whatever a says. -ENOENT: void ticket. -EEXIST: set up already. */
int account_setup(struct identity *id, struct store *s, const char *ticket,
                  const struct account_new *a, int64_t *user, struct error *err);

/* ---- second factor (RFC 6238: SHA-1, 6 digits, 30 s) ---------------------------------------- */

struct totp_offer {
    char secret[STORE_SECRET_MAX]; /* base32 */
    char uri[512];                 /* otpauth://, for a QR code */
};

/* A secret to be scanned; nothing changes until it is confirmed. The password is asked for, unless
 * the account has none (answers as account_password_change). -EEXIST: it is on already. */
int account_totp_offer(struct identity *id, struct store *s, const struct principal *p,
                       const char *password, struct totp_offer *out, int64_t *wait_ms,
                       struct error *err);
/* The app shows this code: the second factor is on. The recovery codes are shown this once.
 * -EACCES: wrong code; -EAGAIN; -ENOENT: nothing was offered. */
int account_totp_confirm(struct identity *id, struct store *s, const struct principal *p,
                         const char *code, char codes[ACCOUNT_RECOVERY_CODES][ACCOUNT_RECOVERY_MAX],
                         int64_t *wait_ms, struct error *err);
/* New recovery codes, for a right code; the old ones are void. */
int account_recovery_renew(struct identity *id, struct store *s, const struct principal *p,
                           const char *code,
                           char codes[ACCOUNT_RECOVERY_CODES][ACCOUNT_RECOVERY_MAX],
                           int64_t *wait_ms, struct error *err);
/* Off, by the user: the password is asked for (answers as account_password_change). */
int account_totp_end(struct identity *id, struct store *s, const struct principal *p,
                     const char *password, int64_t *wait_ms, struct error *err);
/* Off, by an administrator, for somebody who lost the device. */
int account_totp_clear(struct identity *id, struct store *s, const char *who, int64_t user,
                       struct error *err);

/* ---- API keys ------------------------------------------------------------------------------- */

/* scopes: bits of SCOPE_TABLE; the key never may more than its user's role. expires_ms 0: never.
 * key is shown this once. -EINVAL, -ENOENT. */
int account_key_add(struct identity *id, struct store *s, const char *who,
                    const struct store_key *in /* user, name, scopes, expires_ms */,
                    char key[IDENTITY_TOKEN_MAX], int64_t *key_id, struct error *err);
/* user 0: anybody's. */
int account_key_revoke(struct identity *id, struct store *s, const char *who, int64_t user,
                       int64_t key, struct error *err);
