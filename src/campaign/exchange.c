/* The exchange: see exchange.h. What desks share and change is under one lock, held for a few
 * instructions per call; reading the lists has a lock of its own. */
#include "campaign/exchange.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/metric.h"
#include "campaign/notice.h"
#include "contacts/blackset.h"

enum { SECOND_MS = 1000, CPS_MOST = 10000, CREDIT_TURNS = 2 };

struct trunk_use {
    struct exchange *exchange;
    const char *name;
    unsigned calls, order;
    int64_t weight, credit;
    unsigned unheard;      /* calls ever, as last seen */
    struct pacing *pacing; /* owned */
};

struct change {
    const char *trunk;
    struct pacing_change change;
};

struct exchange {
    struct exchange_config config;
    struct store_writer *writer;
    struct blackset *blackset;
    struct line *line;
    atomic_bool used;

    pthread_mutex_t reading; /* store, black_seq, data_version */
    struct store *store;
    int64_t black_seq, data_version;

    pthread_mutex_t lock; /* what follows */
    struct trunk_use trunks[LINE_TRUNKS_MAX];
    struct pacing *total; /* owned; NULL: no rate over all */
    unsigned calls;
    double asked;          /* calls a second, by all campaigns that run */
    uint64_t change_count; /* ever */
    struct change changes[EXCHANGE_CHANGES_KEPT];
};

/* ---- the do-not-call lists ------------------------------------------------------------------ */

static int on_black(void *arg, uint64_t number, int64_t expires_ms)
{
    struct exchange *x = arg;

    if (expires_ms < 0) {
        blackset_remove(x->blackset, number);
        return 0;
    }
    return blackset_add(x->blackset, number, expires_ms);
}

int exchange_refresh(struct exchange *x)
{
    int64_t version, before;
    bool grown;
    int rc = 0;

    pthread_mutex_lock(&x->reading);
    before = x->black_seq;
    version = store_data_version(x->store);
    if (version != x->data_version || !x->line) {
        rc = store_black_changes(x->store, &x->black_seq, on_black, x);
        if (!rc)
            x->data_version = version;
    }
    grown = x->line && x->black_seq != before;
    pthread_mutex_unlock(&x->reading);
    if (grown)
        exchange_recheck(x);
    return rc;
}

bool exchange_blacklisted(struct exchange *x, uint64_t number, int64_t now_ms)
{
    return blackset_contains(x->blackset, number, now_ms);
}

/* ---- lines ---------------------------------------------------------------------------------- */

static bool comes_first(const struct trunk_use *a, const struct trunk_use *b)
{
    if (a->order != b->order)
        return a->order < b->order;
    return a->credit > b->credit;
}

/* Smooth weighted turns: each one of the order gains its weight, the one that is taken pays for
 * all. What one saves up, or owes, while others cannot be taken is bounded. */
static void pay(struct exchange *x, uint32_t trunks, struct trunk_use *taken)
{
    int64_t total = 0, most;

    for (unsigned i = 0; i < x->config.line.trunk_count; i++)
        if (trunks >> i & 1 && x->trunks[i].order == taken->order) {
            total += x->trunks[i].weight;
            x->trunks[i].credit += x->trunks[i].weight;
        }
    taken->credit -= total;
    most = CREDIT_TURNS * total;
    for (unsigned i = 0; i < x->config.line.trunk_count; i++) {
        struct trunk_use *t = &x->trunks[i];

        t->credit = t->credit > most ? most : t->credit < -most ? -most : t->credit;
    }
}

/* Under the lock. */
static int next_trunk(struct exchange *x, uint32_t trunks, int64_t now_us)
{
    unsigned count = x->config.line.trunk_count;
    uint32_t left = trunks;

    while (left) {
        struct trunk_use *t = NULL;

        for (unsigned i = 0; i < count; i++)
            if (left >> i & 1 && (!t || comes_first(&x->trunks[i], t)))
                t = &x->trunks[i];
        if (!t)
            return -1;
        left &= ~(1u << (t - x->trunks));
        if (!x->config.driver->ready(x->line, (int)(t - x->trunks)) ||
            !pacing_take(t->pacing, now_us, t->calls))
            continue;
        pay(x, trunks, t);
        return (int)(t - x->trunks);
    }
    return -1;
}

bool exchange_usable(struct exchange *x, uint32_t trunks, int64_t now_us, int64_t within_us)
{
    bool usable = false;

    pthread_mutex_lock(&x->lock);
    for (unsigned i = 0; i < x->config.line.trunk_count; i++)
        usable = usable || (trunks >> i & 1 && x->config.driver->ready(x->line, (int)i) &&
                            pacing_wait_us(x->trunks[i].pacing, now_us) < within_us);
    pthread_mutex_unlock(&x->lock);
    return usable;
}

uint32_t exchange_trunks(struct exchange *x, const struct line_trunk_config *named, unsigned count,
                         struct error *err)
{
    const struct line_config *line = &x->config.line;
    uint32_t found = 0;

