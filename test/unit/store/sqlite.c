/* What only the SQLite back-end has: migrations from every version, references and their indexes,
 * the plans of what runs often, and files that are not what they should be. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "store/sqlite/migrations.h"
#include "store/sqlite/sqlite_priv.h"
#include "store_fixture.h"

static struct fixture f;

static int set_up(void **state)
{
    snprintf(f.folder, sizeof(f.folder), "/tmp/kolcast-test-XXXXXX");
    assert_non_null(mkdtemp(f.folder));
    snprintf(f.path, sizeof(f.path), "%s/kolcast.db", f.folder);
    f.store = NULL;
    return 0;
}

static int tear_down(void **state)
{
    fixture_close(&f);
    return 0;
}

static void run_sql(sqlite3 *db, const char *sql)
{
    char *fault = NULL;

    if (sqlite3_exec(db, sql, NULL, NULL, &fault))
        fail_msg("%s: %s", sql, fault);
}

static int append(void *arg, int n, char **values, char **names)
{
    char *text = arg;
    size_t at = strlen(text);

    for (int i = 0; i < n; i++)
        at += (size_t)snprintf(text + at, 65536 - at, "%s%s", values[i] ? values[i] : "", "|");
    strcat(text, "\n");
    return 0;
}

/* The rows of a query as text. Static. */
static const char *rows_of(sqlite3 *db, const char *sql)
{
    static char text[65536];

    text[0] = '\0';
    assert_int_equal(sqlite3_exec(db, sql, append, text, NULL), 0);
    return text;
}

static sqlite3 *open_raw(void)
{
    sqlite3 *db;

    assert_int_equal(sqlite3_open(f.path, &db), 0);
    return db;
}

static int opened(struct error *err)
{
    memset(err, 0, sizeof(*err));
    return store_open(f.path, &clock_system, &f.store, err);
}

/* ---- migrations ----------------------------------------------------------------------------- */

/* What an installation of the first version may hold. */
static const char sample[] =
    "INSERT INTO lists (id, name, created_ms) VALUES (1, 'people', 1);"
    "INSERT INTO imports (id, list_id, file, state, started_ms) VALUES (1, 1, 'a.csv', 'done', 1);"
    "INSERT INTO contacts (id, list_id, import_id, number, kind, name, zone, zone_origin, row)"
    " VALUES (1, 1, 1, 972501000000, 1, 'דנה', 'Asia/Jerusalem', 'n', 2),"
    " (2, 1, 1, 972501000001, 1, 'יוסי', 'Asia/Jerusalem', 'n', 3);"
    "INSERT INTO campaigns (id, list_id, name, kind, state, config, config_hash, created_ms)"
    " VALUES (1, 1, 'spring', 'voice', 'paused', '{}', 'abc', 1);"
    "INSERT INTO target_groups (id, campaign_id, zone, \"window\", waiting)"
    " VALUES (1, 1, 'Asia/Jerusalem', '', 1);"
    "INSERT INTO targets (campaign_id, contact_id, group_id, number, state, attempts)"
    " VALUES (1, 1, 1, 972501000000, 2, 1), (1, 2, 1, 972501000001, 0, 0);"
    "INSERT INTO target_counts VALUES (1, 0, 1), (1, 2, 1);"
    "INSERT INTO attempts (id, campaign_id, contact_id, number, attempt_no, claimed_ms, open)"
    " VALUES (1, 1, 1, 972501000000, 1, 5, 0);"
    "INSERT INTO call_records VALUES (1, 1, 1, 'דנה', 972501000000, 1, 1, 200, 5, 6, 7, 8, 'them',"
    " 'x', 't', '', '', 0, 0, 0, 0, 0.5, NULL, NULL);"
    "INSERT INTO call_totals VALUES (1, 1, 1, 1, 0, 0.5);"
    "INSERT INTO pace_changes (campaign_id, at_ms, from_cps, to_cps, reason) VALUES (1, 1, 9, 5, "
    "'y');"
    "INSERT INTO blacklist VALUES (972501000009, 'opt-out', 'asked', 'key 9', 1, 0);"
    "INSERT INTO blacklist_history (action, number, list, reason, source, at_ms, expires_ms)"
    " VALUES ('add', 972501000009, 'opt-out', 'asked', 'key 9', 1, 0);";

