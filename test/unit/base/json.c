/* The JSON readers: what they take, and the place, wording and remedy of what they refuse. */
#include "base/json.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static json_t *load(const char *text)
{
    struct error err = {0};
    json_t *value = NULL;

    assert_int_equal(json_load_text(text, strlen(text), "x.json", &value, &err), 0);
    return value;
}

static void test_not_json(void **state)
{
    static const struct {
        const char *text, *place;
    } cases[] = {
        {"", "x.json, line 1, column 0"},        {"{\n \"a\": 1,\n}", "x.json, line 3, column 1"},
        {"{\"a\":1,\"a\":2}", "x.json, line 1"}, {"{\"a\":\"\xff\"}", "x.json, line 1"},
        {"[1] trailing", "x.json, line 1"},      {"{\"a\":\"\\u0000\"}", "x.json, line 1"},
    };
    char *deep = malloc(200001);
    struct error err = {0};
    json_t *value = (json_t *)0x1;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        memset(&err, 0, sizeof(err));
        assert_int_equal(
            json_load_text(cases[i].text, strlen(cases[i].text), "x.json", &value, &err), -EINVAL);
        assert_ptr_equal(value, (json_t *)0x1);
        if (strncmp(err.place, cases[i].place, strlen(cases[i].place)) != 0)
            fail_msg("\"%s\": place \"%s\"", cases[i].text, err.place);
        assert_true(err.message[0] && err.remedy[0]);
    }
    memset(deep, '[', 200000);
    assert_int_equal(json_load_text(deep, 200000, NULL, &value, NULL), -EINVAL);
    free(deep);
}

static void test_byte_order_mark(void **state)
{
    json_t *value = load("\xef\xbb\xbf{\"name\":\"\xd7\x9e\xd7\x92\xd7\x91\xd7\x99\xd7\xaa\"}");

    (void)state;
    assert_string_equal(json_string_value(json_object_get(value, "name")),
                        "\xd7\x9e\xd7\x92\xd7\x91\xd7\x99\xd7\xaa");
    json_decref(value);
}

static void test_load_path(void **state)
{
    char name[] = "/tmp/kolcast-json-XXXXXX";
    int fd = mkstemp(name);
    struct error err = {0};
    json_t *value;

    (void)state;
    assert_int_equal(write(fd, "{\"a\":[1,2,]}", 12), 12);
    assert_int_equal(json_load_path(name, &value, &err), -EINVAL);
    assert_int_equal(strncmp(err.place, name, strlen(name)), 0);
    assert_int_equal(ftruncate(fd, (off_t)9 << 20), 0);
    memset(&err, 0, sizeof(err));
    assert_int_equal(json_load_path(name, &value, &err), -EFBIG);
    close(fd);
    unlink(name);
    memset(&err, 0, sizeof(err));
    assert_int_equal(json_load_path(name, &value, &err), -ENOENT);
    assert_string_equal(err.place, name);
    memset(&err, 0, sizeof(err));
    assert_int_equal(json_load_path("/tmp", &value, &err), -EISDIR);
}

static void test_paths(void **state)
{
    json_t *value = load("{\"a\":{\"b\":[{\"c\":1}]}}");
    struct json_at root = json_root(value, "f.json"), a = json_key(&root, "a"),
                   b = json_key(&a, "b"), item = json_item(&b, 0), c = json_key(&item, "c"),
                   none = json_key(&c, "d"), beyond = json_item(&b, 7);
    char buf[64], small[6];
    struct error err = {0};

    (void)state;
    json_path(&root, buf, sizeof(buf));
    assert_string_equal(buf, "");
    json_path(&c, buf, sizeof(buf));
    assert_string_equal(buf, "a.b[0].c");
    assert_non_null(c.value);
    assert_null(none.value);
    assert_null(beyond.value);
    json_path(&c, small, sizeof(small));
    assert_string_equal(small, "a.b[0");
    assert_int_equal(json_fail(&c, &err, "mend it", "wrong %d", 5), -EINVAL);
    assert_string_equal(err.place, "f.json: a.b[0].c");
    assert_string_equal(err.message, "wrong 5");
    assert_string_equal(err.remedy, "mend it");
    json_decref(value);
}

static void test_only_keys(void **state)
{
    static const char *const keys[] = {"pace", "name", NULL};
    json_t *value = load("{\"pace\":1,\"nmae\":2}"), *odd = load("{\"zzzzzzzzz\":1}"),
           *list = load("[]");
    struct json_at at = json_root(value, "f"), odd_at = json_root(odd, "f"),
                   list_at = json_root(list, "f"), none = json_key(&at, "absent");
    struct error err = {0};

    (void)state;
    assert_int_equal(json_only_keys(&at, keys, &err), -EINVAL);
    assert_string_equal(err.place, "f: nmae");
    assert_string_equal(err.remedy, "did you mean \"name\"?");
    memset(&err, 0, sizeof(err));
    assert_int_equal(json_only_keys(&odd_at, keys, &err), -EINVAL);
    assert_non_null(strstr(err.remedy, "pace, name"));
    memset(&err, 0, sizeof(err));
    assert_int_equal(json_only_keys(&list_at, keys, &err), -EINVAL);
    assert_string_equal(err.message, "expected an object {…}, found a list […]");
    assert_int_equal(json_only_keys(&none, keys, NULL), -EINVAL);
    json_object_del(value, "nmae");
    assert_int_equal(json_only_keys(&at, keys, NULL), 0);
    json_decref(value);
    json_decref(odd);
    json_decref(list);
}

