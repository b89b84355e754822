/* The socket's callbacks run in the server's loop; one thread of our own makes the figures, wakes
 * the readers, and looks whether they may still read (a session that was revoked ends here, too).
 *
 * docs/live.md tells what is spoken. */
#include "api/live.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api/api_priv.h"
#include "api/live_figure.h"
#include "api/live_text.h"
#include "api/live_topic.h"
#include "base/list.h"
#include "base/log.h"

enum {
    TICK_MS = 100,
    FIGURES_TICKS = 10, /* a second */
    CHECK_TICKS = 100,  /* is the session still good? */
    CAMPAIGNS_MAX = 16, /* that one reader follows by number */
    LOOK_MAX = 4096,    /* events passed over for one message */
    TOLD_STEP = 1000,   /* events passed over until their number is told */
    NOTE_MAX = 512,
    TOKEN_MAX = 128,
    CLOSE_SIGNED_OUT = 4401,
};

struct reader {
    struct list_node node;
    struct http_socket *socket;
    struct principal who;
    char token[TOKEN_MAX];
    bool gone; /* under the lock: not allowed (any more) */
    /* the loop's */
    unsigned topics;                  /* bits */
    int64_t campaigns[CAMPAIGNS_MAX]; /* only these, when there are any */
    unsigned campaign_count;
    bool following;
    struct bus_cursor cursor;
    uint64_t told;         /* the last number that it was told */
    uint64_t figures_seen; /* version */
    unsigned figures_next; /* 0: the metrics, then the campaigns */
    char note[NOTE_MAX];   /* an answer to be sent first; "": none */
};

struct figure {
    int64_t campaign; /* 0: the metrics */
    char *text;       /* owned */
};

struct live {
    struct api *api;
    struct http_server *server;
    struct store *store;      /* owned; the thread's */
    struct live_texts *texts; /* owned; the loop's */
    pthread_t thread;
    bool started;
    pthread_mutex_t lock; /* what follows */
    pthread_cond_t changed;
    bool stop;
    struct list readers;
    unsigned reader_count, event_readers;
    struct figure figures[HOST_CAMPAIGNS_MAX + 1];
    unsigned figure_count;
    uint64_t version;
};

/* ---- figures -------------------------------------------------------------------------------- */

static void make_figures(struct live *l)
{
    struct figure fresh[HOST_CAMPAIGNS_MAX + 1] = {{.text = live_metrics_text(l->api)}},
                                             old[HOST_CAMPAIGNS_MAX + 1];
    int64_t ids[HOST_CAMPAIGNS_MAX];
    unsigned count = host_running(l->api->config.host, ids), n = 1, before;

    for (unsigned i = 0; i < count; i++) {
        struct desk_view v;

        if (host_view(l->api->config.host, ids[i], &v) == 0)
            fresh[n++] =
                (struct figure){.campaign = ids[i], .text = live_progress_text(ids[i], &v)};
    }
    pthread_mutex_lock(&l->lock);
    memcpy(old, l->figures, sizeof(old));
    before = l->figure_count;
    memcpy(l->figures, fresh, sizeof(fresh));
    l->figure_count = n;
    l->version++;
    pthread_mutex_unlock(&l->lock);
    for (unsigned i = 0; i < before; i++)
        free(old[i].text);
}

/* ---- the thread ----------------------------------------------------------------------------- */

struct look {
    const struct reader *reader; /* to compare with, perhaps gone */
    char token[TOKEN_MAX];
};

/* All readers of this moment; NULL: there are none, or no memory. */
static struct look *readers_now(struct live *l, unsigned *count)
{
    struct look *all;
    unsigned n = 0;

    pthread_mutex_lock(&l->lock);
    all = l->reader_count ? calloc(l->reader_count, sizeof(*all)) : NULL;
    list_for_each(&l->readers, node)
    {
        const struct reader *r = list_entry(node, struct reader, node);

        if (!all)
            break;
        all[n].reader = r;
        memcpy(all[n++].token, r->token, TOKEN_MAX);
    }
    pthread_mutex_unlock(&l->lock);
    *count = n;
    return all;
}

static void turn_away(struct live *l, const struct look *gone)
{
    pthread_mutex_lock(&l->lock);
    list_for_each(&l->readers, node)
    {
        struct reader *r = list_entry(node, struct reader, node);

        if (r == gone->reader && strcmp(r->token, gone->token) == 0)
            r->gone = true;
    }
    pthread_mutex_unlock(&l->lock);
}

