/* The monitor on real things: a store that cannot be written, webhooks that fail, a certificate
 * that ends, a disk, calls that fail. Each raises its alert in the store, for webhooks, on the bus
 * and by mail, and is cleared when it is mended. */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <time.h>

#include <cmocka.h>

#include "base/log.h"
#include "base/metric.h"
#include "event/monitor.h"
#include "store/identity.h"
#include "store/outbox.h"
#include "store_fixture.h"

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

static struct {
    struct fixture f;
    struct store_writer *writer;
    struct bus *bus;
    struct bus_cursor cursor;
    struct monitor *monitor;
    char certificate[128];
    int64_t hook;
    _Atomic unsigned mails;
    char last_mail[2048]; /* read when mails has moved */
    char last_to[256];
} w;

static int take_mail(void *arg, const char *to, const char *subject, const char *text)
{
    snprintf(w.last_mail, sizeof(w.last_mail), "%s\n%s", subject, text);
    snprintf(w.last_to, sizeof(w.last_to), "%s", to);
    atomic_fetch_add(&w.mails, 1);
    return 0;
}

static void setting(const char *json)
{
    assert_int_equal(store_setting_put(w.f.store, "alerts", json), 0);
}

static void start(void)
{
    struct monitor_config config = {
        .store_url = w.f.path,
        .clock = &the_clock,
        .writer = w.writer,
        .bus = w.bus,
        .data_dir = w.f.folder,
        .tls_cert = w.certificate[0] ? w.certificate : NULL,
        .every_ms = 10,
        .mail = take_mail,
    };
    struct error err = {0};

    if (monitor_new(&w.monitor, &config, &err))
        fail_msg("%s: %s", err.place, err.message);
}

static int set_up(void **state)
{
    struct store_webhook hook = {.enabled = true,
                                 .name = "ops",
                                 .url = "https://ops.example.org/",
                                 .secret = "whsec_eA==",
                                 .events = {"alert.raised", "alert.cleared"},
                                 .event_count = 2};
    struct error err = {0};

    memset(&w, 0, sizeof(w));
    atomic_store(&ahead_ms, 0);
    assert_int_equal(fixture_open(&w.f, &the_clock, 3), 0);
    assert_int_equal(store_writer_new(&w.writer, w.f.path, &the_clock, &err), 0);
    assert_int_equal(bus_new(&w.bus, &the_clock, 1024), 0);
    bus_follow(w.bus, &w.cursor);
    assert_int_equal(store_webhook_add(w.f.store, &hook, &w.hook), 0);
    /* The test machine's own disk and the like stay out of it. */
    setting(
        "{\"mail_to\": [\"ops@example.org\"], \"indicators\": {\"disk_free\": {\"off\": true}}}");
    return 0;
}

static int tear_down(void **state)
{
    monitor_free(w.monitor);
    bus_free(w.bus);
    store_writer_free(w.writer);
    if (w.certificate[0])
        unlink(w.certificate);
    fixture_close(&w.f);
    return 0;
}

static bool is(const char *indicator, const char *status)
{
    json_t *health = monitor_health(w.monitor), *one;
    bool found = false;
    size_t i;

    json_array_foreach(json_object_get(health, "indicators"), i,
                       one) if (!strcmp(json_string_value(json_object_get(one, "name")), indicator))
        found = !strcmp(json_string_value(json_object_get(one, "status")), status);
    json_decref(health);
    return found;
}

static void wait_for(const char *indicator, const char *status)
{
    for (int i = 0; i < 3000 && !is(indicator, status); i++)
        usleep(10000);
    if (!is(indicator, status))
        fail_msg("%s is not %s", indicator, status);
}

/* Rounds go on meanwhile: what must not happen has had its time. */
static void some_rounds(void)
{
    usleep(200000);
}

static int note_alert(void *arg, const struct store_alert *a)
{
    *(struct store_alert *)arg = *a;
    return 0;
}

static int count_alert(void *arg, const struct store_alert *a)
{
    ++*(int *)arg;
    return 0;
}

static int open_alerts(void)
{
    int n = 0;

    assert_int_equal(store_alert_open_each(w.f.store, count_alert, &n), 0);
    return n;
}

/* The change was told everywhere. */
static void told(const char *indicator, enum event_type type)
{
    struct event e;
    uint64_t missed;
    bool found = false;

    for (int i = 0; i < 1000 && !found; i++) {
        while (!found && bus_next(w.bus, &w.cursor, &e, &missed))
            found = e.type == type && !strcmp(e.alert.indicator, indicator);
        if (!found)
            usleep(10000);
    }
    assert_true(found);
}

