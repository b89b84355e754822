/* The pump's life and its frame clock.
 *
 * Ticks of 1 ms at absolute times: a late tick is made up for, the clock never drifts. Tick n
 * serves the streams of phase n mod 20. The timer runs only while some stream sends. */
#include "media/pump.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "media/pump_priv.h"

enum { PHASE_SLACK = 4, PORT_FIRST = 10000, PORT_LAST = 65535 };

static void on_tick(struct loop_fd *w, uint32_t events);

unsigned pump_raise_file_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit))
        return 0;
    if (limit.rlim_cur < limit.rlim_max) {
        struct rlimit raised = {limit.rlim_max, limit.rlim_max};

        if (!setrlimit(RLIMIT_NOFILE, &raised))
            limit = raised;
    }
    return limit.rlim_cur > 1000000 ? 1000000 : (unsigned)limit.rlim_cur;
}

/* Even ports, as RFC 3550 11 has it, where somebody opened a firewall for a range; else any. */
static int set_ports(struct pump *p)
{
    const struct pump_config *c = &p->config;

    p->port_step = c->port_max ? 2 : 1;
    p->port_first = c->port_max ? c->port_min + (c->port_min & 1u) : PORT_FIRST;
    p->port_count =
        c->port_max ? (c->port_max + 2u - p->port_first) / 2 : PORT_LAST - PORT_FIRST + 1;
    return p->port_count > 0 && p->port_first > 0 ? 0 : -EINVAL;
}

int pump_new(struct pump **out, const struct pump_config *config)
{
    /* choose_phase lets no phase grow past the mean and a few. */
    size_t phase_cap = config->streams_max / PUMP_PHASES + PHASE_SLACK;
    struct pump *p;
    int rc = -ENOMEM;

    if (config->streams_max == 0 || config->port_max < config->port_min)
        return -EINVAL;
    p = calloc(1, sizeof(*p));
    if (!p)
        return -ENOMEM;
    p->config = *config;
    p->loop = config->loop;
    p->timer.fd = p->filter_fd = -1;
    list_init(&p->free);
    rc = set_ports(p);
    if (rc)
        goto fail;
    rc = -ENOMEM;
    p->streams = calloc(config->streams_max, sizeof(*p->streams));
    if (!p->streams)
        goto fail;
    for (unsigned i = 0; i < config->streams_max; i++) {
        p->streams[i].fd = -1;
        p->streams[i].index = i;
        p->streams[i].pump = p;
        list_append(&p->free, &p->streams[i].node);
    }
    for (int i = 0; i < PUMP_PHASES; i++) {
        p->phase[i] = calloc(phase_cap, sizeof(struct rtp *));
        if (!p->phase[i])
            goto fail;
    }
    p->timer.fn = on_tick;
    p->timer.fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (p->timer.fd < 0) {
        rc = -errno;
        goto fail;
    }
    rc = loop_fd_add(p->loop, &p->timer, EPOLLIN);
    if (rc)
        goto fail;
    pump_filter_open(p);
    rc = pump_send_open(p);
    if (rc)
        goto fail;
    *out = p;
    return 0;
fail:
    pump_free(p);
    return rc;
}

void pump_free(struct pump *p)
{
    if (!p)
        return;
    for (unsigned i = 0; p->streams && i < p->config.streams_max; i++)
        if (p->streams[i].fd >= 0)
            rtp_close(&p->streams[i]);
    pump_send_close(p);
    pump_filter_close(p);
    loop_fd_del(&p->timer);
    if (p->timer.fd >= 0)
        close(p->timer.fd);
    for (int i = 0; i < PUMP_PHASES; i++)
        free(p->phase[i]);
    free(p->streams);
    free(p);
}

void pump_read_stats(struct pump *p, struct pump_stats *out)
{
    *out = p->stats;
    out->uring = p->uring;
    p->stats.tick_late_us_max = 0;
}

static int64_t now_us(const struct pump *p)
{
    return clock_mono_us(loop_clock(p->loop));
}

static void arm(struct pump *p, bool on)
{
    int64_t next = p->base_us + (p->tick + 1) * 1000;
    struct itimerspec t = {0};

    if (on) {
        t.it_interval.tv_nsec = 1000000;
        t.it_value.tv_sec = next / 1000000;
        t.it_value.tv_nsec = next % 1000000 * 1000;
    }
    timerfd_settime(p->timer.fd, TFD_TIMER_ABSTIME, &t, NULL);
    p->running = on;
}

