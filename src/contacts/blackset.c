/* The blacklist in memory: a map under a reader-writer lock. See blackset.h. */
#include "contacts/blackset.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/hash.h"

struct blackset {
    pthread_rwlock_t lock;
    struct map map; /* number → expiry as an integer, NEVER for none */
};

static const intptr_t NEVER = INTPTR_MAX;

int blackset_new(struct blackset **out)
{
    struct blackset *b = calloc(1, sizeof(*b));

    if (!b)
        return -ENOMEM;
    pthread_rwlock_init(&b->lock, NULL);
    *out = b;
    return 0;
}

void blackset_free(struct blackset *b)
{
    if (!b)
        return;
    pthread_rwlock_destroy(&b->lock);
    map_free(&b->map);
    free(b);
}

int blackset_add(struct blackset *b, uint64_t number, int64_t expires_ms)
{
    intptr_t expiry = expires_ms > 0 ? (intptr_t)expires_ms : NEVER;
    int rc = 0;

    if (number == 0)
        return -EINVAL;
    pthread_rwlock_wrlock(&b->lock);
    if ((intptr_t)map_get(&b->map, number) < expiry)
        rc = map_put(&b->map, number, (void *)expiry);
    pthread_rwlock_unlock(&b->lock);
    return rc;
}

void blackset_remove(struct blackset *b, uint64_t number)
{
    if (number == 0)
        return;
    pthread_rwlock_wrlock(&b->lock);
    map_del(&b->map, number);
    pthread_rwlock_unlock(&b->lock);
}

bool blackset_contains(const struct blackset *b, uint64_t number, int64_t now_ms)
{
    pthread_rwlock_t *lock = (pthread_rwlock_t *)&b->lock;
    intptr_t expiry;

    if (number == 0)
        return false;
    pthread_rwlock_rdlock(lock);
    expiry = (intptr_t)map_get(&b->map, number);
    pthread_rwlock_unlock(lock);
    return expiry != 0 && expiry > now_ms;
}

size_t blackset_count(const struct blackset *b)
{
    pthread_rwlock_t *lock = (pthread_rwlock_t *)&b->lock;
    size_t n;

    pthread_rwlock_rdlock(lock);
    n = b->map.count;
    pthread_rwlock_unlock(lock);
    return n;
}
