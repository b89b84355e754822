/* Preflight and "why" on a real store: everybody is counted once, and the answers fit the counts.
 */
#include "campaign/preflight.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "campaign/why.h"

/* Tuesday 2026-11-24, 10:00 in Jerusalem. */
static const int64_t now_ms = 1795507200000LL;
static const uint64_t first = 972500000000;

static struct {
    struct campaign *campaign;
    struct store *store;
    int64_t id;
    char db[64];
} place;

static void add_people(int64_t list_id)
{
    struct store_import summary;
    int64_t import_id;

    assert_int_equal(store_import_begin(place.store, list_id, "x.csv", &import_id), 0);
    assert_int_equal(store_begin(place.store), 0);
    for (int i = 0; i < 20; i++) {
        struct store_contact c = {.list_id = list_id,
                                  .import_id = import_id,
                                  .number = first + (uint64_t)i,
                                  .kind = NUMBER_KIND_MOBILE,
                                  .zone = i == 5 ? "America/New_York" : "Asia/Jerusalem",
                                  .zone_origin = 'n',
                                  .window = i == 6 ? "sat 09:00-10:00" : NULL,
                                  .row = i + 2};

        assert_int_equal(store_import_row(place.store, import_id, &c), 0);
    }
    assert_int_equal(store_commit(place.store), 0);
    assert_int_equal(store_import_finish(place.store, import_id, &summary), 0);
}

static int set_up(void **state)
{
    static const char json[] =
        "{\"version\":1,\"name\":\"t\",\"windows\":\"sun-thu 09:00-12:00\","
        "\"pace\":{\"calls_per_second\":1,\"max_calls\":40},\"cost\":{\"per_call\":0.5},"
        "\"flow\":{\"version\":1,\"start\":\"a\",\"nodes\":{\"a\":{\"type\":\"play\","
        "\"prompt\":\"bye.wav\"}}}}";
    struct store_campaign sc = {.kind = "voice", .name = "t", .state = CAMPAIGN_STATE_DRAFT};
    struct store_black b = {.list = "opt-out", .number = first + 7, .added_ms = 1};
    struct error err = {0};
    char audio[600];
    bool added;

    snprintf(audio, sizeof(audio), "%s/examples/audio", getenv("KOLCAST_SOURCE"));
    assert_int_equal(campaign_load_text(json, audio, &place.campaign, &err), 0);
    snprintf(place.db, sizeof(place.db), "/tmp/kolcast-preflight-XXXXXX");
    close(mkstemp(place.db));
    assert_int_equal(store_open(place.db, &clock_system, &place.store, &err), 0);
    assert_int_equal(store_list_ensure(place.store, "people", &sc.list_id), 0);
    add_people(sc.list_id);
    strcpy(sc.config_hash, place.campaign->hash);
    assert_int_equal(store_campaign_create(place.store, &sc, place.campaign->canonical, &place.id),
                     0);
    return store_black_add(place.store, &b, &added);
}

static int tear_down(void **state)
{
    store_close(place.store);
    campaign_free(place.campaign);
    return unlink(place.db);
}

static void test_counts(void **state)
{
    struct preflight p;

    assert_int_equal(preflight(place.store, place.id, place.campaign, now_ms, &p), 0);
    assert_int_equal(p.people, 20);
    assert_int_equal(p.blacklisted, 1);
    assert_int_equal(p.never_open, 1); /* its own hours are on Saturdays only */
    assert_int_equal(p.callable, 18);
    assert_int_equal(p.callable + p.blacklisted + p.never_open, p.by_state[TARGET_STATE_WAITING]);
    assert_int_equal(p.open_now, 17); /* it is 3 in the morning in New York */
    assert_int_equal(p.next_open_ms, 0);
    assert_int_equal(p.late, 0);
    assert_true(p.call_measured && p.call_ms > 0);
    /* New York opens at 16:00 in Jerusalem; a minute is enough for one person. */
    assert_in_range(p.finish_ms, now_ms + 6 * 3600000, now_ms + 6 * 3600000 + 60000);
    assert_true(p.calls >= 18 && p.calls <= 18 * 3 && p.cost > 8.9 && p.cost < 28);
}