static void make_version(int version)
{
    sqlite3 *db = open_raw();
    char pragma[48];

    for (int i = 0; i < version; i++) {
        run_sql(db, migrations[i].sql);
        if (i == 0)
            run_sql(db, sample);
    }
    snprintf(pragma, sizeof(pragma), "PRAGMA user_version = %d", version);
    run_sql(db, pragma);
    sqlite3_close(db);
}

/* Everything that was there is there, and is of use. */
static void check_sample(void)
{
    struct store_claim_query q = {
        .campaign_id = 1, .group_id = 1, .now_ms = 100, .day_end_ms = 200, .attempts_max = 3};
    struct store_call_totals totals;
    struct store_campaign c;
    struct store_claim claim;
    struct store_black black;
    int64_t added, skipped = 0;
    int n = 0;

    assert_int_equal(store_campaign_get(f.store, 1, &c), 0);
    assert_string_equal(c.name, "spring");
    assert_int_equal(store_call_totals(f.store, 1, &totals), 0);
    assert_int_equal(totals.calls, 1);
    assert_int_equal(store_black_find(f.store, 972501000009, &black), 0);
    assert_string_equal(black.source, "key 9");
    assert_int_equal(store_target_fill(f.store, 1, &added), 0);
    assert_int_equal(added, 0);
    assert_int_equal(store_claim(f.store, &q, &claim, 1, &n, &skipped), 0);
    assert_int_equal(n, 1);
    assert_int_equal(claim.number, 972501000001);
}

static void test_from_every_version(void **state)
{
    static const char schema[] =
        "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'"
        " ORDER BY type, name";
    char *fresh = NULL;

    for (int version = 0; version <= migration_count; version++) {
        struct error err;
        sqlite3 *db;

        if (version > 0)
            make_version(version);
        if (opened(&err))
            fail_msg("from version %d: %s: %s", version, err.place, err.message);
        db = sqlite_of(f.store)->db;
        if (!fresh)
            fresh = strdup(rows_of(db, schema));
        assert_string_equal(rows_of(db, schema), fresh);
        assert_string_equal(rows_of(db, "PRAGMA integrity_check"), "ok|\n");
        assert_string_equal(rows_of(db, "PRAGMA foreign_key_check"), "");
        if (version > 0)
            check_sample();
        fixture_close(&f);
        set_up(state);
    }
    free(fresh);
}

static void test_newer_is_refused(void **state)
{
    struct error err;
    sqlite3 *db;

    make_version(1);
    db = open_raw();
    run_sql(db, "PRAGMA user_version = 9999");
    sqlite3_close(db);
    assert_int_equal(opened(&err), -EPROTO);
    assert_non_null(strstr(err.message, "newer version"));
    assert_true(err.remedy[0]);
    db = open_raw(); /* and nothing was changed */
    assert_string_equal(rows_of(db, "PRAGMA user_version"), "9999|\n");
    sqlite3_close(db);
}

/* A migration that fails leaves the version before it, whole. */
static void test_failed_migration(void **state)
{
    struct error err;
    sqlite3 *db;

    make_version(1);
    db = open_raw();
    run_sql(db, "ALTER TABLE campaigns ADD COLUMN list_version INTEGER"); /* in the way */
    sqlite3_close(db);
    assert_true(opened(&err) < 0);
    assert_non_null(strstr(err.message, "migration"));
    db = open_raw();
    assert_string_equal(rows_of(db, "PRAGMA user_version"), "1|\n");
    assert_string_equal(rows_of(db, "SELECT count(*) FROM contacts"), "2|\n");
    sqlite3_close(db);
}

/* ---- files that are not what they should be ------------------------------------------------- */

static void test_not_a_database(void **state)
{
    struct error err;
    FILE *file = fopen(f.path, "w");

    for (int i = 0; i < 1000; i++)
        fputs("this is no database ", file);
    fclose(file);
    assert_int_equal(opened(&err), -EBADMSG);
    assert_non_null(strstr(err.place, "kolcast.db"));
    assert_true(err.remedy[0]);
}

