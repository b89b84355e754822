/* Webhooks: subscriptions and what waits for them (event/webhook.h). A secret is shown when it is
 * made, never again. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "api/call.h"
#include "base/clock.h"
#include "event/webhook.h"
#include "handlers.h"
#include "store/outbox.h"

enum { WEBHOOKS_MAX = 64 }; /* each event is written once for each that wants it */

int api_list_webhooks(struct api_call *c)
{
    return api_page(c, STORE_VIEW_WEBHOOK, &(struct api_filters){0}, NULL);
}

/* Its tag is that of what people set: how it goes changes all the time. */
static json_t *settings_of(const json_t *webhook)
{
    return json_pack("{s:O, s:O}", "id", json_object_get(webhook, "id"), "version",
                     json_object_get(webhook, "version"));
}

/* Takes shown; body: the answer, borrowed from nobody, or NULL: shown itself. */
static int answer(struct api_call *c, int status, json_t *shown, json_t *body)
{
    int rc = api_answer_tagged(c, status, settings_of(shown));

    if (!rc && c->answer) /* else it is known already: 304 */
        api_answer(c, status, body ? body : json_incref(shown));
    json_decref(shown);
    return rc;
}

int api_get_webhook(struct api_call *c)
{
    json_t *shown;
    int rc = store_look_id(c->store, STORE_VIEW_WEBHOOK, api_int(c, "id"), &shown);

    return rc ? rc : answer(c, 200, shown, NULL);
}

/* The body over w. False: answered. */
static bool read_body(struct api_call *c, struct store_webhook *w)
{
    const json_t *events = json_object_get(c->body, "events"), *one;
    struct error err = {0};
    char pointer[64];
    size_t i;

    snprintf(w->name, sizeof(w->name), "%s", api_body_text(c, "name"));
    snprintf(w->url, sizeof(w->url), "%s", api_body_text(c, "url"));
    w->campaign_id = api_body_int(c, "campaign_id", 0);
    w->enabled = json_object_get(c->body, "enabled") ? api_body_flag(c, "enabled") : true;
    w->state_reason[0] = '\0';
    if (!w->enabled)
        snprintf(w->state_reason, sizeof(w->state_reason), "disabled by %s", c->who.who);
    w->event_count = 0;
    json_array_foreach(events, i, one)
        snprintf(w->events[w->event_count++], sizeof(w->events[0]), "%s", json_string_value(one));
    if (!webhook_check(w, c->config->webhooks_private, &err))
        return true;
    snprintf(pointer, sizeof(pointer), "/%.40s", err.place);
    api_refuse(c, 422, pointer, err.remedy, "%s", err.message);
    return false;
}

static int note(struct api_call *c, struct store *s, int64_t id, json_t **shown)
{
    int rc = store_look_id(s, STORE_VIEW_WEBHOOK, id, shown);

    if (rc)
        return rc;
    api_object(c, "webhook %lld", (long long)id);
    api_detail(c, "%s to %.100s", json_string_value(json_object_get(*shown, "name")),
               json_string_value(json_object_get(*shown, "url")));
    return 0;
}

static json_t *with_secret(json_t *shown, const char *secret)
{
    return json_pack("{s:O, s:s}", "webhook", shown, "secret", secret);
}

static int count_one(void *arg, const struct store_webhook *w)
{
    (void)w;
    ++*(unsigned *)arg;
    return 0;
}

static int create(struct api_call *c, struct store *s)
{
    struct store_webhook w = {.enabled = true};
    json_t *shown;
    unsigned there = 0;
    int64_t id;
    int rc = store_webhook_each(s, count_one, &there);

    if (rc || !read_body(c, &w))
        return rc;
    if (there >= WEBHOOKS_MAX)
        return api_refuse(c, 409, "", "remove one first",
                          "there are %d webhooks, which is all that may be", WEBHOOKS_MAX);
    webhook_secret(w.secret);
    rc = store_webhook_add(s, &w, &id);
    if (!rc)
        rc = note(c, s, id, &shown);
    if (!rc) {
        api_location(c, "/api/webhooks/%lld", (long long)id);
        rc = answer(c, 201, shown, with_secret(shown, w.secret));
    }
    explicit_bzero(w.secret, sizeof(w.secret));
    return rc;
}

