/* Tokens that were looked up, bounded. An entry holds only while the store's epoch is the one at
 * which it was read, so a change by anybody, in any process, makes it void at once; nothing needs
 * to be removed. Thread safe. */
#pragma once

#include "identity/role.h"
#include "identity/token.h"

struct auth_cache;

struct auth_cached {
    struct principal principal;
    int64_t expires_ms; /* 0: never */
    int64_t seen_ms;    /* last use that was written down */
};

int auth_cache_new(struct auth_cache **out);
void auth_cache_free(struct auth_cache *c);
/* seen_ms: when it differs from now by seen_every_ms or more, the entry's moves to now and *write
 * says that the use is to be written down. */
bool auth_cache_get(struct auth_cache *c, const char hash[TOKEN_HASH_MAX], int64_t epoch,
                    int64_t now_ms, struct principal *out, bool *write);
void auth_cache_put(struct auth_cache *c, const char hash[TOKEN_HASH_MAX], int64_t epoch,
                    const struct auth_cached *in);

/* Is a use at now worth writing down? */
bool auth_seen_due(int64_t seen_ms, int64_t now_ms);
