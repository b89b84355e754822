/* What is due: one thread looks, hands work to the senders, and queues what only the bus tells. */
#include "event/webhook.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/metric.h"
#include "event/webhook_priv.h"

enum { LOOK_MS = 200, TIDY_MS = 3600000, BATCH = 64, HOOKS_MAX = 1000 };

/* Queued by the store itself, in the transaction that makes it so (migration 005). */
static const uint64_t durable = 1u << EVENT_CALL_ENDED | 1u << EVENT_TEXT_QUEUED |
                                1u << EVENT_OPT_OUT | 1u << EVENT_CAMPAIGN_STATE |
                                1u << EVENT_REPORT_READY | 1u << EVENT_ALERT_RAISED |
                                1u << EVENT_ALERT_CLEARED;

/* ---- what only the bus tells ----------------------------------------------------------------- */

struct batch {
    struct store_job job; /* first */
    struct event events[BATCH];
    char *payloads[BATCH];
    unsigned count;
};

static int run_batch(struct store_job *job, struct store *s)
{
    struct batch *b = (struct batch *)job;
    int rc = 0;

    for (unsigned i = 0; i < b->count && !rc; i++)
        rc = store_webhook_queue(s, event_name(b->events[i].type), b->events[i].campaign_id,
                                 b->events[i].at_ms, b->payloads[i]);
    return rc;
}

/* The event's own fields, without what the message says around them. */
static char *payload(const struct event *e)
{
    static const char *const around[] = {"seq", "type", "at"};
    json_t *j = event_json(e, false);
    char *text;

    for (size_t i = 0; i < sizeof(around) / sizeof(around[0]); i++)
        json_object_del(j, around[i]);
    text = json_dumps(j, JSON_COMPACT);
    json_decref(j);
    return text;
}

static void queue_batch(struct webhooks *w, struct batch *b)
{
    static struct log_limit limit;
    int rc;

    b->job.run = run_batch;
    rc = store_writer_do(w->config.writer, &b->job);
    if (rc && log_allow(&limit, 10000))
        log_error("events could not be queued for webhooks", "events=%u error=\"%s\"", b->count,
                  strerror(-rc));
    while (b->count > 0)
        free(b->payloads[--b->count]);
}

static void take_events(struct webhooks *w)
{
    struct batch b = {.count = 0};
    uint64_t missed, lost = 0;
    struct event e;

    while (w->config.bus && bus_next(w->config.bus, &w->cursor, &e, &missed)) {
        lost += missed;
        if (!(w->wanted & ~durable & 1ull << e.type))
            continue;
        b.events[b.count] = e;
        b.payloads[b.count] = payload(&e);
        if (b.payloads[b.count])
            b.count++;
        if (b.count == BATCH)
            queue_batch(w, &b);
    }
    if (b.count > 0)
        queue_batch(w, &b);
    if (lost && (w->wanted & ~durable))
        log_warn("webhooks missed events of the bus", "events=%llu", (unsigned long long)lost);
}

/* ---- what is due ----------------------------------------------------------------------------- */

struct look {
    struct webhooks *w;
    int64_t now_ms;
    uint64_t wanted;
    unsigned free;               /* senders */
    struct store_webhook *hooks; /* owned: those for which something waits */
    unsigned count;
    int rc;
};

static unsigned thread_count(const struct webhooks *w)
{
    return w->config.threads ? w->config.threads : 4;
}

static bool in_hand(const struct webhooks *w, int64_t delivery)
{
    for (unsigned i = 0; i < thread_count(w); i++)
        if (w->senders[i].busy && w->senders[i].delivery.id == delivery)
            return true;
    return false;
}

static unsigned in_hands(const struct webhooks *w, int64_t webhook)
{
    unsigned n = 0;

    for (unsigned i = 0; i < thread_count(w); i++)
        n += w->senders[i].busy && w->senders[i].hook.id == webhook;
    return n;
}

/* Under the lock. */
static void hand_over(struct look *l, const struct store_webhook *hook, struct store_delivery *d)
{
    for (unsigned i = 0; i < thread_count(l->w); i++) {
        struct webhook_sender *s = &l->w->senders[i];

        if (s->busy)
            continue;
        s->hook = *hook;
        s->delivery = *d;
        d->payload = NULL; /* the sender's now */
        s->busy = true;
        l->free--;
        pthread_cond_broadcast(&l->w->work);
        return;
    }
}

