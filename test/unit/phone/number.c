/* Numbers as people write them and as spreadsheets spoil them. */
#include "phone/number.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void test_numbers(void **state)
{
    static const struct {
        const char *text, *region, *e164, *in;
        int kind;
        bool repaired;
    } cases[] = {
        {"050-123-4567", "IL", "+972501234567", "IL", NUMBER_KIND_MOBILE, false},
        {"501234567", "IL", "+972501234567", "IL", NUMBER_KIND_MOBILE, true},
        {"501234567.0", "IL", "+972501234567", "IL", NUMBER_KIND_MOBILE, true},
        {"5.01234567E+8", "IL", "+972501234567", "IL", NUMBER_KIND_MOBILE, true},
        {"9.72501234567E+11", "IL", "+972501234567", "IL", NUMBER_KIND_MOBILE, true},
        {"972501234567", "IL", "+972501234567", "IL", NUMBER_KIND_MOBILE, false},
        {"+972 (0)50 123 4567", "IL", "+972501234567", "IL", NUMBER_KIND_MOBILE, false},
        {"00972-50-1234567", "IL", "+972501234567", "IL", NUMBER_KIND_MOBILE, false},
        {"tel:+972-50-1234567", "US", "+972501234567", "IL", NUMBER_KIND_MOBILE, false},
        {"\xe2\x80\x8e"
         "050\xe2\x80\x91"
         "1234567\xe2\x80\x8f",
         "IL", "+972501234567", "IL", NUMBER_KIND_MOBILE, false},
        {"０５０１２３４５６７", "IL", "+972501234567", "IL", NUMBER_KIND_MOBILE, false},
        {"＋972501234567", "US", "+972501234567", "IL", NUMBER_KIND_MOBILE, false},
        {"02-5551234", "IL", "+97225551234", "IL", NUMBER_KIND_LANDLINE, false},
        {"(212) 555-2368", "US", "+12125552368", "US", NUMBER_KIND_MOBILE, false},
        {"+44 20 7946 0018", "IL", "+442079460018", "GB", NUMBER_KIND_LANDLINE, false},
    };
    struct number_parser *p;

    assert_int_equal(number_parser_new(&p), 0);
    for (int round = 0; round < 2; round++) { /* asked, then remembered */
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
            struct number n;
            enum number_fault fault =
                number_parse(p, cases[i].text, strlen(cases[i].text), cases[i].region, &n);

            if (fault)
                fail_msg("%s: %s", cases[i].text, number_fault_text(fault));
            assert_string_equal(n.e164, cases[i].e164);
            assert_string_equal(n.region, cases[i].in);
            assert_int_equal(n.kind, cases[i].kind);
            if (n.repaired != cases[i].repaired)
                fail_msg("%s: repaired %d", cases[i].text, n.repaired);
        }
    }
    number_parser_free(p);
}

static void test_faults(void **state)
{
    static const struct {
        const char *text;
        enum number_fault fault;
    } cases[] = {
        {"", NUMBER_EMPTY},
        {" - ", NUMBER_EMPTY},
        {"Dan", NUMBER_NOT_A_NUMBER},
        {"\xd7\x93\xd7\x9f", NUMBER_NOT_A_NUMBER},
        {"+", NUMBER_NOT_A_NUMBER},
        {"9.72E+11", NUMBER_DIGITS_LOST},
        {"9.725E+11", NUMBER_DIGITS_LOST},
        {"0501", NUMBER_TOO_SHORT},
        {"05012345678901", NUMBER_TOO_LONG},
        {"012345678901234567890123", NUMBER_TOO_LONG},
        {"+4952130997286517", NUMBER_TOO_LONG}, /* a German extension; E.164 ends at 15 digits */
        {"+999 123 4567", NUMBER_BAD_COUNTRY},
        {"051-0000000 x", NUMBER_NOT_A_NUMBER},
        {"0601234567", NUMBER_NOT_IN_USE},
    };
    struct number_parser *p;

    assert_int_equal(number_parser_new(&p), 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct number n;
        enum number_fault fault = number_parse(p, cases[i].text, strlen(cases[i].text), "IL", &n);

        if (fault != cases[i].fault)
            fail_msg("\"%s\": %s", cases[i].text, number_fault_text(fault));
    }
    assert_true(number_region_known("IL"));
    assert_false(number_region_known("ZZ"));
    assert_false(number_region_known(""));
    number_parser_free(p);
    number_parser_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_numbers),
                                       cmocka_unit_test(test_faults)};

    return cmocka_run_group_tests_name("phone/number", tests, NULL, NULL);
}
