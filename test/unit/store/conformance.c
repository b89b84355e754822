/* What every back-end of the store must do, as store.h says it: run against each in the registry.
 * A new one needs a line in `places` below. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/backend.h"

enum { PEOPLE = 12, MINUTE = 60000 };
static const uint64_t first = 972501000000;

/* ---- a fresh, empty store of each kind ------------------------------------------------------ */

static char folder[64];

static void sqlite_place(char *url, size_t size)
{
    snprintf(folder, sizeof(folder), "/tmp/kolcast-test-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(url, size, "sqlite:%s/kolcast.db", folder);
}

static void sqlite_clear(void)
{
    static const char *const tails[] = {"", "-wal", "-shm"};
    char path[128];

    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof(path), "%s/kolcast.db%s", folder, tails[i]);
        unlink(path);
    }
    rmdir(folder);
}

static const struct place {
    const char *scheme;
    void (*make)(char *url, size_t size);
    void (*clear)(void);
} places[] = {{"sqlite", sqlite_place, sqlite_clear}};

static const struct place *place;
static struct clock_virtual virtual_clock;
static char url[128];
static struct store *s;
static int64_t list, campaign;

static struct store *another(void)
{
    struct error err = {0};
    struct store *other = NULL;

    if (store_open(url, &virtual_clock.clock, &other, &err))
        fail_msg("%s: %s", err.place, err.message);
    return other;
}

static int64_t now(void)
{
    return clock_wall_ms(&virtual_clock.clock);
}

static int64_t import(int from, int to, const char *zone, const char *window, const char *name)
{
    struct store_import done;
    int64_t id;

    assert_int_equal(store_import_begin(s, list, "people.csv", &id), 0);
    assert_int_equal(store_begin(s), 0);
    for (int i = from; i < to; i++) {
        struct store_contact c = {.number = first + (uint64_t)i,
                                  .kind = NUMBER_KIND_MOBILE,
                                  .name = name,
                                  .zone = zone,
                                  .zone_origin =
                                      window || strcmp(zone, "Asia/Jerusalem") ? 'c' : 'n',
                                  .window = window,
                                  .row = i + 2};

        assert_int_equal(store_import_row(s, id, &c), 0);
    }
    assert_int_equal(store_commit(s), 0);
    assert_int_equal(store_import_finish(s, id, &done), 0);
    assert_int_equal(done.rows, to - from);
    assert_int_equal(done.accepted + done.merged + done.rejected, done.rows);
    return id;
}

static int set_up(void **state)
{
    struct store_campaign c = {.name = "spring", .kind = "voice", .config_hash = "abc"};
    int64_t added;

    clock_virtual_init(&virtual_clock, 1795507200000);
    place->make(url, sizeof(url));
    s = another();
    assert_int_equal(store_list_ensure(s, "people", &list), 0);
    import(0, PEOPLE, "Asia/Jerusalem", NULL, "דנה");
    c.list_id = list;
    assert_int_equal(store_campaign_create(s, &c, "{\"a\":1}", &campaign), 0);
    assert_int_equal(store_target_fill(s, campaign, &added), 0);
    assert_int_equal(added, PEOPLE);
    return 0;
}

static int tear_down(void **state)
{
    store_close(s);
    place->clear();
    return 0;
}

/* ---- what others need ----------------------------------------------------------------------- */

struct group_sum {
    int groups;
    int64_t waiting, last_id, next_due_ms, last_due_ms;
    char zones[256];
};

static int add_group(void *arg, const struct store_group *g)
{
    struct group_sum *sum = arg;
    size_t n = strlen(sum->zones);

    sum->groups++;
    sum->waiting += g->waiting;
    sum->last_id = g->id;
    sum->next_due_ms = g->next_due_ms;
    sum->last_due_ms = g->last_due_ms;
    snprintf(sum->zones + n, sizeof(sum->zones) - n, "%s%s=%lld ", g->zone, g->window,
             (long long)g->waiting);
    return 0;
}

static struct group_sum groups(void)
{
    struct group_sum sum = {0};

    assert_int_equal(store_group_each(s, campaign, add_group, &sum), 0);
    return sum;
}

