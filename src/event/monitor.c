/* Rounds of readings, and what follows from a change. */
#include "event/monitor.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "base/metric.h"
#include "event/monitor_priv.h"
#include "store/identity.h"

enum { EVERY_MS = 2000, DEAD_MS = 60000, CHANGES_MAX = 32, MAILS_AN_HOUR = 30, HOUR_MS = 3600000 };

/* Changes of one round: told after the lock is given back. */
struct changes {
    struct {
        enum indicator indicator;
        struct store_alert alert;
    } list[CHANGES_MAX];
    unsigned count;
};

static void note_change(void *arg, enum indicator i, const struct store_alert *alert)
{
    struct changes *c = arg;

    if (c->count == CHANGES_MAX)
        return;
    c->list[c->count].indicator = i;
    c->list[c->count++].alert = *alert;
}

/* ---- telling --------------------------------------------------------------------------------- */

struct alert_job {
    struct store_job job;
    struct store_alert alert;
};

static int run_alert(struct store_job *job, struct store *s)
{
    struct alert_job *j = (struct alert_job *)job;
    int64_t id;
    int rc = j->alert.cleared_ms ? store_alert_clear(s, &j->alert)
                                 : store_alert_raise(s, &j->alert, &id);

    /* Known already: from before a restart, or its raising could not be written. */
    return rc == -EEXIST || rc == -ENOENT ? 0 : rc;
}

static void alert_stored(struct store_job *job, int rc)
{
    struct alert_job *j = (struct alert_job *)job;

    if (rc)
        log_warn("an alert could not be stored", "indicator=%s object=\"%s\" error=\"%s\"",
                 j->alert.indicator, j->alert.object, strerror(-rc));
    free(j);
}

/* Not waited for: the store may be what is failing. */
static void store_change(struct monitor *m, const struct store_alert *alert)
{
    struct alert_job *j = calloc(1, sizeof(*j));

    if (!j)
        return;
    j->job.run = run_alert;
    j->job.done = alert_stored;
    j->alert = *alert;
    store_writer_post(m->config.writer, &j->job);
}

static void publish(struct monitor *m, const struct store_alert *alert)
{
    struct event e = {.type = alert->cleared_ms ? EVENT_ALERT_CLEARED : EVENT_ALERT_RAISED};

    snprintf(e.alert.indicator, sizeof(e.alert.indicator), "%s", alert->indicator);
    snprintf(e.alert.object, sizeof(e.alert.object), "%s", alert->object);
    snprintf(e.alert.text, sizeof(e.alert.text), "%.95s", alert->text);
    e.alert.value = alert->value;
    e.alert.threshold = alert->threshold;
    bus_publish(m->config.bus, &e);
}

static void write_mail(const struct monitor *m, enum indicator i, const struct store_alert *alert,
                       char *text, size_t size)
{
    char raised[32], cleared[32];
    const struct indicator_info *info = indicator_info(i);

    clock_format_iso(alert->raised_ms, raised, sizeof(raised));
    if (alert->cleared_ms)
        snprintf(text, size, "It is over: %s\n\nIt began at %s and ended at %s.\n", alert->text,
                 raised, clock_format_iso(alert->cleared_ms, cleared, sizeof(cleared)));
    else
        snprintf(text, size, "Kolcast needs somebody: %s\n\nWhat to do: %s.\n\nSince %s.%s\n",
                 alert->text, info->remedy, raised,
                 m->mails == MAILS_AN_HOUR
                     ? "\nThere were many alerts: the next hour brings no more mails."
                     : "");
}

/* No storm of mails, whatever trembles. */
static bool may_mail(struct monitor *m, int64_t now_ms)
{
    if (now_ms - m->mail_hour_ms >= HOUR_MS) {
        m->mail_hour_ms = now_ms;
        m->mails = 0;
    }
    return m->mails++ < MAILS_AN_HOUR;
}

static void mail(struct monitor *m, enum indicator i, const struct store_alert *alert)
{
    char subject[160], text[1024];

    if (!m->config.mail || m->settings.mail_to_count == 0 ||
        !may_mail(m, alert->cleared_ms ? alert->cleared_ms : alert->raised_ms))
        return;
    snprintf(subject, sizeof(subject), "Kolcast: %s%.100s%s%.30s",
             alert->cleared_ms ? "over: " : "", indicator_info(i)->what,
             alert->object[0] ? ": " : "", alert->object);
    write_mail(m, i, alert, text, sizeof(text));
    for (unsigned n = 0; n < m->settings.mail_to_count; n++) {
        int rc = m->config.mail(m->config.mail_arg, m->settings.mail_to[n], subject, text);

        if (rc)
            log_warn("a mail about an alert could not be queued", "indicator=%s error=\"%s\"",
                     alert->indicator, strerror(-rc));
    }
}

