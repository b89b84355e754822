/* Signing in: one answer and one Argon2 run for every cause of failure, delays that grow and that
 * strangers cannot turn against the user, the second factor, tries at the same moment. */
#include "identity_fixture.h"

#include <oath.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/metric.h"

static struct identity_fixture *open_fixture(void)
{
    struct identity_fixture *f = calloc(1, sizeof(*f));

    assert_int_equal(identity_fixture_open(f, false, NULL, NULL), 0);
    return f;
}

static void close_fixture(struct identity_fixture *f)
{
    identity_fixture_close(f);
    free(f);
}

static int64_t runs(void)
{
    return metric_total(METRIC_PASSWORD_HASHES);
}

static void test_right(void **state)
{
    struct identity_fixture *f = open_fixture();
    int64_t user = identity_fixture_user(f, "Dana@Example.org", ROLE_ANALYST);
    struct sign_in_answer a;
    struct principal p;
    struct store_user u;

    assert_int_equal(identity_fixture_sign_in(f, " dana@example.ORG ", GOOD_PASSWORD, NULL, &a), 0);
    assert_int_equal(a.tokens.user, user);
    assert_int_equal(identity_authenticate(f->id, f->store, a.tokens.access, &p), 0);
    assert_int_equal(p.user, user);
    assert_int_equal(p.session, a.tokens.session);
    assert_int_equal(p.role, ROLE_ANALYST);
    assert_string_equal(p.who, "dana@example.org");
    assert_true(p.scopes == SCOPE_ALL);
    assert_string_equal(p.csrf, a.tokens.csrf);
    assert_int_equal(store_user_get(f->store, user, &u), 0);
    assert_int_equal(u.signed_in_ms, IDENTITY_START_MS);
    close_fixture(f);
}

/* What an attacker may measure: each kind of failure costs one run, and says the same. */
static void test_one_run_for_all(void **state)
{
    static const struct {
        const char *email, *password;
    } tries[] = {
        {"known@example.org", "wrong"},
        {"unknown@example.org", "wrong"},
        {"disabled@example.org", GOOD_PASSWORD},
        {"invited@example.org", GOOD_PASSWORD},
        {"no address", "wrong"},
        {"known@example.org", ""},
    };
    struct identity_fixture *f = open_fixture();
    struct account_new invited = {.email = "invited@example.org", .role = ROLE_ANALYST};
    struct store_user disabled = {
        .email = "disabled@example.org", .name = "D", .role = ROLE_ANALYST, .disabled = true};
    char link[ACCOUNT_LINK_MAX], first[200] = "", text[200];
    int64_t user;
    bool mailed;

    identity_fixture_user(f, "known@example.org", ROLE_ANALYST);
    disabled.id = identity_fixture_user(f, "disabled@example.org", ROLE_ANALYST);
    assert_int_equal(account_update(f->id, f->store, "test", &disabled, 0, NULL), 0);
    assert_int_equal(account_invite(f->id, f->store, "test", &invited, &user, link, &mailed, NULL),
                     0);
    for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
        struct sign_in in = {.email = tries[i].email,
                             .password = tries[i].password,
                             .from = {.address = "192.0.2.7"}};
        struct sign_in_answer a;
        struct error err = {0};
        int64_t before = runs();

        assert_int_equal(identity_sign_in(f->id, f->store, &in, &a, &err), -EACCES);
        assert_true(runs() == before + 1);
        error_text(&err, text, sizeof(text));
        if (i == 0)
            memcpy(first, text, sizeof(first));
        assert_string_equal(text, first);
    }
    close_fixture(f);
}

/* Tries until the account must wait; how long then. */
static int64_t fail_until_wait(struct identity_fixture *f, const char *email, int *tries)
{
    struct sign_in_answer a;

    for (*tries = 0; *tries < 100; ++*tries) {
        int rc = identity_fixture_sign_in(f, email, "wrong", NULL, &a);

        if (rc == -EAGAIN)
            return a.wait_ms;
        assert_int_equal(rc, -EACCES);
    }
    return 0;
}