static int poke(struct api_call *c, int rc)
{
    if (!rc && c->status < 300)
        webhooks_poke(c->config->webhooks);
    return rc;
}

int api_create_webhook(struct api_call *c)
{
    return poke(c, api_change(c, create));
}

static int update(struct api_call *c, struct store *s)
{
    struct store_webhook w;
    json_t *shown, *settings;
    int rc = store_webhook_get(s, api_int(c, "id"), &w);

    if (!rc)
        rc = store_look_id(s, STORE_VIEW_WEBHOOK, w.id, &shown);
    if (rc)
        return rc;
    settings = settings_of(shown);
    json_decref(shown);
    if (!api_match(c, settings) || !read_body(c, &w))
        return 0;
    rc = store_webhook_update(s, &w);
    if (!rc)
        rc = note(c, s, w.id, &shown);
    return rc ? rc : answer(c, 200, shown, NULL);
}

int api_update_webhook(struct api_call *c)
{
    return poke(c, api_change(c, update));
}

static int renew(struct api_call *c, struct store *s)
{
    struct store_webhook w;
    json_t *shown;
    int rc = store_webhook_get(s, api_int(c, "id"), &w);

    if (rc)
        return rc;
    webhook_secret(w.secret);
    rc = store_webhook_update(s, &w);
    if (!rc)
        rc = note(c, s, w.id, &shown);
    if (!rc) {
        api_answer(c, 200, with_secret(shown, w.secret));
        json_decref(shown);
    }
    explicit_bzero(w.secret, sizeof(w.secret));
    return rc;
}

int api_renew_webhook_secret(struct api_call *c)
{
    return api_change(c, renew);
}

static int delete (struct api_call *c, struct store *s)
{
    json_t *shown;
    int rc = note(c, s, api_int(c, "id"), &shown);

    if (rc)
        return rc;
    json_decref(shown);
    rc = store_webhook_remove(s, api_int(c, "id"));
    return rc ? rc : api_answer(c, 204, NULL);
}

int api_delete_webhook(struct api_call *c)
{
    return poke(c, api_change(c, delete));
}

/* ---- what waits ----------------------------------------------------------------------------- */

static int test(struct api_call *c, struct store *s)
{
    json_t *shown;
    int64_t id = api_int(c, "id");
    int rc = note(c, s, id, &shown);

    if (rc)
        return rc;
    json_decref(shown);
    rc = store_webhook_queue_one(s, id, "test", clock_wall_ms(c->config->clock),
                                 "{\"text\":\"a test from Kolcast\"}");
    return rc ? rc : api_answer(c, 202, NULL);
}

int api_test_webhook(struct api_call *c)
{
    return poke(c, api_change(c, test));
}

int api_list_deliveries(struct api_call *c)
{
    struct api_filters f = {0};
    struct store_webhook w;
    int rc = store_webhook_get(c->store, api_int(c, "id"), &w);

    if (rc)
        return rc;
    explicit_bzero(w.secret, sizeof(w.secret));
    api_filter_number(&f, "webhook_id", api_int(c, "id"));
    api_filter_texts(&f, c, "state");
    return api_page(c, STORE_VIEW_DELIVERY, &f, NULL);
}

static int retry(struct api_call *c, struct store *s)
{
    json_t *shown;
    int64_t count = 0, id = api_int(c, "id");
    int rc = note(c, s, id, &shown);

    if (rc)
        return rc;
    json_decref(shown);
    rc = store_delivery_again(s, id, 0, &count);
    return rc ? rc : api_answer(c, 200, json_pack("{s:I}", "count", (json_int_t)count));
}

int api_retry_deliveries(struct api_call *c)
{
    return poke(c, api_change(c, retry));
}
