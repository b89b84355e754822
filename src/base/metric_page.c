/* The page: samples in the order of the table, those of one metric together, then by label values,
 * so that two pages can be compared. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/metric_priv.h"

enum { SAMPLES_MAX = 16384 };

void metric_page_add(struct metric_page *page, enum metric m, const char *first, const char *second,
                     const struct metric_series *series, int64_t value)
{
    struct metric_page_sample *s;

    if (page->rc)
        return;
    if (page->count == page->cap) {
        size_t cap = page->cap ? page->cap * 2 : 256;

        s = cap <= SAMPLES_MAX ? realloc(page->samples, cap * sizeof(*s)) : NULL;
        if (!s) {
            page->rc = cap <= SAMPLES_MAX ? -ENOMEM : -ENOSPC;
            return;
        }
        page->samples = s;
        page->cap = cap;
    }
    s = &page->samples[page->count++];
    memset(s, 0, sizeof(*s));
    s->metric = m;
    strncpy(s->values[0], first ? first : "", METRIC_VALUE_MAX - 1);
    strncpy(s->values[1], second ? second : "", METRIC_VALUE_MAX - 1);
    s->collected = !series;
    s->value = series ? atomic_load_explicit(&series->value, memory_order_relaxed) : value;
    for (unsigned i = 0; series && i < METRIC_BUCKETS; i++)
        s->buckets[i] = atomic_load_explicit(&series->buckets[i], memory_order_relaxed);
}

void metric_sample(struct metric_page *page, enum metric m, const char *first, const char *second,
                   int64_t value)
{
    metric_page_add(page, m, first, second, NULL, value);
}

static int compare(const struct metric_page_sample *x, const struct metric_page_sample *y)
{
    int rc = strcmp(x->values[0], y->values[0]);

    if (x->metric != y->metric)
        return x->metric < y->metric ? -1 : 1;
    return rc ? rc : strcmp(x->values[1], y->values[1]);
}

static int by_place(const void *a, const void *b)
{
    const struct metric_page_sample *x = a, *y = b;
    int rc = compare(x, y);

    return rc ? rc : (int)y->collected - (int)x->collected;
}

/* Help and label values: \ and newline escaped, in label values " too. */
static int escaped(struct buf *out, const char *text, bool quote)
{
    int rc = 0;

    for (; *text && !rc; text++) {
        if (*text == '\\')
            rc = buf_append(out, "\\\\", 2);
        else if (*text == '\n')
            rc = buf_append(out, "\\n", 2);
        else if (*text == '"' && quote)
            rc = buf_append(out, "\\\"", 2);
        else
            rc = buf_append(out, text, 1);
    }
    return rc;
}

/* A whole number of units, exactly: 1234 times 1e-3 is 1.234. */
static int number(struct buf *out, int64_t value, double unit)
{
    unsigned decimals = unit <= 2e-6 ? 6 : unit <= 2e-3 ? 3 : 0, width = decimals;
    uint64_t scale = decimals == 6 ? 1000000 : decimals == 3 ? 1000 : 1;
    uint64_t size = value < 0 ? 0 - (uint64_t)value : (uint64_t)value, part = size % scale;
    int rc = buf_printf(out, "%s%" PRIu64, value < 0 ? "-" : "", size / scale);

    if (rc || part == 0)
        return rc;
    for (; part % 10 == 0; part /= 10)
        width--;
    return buf_printf(out, ".%0*" PRIu64, (int)width, part);
}

/* name{label="value",…,le="…"} */
static int series(struct buf *out, const struct metric_page_sample *s, const char *tail,
                  const int64_t *le)
{
    const struct metric_info *info = metric_info(s->metric);
    const char *label = info->labels;
    int rc = buf_printf(out, "%s%s%s", info->name, tail, *label || le ? "{" : "");

    for (unsigned i = 0; *label && !rc; i++) {
        size_t len = strcspn(label, ",");

        rc = buf_printf(out, "%s%.*s=\"", i ? "," : "", (int)len, label);
        if (!rc)
            rc = escaped(out, s->values[i], true);
        if (!rc)
            rc = buf_puts(out, "\"");
        label += len + (label[len] == ',');
    }
    if (le && !rc)
        rc = buf_printf(out, "%sle=\"", info->labels[0] ? "," : "");
    if (le && !rc)
        rc = *le < 0 ? buf_puts(out, "+Inf") : number(out, *le, 1e-6);
    if (le && !rc)
        rc = buf_puts(out, "\"");
    if ((info->labels[0] || le) && !rc)
        rc = buf_puts(out, "}");
    return rc ? rc : buf_puts(out, " ");
}

static int line(struct buf *out, const struct metric_page_sample *s, const char *tail,
                const int64_t *le, int64_t value, double unit)
{
    int rc = series(out, s, tail, le);

    if (!rc)
        rc = number(out, value, unit);
    return rc ? rc : buf_puts(out, "\n");
}

static int histogram(struct buf *out, const struct metric_page_sample *s)
{
    static const int64_t infinite = -1;
    int64_t n = 0;
    int rc = 0;

    for (unsigned i = 0; i < METRIC_BUCKETS && !rc; i++) {
        n += s->buckets[i];
        rc = line(out, s, "_bucket", i < METRIC_BUCKETS - 1 ? &metric_bounds[i] : &infinite, n, 1);
    }
    if (!rc)
        rc = line(out, s, "_sum", NULL, s->value, metric_info(s->metric)->unit);
    return rc ? rc : line(out, s, "_count", NULL, n, 1);
}

static int head(struct buf *out, enum metric m)
{
    static const char *const kinds[] = {"counter", "gauge", "histogram"};
    const struct metric_info *info = metric_info(m);
    int rc = buf_printf(out, "# HELP %s ", info->name);

    if (!rc)
        rc = escaped(out, info->help, false);
    return rc ? rc : buf_printf(out, "\n# TYPE %s %s\n", info->name, kinds[info->kind]);
}

int metric_page_write(struct metric_page *page, struct buf *out)
{
    int rc = page->rc;

    if (page->count > 0)
        qsort(page->samples, page->count, sizeof(*page->samples), by_place);
    for (size_t i = 0; i < page->count && !rc; i++) {
        const struct metric_page_sample *s = &page->samples[i];

        /* A collector's figure holds before a stored one, and one of two collectors' (a campaign
         * that ends while it is started again). */
        if (i > 0 && compare(s, s - 1) == 0)
            continue;
        if (i == 0 || s[-1].metric != s->metric)
            rc = head(out, s->metric);
        if (rc)
            break;
        rc = metric_info(s->metric)->kind == METRIC_KIND_HISTOGRAM
                 ? histogram(out, s)
                 : line(out, s, "", NULL, s->value, metric_info(s->metric)->unit);
    }
    return rc;
}
