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

static int stop_late(void *arg, const struct import_progress *p)
{
    (void)arg;
    return p->done == p->total && p->rows >= 0;
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

    assert_string_equal(c->name ? c->name : "", e->name ? e->name : "");
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
    static const char told[] = "office,reach on,who\n02-5551234,0501234567,Dan\n";
    static const char *const map[] = {"phone=Reach On", "name=who", NULL};
    static const char *const absent[] = {"phone=reach on", "name=whom", NULL};
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
    o.map = absent;
    assert_int_equal(import_file(store, path, &o, &sum, &err), -EINVAL);
    assert_non_null(strstr(err.message, "whom"));
    err = (struct error){0};
    o.map = wrong_map;
    assert_int_equal(import_file(store, path, &o, &sum, &err), -EINVAL);
    assert_true(err.message[0] && err.remedy[0]);
}

/* Long columns are kept; those that no list has are refused in words, not cut. */
static void test_long_columns(void **state)
{
    struct import_options o = {.list = "long", .region = "IL"};
    struct import_summary sum;
    struct error err = {0};
    static char text[160000], notes[70001];

    (void)state;
    memset(notes, 'x', 70000);
    snprintf(text, sizeof(text), "phone,city\n0501234567,%s\n501234568,%.60000s\n", notes, notes);
    write_file(text, strlen(text));
    assert_int_equal(import_file(store, path, &o, &sum, &err), 0);
    assert_int_equal(sum.import.accepted, 1);
    assert_int_equal(sum.import.rejected, 1);
    assert_int_equal(sum.repaired, 1);
}

static const char *contents(const char *file)
{
    static char text[4096];
    FILE *f = fopen(file, "r");
    size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;

    assert_non_null(f);
    fclose(f);
    text[n] = '\0';
    return text;
}

/* Rejected rows: whole, with number and reason, as the source was separated; guarded against a
 * spreadsheet's formulas; what an import before them wrote is not there twice. */
static void test_rejected(void **state)
{
    static const char text[] = "rejected row;phone;rejected because;name;\n"
                               "7;none;old;=1+1;;astray\n"
                               "8;0501234567;old;Dan\n"
                               "9;-;old;\"a;\"\"b\";\n";
    struct import_options o = {.list = "rejected", .region = "IL", .rejected_path = rejected};
    struct import_summary sum;
    struct error err = {0};

    (void)state;
    write_file(text, strlen(text));
    assert_int_equal(import_file(store, path, &o, &sum, &err), 0);
    assert_int_equal(sum.import.accepted, 1);
    assert_string_equal(contents(rejected),
                        "\xef\xbb\xbfrejected row;rejected because;phone;name\r\n"
                        "2;not a phone number;none;\"'=1+1\";;astray\r\n"
                        "4;no phone number;-;\"a;\"\"b\";\r\n");
    /* A failure leaves what was there; the file itself is never replaced. */
    write_file("nothing\n", 8);
    assert_int_equal(import_file(store, path, &o, &sum, &err), -EINVAL);
    assert_non_null(strstr(contents(rejected), "astray"));
    err = (struct error){0};
    o.rejected_path = path;
    assert_int_equal(import_file(store, path, &o, &sum, &err), -EINVAL);
    assert_non_null(strstr(err.message, "replace"));
    err = (struct error){0};
    o.rejected_path = "/nowhere/rejected.csv";
    assert_int_equal(import_file(store, path, &o, &sum, &err), -ENOENT);
    assert_non_null(strstr(err.message, "rejected rows"));
    assert_int_equal(contacts("rejected"), 1);
    memset(&err, 0, sizeof(err));
    o.rejected_path = "/dev/null"; /* a device is not replaced by a file */
    assert_int_equal(import_file(store, path, &o, &sum, &err), -EEXIST);
    assert_non_null(strstr(err.message, "a device"));
    assert_int_equal(contacts("rejected"), 1);
}