static int claim(struct store_claim *out, int max, int attempts_max, int per_day)
{
    struct store_claim_query q = {.campaign_id = campaign,
                                  .group_id = groups().last_id,
                                  .now_ms = now(),
                                  .day_start_ms = now() - 10 * MINUTE,
                                  .day_end_ms = now() + 10 * MINUTE,
                                  .attempts_max = attempts_max,
                                  .per_day_max = per_day,
                                  .decision = "{\"why\":1}"};
    int64_t skipped = 0;
    int n = 0;

    assert_int_equal(store_claim(s, &q, out, max, &n, &skipped), 0);
    return n;
}

static int end(int64_t attempt, enum disposition d, enum target_state to, int64_t due_ms)
{
    struct call_outcome o = {
        .disposition = d, .sip_status = 200, .dialled_ms = now(), .ended_ms = now() + 5000};
    struct store_finish f = {.attempt_id = attempt,
                             .outcome = &o,
                             .trace_json = "{\"keys\":[{\"key\":\"1\"},{\"key\":\"9\"}]}",
                             .target_state = to,
                             .due_ms = due_ms,
                             .counts = true,
                             .cost = 0.5};

    if (d == DISPOSITION_ANSWERED)
        o.answered_ms = now() + 1000;
    return store_finish(s, &f);
}

static int64_t in_state(enum target_state state)
{
    struct store_target_counts counts;

    assert_int_equal(store_target_counts(s, campaign, &counts), 0);
    return counts.by_state[state];
}

/* A callback of each kind that only counts. */
#define COUNTER(name, ...)                  \
    static int name(void *arg, __VA_ARGS__) \
    {                                       \
        ++*(int *)arg;                      \
        return 0;                           \
    }
COUNTER(count_contact, const struct store_contact *c)
COUNTER(count_black, const struct store_black *b)
COUNTER(count_history, const struct store_black *b, const char *action)
COUNTER(count_campaign, const struct store_campaign *c)
COUNTER(count_pace, const struct store_pace *p)
COUNTER(count_call, const struct store_call *c)
COUNTER(count_text, const struct store_text *t)

static void count_reason(void *arg, const char *reason, int64_t count, int64_t first_row)
{
    ++*(int *)arg;
}