static void tell(struct monitor *m, enum indicator i, const struct store_alert *alert)
{
    if (alert->cleared_ms)
        log_info("alert cleared", "indicator=%s object=\"%s\" value=%.4g text=\"%s\"",
                 alert->indicator, alert->object, alert->value, alert->text);
    else
        log_warn("alert raised", "indicator=%s object=\"%s\" value=%.4g limit=%.4g text=\"%s\"",
                 alert->indicator, alert->object, alert->value, alert->threshold, alert->text);
    store_change(m, alert);
    publish(m, alert);
    mail(m, i, alert);
}

/* ---- a round --------------------------------------------------------------------------------- */

static void show(struct monitor *m)
{
    struct monitor_view v = {.store_readable = m->store_readable};

    for (int i = 0; i < INDICATOR_COUNT; i++) {
        v.indicators[i].degree =
            alerts_look(m->alerts, i, v.indicators[i].detail, sizeof(v.indicators[i].detail));
        v.indicators[i].known = alerts_value(m->alerts, i, &v.indicators[i].value);
        v.indicators[i].limits = *alerts_limits(m->alerts, i);
    }
    pthread_mutex_lock(&m->lock);
    m->view = v;
    pthread_mutex_unlock(&m->lock);
}

static void round_of(struct monitor *m)
{
    int64_t now = clock_wall_ms(m->config.clock);
    struct changes changes = {.count = 0};

    alerts_begin(m->alerts, now);
    monitor_read(m, now);
    pthread_mutex_lock(&m->reading);
    for (unsigned i = 0; i < m->source_count; i++)
        m->sources[i].fn(m->sources[i].arg, m->alerts);
    pthread_mutex_unlock(&m->reading);
    alerts_end(m->alerts, note_change, &changes);
    for (unsigned i = 0; i < changes.count; i++)
        tell(m, changes.list[i].indicator, &changes.list[i].alert);
    show(m);
    atomic_store(&m->round_us, clock_mono_us(&clock_system));
}

/* A setting that cannot be read is told, and the limits stay as they were. */
static int read_settings(struct monitor *m, struct error *err)
{
    char *text = NULL;
    json_t *json = NULL;
    struct alert_settings s;
    int rc = store_setting_get(m->store, ALERT_SETTING, &text);

    if (rc && rc != -ENOENT)
        return error_set(err, rc, "alerts", NULL, "the settings cannot be read: %s",
                         store_error_text(m->store));
    if (text)
        rc = json_load_text(text, strlen(text), "alerts", &json, err);
    else
        rc = 0;
    if (!rc)
        rc = alert_settings_read(json, &s, err);
    json_decref(json);
    free(text);
    if (rc)
        return rc;
    m->settings = s;
    alerts_configure(m->alerts, &s);
    return 0;
}

static void sleep_a_while(struct monitor *m)
{
    struct timespec until = clock_deadline(m->config.every_ms ? m->config.every_ms : EVERY_MS);

    pthread_mutex_lock(&m->lock);
    while (!atomic_load(&m->stop) && !atomic_load(&m->reload) &&
           pthread_cond_timedwait(&m->wake, &m->lock, &until) == 0) {
    }
    pthread_mutex_unlock(&m->lock);
}

static void *monitor_main(void *arg)
{
    struct monitor *m = arg;

    pthread_setname_np(pthread_self(), "monitor");
    while (!atomic_load(&m->stop)) {
        struct error err = {0};
        char text[1024];

        if (atomic_exchange(&m->reload, false) && read_settings(m, &err))
            log_error("the settings of alerts stay as they were", "error=\"%s\"",
                      error_text(&err, text, sizeof(text)));
        round_of(m);
        sleep_a_while(m);
    }
    return NULL;
}

/* ---- what others ask ------------------------------------------------------------------------- */

int monitor_source_add(struct monitor *m, monitor_source_fn fn, void *arg)
{
    int rc = -ENOSPC;

    pthread_mutex_lock(&m->reading);
    if (m->source_count < MONITOR_SOURCES_MAX) {
        m->sources[m->source_count].fn = fn;
        m->sources[m->source_count++].arg = arg;
        rc = 0;
    }
    pthread_mutex_unlock(&m->reading);
    return rc;
}

void monitor_source_remove(struct monitor *m, monitor_source_fn fn, void *arg)
{
    pthread_mutex_lock(&m->reading);
    for (unsigned i = 0; i < m->source_count; i++)
        if (m->sources[i].fn == fn && m->sources[i].arg == arg) {
            m->sources[i] = m->sources[--m->source_count];
            break;
        }
    pthread_mutex_unlock(&m->reading);
}

void monitor_reload(struct monitor *m)
{
    pthread_mutex_lock(&m->lock);
    atomic_store(&m->reload, true);
    pthread_cond_signal(&m->wake);
    pthread_mutex_unlock(&m->lock);
}

static const char *const degrees[] = {"ok", "degraded", "failing"};

static struct monitor_view last_view(struct monitor *m)
{
    struct monitor_view v;

    pthread_mutex_lock(&m->lock);
    v = m->view;
    pthread_mutex_unlock(&m->lock);
    return v;
}

