/* Sessions: rotation, theft, two tabs, tampering, expiry, revocation; API keys; CSRF. */
#include "identity_fixture.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/metric.h"

struct signed_in {
    struct identity_fixture f;
    struct sign_in_answer a;
    int64_t user;
};

static struct signed_in *open_signed_in(bool with_writer)
{
    struct signed_in *s = calloc(1, sizeof(*s));

    assert_int_equal(identity_fixture_open(&s->f, with_writer, NULL, NULL), 0);
    s->user = identity_fixture_user(&s->f, "dana@example.org", ROLE_CAMPAIGN_MANAGER);
    assert_int_equal(
        identity_fixture_sign_in(&s->f, "dana@example.org", GOOD_PASSWORD, NULL, &s->a), 0);
    return s;
}

static void close_signed_in(struct signed_in *s)
{
    identity_fixture_close(&s->f);
    free(s);
}

static int who(struct signed_in *s, const char *token, struct principal *p)
{
    return identity_authenticate(s->f.id, s->f.store, token, p);
}

static int refresh(struct signed_in *s, const char *token, struct session_tokens *out)
{
    return identity_refresh(s->f.id, s->f.store, token, out);
}

static void assert_same(const struct session_tokens *a, const struct session_tokens *b)
{
    assert_int_equal(a->user, b->user);
    assert_int_equal(a->session, b->session);
    assert_string_equal(a->access, b->access);
    assert_string_equal(a->refresh, b->refresh);
    assert_string_equal(a->csrf, b->csrf);
    assert_int_equal(a->access_expires_ms, b->access_expires_ms);
    assert_int_equal(a->refresh_expires_ms, b->refresh_expires_ms);
}

static void test_rotation(void **state)
{
    struct signed_in *s = open_signed_in(false);
    struct session_tokens now = s->a.tokens, next;
    struct principal p;

    for (int i = 0; i < 50; i++) { /* 50 times 20 days: a session that is used goes on */
        identity_fixture_wait(&s->f, 20 * 24 * 3600 * 1000LL);
        assert_int_equal(who(s, now.access, &p), -EACCES);
        assert_int_equal(refresh(s, now.refresh, &next), 0);
        assert_int_equal(next.session, now.session);
        assert_string_equal(next.csrf, now.csrf);
        assert_string_not_equal(next.access, now.access);
        assert_string_not_equal(next.refresh, now.refresh);
        assert_int_equal(who(s, next.access, &p), 0);
        now = next;
    }
    identity_fixture_wait(&s->f, IDENTITY_REFRESH_MS);
    assert_int_equal(refresh(s, now.refresh, &next), -EACCES);
    close_signed_in(s);
}

static void test_access_expires(void **state)
{
    struct signed_in *s = open_signed_in(false);
    struct session_tokens next;
    struct principal p;

    identity_fixture_wait(&s->f, IDENTITY_ACCESS_MS - 1);
    assert_int_equal(who(s, s->a.tokens.access, &p), 0); /* and is in the cache now */
    assert_int_equal(refresh(s, s->a.tokens.refresh, &next), 0);
    assert_int_equal(who(s, s->a.tokens.access, &p), 0); /* requests on their way go through */
    identity_fixture_wait(&s->f, 1);
    assert_int_equal(who(s, s->a.tokens.access, &p), -EACCES);
    assert_int_equal(who(s, next.access, &p), 0);
    close_signed_in(s);
}

/* Thief and user hold the same refresh token: whoever comes second ends it for both. */
static void test_reuse(void **state)
{
    for (int with_writer = 0; with_writer < 2; with_writer++) {
        struct signed_in *s = open_signed_in(with_writer);
        struct session_tokens thief, t;
        struct store_session session;
        int64_t stolen = metric_total(METRIC_SESSIONS_STOLEN);
        struct principal p;

        assert_int_equal(refresh(s, s->a.tokens.refresh, &thief), 0);
        assert_int_equal(who(s, thief.access, &p), 0);
        identity_fixture_wait(&s->f, IDENTITY_GRACE_MS + 1);
        assert_int_equal(refresh(s, s->a.tokens.refresh, &t), -EACCES);
        assert_int_equal(who(s, thief.access, &p), -EACCES);
        assert_int_equal(who(s, s->a.tokens.access, &p), -EACCES);
        assert_int_equal(refresh(s, thief.refresh, &t), -EACCES);
        assert_int_equal(store_session_get(s->f.store, s->a.tokens.session, &session), 0);
        assert_string_equal(session.revoked_why, "a spent refresh token was shown");
        assert_int_equal(metric_total(METRIC_SESSIONS_STOLEN), stolen + 1);
        close_signed_in(s);
    }
}

/* The thief is quick and comes within the grace: both hold the same line of tokens, and the next
 * turn tells. */
