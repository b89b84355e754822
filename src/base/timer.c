/* The wheel: level 0 holds the current block of 256 ms a millisecond a slot, level n the 64 blocks
 * of level n-1's size around it, an overflow list what lies more than 49 days away.
 *
 * A timer's level is that of the highest bit in which its due time differs from now. So a timer is
 * put into level 0 only when now is already in its block, after all earlier ones of that block were
 * cascaded: timers due in the same millisecond fire in the order they were started.
 *
 * timer_stop does not know the wheel, so the occupancy bits may be stale: they are cleared when a
 * slot is found empty. */
#include "base/timer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    FINE_BITS = 8,
    COARSE_BITS = 6,
    LEVELS = 5,
    FINE = 1 << FINE_BITS,
    COARSE = 1 << COARSE_BITS
};
enum { RANGE_BITS = FINE_BITS + (LEVELS - 1) * COARSE_BITS };

struct wheel {
    int64_t now_ms;
    uint64_t fine_used[FINE / 64];
    uint64_t coarse_used[LEVELS - 1];
    struct list fine[FINE];
    struct list coarse[LEVELS - 1][COARSE];
    struct list overflow;
};

int wheel_new(struct wheel **out, int64_t now_ms)
{
    struct wheel *w = calloc(1, sizeof(*w));

    if (!w)
        return -ENOMEM;
    w->now_ms = now_ms;
    for (int i = 0; i < FINE; i++)
        list_init(&w->fine[i]);
    for (int l = 0; l < LEVELS - 1; l++)
        for (int i = 0; i < COARSE; i++)
            list_init(&w->coarse[l][i]);
    list_init(&w->overflow);
    *out = w;
    return 0;
}

static void forget(struct list *l)
{
    while (list_pop(l))
        ;
}

void wheel_free(struct wheel *w)
{
    if (!w)
        return;
    for (int i = 0; i < FINE; i++)
        forget(&w->fine[i]);
    for (int l = 0; l < LEVELS - 1; l++)
        for (int i = 0; i < COARSE; i++)
            forget(&w->coarse[l][i]);
    forget(&w->overflow);
    free(w);
}

static int shift_of(int level)
{
    return FINE_BITS + level * COARSE_BITS; /* of coarse level 0, 1, … */
}

static void place(struct wheel *w, struct timer *t)
{
    uint64_t diff = (uint64_t)t->due_ms ^ (uint64_t)w->now_ms;
    int level, i;

    if (diff < FINE) {
        i = (int)(t->due_ms & (FINE - 1));
        w->fine_used[i / 64] |= 1ull << (i % 64);
        list_append(&w->fine[i], &t->node);
        return;
    }
    if (diff >> RANGE_BITS) {
        list_append(&w->overflow, &t->node);
        return;
    }
    level = (63 - __builtin_clzll(diff) - FINE_BITS) / COARSE_BITS;
    i = (int)(t->due_ms >> shift_of(level)) & (COARSE - 1);
    w->coarse_used[level] |= 1ull << i;
    list_append(&w->coarse[level][i], &t->node);
}

void timer_start(struct wheel *w, struct timer *t, int64_t delay_ms)
{
    list_remove(&t->node);
    t->due_ms = w->now_ms + (delay_ms > 1 ? delay_ms : 1);
    place(w, t);
}

void timer_stop(struct timer *t)
{
    list_remove(&t->node);
}

/* The first set bit of used after i, -1 for none. */
static int bit_after(uint64_t used, int i)
{
    uint64_t rest = i >= 63 ? 0 : used & (~0ull << (i + 1));

    return rest ? __builtin_ctzll(rest) : -1;
}

static int fine_after(const struct wheel *w, int i)
{
    int word = i / 64, bit = bit_after(w->fine_used[word], i % 64);

    while (bit < 0 && ++word < FINE / 64)
        bit = w->fine_used[word] ? __builtin_ctzll(w->fine_used[word]) : -1;
    return bit < 0 ? -1 : word * 64 + bit;
}

/* The next moment after now at which a slot may hold something; *level -1 fine, LEVELS - 1
 * overflow. False when the wheel is empty. */
static bool next_moment(struct wheel *w, int64_t *at, int *level)
{
    int i = (int)(w->now_ms & (FINE - 1));

    while ((i = fine_after(w, i)) >= 0) {
        if (!list_empty(&w->fine[i])) {
            *at = (w->now_ms & ~(int64_t)(FINE - 1)) + i;
            *level = -1;
            return true;
        }
        w->fine_used[i / 64] &= ~(1ull << (i % 64));
    }
    for (int l = 0; l < LEVELS - 1; l++) {
        int64_t block = (int64_t)1 << shift_of(l);

        i = (int)(w->now_ms >> shift_of(l)) & (COARSE - 1);
        while ((i = bit_after(w->coarse_used[l], i)) >= 0) {
            if (!list_empty(&w->coarse[l][i])) {
                *at = (w->now_ms & ~(block * COARSE - 1)) + i * block;
                *level = l;
                return true;
            }
            w->coarse_used[l] &= ~(1ull << i);
        }
    }
    if (list_empty(&w->overflow))
        return false;
    *at = ((w->now_ms >> RANGE_BITS) + 1) << RANGE_BITS;
    *level = LEVELS - 1;
    return true;
}

/* Spreads a coarse slot over the levels below, in order. */
static void cascade(struct wheel *w, int level)
{
    struct list *from, all;
    struct list_node *n;

    if (level < LEVELS - 1) {
        int i = (int)(w->now_ms >> shift_of(level)) & (COARSE - 1);

        from = &w->coarse[level][i];
        w->coarse_used[level] &= ~(1ull << i);
    } else {
        from = &w->overflow;
    }
    list_init(&all);
    while ((n = list_pop(from)))
        list_append(&all, n);
    while ((n = list_pop(&all)))
        place(w, list_entry(n, struct timer, node));
}

static void fire(struct wheel *w)
{
    int i = (int)(w->now_ms & (FINE - 1));
    struct list_node *n;

    /* A timer started by a callback is due in a later millisecond, so this ends. */
    while ((n = list_pop(&w->fine[i]))) {
        struct timer *t = list_entry(n, struct timer, node);

        t->fn(t);
    }
    w->fine_used[i / 64] &= ~(1ull << (i % 64));
}

void wheel_advance(struct wheel *w, int64_t now_ms)
{
    int64_t at;
    int level;

    while (next_moment(w, &at, &level) && at <= now_ms) {
        w->now_ms = at;
        if (level >= 0)
            cascade(w, level);
        fire(w);
    }
    if (now_ms > w->now_ms)
        w->now_ms = now_ms;
}

int64_t wheel_now_ms(const struct wheel *w)
{
    return w->now_ms;
}

int64_t wheel_next_ms(const struct wheel *w)
{
    int64_t at;
    int level;

    /* next_moment only tidies stale bits. */
    if (!next_moment((struct wheel *)w, &at, &level))
        return -1;
    return at - w->now_ms;
}