static void test_delay_grows(void **state)
{
    struct identity_fixture *f = open_fixture();
    struct sign_in_answer a;
    int64_t longest = 0, wait;
    int tries, guesses = 0;

    identity_fixture_user(f, "dana@example.org", ROLE_ANALYST);
    wait = fail_until_wait(f, "dana@example.org", &tries);
    assert_int_equal(tries, 5);
    assert_int_equal(wait, 1000);
    /* No run, and no try is counted while it waits; the right password does not help either. */
    wait = runs();
    assert_int_equal(identity_fixture_sign_in(f, "dana@example.org", GOOD_PASSWORD, NULL, &a),
                     -EAGAIN);
    assert_int_equal(runs(), wait);
    /* A stranger who goes on for a day: few guesses, and never more than 15 min between. */
    while (clock_wall_ms(&f->clock.clock) < IDENTITY_START_MS + 24 * 3600 * 1000) {
        int rc = identity_fixture_sign_in(f, "dana@example.org", "wrong", NULL, &a);

        guesses += rc == -EACCES;
        if (rc == -EAGAIN && a.wait_ms > longest)
            longest = a.wait_ms;
        identity_fixture_wait(f, rc == -EAGAIN ? a.wait_ms : 0);
    }
    assert_in_range(guesses, 90, 120);
    assert_int_equal(longest, 15 * 60 * 1000);
    /* The same delays for an account that does not exist. */
    identity_fixture_wait(f, 24 * 3600 * 1000);
    wait = fail_until_wait(f, "nobody@example.org", &tries);
    assert_int_equal(tries, 5);
    assert_int_equal(wait, 1000);
    close_fixture(f);
}

static void configure(struct identity_fixture *f, const char *text)
{
    json_t *json = json_loads(text, 0, NULL);

    assert_non_null(json);
    assert_int_equal(identity_configure(f->id, json, NULL), 0);
    json_decref(json);
}

/* Settings say how long a password is, how many tries are free and how long the longest wait is. */
static void test_rules_of_settings(void **state)
{
    struct identity_fixture *f = open_fixture();
    int64_t user = identity_fixture_user(f, "dana@example.org", ROLE_ANALYST), longest = 0;
    struct sign_in_answer a;
    struct error err = {0};
    int tries = 0, guesses = 0;

    assert_int_equal(account_password_set(f->id, f->store, "t", user, "k3 vQ9xz", &err), -EINVAL);
    configure(f, "{\"passwords\": {\"min_length\": 8},"
                 " \"lockout\": {\"free_tries\": 2, \"longest_wait\": \"1m\"}}");
    assert_int_equal(account_password_set(f->id, f->store, "t", user, "k3 vQ9xz", &err), 0);
    assert_int_equal(account_password_set(f->id, f->store, "t", user, "k3 vQ9x", &err), -EINVAL);
    while (guesses < 15) { /* the address is slowed down after 20 */
        int rc = identity_fixture_sign_in(f, "dana@example.org", "wrong", NULL, &a);

        guesses += rc == -EACCES;
        tries += rc == -EACCES && longest == 0;
        if (rc == -EAGAIN && a.wait_ms > longest)
            longest = a.wait_ms;
        identity_fixture_wait(f, rc == -EAGAIN ? a.wait_ms : 0);
    }
    assert_int_equal(tries, 2);
    assert_int_equal(longest, 60000);
    configure(f, "{}");
    assert_int_equal(account_password_set(f->id, f->store, "t", user, "k3 vQ9xz", &err), -EINVAL);
    close_fixture(f);
}

/* S: an attacker fails for days; the user's own browser, and a reset by mail, come in at once. */
static void test_attacker_cannot_lock_out(void **state)
{
    struct identity_fixture *f = open_fixture();
    struct sign_in_answer own, a;
    char ticket[IDENTITY_TOKEN_MAX], device[IDENTITY_TOKEN_MAX];
    int64_t wait;

    identity_fixture_user(f, "dana@example.org", ROLE_ANALYST);
    assert_int_equal(identity_fixture_sign_in(f, "dana@example.org", GOOD_PASSWORD, NULL, &own), 0);
    for (int i = 0; i < 300; i++) {
        identity_fixture_sign_in(f, "dana@example.org", "wrong", NULL, &a);
        identity_fixture_wait(f, a.wait_ms);
    }
    assert_int_equal(identity_fixture_sign_in(f, "dana@example.org", GOOD_PASSWORD, own.device, &a),
                     0);
    assert_string_equal(a.device, ""); /* it keeps the one it has */
    identity_fixture_sign_in(f, "dana@example.org", "wrong", NULL, &a);
    assert_int_equal(identity_fixture_sign_in(f, "dana@example.org", GOOD_PASSWORD, NULL, &a),
                     -EAGAIN);
    assert_int_equal(
        account_reset_request(f->id, f->store, "dana@example.org", "192.0.2.9", &wait, NULL), 0);
    assert_int_equal(f->box.count, 1);
    assert_int_equal(sscanf(strchr(f->box.mails[0].text, '#'), "#%51s", ticket), 1);
    assert_int_equal(account_ticket_use(f->id, f->store, ticket, OTHER_PASSWORD, device, NULL), 0);
    identity_fixture_sign_in(f, "dana@example.org", "wrong", NULL, &a);
    assert_int_equal(identity_fixture_sign_in(f, "dana@example.org", OTHER_PASSWORD, device, &a),
                     0);
    close_fixture(f);
}