static void wait_waiting(int64_t n)
{
    struct store_webhook hook = {0};

    for (int i = 0; i < 1000 && hook.waiting != n; i++) {
        assert_int_equal(store_webhook_get(w.f.store, w.hook, &hook), 0);
        usleep(10000);
    }
    assert_int_equal(hook.waiting, n);
}

static void test_webhook_failing(void **state)
{
    struct store_webhook other = {.enabled = true,
                                  .name = "crm",
                                  .url = "https://crm.example.org/",
                                  .secret = "whsec_eA==",
                                  .events = {"contact.opted_out"},
                                  .event_count = 1};
    struct store_delivery_fault fault = {.error = "nobody is there", .status = 0};
    struct store_delivery d;
    struct store_alert a = {0};
    struct store_black b = {.number = 972541234567, .list = "opt-out", .source = "key 9"};
    bool added;
    unsigned n;

    assert_int_equal(store_webhook_add(w.f.store, &other, &other.id), 0);
    assert_int_equal(store_black_add(w.f.store, &b, &added), 0);
    assert_int_equal(store_delivery_due(w.f.store, other.id, wall(&the_clock), 1, &d, &n), 0);
    free(d.payload);
    fault.id = d.id;
    fault.due_ms = wall(&the_clock) + 1;
    start();
    wait_for("webhook_failing", "ok");
    assert_int_equal(store_delivery_failed(w.f.store, &fault), 0);
    some_rounds();
    assert_true(is("webhook_failing", "ok")); /* an hour is allowed */
    atomic_fetch_add(&ahead_ms, 3700000);
    wait_for("webhook_failing", "degraded");
    told("webhook_failing", EVENT_ALERT_RAISED);
    wait_waiting(1); /* the news, for the other subscription */
    assert_int_equal(store_alert_open_each(w.f.store, note_alert, &a), 0);
    assert_string_equal(a.indicator, "webhook_failing");
    assert_non_null(strstr(a.object, "crm"));
    assert_int_equal(atomic_load(&w.mails), 1);
    assert_string_equal(w.last_to, "ops@example.org");
    assert_non_null(strstr(w.last_mail, "crm"));
    assert_non_null(strstr(w.last_mail, "What to do"));
    assert_int_equal(store_delivery_sent(w.f.store, d.id, 200), 0);
    wait_for("webhook_failing", "ok");
    told("webhook_failing", EVENT_ALERT_CLEARED);
    wait_waiting(2);
    assert_int_equal(open_alerts(), 0);
}

static int nothing(struct store_job *job, struct store *s)
{
    return store_audit(s, "test", "fill", "disk", "");
}

static void test_store_failing(void **state)
{
    struct store_job job = {.run = nothing};
    struct rlimit before, small;
    char why[200];
    int rc;

    start();
    assert_true(monitor_ready(w.monitor, why, sizeof(why)));
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, SIG_IGN);
    small = (struct rlimit){.rlim_cur = 4096, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    rc = store_writer_do(w.writer, &job);
    wait_for("store_failing", "failing");
    assert_false(monitor_ready(w.monitor, why, sizeof(why)));
    assert_true(why[0]);
    assert_int_equal(atomic_load(&w.mails), 1); /* told by mail, though it cannot be stored */
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_not_equal(rc, 0);
    assert_int_equal(store_writer_do(w.writer, &job), 0);
    some_rounds();
    assert_false(is("store_failing", "ok")); /* ten seconds of rest */
    atomic_fetch_add(&ahead_ms, 11000);
    wait_for("store_failing", "ok");
    assert_true(monitor_ready(w.monitor, why, sizeof(why)));
    monitor_stopping(w.monitor);
    assert_false(monitor_ready(w.monitor, why, sizeof(why)));
}

static void test_disk(void **state)
{
    setting("{\"indicators\": {\"disk_free\": {\"raise\": 1e11, \"clear\": 1e11, \"hold\": 0}}}");
    start();
    wait_for("disk_free", "failing");
    assert_int_equal(atomic_load(&w.mails), 0); /* nobody wanted mail */
    setting("{\"indicators\": {\"disk_free\": {\"raise\": 0, \"clear\": 1, \"rest\": 0}}}");
    monitor_reload(w.monitor);
    wait_for("disk_free", "ok");
    /* A setting that is wrong changes nothing. */
    setting("{\"indicators\": {\"disc_free\": {}}}");
    monitor_reload(w.monitor);
    some_rounds();
    assert_true(is("disk_free", "ok"));
}

