/* Webhooks' queue and alerts: what is queued by what happens, and what becomes of it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/browse.h"
#include "store/outbox.h"
#include "store/work.h"
#include "store_fixture.h"

static struct clock_virtual now;
static struct fixture f;

static int set_up(void **state)
{
    clock_virtual_init(&now, 1764000000000);
    return fixture_open(&f, &now.clock, 5);
}

static int tear_down(void **state)
{
    fixture_close(&f);
    return 0;
}

static int64_t subscribe(const char *events, int64_t campaign)
{
    struct store_webhook w = {.enabled = true, .campaign_id = campaign};
    char list[256], *save;
    int64_t id;

    snprintf(w.name, sizeof(w.name), "crm");
    snprintf(w.url, sizeof(w.url), "https://crm.example.org/kolcast");
    snprintf(w.secret, sizeof(w.secret), "whsec_eA==");
    snprintf(list, sizeof(list), "%s", events);
    for (char *e = strtok_r(list, " ", &save); e; e = strtok_r(NULL, " ", &save))
        snprintf(w.events[w.event_count++], sizeof(w.events[0]), "%s", e);
    assert_int_equal(store_webhook_add(f.store, &w, &id), 0);
    return id;
}

static struct store_webhook get(int64_t id)
{
    struct store_webhook w;

    assert_int_equal(store_webhook_get(f.store, id, &w), 0);
    return w;
}

/* The types that are due, with spaces between. */
static const char *due(int64_t id)
{
    static char text[512];
    struct store_delivery d[16];
    unsigned n;

    text[0] = '\0';
    assert_int_equal(store_delivery_due(f.store, id, clock_wall_ms(&now.clock), 16, d, &n), 0);
    for (unsigned i = 0; i < n; i++) {
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", i ? " " : "", d[i].type);
        assert_int_equal(d[i].webhook_id, id);
        free(d[i].payload);
    }
    return text;
}

static struct store_delivery first_due(int64_t id)
{
    struct store_delivery d;
    unsigned n;

    assert_int_equal(store_delivery_due(f.store, id, clock_wall_ms(&now.clock), 1, &d, &n), 0);
    assert_int_equal(n, 1);
    return d;
}

static int64_t due_id(int64_t id)
{
    struct store_delivery d = first_due(id);

    free(d.payload);
    return d.id;
}

static int64_t call(void)
{
    struct store_claim claim;
    struct store_claim_query q = {.campaign_id = f.campaign,
                                  .group_id = f.group,
                                  .now_ms = clock_wall_ms(&now.clock),
                                  .attempts_max = 3,
                                  .decision = "{}"};
    struct call_outcome o = {.disposition = DISPOSITION_ANSWERED,
                             .dialled_ms = q.now_ms,
                             .answered_ms = q.now_ms + 1000,
                             .ended_ms = q.now_ms + 3000};
    struct store_finish finish = {.outcome = &o, .target_state = TARGET_STATE_REACHED};
    int claimed;
    int64_t skipped;

    assert_int_equal(store_begin(f.store), 0);
    assert_int_equal(store_claim(f.store, &q, &claim, 1, &claimed, &skipped), 0);
    assert_int_equal(claimed, 1);
    finish.attempt_id = claim.attempt_id;
    assert_int_equal(store_finish(f.store, &finish), 0);
    assert_int_equal(store_commit(f.store), 0);
    return claim.attempt_id;
}

static void opt_out(uint64_t number, const char *source)
{
    struct store_black b = {.number = number, .list = "opt-out", .reason = "asked"};
    bool added;

    snprintf(b.source, sizeof(b.source), "%s", source);
    assert_int_equal(store_black_add(f.store, &b, &added), 0);
}

static void test_what_happens_is_queued(void **state)
{
    int64_t all = subscribe("call.ended text.queued contact.opted_out campaign.state", 0);
    int64_t calls = subscribe("call.ended", 0), none = subscribe("report.ready", 0);
    struct store_text t = {.campaign_id = f.campaign, .attempt_id = 1, .body = "link"};
    int64_t id, attempt;
    bool added;

    attempt = call();
    assert_string_equal(due(all), "call.ended");
    t.attempt_id = attempt;
    assert_int_equal(store_text_add(f.store, &t, "give", &id, &added), 0);
    assert_int_equal(store_text_add(f.store, &t, "give", &id, &added), 0); /* the same text */
    opt_out(972541234567, "key 9");
    opt_out(972541234567, "key 9"); /* there already */
    opt_out(972541234568, "file national.csv row 3");
    assert_int_equal(store_campaign_set_state(f.store, f.campaign, CAMPAIGN_STATE_RUNNING, ""), 0);
    assert_int_equal(store_campaign_set_state(f.store, f.campaign, CAMPAIGN_STATE_RUNNING, ""), 0);
    assert_string_equal(due(all), "call.ended text.queued contact.opted_out campaign.state");
    assert_string_equal(due(calls), "call.ended");
    assert_string_equal(due(none), "");
    assert_int_equal(get(all).waiting, 4);
}

