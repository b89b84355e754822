/* What metric.c (the registry), metric_page.c (the text) and metric_process.c (this process) share.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/metric.h"

extern const int64_t metric_bounds[METRIC_BUCKETS - 1];

/* On cache lines of its own: lanes count side by side. */
struct metric_series {
    _Alignas(64) atomic_int_fast64_t value; /* of a histogram: the sum */
    atomic_int_fast64_t buckets[METRIC_BUCKETS];
    enum metric metric;
    char values[METRIC_LABELS_MAX][METRIC_VALUE_MAX];
};

struct metric_page_sample {
    enum metric metric;
    char values[METRIC_LABELS_MAX][METRIC_VALUE_MAX];
    bool collected; /* by a collector: comes before what is stored for the same series */
    int64_t value;
    int64_t buckets[METRIC_BUCKETS];
};

struct metric_page {
    struct metric_page_sample *samples; /* owned by who makes the page */
    size_t count, cap;
    int rc; /* the first failure */
};

/* series: the values to show, or NULL: `value`. */
void metric_page_add(struct metric_page *page, enum metric m, const char *first, const char *second,
                     const struct metric_series *series, int64_t value);
int metric_page_write(struct metric_page *page, struct buf *out);
/* The process's own figures and the version. */
void metric_process(struct metric_page *page);
