/* Doors, limits, log. See carrier.h. */
#include "line/carrier/carrier.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/rng.h"
#include "line/carrier/carrier_priv.h"

enum { NUMBERS_MAX = 4000000, FILES_ASIDE = 64, SIP_ASIDE = 64 };

int64_t carrier_now_us(const struct carrier *c)
{
    return clock_mono_us(loop_clock(c->config.loop));
}

/* ---- log ------------------------------------------------------------------------------------ */

static void log_line(struct carrier *c, json_t *line)
{
    char iso[32];

    json_object_set_new(
        line, "at",
        json_string(clock_format_iso(clock_wall_ms(loop_clock(c->config.loop)), iso, sizeof(iso))));
    json_dumpf(line, c->config.log, JSON_COMPACT);
    fputc('\n', c->config.log);
    fflush(c->config.log); /* who reads it may kill us at any moment */
    json_decref(line);
}

void carrier_log_invite(struct carrier *c, const struct act *a)
{
    if (c->config.log)
        log_line(c, json_pack("{s:s,s:I,s:s,s:s,s:i,s:s}", "event", "invite", "number",
                              (json_int_t)a->number, "called", sip_call_to_user(a->sip), "caller",
                              sip_call_from_user(a->sip), "nth", (int)a->nth, "behaviour",
                              behaviour_name(a->person.behaviour)));
}

static json_t *heard_json(const struct act *a)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < a->ear.count && i < EAR_HEARD_MAX; i++)
        json_array_append_new(
            list, json_pack("[I,i]", (json_int_t)(a->ear.heard[i].at_us - a->answered_us) / 1000,
                            (int)a->ear.heard[i].hz));
    return list;
}

static const char *ended_by(const struct act *a, const struct sip_result *r)
{
    if (a->left || r->end == SIP_END_LOCAL || r->end == SIP_END_REJECTED)
        return "person";
    return r->end == SIP_END_REMOTE ? "caller" : "nobody";
}

void carrier_log_end(struct carrier *c, const struct act *a, const struct sip_result *r)
{
    char keys[PERSON_PRESSES_MAX + 1] = "";
    struct rtp_stats s = {0};
    int64_t now = carrier_now_us(c);

    if (!c->config.log)
        return;
    for (unsigned i = 0; i < a->pressed; i++)
        keys[i] = a->person.press[i].key;
    if (a->rtp)
        rtp_read_stats(a->rtp, &s);
    log_line(c, json_pack("{s:s,s:I,s:i,s:s,s:i,s:b,s:s,s:I,s:I,s:s,s:o,s:I,s:I}", "event", "ended",
                          "number", (json_int_t)a->number, "nth", (int)a->nth, "behaviour",
                          behaviour_name(a->person.behaviour), "status", r->status, "answered",
                          (int)a->answered, "by", ended_by(a, r), "rang_ms",
                          (json_int_t)((a->answered ? a->answered_us : now) - a->came_us) / 1000,
                          "up_ms", (json_int_t)(a->answered ? now - a->answered_us : 0) / 1000,
                          "keys", keys, "heard", heard_json(a), "received", (json_int_t)s.received,
                          "sent", (json_int_t)s.sent));
}

/* ---- doors ---------------------------------------------------------------------------------- */

static uint64_t digits_of(const char *user)
{
    uint64_t n = 0;
    int count = 0;

    for (; user && *user && count < 15; user++)
        if (isdigit((unsigned char)*user)) {
            n = n * 10 + (uint64_t)(*user - '0');
            count++;
        }
    return n;
}

static unsigned count_call(struct carrier *c, uint64_t number)
{
    intptr_t before = number ? (intptr_t)map_get(&c->numbers, number) : 0;

    if (number && (before || c->numbers.count < NUMBERS_MAX))
        map_put(&c->numbers, number, (void *)(before + 1));
    return (unsigned)before;
}

/* Why not, as a pointer to the counter of it; NULL: come in. */
static uint64_t *refusal(struct carrier *c, int64_t now)
{
    const struct population_limits *l = population_limits(c->config.population);
    struct figures *f = c->figures;

    if (c->closing)
        return &f->refused_closing;
    if (l->storm_every_ms && (now - c->opened_us) / 1000 % l->storm_every_ms < l->storm_ms)
        return &f->refused_storm;
    if (list_empty(&c->free) || (l->calls && f->calls_up >= l->calls))
        return &f->refused_limit;
    if (l->cps > 0 && f->rate.now > l->cps) /* this call is counted already */
        return &f->refused_limit;
    return NULL;
}

static bool listened(const struct carrier *c, uint64_t number)
{
    return (double)(hash_u64(number) >> 11) / (double)(1ULL << 53) < c->config.listen;
}

