/* Every view with every sort and filter is right SQL; pages neither repeat nor skip what was there,
 * whatever is added or removed meanwhile; cursors of others are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/base64.h"
#include "base/rng.h"
#include "store/people.h"
#include "store/sqlite/views.h"
#include "store_fixture.h"

static struct fixture f;

static int set_up(void **state)
{
    (void)state;
    return fixture_open(&f, &clock_system, 300);
}

static int tear_down(void **state)
{
    (void)state;
    fixture_close(&f);
    return 0;
}

static int page_of(enum store_view view, const char *sort, const struct store_filter *filters,
                   unsigned count)
{
    struct store_page page = {.limit = 3, .sort = sort};
    json_t *items = json_array();
    int rc = store_browse(f.store, view, filters, count, &page, items);

    if (!rc && page.next[0]) { /* and the page after it */
        char cursor[STORE_CURSOR_MAX];

        memcpy(cursor, page.next, sizeof(cursor));
        page.cursor = cursor;
        rc = store_browse(f.store, view, filters, count, &page, items);
    }
    json_decref(items);
    return rc;
}

static void every_view(void **state)
{
    (void)state;
    for (int v = 0; v < STORE_VIEW_COUNT; v++) {
        const struct view *view = &sqlite_views[v];
        struct store_filter filters[VIEW_FILTERS_MAX];
        unsigned n = 0;

        for (const struct view_filter *k = view->filters; k->name; k++) {
            filters[n] =
                (struct store_filter){.name = k->name, .text = k->prefix_of ? "97250" : "1"};
            assert_int_equal(page_of((enum store_view)v, NULL, &filters[n], 1), 0);
            n++;
        }
        assert_int_equal(page_of((enum store_view)v, NULL, filters, n), 0);
        for (const struct view_sort *s = view->sorts; s->name; s++) {
            char back[40];

            snprintf(back, sizeof(back), "-%s", s->name);
            assert_int_equal(page_of((enum store_view)v, s->name, NULL, 0), 0);
            assert_int_equal(page_of((enum store_view)v, back, NULL, 0), 0);
        }
        assert_int_equal(page_of((enum store_view)v, "no such sort", NULL, 0), -EINVAL);
    }
}

static const char *number_of(const json_t *item)
{
    return json_string_value(json_object_get(item, "number"));
}

/* The 300 people of the beginning, read page by page while others come before, between and after
 * them and some of those go again. */
static void pages_are_stable(void **state)
{
    bool seen[300] = {false};
    struct store_filter filter = {.name = "list_id", .number = f.list};
    struct rng r;
    char cursor[STORE_CURSOR_MAX] = "";
    int64_t others[400];
    int other_count = 0, total = 0;

    (void)state;
    rng_seed(&r, 4);
    for (bool more = true; more;) {
        struct store_page page = {.limit = 1 + (unsigned)rng_below(&r, 20),
                                  .sort = "-number",
                                  .cursor = cursor[0] ? cursor : NULL};
        json_t *items = json_array(), *one;
        size_t i;

        assert_int_equal(store_browse(f.store, STORE_VIEW_CONTACT, &filter, 1, &page, items), 0);
        json_array_foreach(items, i, one)
        {
            long long n = atoll(number_of(one) + 1) - (long long)FIXTURE_FIRST;

            if (n < 0 || n >= 300)
                continue;
            assert_false(seen[n]);
            seen[n] = true;
            total++;
        }
        json_decref(items);
        more = page.next[0] != '\0';
        memcpy(cursor, page.next, sizeof(cursor));
        for (int k = 0; k < 3 && other_count < 400; k++) {
            struct store_contact c = {.list_id = f.list,
                                      .number =
                                          FIXTURE_FIRST - 500 + rng_below(&r, 1500) * 1000 + 300,
                                      .zone = "Asia/Jerusalem",
                                      .zone_origin = 'n'};
            int rc = store_contact_add(f.store, &c, &others[other_count]);

            assert_true(rc == 0 || rc == -EEXIST);
            other_count += rc == 0;
        }
        if (other_count > 5)
            assert_int_equal(store_contact_remove(f.store, others[--other_count]), 0);
    }
    assert_int_equal(total, 300);
    while (other_count > 0)
        assert_int_equal(store_contact_remove(f.store, others[--other_count]), 0);
}

static void cursors_of_others_are_refused(void **state)
{
    static const char *const wrong[] = {"x", "AAAA", "!!!", "W10", "WyJudW1iZXIiXQ", "bm90IGpzb24"};
    struct store_page page = {.limit = 2, .sort = "number"};
    char cursor[STORE_CURSOR_MAX], text[] = "[\"number\",{},1]", coded[64];
    json_t *items = json_array();

    (void)state;
    assert_int_equal(store_browse(f.store, STORE_VIEW_CONTACT, NULL, 0, &page, items), 0);
    memcpy(cursor, page.next, sizeof(cursor));
    page.cursor = cursor;
    page.sort = "-number";
    assert_int_equal(store_browse(f.store, STORE_VIEW_CONTACT, NULL, 0, &page, items), -EINVAL);
    page.sort = NULL;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        page.cursor = wrong[i];
        assert_int_equal(store_browse(f.store, STORE_VIEW_CONTACT, NULL, 0, &page, items), -EINVAL);
    }
    base64url_encode(text, strlen(text), coded);
    page.cursor = coded;
    assert_int_equal(store_browse(f.store, STORE_VIEW_CONTACT, NULL, 0, &page, items), -EINVAL);
    json_decref(items);
}

static size_t count(const char *filter, const char *text)
{
    struct store_filter filters[] = {{.name = "list_id", .number = f.list},
                                     {.name = filter, .text = text}};
    struct store_page page = {.limit = STORE_PAGE_MAX};
    json_t *items = json_array();
    size_t n;

    assert_int_equal(store_browse(f.store, STORE_VIEW_CONTACT, filters, 2, &page, items), 0);
    n = json_array_size(items);
    json_decref(items);
    return n;
}

static void prefixes(void **state)
{
    (void)state;
    assert_int_equal(count("number", "+972"), 300);
    assert_int_equal(count("number", "9725010000"), 100);
    assert_int_equal(count("number", "+972501000007"), 1);
    assert_int_equal(count("number", "97250100000"), 10);
    assert_int_equal(count("number", "1"), 0);
    assert_int_equal(count("number", "0"), 0);
    assert_int_equal(count("number", "+"), 0);
    assert_int_equal(count("number", "1234567890123456789"), 0);
    assert_int_equal(count("q", "דנ"), 300);
    assert_int_equal(count("q", "%"), 0);
    assert_int_equal(count("q", "' OR 1=1 --"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_view),
        cmocka_unit_test(pages_are_stable),
        cmocka_unit_test(cursors_of_others_are_refused),
        cmocka_unit_test(prefixes),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