static void serve_phase(struct pump *p, unsigned phase, int64_t at_us)
{
    struct rtp **list = p->phase[phase];

    /* Downwards: a stream that leaves is replaced by the last one, which was served already. */
    for (uint32_t i = p->phase_count[phase]; i-- > 0;) {
        struct rtp *s;
        size_t len;

        if (i >= p->phase_count[phase]) /* a handler closed several */
            continue;
        s = list[i];
        if (p->tick < s->first_tick)
            continue;
        len = rtp_frame(s, at_us);
        if (len > 0)
            pump_send_queue(p, s, len);
    }
    pump_send_flush(p);
}

/* Frames that are too late to be of use are left out; the timestamps go on as if they were sent. */
static void skip(struct pump *p, int64_t ticks)
{
    uint32_t frames = (uint32_t)(ticks / PUMP_PHASES);

    for (int i = 0; i < PUMP_PHASES; i++)
        for (uint32_t k = 0; k < p->phase_count[i]; k++)
            p->phase[i][k]->timestamp += frames * PROMPT_FRAME;
    p->stats.late_frames += (uint64_t)frames * p->sending;
    p->tick += (int64_t)frames * PUMP_PHASES;
}

static void on_tick(struct loop_fd *w, uint32_t events)
{
    struct pump *p = container_of(w, struct pump, timer);
    int64_t at = now_us(p), due = (at - p->base_us) / 1000, late;
    uint64_t expired;

    (void)events;
    if (read(w->fd, &expired, sizeof(expired)) < 0 || !p->running)
        return;
    if (due - p->tick > PUMP_LATE_MAX)
        skip(p, due - p->tick - 1);
    while (p->tick < due) {
        p->tick++;
        at = now_us(p);
        late = at - (p->base_us + p->tick * 1000);
        if (late > (int64_t)p->stats.tick_late_us_max)
            p->stats.tick_late_us_max = (uint64_t)late;
        if (late > 10000)
            p->stats.late_frames += p->phase_count[p->tick % PUMP_PHASES];
        serve_phase(p, (unsigned)(p->tick % PUMP_PHASES), at);
    }
    if (p->sending == 0)
        arm(p, false);
}

/* The phase of a stream that begins now: this tick's, so that its second packet comes 20 ms after
 * its first; the next one with room when many begin at once. */
static unsigned choose_phase(const struct pump *p, int64_t tick)
{
    uint32_t room = p->sending / PUMP_PHASES + PHASE_SLACK;
    unsigned phase = (unsigned)(tick % PUMP_PHASES);

    while (p->phase_count[phase] >= room)
        phase = (phase + 1) % PUMP_PHASES;
    return phase;
}

void pump_join(struct pump *p, struct rtp *s)
{
    int64_t at = now_us(p), tick, wait;
    size_t len;

    if (!p->running) {
        p->base_us = at;
        p->tick = 0;
    }
    tick = (at - p->base_us) / 1000;
    s->phase = (uint8_t)choose_phase(p, tick);
    /* 20 ms on, or 10 to 29 where the phase is another than this tick's. */
    wait = (s->phase + PUMP_PHASES - tick % PUMP_PHASES) % PUMP_PHASES;
    s->first_tick = tick + (wait < PUMP_PHASES / 2 ? wait + PUMP_PHASES : wait);
    s->slot = p->phase_count[s->phase]++;
    p->phase[s->phase][s->slot] = s;
    s->sending = true;
    s->marker = true;
    p->sending++;
    if (!p->running)
        arm(p, true);
    if (s->stopped_us) /* the sampling clock went on during the pause */
        s->timestamp += (uint32_t)((at - s->stopped_us) / 125);
    len = rtp_frame(s, at);
    if (len > 0)
        pump_send_now(p, s, len);
}

void pump_leave(struct pump *p, struct rtp *s)
{
    struct rtp **list = p->phase[s->phase];
    struct rtp *last;

    if (!s->sending)
        return;
    last = list[--p->phase_count[s->phase]];
    list[s->slot] = last;
    last->slot = s->slot;
    s->sending = false;
    p->sending--;
}
