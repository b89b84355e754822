/* Counters, gauges and histograms of this process, and their page for Prometheus (text exposition
 * format 0.0.4). One registry for the process, as the page is; it is ready before main.
 *
 * Counting is lock-free and allocates nothing: relaxed atomic additions to whole numbers, whose
 * unit the table knows. A series (one combination of label values) is made when it is first asked
 * for and stays for the life of the process; keep its pointer where it is counted often. */
#pragma once

#include <stdint.h>

#include "base/buf.h"
#include "base/metric_table.h"

enum metric {
#define X(id, kind, name, unit, labels, max, help) METRIC_##id,
    METRIC_TABLE(X)
#undef X
        METRIC_COUNT
};

enum metric_kind { METRIC_KIND_COUNTER, METRIC_KIND_GAUGE, METRIC_KIND_HISTOGRAM };

enum { METRIC_LABELS_MAX = 2, METRIC_VALUE_MAX = 64 };

struct metric_info {
    const char *name, *help, *labels;
    enum metric_kind kind;
    double unit;
};
const struct metric_info *metric_info(enum metric m);

struct metric_series;
/* The series of these label values (as many as the table names; longer ones are cut at
 * METRIC_VALUE_MAX - 1). Never NULL: past series_max, and without memory, it is the one that says
 * "other". Any thread. */
struct metric_series *metric(enum metric m);
struct metric_series *metric1(enum metric m, const char *value);
struct metric_series *metric2(enum metric m, const char *first, const char *second);

/* Any thread. Counters only go up; n may be negative for gauges. */
void metric_add(struct metric_series *s, int64_t n);
void metric_set(struct metric_series *s, int64_t value);
/* Histograms: one observation in microseconds. */
void metric_observe(struct metric_series *s, int64_t us);

/* What a series holds: of a histogram, the number of observations. */
int64_t metric_value(const struct metric_series *s);
/* All series of a metric together. */
int64_t metric_total(enum metric m);
/* An upper bound of the given share (0…1) of a histogram's observations so far, in microseconds;
 * -1: none yet, or above the last bucket. */
int64_t metric_quantile(const struct metric_series *s, double share);

/* A histogram's observations at one moment, of all its series: two of them make a window. */
enum { METRIC_BUCKETS = 16 };
struct metric_counts {
    int64_t buckets[METRIC_BUCKETS];
};
void metric_counts(enum metric m, struct metric_counts *out);
/* Of what was observed between from and to: as metric_quantile, but above the last bucket it is
 * that bucket's bound. *observations: how many there were. */
int64_t metric_counts_quantile(const struct metric_counts *from, const struct metric_counts *to,
                               double share, int64_t *observations);
/* What each series of a counter or gauge holds; first: its first label's value. */
void metric_each(enum metric m, void (*fn)(void *arg, const char *first, int64_t value), void *arg);

/* Figures that are known elsewhere (a running campaign's pace) are written into each page by
 * collectors, and are gone from the page when their owner is. fn runs in the thread that makes the
 * page; it may not add or remove collectors. After metric_collector_remove it runs no more. */
struct metric_page;
typedef void (*metric_collect_fn)(void *arg, struct metric_page *page);
int metric_collector_add(metric_collect_fn fn, void *arg); /* -ENOSPC: too many, -ENOMEM */
void metric_collector_remove(metric_collect_fn fn, void *arg);
/* values: as many as the metric has labels; of a gauge or counter. */
void metric_sample(struct metric_page *page, enum metric m, const char *first, const char *second,
                   int64_t value);

#define METRIC_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* Appends the page. Returns 0 or a negative errno (out's maximum, memory). */
int metric_write(struct buf *out);