/* Rolled back with what it tells of. */
static void test_with_the_transaction(void **state)
{
    int64_t id = subscribe("contact.opted_out", 0);

    assert_int_equal(store_begin(f.store), 0);
    opt_out(972541234567, "key 9");
    assert_string_equal(due(id), "contact.opted_out");
    store_rollback(f.store);
    assert_string_equal(due(id), "");
    assert_int_equal(get(id).waiting, 0);
}

static void test_contents(void **state)
{
    int64_t id = subscribe("call.ended contact.opted_out campaign.state report.ready", 0), job;
    struct store_work work = {.kind = "report", .params = (char *)"{}"};
    struct store_work_end done = {.state = "done"};
    struct store_delivery d;
    json_t *record;

    call();
    d = first_due(id);
    assert_null(d.payload);
    assert_int_equal(store_delivery_record(f.store, &d, &record), 0);
    assert_string_equal(json_string_value(json_object_get(record, "outcome")), "answered");
    assert_int_equal(json_integer_value(json_object_get(record, "id")), d.ref);
    json_decref(record);
    d.ref = 999;
    assert_int_equal(store_delivery_record(f.store, &d, &record), -ENOENT);
    assert_int_equal(store_delivery_sent(f.store, d.id, 200), 0);

    opt_out(972541234567, "key 9 \"quoted\"");
    d = first_due(id);
    record = json_loads(d.payload, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(record, "number")), "+972541234567");
    assert_string_equal(json_string_value(json_object_get(record, "source")), "key 9 \"quoted\"");
    json_decref(record);
    free(d.payload);
    assert_int_equal(store_delivery_sent(f.store, d.id, 200), 0);

    assert_int_equal(store_campaign_set_state(f.store, f.campaign, CAMPAIGN_STATE_CANCELLED, "no"),
                     0);
    d = first_due(id);
    record = json_loads(d.payload, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(record, "state")), "cancelled");
    assert_string_equal(json_string_value(json_object_get(record, "reason")), "no");
    json_decref(record);
    free(d.payload);
    assert_int_equal(store_delivery_sent(f.store, d.id, 200), 0);

    work.object_id = f.campaign;
    assert_int_equal(store_work_add(f.store, &work, &job), 0);
    assert_int_equal(store_work_set(f.store, job, &done), 0);
    assert_string_equal(due(id), "report.ready");
}

static void test_one_campaign(void **state)
{
    int64_t this = subscribe("call.ended", f.campaign), other = subscribe("call.ended", 77);

    call();
    assert_string_equal(due(this), "call.ended");
    assert_string_equal(due(other), "");
}

static void test_sent_and_failed(void **state)
{
    int64_t id = subscribe("contact.opted_out", 0), again;
    struct store_delivery_fault fault = {.status = 503, .error = "busy"};
    struct store_webhook w;

    opt_out(972541234567, "key 9");
    opt_out(972541234568, "key 9");
    fault.id = due_id(id);
    fault.due_ms = clock_wall_ms(&now.clock) + 5000;
    fault.next_ms = fault.due_ms;
    assert_int_equal(store_delivery_failed(f.store, &fault), 0);
    w = get(id);
    assert_int_equal(w.failures, 1);
    assert_int_equal(w.failing_ms, clock_wall_ms(&now.clock));
    assert_int_equal(w.next_ms, fault.next_ms);
    assert_int_equal(w.waiting, 2);
    assert_string_equal(due(id), "contact.opted_out"); /* the other one */
    clock_virtual_advance(&now, 5000000);
    assert_string_equal(due(id), "contact.opted_out contact.opted_out");
    fault.due_ms = 0;
    assert_int_equal(store_delivery_failed(f.store, &fault), 0);
    w = get(id);
    assert_int_equal(w.failures, 2);
    assert_int_equal(w.failing_ms, 1764000000000);
    assert_int_equal(w.waiting, 1);
    assert_int_equal(w.dead, 1);
    assert_int_equal(store_delivery_again(f.store, id, 0, &again), 0);
    assert_int_equal(again, 1);
    assert_int_equal(get(id).waiting, 2);
    for (int i = 0; i < 2; i++) {
        struct store_delivery d = first_due(id);

        free(d.payload);
        assert_int_equal(store_delivery_sent(f.store, d.id, 204), 0);
    }
    w = get(id);
    assert_int_equal(w.failures, 0);
    assert_int_equal(w.failing_ms, 0);
    assert_int_equal(w.next_ms, 0);
    assert_int_equal(w.waiting, 0);
    assert_int_equal(w.dead, 0);
}

