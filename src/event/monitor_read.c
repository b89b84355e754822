/* What the monitor reads by itself. */
#include <errno.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/log.h"
#include "base/metric.h"
#include "event/monitor_priv.h"

enum {
    CALLS_MIN = 20,
    DELAYS_MIN = 20,
    RATE_SLOTS = COUNT_SLOTS - 1, /* five minutes */
    DELAY_SLOTS = 6,              /* one */
    CERTIFICATE_EVERY_MS = 60000,
};

static void read_writer(struct monitor *m)
{
    char text[128] = "";
    bool failing = store_writer_failing(m->config.writer, text, sizeof(text));

    alerts_read(m->alerts, INDICATOR_STORE_FAILING, "", failing, text);
}

static void read_disk(struct monitor *m)
{
    struct statvfs v;

    if (statvfs(m->config.data_dir, &v) == 0)
        alerts_read(m->alerts, INDICATOR_DISK_FREE, "",
                    (double)v.f_bavail * (double)v.f_frsize / (1 << 20), NULL);
}

/* The number after key, at the begin of a line. */
static bool read_number(const char *path, const char *key, int64_t *out)
{
    FILE *f = fopen(path, "re");
    char line[160];
    bool found = false;
    size_t len = strlen(key);

    while (f && !found && fgets(line, sizeof(line), f)) {
        char *end;

        if (strncmp(line, key, len) != 0)
            continue;
        *out = strtoll(line + len, &end, 10);
        found = end != line + len;
    }
    if (f)
        fclose(f);
    return found;
}

/* The folder of this process's control group (cgroups(7), version 2). */
static bool control_group(char *out, size_t size)
{
    FILE *f = fopen("/proc/self/cgroup", "re");
    char line[200];
    bool found = false;

    while (f && !found && fgets(line, sizeof(line), f)) {
        line[strcspn(line, "\n")] = '\0';
        found = strncmp(line, "0::/", 4) == 0;
    }
    if (f)
        fclose(f);
    if (found)
        snprintf(out, size, "/sys/fs/cgroup%s", line + 3);
    return found;
}

static void read_memory(struct monitor *m)
{
    int64_t all, available, most, used, cache;
    char group[256], path[320];

    if (read_number("/proc/meminfo", "MemTotal:", &all) &&
        read_number("/proc/meminfo", "MemAvailable:", &available) && all > 0)
        alerts_read(m->alerts, INDICATOR_MEMORY_USED, "",
                    100 - 100 * (double)available / (double)all, NULL);
    if (!control_group(group, sizeof(group)))
        return;
    /* "max" where there is no limit: no number. What files are cached in is given back on need. */
    snprintf(path, sizeof(path), "%s/memory.max", group);
    if (!read_number(path, "", &most) || most <= 0)
        return;
    snprintf(path, sizeof(path), "%s/memory.stat", group);
    if (!read_number(path, "file ", &cache))
        return;
    snprintf(path, sizeof(path), "%s/memory.current", group);
    if (read_number(path, "", &used))
        alerts_read(m->alerts, INDICATOR_MEMORY_USED, "of what the service may use",
                    100 * (double)(used - cache) / (double)most, NULL);
}

/* ---- what was counted in the last minutes -----------------------------------------------------
 */

static struct monitor_trunk *trunk_of(struct monitor_counts *c, const char *name)
{
    for (unsigned i = 0; i < c->trunk_count; i++)
        if (strcmp(c->trunks[i].name, name) == 0)
            return &c->trunks[i];
    if (c->trunk_count == MONITOR_TRUNKS_MAX)
        return NULL;
    snprintf(c->trunks[c->trunk_count].name, METRIC_VALUE_MAX, "%s", name);
    return &c->trunks[c->trunk_count++];
}

static void add_dialled(void *arg, const char *trunk, int64_t value)
{
    struct monitor_trunk *t = trunk_of(arg, trunk);

    if (t)
        t->dialled = value;
}

static void add_failed(void *arg, const char *trunk, int64_t value)
{
    struct monitor_trunk *t = trunk_of(arg, trunk);

    if (t)
        t->failed = value;
}

static void count(struct monitor_counts *c, int64_t now_ms)
{
    *c = (struct monitor_counts){.at_ms = now_ms,
                                 .dialled = metric_total(METRIC_CALLS_DIALLED),
                                 .answered = metric_total(METRIC_CALLS_ANSWERED)};
    metric_each(METRIC_CALLS_DIALLED, add_dialled, c);
    metric_each(METRIC_CALLS_FAILED, add_failed, c);
    metric_counts(METRIC_STORE_COMMIT, &c->commits);
    metric_counts(METRIC_LOOP_LAG, &c->turns);
    metric_counts(METRIC_DIAL_LAG, &c->dials);
}

/* The counters of so many slots ago, or the oldest there are. */
static struct monitor_counts *earlier(struct monitor *m, unsigned slots)
{
    struct monitor_counts *c = &m->counts[(m->count_slot + COUNT_SLOTS - slots) % COUNT_SLOTS];

    return c->at_ms ? c : &m->counts[0];
}

/* Too few calls say nothing, unless an alert is open: that a trunk is called less because it fails
 * is no recovery. */
