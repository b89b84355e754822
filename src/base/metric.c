/* The registry: one static series for each metric (the only one of a metric without labels, else
 * the one called "other"), and a table of the labelled ones, which only grows: readers probe it
 * without a lock, a newcomer is put in under one. */
#include "base/metric.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/metric_priv.h"

enum { TABLE = 4096, COLLECTORS_MAX = 64 };

#define X(id, kind, name, unit, labels, max, help) +(sizeof(labels) > 1 ? (max) : 0)
_Static_assert(4 * (0 METRIC_TABLE(X)) < 3 * TABLE, "room in the table for all series");
#undef X

/* Upper bounds in microseconds; the last bucket has none. */
const int64_t metric_bounds[METRIC_BUCKETS - 1] = {
    100,   250,    500,    1000,   2500,    5000,    10000,    25000,
    50000, 100000, 250000, 500000, 1000000, 2500000, 10000000,
};

static const struct metric_info infos[METRIC_COUNT] = {
#define X(id, kind_, name_, unit_, labels_, max_, help_) \
    [METRIC_##id] = {.name = name_,                      \
                     .help = help_,                      \
                     .labels = labels_,                  \
                     .unit = unit_,                      \
                     .kind = METRIC_KIND_##kind_},
    METRIC_TABLE(X)
#undef X
};

static const unsigned series_max[METRIC_COUNT] = {
#define X(id, kind, name, unit, labels, max, help) [METRIC_##id] = (max),
    METRIC_TABLE(X)
#undef X
};

static struct metric_series others[METRIC_COUNT];
static _Atomic(struct metric_series *) table[TABLE];
static struct {
    metric_collect_fn fn;
    void *arg;
} collectors[COLLECTORS_MAX];
static unsigned collector_count, made[METRIC_COUNT];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* newcomers */
/* Collectors and their removal. Not the lock above: a collector waits for its owner's lock, under
 * which the owner may ask for a series. */
static pthread_mutex_t collecting = PTHREAD_MUTEX_INITIALIZER;

const struct metric_info *metric_info(enum metric m)
{
    return &infos[m];
}

/* ---- finding a series ----------------------------------------------------------------------- */

static unsigned label_count(enum metric m)
{
    const char *l = infos[m].labels;

    return *l == '\0' ? 0 : strchr(l, ',') ? 2 : 1;
}

static void fill(struct metric_series *s, enum metric m, const char *first, const char *second)
{
    memset(s, 0, sizeof(*s));
    s->metric = m;
    strncpy(s->values[0], first ? first : "", METRIC_VALUE_MAX - 1);
    strncpy(s->values[1], second ? second : "", METRIC_VALUE_MAX - 1);
}

static bool same(const struct metric_series *s, enum metric m, const char *first,
                 const char *second)
{
    return s->metric == m && strncmp(s->values[0], first, METRIC_VALUE_MAX - 1) == 0 &&
           strncmp(s->values[1], second, METRIC_VALUE_MAX - 1) == 0;
}

/* The slot that holds the series, or the empty one where it belongs. */
static unsigned probe(enum metric m, const char *first, const char *second)
{
    size_t a = strnlen(first, METRIC_VALUE_MAX - 1), b = strnlen(second, METRIC_VALUE_MAX - 1);
    uint64_t h = hash_bytes(second, b, hash_bytes(first, a, (uint64_t)m));

    for (unsigned i = (unsigned)h % TABLE;; i = (i + 1) % TABLE) {
        const struct metric_series *s = atomic_load_explicit(&table[i], memory_order_acquire);

        if (!s || same(s, m, first, second))
            return i;
    }
}

/* Under the lock: another thread may have made it meanwhile. */
static struct metric_series *make(enum metric m, const char *first, const char *second)
{
    unsigned i = probe(m, first, second);
    struct metric_series *s = atomic_load_explicit(&table[i], memory_order_relaxed);

    if (s)
        return s;
    if (made[m] >= series_max[m])
        return &others[m];
    s = aligned_alloc(_Alignof(struct metric_series), sizeof(*s));
    if (!s)
        return &others[m];
    fill(s, m, first, second);
    made[m]++;
    atomic_store_explicit(&table[i], s, memory_order_release);
    return s;
}

static struct metric_series *find(enum metric m, const char *first, const char *second)
{
    struct metric_series *s =
        atomic_load_explicit(&table[probe(m, first, second)], memory_order_acquire);

    if (s)
        return s;
    pthread_mutex_lock(&lock);
    s = make(m, first, second);
    pthread_mutex_unlock(&lock);
    return s;
}

struct metric_series *metric(enum metric m)
{
    assert(label_count(m) == 0);
    return &others[m];
}

struct metric_series *metric1(enum metric m, const char *value)
{
    assert(label_count(m) == 1);
    return find(m, value, "");
}

struct metric_series *metric2(enum metric m, const char *first, const char *second)
{
    assert(label_count(m) == 2);
    return find(m, first, second);
}

/* ---- counting -------------------------------------------------------------------------------- */

void metric_add(struct metric_series *s, int64_t n)
{
    atomic_fetch_add_explicit(&s->value, n, memory_order_relaxed);
}

void metric_set(struct metric_series *s, int64_t value)
{
    atomic_store_explicit(&s->value, value, memory_order_relaxed);
}

void metric_observe(struct metric_series *s, int64_t us)
{
    unsigned i = 0;

    while (i < METRIC_BUCKETS - 1 && us > metric_bounds[i])
        i++;
    atomic_fetch_add_explicit(&s->buckets[i], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&s->value, us, memory_order_relaxed);
}

/* others[] is zeroed, its metric not noted: so the kind is told apart by what was counted. */
static int64_t observations(const struct metric_series *s)
{
    int64_t n = 0;

    for (unsigned i = 0; i < METRIC_BUCKETS; i++)
        n += atomic_load_explicit(&s->buckets[i], memory_order_relaxed);
    return n;
}

static enum metric metric_of(const struct metric_series *s)
{
    return s >= others && s < others + METRIC_COUNT ? (enum metric)(s - others) : s->metric;
}

int64_t metric_value(const struct metric_series *s)
{
    return infos[metric_of(s)].kind == METRIC_KIND_HISTOGRAM
               ? observations(s)
               : atomic_load_explicit(&s->value, memory_order_relaxed);
}

int64_t metric_total(enum metric m)
{
    int64_t total = metric_value(&others[m]);

    for (unsigned i = 0; i < TABLE; i++) {
        const struct metric_series *s = atomic_load_explicit(&table[i], memory_order_acquire);

        if (s && s->metric == m)
            total += metric_value(s);
    }
    return total;
}

int64_t metric_quantile(const struct metric_series *s, double share)
{
    double wanted = share * (double)observations(s), n = 0;

    if (wanted <= 0)
        return -1;
    for (unsigned i = 0; i < METRIC_BUCKETS - 1; i++) {
        n += (double)atomic_load_explicit(&s->buckets[i], memory_order_relaxed);
        if (n >= wanted)
            return metric_bounds[i];
    }
    return -1;
}

static void add_counts(const struct metric_series *s, struct metric_counts *out)
{
    for (unsigned i = 0; i < METRIC_BUCKETS; i++)
        out->buckets[i] += atomic_load_explicit(&s->buckets[i], memory_order_relaxed);
}

void metric_counts(enum metric m, struct metric_counts *out)
{
    *out = (struct metric_counts){{0}};
    add_counts(&others[m], out);
    for (unsigned i = 0; i < TABLE; i++) {
        const struct metric_series *s = atomic_load_explicit(&table[i], memory_order_acquire);

        if (s && s->metric == m)
            add_counts(s, out);
    }
}

int64_t metric_counts_quantile(const struct metric_counts *from, const struct metric_counts *to,
                               double share, int64_t *observations)
{
    int64_t all = 0, n = 0;

    for (unsigned i = 0; i < METRIC_BUCKETS; i++)
        all += to->buckets[i] - from->buckets[i];
    *observations = all;
    if (all <= 0)
        return -1;
    for (unsigned i = 0; i < METRIC_BUCKETS - 1; i++) {
        n += to->buckets[i] - from->buckets[i];
        if ((double)n >= share * (double)all)
            return metric_bounds[i];
    }
    return metric_bounds[METRIC_BUCKETS - 2];
}

void metric_each(enum metric m, void (*fn)(void *arg, const char *first, int64_t value), void *arg)
{
    for (unsigned i = 0; i < TABLE; i++) {
        const struct metric_series *s = atomic_load_explicit(&table[i], memory_order_acquire);

        if (s && s->metric == m)
            fn(arg, s->values[0], metric_value(s));
    }
}

/* ---- the page -------------------------------------------------------------------------------- */

int metric_collector_add(metric_collect_fn fn, void *arg)
{
    int rc = -ENOSPC;

    pthread_mutex_lock(&collecting);
    if (collector_count < COLLECTORS_MAX) {
        collectors[collector_count].fn = fn;
        collectors[collector_count++].arg = arg;
        rc = 0;
    }
    pthread_mutex_unlock(&collecting);
    return rc;
}

void metric_collector_remove(metric_collect_fn fn, void *arg)
{
    pthread_mutex_lock(&collecting);
    for (unsigned i = 0; i < collector_count; i++)
        if (collectors[i].fn == fn && collectors[i].arg == arg) {
            collectors[i] = collectors[--collector_count];
            break;
        }
    pthread_mutex_unlock(&collecting);
}

static void add_stored(struct metric_page *page)
{
    for (unsigned m = 0; m < METRIC_COUNT; m++) {
        unsigned labels = label_count(m);

        /* Those without labels are there from the start, at 0. */
        if (labels == 0 || metric_value(&others[m]) != 0)
            metric_page_add(page, m, labels > 0 ? "other" : "", labels > 1 ? "other" : "",
                            &others[m], 0);
    }
    for (unsigned i = 0; i < TABLE; i++) {
        const struct metric_series *s = atomic_load_explicit(&table[i], memory_order_acquire);

        if (s)
            metric_page_add(page, s->metric, s->values[0], s->values[1], s, 0);
    }
}

int metric_write(struct buf *out)
{
    struct metric_page page = {0};
    int rc;

    add_stored(&page);
    metric_process(&page);
    pthread_mutex_lock(&collecting);
    for (unsigned i = 0; i < collector_count; i++)
        collectors[i].fn(collectors[i].arg, &page);
    pthread_mutex_unlock(&collecting);
    rc = metric_page_write(&page, out);
    free(page.samples);
    return rc;
}
