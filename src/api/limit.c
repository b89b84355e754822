#include "api/limit.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/rng.h"

/* A key may stand in one of WAYS places of its set; the one that was used longest ago makes room.
 * To be pushed out gives a full bucket: an attacker would need as many addresses. */
enum { SETS = 2048, WAYS = 8 };

struct bucket {
    uint64_t key;
    double tokens;
    int64_t at_us;
};

struct limiter {
    pthread_mutex_t lock;
    uint64_t seed;
    struct bucket buckets[SETS][WAYS];
};

int limiter_new(struct limiter **out)
{
    struct limiter *l = calloc(1, sizeof(*l));

    if (!l)
        return -ENOMEM;
    pthread_mutex_init(&l->lock, NULL);
    l->seed = random_u64();
    *out = l;
    return 0;
}

void limiter_free(struct limiter *l)
{
    if (!l)
        return;
    pthread_mutex_destroy(&l->lock);
    free(l);
}

static struct bucket *find(struct limiter *l, uint64_t key, double full, int64_t now_us)
{
    struct bucket *set = l->buckets[key % SETS], *oldest = &set[0];

    for (int i = 0; i < WAYS; i++) {
        if (set[i].key == key)
            return &set[i];
        if (set[i].at_us < oldest->at_us)
            oldest = &set[i];
    }
    *oldest = (struct bucket){.key = key, .tokens = full, .at_us = now_us};
    return oldest;
}

int64_t limiter_take(struct limiter *l, const char *who, double per_second, unsigned burst,
                     int64_t now_us)
{
    uint64_t key = hash_bytes(who, strlen(who), l->seed) | 1;
    struct bucket *b;
    int64_t wait_ms = 0;

    pthread_mutex_lock(&l->lock);
    b = find(l, key, burst, now_us);
    b->tokens += (double)(now_us - b->at_us) / 1e6 * per_second;
    if (b->tokens > burst)
        b->tokens = burst;
    b->at_us = now_us;
    if (b->tokens >= 1)
        b->tokens -= 1;
    else
        wait_ms = (int64_t)((1 - b->tokens) / per_second * 1000) + 1;
    pthread_mutex_unlock(&l->lock);
    return wait_ms;
}
