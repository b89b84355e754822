/* A lane: one thread with its loop, SIP endpoint, RTP pump and pool of calls. Opened and closed by
 * the driver's user; in between everything in it belongs to its thread, but for the counters. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/metric.h"
#include "line/lane_priv.h"

enum { SECOND_MS = 1000, LINGER_MS = 4000, LINGER_TURN_MS = 50 };

void lane_fault(struct lane *lane, const char *text)
{
    struct line *l = lane->line;

    pthread_mutex_lock(&l->fault_lock);
    snprintf(l->fault, sizeof(l->fault), "%s", text);
    pthread_mutex_unlock(&l->fault_lock);
}

static void look_ready(struct lane *lane)
{
    unsigned ready = 0;

    for (unsigned i = 0; i < lane->line->config.trunk_count; i++)
        if (lane->trunks[i] && sip_trunk_ready(lane->trunks[i]))
            ready |= 1u << i;
    atomic_store_explicit(&lane->counters.ready, ready, memory_order_relaxed);
}

static void on_trunk_state(struct sip_trunk *t, void *arg, bool ready, int status, const char *why)
{
    struct lane *lane = arg;
    const char *name = "?";
    char text[FAULT_MAX];

    for (unsigned i = 0; i < lane->line->config.trunk_count; i++)
        if (lane->trunks[i] == t)
            name = lane->line->config.trunks[i].name;
    if (!ready) {
        if (status)
            snprintf(text, sizeof(text), "trunk %s does not accept our registration: %d %s", name,
                     status, why);
        else
            snprintf(text, sizeof(text), "trunk %s cannot be used: %s", name, why);
        lane_fault(lane, text);
        log_warn("trunk not ready", "trunk=%s status=%d why=\"%s\"", name, status, why);
    }
    look_ready(lane);
}

/* Nobody is called here yet: this endpoint only places calls. */
static const struct sip_handler sip_handler = {.trunk_state = on_trunk_state};

static void count_rtp(struct lane *lane, uint64_t sent)
{
    metric_add(metric(METRIC_RTP_SENT), (int64_t)(sent - lane->rtp_counted));
    lane->rtp_counted = sent;
    atomic_store_explicit(&lane->counters.rtp_sent, sent, memory_order_relaxed);
}

static void on_second(struct timer *t)
{
    struct lane *lane = container_of(t, struct lane, second);
    int64_t now = loop_now_us(lane->loop), busy = loop_busy_us(lane->loop);
    int64_t passed = now - lane->second_us;
    struct pump_stats s;

    if (passed > 0)
        atomic_store_explicit(&lane->counters.load_permille,
                              (unsigned)((busy - lane->busy_us) * 1000 / passed),
                              memory_order_relaxed);
    lane->busy_us = busy;
    lane->second_us = now;
    pump_read_stats(lane->pump, &s);
    count_rtp(lane, s.sent);
    if (s.tick_late_us_max >
        atomic_load_explicit(&lane->counters.rtp_late_us_max, memory_order_relaxed))
        atomic_store_explicit(&lane->counters.rtp_late_us_max, s.tick_late_us_max,
                              memory_order_relaxed);
    look_ready(lane);
    timer_start(loop_wheel(lane->loop), t, SECOND_MS);
}

static int add_trunks(struct lane *lane, struct error *err)
{
    for (unsigned i = 0; i < lane->line->config.trunk_count; i++) {
        const struct line_trunk_config *t = &lane->line->config.trunks[i];
        struct sip_trunk_config c = {
            .name = t->name,
            .host = t->host,
            .port = t->port,
            .protocol = t->transport == LINE_UDP   ? SIP_UDP
                        : t->transport == LINE_TCP ? SIP_TCP
                                                   : SIP_TLS,
            .sips = t->transport == LINE_SIPS,
            .tls = {.ca_file = t->ca_file[0] ? t->ca_file : NULL, .unverified = t->tls_unverified},
            .user = t->user[0] ? t->user : NULL,
            .password = t->password,
            .domain = t->domain[0] ? t->domain : NULL,
            .do_register = t->do_register,
        };
        int rc = sip_trunk_add(lane->sip, &c, &lane->trunks[i], err);

        if (rc)
            return error_set(err, rc, t->name, "check the trunk's host, port and user",
                             "the trunk cannot be used: %s", strerror(-rc));
    }
    return 0;
}

