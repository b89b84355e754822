/* The monitor: one thread that reads the indicators every two seconds, raises and clears alerts (in
 * the store and to webhooks, on the bus, by mail, in the log) and knows how the process is.
 *
 * It reads by itself: the store's writer, the disk of the data, the share of calls that fail and
 * are answered, the webhooks, the certificate. Who runs campaigns adds a source for trunks and
 * pace. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/clock.h"
#include "event/alert.h"
#include "event/bus.h"
#include "store/writer.h"

struct monitor;

struct monitor_config {
    const char *store_url;
    const struct clock *clock;
    struct store_writer *writer;
    struct bus *bus;      /* may be NULL */
    const char *data_dir; /* whose disk is watched */
    const char *tls_cert; /* PEM, watched for its end; NULL: none */
    int every_ms;         /* between rounds; 0: 2 s */
    /* Takes a mail into a queue; must not wait. NULL: no mail. (mailer_send, message/mail.h) */
    int (*mail)(void *arg, const char *to, const char *subject, const char *text);
    void *mail_arg;
};

/* Reads the settings from the store and goes on with the alerts that are open there. */
int monitor_new(struct monitor **out, const struct monitor_config *config, struct error *err);
void monitor_free(struct monitor *m); /* NULL-safe */

/* Called in each round, in the monitor's thread; calls alerts_read. */
typedef void (*monitor_source_fn)(void *arg, struct alerts *a);
int monitor_source_add(struct monitor *m, monitor_source_fn fn, void *arg); /* -ENOSPC */
void monitor_source_remove(struct monitor *m, monitor_source_fn fn, void *arg);

/* The setting "alerts" was changed, or the process was asked to reload. Any thread. */
void monitor_reload(struct monitor *m);

/* How it is, any thread, without waiting for anything:
 * {"status": "ok" | "degraded" | "failing", "version", "started", "indicators":
 *  [{"name", "status", "detail", "what", "unit", "value" (null: there is nothing to read), "raise",
 *    "clear", "watched"}]}. NULL without memory. */
json_t *monitor_health(struct monitor *m);
/* Is the process alive (its monitor's rounds go on)? */
bool monitor_live(struct monitor *m);
/* Can it do its work? why, in words, when not. monitor_stopping: it is about to end. */
bool monitor_ready(struct monitor *m, char *why, unsigned size);
void monitor_stopping(struct monitor *m);