static void test_no_header(void **state)
{
    static const char text[] = "Dan,0501234567,Haifa,more\nNoa,0501234568\nx,none,y\n";
    static const char *const map[] = {"phone=B", "name=A", NULL};
    struct import_options o = {
        .list = "bare", .region = "IL", .no_header = true, .rejected_path = rejected};
    struct import_summary sum;
    struct error err = {0};

    (void)state;
    write_file(text, strlen(text));
    assert_int_equal(import_file(store, path, &o, &sum, &err), 0); /* found by looking */
    assert_int_equal(sum.import.accepted, 2);
    assert_string_equal(sum.columns, "phone ← B; kept: A, C, D");
    o.list = "bare and told";
    o.map = map;
    assert_int_equal(import_file(store, path, &o, &sum, &err), 0);
    expect("bare and told", 972501234567, (struct expected){"Dan", "Asia/Jerusalem", NULL, 'n'});
    /* The rejected ones can be read without being told again. */
    assert_non_null(strstr(contents(rejected), "because,name,phone,C,D\r\n3,"));
    o.no_header = false;
    o.map = NULL;
    assert_int_equal(import_file(store, path, &o, &sum, &err), -EINVAL);
    assert_non_null(strstr(err.remedy, "--no-header"));
}

/* A new list is gone when nothing came of it; one that was there stays. */
static void test_new_list(void **state)
{
    struct import_options o = {.list = "never", .region = "IL"};
    struct import_summary sum;
    struct error err = {0};
    int64_t id;

    (void)state;
    write_file("nothing\n", 8);
    assert_int_equal(import_file(store, path, &o, &sum, &err), -EINVAL);
    assert_int_equal(store_list_find(store, "never", &id), -ENOENT);
    assert_int_equal(store_list_ensure(store, "never", &id), 0);
    assert_int_equal(import_file(store, path, &o, &sum, &err), -EINVAL);
    assert_int_equal(store_list_find(store, "never", &id), 0);
}

static int stop_storing(void *arg, const struct import_progress *p)
{
    *(bool *)arg = *(bool *)arg || p->storing;
    return p->storing;
}

/* Stopped while all is read and being merged: nothing is there. */
static void test_stop_while_storing(void **state)
{
    bool reached = false;
    struct import_options o = {
        .list = "stopped", .region = "IL", .progress = stop_storing, .arg = &reached};
    struct import_summary sum;
    struct error err = {0};
    size_t n = 0, size = 2 << 20;
    char *text = malloc(size);

    (void)state;
    assert_non_null(text);
    n = (size_t)sprintf(text, "phone,name\n");
    for (int i = 0; i < 60000; i++)
        n += (size_t)sprintf(text + n, "05%08d,Dan\n", 1000000 + i);
    write_file(text, n);
    free(text);
    assert_int_equal(import_file(store, path, &o, &sum, &err), -ECANCELED);
    assert_true(reached);
    assert_int_equal(contacts("stopped"), 0);
    o.progress = NULL;
    assert_int_equal(import_file(store, path, &o, &sum, &err), 0);
    assert_int_equal(contacts("stopped"), sum.import.accepted);
}

/* The zone: a column's, else the number's, else the option's, else nobody's: the campaign's. */
static void test_zones(void **state)
{
    static const char text[] = "phone,zone\n0501234567,Europe/London\n0501234568,\n"
                               "+77012345678,\n+80012345678,\n";
    struct import_options o = {.list = "zones", .region = "IL"};
    struct import_summary sum;
    struct error err = {0};

    (void)state;
    write_file(text, strlen(text));
    assert_int_equal(import_file(store, path, &o, &sum, &err), 0);
    assert_int_equal(sum.zone_column, 1);
    assert_int_equal(sum.zone_number, 1);
    assert_int_equal(sum.zone_unsure, 1);
    assert_int_equal(sum.zone_none, 1);
    expect("zones", 77012345678, (struct expected){NULL, "Asia/Almaty", NULL, 'u'});
    expect("zones", 80012345678, (struct expected){NULL, "", NULL, 'd'});
    o.zone = "Asia/Tokyo"; /* fills in what was empty */
    assert_int_equal(import_file(store, path, &o, &sum, &err), 0);
    expect("zones", 80012345678, (struct expected){NULL, "Asia/Tokyo", NULL, 'd'});
    expect("zones", 972501234567, (struct expected){NULL, "Europe/London", NULL, 'c'});
    o.zone = "Mars/Olympus";
    assert_int_equal(import_file(store, path, &o, &sum, &err), -EINVAL);
    assert_string_equal(err.place, "--zone");
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
        cmocka_unit_test(test_all_or_nothing),     cmocka_unit_test(test_columns),
        cmocka_unit_test(test_long_columns),       cmocka_unit_test(test_rejected),
        cmocka_unit_test(test_no_header),          cmocka_unit_test(test_new_list),
        cmocka_unit_test(test_stop_while_storing), cmocka_unit_test(test_zones),
        cmocka_unit_test(test_no_workbook)};

    return cmocka_run_group_tests_name("contacts/import", tests, setup, teardown);
}
