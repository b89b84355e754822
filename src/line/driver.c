/* The own SIP engine as a telephony driver: the desk's side. Calls go to the lane with the fewest
 * in flight by a message embedded in them and come back the same way; whatever else the desk asks
 * is a message too. Counters are read without a lock. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "line/lane_priv.h"

enum { FILES_ASIDE = 256, POOL_SLACK = 8, CALLS_MAX_DEFAULT = 1000 };

static int resolve(const char *host, uint16_t port, struct sockaddr_storage *out, socklen_t *size)
{
    struct addrinfo hints = {.ai_socktype = SOCK_DGRAM}, *found;
    char service[8];

    snprintf(service, sizeof(service), "%u", port);
    if (getaddrinfo(host, service, &hints, &found))
        return -ENOENT;
    memcpy(out, found->ai_addr, found->ai_addrlen);
    *size = found->ai_addrlen;
    freeaddrinfo(found);
    return 0;
}

/* The address this machine would use towards the trunk. */
static int local_towards(const struct line_trunk_config *t, struct sockaddr_storage *out,
                         struct error *err)
{
    struct sockaddr_storage to = {0}, from = {0};
    socklen_t size = 0, from_size = sizeof(from);
    int fd, rc;

    /* Of a name that only SRV records know, or while DNS does not answer: where calls to anywhere
     * would leave. Nothing is sent to this address (RFC 5737). */
    if (resolve(t->host, line_trunk_port(t), &to, &size))
        (void)resolve("192.0.2.1", line_usual_port(t->transport), &to, &size);
    fd = socket(to.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    rc = connect(fd, (struct sockaddr *)&to, size) ||
                 getsockname(fd, (struct sockaddr *)&from, &from_size)
             ? -errno
             : 0;
    close(fd);
    if (rc)
        return error_set(err, rc, t->name, "check this machine's network",
                         "there is no way to \"%s\": %s", t->host, strerror(-rc));
    *out = from;
    return 0;
}

static void clear_port(struct sockaddr_storage *a)
{
    if (a->ss_family == AF_INET6)
        ((struct sockaddr_in6 *)a)->sin6_port = 0;
    else
        ((struct sockaddr_in *)a)->sin_port = 0;
}

static int find_local(struct line *l, struct error *err)
{
    socklen_t size;
    int rc;

    if (l->config.bind[0]) {
        rc = resolve(l->config.bind, 0, &l->local, &size);
        if (rc)
            return error_set(err, rc, "bind", "give an address of this machine",
                             "\"%s\" is no address", l->config.bind);
    } else {
        rc = local_towards(&l->config.trunks[0], &l->local, err);
        if (rc)
            return rc;
    }
    clear_port(&l->local);
    return 0;
}

static void line_close(struct line *l)
{
    if (!l)
        return;
    for (unsigned i = 0; i < l->lane_count; i++)
        lane_close(&l->lanes[i]);
    pthread_mutex_destroy(&l->fault_lock);
    explicit_bzero(l, sizeof(*l)); /* passwords */
    free(l);
}

static int line_open(struct line **out, const struct line_config *config, struct error *err)
{
    unsigned lanes = config->lanes, files, each;
    struct line *l;
    int rc;

    if (config->trunk_count == 0 || config->trunk_count > LINE_TRUNKS_MAX)
        return error_set(err, -EINVAL, "trunks", "name at least one trunk",
                         "no trunk to call over");
    l = calloc(1, sizeof(*l));
    if (!l)
        return -ENOMEM;
    pthread_mutex_init(&l->fault_lock, NULL);
    l->config = *config;
    rc = find_local(l, err);
    if (rc)
        goto fail;
    if (lanes == 0)
        lanes = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
    lanes = lanes < 1 ? 1 : lanes > LANES_MAX ? LANES_MAX : lanes;
    if (l->config.calls_max == 0)
        l->config.calls_max = CALLS_MAX_DEFAULT;
    files = pump_raise_file_limit();
    if (files < l->config.calls_max + FILES_ASIDE) {
        log_warn("fewer concurrent calls than asked: each needs an open file", "asked=%u files=%u",
                 l->config.calls_max, files);
        l->config.calls_max = files > 2 * FILES_ASIDE ? files - FILES_ASIDE : FILES_ASIDE;
    }
    each = (l->config.calls_max + lanes - 1) / lanes + POOL_SLACK;
    for (unsigned i = 0; i < lanes; i++) {
        l->lane_count = i + 1;
        rc = lane_open(&l->lanes[i], l, each, err);
        if (rc)
            goto fail;
    }
    for (unsigned i = 0; i < lanes; i++) {
        rc = lane_start(&l->lanes[i], err);
        if (rc)
            goto fail;
    }
    *out = l;
    return 0;
fail:
    line_close(l);
    return rc;
}

/* ---- in the lane --------------------------------------------------------------------------- */

static void deliver(struct loop_msg *m) /* in the desk's loop */
{
    struct line_call *lc = container_of(m, struct line_call, msg);

    lc->done(lc);
}

static void take(struct loop_msg *m)
{
    struct line_call *lc = container_of(m, struct line_call, msg);

    lc->msg.fn = deliver; /* its way back */
    call_begin(lc->lane, lc);
}

/* One walk for all that came onto the lists, be it one opt-out or a national list of millions. */
static void recheck(struct loop_msg *m)
{
    struct lane *lane = container_of(m, struct lane, recheck_msg);
    const struct line_config *config = &lane->line->config;
    int64_t now = clock_wall_ms(config->clock);

    atomic_store(&lane->recheck_posted, false);
    list_for_each_safe(&lane->active, n, next)
    {
        struct call *c = list_entry(n, struct call, node);

        if (atomic_load_explicit(&c->lc->voice->use->ending, memory_order_relaxed))
            call_hangup(c, OUTCOME_BY_OPERATOR);
        else if (!c->answered_us && config->blackset &&
                 blackset_contains(config->blackset, c->lc->number, now))
            call_hangup(c, OUTCOME_BY_OPT_OUT);
    }
}

/* ---- the desk's side ------------------------------------------------------------------------- */

static unsigned in_flight(const struct lane *lane)
{
    return atomic_load_explicit(&lane->counters.in_flight, memory_order_relaxed);
}

static bool lane_ready(const struct lane *lane, int trunk)
{
    return trunk >= 0 && trunk < LINE_TRUNKS_MAX &&
           atomic_load_explicit(&lane->counters.ready, memory_order_relaxed) >> trunk & 1;
}

/* Each lane registers for itself; one that is ready will do. */
static bool line_ready(struct line *l, int trunk)
{
    for (unsigned i = 0; i < l->lane_count; i++)
        if (lane_ready(&l->lanes[i], trunk))
            return true;
    return false;
}

static void line_dial(struct line *l, struct line_call *lc, void (*done)(struct line_call *))
{
    struct lane *lane = &l->lanes[0];

    for (unsigned i = 1; i < l->lane_count; i++) {
        struct lane *other = &l->lanes[i];
        int better = (int)lane_ready(other, lc->trunk) - (int)lane_ready(lane, lc->trunk);

        if (better > 0 || (better == 0 && in_flight(other) < in_flight(lane)))
            lane = other;
    }
    atomic_fetch_add_explicit(&lane->counters.in_flight, 1, memory_order_relaxed);
    lc->lane = lane;
    lc->done = done;
    lc->msg.fn = take;
    loop_post(lane->loop, &lc->msg);
}

static void line_recheck(struct line *l)
{
    for (unsigned i = 0; i < l->lane_count; i++) {
        struct lane *lane = &l->lanes[i];

        if (atomic_exchange(&lane->recheck_posted, true))
            continue;
        lane->recheck_msg.fn = recheck;
        loop_post(lane->loop, &lane->recheck_msg);
    }
}

#define READ(counter) atomic_load_explicit(&c->counter, memory_order_relaxed)

static void line_read_stats(struct line *l, struct line_stats *out)
{
    struct line_stats s = {.trunks_ready = true};
    double load;

    for (unsigned i = 0; i < l->lane_count; i++) {
        struct lane_counters *c = &l->lanes[i].counters;
        uint64_t late = atomic_exchange_explicit(&c->rtp_late_us_max, 0, memory_order_relaxed);

        s.calls += READ(in_flight);
        s.dialled += READ(dialled);
        s.answered += READ(answered);
        s.rtp_sent += READ(rtp_sent);
        if (late > s.rtp_late_us_max)
            s.rtp_late_us_max = late;
        load = READ(load_permille) / 1000.0;
        if (load > s.load)
            s.load = load > 1 ? 1 : load;
        s.trunks_up = i ? s.trunks_up & READ(ready) : READ(ready);
        s.trunks_ready = s.trunks_ready && READ(ready) == (1u << l->config.trunk_count) - 1;
        for (unsigned t = 0; t < l->config.trunk_count; t++)
            s.unheard[t] += READ(unheard[t]);
    }
    if (!s.trunks_ready) {
        pthread_mutex_lock(&l->fault_lock);
        snprintf(s.trunk_fault, sizeof(s.trunk_fault), "%s",
                 l->fault[0] ? l->fault : "waiting for the trunk");
        pthread_mutex_unlock(&l->fault_lock);
    }
    *out = s;
}

const struct line_driver line_sip = {
    .name = "sip",
    .open = line_open,
    .close = line_close,
    .ready = line_ready,
    .dial = line_dial,
    .recheck = line_recheck,
    .stats = line_read_stats,
};
