/* For webhook.py: the real webhooks on a real store, driven by lines on standard input. usage:
 * webhook-drive DB [private] [threads=N] [timeout=MS] [first=MS]. Its clock is the system's plus
 * what "advance" has added. Answers each line with one of its own. */
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "event/webhook.h"

static atomic_llong ahead_ms;

static int64_t mono(const struct clock *c)
{
    return clock_mono_us(&clock_system) + atomic_load(&ahead_ms) * 1000;
}

static int64_t wall(const struct clock *c)
{
    return clock_wall_ms(&clock_system) + atomic_load(&ahead_ms);
}

static const struct clock the_clock = {mono, wall};
static struct store_writer *writer;
static struct webhooks *hooks;
static struct bus *bus;

struct change {
    struct store_job job; /* first */
    int (*what)(struct store *s, const char *a, const char *b);
    const char *a, *b;
};

static int run(struct store_job *job, struct store *s)
{
    struct change *c = (struct change *)job;

    return c->what(s, c->a, c->b);
}

/* Durable when it returns 0. */
static int change(int (*what)(struct store *s, const char *a, const char *b), const char *a,
                  const char *b)
{
    struct change c = {.job.run = run, .what = what, .a = a, .b = b};

    return store_writer_do(writer, &c.job);
}

static int opt_out(struct store *s, const char *number, const char *b)
{
    struct store_black black = {.number = strtoull(number, NULL, 10),
                                .list = "opt-out",
                                .reason = "asked",
                                .source = "key 9"};
    bool added;

    return store_black_add(s, &black, &added);
}

/* add URL EVENTS: "add http://… call.ended,contact.opted_out"; the answer is its id and secret. */
static int add(struct store *s, const char *url, const char *events)
{
    struct store_webhook w = {.enabled = true, .name = "test"};
    char list[512], *save;
    int64_t id;
    int rc;

    snprintf(w.url, sizeof(w.url), "%s", url);
    snprintf(list, sizeof(list), "%s", events);
    webhook_secret(w.secret);
    for (char *e = strtok_r(list, ",", &save); e; e = strtok_r(NULL, ",", &save))
        snprintf(w.events[w.event_count++], sizeof(w.events[0]), "%s", e);
    rc = store_webhook_add(s, &w, &id);
    if (!rc)
        printf("added %" PRId64 " %s\n", id, w.secret);
    return rc;
}

static int enable(struct store *s, const char *id, const char *url)
{
    struct store_webhook w;
    int rc = store_webhook_get(s, atoll(id), &w);

    if (rc)
        return rc;
    if (*url)
        snprintf(w.url, sizeof(w.url), "%s", url);
    w.enabled = true;
    return store_webhook_update(s, &w);
}

static int again(struct store *s, const char *id, const char *b)
{
    int64_t count;

    return store_delivery_again(s, atoll(id), 0, &count);
}

static int try_one(struct store *s, const char *id, const char *b)
{
    return store_webhook_queue_one(s, atoll(id), "webhook.test", wall(&the_clock), "{\"hello\":1}");
}

static void key(const char *number)
{
    struct event e = {
        .type = EVENT_CALL_KEY, .number = strtoull(number, NULL, 10), .call = {.key = '5'}};

    bus_publish(bus, &e);
}

static int obey(const char *word, const char *a, const char *b)
{
    static const struct {
        const char *word;
        int (*what)(struct store *s, const char *a, const char *b);
    } changes[] = {
        {"opt-out", opt_out}, {"add", add}, {"enable", enable}, {"again", again}, {"try", try_one}};

    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++)
        if (strcmp(word, changes[i].word) == 0)
            return change(changes[i].what, a, b);
    if (strcmp(word, "advance") == 0)
        atomic_fetch_add(&ahead_ms, atoll(a));
    else if (strcmp(word, "key") == 0)
        key(a);
    else
        return -1;
    return 0;
}

static void read_options(int argc, char **argv, struct webhooks_config *c)
{
    for (int i = 2; i < argc; i++) {
        const char *value = strchr(argv[i], '=');

        if (strcmp(argv[i], "private") == 0)
            c->allow_private = true;
        else if (strncmp(argv[i], "threads=", 8) == 0)
            c->threads = (unsigned)atoi(value + 1);
        else if (strncmp(argv[i], "timeout=", 8) == 0)
            c->timeout_ms = atoi(value + 1);
        else if (strncmp(argv[i], "first=", 6) == 0)
            c->first_retry_ms = atoll(value + 1);
    }
}

int main(int argc, char **argv)
{
    struct webhooks_config config = {.clock = &the_clock, .store_url = argc > 1 ? argv[1] : ""};
    struct error err = {0};
    char line[2048], text[2048];

    setvbuf(stdout, NULL, _IOLBF, 0);
    read_options(argc, argv, &config);
    if (store_writer_new(&writer, config.store_url, &the_clock, &err) ||
        bus_new(&bus, &the_clock, 1024)) {
        fprintf(stderr, "%s\n", error_text(&err, text, sizeof(text)));
        return 1;
    }
    config.writer = writer;
    config.bus = bus;
    if (webhooks_new(&hooks, &config, &err)) {
        fprintf(stderr, "%s\n", error_text(&err, text, sizeof(text)));
        return 1;
    }
    puts("ready");
    while (fgets(line, sizeof(line), stdin)) {
        char word[32] = "", a[1024] = "", b[512] = "";

        sscanf(line, "%31s %1023s %511s", word, a, b);
        printf(obey(word, a, b) ? "no\n" : "kept %s\n", a);
        webhooks_poke(hooks);
    }
    webhooks_free(hooks);
    bus_free(bus);
    store_writer_free(writer);
    return 0;
}
