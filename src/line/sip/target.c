#include "line/sip/target.h"

#include <string.h>

#include "line/sip/sip_priv.h"

static bool same(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
    return sip_same_host(a, b) && sip_port(a) == sip_port(b);
}

static struct target *find(struct targets *t, const struct sockaddr_storage *addr)
{
    for (unsigned i = 0; i < t->count; i++)
        if (same(&t->list[i].addr, addr))
            return &t->list[i];
    return NULL;
}

void targets_add(struct targets *t, const struct sockaddr_storage *addr, uint16_t priority,
                 uint16_t weight)
{
    if (t->count < TARGETS_MAX && !find(t, addr))
        t->list[t->count++] =
            (struct target){.addr = *addr, .priority = priority, .weight = weight};
}

void targets_renew(struct targets *t, const struct targets *fresh)
{
    struct targets all = *fresh;

    for (unsigned i = 0; i < all.count; i++) {
        const struct target *old = find(t, &all.list[i].addr);

        if (old)
            all.list[i].down_until_ms = old->down_until_ms;
    }
    *t = all;
}

/* RFC 2782: of those of one priority each with its share; without any weight all alike. */
static const struct target *by_weight(const struct targets *t, int64_t now_ms, uint16_t priority,
                                      uint32_t random)
{
    uint32_t sum = 0, at;
    const struct target *last = NULL;

    for (unsigned i = 0; i < t->count; i++)
        if (t->list[i].priority == priority && t->list[i].down_until_ms <= now_ms)
            sum += t->list[i].weight * 16u + 1;
    at = sum ? random % sum : 0;
    for (unsigned i = 0; i < t->count; i++) {
        const struct target *one = &t->list[i];

        if (one->priority != priority || one->down_until_ms > now_ms)
            continue;
        last = one;
        if (at < one->weight * 16u + 1)
            return one;
        at -= one->weight * 16u + 1;
    }
    return last;
}

const struct target *targets_pick(const struct targets *t, int64_t now_ms, uint32_t random)
{
    const struct target *best = NULL, *oldest = &t->list[0];

    for (unsigned i = 0; i < t->count; i++) {
        const struct target *one = &t->list[i];

        if (one->down_until_ms < oldest->down_until_ms)
            oldest = one;
        if (one->down_until_ms <= now_ms && (!best || one->priority < best->priority))
            best = one;
    }
    return best ? by_weight(t, now_ms, best->priority, random) : oldest;
}

void targets_down(struct targets *t, const struct sockaddr_storage *addr, int64_t now_ms)
{
    struct target *one = find(t, addr);

    if (one)
        one->down_until_ms = now_ms + TARGET_DOWN_MS;
}

bool targets_other(const struct targets *t, const struct sockaddr_storage *addr, int64_t now_ms)
{
    for (unsigned i = 0; i < t->count; i++)
        if (t->list[i].down_until_ms <= now_ms && !same(&t->list[i].addr, addr))
            return true;
    return false;
}

bool targets_has(const struct targets *t, const struct sockaddr_storage *addr)
{
    for (unsigned i = 0; i < t->count; i++)
        if (sip_same_host(&t->list[i].addr, addr))
            return true;
    return false;
}