static void test_scalars(void **state)
{
    json_t *value = load("{\"s\":\"x\",\"i\":5,\"r\":2.5,\"b\":true,\"n\":null,\"big\":1e300}");
    struct json_at at = json_root(value, NULL);
    const char *s = "default";
    int64_t i = 42;
    double r = 4.2;
    bool b = false;
    struct error err = {0};

    (void)state;
    /* absent and optional: untouched; absent and required: an error */
    assert_int_equal(json_get_string(&at, "no", false, &s, &err), 0);
    assert_int_equal(json_get_int(&at, "no", false, 0, 9, &i, &err), 0);
    assert_int_equal(json_get_real(&at, "no", false, 0, 9, &r, &err), 0);
    assert_int_equal(json_get_bool(&at, "no", false, &b, &err), 0);
    assert_string_equal(s, "default");
    assert_int_equal(i, 42);
    assert_true(r == 4.2);
    assert_int_equal(err.code, 0);
    assert_int_equal(json_get_string(&at, "no", true, &s, &err), -EINVAL);
    assert_string_equal(err.place, "no");
    assert_string_equal(err.message, "is missing");
    assert_int_equal(json_get_int(&at, "no", true, 0, 9, &i, NULL), -EINVAL);
    assert_int_equal(json_get_real(&at, "no", true, 0, 9, &r, NULL), -EINVAL);
    assert_int_equal(json_get_bool(&at, "no", true, &b, NULL), -EINVAL);

    assert_int_equal(json_get_string(&at, "s", true, &s, NULL), 0);
    assert_string_equal(s, "x");
    assert_int_equal(json_get_int(&at, "i", true, 5, 5, &i, NULL), 0);
    assert_int_equal(i, 5);
    assert_int_equal(json_get_int(&at, "i", true, 6, 9, &i, NULL), -EINVAL);
    assert_int_equal(json_get_int(&at, "i", true, 0, 4, &i, NULL), -EINVAL);
    assert_int_equal(json_get_int(&at, "r", true, 0, 9, &i, NULL), -EINVAL);
    assert_int_equal(json_get_real(&at, "i", true, 0, 9, &r, NULL), 0);
    assert_true(r == 5);
    assert_int_equal(json_get_real(&at, "big", true, 0, 9, &r, NULL), -EINVAL);
    assert_true(r == 5); /* written only on success */
    assert_int_equal(json_get_bool(&at, "b", true, &b, NULL), 0);
    assert_true(b);
    assert_int_equal(json_get_bool(&at, "i", true, &b, NULL), -EINVAL);
    assert_int_equal(json_get_string(&at, "i", false, &s, NULL), -EINVAL);
    assert_int_equal(json_get_string(&at, "n", false, &s, NULL), -EINVAL);
    json_decref(value);
}

static void test_durations(void **state)
{
    static const struct {
        const char *text;
        int64_t ms; /* -1: refused */
    } cases[] = {
        {"\"500ms\"", 500},   {"\"30s\"", 30000},   {"\"10m\"", 600000}, {"\"2h\"", 7200000},
        {"\"1d\"", 86400000}, {"\"1.5 m\"", 90000}, {"30", 30000},       {"0.25", 250},
        {"\"7\"", 7000},      {"\"0.1ms\"", -1},    {"\"-5s\"", -1},     {"\"\"", -1},
        {"\"s\"", -1},        {"\"5 weeks\"", -1},  {"\"inf\"", -1},     {"\"nan\"", -1},
        {"\"0x10s\"", -1},    {"\"10s \"", -1},     {"true", -1},        {"1e300", -1},
        {"\"99999d\"", -1},   {"\"1e400s\"", -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[64];
        int64_t ms = -7;
        json_t *value;
        struct json_at at;
        int rc;

        snprintf(text, sizeof(text), "{\"d\":%s}", cases[i].text);
        value = load(text);
        at = json_root(value, "f");
        rc = json_get_duration(&at, "d", true, 1, 10 * 86400000LL, &ms, NULL);
        if (rc != (cases[i].ms < 0 ? -EINVAL : 0) || ms != (cases[i].ms < 0 ? -7 : cases[i].ms))
            fail_msg("%s: rc %d, %lld ms", cases[i].text, rc, (long long)ms);
        json_decref(value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_not_json),  cmocka_unit_test(test_byte_order_mark),
        cmocka_unit_test(test_load_path), cmocka_unit_test(test_paths),
        cmocka_unit_test(test_only_keys), cmocka_unit_test(test_scalars),
        cmocka_unit_test(test_durations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
