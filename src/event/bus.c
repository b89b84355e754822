/* The ring. A publisher takes a number, marks its slot as being written, copies the event word by
 * word and marks it as whole; readers copy a slot and look whether its mark is still the same. A
 * slot's mark is 2n+1 while event n is written and 2n+2 when it is whole.
 *
 * A publisher that sleeps while the others go once around finds its slot's mark odd for them: they
 * do not wait for it but give their own event up and say so in the slot (`lost`). */
#include "event/bus.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/metric.h"

enum { WAKERS_MAX = 16, WORDS = (sizeof(struct event) + 7) / 8, PER_MS = 1000 };

/* A ring of 16,384 is 5 MB. */
_Static_assert(sizeof(struct event) <= 312, "events stay small");

struct slot {
    atomic_uint_fast64_t mark, lost; /* lost: number + 1 of an event that was given up here */
    atomic_uint_fast64_t words[WORDS];
};

struct bus_waker {
    void (*fn)(void *arg);
    void *arg;
    atomic_bool armed;
};

struct bus {
    const struct clock *clock;
    struct slot *slots; /* owned */
    uint64_t mask, first;
    atomic_uint_fast64_t head; /* the number the next event gets */
    struct bus_waker wakers[WAKERS_MAX];
    atomic_uint waker_count;
    struct metric_series *published[EVENT_TYPE_COUNT];
};

int bus_new(struct bus **out, const struct clock *clock, unsigned size)
{
    struct bus *b = calloc(1, sizeof(*b));
    uint64_t slots = 2;

    if (!b)
        return -ENOMEM;
    while (slots < size)
        slots *= 2;
    b->slots = calloc(slots, sizeof(*b->slots));
    if (!b->slots) {
        free(b);
        return -ENOMEM;
    }
    b->clock = clock;
    b->mask = slots - 1;
    /* Above every number of an earlier life that published less than 1,000 events each
     * millisecond, and below 2^53, which JavaScript can hold. */
    b->first = (uint64_t)clock_wall_ms(clock) * PER_MS;
    atomic_init(&b->head, b->first);
    for (int i = 0; i < EVENT_TYPE_COUNT; i++)
        b->published[i] = metric1(METRIC_EVENTS, event_name(i));
    *out = b;
    return 0;
}

void bus_free(struct bus *b)
{
    if (!b)
        return;
    free(b->slots);
    free(b);
}

static void wake(struct bus *b)
{
    unsigned n = atomic_load(&b->waker_count);

    for (unsigned i = 0; i < n && i < WAKERS_MAX; i++) {
        struct bus_waker *w = &b->wakers[i];

        /* Sequentially consistent with the slot's mark before: the reader arms, then looks. */
        if (atomic_load(&w->armed) && atomic_exchange(&w->armed, false))
            w->fn(w->arg);
    }
}

/* Whoever wrote here one turn of the ring ago must have finished. */
static bool claim(struct slot *s, uint64_t seq)
{
    uint_fast64_t mark = atomic_load_explicit(&s->mark, memory_order_relaxed);

    while (mark % 2 == 0 && mark < 2 * seq + 1)
        if (atomic_compare_exchange_weak_explicit(&s->mark, &mark, 2 * seq + 1,
                                                  memory_order_acq_rel, memory_order_relaxed))
            return true;
    return false;
}

uint64_t bus_publish(struct bus *b, const struct event *e)
{
    uint64_t seq, words[WORDS] = {0};
    struct event copy;
    struct slot *s;

    if (!b)
        return 0;
    seq = atomic_fetch_add_explicit(&b->head, 1, memory_order_relaxed);
    s = &b->slots[seq & b->mask];
    copy = *e;
    copy.seq = seq;
    if (!copy.at_ms)
        copy.at_ms = clock_wall_ms(b->clock);
    memcpy(words, &copy, sizeof(copy));
    metric_add(b->published[e->type], 1);
    if (!claim(s, seq)) {
        atomic_store_explicit(&s->lost, seq + 1, memory_order_release);
        wake(b);
        return seq;
    }
    for (unsigned i = 0; i < WORDS; i++)
        atomic_store_explicit(&s->words[i], words[i], memory_order_release);
    atomic_store(&s->mark, 2 * seq + 2);
    wake(b);
    return seq;
}

/* ---- reading --------------------------------------------------------------------------------- */

static uint64_t oldest(const struct bus *b, uint64_t head)
{
    return head - b->first > b->mask + 1 ? head - (b->mask + 1) : b->first;
}

void bus_follow(const struct bus *b, struct bus_cursor *c)
{
    c->next = atomic_load_explicit(&b->head, memory_order_acquire);
}

void bus_resume(const struct bus *b, struct bus_cursor *c, uint64_t last_seen)
{
    uint64_t head = atomic_load_explicit(&b->head, memory_order_acquire);

    /* From an earlier life, or (the clock was set back) from the future: something was missed, how
     * much is not known. */
    if (last_seen + 1 < b->first || last_seen >= head)
        c->next = oldest(b, head) - 1;
    else
        c->next = last_seen + 1;
}

static bool copy_slot(struct slot *s, uint64_t seq, struct event *out)
{
    uint64_t words[WORDS];

    /* Acquire: words of a newer event cannot be seen without its mark being seen below. */
    for (unsigned i = 0; i < WORDS; i++)
        words[i] = atomic_load_explicit(&s->words[i], memory_order_acquire);
    if (atomic_load_explicit(&s->mark, memory_order_relaxed) != 2 * seq + 2)
        return false;
    memcpy(out, words, sizeof(*out));
    return true;
}

/* The reader's place when its event is not there any more. */
static void skip_to(struct bus_cursor *c, uint64_t to, uint64_t *missed)
{
    *missed += to - c->next;
    metric_add(metric(METRIC_EVENTS_MISSED), (int64_t)(to - c->next));
    c->next = to;
}

int bus_next(struct bus *b, struct bus_cursor *c, struct event *out, uint64_t *missed)
{
    *missed = 0;
    for (;;) {
        uint64_t head = atomic_load_explicit(&b->head, memory_order_acquire), mark;
        struct slot *s;

        if (c->next < oldest(b, head))
            skip_to(c, oldest(b, head), missed);
        s = &b->slots[c->next & b->mask];
        if (c->next >= head)
            return 0;
        mark = atomic_load(&s->mark);
        if (mark == 2 * c->next + 2 && copy_slot(s, c->next, out)) {
            c->next++;
            return 1;
        }
        if (atomic_load_explicit(&s->lost, memory_order_acquire) == c->next + 1 ||
            atomic_load(&s->mark) > 2 * c->next + 2)
            skip_to(c, c->next + 1, missed);
        else
            return 0; /* being written: its publisher will wake us */
    }
}

int bus_waker_add(struct bus *b, void (*fn)(void *arg), void *arg, struct bus_waker **out)
{
    /* Added at start, by one thread at a time. */
    unsigned n = atomic_load(&b->waker_count);
    struct bus_waker *w = &b->wakers[n];

    if (n == WAKERS_MAX)
        return -ENOSPC;
    w->fn = fn;
    w->arg = arg;
    atomic_init(&w->armed, false);
    atomic_store(&b->waker_count, n + 1);
    *out = w;
    return 0;
}

void bus_arm(struct bus_waker *w)
{
    atomic_store(&w->armed, true);
}