static void make_certificate(int days)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    char next[160];
    FILE *f;

    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), -86400);
    X509_gmtime_adj(X509_getm_notAfter(cert), days * 86400L + 3600);
    X509_set_pubkey(cert, key);
    X509_sign(cert, key, EVP_sha256());
    snprintf(w.certificate, sizeof(w.certificate), "%s/cert.pem", w.f.folder);
    snprintf(next, sizeof(next), "%s.new", w.certificate);
    f = fopen(next, "w");
    assert_non_null(f);
    assert_true(PEM_write_X509(f, cert));
    fclose(f);
    assert_int_equal(rename(next, w.certificate), 0);
    X509_free(cert);
    EVP_PKEY_free(key);
}

static void test_certificate(void **state)
{
    make_certificate(40);
    start();
    some_rounds();
    assert_true(is("certificate_expiry", "ok"));
    atomic_fetch_add(&ahead_ms, 27 * 86400000LL);
    wait_for("certificate_expiry", "degraded");
    assert_non_null(strstr(w.last_mail, "13 days"));
    make_certificate(120);
    atomic_fetch_add(&ahead_ms, 61000);
    wait_for("certificate_expiry", "ok");
    unlink(w.certificate);
    atomic_fetch_add(&ahead_ms, 61000);
    wait_for("certificate_expiry", "degraded");
}

static void calls(int dialled, int answered, int failed)
{
    metric_add(metric1(METRIC_CALLS_DIALLED, "t"), dialled);
    metric_add(metric1(METRIC_CALLS_ANSWERED, "t"), answered);
    metric_add(metric1(METRIC_CALLS_FAILED, "t"), failed);
}

static void test_rates(void **state)
{
    start();
    some_rounds();
    calls(15, 0, 15); /* too few to tell */
    some_rounds();
    atomic_fetch_add(&ahead_ms, 120000);
    some_rounds();
    assert_true(is("failure_rate", "ok"));
    calls(60, 2, 50);
    some_rounds();
    assert_true(is("failure_rate", "ok")); /* not yet for long */
    atomic_fetch_add(&ahead_ms, 61000);
    wait_for("failure_rate", "degraded");
    wait_for("answer_rate", "degraded");
    calls(900, 700, 0);
    some_rounds();
    atomic_fetch_add(&ahead_ms, 61000);
    wait_for("failure_rate", "ok");
    wait_for("answer_rate", "ok");
}

/* A trunk that fails is called less: that is no recovery, while it goes on to fail. */
static void test_rates_stay(void **state)
{
    setting("{\"indicators\": {\"disk_free\": {\"off\": true}, \"answer_rate\": {\"off\": true}, "
            "\"failure_rate\": {\"hold\": 0, \"rest\": 0}}}");
    start();
    some_rounds();
    calls(1000, 0, 990);
    wait_for("failure_rate", "degraded");
    for (int i = 0; i < 40; i++) { /* all that was before leaves the window */
        atomic_fetch_add(&ahead_ms, 10001);
        calls(1, 0, 1);
        usleep(30000);
    }
    some_rounds();
    assert_true(is("failure_rate", "degraded"));
    assert_int_equal(open_alerts(), 1);
}

/* Delays of the last minute: of the store, of the loops, of dialling. */
static void test_delays(void **state)
{
    static const struct {
        const char *indicator;
        enum metric metric;
    } delays[] = {{"store_slow", METRIC_STORE_COMMIT}, {"dial_lag", METRIC_DIAL_LAG}};

    start();
    some_rounds();
    for (int i = 0; i < 2; i++) {
        for (int n = 0; n < 2000; n++)
            metric_observe(metric(delays[i].metric), 2000000);
        some_rounds();
        assert_true(is(delays[i].indicator, "ok"));
        atomic_fetch_add(&ahead_ms, 31000);
        wait_for(delays[i].indicator, "degraded");
        for (int n = 0; n < 6;
             n++) { /* a round in each ten seconds, so that they leave the window */
            atomic_fetch_add(&ahead_ms, 11000);
            some_rounds();
        }
        for (int n = 0; n < 100; n++)
            metric_observe(metric(delays[i].metric), 100);
        for (int n = 0; n < 7; n++) {
            atomic_fetch_add(&ahead_ms, 11000);
            some_rounds();
        }
        wait_for(delays[i].indicator, "ok");
    }
}

/* What is read of this machine is a share. */
static void test_machine(void **state)
{
    setting("{\"indicators\": {\"memory_used\": {\"raise\": 0, \"clear\": 0, \"hold\": 0, "
            "\"rest\": 0}}}");
    start();
    wait_for("memory_used", "degraded");
    setting("{\"indicators\": {\"memory_used\": {\"raise\": 101, \"clear\": 101, \"rest\": 0}}}");
    monitor_reload(w.monitor);
    wait_for("memory_used", "ok");
}

