/* Templates: every variable is replaced, none is left. */
#include "message/template.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const char *lookup(void *arg, const char *name, size_t len)
{
    static const char *const values[][2] = {
        {"name", "דנה"}, {"city", "Haifa"}, {"empty", ""}, {"tricky", "{{city}}"}};

    (void)arg;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        if (strlen(values[i][0]) == len && !memcmp(values[i][0], name, len))
            return values[i][1];
    return NULL;
}

static void is(const char *text, const char *expected)
{
    char out[64];

    assert_int_equal(template_render(text, lookup, NULL, out, sizeof(out)), strlen(expected));
    assert_string_equal(out, expected);
}

static void test_replaced(void **state)
{
    (void)state;
    is("", "");
    is("plain } text { here", "plain } text { here");
    is("Hello {{name}}!", "Hello דנה!");
    is("{{city}}{{name|x}}", "Haifaדנה");
    is("{{ city | nowhere }}", "Haifa");
    is("{{nobody|friend}}", "friend");
    is("{{empty|friend}}", "friend");
    is("<{{nobody}}>", "<>");
    is("{{tricky}}", "{{city}}"); /* a value is not a template */
    is("{{nobody|a|b}}", "a|b");
}

static void test_refused(void **state)
{
    char out[8] = "before";

    (void)state;
    assert_int_equal(template_render("x {{name", lookup, NULL, out, sizeof(out)), -EINVAL);
    assert_string_equal(out, "");
    assert_int_equal(template_render("{{ }}", lookup, NULL, out, sizeof(out)), -EINVAL);
    assert_int_equal(template_render("12345678", lookup, NULL, out, sizeof(out)), -ENOSPC);
    assert_int_equal(template_render("{{city}}{{city}}", lookup, NULL, out, sizeof(out)), -ENOSPC);
    assert_int_equal(template_render("1234567", lookup, NULL, out, sizeof(out)), 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replaced),
        cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
