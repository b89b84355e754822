/* Flows, recordings, trunks, lists and contacts by hand, work and kept answers: what may not go
 * while it is used, what changes together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "store/browse.h"
#include "store/library.h"
#include "store/people.h"
#include "store/work.h"
#include "store_fixture.h"

static struct fixture f;

static int set_up(void **state)
{
    (void)state;
    return fixture_open(&f, &clock_system, 10);
}

static int tear_down(void **state)
{
    (void)state;
    fixture_close(&f);
    return 0;
}

static json_int_t number_in(enum store_view view, int64_t id, const char *key)
{
    json_t *one;
    json_int_t n;

    assert_int_equal(store_look_id(f.store, view, id, &one), 0);
    n = json_integer_value(json_object_get(one, key));
    json_decref(one);
    return n;
}

static void used_things_stay(void **state)
{
    const char *prompts[] = {"a.wav", "b.wav"};
    struct store_flow flow = {.name = "appeal",
                              .note = "",
                              .json = "{}",
                              .who = "me",
                              .prompts = prompts,
                              .prompt_count = 2};
    struct store_audio audio = {.name = "a.wav", .type = "audio/wav", .bytes = 10, .ms = 1000};
    struct store_trunk trunk = {.name = "main",
                                .host = "sip.example.org",
                                .port = 5060,
                                .order = 2,
                                .weight = 7},
                       back;
    struct store_parts parts = {
        .flow_version = 2, .prompts = prompts, .prompt_count = 1, .trunk_count = 1};
    int64_t flow_id, again, audio_id, trunk_id, version, trunks[4], gone = 99;
    unsigned count;
    char *json;

    (void)state;
    assert_int_equal(store_flow_save(f.store, 0, &flow, &flow_id), 0);
    assert_int_equal(store_flow_save(f.store, 0, &flow, &again), -EEXIST);
    flow.json = "{\"v\":2}";
    assert_int_equal(store_flow_save(f.store, flow_id, &flow, &again), 0);
    assert_int_equal(again, flow_id);
    assert_int_equal(store_flow_save(f.store, 77, &flow, &again), -ENOENT);
    assert_int_equal(store_flow_get(f.store, flow_id, &version, &json), 0);
    assert_int_equal(version, 2);
    assert_string_equal(json, "{\"v\":2}");
    free(json);

    assert_int_equal(store_audio_add(f.store, &audio, &audio_id), 0);
    assert_int_equal(store_audio_add(f.store, &audio, &again), -EEXIST);
    assert_int_equal(number_in(STORE_VIEW_AUDIO, audio_id, "used_by_flows"), 1);
    assert_int_equal(store_audio_remove(f.store, audio_id), -EBUSY);

    assert_int_equal(store_trunk_add(f.store, &trunk, &trunk_id), 0);
    assert_int_equal(store_trunk_get(f.store, trunk_id, &back), 0);
    assert_string_equal(back.host, "sip.example.org");
    assert_int_equal(back.order, 2);
    assert_int_equal(back.weight, 7);
    parts.flow_id = flow_id;
    parts.trunks = &gone;
    assert_int_equal(store_campaign_parts(f.store, f.campaign, &parts), -ENOENT);
    parts.trunks = &trunk_id;
    assert_int_equal(store_campaign_parts(f.store, f.campaign, &parts), 0);
    assert_int_equal(store_campaign_trunks(f.store, f.campaign, trunks, 4, &count), 0);
    assert_int_equal(count, 1);
    assert_int_equal(trunks[0], trunk_id);
    assert_int_equal(store_trunk_remove(f.store, trunk_id), -EBUSY);
    assert_int_equal(store_flow_remove(f.store, flow_id), -EBUSY);
    assert_int_equal(store_list_remove(f.store, f.list), -EBUSY);

    /* Without the campaign they may go; the flow's recording with the flow. */
    assert_int_equal(store_campaign_delete(f.store, f.campaign), 0);
    assert_int_equal(store_trunk_remove(f.store, trunk_id), 0);
    assert_int_equal(store_flow_remove(f.store, flow_id), 0);
    assert_int_equal(store_flow_remove(f.store, flow_id), -ENOENT);
    assert_int_equal(store_audio_remove(f.store, audio_id), 0);
    assert_int_equal(store_list_remove(f.store, f.list), 0);
}

static void a_draft_may_change(void **state)
{
    struct store_campaign c = {.name = "other", .kind = "voice"};
    struct store_target_counts counts;
    int64_t list, people, added;

    (void)state;
    assert_int_equal(store_list_ensure(f.store, "people", &people), 0);
    assert_int_equal(store_list_add(f.store, "people", &list), -EEXIST);
    assert_int_equal(store_list_add(f.store, "second", &list), 0);
    c.list_id = people;
    assert_int_equal(store_campaign_create(f.store, &c, "{}", &c.id), 0);
    assert_int_equal(store_contact_add(f.store,
                                       &(struct store_contact){.list_id = people,
                                                               .number = 972501234567,
                                                               .zone = "Asia/Jerusalem",
                                                               .zone_origin = 'n'},
                                       &added),
                     0);
    assert_int_equal(store_target_fill(f.store, c.id, &added), 0);
    assert_int_equal(added, 1);
    assert_int_equal(store_campaign_change(f.store, c.id, &c, "{}"), 0);
    assert_int_equal(store_target_counts(f.store, c.id, &counts), 0);
    assert_int_equal(counts.total, 1);
    c.list_id = list;
    assert_int_equal(store_campaign_change(f.store, c.id, &c, "{}"), 0);
    assert_int_equal(store_target_counts(f.store, c.id, &counts), 0);
    assert_int_equal(counts.total, 0);
    assert_int_equal(store_campaign_set_state(f.store, c.id, CAMPAIGN_STATE_RUNNING, ""), 0);
    assert_int_equal(store_campaign_change(f.store, c.id, &c, "{}"), -EPERM);
    assert_int_equal(store_campaign_change(f.store, 999, &c, "{}"), -ENOENT);
}