    for (unsigned i = 0; i < count; i++) {
        unsigned n = 0;

        while (n < line->trunk_count && strcmp(line->trunks[n].name, named[i].name) != 0)
            n++;
        if (n == line->trunk_count) {
            error_set(err, -ENODEV, named[i].name,
                      "a trunk that was added while campaigns run counts once none does",
                      "the trunk %s is not open", named[i].name);
            return 0;
        }
        found |= 1u << n;
    }
    return count ? found : (1u << line->trunk_count) - 1;
}

int exchange_take(struct exchange *x, uint32_t trunks, int64_t now_us)
{
    int trunk = -1;

    pthread_mutex_lock(&x->lock);
    if (x->calls < x->config.line.calls_max && (!x->total || pacing_wait_us(x->total, now_us) == 0))
        trunk = next_trunk(x, trunks, now_us);
    /* A trunk's turn is spent only when the rate over all is, too: it was looked at above, under
     * the same lock. */
    if (trunk >= 0 && x->total && !pacing_take(x->total, now_us, 0))
        trunk = -1;
    if (trunk >= 0) {
        x->trunks[trunk].calls++;
        x->calls++;
    }
    pthread_mutex_unlock(&x->lock);
    return trunk;
}

void exchange_give(struct exchange *x, int trunk)
{
    pthread_mutex_lock(&x->lock);
    x->trunks[trunk].calls--;
    x->calls--;
    pthread_mutex_unlock(&x->lock);
}

void exchange_sign(struct exchange *x, int trunk, int64_t now_us, const struct pacing_event *e)
{
    pthread_mutex_lock(&x->lock);
    pacing_sign(x->trunks[trunk].pacing, now_us, e);
    pthread_mutex_unlock(&x->lock);
}

/* Under the lock. */
static void ask(struct exchange *x, double more)
{
    x->asked = x->asked + more > 0 ? x->asked + more : 0;
    for (unsigned i = 0; i < x->config.line.trunk_count; i++)
        pacing_ask(x->trunks[i].pacing, x->asked);
}

void exchange_join(struct exchange *x, double cps)
{
    pthread_mutex_lock(&x->lock);
    ask(x, cps);
    pthread_mutex_unlock(&x->lock);
}

void exchange_leave(struct exchange *x, double cps)
{
    pthread_mutex_lock(&x->lock);
    ask(x, -cps);
    pthread_mutex_unlock(&x->lock);
}

double exchange_cps(struct exchange *x)
{
    double cps = 0;

    pthread_mutex_lock(&x->lock);
    for (unsigned i = 0; i < x->config.line.trunk_count; i++)
        if (x->config.driver->ready(x->line, (int)i))
            cps += pacing_cps(x->trunks[i].pacing);
    if (x->total && pacing_cps(x->total) < cps)
        cps = pacing_cps(x->total);
    pthread_mutex_unlock(&x->lock);
    return cps;
}

bool exchange_slowed(struct exchange *x)
{
    bool slowed = false;

    pthread_mutex_lock(&x->lock);
    for (unsigned i = 0; i < x->config.line.trunk_count; i++)
        slowed = slowed || pacing_slowed(x->trunks[i].pacing);
    pthread_mutex_unlock(&x->lock);
    return slowed;
}

/* Under the lock, which pacing's user holds. */
static void on_change(void *arg, const struct pacing_change *c)
{
    struct trunk_use *t = arg;
    struct exchange *x = t->exchange;

    metric_add(metric1(METRIC_PACE_CHANGES, c->to_cps < c->from_cps ? "slower" : "faster"), 1);
    x->changes[x->change_count++ % EXCHANGE_CHANGES_KEPT] = (struct change){t->name, *c};
}

void exchange_pace(struct exchange *x, uint64_t *seq,
                   void (*fn)(void *arg, const char *trunk, const struct pacing_change *c),
                   void *arg)
{
    struct change news[EXCHANGE_CHANGES_KEPT];
    uint64_t from, count = 0;

    pthread_mutex_lock(&x->lock);
    from = *seq < x->change_count ? *seq : x->change_count;
    if (x->change_count - from > EXCHANGE_CHANGES_KEPT)
        from = x->change_count - EXCHANGE_CHANGES_KEPT;
    while (from < x->change_count)
        news[count++] = x->changes[from++ % EXCHANGE_CHANGES_KEPT];
    *seq = x->change_count;
    pthread_mutex_unlock(&x->lock);
    for (uint64_t i = 0; i < count; i++)
        fn(arg, news[i].trunk, &news[i].change);
}

void exchange_dial(struct exchange *x, struct line_call *call, void (*done)(struct line_call *))
{
    x->config.driver->dial(x->line, call, done);
}

void exchange_recheck(struct exchange *x)
{
    x->config.driver->recheck(x->line);
}