static void test_reuse_within_grace(void **state)
{
    struct signed_in *s = open_signed_in(false);
    struct session_tokens thief, user, t;

    assert_int_equal(refresh(s, s->a.tokens.refresh, &user), 0);
    assert_int_equal(refresh(s, s->a.tokens.refresh, &thief), 0);
    assert_string_equal(thief.refresh, user.refresh);
    identity_fixture_wait(&s->f, 3600000);
    assert_int_equal(refresh(s, user.refresh, &user), 0);
    identity_fixture_wait(&s->f, IDENTITY_GRACE_MS + 1);
    assert_int_equal(refresh(s, thief.refresh, &t), -EACCES);
    assert_int_equal(refresh(s, user.refresh, &t), -EACCES);
    close_signed_in(s);
}

/* Two tabs with the same cookie, and one of them twice. */
static void test_two_tabs(void **state)
{
    struct signed_in *s = open_signed_in(false);
    struct session_tokens one, two, three;
    struct principal p;

    assert_int_equal(refresh(s, s->a.tokens.refresh, &one), 0);
    identity_fixture_wait(&s->f, 5000);
    assert_int_equal(refresh(s, s->a.tokens.refresh, &two), 0);
    assert_same(&one, &two);
    /* A slow third one, after the pair was turned over again: the newest pair. */
    assert_int_equal(refresh(s, two.refresh, &two), 0);
    identity_fixture_wait(&s->f, 5000);
    assert_int_equal(refresh(s, s->a.tokens.refresh, &three), 0);
    assert_same(&two, &three);
    assert_int_equal(who(s, three.access, &p), 0);
    close_signed_in(s);
}

enum { TABS = 8 };

struct tab {
    struct signed_in *s;
    pthread_barrier_t *gate;
    struct session_tokens got;
    int rc;
};

static void *open_tab(void *arg)
{
    struct tab *t = arg;
    struct store *store;

    assert_int_equal(store_open(t->s->f.path, &t->s->f.clock.clock, &store, NULL), 0);
    pthread_barrier_wait(t->gate);
    t->rc = identity_refresh(t->s->f.id, store, t->s->a.tokens.refresh, &t->got);
    store_close(store);
    return NULL;
}

static void test_tabs_together(void **state)
{
    struct signed_in *s = open_signed_in(true);
    pthread_barrier_t gate;
    pthread_t threads[TABS];
    struct tab tabs[TABS];

    pthread_barrier_init(&gate, NULL, TABS);
    for (int i = 0; i < TABS; i++) {
        tabs[i] = (struct tab){.s = s, .gate = &gate};
        assert_int_equal(pthread_create(&threads[i], NULL, open_tab, &tabs[i]), 0);
    }
    for (int i = 0; i < TABS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(tabs[i].rc, 0);
        assert_same(&tabs[i].got, &tabs[0].got);
    }
    pthread_barrier_destroy(&gate);
    close_signed_in(s);
}

static void test_tampering(void **state)
{
    struct signed_in *s = open_signed_in(false);
    const char *access = s->a.tokens.access;
    char token[IDENTITY_TOKEN_MAX + 8];
    struct session_tokens t;
    struct principal p;

    assert_int_equal(who(s, access, &p), 0);
    for (size_t i = 0; i < strlen(access); i++) {
        snprintf(token, sizeof(token), "%s", access);
        token[i] ^= 1;
        assert_int_equal(who(s, token, &p), -EACCES);
        token[i] = '\0';
        assert_int_equal(who(s, token, &p), -EACCES);
    }
    snprintf(token, sizeof(token), "%sA", access);
    assert_int_equal(who(s, token, &p), -EACCES);
    assert_int_equal(who(s, "", &p), -EACCES);
    assert_int_equal(who(s, NULL, &p), -EACCES);
    /* Each kind for its own purpose only. */
    assert_int_equal(who(s, s->a.tokens.refresh, &p), -EACCES);
    assert_int_equal(who(s, s->a.device, &p), -EACCES);
    assert_int_equal(refresh(s, access, &t), -EACCES);
    snprintf(token, sizeof(token), "kr_%s", access + 3);
    assert_int_equal(refresh(s, token, &t), -EACCES);
    snprintf(token, sizeof(token), "kc_%s", access + 3);
    assert_int_equal(who(s, token, &p), -EACCES);
    snprintf(token, sizeof(token), "ka_%s", s->a.tokens.refresh + 3);
    assert_int_equal(who(s, token, &p), -EACCES);
    /* What the store holds is of no use as a token. */
    assert_int_equal(who(s, "ka_' OR 1=1 --                                  ", &p), -EACCES);
    close_signed_in(s);
}

static int count_session(void *arg, const struct store_session *session)
{
    ++*(int *)arg;
    return 0;
}