/* Readers whose session or key is not good any more; looked up without the lock, as it may wait. */
static void check_readers(struct live *l)
{
    unsigned count;
    struct look *all = readers_now(l, &count);
    struct principal who;

    for (unsigned i = 0; i < count; i++)
        if (identity_authenticate(l->api->config.identity, l->store, all[i].token, &who) == -EACCES)
            turn_away(l, &all[i]);
    if (all)
        explicit_bzero(all, count * sizeof(*all));
    free(all);
}

static bool wait_tick(struct live *l, bool *events)
{
    struct timespec until = clock_deadline(TICK_MS);
    bool stop;

    pthread_mutex_lock(&l->lock);
    if (!l->stop)
        pthread_cond_timedwait(&l->changed, &l->lock, &until);
    stop = l->stop;
    *events = l->event_readers > 0;
    pthread_mutex_unlock(&l->lock);
    return !stop;
}

static bool news(struct bus *b, struct bus_cursor *c)
{
    struct event e;
    uint64_t missed;
    bool any = false;

    while (bus_next(b, c, &e, &missed) == 1)
        any = true;
    return any;
}

static void *live_main(void *arg)
{
    struct live *l = arg;
    struct bus_cursor cursor;
    bool events;

    pthread_setname_np(pthread_self(), "live");
    bus_follow(l->api->config.bus, &cursor);
    for (unsigned tick = 0; wait_tick(l, &events); tick++) {
        bool wake = events && news(l->api->config.bus, &cursor);

        if (tick % FIGURES_TICKS == 0) {
            make_figures(l);
            wake = true;
        }
        if (tick % CHECK_TICKS == CHECK_TICKS - 1)
            check_readers(l);
        if (wake)
            http_socket_wake_all(l->server);
    }
    return NULL;
}

/* ---- readers: in the server's loop ---------------------------------------------------------- */

static const struct api_operation operation = {.id = "followLive",
                                               .method = "GET",
                                               .path = "/api/live",
                                               .role = ROLE_ANALYST,
                                               .scope = SCOPE_LIVE_READ};

static int on_open(void *arg, void *worker, struct http_socket *s, struct http_request *r)
{
    struct api *api = arg;
    struct live *l = api->live;
    struct reader *reader = calloc(1, sizeof(*reader));
    const char *token;

    if (!reader)
        return -ENOMEM;
    if (!api_admit_socket(api, worker, r, &operation, &reader->who, &token)) {
        free(reader);
        return -EACCES;
    }
    reader->socket = s;
    snprintf(reader->token, sizeof(reader->token), "%s", token);
    http_socket_set_user(s, reader);
    pthread_mutex_lock(&l->lock);
    list_append(&l->readers, &reader->node);
    l->reader_count++;
    pthread_mutex_unlock(&l->lock);
    return 0;
}

static void on_closed(void *arg, struct http_socket *s)
{
    struct live *l = ((struct api *)arg)->live;
    struct reader *r = http_socket_user(s);

    if (!r)
        return;
    pthread_mutex_lock(&l->lock);
    list_remove(&r->node);
    l->reader_count--;
    l->event_readers -= r->following;
    pthread_mutex_unlock(&l->lock);
    explicit_bzero(r, sizeof(*r));
    free(r);
}

__attribute__((format(printf, 2, 3))) static void note(struct reader *r, const char *format, ...)
{
    char detail[300];
    json_t *message;
    char *text;
    va_list ap;

    va_start(ap, format);
    vsnprintf(detail, sizeof(detail), format, ap);
    va_end(ap);
    message = json_pack("{s:s, s:s}", "type", "error", "detail", error_clean(detail));
    text = message ? json_dumps(message, JSON_COMPACT) : NULL;
    snprintf(r->note, sizeof(r->note), "%s", text && strlen(text) < NOTE_MAX ? text : "");
    free(text);
    json_decref(message);
}

/* "campaigns:7": one topic, of one campaign. False: noted what is wrong. */
static bool subscribe_one(struct reader *to, const char *word)
{
    size_t len = strcspn(word, ":");
    int topic = live_topic_from_name(word, len);
    char *end = NULL;
    long long id = word[len] ? strtoll(word + len + 1, &end, 10) : 0;

    if (topic < 0 || (word[len] && (*end || id <= 0)) ||
        (id && topic != LIVE_CAMPAIGNS && topic != LIVE_CALLS)) {
        note(to,
             "there is no topic \"%.60s\"; there are metrics, campaigns, calls, blacklist, "
             "imports, reports, alerts, and campaigns:ID, calls:ID",
             word);
        return false;
    }
    if (to->who.key &&
        !principal_may(&to->who, ROLE_ANALYST, live_topic_scope((enum live_topic)topic))) {
        note(to, "the API key has not the scope %s",
             scope_name(live_topic_scope((enum live_topic)topic)));
        return false;
    }
    to->topics |= 1u << topic;
    if (!id)
        return true;
    if (to->campaign_count == CAMPAIGNS_MAX) {
        note(to, "at most %d campaigns can be followed by their numbers", CAMPAIGNS_MAX);
        return false;
    }
    to->campaigns[to->campaign_count++] = id;
    return true;
}

