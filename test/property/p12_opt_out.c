/* P12: an opt-out takes effect at once. However it comes (another program's, a key in a call), from
 * the moment it is stored the number is not dialled any more, by no campaign, and a call that rings
 * to it is hung up; nobody else notices. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "campaign_fixture.h"
#include "prop.h"

enum { PEOPLE = 40, PATIENCE = 6000 /* × 5 ms */ };

/* ---- a network in which others opt out between any two dials --------------------------------- */

struct line {
    struct line_config config;
};

static struct {
    struct rng rng;
    struct store *other; /* another program's connection; used in the desk's thread only */
    bool out[PEOPLE], dialled_after[PEOPLE];
    unsigned dials[PEOPLE];
    struct line_call *ringing[PEOPLE]; /* under lock */
    pthread_mutex_t lock;
} net = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void deliver(struct loop_msg *m)
{
    struct line_call *lc = container_of(m, struct line_call, msg);

    lc->done(lc);
}

static void end_call(struct line_call *lc, enum disposition d)
{
    lc->outcome.disposition = d;
    lc->outcome.ended_ms = clock_wall_ms(&clock_system);
    if (d == DISPOSITION_ANSWERED)
        lc->outcome.answered_ms = lc->outcome.ended_ms;
    lc->msg.fn = deliver;
    loop_post(lc->desk, &lc->msg);
}

static int net_open(struct line **out, const struct line_config *config, struct error *err)
{
    *out = calloc(1, sizeof(**out));
    (*out)->config = *config;
    return 0;
}

static void net_close(struct line *l)
{
    free(l);
}

static bool net_ready(struct line *l, int trunk)
{
    return true;
}

static void opt_out(unsigned person)
{
    struct store_black b = {.list = "opt-out", .number = WHOLE_FIRST + person, .source = "test"};
    bool added;

    if (store_black_add(net.other, &b, &added))
        return;
    pthread_mutex_lock(&net.lock);
    net.out[person] = true;
    pthread_mutex_unlock(&net.lock);
}

static void net_dial(struct line *l, struct line_call *lc, void (*done)(struct line_call *))
{
    unsigned person = (unsigned)(lc->number - WHOLE_FIRST);

    net.dials[person]++;
    net.dialled_after[person] |= net.out[person];
    lc->done = done;
    lc->outcome.dialled_ms = clock_wall_ms(&clock_system);
    pthread_mutex_lock(&net.lock);
    if (rng_below(&net.rng, 2)) {
        net.ringing[person] = lc;
    } else {
        end_call(lc, rng_below(&net.rng, 3) ? DISPOSITION_ANSWERED : DISPOSITION_BUSY);
    }
    pthread_mutex_unlock(&net.lock);
    while (rng_below(&net.rng, 3) == 0) /* of anybody: to be dialled, ringing, long done */
        opt_out((unsigned)rng_below(&net.rng, PEOPLE));
}

/* As the lanes do: calls that ring to a number on a list are hung up. */
static void net_recheck(struct line *l)
{
    pthread_mutex_lock(&net.lock);
    for (unsigned i = 0; i < PEOPLE; i++) {
        struct line_call *lc = net.ringing[i];
        bool black =
            lc && blackset_contains(l->config.blackset, lc->number, clock_wall_ms(&clock_system));

        if (!lc || !(black || atomic_load(&lc->voice->use->ending)))
            continue;
        net.ringing[i] = NULL;
        end_call(lc, black ? DISPOSITION_BLACKLISTED : DISPOSITION_CANCELLED);
    }
    pthread_mutex_unlock(&net.lock);
}

static void net_stats(struct line *l, struct line_stats *out)
{
    *out = (struct line_stats){.trunks_ready = true};
}

static const struct line_driver network = {"test",   net_open,    net_close, net_ready,
                                           net_dial, net_recheck, net_stats};

/* Whoever still rings answers; but not before those who have opted out are hung up. */
static void answer_all(void)
{
    bool wait = false;

    pthread_mutex_lock(&net.lock);
    for (unsigned i = 0; i < PEOPLE; i++)
        wait = wait || (net.ringing[i] && net.out[i]);
    for (unsigned i = 0; i < PEOPLE && !wait; i++) {
        if (net.ringing[i])
            end_call(net.ringing[i], DISPOSITION_ANSWERED);
        net.ringing[i] = NULL;
    }
    pthread_mutex_unlock(&net.lock);
}