static int groups_waiting(void *arg, const struct store_group *g)
{
    *(int64_t *)arg += g->waiting * (strcmp(g->zone, "Europe/London") == 0 ? 1000 : 1);
    return 0;
}

static void a_contact_that_moves_takes_its_target_along(void **state)
{
    struct store_contact c = {
        .number = 972502222222, .zone = "Asia/Jerusalem", .zone_origin = 'n', .name = "נועה"};
    struct store_campaign campaign = {.name = "moving", .kind = "voice"};
    int64_t id, added, waiting = 0;

    (void)state;
    assert_int_equal(store_list_add(f.store, "moving", &campaign.list_id), 0);
    c.list_id = campaign.list_id;
    assert_int_equal(store_contact_add(f.store, &c, &id), 0);
    assert_int_equal(store_contact_add(f.store, &c, &added), -EEXIST);
    assert_int_equal(store_campaign_create(f.store, &campaign, "{}", &campaign.id), 0);
    assert_int_equal(store_target_fill(f.store, campaign.id, &added), 0);
    c.zone = "Europe/London";
    c.zone_origin = 'c';
    assert_int_equal(store_contact_change(f.store, id, &c), 0);
    assert_int_equal(store_group_each(f.store, campaign.id, groups_waiting, &waiting), 0);
    assert_int_equal(waiting, 1000);
    assert_int_equal(store_contact_remove(f.store, id), 0);
    waiting = 0;
    assert_int_equal(store_group_each(f.store, campaign.id, groups_waiting, &waiting), 0);
    assert_int_equal(waiting, 0);
    assert_int_equal(store_contact_remove(f.store, id), -ENOENT);
    assert_int_equal(store_contact_change(f.store, id, &c), -ENOENT);
    c.list_id = 12345;
    assert_int_equal(store_contact_add(f.store, &c, &id), -ENOENT);
}

static void work_is_found_again(void **state)
{
    struct store_work w = {.kind = "import",
                           .who = "me",
                           .file = "x.csv",
                           .params = (char *)"{}",
                           .object_id = 5,
                           .total = 100},
                      got;
    int64_t first, second, found;

    (void)state;
    assert_int_equal(store_work_add(f.store, &w, &first), 0);
    assert_int_equal(store_work_add(f.store, &w, &second), 0);
    assert_int_equal(store_work_of(f.store, "import", 5, &found), 0);
    assert_int_equal(found, second);
    assert_int_equal(store_work_set(f.store, first, &(struct store_work_end){.state = "running"}),
                     0);
    assert_int_equal(store_work_next(f.store, 0, &got), 0);
    assert_int_equal(got.id, first);
    assert_string_equal(got.state, "running");
    free(got.params);
    assert_int_equal(store_work_set(f.store, first, &(struct store_work_end){.state = "done"}), 0);
    assert_int_equal(store_work_set(f.store, first, &(struct store_work_end){.state = "failed"}),
                     -EALREADY);
    assert_int_equal(store_work_next(f.store, 0, &got), 0);
    assert_int_equal(got.id, second);
    free(got.params);
    assert_int_equal(store_work_open(f.store, &found), 0);
    assert_int_equal(found, 1);
    assert_int_equal(store_work_remove(f.store, second), 0);
    assert_int_equal(store_work_next(f.store, 0, &got), -ENOENT);
}

static void answers_are_kept_once(void **state)
{
    struct store_answer a = {.who = "me",
                             .operation = "createList",
                             .key = "k",
                             .request = "abc",
                             .status = 201,
                             .headers = (char *)"{}",
                             .body = (char *)"{\"id\":1}"};
    struct store_answer got = {.who = "me", .operation = "createList", .key = "k"};

    (void)state;
    assert_int_equal(store_answer_get(f.store, &got), -ENOENT);
    assert_int_equal(store_answer_put(f.store, &a), 0);
    assert_int_equal(store_answer_put(f.store, &a), -EEXIST);
    assert_int_equal(store_answer_get(f.store, &got), 0);
    assert_int_equal(got.status, 201);
    assert_string_equal(got.kept_request, "abc");
    assert_string_equal(got.body, "{\"id\":1}");
    free(got.body);
    free(got.headers);
    assert_int_equal(store_answer_tidy(f.store, clock_wall_ms(&clock_system) + 1000), 0);
    assert_int_equal(store_answer_get(f.store, &got), -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(used_things_stay),
        cmocka_unit_test(a_draft_may_change),
        cmocka_unit_test(a_contact_that_moves_takes_its_target_along),
        cmocka_unit_test(work_is_found_again),
        cmocka_unit_test(answers_are_kept_once),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
