/* Import at its edges: nothing of a file that cannot be read whole, cancelling, columns that are
 * told, hidden rows, own zones and hours, bad workbooks. */
#include "contacts/import.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/kolcast-import-XXXXXX", path[64], rejected[64];
static struct store *store;

static int setup(void **state)
{
    char database[64];
    struct error err = {0};

    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof(path), "%s/people", folder);
    snprintf(rejected, sizeof(rejected), "%s/rejected.csv", folder);
    snprintf(database, sizeof(database), "%s/db", folder);
    return store_open(database, &clock_system, &store, &err);
}

static int teardown(void **state)
{
    static const char *const names[] = {"people", "rejected.csv", "db", "db-wal", "db-shm"};

    store_close(store);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        unlink(path);
    }
    return rmdir(folder);
}

static void write_file(const char *text, size_t len)
{
    FILE *f = fopen(path, "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

static int64_t contacts(const char *list)
{
    int64_t id, count = 0;

    if (store_list_find(store, list, &id))
        return 0;
    assert_int_equal(store_contact_count(store, id, &count), 0);
    return count;
}

static int stop_late(void *arg, uint64_t done, uint64_t total, int64_t rows)
{
    (void)arg;
    return done == total && rows >= 0;
}

static void test_all_or_nothing(void **state)
{
    struct import_options o = {.list = "whole", .region = "IL", .rejected_path = rejected};
    struct import_summary sum;
    struct error err = {0};
    size_t n = 0, size = 4 << 20;
    char *text = malloc(size);

    assert_non_null(text);
    n = (size_t)sprintf(text, "phone,name\n");
    for (int i = 0; i < 30000; i++) /* more than one batch */
        n += (size_t)sprintf(text + n, "05%08d,Dan\nwrong,x\n", 1000000 + i);
    write_file(text, n);
    o.progress = stop_late;
    assert_int_equal(import_file(store, path, &o, &sum, &err), -ECANCELED);
    assert_int_equal(contacts("whole"), 0);
    assert_int_equal(access(rejected, F_OK), -1);
    o.progress = NULL;
    n += (size_t)sprintf(text + n, "0501234567,\"never closed\n");
    for (int i = 0; i < 100000; i++)
        n += (size_t)sprintf(text + n, "aaaaaaaaaaaa\n");
    write_file(text, n);
    assert_true(import_file(store, path, &o, &sum, &err) < 0);
    assert_true(err.message[0] && err.remedy[0]);
    assert_int_equal(contacts("whole"), 0);
    free(text);
}

struct expected {
    const char *name, *zone, *window;
    char origin;
    int met;
};

static int check_contact(void *arg, const struct store_contact *c)
{
    struct expected *e = arg;

    assert_string_equal(c->name, e->name);
    assert_string_equal(c->zone, e->zone);
    assert_int_equal(c->zone_origin, e->origin);
    if (e->window)
        assert_string_equal(c->window, e->window);
    else
        assert_null(c->window);
    e->met++;
    return 0;
}

static void expect(const char *list, uint64_t number, struct expected e)
{
    int64_t id;

    assert_int_equal(store_list_find(store, list, &id), 0);
    assert_int_equal(store_contact_by_number(store, id, number, check_contact, &e), 0);
    assert_int_equal(e.met, 1);
}

static void test_columns(void **state)
{
    static const char text[] = "נייד;שם פרטי;שם משפחה;אזור זמן;שעות\n"
                               "0501234567;דנה;כהן;;\n"
                               "0501234568;דן;;Europe/London;ראשון-חמישי 9:00-12:00\n"
                               "+12125552368;Joe;;;\n"
                               "0501234569;א;;Mars/Olympus;\n"
                               "0501234570;ב;;;whenever\n";
    static const char told[] = "office,cell no.,who\n02-5551234,0501234567,Dan\n";
    static const char *const map[] = {"phone=Cell No.", "name=who", NULL};
    static const char *const wrong_map[] = {"fone=x", NULL};
    struct import_options o = {.list = "columns", .region = "IL", .zone = "Asia/Jerusalem"};
    struct import_summary sum;
    struct error err = {0};

    write_file(text, strlen(text));
    assert_int_equal(import_file(store, path, &o, &sum, &err), 0);
    assert_int_equal(sum.separator, ';');
    assert_int_equal(sum.import.accepted, 3);
    assert_int_equal(sum.import.rejected, 2);
    expect("columns", 972501234567, (struct expected){"דנה כהן", "Asia/Jerusalem", NULL, 'n'});
    expect("columns", 972501234568,
           (struct expected){"דן", "Europe/London", "sun-thu 09:00-12:00", 'c'});
    expect("columns", 12125552368, (struct expected){"Joe", "America/New_York", NULL, 'n'});

    write_file(told, strlen(told));
    o.list = "told";
    assert_int_equal(import_file(store, path, &o, &sum, &err), -EINVAL); /* no known header */
    err = (struct error){0};
    o.map = map;
    assert_int_equal(import_file(store, path, &o, &sum, &err), 0);
    expect("told", 972501234567, (struct expected){"Dan", "Asia/Jerusalem", NULL, 'n'});
    o.map = wrong_map;
    assert_int_equal(import_file(store, path, &o, &sum, &err), -EINVAL);
    assert_true(err.message[0] && err.remedy[0]);
}

/* Columns that no call could carry are refused in words, not dropped. */
static void test_long_columns(void **state)
{
    struct import_options o = {.list = "long", .region = "IL"};
    struct import_summary sum;
    struct error err = {0};
    char text[5000], city[4001];

    memset(city, 'x', 4000);
    city[4000] = '\0';
    snprintf(text, sizeof(text), "phone,city\n0501234567,%s\n501234568,%.100s\n", city, city);
    write_file(text, strlen(text));
    assert_int_equal(import_file(store, path, &o, &sum, &err), 0);
    assert_int_equal(sum.import.accepted, 1);
    assert_int_equal(sum.import.rejected, 1);
    assert_int_equal(sum.repaired, 1);
}

static void test_no_workbook(void **state)
{
    static const char *const bad[] = {"PK\3\4 and nothing else", "PK\3\4"};
    struct import_options o = {.list = "none", .region = "IL"};
    struct import_summary sum;

    for (size_t i = 0; i < 2; i++) {
        struct error err = {0};

        write_file(bad[i], strlen(bad[i]));
        assert_true(import_file(store, path, &o, &sum, &err) < 0);
        assert_true(err.message[0] && err.remedy[0]);
    }
    {
        struct error err = {0};

        write_file("", 0);
        assert_true(import_file(store, path, &o, &sum, &err) < 0);
        assert_true(err.message[0]);
        assert_true(import_file(store, "/nowhere/x.csv", &o, &sum, &err) < 0);
    }
    assert_int_equal(contacts("none"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_or_nothing), cmocka_unit_test(test_columns),
        cmocka_unit_test(test_long_columns), cmocka_unit_test(test_no_workbook)};

    return cmocka_run_group_tests_name("contacts/import", tests, setup, teardown);
}