static json_t *indicator_json(const struct monitor_view *v, enum indicator i)
{
    const struct indicator_info *info = indicator_info(i);
    const struct alert_limits *l = &v->indicators[i].limits;

    return json_pack("{s:s,s:s,s:s,s:s,s:s,s:o,s:f,s:f,s:b}", "name", info->name, "status",
                     degrees[v->indicators[i].degree], "detail", v->indicators[i].detail, "what",
                     info->what, "unit", info->unit, "value",
                     v->indicators[i].known ? json_real(v->indicators[i].value) : json_null(),
                     "raise", l->raise, "clear", l->clear, "watched", !l->off);
}

json_t *monitor_health(struct monitor *m)
{
    struct monitor_view v = last_view(m);
    enum alert_degree worst = ALERT_OK;
    json_t *list = json_array();
    char when[32];

    for (int i = 0; i < INDICATOR_COUNT; i++) {
        worst = v.indicators[i].degree > worst ? v.indicators[i].degree : worst;
        json_array_append_new(list, indicator_json(&v, i));
    }
    return json_pack("{s:s,s:s,s:s,s:o}", "status", degrees[worst], "version", KOLCAST_VERSION,
                     "started", clock_format_iso(m->started_ms, when, sizeof(when)), "indicators",
                     list);
}

static void collect(void *arg, struct metric_page *page)
{
    struct monitor_view v = last_view(arg);

    for (int i = 0; i < INDICATOR_COUNT; i++) {
        const char *name = indicator_info(i)->name;

        metric_sample(page, METRIC_ALERTS, name, NULL, v.indicators[i].degree != ALERT_OK);
        if (v.indicators[i].known)
            metric_sample(page, METRIC_INDICATOR, name, NULL,
                          (int64_t)(v.indicators[i].value * 1000));
    }
}

bool monitor_live(struct monitor *m)
{
    return clock_mono_us(&clock_system) - atomic_load(&m->round_us) < DEAD_MS * 1000LL;
}

void monitor_stopping(struct monitor *m)
{
    atomic_store(&m->stopping, true);
}

bool monitor_ready(struct monitor *m, char *why, unsigned size)
{
    why[0] = '\0';
    if (atomic_load(&m->stopping))
        snprintf(why, size, "it is stopping");
    else if (store_writer_failing(m->config.writer, why, size))
        return false;
    if (!why[0] && !last_view(m).store_readable)
        snprintf(why, size, "the store cannot be read");
    if (!why[0] && !monitor_live(m))
        snprintf(why, size, "the monitor does not answer");
    return !why[0];
}

/* ---- life ------------------------------------------------------------------------------------ */

static int restore(void *arg, const struct store_alert *a)
{
    alerts_restore(arg, a);
    return 0;
}

static int open_all(struct monitor *m, struct error *err)
{
    int rc = alerts_new(&m->alerts);

    if (!rc)
        rc = store_open(m->config.store_url, m->config.clock, &m->store, err);
    if (!rc)
        rc = read_settings(m, err);
    if (!rc)
        rc = store_alert_open_each(m->store, restore, m->alerts);
    m->store_readable = rc == 0;
    if (!rc)
        show(m);
    atomic_store(&m->round_us, clock_mono_us(&clock_system));
    return rc;
}

int monitor_new(struct monitor **out, const struct monitor_config *config, struct error *err)
{
    struct monitor *m = calloc(1, sizeof(*m));
    sigset_t all, before;
    int rc;

    if (!m)
        return -ENOMEM;
    m->config = *config;
    m->started_ms = clock_wall_ms(config->clock);
    pthread_mutex_init(&m->lock, NULL);
    pthread_mutex_init(&m->reading, NULL);
    clock_cond_init(&m->wake);
    rc = open_all(m, err);
    if (!rc) {
        sigfillset(&all); /* signals are the main thread's */
        pthread_sigmask(SIG_SETMASK, &all, &before);
        rc = -pthread_create(&m->thread, NULL, monitor_main, m);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        m->started = rc == 0;
    }
    if (!rc && metric_collector_add(collect, m))
        log_warn("indicators will not be on the page of metrics", "");
    if (rc) {
        monitor_free(m);
        return error_set(err, rc, "monitor", NULL, "cannot be started: %s", strerror(-rc));
    }
    *out = m;
    return 0;
}

void monitor_free(struct monitor *m)
{
    if (!m)
        return;
    metric_collector_remove(collect, m);
    pthread_mutex_lock(&m->lock);
    atomic_store(&m->stop, true);
    pthread_cond_signal(&m->wake);
    pthread_mutex_unlock(&m->lock);
    if (m->started)
        pthread_join(m->thread, NULL);
    store_close(m->store);
    alerts_free(m->alerts);
    pthread_cond_destroy(&m->wake);
    pthread_mutex_destroy(&m->lock);
    pthread_mutex_destroy(&m->reading);
    free(m);
}
