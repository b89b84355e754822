/* What the store keeps of accounts: a database of the version before goes on, rights that end move
 * the epoch for every connection, tickets are taken once, old things go. */
#include "store/identity.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/file.h"
#include "store_fixture.h"

enum { HOUR_MS = 3600 * 1000 };

struct world {
    char folder[64], path[96];
    struct clock_virtual clock;
    struct store *one, *two; /* two connections */
    int64_t user;
};

static struct world *open_world(void)
{
    struct store_user u = {.email = "dana@example.org", .name = "Dana", .role = ROLE_ANALYST};
    struct world *w = calloc(1, sizeof(*w));

    clock_virtual_init(&w->clock, 1795000000000);
    snprintf(w->folder, sizeof(w->folder), "/tmp/kolcast-test-XXXXXX");
    assert_non_null(mkdtemp(w->folder));
    snprintf(w->path, sizeof(w->path), "%s/kolcast.db", w->folder);
    assert_int_equal(store_open(w->path, &w->clock.clock, &w->one, NULL), 0);
    assert_int_equal(store_open(w->path, &w->clock.clock, &w->two, NULL), 0);
    assert_int_equal(store_user_add(w->one, &u, &w->user), 0);
    return w;
}

static void close_world(struct world *w)
{
    static const char *const tails[] = {"", "-wal", "-shm"};
    char path[128];

    store_close(w->one);
    store_close(w->two);
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof(path), "%s%s", w->path, tails[i]);
        unlink(path);
    }
    rmdir(w->folder);
    free(w);
}

static int64_t epoch(struct store *s)
{
    int64_t e;

    assert_int_equal(store_identity_epoch(s, &e), 0);
    return e;
}

static int64_t session(struct world *w, int64_t expires_ms)
{
    struct store_session in = {
        .user = w->user, .csrf = "c", .how = "password", .expires_ms = expires_ms};
    int64_t id;

    assert_int_equal(store_session_add(w->one, &in, &id), 0);
    return id;
}