#define COUNT(each, counter, ...)                                        \
    ({                                                                   \
        int count_of = 0;                                                \
        assert_int_equal(each(s, ##__VA_ARGS__, counter, &count_of), 0); \
        count_of;                                                        \
    })

/* ---- opening and transactions --------------------------------------------------------------- */

static void test_transactions(void **state)
{
    struct store *other = another();
    int64_t version = store_data_version(other), id;

    assert_int_equal(store_begin(s), 0);
    assert_int_equal(store_list_ensure(s, "a", &id), 0);
    assert_int_equal(store_savepoint(s), 0);
    assert_int_equal(store_list_ensure(s, "b", &id), 0);
    store_undo(s);
    assert_int_equal(store_savepoint(s), 0);
    assert_int_equal(store_list_ensure(s, "c", &id), 0);
    assert_int_equal(store_release(s), 0);
    assert_int_equal(store_list_find(other, "a", &id), -ENOENT); /* not yet */
    assert_int_equal(store_commit(s), 0);
    assert_int_equal(store_list_find(other, "a", &id), 0);
    assert_int_equal(store_list_find(other, "b", &id), -ENOENT);
    assert_int_equal(store_list_find(other, "c", &id), 0);
    assert_true(store_data_version(other) != version);
    assert_int_equal(store_begin(s), 0);
    assert_int_equal(store_list_ensure(s, "d", &id), 0);
    store_rollback(s);
    assert_int_equal(store_list_find(s, "d", &id), -ENOENT);
    store_close(other);
}

static void test_snapshot(void **state)
{
    struct store *other = another();
    int64_t id;

    assert_int_equal(store_snapshot(other), 0);
    assert_int_equal(store_list_ensure(s, "later", &id), 0);
    assert_int_equal(store_list_find(other, "later", &id), -ENOENT);
    store_snapshot_end(other);
    assert_int_equal(store_list_find(other, "later", &id), 0);
    store_close(other);
}

static void test_opens_again(void **state)
{
    struct store_campaign c;

    store_close(s);
    s = another();
    assert_int_equal(store_campaign_get(s, campaign, &c), 0);
    assert_string_equal(c.name, "spring");
    assert_int_equal(in_state(TARGET_STATE_WAITING), PEOPLE);
}

/* ---- contacts ------------------------------------------------------------------------------- */

struct seen {
    uint64_t last;
    int n, named;
};

static int see_contact(void *arg, const struct store_contact *c)
{
    struct seen *seen = arg;

    assert_true(c->number > seen->last);
    seen->last = c->number;
    seen->named += c->name && strcmp(c->name, "דנה") == 0;
    return ++seen->n == 5 ? -ECANCELED : 0;
}

static void test_contacts(void **state)
{
    struct seen seen = {0};
    int64_t n, id, removed;

    assert_int_equal(store_contact_each(s, list, see_contact, &seen), -ECANCELED);
    assert_int_equal(seen.n, 5);
    assert_int_equal(seen.named, 5);
    assert_int_equal(COUNT(store_contact_by_number, count_contact, list, first + 3), 1);
    assert_int_equal(COUNT(store_contact_by_number, count_contact, list, first + 99), 0);
    id = import(PEOPLE - 2, PEOPLE + 3, "Asia/Jerusalem", NULL, NULL); /* two are there already */
    assert_int_equal(store_contact_count(s, list, &n), 0);
    assert_int_equal(n, PEOPLE + 3);
    assert_int_equal(store_import_undo(s, id, &removed), 0);
    assert_int_equal(removed, 3);
    assert_int_equal(store_import_undo(s, id, &removed), -EALREADY);
    assert_int_equal(store_contact_count(s, list, &n), 0);
    assert_int_equal(n, PEOPLE);
    assert_int_equal(store_import_begin(s, list, "x", &id), 0);
    assert_int_equal(store_import_reject(s, id, 7, "no phone number", ""), 0);
    assert_int_equal(store_import_abort(s, id), 0);
    assert_int_equal(COUNT(store_import_reasons, count_reason, id), 0);
}

/* ---- the blacklist -------------------------------------------------------------------------- */

static int see_change(void *arg, uint64_t number, int64_t expires_ms)
{
    *(int64_t *)arg = number == first ? expires_ms : -2;
    return 0;
}

static void test_blacklist(void **state)
{
    struct store_black b = {
        .list = "opt-out", .number = first, .reason = "asked", .source = "test"};
    struct store_black found;
    int64_t seq = 0, last = -2, n;
    bool was;

    assert_int_equal(store_black_find(s, first, &found), -ENOENT);
    b.expires_ms = now() + MINUTE;
    assert_int_equal(store_black_add(s, &b, &was), 0);
    assert_true(was);
    b.expires_ms = now() + 2 * MINUTE;
    assert_int_equal(store_black_add(s, &b, &was), 0); /* longer */
    assert_false(was);
    b.expires_ms = now() + MINUTE;
    assert_int_equal(store_black_add(s, &b, &was), 0); /* never shorter */
    assert_int_equal(store_black_find(s, first, &found), 0);
    assert_int_equal(found.expires_ms, now() + 2 * MINUTE);
    assert_string_equal(found.reason, "asked");
    assert_int_equal(store_black_changes(s, &seq, see_change, &last), 0);
    assert_int_equal(last, now() + 2 * MINUTE);
    clock_virtual_advance(&virtual_clock, 3 * MINUTE * 1000LL);
    assert_int_equal(store_black_find(s, first, &found), -ENOENT); /* over */
    assert_int_equal(store_black_remove(s, "opt-out", first, "mended", &was), 0);
    assert_true(was);
    assert_int_equal(store_black_remove(s, "opt-out", first, "mended", &was), 0);
    assert_false(was);
    assert_int_equal(store_black_changes(s, &seq, see_change, &last), 0);
    assert_int_equal(last, -1);
    assert_int_equal(COUNT(store_black_history, count_history, first),
                     3); /* added, extended, removed */
    assert_int_equal(store_black_count(s, &n), 0);
    assert_int_equal(n, 0);
    b.expires_ms = 0;
    assert_int_equal(store_black_add(s, &b, &was), 0);
    assert_int_equal(COUNT(store_black_each, count_black, "opt-out", "97250"), 1);
    assert_int_equal(COUNT(store_black_each, count_black, "opt-out", "1"), 0);
    assert_int_equal(COUNT(store_black_each, count_black, "national", ""), 0);
}

static int see_waiting(void *arg, int64_t group_id, int64_t n)
{
    *(int64_t *)arg += n;
    return 0;
}

static void test_blacklisted_are_passed_over(void **state)
{
    struct store_claim claims[PEOPLE];
    struct store_black b = {.number = first + 2, .source = "test"};
    int64_t waiting = 0;
    bool added;

    for (int i = 0; i < 2; i++) { /* on two lists it is still one person */
        snprintf(b.list, sizeof(b.list), "list %d", i);
        assert_int_equal(store_black_add(s, &b, &added), 0);
    }
    assert_int_equal(store_black_waiting(s, campaign, now(), see_waiting, &waiting), 0);
    assert_int_equal(waiting, 1);
    assert_int_equal(claim(claims, PEOPLE, 3, 0), PEOPLE - 1);
    for (int i = 0; i < PEOPLE - 1; i++)
        assert_int_not_equal(claims[i].number, first + 2);
    assert_int_equal(in_state(TARGET_STATE_BLACKLISTED), 1);
}

/* ---- campaigns ------------------------------------------------------------------------------ */

static void test_campaign(void **state)
{
    struct store_campaign c;
    int64_t id;
    char *json;

    assert_int_equal(store_campaign_find(s, "spring", &c), 0);
    assert_int_equal(c.id, campaign);
    assert_int_equal(c.state, CAMPAIGN_STATE_DRAFT);
    assert_int_equal(store_campaign_find(s, "autumn", &c), -ENOENT);
    c = (struct store_campaign){.name = "spring", .kind = "voice", .list_id = list};
    assert_int_equal(store_campaign_create(s, &c, "{}", &id), 0);
    assert_int_equal(store_campaign_find(s, "spring", &c), 0);
    assert_int_equal(c.id, id); /* the newest */
    assert_int_equal(COUNT(store_campaign_list, count_campaign), 2);
    assert_int_equal(store_campaign_update(s, campaign, "{\"b\":2}", "def"), 0);
    assert_int_equal(store_campaign_config(s, campaign, &json), 0);
    assert_string_equal(json, "{\"b\":2}");
    free(json);
    assert_int_equal(store_campaign_get(s, campaign, &c), 0);
    assert_string_equal(c.config_hash, "def");
    assert_int_equal(store_campaign_update(s, 99, "{}", ""), -ENOENT);
    assert_int_equal(store_campaign_set_state(s, campaign, CAMPAIGN_STATE_RUNNING, ""), 0);
    assert_int_equal(store_campaign_update(s, campaign, "{}", ""), -EBUSY);
    assert_int_equal(store_campaign_delete(s, campaign), -EBUSY);
    assert_int_equal(store_campaign_set_state(s, campaign, CAMPAIGN_STATE_CANCELLED, "why"), 0);
    assert_int_equal(store_campaign_get(s, campaign, &c), 0);
    assert_true(c.started_ms == now() && c.ended_ms == now());
    assert_string_equal(c.state_reason, "why");
    assert_int_equal(store_campaign_delete(s, campaign), 0);
    assert_int_equal(store_campaign_get(s, campaign, &c), -ENOENT);
    assert_int_equal(store_campaign_delete(s, campaign), -ENOENT);
}

/* A1: every pair of states, against the table that all share. */
static void test_transitions(void **state)
{
    for (int from = 0; from < CAMPAIGN_STATE_COUNT; from++)
        for (int to = 0; to < CAMPAIGN_STATE_COUNT; to++) {
            struct store_campaign c = {
                .name = "t", .kind = "voice", .list_id = list, .state = (enum campaign_state)from};
            bool allowed = campaign_transition_allowed(c.state, (enum campaign_state)to);
            int64_t id;

            assert_int_equal(store_campaign_create(s, &c, "{}", &id), 0);
            assert_int_equal(store_campaign_set_state(s, id, (enum campaign_state)to, ""),
                             allowed ? 0 : -EPERM);
            assert_int_equal(store_campaign_get(s, id, &c), 0);
            assert_int_equal(c.state, allowed ? to : from);
        }
}

static int see_step(void *arg, const char *step, const char *is, int64_t started_ms,
                    int64_t ended_ms, const char *detail)
{
    char *text = arg;

    snprintf(text + strlen(text), 64, "%s:%s:%s ", step, is, detail);
    return 0;
}

static void test_steps_pace_audit(void **state)
{
    struct store_pace p = {.at_ms = 5, .from_cps = 10, .to_cps = 5, .trunk = "a", .reason = "why"};
    char text[256] = "";

    assert_int_equal(store_step_begin(s, campaign, "query"), 0);
    assert_int_equal(store_step_end(s, campaign, "query", true, "12 people"), 0);
    assert_int_equal(store_step_begin(s, campaign, "monitor"), 0);
    assert_int_equal(store_step_each(s, campaign, see_step, text), 0);
    assert_string_equal(text, "query:done:12 people monitor:running: ");
    for (int i = 0; i < 3; i++)
        assert_int_equal(store_pace_add(s, campaign, &p), 0);
    assert_int_equal(COUNT(store_pace_each, count_pace, campaign), 3);
    assert_int_equal(store_audit(s, "dana", "pause", "campaign 1", NULL), 0);
}

/* ---- attempts ------------------------------------------------------------------------------- */

static void test_claim_and_finish(void **state)
{
    struct store_claim c[PEOPLE];
    struct store_call_totals totals;
    struct store_target t;
    int64_t at;
    int n;

    assert_int_equal(store_last_dial(s, campaign, &at), 0);
    assert_int_equal(at, 0);
    assert_int_equal(claim(c, 5, 3, 0), 5);
    assert_int_equal(in_state(TARGET_STATE_CLAIMED), 5);
    assert_int_equal(groups().waiting, PEOPLE - 5);
    assert_int_equal(store_last_dial(s, campaign, &at), 0);
    assert_int_equal(at, now()); /* an open attempt may be starting now */
    assert_non_null(strstr(c[0].variables, "דנה"));
    assert_int_equal(c[0].attempt_no, 1);
    assert_int_equal(end(c[0].attempt_id, DISPOSITION_ANSWERED, TARGET_STATE_REACHED, 0), 0);
    assert_int_equal(end(c[0].attempt_id, DISPOSITION_ANSWERED, TARGET_STATE_REACHED, 0),
                     -EALREADY);
    assert_int_equal(end(999, DISPOSITION_BUSY, TARGET_STATE_REACHED, 0), -ENOENT);
    assert_int_equal(end(c[1].attempt_id, DISPOSITION_BUSY, TARGET_STATE_WAITING, now() + MINUTE),
                     0);
    assert_int_equal(groups().last_due_ms, now() + MINUTE);
    assert_int_equal(store_call_totals(s, campaign, &totals), 0);
    assert_int_equal(totals.calls, 2);
    assert_int_equal(totals.keys, 4);
    assert_int_equal(totals.talk_ms, 4000);
    assert_true(totals.cost > 0.99 && totals.cost < 1.01);
    assert_int_equal(totals.by_disposition[DISPOSITION_BUSY], 1);
    assert_int_equal(COUNT(store_call_each, count_call, campaign), 2);
    assert_int_equal(claim(c + 5, PEOPLE, 3, 0), PEOPLE - 5); /* the busy one is not due */
    clock_virtual_advance(&virtual_clock, 2 * MINUTE * 1000LL);
    n = claim(c + 5, PEOPLE - 5, 3, 0);
    assert_int_equal(n, 1);
    assert_int_equal(c[5].number, c[1].number);
    assert_int_equal(c[5].attempt_no, 2);
    assert_int_equal(c[5].earlier[DISPOSITION_BUSY], 1);
    assert_int_equal(c[5].earlier[DISPOSITION_NO_ANSWER], 0);
    assert_int_equal(store_target_get(s, campaign, c[1].number, &t), 0);
    assert_int_equal(t.attempts, 2);
    assert_int_equal(t.state, TARGET_STATE_CLAIMED);
    assert_int_equal(store_attempts_since(s, campaign, t.contact_id, 0, &n), 0);
    assert_int_equal(n, 2);
    assert_int_equal(store_attempts_since(s, campaign, t.contact_id, now() - MINUTE, &n), 0);
    assert_int_equal(n, 1);
    assert_int_equal(store_target_get(s, campaign, first + 99, &t), -ENOENT);
}

/* A trunk failed the call: another attempt follows in the same go. */
static void test_tried_again_at_once(void **state)
{
    struct call_outcome o = {.disposition = DISPOSITION_CONGESTION,
                             .dialled_ms = now(),
                             .ended_ms = now(),
                             .trunk = "north"};
    int64_t next = -1, twice = -1, interrupted;
    struct store_finish f = {.outcome = &o, .again_id = &next};
    struct store_claim c[PEOPLE];
    struct store_target t;

    assert_int_equal(claim(c, 1, 1, 1), 1);
    f.attempt_id = c[0].attempt_id;
    assert_int_equal(store_finish(s, &f), 0);
    assert_true(next > c[0].attempt_id);
    assert_int_equal(store_target_get(s, campaign, c[0].number, &t), 0);
    assert_int_equal(t.state, TARGET_STATE_CLAIMED);
    assert_int_equal(t.attempts, 1); /* the first one did not count */
    f.again_id = &twice;
    assert_int_equal(store_finish(s, &f), -EALREADY); /* it was not sure that it was stored */
    assert_int_equal(twice, next);
    assert_int_equal(claim(c + 1, PEOPLE, 1, 1), PEOPLE - 1); /* not claimed twice */
    assert_int_equal(end(next, DISPOSITION_ANSWERED, TARGET_STATE_REACHED, 0), 0);
    assert_int_equal(COUNT(store_call_each, count_call, campaign), 2);
    assert_int_equal(in_state(TARGET_STATE_REACHED), 1);
    /* A crash before the second call leaves an attempt that is made good like any other. */
    f.attempt_id = c[1].attempt_id;
    f.again_id = &next;
    assert_int_equal(store_finish(s, &f), 0);
    assert_int_equal(store_recover(s, campaign, now(), &interrupted), 0);
    assert_int_equal(interrupted, PEOPLE - 1);
    assert_int_equal(end(next, DISPOSITION_BUSY, TARGET_STATE_WAITING, 0), -EALREADY);
}

static void test_caps(void **state)
{
    struct store_claim c[PEOPLE + 1];
    struct store_target t;

    assert_int_equal(claim(c, 1, 2, 1), 1);
    assert_int_equal(end(c[0].attempt_id, DISPOSITION_BUSY, TARGET_STATE_WAITING, now()), 0);
    assert_int_equal(claim(c + 1, PEOPLE, 2, 1), PEOPLE - 1); /* not the same one today */
    assert_int_equal(store_target_get(s, campaign, c[0].number, &t), 0);
    assert_int_equal(t.due_ms, now() + 10 * MINUTE);
    clock_virtual_advance(&virtual_clock, 11 * MINUTE * 1000LL);
    assert_int_equal(claim(c, 1, 2, 1), 1); /* tomorrow */
    assert_int_equal(end(c[0].attempt_id, DISPOSITION_BUSY, TARGET_STATE_WAITING, now()), 0);
    assert_int_equal(claim(c + 1, 1, 2, 0), 0); /* both attempts are used */
    assert_int_equal(in_state(TARGET_STATE_EXHAUSTED), 1);
}

static void test_uncounted(void **state)
{
    struct call_outcome o = {.disposition = DISPOSITION_CANCELLED};
    struct store_finish f = {
        .outcome = &o, .target_state = TARGET_STATE_WAITING, .due_ms = now(), .counts = false};
    struct store_claim c[PEOPLE];

    assert_int_equal(claim(c, 1, 1, 1), 1);
    f.attempt_id = c[0].attempt_id;
    assert_int_equal(store_finish(s, &f), 0);
    assert_int_equal(claim(c, PEOPLE, 1, 1), PEOPLE); /* it cost them nothing */
}

static void test_recover(void **state)
{
    struct store_claim c[PEOPLE];
    struct store_call_totals totals;
    int64_t n;

    assert_int_equal(claim(c, 4, 3, 0), 4);
    assert_int_equal(end(c[0].attempt_id, DISPOSITION_BUSY, TARGET_STATE_EXHAUSTED, 0), 0);
    store_close(s);
    s = another();
    assert_int_equal(store_recover(s, 99, now(), &n), 0); /* another campaign's */
    assert_int_equal(n, 0);
    assert_int_equal(store_recover(s, 0, now() + MINUTE, &n), 0);
    assert_int_equal(n, 3);
    assert_int_equal(store_recover(s, 0, now(), &n), 0);
    assert_int_equal(n, 0);
    assert_int_equal(store_call_totals(s, campaign, &totals), 0);
    assert_int_equal(totals.by_disposition[DISPOSITION_INTERRUPTED], 3);
    assert_int_equal(in_state(TARGET_STATE_CLAIMED), 0);
    assert_int_equal(claim(c, PEOPLE, 3, 0), PEOPLE - 4); /* left in peace until then */
}

/* ---- targets follow their contacts ---------------------------------------------------------- */

static void test_fill(void **state)
{
    int64_t added;

    assert_int_equal(store_target_fill(s, campaign, &added), 0);
    assert_int_equal(added, 0);
    import(PEOPLE, PEOPLE + 4, "Europe/London", NULL, NULL);
    assert_int_equal(store_target_fill(s, campaign, &added), 0);
    assert_int_equal(added, 4);
    assert_int_equal(groups().groups, 2);
    assert_int_equal(groups().waiting, PEOPLE + 4);
    assert_int_equal(in_state(TARGET_STATE_WAITING), PEOPLE + 4);
}

/* S4: hours that come later hold for the next call. */
static void test_hours_that_come_later(void **state)
{
    struct store_claim c[PEOPLE];
    int64_t id, removed;

    assert_int_equal(claim(c, 1, 3, 0), 1);
    id = import(0, 3, "Asia/Jerusalem", "sun 09:00-10:00", NULL); /* one of them is on the line */
    assert_int_equal(groups().groups, 2);
    assert_int_equal(groups().waiting, PEOPLE - 1);
    assert_non_null(strstr(groups().zones, "sun 09:00-10:00=2 "));
    assert_int_equal(end(c[0].attempt_id, DISPOSITION_BUSY, TARGET_STATE_WAITING, now()), 0);
    assert_non_null(strstr(groups().zones, "sun 09:00-10:00=3 "));
    assert_int_equal(store_import_undo(s, id, &removed), 0);
    assert_non_null(strstr(groups().zones, "sun 09:00-10:00=0 "));
    assert_int_equal(groups().waiting, PEOPLE);
}

static void test_undo_takes_targets_back(void **state)
{
    struct store_claim c[PEOPLE];
    int64_t id = import(PEOPLE, PEOPLE + 2, "Asia/Jerusalem", NULL, NULL), added, removed;

    assert_int_equal(store_target_fill(s, campaign, &added), 0);
    assert_int_equal(claim(c, PEOPLE, 3, 0), PEOPLE);
    assert_int_equal(store_import_undo(s, id, &removed), 0);
    assert_int_equal(in_state(TARGET_STATE_REMOVED), 2);
    assert_int_equal(claim(c, PEOPLE, 3, 0), 0);
}

/* ---- texts ---------------------------------------------------------------------------------- */

static void test_texts(void **state)
{
    struct store_text t = {.campaign_id = campaign,
                           .contact_id = 1,
                           .attempt_id = 1,
                           .number = first,
                           .body = "שלום",
                           .state = "queued"};
    int64_t a, b;
    bool added;

    assert_int_equal(store_text_add(s, &t, "give", &a, &added), 0);
    assert_true(added);
    assert_int_equal(store_text_add(s, &t, "give", &b, &added), 0);
    assert_false(added);
    assert_int_equal(a, b);
    assert_int_equal(store_text_add(s, &t, "again", &b, &added), 0);
    assert_int_equal(COUNT(store_text_each, count_text, campaign), 2);
}

/* ---- all of it, on each --------------------------------------------------------------------- */

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

static int run_on(const struct store_backend *b)
{
    const struct CMUnitTest tests[] = {
        TEST(test_transactions),
        TEST(test_snapshot),
        TEST(test_opens_again),
        TEST(test_contacts),
        TEST(test_blacklist),
        TEST(test_blacklisted_are_passed_over),
        TEST(test_campaign),
        TEST(test_transitions),
        TEST(test_steps_pace_audit),
        TEST(test_claim_and_finish),
        TEST(test_tried_again_at_once),
        TEST(test_caps),
        TEST(test_uncounted),
        TEST(test_recover),
        TEST(test_fill),
        TEST(test_hours_that_come_later),
        TEST(test_undo_takes_targets_back),
        TEST(test_texts),
    };

    place = NULL;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
        if (strcmp(places[i].scheme, b->scheme) == 0)
            place = &places[i];
    if (!place) {
        fprintf(stderr, "# no place to test the back-end \"%s\" in\n", b->scheme);
        return 1;
    }
    return cmocka_run_group_tests_name(b->scheme, tests, NULL, NULL);
}

int main(void)
{
    int failed = 0;

    for (const struct store_backend *const *b = store_backends; *b; b++)
        failed += run_on(*b);
    return failed;
}