static int check_records(void *arg, const struct store_call *c)
{
    unsigned *calls = arg;

    calls[c->number - WHOLE_FIRST] += c->outcome.dialled_ms != 0;
    return 0;
}

static const char *judge(struct whole *w, int *seen)
{
    unsigned calls[PEOPLE] = {0};

    if (store_call_each(w->store, w->id, check_records, calls))
        return "no records";
    for (unsigned i = 0; i < PEOPLE; i++) {
        struct store_target t;

        if (net.dialled_after[i])
            return "a number was dialled after its opt-out was stored";
        if (calls[i] != net.dials[i])
            return "a call without a record, or the other way";
        if (store_target_get(w->store, w->id, WHOLE_FIRST + i, &t))
            return "no such target";
        if (!net.out[i] && t.state != TARGET_STATE_REACHED && t.state != TARGET_STATE_EXHAUSTED)
            return "somebody who did not opt out was left out";
        if (net.out[i] && net.dials[i] == 0 && t.state != TARGET_STATE_BLACKLISTED)
            return "somebody who opted out before their turn is not told as that";
        *seen += net.out[i];
    }
    return NULL;
}

static const char *check_order(struct rng *r, void *arg)
{
    static struct whole w;
    struct exchange_config config = {.clock = &clock_system,
                                     .driver = &network,
                                     .line = {.trunk_count = 1, .calls_max = PEOPLE}};
    struct exchange *x = NULL;
    struct error err = {0};
    struct desk *d = NULL;
    const char *fault;

    whole_open(&w, "{\"version\":1,\"default\":{\"shares\":{\"answer\":1}}}", PEOPLE,
               "\"pace\":{\"calls_per_second\":400,\"max_calls\":40},\"retry\":{\"max_attempts\":2,"
               "\"busy\":{\"times\":1,\"after\":\"1s\"}},");
    memset(net.out, 0, sizeof(net.out));
    memset(net.dialled_after, 0, sizeof(net.dialled_after));
    memset(net.dials, 0, sizeof(net.dials));
    rng_seed(&net.rng, rng_next(r));
    config.store_url = w.db;
    config.line.trunks[0] = w.campaign->trunks[0];
    if (store_open(w.db, &clock_system, &net.other, &err) || exchange_new(&x, &config, &err) ||
        desk_new(&d, x, &err) || desk_start(d, w.id, w.campaign, &err))
        whole_fail(&err);
    for (int i = 0; i < PATIENCE && !desk_wait(d, 0); i++) {
        usleep(5000);
        if (i % 20 == 19)
            answer_all();
    }
    fault = desk_wait(d, 0) ? NULL : "the campaign does not end: somebody is rung for ever";
    desk_free(d);
    exchange_free(x);
    if (!fault)
        fault = judge(&w, arg);
    store_close(net.other);
    whole_close(&w);
    return fault;
}

/* ---- the real lanes ------------------------------------------------------------------------- */

