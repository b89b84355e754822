/* Window texts, and zones at known moments. */
#include "phone/window.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void test_texts(void **state)
{
    static const char *const cases[][2] = {
        {"09:00-20:30", "sun-sat 09:00-20:30"},
        {"sun-thu 09:00-20:30; fri 09:00-13:00", "sun-thu 09:00-20:30; fri 09:00-13:00"},
        {"ראשון-חמישי 9:00-20:30; שישי 9:00-13:00", "sun-thu 09:00-20:30; fri 09:00-13:00"},
        {"Mon 14:00-24:00, 08:00-12:00", "mon 08:00-12:00,14:00-24:00"},
        {"sat-sun 10:00-11:00", "sun 10:00-11:00; sat 10:00-11:00"},
        {"mon,wed 10:00-11:00", "mon 10:00-11:00; wed 10:00-11:00"},
    };
    static const char *const bad[] = {"",
                                      "sun",
                                      "25:00-26:00",
                                      "09:00",
                                      "10:00-09:00",
                                      "sunn 09:00-10:00",
                                      "09:00-10:00,09:30-11:00",
                                      "09:00-10:60",
                                      "1:00-2:00,3:00-4:00,5:00-6:00,7:00-8:00,9:00-9:30"};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct window_week w, back;
        char text[WINDOW_TEXT_MAX];

        if (window_parse(cases[i][0], &w, NULL))
            fail_msg("%s", cases[i][0]);
        window_format(&w, text, sizeof(text));
        assert_string_equal(text, cases[i][1]);
        assert_int_equal(window_parse(text, &back, NULL), 0);
        assert_memory_equal(&w, &back, sizeof(w));
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct error err = {0};
        struct window_week w;

        if (window_parse(bad[i], &w, &err) != -EINVAL)
            fail_msg("\"%s\" was taken", bad[i]);
        assert_true(err.message[0] && err.remedy[0]);
    }
}

static void test_zones(void **state)
{
    zone_id jerusalem = zone_open("Asia/Jerusalem");
    struct zone_local l;
    bool certain;
    const char *zone;

    assert_true(jerusalem >= 0);
    assert_int_equal(zone_open("Asia/Jerusalem"), jerusalem);
    assert_int_equal(zone_open("Mars/Olympus"), -ENOENT);
    assert_int_equal(zone_open("../../etc/passwd"), -ENOENT);
    assert_string_equal(zone_name(jerusalem), "Asia/Jerusalem");
    zone_to_local(jerusalem, 1795507200000LL, &l); /* 2026-11-24T08:00:00Z, a Tuesday */
    assert_int_equal(l.year * 10000 + l.month * 100 + l.day, 20261124);
    assert_int_equal(l.hour, 10);
    assert_int_equal(l.weekday, 2);
    assert_int_equal(l.offset_s, 7200);
    assert_int_equal(zone_from_local(jerusalem, 2026, 11, 24, 10, 0, 0), 1795507200000LL);
    /* Clocks go from 02:00 to 03:00 on 2026-03-27: what is skipped is the moment after. */
    assert_int_equal(zone_from_local(jerusalem, 2026, 3, 27, 2, 30, 0),
                     zone_from_local(jerusalem, 2026, 3, 27, 3, 0, 0));
    zone = zone_of_number(972501234567, &certain);
    assert_string_equal(zone, "Asia/Jerusalem");
    assert_string_equal(zone_of_number(12125552368, &certain), "America/New_York");
    assert_null(zone_of_number(999, &certain));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_texts), cmocka_unit_test(test_zones)};

    return cmocka_run_group_tests_name("phone/window", tests, NULL, NULL);
}