/* A subscription that fails is tried one by one; a slow one takes half of the senders at most. */
static unsigned allowed(const struct webhooks *w, const struct store_webhook *hook)
{
    unsigned half = thread_count(w) / 2;

    return hook->failures > 0 || half < 1 ? 1 : half;
}

static int note(void *arg, const struct store_webhook *hook)
{
    struct look *l = arg;
    struct store_webhook *more;

    for (unsigned i = 0; hook->enabled && i < hook->event_count; i++) {
        int t = event_from_name(hook->events[i]);

        if (t >= 0)
            l->wanted |= 1ull << t;
    }
    if (!hook->enabled || hook->waiting == 0 || hook->next_ms > l->now_ms || l->count == HOOKS_MAX)
        return 0;
    more = realloc(l->hooks, (l->count + 1) * sizeof(*more));
    if (!more) {
        l->rc = -ENOMEM;
        return 1;
    }
    l->hooks = more;
    l->hooks[l->count++] = *hook;
    return 0;
}

/* The lock is held over the query: a sender lets go of a message after its result is durable, so
 * what is not in hand here and still in the queue was not sent. (The query must not be within
 * another one, whose older picture of the store it would share.) */
static void serve(struct look *l, const struct store_webhook *hook)
{
    struct store_delivery due[2 * WEBHOOK_THREADS_MAX];
    struct webhooks *w = l->w;
    unsigned count = 0, max, busy;

    pthread_mutex_lock(&w->lock);
    busy = in_hands(w, hook->id);
    max = allowed(w, hook);
    max = max > busy ? max - busy : 0;
    max = max < l->free ? max : l->free;
    if (max > 0)
        l->rc = store_delivery_due(w->store, hook->id, l->now_ms, max + busy, due, &count);
    for (unsigned i = 0; i < count; i++) {
        if (max > 0 && !in_hand(w, due[i].id)) {
            hand_over(l, hook, &due[i]);
            max--;
            w->last_id = hook->id;
        }
        free(due[i].payload);
    }
    pthread_mutex_unlock(&w->lock);
}

/* Those after the one that was served last come first, so that nobody is passed over for ever. */
static int serve_all(struct look *l)
{
    int64_t last = l->w->last_id;

    l->rc = 0;
    if (!store_webhook_each(l->w->store, note, l)) {
        for (unsigned i = 0; i < l->count && l->free > 0 && !l->rc; i++)
            if (l->hooks[i].id > last)
                serve(l, &l->hooks[i]);
        for (unsigned i = 0; i < l->count && l->free > 0 && !l->rc; i++)
            if (l->hooks[i].id <= last)
                serve(l, &l->hooks[i]);
    } else {
        l->rc = -EIO;
    }
    if (l->hooks)
        explicit_bzero(l->hooks, l->count * sizeof(*l->hooks)); /* secrets */
    free(l->hooks);
    return l->rc;
}

struct tidy {
    struct store_job job; /* first */
    int64_t before_ms;
};

static int run_tidy(struct store_job *job, struct store *s)
{
    return store_delivery_tidy(s, ((struct tidy *)job)->before_ms);
}

static void look_now(struct webhooks *w)
{
    struct look l = {.w = w, .now_ms = clock_wall_ms(w->config.clock)};
    int64_t waiting, dead, keep = w->config.keep_dead_ms;
    static struct log_limit limit;
    int rc;

    pthread_mutex_lock(&w->lock);
    for (unsigned i = 0; i < thread_count(w); i++)
        l.free += !w->senders[i].busy;
    pthread_mutex_unlock(&w->lock);
    rc = serve_all(&l);
    if (!rc)
        rc = store_delivery_counts(w->store, &waiting, &dead);
    if (rc) {
        if (log_allow(&limit, 10000))
            log_error("webhooks cannot be read", "error=\"%s\"", store_error_text(w->store));
        return;
    }
    w->wanted = l.wanted;
    metric_set(metric(METRIC_WEBHOOK_BACKLOG), waiting);
    metric_set(metric(METRIC_WEBHOOK_DEAD), dead);
    if (l.now_ms >= w->tidy_ms && dead > 0) {
        struct tidy t = {.job.run = run_tidy,
                         .before_ms = l.now_ms - (keep ? keep : 14 * 24 * (int64_t)TIDY_MS)};

        w->tidy_ms = l.now_ms + TIDY_MS;
        if (store_writer_do(w->config.writer, &t.job))
            log_warn("old dead letters could not be removed", "");
    }
}