/* Everybody's telephone rings for long; some opt out meanwhile, by another program. */
static const char *check_ringing(struct rng *r, void *arg)
{
    enum { CALLED = 30 };
    static struct whole w;
    struct exchange_config config = {
        .clock = &clock_system,
        .driver = &line_sip,
        .line = {.trunk_count = 1, .lanes = 2, .calls_max = CALLED},
    };
    struct exchange *x = NULL;
    struct error err = {0};
    struct desk *d = NULL;
    struct desk_view v;
    struct store_call_totals totals = {0};
    int64_t gone = 0;

    whole_open(&w,
               "{\"version\":1,\"default\":{\"shares\":{\"answer\":1},\"ring_after\":{\"min\":"
               "\"5ms\",\"max\":\"30ms\"},\"answer_after\":{\"min\":\"100s\",\"max\":\"101s\"}}}",
               CALLED,
               "\"ring_timeout\":\"3m\",\"pace\":{\"calls_per_second\":200,\"max_calls\":30},"
               "\"retry\":{\"max_attempts\":1},");
    config.store_url = w.db;
    config.line.trunks[0] = w.campaign->trunks[0];
    if (exchange_new(&x, &config, &err) || desk_new(&d, x, &err) ||
        desk_start(d, w.id, w.campaign, &err))
        whole_fail(&err);
    do {
        usleep(5000);
        desk_view(d, &v);
    } while (v.calls_ringing < CALLED);
    for (unsigned i = 0; i < CALLED; i++) {
        struct store_black b = {.list = "national", .number = WHOLE_FIRST + i, .source = "test"};
        bool added;

        if (rng_below(r, 3))
            continue;
        if (store_black_add(w.store, &b, &added))
            return "an entry could not be added";
        gone++;
    }
    for (int i = 0; i < PATIENCE && totals.calls < gone; i++) {
        usleep(5000);
        if (store_call_totals(w.store, w.id, &totals))
            return "no totals";
    }
    usleep(300000); /* one too many? */
    store_call_totals(w.store, w.id, &totals);
    desk_view(d, &v);
    desk_abort(d);
    desk_wait(d, 30000);
    desk_free(d);
    exchange_free(x);
    whole_close(&w);
    *(int *)arg += (int)gone;
    if (totals.calls != gone || totals.by_disposition[DISPOSITION_BLACKLISTED] != gone)
        return "not exactly those who opted out were hung up";
    return v.calls_ringing == CALLED - gone ? NULL : "somebody else's call was ended, too";
}

static int note_dial(void *arg, const struct store_call *c)
{
    ((bool *)arg)[c->number - WHOLE_FIRST] |= c->outcome.dialled_ms != 0;
    return 0;
}

static int see_black(void *arg, const struct store_black *b)
{
    ((bool *)arg)[b->number - WHOLE_FIRST] = true;
    return 0;
}

/* Key 9 in a call, then another campaign to the same people. */
static const char *check_key(struct rng *r, void *arg)
{
    static struct whole w;
    bool dialled[PEOPLE] = {0}, black[PEOPLE] = {0};
    struct store_campaign c = {.kind = "voice", .name = "second"};
    char population[400];

    snprintf(
        population, sizeof(population),
        "{\"version\":1,\"seed\":%u,\"default\":{\"shares\":{\"answer\":1},\"keys\":{\"9\":1,"
        "\"none\":1},\"ring_after\":{\"min\":\"5ms\",\"max\":\"30ms\"},\"answer_after\":{"
        "\"min\":\"10ms\",\"max\":\"100ms\"},\"listen\":{\"min\":\"50ms\",\"max\":\"200ms\"}}}",
        (unsigned)rng_below(r, 100000));
    whole_open(
        &w, population, PEOPLE,
        "\"pace\":{\"calls_per_second\":200,\"max_calls\":40},\"retry\":{\"max_attempts\":1},");
    whole_run(&w);
    if (store_black_each(w.store, "opt-out", "", see_black, black))
        return "no list";
    c.list_id = w.list;
    assert_int_equal(store_campaign_create(w.store, &c, w.campaign->canonical, &w.id), 0);
    whole_run(&w);
    if (store_call_each(w.store, w.id, note_dial, dialled))
        return "no records";
    whole_close(&w);
    for (int i = 0; i < PEOPLE; i++) {
        *(int *)arg += black[i];
        if (dialled[i] == black[i])
            return black[i] ? "somebody who pressed 9 was called by the next campaign"
                            : "somebody who did not press 9 was not called";
    }
    return NULL;
}

int main(void)
{
    int order = 0, rang = 0, keys = 0;
    bool a = prop_check("P12 order", 5, check_order, &order);
    bool b = prop_check("P12 ringing", 3, check_ringing, &rang);
    bool c = prop_check("P12 key", 2, check_key, &keys);
    bool enough = getenv("PROP_SEED") || (order > 10 && rang > 0 && keys > 0);

    if (!enough)
        fprintf(stderr, "# too few opt-outs: this run shows nothing\n");

    printf("%s 1 - P12 nobody is dialled after their opt-out was stored (%d opt-outs)\n",
           a ? "ok" : "not ok", order);
    printf("%s 2 - P12 calls that ring are hung up, by the real lanes (%d opt-outs)\n",
           b ? "ok" : "not ok", rang);
    printf("%s 3 - P12 a key in a call holds for every campaign (%d opt-outs)\n1..3\n",
           c && enough ? "ok" : "not ok", keys);
    return !(a && b && c && enough);
}
