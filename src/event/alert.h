/* Indicators with thresholds: readings come in round by round, alerts come out. Pure: no thread, no
 * clock, no store.
 *
 * An indicator that is past its `raise` limit for `hold_ms` on end raises an alert; one that is
 * within its `clear` limit for `rest_ms` on end clears it. Between the two limits nothing changes,
 * so a value that trembles raises one alert, not a hundred. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "store/outbox.h"

/* id, name, HIGH or LOW is bad, raise, clear, hold s, rest s, how bad, unit, what, what to do */
#define INDICATOR_TABLE(X)                                                                         \
    X(STORE_FAILING, "store_failing", HIGH, 1, 0, 0, 10, FAILING, "",                              \
      "the data cannot be written, and dialling has stopped",                                      \
      "free space on the disk, or mend it; dialling goes on by itself")                            \
    X(STORE_SLOW, "store_slow", HIGH, 1000, 250, 30, 60, DEGRADED, "ms",                           \
      "the data is written slowly",                                                                \
      "see what else writes to the disk of the data; a faster one may be needed")                  \
    X(DISK_FREE, "disk_free", LOW, 1024, 1536, 10, 60, FAILING, "MB",                              \
      "little space is left on the disk of the data",                                              \
      "remove old reports and backups there, or give it a larger disk")                            \
    X(MEMORY_USED, "memory_used", HIGH, 95, 90, 30, 60, DEGRADED, "%",                             \
      "the memory of this machine is nearly used up",                                              \
      "end other programs, add memory, or lower the calls at once")                                \
    X(LOOP_LAG, "loop_lag", HIGH, 250, 100, 30, 60, DEGRADED, "ms",                                \
      "calls and requests wait for the processor", "lower the calls at once, or add processors")   \
    X(LANE_LOAD, "lane_load", HIGH, 90, 75, 60, 60, DEGRADED, "%",                                 \
      "this machine is busy: calls are slowed down", "lower the calls at once, or add processors") \
    X(TRUNK_DOWN, "trunk_down", HIGH, 1, 0, 30, 30, FAILING, "", "a trunk takes no calls",         \
      "check the trunk's address and password, and the provider")                                  \
    X(FAILURE_RATE, "failure_rate", HIGH, 30, 15, 30, 60, DEGRADED, "%",                           \
      "many calls of a trunk fail in the network",                                                 \
      "ask the provider; calls a second may be too many for it")                                   \
    X(ANSWER_RATE, "answer_rate", LOW, 5, 10, 60, 60, DEGRADED, "%", "hardly anybody answers",     \
      "the caller's number may be marked as a nuisance, or the hour is bad")                       \
    X(PACE_FLOOR, "pace_floor", LOW, 20, 40, 120, 60, DEGRADED, "%",                               \
      "a campaign runs far below its pace",                                                        \
      "GET /api/campaigns/ID/pace tells the reason of each change")                                \
    X(DIAL_LAG, "dial_lag", HIGH, 1000, 500, 30, 60, DEGRADED, "ms", "calls leave late",           \
      "lower the calls a second, or add processors")                                               \
    X(WEBHOOK_BACKLOG, "webhook_backlog", HIGH, 1000, 100, 60, 60, DEGRADED, "",                   \
      "messages for webhooks pile up", "see whether the receivers answer, and how fast")           \
    X(WEBHOOK_FAILING, "webhook_failing", HIGH, 60, 1, 0, 0, DEGRADED, "min",                      \
      "a webhook takes no messages",                                                               \
      "mend the receiver; enable the webhook again if it was disabled")                            \
    X(CERTIFICATE, "certificate_expiry", LOW, 14, 20, 0, 0, DEGRADED, "days",                      \
      "the TLS certificate ends soon", "renew it; a new file is read by itself")

enum indicator {
#define X(id, ...) INDICATOR_##id,
    INDICATOR_TABLE(X)
#undef X
        INDICATOR_COUNT
};

enum alert_degree { ALERT_OK, ALERT_DEGRADED, ALERT_FAILING };

struct alert_limits {
    double raise, clear;
    int64_t hold_ms, rest_ms;
    bool off; /* not watched */
};

struct indicator_info {
    const char *name, *unit, *what, *remedy;
    bool low_is_bad;
    enum alert_degree degree;
    struct alert_limits limits; /* unless settings say otherwise */
};
const struct indicator_info *indicator_info(enum indicator i);
int indicator_from_name(const char *name); /* -1 when unknown */

/* ---- settings ------------------------------------------------------------------------------- */

#define ALERT_SETTING "alerts" /* its name in the store */
enum { ALERT_MAIL_TO_MAX = 16 };

/* {"mail_to": ["ops@example.org"], "indicators": {"disk_free": {"raise": 512, "clear": 1024,
 *  "hold": "1m", "rest": "1m"}, "lane_load": {"off": true}}} */
struct alert_settings {
    struct alert_limits limits[INDICATOR_COUNT];
    char mail_to[ALERT_MAIL_TO_MAX][256];
    unsigned mail_to_count;
};
/* json NULL: the defaults. */
int alert_settings_read(const json_t *json, struct alert_settings *out, struct error *err);

/* ---- the engine ----------------------------------------------------------------------------- */

enum { ALERT_OBJECTS_MAX = 256 };

struct alerts;
int alerts_new(struct alerts **out);
void alerts_free(struct alerts *a); /* NULL-safe */
void alerts_configure(struct alerts *a, const struct alert_settings *s);
/* One that is open from before a restart. */
void alerts_restore(struct alerts *a, const struct store_alert *open);

/* A round: begin, readings, end. object: which trunk, campaign …; "" where there is one only.
 * detail: more words, may be NULL. */
void alerts_begin(struct alerts *a, int64_t now_ms);
void alerts_read(struct alerts *a, enum indicator i, const char *object, double value,
                 const char *detail);
/* What was read in an earlier round and is not any more counts as well (a trunk that nobody uses).
 * changed: alert->cleared_ms is 0 when it is raised. */
void alerts_end(struct alerts *a,
                void (*changed)(void *arg, enum indicator i, const struct store_alert *alert),
                void *arg);

/* Of an indicator, over its objects: how it is, and in words. */
enum alert_degree alerts_look(const struct alerts *a, enum indicator i, char *detail,
                              unsigned size);
/* The worst reading of it in the last round; false: there was none. */
bool alerts_value(const struct alerts *a, enum indicator i, double *value);
/* Is an alert of this object open? */
bool alerts_open(const struct alerts *a, enum indicator i, const char *object);
const struct alert_limits *alerts_limits(const struct alerts *a, enum indicator i);