/* A device is trusted for its user only, and slowed down by its own failures. */
static void test_device(void **state)
{
    struct identity_fixture *f = open_fixture();
    struct sign_in_answer dana, noa, a;
    int rc = 0;

    identity_fixture_user(f, "dana@example.org", ROLE_ANALYST);
    identity_fixture_user(f, "noa@example.org", ROLE_ANALYST);
    assert_int_equal(identity_fixture_sign_in(f, "dana@example.org", GOOD_PASSWORD, NULL, &dana),
                     0);
    assert_int_equal(
        identity_fixture_sign_in(f, "noa@example.org", GOOD_PASSWORD, dana.device, &noa), 0);
    assert_string_not_equal(noa.device, "");
    for (int i = 0; i < 6; i++)
        rc = identity_fixture_sign_in(f, "dana@example.org", "wrong", dana.device, &a);
    assert_int_equal(rc, -EAGAIN);
    assert_int_equal(identity_fixture_sign_in(f, "dana@example.org", GOOD_PASSWORD, NULL, &a), 0);
    close_fixture(f);
}

/* One address that tries many accounts, one guess each. */
static void test_spraying(void **state)
{
    struct identity_fixture *f = open_fixture();
    struct sign_in_answer a;
    int guesses = 0, rc;

    identity_fixture_user(f, "dana@example.org", ROLE_ANALYST);
    for (int i = 0; i < 3600; i++) {
        char email[40];

        snprintf(email, sizeof(email), "user%d@example.org", i);
        guesses += identity_fixture_sign_in(f, email, "Winter2026!!", NULL, &a) == -EACCES;
        identity_fixture_wait(f, 1000);
    }
    assert_in_range(guesses, 25, 60);
    /* Its own success does not buy it more guesses. */
    identity_fixture_wait(f, 900000);
    for (int i = 0; i < 10; i++) {
        rc = identity_fixture_sign_in(f, "dana@example.org", GOOD_PASSWORD, NULL, &a);
        assert_true(rc == 0 || rc == -EAGAIN);
        rc = identity_fixture_sign_in(f, "noa@example.org", "wrong", NULL, &a);
    }
    assert_int_equal(rc, -EAGAIN);
    close_fixture(f);
}

static void test_better_hash(void **state)
{
    struct identity_fixture *f = open_fixture();
    int64_t user = identity_fixture_user(f, "dana@example.org", ROLE_ANALYST), before = runs();
    struct identity_config config = identity_fixture_config(f);
    struct sign_in_answer a;
    struct store_user u;

    identity_free(f->id);
    config.cost.memory_kib = 128;
    assert_int_equal(identity_new(&f->id, &config, NULL), 0);
    assert_int_equal(identity_fixture_sign_in(f, "dana@example.org", GOOD_PASSWORD, NULL, &a), 0);
    assert_int_equal(runs(), before + 2); /* checked, then hashed anew */
    assert_int_equal(store_user_get(f->store, user, &u), 0);
    assert_non_null(strstr(u.password, "m=128,"));
    assert_int_equal(identity_fixture_sign_in(f, "dana@example.org", GOOD_PASSWORD, NULL, &a), 0);
    assert_int_equal(runs(), before + 3);
    close_fixture(f);
}

/* ---- second factor -------------------------------------------------------------------------- */

static void app_code(struct identity_fixture *f, const char *secret, int steps, char out[8])
{
    char *key;
    size_t len;

    assert_int_equal(oath_base32_decode(secret, strlen(secret), &key, &len), OATH_OK);
    oath_totp_generate(key, len, (time_t)(clock_wall_ms(&f->clock.clock) / 1000 + steps * 30), 30,
                       0, 6, out);
    free(key);
}