/* Under the lock. A trunk that does not answer at all is known long before its calls have failed.
 */
static void hear_silence(struct exchange *x, struct trunk_use *t, unsigned unheard)
{
    int64_t now_us = clock_mono_us(x->config.clock);
    struct pacing_event e = {
        .sign = PACING_TIMEOUT, .started_us = now_us, .detail = "not within 2 s"};

    for (; t->unheard != unheard; t->unheard++)
        pacing_sign(t->pacing, now_us, &e);
}

void exchange_line_stats(struct exchange *x, struct line_stats *out)
{
    x->config.driver->stats(x->line, out);
    pthread_mutex_lock(&x->lock);
    for (unsigned i = 0; i < x->config.line.trunk_count; i++)
        hear_silence(x, &x->trunks[i], out->unheard[i]);
    pthread_mutex_unlock(&x->lock);
}

/* ---- life ----------------------------------------------------------------------------------- */

const struct exchange_config *exchange_config(const struct exchange *x)
{
    return &x->config;
}

struct store_writer *exchange_writer(struct exchange *x)
{
    return x->writer;
}

bool exchange_first(struct exchange *x)
{
    return !atomic_exchange(&x->used, true);
}

static int make_pacing(struct exchange *x)
{
    int64_t now = clock_mono_us(x->config.clock);
    struct pacing_config total = {.cps_max = x->config.cps_max, .calls_max = 1};
    int rc = total.cps_max > 0 ? pacing_new(&x->total, &total, now) : 0;

    for (unsigned i = 0; !rc && i < x->config.line.trunk_count; i++) {
        const struct line_trunk_config *t = &x->config.line.trunks[i];
        struct pacing_config own = {.cps_max = t->cps_max > 0 ? t->cps_max : CPS_MOST,
                                    .calls_max = t->calls_max ? t->calls_max : UINT_MAX,
                                    .changed = on_change,
                                    .arg = &x->trunks[i]};

        x->trunks[i].exchange = x;
        x->trunks[i].order = t->order ? t->order : 1;
        x->trunks[i].weight = t->weight ? t->weight : 1;
        x->trunks[i].name = x->config.line.trunks[i].name;
        rc = pacing_new(&x->trunks[i].pacing, &own, now);
    }
    return rc;
}

/* What was started before counts in the first second too (S5). */
static int hold_first_calls(struct exchange *x)
{
    int64_t last, now = clock_wall_ms(x->config.clock), until = clock_mono_us(x->config.clock);
    int rc = store_last_dial(x->store, 0, &last);

    if (rc || last <= now - SECOND_MS || last > now)
        return rc;
    until += (last + SECOND_MS - now) * 1000;
    if (x->total)
        pacing_hold(x->total, until);
    for (unsigned i = 0; i < x->config.line.trunk_count; i++)
        pacing_hold(x->trunks[i].pacing, until);
    return 0;
}

static int open_all(struct exchange *x, struct error *err)
{
    int rc = blackset_new(&x->blackset);

    if (!rc)
        rc = store_open(x->config.store_url, x->config.clock, &x->store, err);
    x->writer = x->config.writer;
    if (!rc && !x->writer)
        rc = store_writer_new(&x->writer, x->config.store_url, x->config.clock, err);
    if (!rc)
        rc = make_pacing(x);
    if (!rc)
        rc = hold_first_calls(x);
    if (!rc)
        rc = exchange_refresh(x); /* before the first call can be made */
    if (rc)
        return rc;
    x->config.line.clock = x->config.clock;
    x->config.line.writer = x->writer;
    x->config.line.blackset = x->blackset;
    x->config.line.watch = x->config.bus ? notice_line : NULL;
    x->config.line.watch_arg = x->config.bus;
    return x->config.driver->open(&x->line, &x->config.line, err);
}

int exchange_new(struct exchange **out, const struct exchange_config *config, struct error *err)
{
    struct exchange *x = calloc(1, sizeof(*x));
    int rc;

    if (!x)
        return -ENOMEM;
    x->config = *config;
    pthread_mutex_init(&x->lock, NULL);
    pthread_mutex_init(&x->reading, NULL);
    rc = open_all(x, err);
    if (rc) {
        exchange_free(x);
        return error_set(err, rc, NULL, NULL, "cannot start: %s", strerror(-rc));
    }
    *out = x;
    return 0;
}

void exchange_free(struct exchange *x)
{
    if (!x)
        return;
    if (x->line)
        x->config.driver->close(x->line);
    if (!x->config.writer)
        store_writer_free(x->writer);
    store_close(x->store);
    blackset_free(x->blackset);
    pacing_free(x->total);
    for (unsigned i = 0; i < LINE_TRUNKS_MAX; i++)
        pacing_free(x->trunks[i].pacing);
    pthread_mutex_destroy(&x->lock);
    pthread_mutex_destroy(&x->reading);
    explicit_bzero(x, sizeof(*x)); /* passwords */
    free(x);
}
