/* The setting "identity": what is taken, what is refused and where, secrets that stay inside. */
#include "identity_fixture.h"

#include "base/json.h"
#include "identity/oidc.h"
#include "identity/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define PROVIDER                                                                          \
    "\"name\": \"staff\", \"issuer\": \"https://id.example.org\", \"client_id\": \"kc\"," \
    "\"client_secret\": \"s3cret\""
#define ALL(provider) \
    "{\"public_url\": \"https://calls.example.org/\", \"providers\": [{" provider "}]}"

static int read_text(const char *text, struct identity_settings **out, struct error *err)
{
    json_t *json;
    int rc = json_load_text(text, strlen(text), "identity", &json, err);

    if (rc)
        return rc;
    rc = identity_settings_read(json, out, err);
    json_decref(json);
    return rc;
}

static void test_good(void **state)
{
    struct identity_settings *s;
    const struct provider *p;

    assert_int_equal(
        read_text(ALL(PROVIDER ", \"label\": \"Staff\", \"groups_claim\": \"groups\","
                               "\"roles\": {\"bosses\": \"Administrator\"},"
                               "\"default_role\": \"Analyst\", \"create_users\": true"),
                  &s, NULL),
        0);
    assert_string_equal(s->public_url, "https://calls.example.org");
    p = provider_find(s, "staff");
    assert_non_null(p);
    assert_string_equal(p->label, "Staff");
    assert_int_equal(p->auth, PROVIDER_AUTH_BASIC);
    assert_int_equal(p->role_count, 1);
    assert_int_equal(p->roles[0].role, ROLE_ADMINISTRATOR);
    assert_true(p->create_users && p->link_by_email);
    assert_null(provider_find(s, "other"));
    identity_settings_unref(s);
    assert_int_equal(read_text("{}", &s, NULL), 0);
    identity_settings_unref(s);
    assert_int_equal(read_text(ALL("\"name\": \"p\", \"issuer\": \"http://127.0.0.1:3000\","
                                   "\"client_id\": \"public\""),
                               &s, NULL),
                     0);
    assert_int_equal(s->providers[0].auth, PROVIDER_AUTH_NONE);
    identity_settings_unref(s);
}

static void test_refused(void **state)
{
    static const struct {
        const char *text, *place;
    } bad[] = {
        {"[]", ""},
        {"{\"publicurl\": \"https://a\"}", "publicurl"},
        {"{\"public_url\": \"http://calls.example.org\"}", "public_url"},
        {"{\"public_url\": \"https://\"}", "public_url"},
        {"{\"public_url\": \"http://localhost.evil.org\"}", "public_url"},
        {"{\"public_url\": \"https://a b\"}", "public_url"},
        {"{\"public_url\": \"javascript:alert(1)\"}", "public_url"},
        {"{\"providers\": [{" PROVIDER "}]}", ""},
        {ALL(PROVIDER ", \"colour\": 1"), "providers[0].colour"},
        {ALL(PROVIDER "}, {" PROVIDER), "providers[1].name"},
        {ALL(PROVIDER ", \"roles\": {\"a\": \"King\"}, \"groups_claim\": \"g\""),
         "providers[0].roles.a"},
        {ALL(PROVIDER ", \"roles\": {\"a\": \"Analyst\"}"), "providers[0].roles"},
        {ALL(PROVIDER ", \"client_auth\": \"magic\""), "providers[0].client_auth"},
        {ALL("\"name\": \"Staff!\", \"issuer\": \"https://a\", \"client_id\": \"b\""),
         "providers[0].name"},
        {ALL("\"name\": \"a\", \"issuer\": \"http://id.example.org\", \"client_id\": \"b\""),
         "providers[0].issuer"},
        {ALL("\"name\": \"a\", \"issuer\": \"https://a\""), "providers[0].client_id"},
        {ALL("\"name\": \"a\", \"issuer\": \"https://a\", \"client_id\": \"b\","
             "\"client_auth\": \"post\""),
         "providers[0]"},
        {"{\"mail\": {\"from\": \"a@b\"}}", "mail"},
        {"{\"mail\": {\"from\": \"nobody\", \"command\": [\"/x\"]}}", "mail.from"},
        {"{\"mail\": {\"from\": \"a@b\", \"command\": \"sendmail -t\"}}", "mail.command"},
        {"{\"mail\": {\"from\": \"a@b\", \"command\": [\"sendmail\"]}}", "mail.command"},
        {"{\"mail\": {\"from\": \"a@b\", \"webhook\": \"http://x.org\"}}", "mail"},
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct identity_settings *s;
        struct error err = {0};

        assert_int_equal(read_text(bad[i].text, &s, &err), -EINVAL);
        if (!strstr(err.place, bad[i].place))
            fail_msg("%s: told at %s", bad[i].text, err.place);
        assert_true(err.message[0]);
    }
}

static int change(struct identity_fixture *f, const char *text, struct error *err)
{
    json_t *json;
    int rc;

    assert_int_equal(json_load_text(text, strlen(text), "t", &json, NULL), 0);
    rc = identity_settings_change(f->id, f->store, "test", json, NULL, err);
    json_decref(json);
    return rc;
}

static int count(void *arg, const char *name, const char *label)
{
    ++*(int *)arg;
    return 0;
}

static void test_kept(void **state)
{
    struct identity_fixture f;
    struct error err = {0};
    char *raw, *shown;
    json_t *json;

    assert_int_equal(identity_fixture_open(&f, true, NULL, NULL), 0);
    assert_int_equal(change(&f, ALL(PROVIDER), NULL), 0);
    assert_int_equal(identity_settings_show(f.store, &json, NULL), 0);
    shown = json_dumps(json, 0);
    assert_null(strstr(shown, "s3cret"));
    /* What was shown, sent back: the secret is still there. */
    assert_int_equal(identity_settings_change(f.id, f.store, "test", json, json, NULL), 0);
    free(shown);
    assert_int_equal(store_setting_get(f.store, "identity", &raw), 0);
    assert_non_null(strstr(raw, "s3cret"));
    free(raw);
    /* But it does not follow to another issuer. */
    assert_int_equal(change(&f,
                            ALL("\"name\": \"staff\", \"issuer\": \"https://evil.example.org\","
                                "\"client_id\": \"kc\""),
                            NULL),
                     0);
    assert_int_equal(store_setting_get(f.store, "identity", &raw), 0);
    assert_null(strstr(raw, "s3cret"));
    free(raw);
    /* Somebody who looked at it before that changes nothing; nor does what is refused. */
    assert_int_equal(identity_settings_change(f.id, f.store, "test", json, json, &err), -ESTALE);
    json_decref(json);
    assert_int_equal(change(&f, "{\"public_url\": 7}", &err), -EINVAL);
    assert_int_equal(store_setting_get(f.store, "identity", &raw), 0);
    assert_non_null(strstr(raw, "evil"));
    free(raw);
    /* The next start reads it. */
    identity_free(f.id);
    assert_int_equal(identity_new(&f.id, &(struct identity_config){.clock = &f.clock.clock}, NULL),
                     0);
    assert_int_equal(identity_load(f.id, f.store, NULL), 0);
    {
        int n = 0;

        oidc_each(f.id, count, &n);
        assert_int_equal(n, 1);
    }
    identity_fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_kept),
    };

    return cmocka_run_group_tests_name("settings", tests, NULL, NULL);
}
