/* Four-way sets; the slot to replace goes round. Only hashes of good tokens come in, so nobody can
 * choose what falls into which set. */
#include "identity/cache.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { SETS = 512, WAYS = 4, SEEN_EVERY_MS = 60000 };

struct entry {
    char hash[TOKEN_HASH_MAX]; /* "": empty */
    int64_t epoch;
    struct auth_cached what;
};

struct set {
    struct entry ways[WAYS];
    unsigned next;
};

struct auth_cache {
    pthread_mutex_t lock;
    struct set sets[SETS];
};

int auth_cache_new(struct auth_cache **out)
{
    struct auth_cache *c = calloc(1, sizeof(*c));

    if (!c)
        return -ENOMEM;
    pthread_mutex_init(&c->lock, NULL);
    *out = c;
    return 0;
}

void auth_cache_free(struct auth_cache *c)
{
    if (!c)
        return;
    pthread_mutex_destroy(&c->lock);
    free(c);
}

static struct set *set_of(struct auth_cache *c, const char *hash)
{
    char head[5] = {hash[0], hash[1], hash[2], hash[3]};

    return &c->sets[strtoul(head, NULL, 16) % SETS];
}

static struct entry *find(struct set *set, const char *hash)
{
    for (int i = 0; i < WAYS; i++)
        if (memcmp(set->ways[i].hash, hash, TOKEN_HASH_MAX) == 0)
            return &set->ways[i];
    return NULL;
}

bool auth_seen_due(int64_t seen_ms, int64_t now_ms)
{
    return llabs(now_ms - seen_ms) >= SEEN_EVERY_MS;
}

bool auth_cache_get(struct auth_cache *c, const char hash[TOKEN_HASH_MAX], int64_t epoch,
                    int64_t now_ms, struct principal *out, bool *write)
{
    struct entry *e;

    pthread_mutex_lock(&c->lock);
    e = find(set_of(c, hash), hash);
    if (e && (e->epoch != epoch || (e->what.expires_ms && e->what.expires_ms <= now_ms))) {
        e->hash[0] = '\0';
        e = NULL;
    }
    if (e) {
        *out = e->what.principal;
        *write = auth_seen_due(e->what.seen_ms, now_ms);
        if (*write)
            e->what.seen_ms = now_ms;
    }
    pthread_mutex_unlock(&c->lock);
    return e != NULL;
}

void auth_cache_put(struct auth_cache *c, const char hash[TOKEN_HASH_MAX], int64_t epoch,
                    const struct auth_cached *in)
{
    struct set *set = set_of(c, hash);
    struct entry *e;

    pthread_mutex_lock(&c->lock);
    e = find(set, hash);
    for (int i = 0; i < WAYS && !e; i++)
        if (!set->ways[i].hash[0])
            e = &set->ways[i];
    if (!e)
        e = &set->ways[set->next++ % WAYS];
    memcpy(e->hash, hash, TOKEN_HASH_MAX);
    e->epoch = epoch;
    e->what = *in;
    pthread_mutex_unlock(&c->lock);
}