/* ---- threads --------------------------------------------------------------------------------- */

static void *look_main(void *arg)
{
    struct webhooks *w = arg;

    pthread_setname_np(pthread_self(), "webhooks");
    while (!atomic_load(&w->stop)) {
        struct timespec until;

        take_events(w);
        look_now(w);
        until = clock_deadline(LOOK_MS);
        pthread_mutex_lock(&w->lock);
        while (!w->poked && !atomic_load(&w->stop) &&
               pthread_cond_timedwait(&w->look, &w->lock, &until) == 0) {
        }
        w->poked = false;
        pthread_mutex_unlock(&w->lock);
    }
    return NULL;
}

static void *send_main(void *arg)
{
    struct webhook_sender *s = arg;
    struct webhooks *w = s->owner;

    pthread_setname_np(pthread_self(), "webhook");
    pthread_mutex_lock(&w->lock);
    for (;;) {
        while (!s->busy && !atomic_load(&w->stop))
            pthread_cond_wait(&w->work, &w->lock);
        if (!s->busy)
            break;
        pthread_mutex_unlock(&w->lock);
        if (!atomic_load(&w->stop))
            webhook_send(s);
        free(s->delivery.payload);
        s->delivery.payload = NULL;
        pthread_mutex_lock(&w->lock);
        s->busy = false;
        w->poked = true; /* the next one */
        pthread_cond_signal(&w->look);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

void webhooks_poke(struct webhooks *w)
{
    pthread_mutex_lock(&w->lock);
    w->poked = true;
    pthread_cond_signal(&w->look);
    pthread_mutex_unlock(&w->lock);
}

/* ---- life ------------------------------------------------------------------------------------ */

static int open_sender(struct webhooks *w, struct webhook_sender *s, struct error *err)
{
    int rc = http_client_new(&s->client);

    s->owner = w;
    if (!rc)
        rc = store_open(w->config.store_url, w->config.clock, &s->store, err);
    if (!rc)
        rc = -pthread_create(&s->thread, NULL, send_main, s);
    s->started = rc == 0;
    return rc;
}

static int open_all(struct webhooks *w, struct error *err)
{
    int rc = store_open(w->config.store_url, w->config.clock, &w->store, err);

    if (!rc && w->config.bus)
        bus_follow(w->config.bus, &w->cursor);
    for (unsigned i = 0; !rc && i < thread_count(w); i++)
        rc = open_sender(w, &w->senders[i], err);
    if (!rc)
        rc = -pthread_create(&w->thread, NULL, look_main, w);
    w->started = rc == 0;
    return rc;
}

int webhooks_new(struct webhooks **out, const struct webhooks_config *config, struct error *err)
{
    struct webhooks *w = calloc(1, sizeof(*w));
    sigset_t all, before;
    int rc;

    if (!w)
        return -ENOMEM;
    w->config = *config;
    if (w->config.threads > WEBHOOK_THREADS_MAX)
        w->config.threads = WEBHOOK_THREADS_MAX;
    pthread_mutex_init(&w->lock, NULL);
    clock_cond_init(&w->look);
    clock_cond_init(&w->work);
    sigfillset(&all); /* signals are the main thread's */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = open_all(w, err);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc) {
        webhooks_free(w);
        return error_set(err, rc, "webhooks", NULL, "cannot be started: %s", strerror(-rc));
    }
    *out = w;
    return 0;
}

void webhooks_free(struct webhooks *w)
{
    if (!w)
        return;
    atomic_store(&w->stop, true);
    pthread_mutex_lock(&w->lock);
    pthread_cond_broadcast(&w->look);
    pthread_cond_broadcast(&w->work);
    pthread_mutex_unlock(&w->lock);
    if (w->started)
        pthread_join(w->thread, NULL);
    for (unsigned i = 0; i < thread_count(w); i++) {
        struct webhook_sender *s = &w->senders[i];

        if (s->started)
            pthread_join(s->thread, NULL);
        http_client_free(s->client);
        store_close(s->store);
        explicit_bzero(&s->hook, sizeof(s->hook)); /* secrets */
    }
    store_close(w->store);
    pthread_cond_destroy(&w->look);
    pthread_cond_destroy(&w->work);
    pthread_mutex_destroy(&w->lock);
    free(w);
}