static void turn_on(struct identity_fixture *f, const char *email, char secret[STORE_SECRET_MAX],
                    char codes[ACCOUNT_RECOVERY_CODES][ACCOUNT_RECOVERY_MAX])
{
    struct totp_offer offer;
    struct sign_in_answer a;
    struct principal p;
    int64_t wait;
    char code[8];

    assert_int_equal(identity_fixture_sign_in(f, email, GOOD_PASSWORD, NULL, &a), 0);
    assert_int_equal(identity_authenticate(f->id, f->store, a.tokens.access, &p), 0);
    assert_int_equal(account_totp_offer(f->id, f->store, &p, "wrong", &offer, &wait, NULL),
                     -EACCES);
    assert_int_equal(account_totp_offer(f->id, f->store, &p, GOOD_PASSWORD, &offer, &wait, NULL),
                     0);
    assert_non_null(strstr(offer.uri, "otpauth://totp/Kolcast:dana%40example.org?secret="));
    /* Not yet asked for. */
    assert_int_equal(identity_fixture_sign_in(f, email, GOOD_PASSWORD, NULL, &a), 0);
    app_code(f, offer.secret, 5, code);
    assert_int_equal(account_totp_confirm(f->id, f->store, &p, code, codes, &wait, NULL), -EACCES);
    app_code(f, offer.secret, 0, code);
    assert_int_equal(account_totp_confirm(f->id, f->store, &p, code, codes, &wait, NULL), 0);
    assert_int_equal(account_totp_confirm(f->id, f->store, &p, code, codes, &wait, NULL), -ENOENT);
    memcpy(secret, offer.secret, sizeof(offer.secret));
}

static int step_two(struct identity_fixture *f, const char *challenge, const char *code,
                    struct sign_in_answer *out)
{
    struct sign_in_from from = {.address = "192.0.2.7"};

    return identity_sign_in_code(f->id, f->store, challenge, code, &from, out, NULL);
}

static void test_second_factor(void **state)
{
    struct identity_fixture *f = open_fixture();
    char codes[ACCOUNT_RECOVERY_CODES][ACCOUNT_RECOVERY_MAX], secret[STORE_SECRET_MAX], code[8];
    struct sign_in_answer first, a;

    identity_fixture_user(f, "dana@example.org", ROLE_ANALYST);
    turn_on(f, "dana@example.org", secret, codes);
    /* The code that turned it on is spent. */
    app_code(f, secret, 0, code);
    assert_int_equal(identity_fixture_sign_in(f, "dana@example.org", GOOD_PASSWORD, NULL, &first),
                     -ENOKEY);
    assert_string_equal(first.tokens.access, "");
    assert_int_equal(step_two(f, first.challenge, code, &a), -EACCES);
    identity_fixture_wait(f, 60000);
    app_code(f, secret, 0, code);
    assert_int_equal(step_two(f, first.challenge, code, &a), 0);
    /* Replay: of the challenge, and of the code with a new challenge. */
    assert_int_equal(step_two(f, first.challenge, code, &a), -EACCES);
    assert_int_equal(identity_fixture_sign_in(f, "dana@example.org", GOOD_PASSWORD, NULL, &first),
                     -ENOKEY);
    assert_int_equal(step_two(f, first.challenge, code, &a), -EACCES);
    /* The step before the last one taken is spent too, the next one is good (a fast clock). */
    app_code(f, secret, -1, code);
    assert_int_equal(step_two(f, first.challenge, code, &a), -EACCES);
    app_code(f, secret, 1, code);
    assert_int_equal(step_two(f, first.challenge, code, &a), 0);
    /* A challenge lasts five minutes. */
    assert_int_equal(identity_fixture_sign_in(f, "dana@example.org", GOOD_PASSWORD, NULL, &first),
                     -ENOKEY);
    identity_fixture_wait(f, 300000);
    app_code(f, secret, 0, code);
    assert_int_equal(step_two(f, first.challenge, code, &a), -EACCES);
    close_fixture(f);
}

static void test_recovery_code(void **state)
{
    struct identity_fixture *f = open_fixture();
    char codes[ACCOUNT_RECOVERY_CODES][ACCOUNT_RECOVERY_MAX], secret[STORE_SECRET_MAX];
    struct sign_in in = {.email = "dana@example.org", .password = GOOD_PASSWORD};
    struct sign_in_answer a;
    int64_t left;
    int64_t user = identity_fixture_user(f, "dana@example.org", ROLE_ANALYST);

    turn_on(f, "dana@example.org", secret, codes);
    in.code = codes[3];
    for (char *p = codes[3]; *p; p++) /* as people type it */
        if (*p >= 'a' && *p <= 'z')
            *p = (char)(*p - 32);
        else if (*p == '-')
            *p = ' ';
    assert_int_equal(identity_sign_in(f->id, f->store, &in, &a, NULL), 0);
    assert_int_equal(identity_sign_in(f->id, f->store, &in, &a, NULL), -EACCES);
    assert_int_equal(store_recovery_left(f->store, user, &left), 0);
    assert_int_equal(left, ACCOUNT_RECOVERY_CODES - 1);
    in.code = codes[4];
    assert_int_equal(identity_sign_in(f->id, f->store, &in, &a, NULL), 0);
    close_fixture(f);
}

