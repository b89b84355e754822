/* How a trunk wants numbers written, and which number is shown. */
#include "line/dial_rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static int load(const char *text, struct dial_rules *out, struct error *err)
{
    struct json_at at;
    json_t *root;
    int rc = json_load_text(text, strlen(text), "trunk", &root, err);

    assert_int_equal(rc, 0);
    at = json_root(root, "trunk");
    rc = dial_rules_read(&at, out, err);
    json_decref(root);
    return rc;
}

static void called(const struct dial_rules *r, uint64_t number, const char *expected)
{
    char out[DIAL_CALLED_MAX];

    dial_rules_called(r, number, out);
    assert_string_equal(out, expected);
}

static void test_no_rules(void **state)
{
    struct dial_rules r;
    struct error err = {0};

    assert_int_equal(load("{}", &r, &err), 0);
    called(&r, 972501234567, "+972501234567");
    assert_null(dial_rules_caller(&r, 972501234567));
}

static void test_the_longest_beginning_holds(void **state)
{
    struct dial_rules r;
    struct error err = {0};

    assert_int_equal(load("{\"rewrite\":[{\"from\":\"+\",\"to\":\"00\"},{\"from\":\"+97258\","
                          "\"to\":\"*9\"},{\"from\":\"+972\",\"to\":\"0\"}]}",
                          &r, &err),
                     0);
    called(&r, 972501234567, "0501234567");
    called(&r, 972581234567, "*91234567");
    called(&r, 12125550123, "0012125550123");
    assert_int_equal(load("{\"rewrite\":[{\"from\":\"+\",\"to\":\"\"}]}", &r, &err), 0);
    called(&r, 972501234567, "972501234567");
    assert_int_equal(load("{\"rewrite\":[{\"from\":\"+1\",\"to\":\"1\"}]}", &r, &err), 0);
    called(&r, 972501234567, "+972501234567");
}

static void test_pools(void **state)
{
    struct dial_rules r;
    struct error err = {0};
    int first = 0;

    assert_int_equal(load("{\"caller_numbers\":[{\"numbers\":[\"+97231\",\"+97232\"]},"
                          "{\"prefix\":\"+9722\",\"numbers\":[\"+97225551234\"]},"
                          "{\"prefix\":\"+1\",\"numbers\":[\"+12125550100\"]}]}",
                          &r, &err),
                     0);
    assert_string_equal(dial_rules_caller(&r, 97225550000), "+97225551234");
    assert_string_equal(dial_rules_caller(&r, 12125550123), "+12125550100");
    for (uint64_t i = 0; i < 1000; i++) {
        const char *caller = dial_rules_caller(&r, 972500000000 + i);

        assert_ptr_equal(caller, dial_rules_caller(&r, 972500000000 + i)); /* always the same */
        first += strcmp(caller, "+97231") == 0;
        assert_true(strcmp(caller, "+97231") == 0 || strcmp(caller, "+97232") == 0);
    }
    assert_in_range(first, 400, 600); /* and they share the people */
    assert_int_equal(
        load("{\"caller_numbers\":[{\"prefix\":\"+1\",\"numbers\":[\"5\"]}]}", &r, &err), 0);
    assert_null(dial_rules_caller(&r, 972500000000));
}

static void refused(const char *text, const char *place)
{
    struct dial_rules r = {.rewrite_count = 7};
    struct error err = {0};

    assert_true(load(text, &r, &err) < 0);
    assert_non_null(strstr(err.place, place));
    assert_true(err.message[0] && err.remedy[0]);
    assert_int_equal(r.rewrite_count, 7); /* as it was */
}

static void test_faults(void **state)
{
    char many[4096] = "{\"caller_numbers\":[{\"numbers\":[\"1\"";

    refused("{\"rewrite\":1}", "rewrite");
    refused("{\"rewrite\":[{\"from\":\"972\",\"to\":\"0\"}]}", "rewrite[0].from");
    refused("{\"rewrite\":[{\"from\":\"+9x\",\"to\":\"0\"}]}", "rewrite[0].from");
    refused("{\"rewrite\":[{\"from\":\"+9\",\"to\":\"sip:\"}]}", "rewrite[0].to");
    refused("{\"rewrite\":[{\"from\":\"+9\"}]}", "rewrite[0].to");
    refused("{\"rewrite\":[{\"from\":\"+972501234\",\"to\":\"\"}]}", "rewrite[0].to");
    refused("{\"rewrite\":[{\"from\":\"+9\",\"to\":\"01234567890123456789\"}]}", "rewrite[0].to");
    refused("{\"rewrite\":[{\"from\":\"+9\",\"to\":\"0\"},{\"from\":\"+9\",\"to\":\"1\"}]}",
            "rewrite[1].from");
    refused("{\"caller_numbers\":[{\"numbers\":[]}]}", "caller_numbers[0].numbers");
    refused("{\"caller_numbers\":[{\"numbers\":[\"a\"]}]}", "caller_numbers[0].numbers[0]");
    refused("{\"caller_numbers\":[{\"numbers\":[\"1\"]},{\"numbers\":[\"2\"]}]}",
            "caller_numbers[1].prefix");
    for (int i = 0; i < DIAL_CALLERS_MAX; i++)
        strcat(many, ",\"1\"");
    strcat(many, "]}]}");
    refused(many, "caller_numbers[0].numbers[64]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_rules),
        cmocka_unit_test(test_the_longest_beginning_holds),
        cmocka_unit_test(test_pools),
        cmocka_unit_test(test_faults),
    };

    return cmocka_run_group_tests_name("line/dial_rules", tests, NULL, NULL);
}