/* The file is gone while in use: the next commit says so instead of going nowhere. */
static void test_deleted_while_open(void **state)
{
    static const char *const tails[] = {"", "-wal"};
    struct store_black b = {.list = "opt-out", .number = FIXTURE_FIRST, .source = "test"};
    struct error err;
    char path[128];
    bool added;

    for (int i = 0; i < 2; i++) {
        assert_int_equal(opened(&err), 0);
        assert_int_equal(store_black_add(f.store, &b, &added), 0);
        snprintf(path, sizeof(path), "%s%s", f.path, tails[i]);
        assert_int_equal(unlink(path), 0);
        b.number++;
        assert_int_equal(store_black_add(f.store, &b, &added), -ESTALE);
        assert_non_null(strstr(store_error_text(f.store), "deleted"));
        fixture_close(&f);
        set_up(state);
    }
}

static void test_replaced_while_open(void **state)
{
    struct error err;
    int64_t id;
    char aside[128];

    assert_int_equal(opened(&err), 0);
    snprintf(aside, sizeof(aside), "%s.aside", f.path);
    assert_int_equal(rename(f.path, aside), 0);
    sqlite3_close(open_raw());
    fclose(fopen(f.path, "a"));
    assert_int_equal(store_begin(f.store), -ESTALE);
    assert_int_equal(store_list_find(f.store, "x", &id), -ENOENT); /* still there for reading */
    unlink(aside);
}

/* ---- references and plans ------------------------------------------------------------------- */

/* Where a row is deleted or changed that others refer to, those are looked for: without an index
 * each time in the whole table. */
static void test_references_have_indexes(void **state)
{
    /* One row for each index column, in order; whole indexes only. */
    static const char missing[] =
        "SELECT m.name || '.' || fk.\"from\" FROM sqlite_schema m, pragma_foreign_key_list(m.name) "
        "fk"
        " WHERE m.type = 'table' AND fk.seq = 0 AND NOT EXISTS"
        "  (SELECT 1 FROM pragma_index_list(m.name) l, pragma_index_info(l.name) c"
        "   WHERE l.partial = 0 AND c.seqno = 0 AND c.name = fk.\"from\")"
        " AND NOT EXISTS (SELECT 1 FROM pragma_table_info(m.name) t WHERE t.name = fk.\"from\""
        "  AND t.pk = 1)";
    /* Few rows, or parents that are hardly ever deleted: an index would cost more than it gives. */
    static const char *const accepted[] = {"contacts.import_id",      "imports.list_id",
                                           "campaigns.list_id",       "campaigns.flow_id",
                                           "audio_uses.campaign_id",  "audio_uses.flow_id",
                                           "webhook_queue.webhook_id"};
    struct error err;
    char *text, *line, *save = NULL;
    int faults = 0;

    assert_int_equal(opened(&err), 0);
    text = strdup(rows_of(sqlite_of(f.store)->db, missing));
    for (line = strtok_r(text, "|\n", &save); line; line = strtok_r(NULL, "|\n", &save)) {
        bool known = false;

        for (size_t i = 0; i < sizeof(accepted) / sizeof(accepted[0]); i++)
            known = known || strcmp(accepted[i], line) == 0;
        if (!known)
            fprintf(stderr, "# no index serves the reference %s\n", line);
        faults += !known;
    }
    free(text);
    assert_int_equal(faults, 0);
}

static int no_change(void *arg, uint64_t number, int64_t expires_ms)
{
    return 0;
}

static int no_call(void *arg, const struct store_call *c)
{
    return 0;
}

static int no_text(void *arg, const struct store_text *t)
{
    return 0;
}

static int no_pace(void *arg, const struct store_pace *p)
{
    return 0;
}

static int no_contact(void *arg, const struct store_contact *c)
{
    return 0;
}

static int no_waiting(void *arg, int64_t group, int64_t n)
{
    return 0;
}

