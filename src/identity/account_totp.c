/* The second factor turned on and off, and its recovery codes. */
#include <errno.h>
#include <oath.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "identity/account_priv.h"

enum { SECRET_BYTES = 20, CODE_CHARS = 16 };

/* ---- offering ------------------------------------------------------------------------------- */

struct offering {
    int64_t user;
    const char *secret;
};

static int offer_run(struct store *s, void *arg)
{
    struct offering *o = arg;
    struct store_user u;
    int rc = store_user_get(s, o->user, &u);

    if (!rc && u.totp[0])
        rc = -EALREADY;
    return rc ? rc : store_totp_set(s, o->user, "", o->secret);
}

static int make_secret(struct identity *id, char out[STORE_SECRET_MAX])
{
    char bits[SECRET_BYTES], *text = NULL;
    size_t len;
    int rc;

    id->config.random(bits, sizeof(bits));
    rc = oath_base32_encode(bits, sizeof(bits), &text, &len);
    explicit_bzero(bits, sizeof(bits));
    if (rc != OATH_OK)
        return -ENOMEM;
    snprintf(out, STORE_SECRET_MAX, "%s", text);
    free(text);
    return 0;
}

/* otpauth://totp/Kolcast:dana%40example.org?secret=… (Key URI format). */
static void write_uri(const char *email, const char *secret, char *out, size_t size)
{
    size_t n = (size_t)snprintf(out, size, "otpauth://totp/Kolcast:");

    for (; *email && n + 4 < size; email++) {
        unsigned char c = (unsigned char)*email;
        bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';

        n += (size_t)snprintf(out + n, size - n, plain ? "%c" : "%%%02X", c);
    }
    snprintf(out + n, size - n, "?secret=%s&issuer=Kolcast", secret);
}

static int on_already(struct error *err)
{
    return error_set(err, -EEXIST, "second factor", "turn it off first",
                     "the second factor is on already");
}

int account_totp_offer(struct identity *id, struct store *s, const struct principal *p,
                       const char *password, struct totp_offer *out, int64_t *wait_ms,
                       struct error *err)
{
    struct offering o = {.user = p->user, .secret = out->secret};
    struct store_user u;
    int rc = store_user_get(s, p->user, &u);

    *wait_ms = 0;
    if (rc)
        return account_store_error(s, rc, err);
    if (u.password[0]) {
        rc = password_confirm(id, s, p, password, wait_ms, err);
        if (rc)
            return rc;
    }
    rc = make_secret(id, out->secret);
    if (!rc)
        rc = identity_change(id, s, offer_run, &o);
    if (rc)
        return rc == -EALREADY ? on_already(err) : account_store_error(s, rc, err);
    write_uri(u.email, out->secret, out->uri, sizeof(out->uri));
    return 0;
}

/* ---- recovery codes ------------------------------------------------------------------------- */

struct codes {
    const struct principal *who;
    struct attempt attempt;
    const char *code;
    int64_t now_ms;
    char hashes[ACCOUNT_RECOVERY_CODES][STORE_HASH_MAX];
    int verdict;
};

/* "abcd-efgh-jkmn-pqrs": 80 bits in letters and digits that are not mistaken for each other. */
static void make_codes(struct identity *id, struct codes *c,
                       char out[ACCOUNT_RECOVERY_CODES][ACCOUNT_RECOVERY_MAX])
{
    static const char alphabet[] = "abcdefghjkmnpqrstuvwxyz023456789";

    for (int i = 0; i < ACCOUNT_RECOVERY_CODES; i++) {
        unsigned char bits[CODE_CHARS];
        char plain[CODE_CHARS + 1];
        char *p = out[i];

        id->config.random(bits, sizeof(bits));
        for (int k = 0; k < CODE_CHARS; k++) {
            plain[k] = alphabet[bits[k] % 32];
            if (k > 0 && k % 4 == 0)
                *p++ = '-';
            *p++ = plain[k];
        }
        plain[CODE_CHARS] = *p = '\0';
        token_hash(plain, c->hashes[i]);
    }
}

static int count_code(struct codes *c, struct store *s)
{
    int rc = attempt_count(&c->attempt, s, c->now_ms);

    if (!rc && c->attempt.wait_ms)
        c->verdict = -EAGAIN;
    return rc;
}

static int keep_codes(struct codes *c, struct store *s, const char *action)
{
    char object[40];
    int rc = attempt_succeed(&c->attempt, s, c->now_ms);

    if (!rc)
        rc = store_recovery_set(s, c->who->user, (const char(*)[STORE_HASH_MAX])c->hashes,
                                ACCOUNT_RECOVERY_CODES);
    account_object(object, "user", c->who->user);
    return rc ? rc : store_audit(s, c->who->who, action, object, "");
}