static void take_subscription(struct live *l, struct reader *r, const struct reader *wanted,
                              const json_t *after)
{
    bool follows = (wanted->topics & ~(1u << LIVE_METRICS)) != 0;

    r->topics = wanted->topics;
    memcpy(r->campaigns, wanted->campaigns, sizeof(r->campaigns));
    r->campaign_count = wanted->campaign_count;
    if (json_is_integer(after))
        bus_resume(l->api->config.bus, &r->cursor, (uint64_t)json_integer_value(after));
    else if (!r->following)
        bus_follow(l->api->config.bus, &r->cursor);
    pthread_mutex_lock(&l->lock);
    l->event_readers += (unsigned)follows - (unsigned)r->following;
    r->following = follows;
    pthread_mutex_unlock(&l->lock);
    r->told = r->cursor.next ? r->cursor.next - 1 : 0;
    snprintf(r->note, sizeof(r->note), "{\"type\":\"subscribed\",\"seq\":%llu}",
             (unsigned long long)r->told);
}

static void on_message(void *arg, struct http_socket *s, const char *text, size_t len)
{
    struct live *l = ((struct api *)arg)->live;
    struct reader *r = http_socket_user(s), wanted = {.who = r->who};
    json_t *message = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL), *one;
    const json_t *topics = json_object_get(message, "subscribe");
    const json_t *after = json_object_get(message, "after");
    size_t i;
    bool right = json_is_array(topics) && json_array_size(topics) <= 64 &&
                 (!after || (json_is_integer(after) && json_integer_value(after) >= 0));

    if (!right)
        note(r, "send {\"subscribe\": [\"metrics\", \"campaigns:7\"], \"after\": SEQ}");
    for (i = 0; right && i < json_array_size(topics); i++) {
        one = json_array_get(topics, i);
        right = json_is_string(one) && subscribe_one(&wanted, json_string_value(one));
        if (!right && wanted.note[0])
            memcpy(r->note, wanted.note, sizeof(r->note));
        else if (!right)
            note(r, "a topic is a text");
    }
    if (right)
        take_subscription(l, r, &wanted, after);
    json_decref(message);
}

static bool wants_campaign(const struct reader *r, int64_t id)
{
    for (unsigned i = 0; i < r->campaign_count; i++)
        if (r->campaigns[i] == id)
            return true;
    return r->campaign_count == 0;
}

static bool wants(const struct reader *r, const struct event *e)
{
    enum live_topic t = live_topic_of(e->type);

    if (!(r->topics >> t & 1))
        return false;
    return (t != LIVE_CAMPAIGNS && t != LIVE_CALLS) || wants_campaign(r, e->campaign_id);
}

static size_t put(char *buf, size_t cap, const char *text)
{
    size_t n = text ? strlen(text) : 0;

    if (n == 0 || n > cap)
        return 0;
    memcpy(buf, text, n); /* NOLINT: bytes of a length, no string */
    return n;
}

static size_t put_event(struct live *l, struct reader *r, const struct event *e, char *buf,
                        size_t cap)
{
    bool hide = r->who.key && !principal_may(&r->who, ROLE_ANALYST, SCOPE_CONTACTS_READ);
    size_t len;
    const char *text = live_text(l->texts, e, hide, &len);

    if (!text || len > cap)
        return 0;
    memcpy(buf, text, len); /* NOLINT: bytes of a length, no string */
    r->told = e->seq;
    return len;
}

/* Whoever follows little would come back with an old number, and be told of a gap in what it never
 * wanted. */
static size_t put_position(struct reader *r, char *buf, size_t cap)
{
    char text[64];

    if (r->cursor.next <= r->told + TOLD_STEP)
        return 0;
    r->told = r->cursor.next - 1;
    snprintf(text, sizeof(text), "{\"type\":\"position\",\"seq\":%llu}",
             (unsigned long long)r->told);
    return put(buf, cap, text);
}

