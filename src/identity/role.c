/* The names of scopes, and the one rule of who may do what. */
#include "identity/role.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <string.h>

static const struct {
    const char *name, *text;
} scopes[] = {
#define X(id, name, text) [SCOPE_##id] = {name, text},
    SCOPE_TABLE(X)
#undef X
};

static_assert(SCOPE_COUNT < 64, "scopes are bits of one number, and SCOPE_ALL must not overflow");

const char *scope_name(enum scope s)
{
    return scopes[s].name;
}

const char *scope_text(enum scope s)
{
    return scopes[s].text;
}

int scope_from_name(const char *name)
{
    for (int i = 0; i < SCOPE_COUNT; i++)
        if (strcmp(scopes[i].name, name) == 0)
            return i;
    return -1;
}

bool principal_may(const struct principal *p, enum role role, int scope)
{
    if (p->role == ROLE_NONE || p->role < role)
        return false;
    if (!p->key)
        return true;
    return scope >= 0 && scope < SCOPE_COUNT && (p->scopes & SCOPE_BIT(scope)) != 0;
}

bool principal_csrf(const struct principal *p, const char *given)
{
    size_t n = strlen(p->csrf);

    return given && n > 0 && strlen(given) == n && CRYPTO_memcmp(given, p->csrf, n) == 0;
}