int lane_open(struct lane *lane, struct line *line, unsigned calls_max, struct error *err)
{
    const struct line_config *config = &line->config;
    struct pump_config pump = {
        .local = line->local,
        .streams_max = calls_max,
        .backend = config->no_uring ? PUMP_SEND : PUMP_AUTO,
    };
    struct sip_config sip = {
        .local = line->local,
        .dns = config->dns[0] ? config->dns : NULL,
        .user_agent = "kolcast/" KOLCAST_VERSION,
        /* A call that ended may still wait for the answer to its BYE. */
        .calls_max = calls_max + calls_max / 2 + 64,
    };
    int rc;

    lane->line = line;
    lane->calls_max = calls_max;
    list_init(&lane->idle);
    list_init(&lane->active);
    lane->calls = calloc(calls_max, sizeof(*lane->calls));
    if (!lane->calls)
        return error_set(err, -ENOMEM, NULL, "lower the number of concurrent calls",
                         "not enough memory for %u calls", calls_max);
    for (unsigned i = 0; i < calls_max; i++) {
        lane->calls[i].lane = lane;
        list_append(&lane->idle, &lane->calls[i].node);
    }
    rc = loop_new(&lane->loop, config->clock);
    if (rc)
        return error_set(err, rc, NULL, NULL, "a lane's loop cannot be made: %s", strerror(-rc));
    loop_measure(lane->loop, metric1(METRIC_LOOP_LAG, "lane"));
    pump.loop = sip.loop = lane->loop;
    rc = pump_new(&lane->pump, &pump);
    if (rc)
        return error_set(err, rc, NULL, NULL, "the RTP pump cannot be made: %s", strerror(-rc));
    rc = sip_new(&lane->sip, &sip, &sip_handler, lane, err);
    if (rc)
        return error_set(err, rc, NULL, NULL, "the SIP endpoint cannot be made: %s", strerror(-rc));
    rc = add_trunks(lane, err);
    if (rc)
        return rc;
    look_ready(lane);
    lane->second.fn = on_second;
    return 0;
}

static void *lane_main(void *arg)
{
    struct lane *lane = arg;
    int rc;

    loop_refresh(lane->loop);
    lane->second_us = loop_now_us(lane->loop);
    timer_start(loop_wheel(lane->loop), &lane->second, SECOND_MS);
    rc = loop_run(lane->loop);
    if (rc)
        log_error("a lane stopped", "error=\"%s\"", strerror(-rc));
    return NULL;
}

int lane_start(struct lane *lane, struct error *err)
{
    sigset_t all, before;
    int rc;

    sigfillset(&all); /* signals are the main thread's */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(&lane->thread, NULL, lane_main, lane);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc)
        return error_set(err, -rc, NULL, NULL, "a lane's thread cannot be started: %s",
                         strerror(rc));
    lane->started = true;
    return 0;
}

/* The last BYE or CANCEL of a call may have been lost: the far side would go on for nobody. Long
 * enough to send it three times more; usually there is nothing to wait for. */
static void linger(struct lane *lane)
{
    int64_t until = clock_mono_us(loop_clock(lane->loop)) + LINGER_MS * 1000LL;
    struct sip_stats s;

    sip_read_stats(lane->sip, &s);
    while (s.calls > 0 && clock_mono_us(loop_clock(lane->loop)) < until) {
        if (loop_turn(lane->loop, LINGER_TURN_MS))
            return;
        sip_read_stats(lane->sip, &s);
    }
}

void lane_close(struct lane *lane)
{
    struct pump_stats s;

    if (lane->started) {
        loop_stop(lane->loop);
        pthread_join(lane->thread, NULL);
        lane->started = false;
        linger(lane);
        pump_read_stats(lane->pump, &s);
        count_rtp(lane, s.sent); /* what the last second brought */
    }
    sip_free(lane->sip);
    pump_free(lane->pump);
    loop_free(lane->loop);
    free(lane->calls);
}