static void on_incoming(struct sip *s, void *arg, struct sip_call *call)
{
    struct carrier *c = arg;
    struct figures *f = c->figures;
    int64_t now = carrier_now_us(c);
    struct sdp_audio theirs;
    const char *offer;
    uint64_t *why;
    struct act *a;
    size_t len = 0;

    f->calls++;
    f->last_call_us = now;
    if (f->first_call_us == 0)
        f->first_call_us = now;
    rate_add(&f->rate, now);
    why = refusal(c, now);
    if (why) {
        (*why)++;
        sip_call_reject(call, 503, "Service Unavailable", NULL,
                        population_limits(c->config.population)->retry_after_s);
        return;
    }
    offer = sip_call_offer(call, &len);
    if (!offer || sdp_read(offer, len, &theirs) || !person_takes(c, &theirs)) {
        f->refused_offer++;
        sip_call_reject(call, 488, "Not Acceptable Here", NULL, 0);
        return;
    }
    a = list_entry(list_first(&c->free), struct act, node);
    list_remove(&a->node);
    memset(a, 0, sizeof(*a));
    a->carrier = c;
    a->sip = call;
    a->theirs = theirs;
    a->came_us = now;
    a->number = digits_of(sip_call_to_user(call));
    a->nth = count_call(c, a->number);
    a->listening = listened(c, a->number);
    population_draw(c->config.population, a->number, a->nth, &a->person);
    list_append(&c->up, &a->node);
    f->behaviour[a->person.behaviour]++;
    if (++f->calls_up > f->calls_max)
        f->calls_max = f->calls_up;
    carrier_log_invite(c, a);
    person_begin(a);
}

void carrier_release(struct act *a)
{
    struct carrier *c = a->carrier;

    c->figures->calls_up--;
    list_remove(&a->node);
    list_append(&c->free, &a->node);
}

void carrier_hangup_all(struct carrier *c)
{
    c->closing = true;
    list_for_each_safe(&c->up, n, next)
    {
        struct act *a = list_entry(n, struct act, node);

        person_leave(a);
    }
}

/* ---- life ----------------------------------------------------------------------------------- */

static int open_parts(struct carrier *c, struct error *err)
{
    static const struct sip_handler handler = {.incoming = on_incoming};
    struct sip_config sip = {
        .loop = c->config.loop,
        .local = c->config.local,
        .listen_tcp = true,
        .tls_local = c->config.tls_local,
        .tls_cert = c->config.tls_cert,
        .tls_key = c->config.tls_key,
        .user_agent = "Kolcast simulated carrier",
        /* Who is refused, and who ended and waits for an answer, takes a place too. */
        .calls_max = c->config.calls_max + c->config.calls_max / 2 + SIP_ASIDE,
    };
    struct pump_config pump = {
        .loop = c->config.loop,
        .local = c->config.local,
        .streams_max = c->config.calls_max,
        .backend = c->config.no_uring ? PUMP_SEND : PUMP_AUTO,
    };
    int rc = sounds_new(&c->sounds);

    if (!rc)
        rc = pump_new(&c->pump, &pump);
    if (rc)
        return error_set(err, rc, "carrier", NULL, "cannot make the audio pump: %s", strerror(-rc));
    return sip_new(&c->sip, &sip, &handler, c, err);
}

/* Each call needs an open file. */
static unsigned calls_possible(unsigned asked)
{
    unsigned files = pump_raise_file_limit(),
             most = files > 2 * FILES_ASIDE ? files - FILES_ASIDE : FILES_ASIDE;

    if (asked <= most)
        return asked;
    log_warn("fewer calls at once than asked: each needs an open file", "asked=%u files=%u", asked,
             files);
    return most;
}

int carrier_open(struct carrier **out, const struct carrier_config *config, struct error *err)
{
    struct carrier *c = calloc(1, sizeof(*c));
    int rc = -ENOMEM;

    if (c) {
        c->config = *config;
        c->config.calls_max = calls_possible(config->calls_max);
        list_init(&c->free);
        list_init(&c->up);
        c->session = random_u32();
        c->opened_us = carrier_now_us(c);
        c->figures = figures_new();
        c->acts = calloc(c->config.calls_max, sizeof(*c->acts));
    }
    if (!c || !c->figures || !c->acts) {
        error_set(err, rc, "carrier", "fewer --calls", "out of memory");
        goto fail;
    }
    for (unsigned i = 0; i < c->config.calls_max; i++)
        list_append(&c->free, &c->acts[i].node);
    rc = open_parts(c, err);
    if (rc)
        goto fail;
    *out = c;
    return 0;
fail:
    carrier_close(c);
    return rc;
}

void carrier_close(struct carrier *c)
{
    if (!c)
        return;
    for (struct list_node *n; c->up.head.next && (n = list_first(&c->up)) != NULL;) {
        struct act *a = list_entry(n, struct act, node);

        timer_stop(&a->step);
        timer_stop(&a->leave);
        rtp_close(a->rtp);
        list_remove(n);
    }
    sip_free(c->sip);
    pump_free(c->pump);
    sounds_free(&c->sounds);
    figures_free(c->figures);
    map_free(&c->numbers);
    free(c->acts);
    free(c);
}

void carrier_local(const struct carrier *c, struct sockaddr_storage *out)
{
    sip_local(c->sip, out);
}

void carrier_local_tls(const struct carrier *c, struct sockaddr_storage *out)
{
    sip_local_tls(c->sip, out);
}

unsigned carrier_calls(const struct carrier *c)
{
    return c->figures->calls_up;
}

const struct figures *carrier_figures(const struct carrier *c)
{
    return c->figures;
}

unsigned carrier_rate(struct carrier *c)
{
    return rate_at(&c->figures->rate, carrier_now_us(c));
}