static void test_ending(void **state)
{
    struct signed_in *s = open_signed_in(true);
    struct sign_in_answer second, third;
    struct principal p;
    int64_t ended;
    int count = 0;

    identity_fixture_sign_in(&s->f, "dana@example.org", GOOD_PASSWORD, NULL, &second);
    identity_fixture_sign_in(&s->f, "dana@example.org", GOOD_PASSWORD, NULL, &third);
    assert_int_equal(store_session_each(s->f.store, s->user, count_session, &count), 0);
    assert_int_equal(count, 3);
    assert_int_equal(who(s, s->a.tokens.access, &p), 0);
    assert_int_equal(identity_sign_out(s->f.id, s->f.store, s->a.tokens.access), 0);
    assert_int_equal(who(s, s->a.tokens.access, &p), -EACCES);
    assert_int_equal(identity_sign_out(s->f.id, s->f.store, s->a.tokens.access), -ENOENT);
    assert_int_equal(refresh(s, s->a.tokens.refresh, &s->a.tokens), -EACCES);
    /* Another user's sessions are not there to end. */
    assert_int_equal(
        identity_session_revoke(s->f.id, s->f.store, "noa", s->user + 1, second.tokens.session),
        -ENOENT);
    assert_int_equal(who(s, second.tokens.access, &p), 0);
    assert_int_equal(
        identity_session_revoke(s->f.id, s->f.store, "dana", s->user, second.tokens.session), 0);
    assert_int_equal(who(s, second.tokens.access, &p), -EACCES);
    identity_fixture_sign_in(&s->f, "dana@example.org", GOOD_PASSWORD, NULL, &second);
    assert_int_equal(identity_sessions_revoke(s->f.id, s->f.store, "dana", s->user,
                                              third.tokens.session, &ended),
                     0);
    assert_int_equal(ended, 1);
    assert_int_equal(who(s, second.tokens.access, &p), -EACCES);
    assert_int_equal(who(s, third.tokens.access, &p), 0);
    close_signed_in(s);
}

/* A script that signs in again and again does not fill the store. */
static void test_bounded(void **state)
{
    struct signed_in *s = open_signed_in(false);
    struct sign_in_answer a;
    struct principal p;
    int count = 0;

    for (int i = 0; i < 120; i++)
        assert_int_equal(
            identity_fixture_sign_in(&s->f, "dana@example.org", GOOD_PASSWORD, NULL, &a), 0);
    assert_int_equal(store_session_each(s->f.store, s->user, count_session, &count), 0);
    assert_int_equal(count, 100);
    assert_int_equal(who(s, s->a.tokens.access, &p), -EACCES); /* the oldest went */
    assert_int_equal(who(s, a.tokens.access, &p), 0);
    close_signed_in(s);
}

static void test_csrf(void **state)
{
    struct signed_in *s = open_signed_in(false);
    struct sign_in_answer other;
    struct principal p;

    identity_fixture_sign_in(&s->f, "dana@example.org", GOOD_PASSWORD, NULL, &other);
    assert_int_equal(who(s, s->a.tokens.access, &p), 0);
    assert_true(principal_csrf(&p, s->a.tokens.csrf));
    assert_false(principal_csrf(&p, other.tokens.csrf));
    assert_false(principal_csrf(&p, ""));
    assert_false(principal_csrf(&p, NULL));
    p.csrf[0] = '\0'; /* of a key */
    assert_false(principal_csrf(&p, ""));
    close_signed_in(s);
}

/* ---- API keys ------------------------------------------------------------------------------- */

static void test_key(void **state)
{
    struct signed_in *s = open_signed_in(true);
    struct store_key in = {.user = s->user,
                           .name = "Zapier",
                           .scopes = SCOPE_BIT(SCOPE_CAMPAIGNS_READ),
                           .expires_ms = IDENTITY_START_MS + 90000};
    struct store_key kept;
    char key[IDENTITY_TOKEN_MAX];
    struct principal p;
    int64_t id;

    assert_int_equal(account_key_add(s->f.id, s->f.store, "dana", &in, key, &id, NULL), 0);
    assert_int_equal(who(s, key, &p), 0);
    assert_int_equal(p.key, id);
    assert_int_equal(p.session, 0);
    assert_int_equal(p.role, ROLE_CAMPAIGN_MANAGER);
    assert_string_equal(p.who, "dana@example.org, key Zapier");
    assert_true(principal_may(&p, ROLE_ANALYST, SCOPE_CAMPAIGNS_READ));
    assert_false(principal_may(&p, ROLE_ANALYST, SCOPE_CAMPAIGNS_WRITE));
    assert_false(principal_may(&p, ROLE_ADMINISTRATOR, SCOPE_CAMPAIGNS_READ));
    assert_false(principal_may(&p, ROLE_ANALYST, -1));
    assert_int_equal(store_key_get(s->f.store, id, &kept), 0);
    assert_memory_equal(kept.prefix, key, 9);
    assert_int_equal(strlen(kept.prefix), 9);
    assert_null(strstr(kept.hash, key + 3));
    identity_fixture_wait(&s->f, 61000);
    assert_int_equal(who(s, key, &p), 0);
    /* The use was given to the writer, which works in order: after the next change it is there. */
    assert_int_equal(identity_tidy(s->f.id, s->f.store), 0);
    assert_int_equal(store_key_get(s->f.store, id, &kept), 0);
    assert_int_equal(kept.used_ms, IDENTITY_START_MS + 61000);
    identity_fixture_wait(&s->f, 29000);
    assert_int_equal(who(s, key, &p), -EACCES); /* expired, though cached */
    close_signed_in(s);
}