/* A database as the first version made it, with a user in it. */
static void test_migration(void **state)
{
    struct world *w = open_world();
    char sql_path[512], *sql;
    struct store_user u;
    sqlite3 *db;
    size_t len;

    snprintf(sql_path, sizeof(sql_path), "%s/src/store/migrations/001_initial.sql",
             getenv("KOLCAST_SOURCE"));
    assert_int_equal(file_read(sql_path, 1 << 20, &sql, &len, NULL), 0);
    store_close(w->one);
    store_close(w->two);
    unlink(w->path);
    assert_int_equal(sqlite3_open(w->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db,
                                  "INSERT INTO users VALUES (7, 'Old@example.org', 'Old',"
                                  " 'CampaignManager', NULL, 1, 5); PRAGMA user_version = 1",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(db);
    free(sql);
    assert_int_equal(store_open(w->path, &w->clock.clock, &w->one, NULL), 0);
    assert_int_equal(store_open(w->path, &w->clock.clock, &w->two, NULL), 0);
    assert_int_equal(store_user_by_email(w->one, "old@EXAMPLE.org", &u), 0);
    assert_int_equal(u.id, 7);
    assert_int_equal(u.role, ROLE_CAMPAIGN_MANAGER);
    assert_true(u.disabled);
    assert_string_equal(u.password, "");
    assert_string_equal(u.totp, "");
    assert_int_equal(u.version, 1);
    close_world(w);
}

/* Whatever takes a right away is seen by the other connection's next look, and what does not, is
 * not (the cache would be of no use). */
static void test_epoch(void **state)
{
    struct world *w = open_world();
    int64_t e, s = session(w, INT64_C(1796000000000)), t = session(w, INT64_C(1796000000000)), key;
    struct store_key k = {.user = w->user, .name = "k", .prefix = "p", .hash = "h", .scopes = 1};
    struct store_token token = {.hash = "t", .kind = 'a', .session = s, .expires_ms = 1};
    struct store_user u;

    assert_int_equal(store_user_get(w->one, w->user, &u), 0);
    e = epoch(w->two);
    assert_int_equal(epoch(w->one), e);
    assert_int_equal(store_key_add(w->one, &k, &key), 0);
    assert_int_equal(store_token_add(w->one, &token), 0);
    assert_int_equal(store_session_seen(w->one, s, 1795000000001), 0);
    assert_int_equal(store_session_extend(w->one, s, INT64_C(1796000000001)), 0);
    assert_int_equal(store_key_used(w->one, key, 1795000000001), 0);
    assert_int_equal(store_user_signed_in(w->one, w->user), 0);
    assert_int_equal(epoch(w->two), e);
    assert_int_equal(epoch(w->one), e);
#define MOVES(change)                       \
    do {                                    \
        assert_int_equal((change), 0);      \
        assert_true(epoch(w->two) > e);     \
        e = epoch(w->two);                  \
        assert_int_equal(epoch(w->one), e); \
    } while (0)
    MOVES(store_session_revoke(w->one, s, "x"));
    MOVES(store_session_revoke_user(w->one, w->user, 0, "x", NULL));
    MOVES(store_key_revoke(w->one, key));
    u.role = ROLE_CAMPAIGN_MANAGER;
    MOVES(store_user_update(w->one, &u, 0));
    u.disabled = true;
    MOVES(store_user_update(w->two, &u, 0));
    /* Taken back: as if it had not been. */
    u.disabled = false;
    assert_int_equal(store_begin(w->one), 0);
    assert_int_equal(store_user_update(w->one, &u, 0), 0);
    assert_true(epoch(w->one) > e);
    store_rollback(w->one);
    assert_int_equal(epoch(w->one), e);
    MOVES(store_user_remove(w->one, w->user));
    assert_int_equal(store_session_revoke(w->one, t, "x"), -ENOENT);
    close_world(w);
}

static void test_tickets(void **state)
{
    struct world *w = open_world();
    struct store_ticket t = {
        .hash = "a", .kind = "reset", .user = w->user, .expires_ms = 1795000000000 + HOUR_MS};
    struct store_ticket got;

    assert_int_equal(store_ticket_add(w->one, &t), 0);
    assert_int_equal(store_ticket_get(w->two, "a", "invite", &got), -ENOENT); /* another kind */
    assert_int_equal(store_ticket_get(w->two, "a", "reset", &got), 0);
    assert_int_equal(got.user, w->user);
    assert_int_equal(store_ticket_take(w->two, "a", "reset", &got), 0);
    assert_int_equal(store_ticket_take(w->one, "a", "reset", &got), -ENOENT);
    assert_int_equal(store_ticket_add(w->one, &t), 0);
    clock_virtual_advance(&w->clock, HOUR_MS * INT64_C(1000));
    assert_int_equal(store_ticket_take(w->one, "a", "reset", &got), -ENOENT); /* too late */
    /* Nobody's, and dropping by kind and user. */
    t = (struct store_ticket){.hash = "b", .kind = "setup", .expires_ms = INT64_MAX};
    assert_int_equal(store_ticket_add(w->one, &t), 0);
    assert_int_equal(store_ticket_drop(w->one, "setup", w->user), 0);
    assert_int_equal(store_ticket_get(w->one, "b", "setup", &got), 0);
    assert_int_equal(got.user, 0);
    assert_int_equal(store_ticket_drop(w->one, "setup", 0), 0);
    assert_int_equal(store_ticket_get(w->one, "b", "setup", &got), -ENOENT);
    close_world(w);
}

static void test_second_factor(void **state)
{
    static const char hashes[3][STORE_HASH_MAX] = {"x", "y", "z"};
    struct world *w = open_world();
    int64_t left;

    assert_int_equal(store_totp_set(w->one, w->user, "SECRET", ""), 0);
    assert_int_equal(store_totp_use(w->one, w->user, 100), 0);
    assert_int_equal(store_totp_use(w->two, w->user, 100), -EALREADY);
    assert_int_equal(store_totp_use(w->two, w->user, 99), -EALREADY);
    assert_int_equal(store_totp_use(w->two, w->user, 101), 0);
    assert_int_equal(store_recovery_set(w->one, w->user, hashes, 3), 0);
    assert_int_equal(store_recovery_use(w->one, w->user, "y"), 0);
    assert_int_equal(store_recovery_use(w->two, w->user, "y"), -ENOENT);
    assert_int_equal(store_recovery_left(w->one, w->user, &left), 0);
    assert_int_equal(left, 2);
    assert_int_equal(store_totp_set(w->one, w->user, "", ""), 0);
    assert_int_equal(store_recovery_left(w->one, w->user, &left), 0);
    assert_int_equal(left, 0);
    close_world(w);
}

static void test_tidy(void **state)
{
    struct world *w = open_world();
    int64_t old = session(w, 1795000000000 + HOUR_MS), now = session(w, INT64_MAX);
    struct store_throttle t = {.count = 3, .next_ms = 0, .last_ms = 1795000000000};
    struct store_session s;
    struct store_throttle got;
    char key[20];

    for (int i = 0; i < 20; i++) {
        snprintf(key, sizeof(key), "k%d", i);
        t.last_ms++;
        assert_int_equal(store_throttle_put(w->one, key, &t), 0);
    }
    clock_virtual_advance(&w->clock, HOUR_MS * INT64_C(1000));
    assert_int_equal(store_identity_tidy(w->one, 5), 0);
    assert_int_equal(store_session_get(w->one, old, &s), -ENOENT);
    assert_int_equal(store_session_get(w->one, now, &s), 0);
    assert_int_equal(store_throttle_get(w->one, "k14", &got), -ENOENT); /* the newest five stay */
    assert_int_equal(store_throttle_get(w->one, "k15", &got), 0);
    clock_virtual_advance(&w->clock, 24 * HOUR_MS * INT64_C(1000));
    assert_int_equal(store_identity_tidy(w->one, 5), 0);
    assert_int_equal(store_throttle_get(w->one, "k19", &got), -ENOENT);
    close_world(w);
}

static void test_settings(void **state)
{
    struct world *w = open_world();
    char *value;

    assert_int_equal(store_setting_get(w->one, "a", &value), -ENOENT);
    assert_int_equal(store_setting_put(w->one, "a", "1"), 0);
    assert_int_equal(store_setting_put(w->one, "a", "2"), 0);
    assert_int_equal(store_setting_get(w->two, "a", &value), 0);
    assert_string_equal(value, "2");
    free(value);
    assert_int_equal(store_setting_put(w->one, "a", NULL), 0);
    assert_int_equal(store_setting_get(w->two, "a", &value), -ENOENT);
    close_world(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_migration), cmocka_unit_test(test_epoch),
        cmocka_unit_test(test_tickets),   cmocka_unit_test(test_second_factor),
        cmocka_unit_test(test_tidy),      cmocka_unit_test(test_settings),
    };

    return cmocka_run_group_tests_name("store identity", tests, NULL, NULL);
}
