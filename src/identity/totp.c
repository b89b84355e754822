/* Codes of an authenticator app (RFC 6238: SHA-1, 6 digits, 30 s; the step before and the one after
 * are taken too), each once; and recovery codes, each once. */
#include <ctype.h>
#include <errno.h>
#include <oath.h>
#include <stdlib.h>
#include <string.h>

#include "identity/identity_priv.h"

enum { STEP_S = 30, WINDOW = 1, DIGITS = 6, CODE_MAX = 40 };

/* Without the spaces and hyphens that people write, in small letters. */
static void plain_code(const char *code, char out[CODE_MAX])
{
    size_t n = 0;

    for (; *code && n < CODE_MAX - 1; code++)
        if (!isspace((unsigned char)*code) && *code != '-')
            out[n++] = (char)tolower((unsigned char)*code);
    out[n] = '\0';
}

static bool right(const char *secret, const char *plain, int64_t now_ms, int64_t *step)
{
    uint64_t counter = 0;
    char *key = NULL;
    size_t len;
    int rc;

    if (strlen(plain) != DIGITS || strspn(plain, "0123456789") != DIGITS)
        return false;
    if (oath_base32_decode(secret, strlen(secret), &key, &len) != OATH_OK)
        return false;
    rc = oath_totp_validate3(key, len, (time_t)(now_ms / 1000), STEP_S, 0, WINDOW, NULL, &counter,
                             plain);
    explicit_bzero(key, len);
    free(key);
    *step = (int64_t)counter;
    return rc >= 0;
}

bool totp_right(const char *secret, const char *code, int64_t now_ms, int64_t *step)
{
    char plain[CODE_MAX];

    plain_code(code, plain);
    return right(secret, plain, now_ms, step);
}

int second_factor_take(struct store *s, const struct store_user *u, const char *code,
                       int64_t now_ms)
{
    char plain[CODE_MAX], hash[TOKEN_HASH_MAX];
    int64_t step;

    plain_code(code, plain);
    if (right(u->totp, plain, now_ms, &step))
        return store_totp_use(s, u->id, step);
    if (strlen(plain) == DIGITS)
        return -ENOENT;
    token_hash(plain, hash);
    return store_recovery_use(s, u->id, hash);
}