/* The next event that this reader wants, or word of a gap. The gap comes first: its event is read
 * again. */
static size_t next_event(struct live *l, struct reader *r, char *buf, size_t cap)
{
    for (int looked = 0; r->following && looked < LOOK_MAX; looked++) {
        struct event e;
        uint64_t missed = 0;
        int got = bus_next(l->api->config.bus, &r->cursor, &e, &missed);

        if (missed) {
            char text[96];

            if (got)
                r->cursor.next--;
            r->told = r->cursor.next - 1;
            snprintf(text, sizeof(text), "{\"type\":\"gap\",\"missed\":%llu,\"seq\":%llu}",
                     (unsigned long long)missed, (unsigned long long)r->told);
            return put(buf, cap, text);
        }
        if (!got)
            break;
        if (wants(r, &e))
            return put_event(l, r, &e, buf, cap);
    }
    return r->following ? put_position(r, buf, cap) : 0;
}

static bool wants_figure(const struct reader *r, const struct figure *f)
{
    if (!f->text)
        return false;
    if (!f->campaign)
        return r->topics >> LIVE_METRICS & 1;
    return (r->topics >> LIVE_CAMPAIGNS & 1) && wants_campaign(r, f->campaign);
}

/* The newest figures only: a reader that was slow has skipped those between. */
static size_t next_figure(struct live *l, struct reader *r, char *buf, size_t cap)
{
    size_t n = 0;

    pthread_mutex_lock(&l->lock);
    if (r->figures_seen != l->version) {
        r->figures_seen = l->version;
        r->figures_next = 0;
    }
    while (n == 0 && r->figures_next < l->figure_count) {
        const struct figure *f = &l->figures[r->figures_next++];

        if (wants_figure(r, f))
            n = put(buf, cap, f->text);
    }
    pthread_mutex_unlock(&l->lock);
    return n;
}

static size_t on_fill(void *arg, struct http_socket *s, char *buf, size_t cap)
{
    struct live *l = ((struct api *)arg)->live;
    struct reader *r = http_socket_user(s);
    bool gone;
    size_t n;

    pthread_mutex_lock(&l->lock);
    gone = r->gone;
    pthread_mutex_unlock(&l->lock);
    if (gone) {
        http_socket_close(s, CLOSE_SIGNED_OUT, "sign in again");
        return 0;
    }
    if (r->note[0]) {
        n = put(buf, cap, r->note);
        r->note[0] = '\0';
        return n;
    }
    n = next_figure(l, r, buf, cap); /* once a second: events would otherwise starve them */
    return n ? n : next_event(l, r, buf, cap);
}

const struct http_socket_ops live_socket = {
    .open = on_open, .message = on_message, .fill = on_fill, .closed = on_closed};

/* ---- life ----------------------------------------------------------------------------------- */

int live_new(struct live **out, struct api *api, struct error *err)
{
    struct live *l = calloc(1, sizeof(*l));
    int rc;

    if (!l)
        return -ENOMEM;
    l->api = api;
    list_init(&l->readers);
    pthread_mutex_init(&l->lock, NULL);
    clock_cond_init(&l->changed);
    rc = live_texts_new(&l->texts);
    if (!rc)
        rc = store_open(api->config.store_url, api->config.clock, &l->store, err);
    if (rc) {
        live_free(l);
        return rc;
    }
    *out = l;
    return 0;
}

int live_start(struct live *l, struct http_server *server, struct error *err)
{
    int rc;

    l->server = server;
    rc = pthread_create(&l->thread, NULL, live_main, l);
    if (rc)
        return error_set(err, -rc, NULL, NULL, "cannot start a thread: %s", strerror(rc));
    l->started = true;
    return 0;
}

unsigned live_readers(struct live *l)
{
    unsigned count;

    pthread_mutex_lock(&l->lock);
    count = l->reader_count;
    pthread_mutex_unlock(&l->lock);
    return count;
}

void live_stop(struct live *l)
{
    pthread_mutex_lock(&l->lock);
    l->stop = true;
    pthread_cond_broadcast(&l->changed);
    pthread_mutex_unlock(&l->lock);
    if (l->started)
        pthread_join(l->thread, NULL);
    l->started = false;
}

void live_free(struct live *l)
{
    if (!l)
        return;
    live_stop(l);
    for (unsigned i = 0; i < l->figure_count; i++)
        free(l->figures[i].text);
    live_texts_free(l->texts);
    store_close(l->store);
    pthread_cond_destroy(&l->changed);
    pthread_mutex_destroy(&l->lock);
    free(l);
}