/* Somebody knows the password and guesses codes for a week: few guesses, and the user is told. */
static void test_code_guessing(void **state)
{
    struct identity_fixture *f = open_fixture();
    char codes[ACCOUNT_RECOVERY_CODES][ACCOUNT_RECOVERY_MAX], secret[STORE_SECRET_MAX];
    struct sign_in in = {.email = "dana@example.org",
                         .password = GOOD_PASSWORD,
                         .code = "000000x",
                         .from = {.address = "203.0.113.5"}};
    struct sign_in_answer a;
    int guesses = 0;

    identity_fixture_user(f, "dana@example.org", ROLE_ANALYST);
    turn_on(f, "dana@example.org", secret, codes);
    while (clock_wall_ms(&f->clock.clock) < IDENTITY_START_MS + INT64_C(7) * 24 * 3600 * 1000) {
        int rc = identity_sign_in(f->id, f->store, &in, &a, NULL);

        guesses += rc == -EACCES;
        identity_fixture_wait(f, rc == -EAGAIN ? a.wait_ms : 0);
    }
    assert_in_range(guesses, 100, 7 * 36);
    assert_int_equal(f->box.count, 1);
    assert_string_equal(f->box.mails[0].to, "dana@example.org");
    close_fixture(f);
}

/* ---- at the same moment --------------------------------------------------------------------- */

enum { THREADS = 8 };

struct crowd {
    struct identity_fixture *f;
    const char *code;
    char challenge[IDENTITY_TOKEN_MAX];
    pthread_barrier_t gate;
    _Atomic int in, wrong, waits;
};

static void *guess(void *arg)
{
    struct crowd *c = arg;
    struct sign_in in = {.email = "dana@example.org", .password = "wrong"};
    struct sign_in_from from = {0};
    struct sign_in_answer a;
    struct store *s;
    int rc;

    assert_int_equal(store_open(c->f->path, &c->f->clock.clock, &s, NULL), 0);
    pthread_barrier_wait(&c->gate);
    for (int i = 0; i < 3; i++) {
        rc = c->code ? identity_sign_in_code(c->f->id, s, c->challenge, c->code, &from, &a, NULL)
                     : identity_sign_in(c->f->id, s, &in, &a, NULL);
        c->in += rc == 0;
        c->wrong += rc == -EACCES;
        c->waits += rc == -EAGAIN;
    }
    store_close(s);
    return NULL;
}

static void run_crowd(struct crowd *c)
{
    pthread_t threads[THREADS];

    pthread_barrier_init(&c->gate, NULL, THREADS);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, guess, c), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&c->gate);
    assert_int_equal(c->in + c->wrong + c->waits, THREADS * 3);
}

static void test_together(void **state)
{
    char codes[ACCOUNT_RECOVERY_CODES][ACCOUNT_RECOVERY_MAX], secret[STORE_SECRET_MAX], code[8];
    struct identity_fixture f;
    struct crowd c = {.f = &f};
    struct sign_in_answer a;

    assert_int_equal(identity_fixture_open(&f, true, NULL, NULL), 0);
    identity_fixture_user(&f, "dana@example.org", ROLE_ANALYST);
    turn_on(&f, "dana@example.org", secret, codes);
    /* 24 guesses that come together are no more than 5 guesses. */
    run_crowd(&c);
    assert_int_equal(c.wrong, 5);
    assert_int_equal(c.in, 0);
    /* One code, 24 times together: one comes in. */
    identity_fixture_wait(&f, 60000);
    assert_int_equal(identity_fixture_sign_in(&f, "dana@example.org", GOOD_PASSWORD, NULL, &a),
                     -ENOKEY);
    c = (struct crowd){.f = &f, .code = code};
    snprintf(c.challenge, sizeof(c.challenge), "%s", a.challenge);
    app_code(&f, secret, 0, code);
    run_crowd(&c);
    assert_int_equal(c.in, 1);
    identity_fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_right),
        cmocka_unit_test(test_one_run_for_all),
        cmocka_unit_test(test_delay_grows),
        cmocka_unit_test(test_rules_of_settings),
        cmocka_unit_test(test_attacker_cannot_lock_out),
        cmocka_unit_test(test_device),
        cmocka_unit_test(test_spraying),
        cmocka_unit_test(test_better_hash),
        cmocka_unit_test(test_second_factor),
        cmocka_unit_test(test_recovery_code),
        cmocka_unit_test(test_code_guessing),
        cmocka_unit_test(test_together),
    };

    return cmocka_run_group_tests_name("sign_in", tests, NULL, NULL);
}