static int confirm_run(struct store *s, void *arg)
{
    struct codes *c = arg;
    struct store_user u;
    int64_t step;
    int rc = store_user_get(s, c->who->user, &u);

    if (!rc && !u.totp_pending[0])
        rc = -EALREADY;
    if (!rc)
        rc = count_code(c, s);
    if (rc || c->verdict)
        return rc;
    if (!totp_right(u.totp_pending, c->code, c->now_ms, &step)) {
        c->verdict = -EACCES;
        return 0;
    }
    rc = store_totp_set(s, u.id, u.totp_pending, "");
    if (!rc)
        rc = store_totp_use(s, u.id, step);
    return rc ? rc : keep_codes(c, s, "user.second_factor_on");
}

static int renew_run(struct store *s, void *arg)
{
    struct codes *c = arg;
    struct store_user u;
    int rc = store_user_get(s, c->who->user, &u);

    if (!rc && !u.totp[0])
        rc = -EALREADY;
    if (!rc)
        rc = count_code(c, s);
    if (rc || c->verdict)
        return rc;
    rc = second_factor_take(s, &u, c->code, c->now_ms);
    if (rc == -ENOENT || rc == -EALREADY) {
        c->verdict = -EACCES;
        return 0;
    }
    return rc ? rc : keep_codes(c, s, "user.recovery_codes");
}

static int with_code(struct identity *id, struct store *s, const struct principal *p,
                     const char *code, int (*run)(struct store *s, void *arg),
                     char codes[ACCOUNT_RECOVERY_CODES][ACCOUNT_RECOVERY_MAX], int64_t *wait_ms,
                     struct error *err)
{
    struct codes c = {.who = p, .code = code, .now_ms = identity_now(id)};
    char fresh[ACCOUNT_RECOVERY_CODES][ACCOUNT_RECOVERY_MAX];
    int rc;

    *wait_ms = 0;
    attempt_session(id, &c.attempt, p->session);
    make_codes(id, &c, fresh);
    rc = identity_change(id, s, run, &c);
    if (rc == -EALREADY)
        return error_set(err, -ENOENT, "second factor", "begin with the code to be scanned",
                         "nothing waits to be confirmed");
    if (rc)
        return account_store_error(s, rc, err);
    *wait_ms = c.attempt.wait_ms;
    if (c.verdict == -EAGAIN)
        return attempt_wait_error(&c.attempt, err);
    if (c.verdict)
        return error_set(err, c.verdict, "code",
                         "see that the clock of your phone is right, and take the next code",
                         "this code is wrong, or was used already");
    memcpy(codes, fresh, sizeof(fresh));
    return 0;
}

int account_totp_confirm(struct identity *id, struct store *s, const struct principal *p,
                         const char *code, char codes[ACCOUNT_RECOVERY_CODES][ACCOUNT_RECOVERY_MAX],
                         int64_t *wait_ms, struct error *err)
{
    return with_code(id, s, p, code, confirm_run, codes, wait_ms, err);
}

int account_recovery_renew(struct identity *id, struct store *s, const struct principal *p,
                           const char *code,
                           char codes[ACCOUNT_RECOVERY_CODES][ACCOUNT_RECOVERY_MAX],
                           int64_t *wait_ms, struct error *err)
{
    return with_code(id, s, p, code, renew_run, codes, wait_ms, err);
}

/* ---- off ------------------------------------------------------------------------------------ */

struct clearing {
    const char *who;
    int64_t user;
};

static int clear_run(struct store *s, void *arg)
{
    struct clearing *c = arg;
    char object[40];
    int rc = store_totp_set(s, c->user, "", "");

    account_object(object, "user", c->user);
    return rc ? rc : store_audit(s, c->who, "user.second_factor_off", object, "");
}

int account_totp_clear(struct identity *id, struct store *s, const char *who, int64_t user,
                       struct error *err)
{
    struct clearing c = {.who = who, .user = user};
    int rc = identity_change(id, s, clear_run, &c);

    return rc ? account_store_error(s, rc, err) : 0;
}

int account_totp_end(struct identity *id, struct store *s, const struct principal *p,
                     const char *password, int64_t *wait_ms, struct error *err)
{
    int rc = password_confirm(id, s, p, password, wait_ms, err);

    return rc ? rc : account_totp_clear(id, s, p->who, p->user, err);
}