/* What a running campaign, a report and a preflight ask. */
static void do_everything(void)
{
    struct call_outcome o = {.disposition = DISPOSITION_BUSY};
    struct store_finish end = {.outcome = &o, .target_state = TARGET_STATE_WAITING, .counts = true};
    struct store_claim_query q = {.campaign_id = f.campaign,
                                  .group_id = f.group,
                                  .now_ms = 1,
                                  .day_end_ms = 1,
                                  .attempts_max = 5,
                                  .per_day_max = 5};
    struct store_text text = {
        .campaign_id = f.campaign, .contact_id = 1, .attempt_id = 1, .body = "x"};
    struct store_target_counts counts;
    struct store_call_totals totals;
    struct store_claim claim;
    struct store_target target;
    int64_t n, seq = 0, skipped = 0;
    int claimed;
    bool added;

    for (int i = 0; i < 2; i++) { /* the second time it knows of an earlier attempt */
        assert_int_equal(store_claim(f.store, &q, &claim, 1, &claimed, &skipped), 0);
        assert_int_equal(claimed, 1);
        end.attempt_id = claim.attempt_id;
        assert_int_equal(store_finish(f.store, &end), 0);
    }
    assert_int_equal(store_recover(f.store, 0, 1, &n), 0);
    assert_int_equal(store_last_dial(f.store, 0, &n), 0);
    assert_int_equal(store_target_fill(f.store, f.campaign, &n), 0);
    assert_int_equal(store_target_counts(f.store, f.campaign, &counts), 0);
    assert_int_equal(store_target_get(f.store, f.campaign, FIXTURE_FIRST, &target), 0);
    assert_int_equal(store_attempts_since(f.store, f.campaign, target.contact_id, 0, &claimed), 0);
    assert_int_equal(store_call_totals(f.store, f.campaign, &totals), 0);
    assert_int_equal(store_call_each(f.store, f.campaign, no_call, NULL), 0);
    assert_int_equal(store_text_add(f.store, &text, "n", &n, &added), 0);
    assert_int_equal(store_text_each(f.store, f.campaign, no_text, NULL), 0);
    assert_int_equal(store_pace_each(f.store, f.campaign, no_pace, NULL), 0);
    assert_int_equal(store_contact_each(f.store, f.list, no_contact, NULL), 0);
    assert_int_equal(store_contact_by_number(f.store, f.list, FIXTURE_FIRST, no_contact, NULL), 0);
    assert_int_equal(store_black_changes(f.store, &seq, no_change, NULL), 0);
    assert_int_equal(store_black_waiting(f.store, f.campaign, 1, no_waiting, NULL), 0);
    assert_int_equal(store_campaign_delete(f.store, f.campaign), 0);
}

/* Tables that may have a million rows. */
static const char *const large[] = {"contacts",    "targets",   "attempts",         "call_records",
                                    "sms_records", "blacklist", "blacklist_history"};

/* SCAN of a large table, but for walks along a partial index. */
static bool walks_all(const char *step)
{
    char table[32] = "";

    if (sscanf(step, "SCAN %31s", table) != 1 || strstr(step, "attempts_open"))
        return false;
    for (size_t i = 0; i < sizeof(large) / sizeof(large[0]); i++)
        if (strcmp(table, large[i]) == 0)
            return true;
    return false;
}

static int bad_steps(sqlite3 *db, const char *sql)
{
    char *explain = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", sql);
    sqlite3_stmt *plan = NULL;
    int bad = 0;

    if (strncmp(sql, "PRAGMA", 6) != 0 && strncmp(sql, "CREATE", 6) != 0 &&
        sqlite3_prepare_v2(db, explain, -1, &plan, NULL) == 0)
        while (sqlite3_step(plan) == SQLITE_ROW) {
            const char *step = (const char *)sqlite3_column_text(plan, 3);

            /* A walk of 2,000; and a look that is taken only while a reference is broken. */
            if (!walks_all(step) || strstr(sql, "LIMIT 2000") ||
                strncmp(sql, "INSERT INTO imports", 19) == 0)
                continue;
            fprintf(stderr, "# %s\n#   in: %s\n", step, sql);
            bad++;
        }
    sqlite3_finalize(plan);
    sqlite3_free(explain);
    return bad;
}

static void test_plans(void **state)
{
    sqlite3_stmt *q = NULL;
    int statements = 0, bad = 0;

    assert_int_equal(fixture_open_in(&f, &clock_system, 20), 0);
    do_everything();
    while ((q = sqlite3_next_stmt(sqlite_of(f.store)->db, q))) {
        statements++;
        bad += bad_steps(sqlite_of(f.store)->db, sqlite3_sql(q));
    }
    assert_true(statements > 30);
    assert_int_equal(bad, 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_from_every_version),      TEST(test_newer_is_refused),
        TEST(test_failed_migration),        TEST(test_not_a_database),
        TEST(test_deleted_while_open),      TEST(test_replaced_while_open),
        TEST(test_references_have_indexes), TEST(test_plans),
    };

    return cmocka_run_group_tests_name("store/sqlite", tests, NULL, NULL);
}
