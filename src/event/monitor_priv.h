/* What monitor.c (rounds and changes) and monitor_read.c (its own readings) share. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "base/metric.h"
#include "event/monitor.h"

enum {
    MONITOR_SOURCES_MAX = 16,
    MONITOR_TRUNKS_MAX = 32,
    COUNT_SLOTS = 31,
    COUNT_EVERY_MS = 10000,
};

/* The process's counters at one moment; a ring of them makes windows of up to five minutes. */
struct monitor_counts {
    int64_t at_ms, dialled, answered;
    struct monitor_trunk {
        char name[METRIC_VALUE_MAX];
        int64_t dialled, failed;
    } trunks[MONITOR_TRUNKS_MAX];
    unsigned trunk_count;
    struct metric_counts commits, turns, dials;
};

/* How it was at the end of the last round. */
struct monitor_view {
    bool store_readable;
    struct {
        enum alert_degree degree;
        char detail[256];
        double value;
        bool known;
        struct alert_limits limits;
    } indicators[INDICATOR_COUNT];
};

struct monitor {
    struct monitor_config config;
    pthread_t thread;
    bool started;
    struct store *store; /* owned; the monitor's thread alone */
    int64_t started_ms;
    atomic_bool stop, reload, stopping;
    atomic_llong round_us; /* monotonic time of the last round's end */

    pthread_mutex_t lock; /* view, and the end of the sleep */
    pthread_cond_t wake;
    struct monitor_view view;

    pthread_mutex_t reading; /* the sources; held while they run */
    struct {
        monitor_source_fn fn;
        void *arg;
    } sources[MONITOR_SOURCES_MAX];
    unsigned source_count;

    /* The monitor's thread alone. */
    struct alerts *alerts; /* owned */
    bool store_readable;
    struct alert_settings settings;
    struct monitor_counts counts[COUNT_SLOTS];
    unsigned count_slot;
    struct monitor_counts now;                /* of this round */
    int64_t certificate_ms, certificate_days; /* when it was looked at, what it said */
    bool certificate_known;
    int64_t mail_hour_ms;
    unsigned mails; /* in this hour */
};

void monitor_read(struct monitor *m, int64_t now_ms);