/* An alert that was open before a restart is not raised a second time, and is cleared. */
static void test_restart(void **state)
{
    struct store_alert a = {.indicator = "webhook_failing",
                            .object = "77 gone",
                            .value = 90,
                            .threshold = 60,
                            .text = "a webhook takes no messages",
                            .raised_ms = 1000};
    int64_t id;

    assert_int_equal(store_alert_raise(w.f.store, &a, &id), 0);
    start();
    told("webhook_failing", EVENT_ALERT_CLEARED); /* it is not there any more */
    wait_waiting(2);
    assert_int_equal(open_alerts(), 0);
    assert_int_equal(atomic_load(&w.mails), 1);
    assert_non_null(strstr(w.last_mail, "over"));
}

/* A source of somebody else, and no storm of mails. */
static _Atomic int trunk_down;

static void read_trunk(void *arg, struct alerts *a)
{
    alerts_read(a, INDICATOR_TRUNK_DOWN, "north", atomic_load(&trunk_down), "403 Forbidden");
}

static void test_source(void **state)
{
    char detail[400] = "";
    json_t *health, *one;
    size_t i;

    setting("{\"mail_to\": [\"a@example.org\", \"b@example.org\"], \"indicators\": {\"disk_free\": "
            "{\"off\": true}, \"trunk_down\": {\"hold\": 0, \"rest\": 0}}}");
    start();
    assert_int_equal(monitor_source_add(w.monitor, read_trunk, NULL), 0);
    for (int n = 0; n < 20; n++) {
        atomic_store(&trunk_down, 1);
        wait_for("trunk_down", "failing");
        atomic_store(&trunk_down, 0);
        wait_for("trunk_down", "ok");
    }
    assert_int_equal(atomic_load(&w.mails), 60); /* 30 mails, to two people */
    atomic_store(&trunk_down, 1);
    wait_for("trunk_down", "failing");
    health = monitor_health(w.monitor);
    assert_string_equal(json_string_value(json_object_get(health, "status")), "failing");
    json_array_foreach(
        json_object_get(health, "indicators"), i,
        one) if (!strcmp(json_string_value(json_object_get(one, "name")), "trunk_down"))
        snprintf(detail, sizeof(detail), "%s", json_string_value(json_object_get(one, "detail")));
    json_decref(health);
    assert_non_null(strstr(detail, "north"));
    assert_non_null(strstr(detail, "403 Forbidden"));
    monitor_source_remove(w.monitor, read_trunk, NULL);
    wait_for("trunk_down", "ok"); /* nobody reads it any more */
    assert_true(monitor_live(w.monitor));
}

static void test_settings(void **state)
{
    static const char *const bad[] = {
        "[]",
        "{\"mail\": []}",
        "{\"mail_to\": \"a@b\"}",
        "{\"mail_to\": [\"a b@c\"]}",
        "{\"mail_to\": [\"a@b\\r\\nBcc: c@d\"]}",
        "{\"mail_to\": [7]}",
        "{\"indicators\": []}",
        "{\"indicators\": {\"disk\": {}}}",
        "{\"indicators\": {\"disk_free\": 5}}",
        "{\"indicators\": {\"disk_free\": {\"raise\": \"5\"}}}",
        "{\"indicators\": {\"disk_free\": {\"raise\": 50, \"clear\": 40}}}",
        "{\"indicators\": {\"lane_load\": {\"raise\": 50, \"clear\": 60}}}",
        "{\"indicators\": {\"disk_free\": {\"hold\": \"-1s\"}}}",
        "{\"indicators\": {\"disk_free\": {\"limit\": 5}}}",
    };
    struct alert_settings s;
    json_t *j;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct error err = {0};

        j = json_loads(bad[i], 0, NULL);
        assert_non_null(j);
        if (!alert_settings_read(j, &s, &err))
            fail_msg("%s is taken", bad[i]);
        assert_true(err.message[0]);
        json_decref(j);
    }
    j = json_loads("{\"mail_to\": [\"a@b.org\"], \"indicators\": {\"disk_free\": {\"raise\": 1, "
                   "\"clear\": 2, \"hold\": \"2m\"}}}",
                   0, NULL);
    assert_int_equal(alert_settings_read(j, &s, NULL), 0);
    assert_int_equal(s.limits[INDICATOR_DISK_FREE].hold_ms, 120000);
    assert_true(s.limits[INDICATOR_DISK_FREE].raise == 1);
    assert_string_equal(s.mail_to[0], "a@b.org");
    json_decref(j);
}

int main(void)
{
#define CASE(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(test_webhook_failing),
        CASE(test_store_failing),
        CASE(test_disk),
        CASE(test_certificate),
        CASE(test_rates),
        CASE(test_rates_stay),
        CASE(test_delays),
        CASE(test_machine),
        CASE(test_restart),
        CASE(test_source),
        cmocka_unit_test(test_settings),
    };

    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