static bool enough(struct monitor *m, enum indicator i, const char *object, double dialled)
{
    return dialled >= (alerts_open(m->alerts, i, object) ? 1 : CALLS_MIN);
}

static double percent(int64_t part, double of)
{
    double p = 100 * (double)part / of;

    return p > 100 ? 100 : p; /* it was dialled before the window began */
}

static void read_calls(struct monitor *m, struct monitor_counts *now)
{
    struct monitor_counts *before = earlier(m, RATE_SLOTS);
    double dialled = (double)(now->dialled - before->dialled);

    if (enough(m, INDICATOR_ANSWER_RATE, "", dialled))
        alerts_read(m->alerts, INDICATOR_ANSWER_RATE, "",
                    percent(now->answered - before->answered, dialled), NULL);
    for (unsigned i = 0; i < now->trunk_count; i++) {
        const struct monitor_trunk *t = &now->trunks[i];
        const struct monitor_trunk *b = trunk_of(before, t->name);

        dialled = (double)(t->dialled - (b ? b->dialled : 0));
        if (enough(m, INDICATOR_FAILURE_RATE, t->name, dialled))
            alerts_read(m->alerts, INDICATOR_FAILURE_RATE, t->name,
                        percent(t->failed - (b ? b->failed : 0), dialled), NULL);
    }
}

static void read_delay(struct monitor *m, enum indicator i, const struct metric_counts *from,
                       const struct metric_counts *to, double share)
{
    int64_t observations, us = metric_counts_quantile(from, to, share, &observations);

    if (observations >= DELAYS_MIN)
        alerts_read(m->alerts, i, "", (double)us / 1000, NULL);
}

static void read_counts(struct monitor *m, int64_t now_ms)
{
    const struct monitor_counts *newest = &m->counts[m->count_slot], *before;
    struct monitor_counts *now = &m->now;

    count(now, now_ms);
    if (!newest->at_ms || now_ms - newest->at_ms >= COUNT_EVERY_MS) {
        if (newest->at_ms)
            m->count_slot = (m->count_slot + 1) % COUNT_SLOTS;
        m->counts[m->count_slot] = *now;
    }
    read_calls(m, now);
    before = earlier(m, DELAY_SLOTS);
    read_delay(m, INDICATOR_STORE_SLOW, &before->commits, &now->commits, 0.95);
    read_delay(m, INDICATOR_LOOP_LAG, &before->turns, &now->turns, 0.99);
    read_delay(m, INDICATOR_DIAL_LAG, &before->dials, &now->dials, 0.95);
}

/* ---- webhooks -------------------------------------------------------------------------------- */

struct hooks {
    struct monitor *m;
    int64_t now_ms, waiting;
};

static int read_hook(void *arg, const struct store_webhook *w)
{
    struct hooks *h = arg;
    bool failed = !w->enabled && w->failing_ms; /* not by hand: it was all well then */
    double minutes = w->failing_ms ? (double)(h->now_ms - w->failing_ms) / 60000 : 0;
    char object[48];

    h->waiting += w->enabled ? w->waiting : 0;
    if (!w->enabled && !failed)
        return 0;
    snprintf(object, sizeof(object), "%lld %.24s", (long long)w->id, w->name);
    alerts_read(h->m->alerts, INDICATOR_WEBHOOK_FAILING, object,
                failed && minutes < 1e6 ? 1e6 : minutes, failed ? w->state_reason : NULL);
    return 0;
}

static void read_webhooks(struct monitor *m, int64_t now_ms)
{
    struct hooks h = {.m = m, .now_ms = now_ms};
    int rc = store_webhook_each(m->store, read_hook, &h);

    m->store_readable = rc == 0;
    if (!rc)
        alerts_read(m->alerts, INDICATOR_WEBHOOK_BACKLOG, "", (double)h.waiting, NULL);
}

/* ---- the certificate ------------------------------------------------------------------------- */

static bool days_left(const char *path, int64_t now_ms, int64_t *days)
{
    FILE *f = fopen(path, "re");
    X509 *cert = f ? PEM_read_X509(f, NULL, NULL, NULL) : NULL;
    time_t now = (time_t)(now_ms / 1000);
    ASN1_TIME *at = ASN1_TIME_set(NULL, now);
    int d = 0, s = 0;
    bool known = cert && at && ASN1_TIME_diff(&d, &s, at, X509_get0_notAfter(cert));

    if (f)
        fclose(f);
    ASN1_TIME_free(at);
    X509_free(cert);
    if (known)
        *days = d;
    return known;
}

static void read_certificate(struct monitor *m, int64_t now_ms)
{
    if (!m->config.tls_cert)
        return;
    if (!m->certificate_ms || now_ms - m->certificate_ms >= CERTIFICATE_EVERY_MS) {
        m->certificate_ms = now_ms;
        m->certificate_known = days_left(m->config.tls_cert, now_ms, &m->certificate_days);
    }
    alerts_read(m->alerts, INDICATOR_CERTIFICATE, "",
                m->certificate_known ? (double)m->certificate_days : -1,
                m->certificate_known ? NULL : "the file cannot be read");
}

void monitor_read(struct monitor *m, int64_t now_ms)
{
    read_writer(m);
    read_disk(m);
    read_memory(m);
    read_counts(m, now_ms);
    read_webhooks(m, now_ms);
    read_certificate(m, now_ms);
}