static void test_key_ends(void **state)
{
    struct signed_in *s = open_signed_in(false);
    struct store_key in = {.user = s->user, .name = "x", .scopes = SCOPE_ALL};
    struct store_user u;
    char key[IDENTITY_TOKEN_MAX];
    struct principal p;
    int64_t id;

    assert_int_equal(account_key_add(s->f.id, s->f.store, "dana", &in, key, &id, NULL), 0);
    assert_int_equal(who(s, key, &p), 0);
    /* It goes with its user's role and with the user. */
    assert_int_equal(store_user_get(s->f.store, s->user, &u), 0);
    u.role = ROLE_ANALYST;
    assert_int_equal(account_update(s->f.id, s->f.store, "test", &u, 0, NULL), 0);
    assert_int_equal(who(s, key, &p), 0);
    assert_int_equal(p.role, ROLE_ANALYST);
    u.disabled = true;
    assert_int_equal(account_update(s->f.id, s->f.store, "test", &u, 0, NULL), 0);
    assert_int_equal(who(s, key, &p), -EACCES);
    assert_int_equal(who(s, s->a.tokens.access, &p), -EACCES);
    u.disabled = false;
    assert_int_equal(account_update(s->f.id, s->f.store, "test", &u, 0, NULL), 0);
    assert_int_equal(who(s, key, &p), 0);
    assert_int_equal(who(s, s->a.tokens.access, &p), -EACCES); /* its session was revoked */
    assert_int_equal(account_key_revoke(s->f.id, s->f.store, "noa", s->user + 1, id, NULL),
                     -ENOENT);
    assert_int_equal(account_key_revoke(s->f.id, s->f.store, "dana", s->user, id, NULL), 0);
    assert_int_equal(who(s, key, &p), -EACCES);
    assert_int_equal(account_key_revoke(s->f.id, s->f.store, "dana", 0, id, NULL), -ENOENT);
    /* Bad ones are not made. */
    in.scopes = 0;
    assert_int_equal(account_key_add(s->f.id, s->f.store, "dana", &in, key, &id, NULL), -EINVAL);
    in.scopes = SCOPE_BIT(SCOPE_COUNT);
    assert_int_equal(account_key_add(s->f.id, s->f.store, "dana", &in, key, &id, NULL), -EINVAL);
    in.scopes = SCOPE_ALL;
    in.expires_ms = IDENTITY_START_MS;
    assert_int_equal(account_key_add(s->f.id, s->f.store, "dana", &in, key, &id, NULL), -EINVAL);
    close_signed_in(s);
}

/* Another process (the command line) takes a right away: the service's cache knows at once. */
static void test_other_process(void **state)
{
    struct signed_in *s = open_signed_in(true);
    struct identity_config config = identity_fixture_config(&s->f);
    struct identity *other;
    struct store *store;
    struct principal p;

    config.writer = NULL;
    assert_int_equal(identity_new(&other, &config, NULL), 0);
    assert_int_equal(store_open(s->f.path, &s->f.clock.clock, &store, NULL), 0);
    assert_int_equal(who(s, s->a.tokens.access, &p), 0);
    assert_int_equal(who(s, s->a.tokens.access, &p), 0);
    assert_int_equal(identity_session_revoke(other, store, "cli", 0, s->a.tokens.session), 0);
    assert_int_equal(who(s, s->a.tokens.access, &p), -EACCES);
    identity_free(other);
    store_close(store);
    close_signed_in(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rotation),      cmocka_unit_test(test_access_expires),
        cmocka_unit_test(test_reuse),         cmocka_unit_test(test_reuse_within_grace),
        cmocka_unit_test(test_two_tabs),      cmocka_unit_test(test_tabs_together),
        cmocka_unit_test(test_tampering),     cmocka_unit_test(test_ending),
        cmocka_unit_test(test_bounded),       cmocka_unit_test(test_csrf),
        cmocka_unit_test(test_key),           cmocka_unit_test(test_key_ends),
        cmocka_unit_test(test_other_process),
    };

    return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
