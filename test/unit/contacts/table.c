/* Reading tables at their edges: what kind of file it is, encodings and separators, what cells of a
 * workbook show, and sizes that no list has. */
#include "contacts/table.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "workbook.h"

static char path[64];

static int set_up(void **state)
{
    int fd;

    (void)state;
    snprintf(path, sizeof(path), "/tmp/kolcast-table-XXXXXX");
    fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int tear_down(void **state)
{
    (void)state;
    return unlink(path);
}

static void write_file(const void *text, size_t len)
{
    FILE *f = fopen(path, "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

#define WRITE(literal) write_file(literal, sizeof(literal) - 1)

/* ---- what was read -------------------------------------------------------------------------- */

/* Rows as text: "2:a|b" for row 2, "!" after the number of a hidden one, "?" of a damaged one. */
struct seen {
    char text[4096];
    size_t n;
};

__attribute__((format(printf, 2, 3))) static void add(struct seen *s, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    if (s->n < sizeof(s->text))
        s->n += (size_t)vsnprintf(s->text + s->n, sizeof(s->text) - s->n, format, ap);
    va_end(ap);
}

static int on_row(void *arg, const struct table_info *info, const struct table_row *row)
{
    struct seen *s = arg;

    (void)info;
    add(s, "%lld%s%s:", (long long)row->number, row->hidden ? "!" : "", row->damaged ? "?" : "");
    for (int i = 0; i < row->count; i++) {
        assert_int_equal(strlen(row->cells[i].p), row->cells[i].len);
        add(s, "%s%.40s", i ? "|" : "", row->cells[i].p);
    }
    add(s, "\n");
    return 0;
}

static int read_into(struct seen *s, struct table_info *info, struct error *err)
{
    struct table_options o = {.row = on_row, .arg = s};

    memset(s, 0, sizeof(*s));
    memset(err, 0, sizeof(*err));
    return table_read(path, &o, info, err);
}

static void reads(const char *expected, struct table_info *info)
{
    struct seen s;
    struct error err;
    int rc = read_into(&s, info, &err);

    if (rc)
        fail_msg("%d %s", rc, err.message);
    assert_string_equal(s.text, expected);
}

static void refuses(int code, const char *words)
{
    struct seen s;
    struct table_info info;
    struct error err;
    int rc = read_into(&s, &info, &err);

    assert_int_equal(rc, code);
    if (!strstr(err.message, words) || !err.remedy[0])
        fail_msg("\"%s\" (\"%s\"), expected \"%s\"", err.message, err.remedy, words);
}

/* ---- CSV ------------------------------------------------------------------------------------ */

static void test_separators(void **state)
{
    struct table_info info;

    (void)state;
    WRITE("a;b\n\"x;y\";1,5\n");
    reads("1:a|b\n2:x;y|1,5\n", &info);
    assert_int_equal(info.separator, ';');
    /* A title above the table has none; amounts have commas. */
    WRITE("Our list, 2026\na;b\n1,5;2,5\n1,5;3,5\n");
    reads("1:Our list, 2026\n2:a|b\n3:1,5|2,5\n4:1,5|3,5\n", &info);
    WRITE("sep=;\r\na,b;c\r\n");
    reads("1:a,b|c\n", &info);
    WRITE("a\tb\r\n1\t2");
    reads("1:a|b\n2:1|2\n", &info);
    assert_int_equal(info.separator, '\t');
}

static void test_rows(void **state)
{
    static const char text[] =
        "a,b\r\n\"two\r\nlines\",\"say \"\"no\"\"\"\r\n\r\n=\"0501\",'+1 2\n'x,\n";
    struct table_info info;

    (void)state;
    write_file(text, sizeof(text) - 1);
    reads("1:a|b\n2:two\r\nlines|say \"no\"\n3:\n4:0501|+1 2\n5:'x|\n", &info);
    WRITE("a\rb\r"); /* an old Macintosh */
    reads("1:a\n2:b\n", &info);
}

static void test_encodings(void **state)
{
    /* דג and dagesh, as Windows-1255 has them; 0xff is no letter there. */
    static const char hebrew[] = "a,\xe3\xe2\xcc\n\xff,x\n\xf9";
    static const char wide[] = "\xff\xfe"
                               "a\0,\0\xd3\x05\n\0\x3d\xd8\x00\xde\n\0\x3d\xd8\n\0b";
    struct table_info info;

    (void)state;
    write_file(hebrew, sizeof(hebrew) - 1);
    reads("1:a|דג\xd6\xbc\n2?:\xef\xbf\xbd|x\n3:ש\n", &info);
    assert_string_equal(info.encoding, "windows-1255");
    write_file(wide, sizeof(wide) - 1);
    reads("1:a|ד\n2:\xf0\x9f\x98\x80\n3?:\xef\xbf\xbd\n4?:\xef\xbf\xbd\n", &info);
    assert_string_equal(info.encoding, "utf-16le");
    /* One broken byte among much UTF-8 is no other encoding. */
    WRITE("שלום\n\xd7\nעולם\n\xed\xa0\x80\nx\0y\n");
    reads("1:שלום\n2?:\xef\xbf\xbd\n3:עולם\n4?:\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\n"
          "5?:x\xef\xbf\xbdy\n",
          &info);
    assert_string_equal(info.encoding, "utf-8");
}

static void test_told_encoding(void **state)
{
    struct table_options o = {.row = on_row, .encoding = "windows-1255"};
    struct table_info info;
    struct seen s = {0};
    struct error err = {0};

    (void)state;
    WRITE("\xf9\n");
    o.arg = &s;
    assert_int_equal(table_read(path, &o, &info, &err), 0);
    assert_string_equal(s.text, "1:ש\n");
    o.encoding = "latin-1";
    assert_int_equal(table_read(path, &o, &info, &err), -EINVAL);
    assert_non_null(strstr(err.message, "latin-1"));
}

static void test_sizes(void **state)
{
    size_t size = 6 << 20;
    char *text = malloc(size);

    (void)state;
    assert_non_null(text);
    memset(text, 'x', size);
    memcpy(text, "a\nb\n", 4);
    write_file(text, size);
    refuses(-E2BIG, "row 3 is longer");
    memcpy(text, "a\n\"b\n", 5);
    write_file(text, size);
    refuses(-E2BIG, "row 2 is longer");
    memset(text, ',', size);
    write_file(text, 100000); /* columns without a word do not count */
    {
        struct table_info info;
        struct seen s;
        struct error err;

        assert_int_equal(read_into(&s, &info, &err), 0);
    }
    text[1000] = 'x';
    write_file(text, 100000);
    refuses(-E2BIG, "row 1 has more than 512 columns");
    free(text);
}

/* ---- other kinds ---------------------------------------------------------------------------- */

static void test_kinds(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *words;
    } kinds[] = {
        {"", 0, "empty"},
        {"%PDF-1.4", 8, "a PDF"},
        {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and more", 17, "old Excel"},
        {" \n<HTML><table>", 15, "web page"},
        {"PK\3\4 and nothing else", 21, "not a sound Excel workbook"},
        {"PK\3\4", 4, "not a sound Excel workbook"},
    };
    static const struct workbook_part document[] = {{"word/document.xml", "<a/>"}, {NULL}};
    static const struct workbook_part calc[] = {{"content.xml", "<a/>"}, {NULL}};

    (void)state;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        write_file(kinds[i].bytes, kinds[i].len);
        refuses(-EBADMSG, kinds[i].words);
    }
    assert_int_equal(workbook_write(path, document), 0);
    refuses(-EBADMSG, "Word");
    assert_int_equal(workbook_write(path, calc), 0);
    refuses(-EBADMSG, "OpenDocument");
}

static void test_no_file(void **state)
{
    struct table_options o = {.row = on_row};
    struct table_info info;
    struct error err = {0};

    (void)state;
    assert_int_equal(table_read("/tmp", &o, &info, &err), -EISDIR);
    err.code = 0;
    assert_int_equal(table_read("/dev/null", &o, &info, &err), -EINVAL);
    err.code = 0;
    assert_int_equal(table_read("/nowhere/x.csv", &o, &info, &err), -ENOENT);
    assert_true(err.message[0] && err.remedy[0]);
}

/* ---- workbooks ------------------------------------------------------------------------------ */

static void test_cells(void **state)
{
    static const char sheet[] = WORKBOOK_ROWS(
        "<row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c><c r=\"C1\" t=\"s\"><v>1</v></c>"
        "<c t=\"s\"><v>77</v></c></row>"
        "<row r=\"3\" hidden=\"1\"><c r=\"A3\"><v>9.72501234567E+11</v></c>"
        "<c r=\"B3\" t=\"b\"><v>1</v></c><c r=\"C3\" t=\"e\"><v>#N/A</v></c>"
        "<c r=\"D3\" t=\"str\"><f>A1</f><v>a_x000D_b_x0041_</v></c></row>"
        "<row><c t=\"inlineStr\"><is><r><t>in</t></r><rPh><t>no</t></rPh><r><t>line</t></r></is>"
        "</c><c><v>0.1</v></c><c><v>-3</v></c></row>");
    static const char strings[] =
        "<sst><si><t>one</t></si><si><r><t>t</t></r><r><t>wo</t></r><rPh><t>no</t></rPh></si>"
        "</sst>";
    struct table_info info;

    (void)state;
    assert_int_equal(workbook_simple(path, sheet, strings, NULL), 0);
    reads("1:one||two|\n3!:972501234567|TRUE||a\rbA\n4:inline|0.1|-3\n", &info);
    assert_string_equal(info.sheet, "people");
    assert_int_equal(info.sheets, 1);
}

static void test_dates(void **state)
{
    static const char sheet[] =
        WORKBOOK_ROWS("<row r=\"1\"><c s=\"1\"><v>46081</v></c><c s=\"1\"><v>46081.75</v></c>"
                      "<c s=\"2\"><v>0.4375</v></c><c s=\"3\"><v>1.5</v></c><c s=\"1\"><v>1</v></c>"
                      "<c s=\"4\"><v>46081</v></c><c s=\"5\"><v>46081</v></c></row>");
    static const char styles[] =
        "<styleSheet><numFmts><numFmt numFmtId=\"170\" formatCode=\"[h]:mm\"/>"
        "<numFmt numFmtId=\"171\" formatCode=\"&quot;day&quot; 0.00_d\"/>"
        "<numFmt numFmtId=\"172\" formatCode=\"mmm yy\"/></numFmts><cellXfs>"
        "<xf numFmtId=\"0\"/><xf numFmtId=\"14\"/><xf numFmtId=\"20\"/><xf numFmtId=\"170\"/>"
        "<xf numFmtId=\"171\"/><xf numFmtId=\"172\"/></cellXfs></styleSheet>";
    char book[256];
    struct workbook_part since_1904[] = {
        {"xl/workbook.xml", book},
        {"xl/_rels/workbook.xml.rels", WORKBOOK_RELATIONS},
        {"xl/worksheets/sheet1.xml",
         WORKBOOK_ROWS("<row r=\"1\"><c s=\"1\"><v>44619</v></c></row>")},
        {"xl/styles.xml", styles},
        {NULL},
    };
    struct table_info info;

    (void)state;
    assert_int_equal(workbook_simple(path, sheet, NULL, styles), 0);
    reads("1:2026-02-28|2026-02-28 18:00|10:30|36:00|1900-01-01|46081|2026-02-28\n", &info);
    snprintf(book, sizeof(book), WORKBOOK_MAIN, "<workbookPr date1904=\"1\"/>", WORKBOOK_SHEET);
    assert_int_equal(workbook_write(path, since_1904), 0);
    reads("1:2026-02-28\n", &info);
}

/* Parts lie where the relations say; sheets that are seen come first; charts are no sheets. */
static void test_sheets(void **state)
{
    static const char row[] = WORKBOOK_ROWS("<row r=\"1\"><c><v>%d</v></c></row>");
    char one[128], two[128];
    struct workbook_part parts[] = {
        {"_rels/.rels", "<Relationships><Relationship Id=\"x\" Type=\"http://a/officeDocument\" "
                        "Target=\"/book/b.xml\"/></Relationships>"},
        {"book/b.xml", "<x:workbook xmlns:x=\"x\" xmlns:r=\"r\"><x:sheets>"
                       "<x:sheet name=\"chart\" r:id=\"c\"/>"
                       "<x:sheet name=\"old\" state=\"hidden\" r:id=\"a\"/>"
                       "<x:sheet name=\"new\" r:id=\"b\"/></x:sheets></x:workbook>"},
        {"book/_rels/b.xml.rels",
         "<Relationships><Relationship Id=\"a\" Type=\"http://a/worksheet\" Target=\"../s/1.xml\"/>"
         "<Relationship Id=\"b\" Type=\"http://a/worksheet\" Target=\"./t/2.xml\"/>"
         "<Relationship Id=\"c\" Type=\"http://a/chartsheet\" Target=\"c.xml\"/></Relationships>"},
        {"s/1.xml", one},
        {"book/t/2.xml", two},
        {"book/c.xml", "<chartsheet/>"},
        {NULL},
    };
    struct table_options o = {.row = on_row, .sheet = "old"};
    struct table_info info;
    struct seen s = {0};
    struct error err = {0};

    (void)state;
    snprintf(one, sizeof(one), row, 1);
    snprintf(two, sizeof(two), row, 2);
    assert_int_equal(workbook_write(path, parts), 0);
    reads("1:2\n", &info);
    assert_string_equal(info.sheet, "new");
    assert_false(info.sheet_hidden);
    assert_int_equal(info.sheets, 3);
    o.arg = &s;
    assert_int_equal(table_read(path, &o, &info, &err), 0);
    assert_string_equal(s.text, "1:1\n");
    assert_true(info.sheet_hidden);
    o.sheet = "olb";
    assert_int_equal(table_read(path, &o, &info, &err), -EINVAL);
    assert_non_null(strstr(err.message, "\"old\""));
}

/* What a workbook unpacks to has no end, or is not what a workbook has: told, soon, in little. */
static void test_bombs(void **state)
{
    static const char doctype[] = "<!DOCTYPE x [<!ENTITY a \"aa\">]>" WORKBOOK_ROWS("");
    size_t size = 12 << 20;
    char *text = malloc(size), *at;

    (void)state;
    assert_non_null(text);
    assert_int_equal(workbook_simple(path, doctype, NULL, NULL), 0);
    refuses(-EBADMSG, "not a sound");

    memset(text, '1', size); /* one endless attribute */
    memcpy(text, "<worksheet><sheetData><row r=\"", 30);
    text[size - 1] = '\0';
    assert_int_equal(workbook_simple(path, text, NULL, NULL), 0);
    refuses(-E2BIG, "unpacks to more");

    memcpy(text, "<worksheet><sheetData><row><c><v>", 33); /* one endless cell */
    assert_int_equal(workbook_simple(path, text, NULL, NULL), 0);
    refuses(-E2BIG, "row 1 of sheet \"people\"");

    at = stpcpy(text, "<worksheet><sheetData>"); /* rows without end */
    while (at + 7 < text + size)
        at = stpcpy(at, "<row/>");
    assert_int_equal(workbook_simple(path, text, NULL, NULL), 0);
    refuses(-E2BIG, "more rows than a sheet can have");

    at = stpcpy(text, "<sst><si><t>"); /* one endless text among the shared */
    memset(at, 'x', size - (size_t)(at - text) - 1);
    assert_int_equal(workbook_simple(path, WORKBOOK_ROWS(""), text, NULL), 0);
    refuses(-E2BIG, "unpacks to more");

    at = stpcpy(text, "<!--"); /* before anything begins */
    memset(at, 'x', size - (size_t)(at - text) - 1);
    assert_int_equal(workbook_simple(path, text, NULL, NULL), 0);
    refuses(-E2BIG, "unpacks to more");
    free(text);
}

/* More shared texts than lie in memory: the rest comes back from a file. */
static void test_many_texts(void **state)
{
    enum { TEXTS = 1400, EACH = 60000 };
    size_t size = (size_t)TEXTS * (EACH + 40) + 64;
    char *strings = malloc(size), *at = strings, expected[256], sheet[1024];
    struct table_info info;

    (void)state;
    assert_non_null(strings);
    at = stpcpy(at, "<sst>");
    for (int i = 0; i < TEXTS; i++) {
        at += sprintf(at, "<si><t>text %d ", i);
        memset(at, 'a' + i % 26, EACH);
        at = stpcpy(at + EACH, "</t></si>");
    }
    stpcpy(at, "</sst>");
    snprintf(sheet, sizeof(sheet),
             WORKBOOK_ROWS("<row r=\"1\"><c t=\"s\"><v>%d</v></c><c t=\"s\"><v>0</v></c>"
                           "<c t=\"s\"><v>%d</v></c></row><row r=\"2\"><c t=\"s\"><v>%d</v></c>"
                           "</row>"),
             TEXTS - 1, TEXTS - 2, TEXTS);
    assert_int_equal(workbook_simple(path, sheet, strings, NULL), 0);
    snprintf(expected, sizeof(expected), "1:text %d %.30s|text 0 %.33s|text %d %.30s\n2:\n",
             TEXTS - 1, "vvvvvvvvvvvvvvvvvvvvvvvvvvvvvv", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
             TEXTS - 2, "uuuuuuuuuuuuuuuuuuuuuuuuuuuuuu");
    reads(expected, &info);
    free(strings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_separators), cmocka_unit_test(test_rows),
        cmocka_unit_test(test_encodings),  cmocka_unit_test(test_told_encoding),
        cmocka_unit_test(test_sizes),      cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_no_file),    cmocka_unit_test(test_cells),
        cmocka_unit_test(test_dates),      cmocka_unit_test(test_sheets),
        cmocka_unit_test(test_bombs),      cmocka_unit_test(test_many_texts),
    };

    return cmocka_run_group_tests_name("contacts/table", tests, set_up, tear_down);
}