static void test_campaign_that_ends_early(void **state)
{
    struct preflight p;

    place.campaign->end_ms = now_ms + 10000; /* ten calls at one a second */
    assert_int_equal(preflight(place.store, place.id, place.campaign, now_ms, &p), 0);
    assert_int_equal(p.callable, 17); /* New York's hours do not come */
    assert_int_equal(p.never_open, 2);
    assert_true(p.late > 0 && p.late < 17);
    assert_in_range(p.calls, 9, 10);
    place.campaign->end_ms = now_ms;
    assert_int_equal(preflight(place.store, place.id, place.campaign, now_ms, &p), 0);
    assert_int_equal(p.callable, 0);
    assert_int_equal(p.never_open, 19);
}

static struct campaign_why why(uint64_t number, int64_t at_ms)
{
    struct campaign_why w;

    assert_int_equal(campaign_why(place.store, place.id, place.campaign, number, at_ms, &w), 0);
    assert_true(w.answer[0]);
    return w;
}

static void test_why(void **state)
{
    struct campaign_why w;
    int64_t added;

    assert_int_equal(store_target_fill(place.store, place.id, &added), 0);
    w = why(first, now_ms);
    assert_true(w.known && w.will_call && w.when_ms == now_ms);
    w = why(first, now_ms + 3 * 3600000); /* closed until tomorrow at nine */
    assert_true(w.will_call && w.when_ms == now_ms + 23 * 3600000);
    w = why(first + 5, now_ms);
    assert_true(w.will_call && w.when_ms == now_ms + 6 * 3600000);
    assert_non_null(strstr(w.answer, "America/New_York"));
    w = why(first + 6, now_ms);
    assert_true(w.known && !w.will_call);
    w = why(first + 7, now_ms);
    assert_true(w.black && !w.will_call);
    assert_non_null(strstr(w.answer, "opt-out"));
    w = why(first + 99, now_ms);
    assert_true(!w.known && !w.will_call);
}

static void test_why_not_today(void **state)
{
    struct call_outcome o = {.disposition = DISPOSITION_BUSY, .dialled_ms = 1};
    struct store_finish f = {.outcome = &o, .target_state = TARGET_STATE_WAITING, .counts = true};
    struct store_claim_query q = {
        .campaign_id = place.id, .now_ms = now_ms, .day_end_ms = now_ms, .group_id = 1};
    struct store_claim claim;
    struct campaign_why w;
    int64_t added, skipped = 0;
    int n = 0;

    assert_int_equal(store_target_fill(place.store, place.id, &added), 0);
    assert_int_equal(store_claim(place.store, &q, &claim, 1, &n, &skipped), 0);
    assert_int_equal(n, 1);
    w = why(claim.number, now_ms);
    assert_true(w.will_call && strstr(w.answer, "under way"));
    f.attempt_id = claim.attempt_id;
    assert_int_equal(store_finish(place.store, &f), 0);
    place.campaign->per_day_max = 1;
    w = why(claim.number, now_ms);
    assert_int_equal(w.attempts_today, 1);
    assert_int_equal(w.when_ms, now_ms + 23 * 3600000); /* tomorrow at nine */
    assert_non_null(strstr(w.answer, "today's attempts"));
}

static void test_why_not_now(void **state)
{
    static const struct {
        enum campaign_state to;
        bool will_call;
        const char *word;
    } steps[] = {{CAMPAIGN_STATE_RUNNING, true, "Yes"},
                 {CAMPAIGN_STATE_PAUSED, true, "paused"},
                 {CAMPAIGN_STATE_CANCELLED, false, "cancelled: the office is closed"}};
    int64_t added;

    assert_int_equal(store_target_fill(place.store, place.id, &added), 0);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        struct campaign_why w;

        assert_int_equal(
            store_campaign_set_state(place.store, place.id, steps[i].to, "the office is closed"),
            0);
        w = why(first, now_ms);
        assert_int_equal(w.will_call, steps[i].will_call);
        assert_non_null(strstr(w.answer, steps[i].word));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_counts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_campaign_that_ends_early, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_why, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_why_not_today, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_why_not_now, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("campaign/preflight", tests, NULL, NULL);
}