static void test_disabled(void **state)
{
    int64_t id = subscribe("contact.opted_out", 0), waiting, dead;
    struct store_delivery_fault fault = {.error = "gone", .disable = "the address is gone"};
    struct store_webhook w;

    opt_out(972541234567, "key 9");
    fault.id = due_id(id);
    fault.due_ms = clock_wall_ms(&now.clock) + 1;
    assert_int_equal(store_delivery_failed(f.store, &fault), 0);
    w = get(id);
    assert_false(w.enabled);
    assert_string_equal(w.state_reason, "the address is gone");
    opt_out(972541234568, "key 9"); /* nobody asks any more */
    assert_int_equal(get(id).waiting, 1);
    assert_int_equal(store_delivery_counts(f.store, &waiting, &dead), 0);
    assert_int_equal(waiting, 0);
    w.enabled = true;
    w.version = 99;
    assert_int_equal(store_webhook_update(f.store, &w), -ESTALE);
    w.version = 0;
    assert_int_equal(store_webhook_update(f.store, &w), 0);
    w = get(id);
    assert_true(w.enabled);
    assert_int_equal(w.failures, 0);
    assert_int_equal(store_delivery_counts(f.store, &waiting, &dead), 0);
    assert_int_equal(waiting, 1);
    assert_int_equal(store_webhook_remove(f.store, id), 0);
    assert_int_equal(store_webhook_remove(f.store, id), -ENOENT);
    assert_int_equal(store_webhook_get(f.store, id, &w), -ENOENT);
    assert_int_equal(store_delivery_counts(f.store, &waiting, &dead), 0);
    assert_int_equal(waiting, 0);
}

static int on_hook(void *arg, const struct store_webhook *w)
{
    ++*(int *)arg;
    assert_string_equal(w->events[0], "call.ended");
    assert_int_equal(w->event_count, 2);
    return 0;
}

static void test_list_and_views(void **state)
{
    struct store_page page = {.limit = 10};
    json_t *items = json_array(), *one;
    int64_t id = subscribe("contact.opted_out call.ended", 0);
    int count = 0;

    assert_int_equal(store_webhook_queue_one(f.store, id, "webhook.test", 5, "{}"), 0);
    assert_int_equal(store_webhook_queue_one(f.store, 99, "webhook.test", 5, "{}"), -ENOENT);
    assert_int_equal(store_webhook_each(f.store, on_hook, &count), 0);
    assert_int_equal(count, 1);
    assert_int_equal(store_browse(f.store, STORE_VIEW_WEBHOOK, NULL, 0, &page, items), 0);
    one = json_array_get(items, 0);
    assert_int_equal(json_array_size(json_object_get(one, "events")), 2);
    assert_true(json_is_true(json_object_get(one, "enabled")));
    assert_null(json_object_get(one, "secret"));
    json_array_clear(items);
    page = (struct store_page){.limit = 10};
    assert_int_equal(store_browse(f.store, STORE_VIEW_DELIVERY, NULL, 0, &page, items), 0);
    assert_int_equal(json_array_size(items), 1);
    json_decref(items);
}

static int on_alert(void *arg, const struct store_alert *a)
{
    ++*(int *)arg;
    assert_string_equal(a->indicator, "trunk_down");
    return 0;
}

static const char *acknowledged(int64_t id)
{
    static char who[64];
    json_t *alert;

    assert_int_equal(store_look_id(f.store, STORE_VIEW_ALERT, id, &alert), 0);
    assert_true(json_is_string(json_object_get(alert, "acknowledged")));
    snprintf(who, sizeof(who), "%s", json_string_value(json_object_get(alert, "acknowledged_by")));
    json_decref(alert);
    return who;
}

static void test_alerts(void **state)
{
    int64_t hook = subscribe("alert.raised alert.cleared", 0), id;
    struct store_alert a = {.indicator = "trunk_down",
                            .object = "north",
                            .value = 1,
                            .threshold = 0.5,
                            .text = "trunk north is down",
                            .raised_ms = 1000};
    struct store_page page = {.limit = 10};
    struct store_filter open = {.name = "open", .number = 1};
    json_t *items = json_array();
    int count = 0;

    assert_int_equal(store_alert_raise(f.store, &a, &id), 0);
    assert_int_equal(store_alert_raise(f.store, &a, &id), -EEXIST);
    snprintf(a.object, sizeof(a.object), "south");
    assert_int_equal(store_alert_raise(f.store, &a, &id), 0);
    assert_int_equal(store_alert_open_each(f.store, on_alert, &count), 0);
    assert_int_equal(count, 2);
    a.cleared_ms = 2000;
    assert_int_equal(store_alert_clear(f.store, &a), 0);
    assert_int_equal(store_alert_clear(f.store, &a), -ENOENT);
    assert_string_equal(due(hook), "alert.raised alert.raised alert.cleared");
    assert_int_equal(store_alert_acknowledge(f.store, id, "dana@example.org"), 0);
    assert_int_equal(store_alert_acknowledge(f.store, id, "somebody else"), 0);
    assert_string_equal(acknowledged(id), "dana@example.org"); /* the first counts */
    assert_int_equal(store_alert_acknowledge(f.store, id + 1000, "dana@example.org"), -ENOENT);
    assert_int_equal(store_browse(f.store, STORE_VIEW_ALERT, &open, 1, &page, items), 0);
    assert_int_equal(json_array_size(items), 1);
    json_decref(items);
}

int main(void)
{
#define CASE(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(test_what_happens_is_queued),
        CASE(test_with_the_transaction),
        CASE(test_contents),
        CASE(test_one_campaign),
        CASE(test_sent_and_failed),
        CASE(test_disabled),
        CASE(test_list_and_views),
        CASE(test_alerts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
