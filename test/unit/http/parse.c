/* What reads bytes from outside: targets, header fields, heads, chunked bodies, WebSocket frames.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "http/chunk.h"
#include "http/field.h"
#include "http/frame.h"
#include "http/head.h"
#include "http/url.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static int setup(void **state)
{
    return arena_new((struct arena **)state, 0);
}

static int teardown(void **state)
{
    arena_free(*state);
    return 0;
}

/* ---- targets -------------------------------------------------------------------------------- */

static void test_paths(void **state)
{
    static const struct {
        const char *raw, *text; /* NULL: refused */
        unsigned count;
    } cases[] = {
        {"/", "/", 0},
        {"/a", "/a", 1},
        {"/a/b%20c", "/a/b c", 2},
        {"/a/", "/a/", 2},
        {"//", "//", 2},
        {"/+972501234567", "/+972501234567", 1},
        {"/%D7%A9%d7%9c", "/של", 1},
        {"/a;b&c=d", "/a;b&c=d", 1},
        {"/...", "/...", 1},
        {"/.a", "/.a", 1},
        {"", NULL, 0},
        {"a", NULL, 0},
        {"/..", NULL, 0},
        {"/a/../b", NULL, 0},
        {"/a/./b", NULL, 0},
        {"/%2e%2E/b", NULL, 0},
        {"/a/.%2e", NULL, 0},
        {"/a%2fb", NULL, 0},
        {"/a%5cb", NULL, 0},
        {"/a\\b", NULL, 0},
        {"/a%00b", NULL, 0},
        {"/a%0ab", NULL, 0},
        {"/a%7f", NULL, 0},
        {"/a%", NULL, 0},
        {"/a%4", NULL, 0},
        {"/a%zz", NULL, 0},
        {"/a%4g", NULL, 0},
        {"/%ff", NULL, 0},
        {"/%c0%ae%c0%ae", NULL, 0},
        {"/%ed%a0%80", NULL, 0},
    };
    struct url_path p;
    char deep[200] = "";

    for (size_t i = 0; i < COUNT(cases); i++) {
        int rc = url_parse_path(*state, cases[i].raw, strlen(cases[i].raw), &p);

        if (!cases[i].text != !!rc)
            fail_msg("%s: %d", cases[i].raw, rc);
        if (rc)
            continue;
        assert_string_equal(p.text, cases[i].text);
        assert_int_equal(p.count, cases[i].count);
    }
    for (int i = 0; i <= URL_SEGMENTS_MAX; i++)
        strcat(deep, "/a");
    assert_int_equal(url_parse_path(*state, deep, strlen(deep), &p), -EINVAL);
    assert_int_equal(url_parse_path(*state, deep, strlen(deep) - 2, &p), 0);
}

static void test_queries(void **state)
{
    static const struct {
        const char *raw, *seen; /* NULL: refused */
    } cases[] = {
        {"", ""},
        {"a=1&b=2", "a=1|b=2|"},
        {"a", "a=|"},
        {"=", "=|"},
        {"a=b=c", "a=b=c|"},
        {"&&a=1&", "a=1|"},
        {"a+b=c%20d+e", "a b=c d e|"},
        {"n=%2B972", "n=+972|"},
        {"a=1&a=2", "a=1|a=2|"},
        {"a=%26&b=%3d", "a=&|b==|"},
        {"a=%", NULL},
        {"%x=1", NULL},
        {"a=%00", NULL},
        {"a=%fe", NULL},
    };
    struct url_query q;
    char text[256], many[URL_PAIRS_MAX * 2 + 4];

    for (size_t i = 0; i < COUNT(cases); i++) {
        int rc = url_parse_query(*state, cases[i].raw, strlen(cases[i].raw), &q);

        if (!cases[i].seen != !!rc)
            fail_msg("%s: %d", cases[i].raw, rc);
        text[0] = '\0';
        for (unsigned k = 0; !rc && k < q.count; k++)
            sprintf(text + strlen(text), "%s=%s|", q.pairs[k].name, q.pairs[k].value);
        if (!rc)
            assert_string_equal(text, cases[i].seen);
    }
    memset(many, '&', sizeof(many));
    assert_int_equal(url_parse_query(*state, many, sizeof(many), &q), -EINVAL);
}

/* Encoding each byte and decoding it again gives the same text. */
static void test_escapes_round_trip(void **state)
{
    static const char *const texts[] = {"שלום עולם", "a+b&c=d%", "\xf0\x9f\x93\x9e", "~-._"};

    for (size_t i = 0; i < COUNT(texts); i++) {
        char raw[256] = "k=";
        struct url_query q;

        for (const char *c = texts[i]; *c; c++)
            sprintf(raw + strlen(raw), "%%%02x", (unsigned char)*c);
        assert_int_equal(url_parse_query(*state, raw, strlen(raw), &q), 0);
        assert_string_equal(q.pairs[0].value, texts[i]);
    }
}

/* ---- header fields -------------------------------------------------------------------------- */

static void test_cookies(void **state)
{
    static const struct {
        const char *header, *value;
    } cases[] = {
        {"s=1", "1"},       {"a=0; s=1; b=2", "1"},
        {"xs=0; s=1", "1"}, {"s=\"quoted\"", "quoted"},
        {"s=a=b", "a=b"},   {"s=", ""},
        {"s=1; s=2", "1"},  {"s=  ;", ""},
        {" ;; s=1 ", "1"},  {"", NULL},
        {"s", NULL},        {"ss=1", NULL},
        {"S=1", NULL},      {"a=s=1", NULL},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *value = field_cookie(*state, cases[i].header, "s");

        if (!cases[i].value)
            assert_null(value);
        else
            assert_string_equal(value, cases[i].value);
    }
}

static void test_ranges(void **state)
{
    static const struct {
        const char *value;
        uint64_t size;
        int rc;
        uint64_t first, last;
    } cases[] = {
        {"bytes=0-0", 10, 1, 0, 0},      {"bytes=2-5", 10, 1, 2, 5},
        {"bytes=2-", 10, 1, 2, 9},       {"bytes=2-99", 10, 1, 2, 9},
        {"bytes=-3", 10, 1, 7, 9},       {"bytes=-99", 10, 1, 0, 9},
        {"Bytes= 9-9 ", 10, 1, 9, 9},    {"bytes=10-", 10, -ERANGE, 0, 0},
        {"bytes=-0", 10, -ERANGE, 0, 0}, {"bytes=0-", 0, -ERANGE, 0, 0},
        {"bytes=-5", 0, -ERANGE, 0, 0},  {"bytes=5-2", 10, 0, 0, 0},
        {"bytes=0-1,3-4", 10, 0, 0, 0},  {"bytes=-", 10, 0, 0, 0},
        {"bytes=", 10, 0, 0, 0},         {"bytes=a-b", 10, 0, 0, 0},
        {"bytes=--1", 10, 0, 0, 0},      {"bytes=0-99999999999999999999", 10, 0, 0, 0},
        {"lines=0-1", 10, 0, 0, 0},      {"", 10, 0, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint64_t first = 0, last = 0;
        int rc = field_range(cases[i].value, cases[i].size, &first, &last);

        if (rc != cases[i].rc || first != cases[i].first || last != cases[i].last)
            fail_msg("%s: %d %llu-%llu", cases[i].value, rc, (unsigned long long)first,
                     (unsigned long long)last);
    }
}

static void test_lists(void **state)
{
    (void)state;
    assert_int_equal(field_accepts("gzip, deflate, br"), FIELD_BR | FIELD_GZIP);
    assert_int_equal(field_accepts("br;q=0, gzip;q=0.5"), FIELD_GZIP);
    assert_int_equal(field_accepts("br;q=0.0,gzip;q=0.001"), FIELD_GZIP);
    assert_int_equal(field_accepts("BR"), FIELD_BR);
    assert_int_equal(field_accepts("bro, xgzip"), 0);
    assert_int_equal(field_accepts(""), 0);
    assert_int_equal(field_accepts(NULL), 0);
    assert_true(field_list_has("keep-alive, Upgrade", "upgrade"));
    assert_false(field_list_has("keep-alive,upgraded", "upgrade"));
    assert_true(field_etag_listed("\"a\", W/\"b\"", "\"b\""));
    assert_true(field_etag_listed("W/\"b\"", "W/\"b\""));
    assert_true(field_etag_listed(" *", "\"x\""));
    assert_false(field_etag_listed("\"a\", b, \"", "\"b\""));
    assert_false(field_etag_listed("\"ab\"", "\"a\""));
    assert_true(field_etag_listed("\"a,b\"", "\"a,b\""));
}

static void test_dates(void **state)
{
    char text[FIELD_DATE_SIZE];
    time_t t;

    (void)state;
    field_date(784111777, text);
    assert_string_equal(text, "Sun, 06 Nov 1994 08:49:37 GMT");
    for (time_t x = 0; x < 4000000000; x += 86399 * 17) {
        field_date(x, text);
        assert_int_equal(field_parse_date(text, &t), 0);
        assert_int_equal(t, x);
    }
    assert_int_equal(field_parse_date("Sunday, 06-Nov-94 08:49:37 GMT", &t), -EINVAL);
    assert_int_equal(field_parse_date("Sun, 06 Nov 1994 28:49:37 GMT", &t), -EINVAL);
    assert_int_equal(field_parse_date("Sun, 06 Foo 1994 08:49:37 GMT", &t), -EINVAL);
    assert_int_equal(field_parse_date("Sun, 06 Nov 1994 08:49:37 GM", &t), -EINVAL);
    assert_int_equal(field_parse_date("", &t), -EINVAL);
}

/* ---- heads ---------------------------------------------------------------------------------- */

static int parse(const char *text, size_t len, char *copy, struct head *h)
{
    memcpy(copy, text, len);
    return head_parse(copy, len, h);
}

#define PARSE(text) parse(text, sizeof(text) - 1, copy, &h)

static void test_heads(void **state)
{
    static const struct {
        const char *text;
        int status;
    } cases[] = {
        {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 0},
        {"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 0},
        {"GET / HTTP/1.0\r\n\r\n", 0},
        {"GET / HTTP/1.1\r\nA:\r\n\r\n", 0},
        {"GET / HTTP/1.1\r\nA:\t b \t\r\n\r\n", 0},
        {"GET / HTTP/1.1\r\nA: \xd7\xa9\r\n\r\n", 0},
        {"\r\n\r\nGET / HTTP/1.1\r\n\r\n", 400},
        {"GET / HTTP/2.0\r\n\r\n", 505},
        {"GET / HTTP/1.11\r\n\r\n", 400},
        {"GET / http/1.1\r\n\r\n", 400},
        {"GET / HTTP/1.\r\n\r\n", 400},
        {"GET /\r\n\r\n", 400},
        {"GET  / HTTP/1.1\r\n\r\n", 400},
        {"GET / HTTP/1.1 \r\n\r\n", 400},
        {"GET /a b HTTP/1.1\r\n\r\n", 400},
        {"GET /\tHTTP/1.1\r\n\r\n", 400},
        {"GET /\xd7\xa9 HTTP/1.1\r\n\r\n", 400},
        {"GET /a#b HTTP/1.1\r\n\r\n", 400},
        {"G\x01T / HTTP/1.1\r\n\r\n", 400},
        {" GET / HTTP/1.1\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nA: b\r\n\tc: d\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n: b\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nA\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nA: b\rc\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nA: b\x01\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nA: b\x7f\r\n\r\n", 400},
        {"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA / HTTP/1.1\r\n\r\n", 400},
    };
    struct head h;
    char copy[512];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        int status = parse(cases[i].text, strlen(cases[i].text), copy, &h);

        if (status != cases[i].status)
            fail_msg("%zu: %s: %d", i, cases[i].text, status);
    }
    assert_int_equal(PARSE("GET / HTTP/1.1\r\nA: b\0c\r\n\r\n"), 400);
    assert_int_equal(PARSE("GET /\0a HTTP/1.1\r\n\r\n"), 400);
    assert_int_equal(PARSE("GE\0T / HTTP/1.1\r\n\r\n"), 400);
    assert_int_equal(PARSE("PUT /x?y HTTP/1.1\r\nX-A:  b  c \r\nD:\r\n\r\n"), 0);
    assert_string_equal(h.method, "PUT");
    assert_string_equal(h.target, "/x?y");
    assert_int_equal(h.minor, 1);
    assert_int_equal(h.count, 2);
    assert_string_equal(h.fields[0].name, "x-a");
    assert_string_equal(h.fields[0].value, "b  c");
    assert_string_equal(h.fields[1].value, "");
}

static void test_many_fields(void **state)
{
    char text[HEAD_FIELDS_MAX * 8 + 64], copy[sizeof(text)];
    struct head h;

    (void)state;
    for (int n = HEAD_FIELDS_MAX; n <= HEAD_FIELDS_MAX + 1; n++) {
        strcpy(text, "GET / HTTP/1.1\r\n");
        for (int i = 0; i < n; i++)
            strcat(text, "A: b\r\n");
        strcat(text, "\r\n");
        assert_int_equal(parse(text, strlen(text), copy, &h), n > HEAD_FIELDS_MAX ? 431 : 0);
    }
}

/* However the bytes come, the end is found at the same place. */
static void test_head_end(void **state)
{
    static const char text[] = "GET / HTTP/1.1\r\nA: b\r\n\r\nbody";
    long want = (long)strlen(text) - 4;

    (void)state;
    for (size_t step = 1; step < sizeof(text); step++) {
        size_t scanned = 0;
        long end = 0;

        for (size_t len = step; !end; len += step)
            end = head_find_end(text, len < sizeof(text) - 1 ? len : sizeof(text) - 1, &scanned);
        assert_int_equal(end, want);
    }
    for (int i = 0; i < 2; i++) {
        const char *bad = i ? "GET / HTTP/1.1\nA" : "\nGET";
        size_t scanned = 0;

        assert_int_equal(head_find_end(bad, strlen(bad), &scanned), -EINVAL);
    }
}

/* ---- chunked bodies ------------------------------------------------------------------------- */

/* Reads text in pieces of step bytes. 1: whole, 0: more is missing, -EINVAL. */
static int read_chunked(const char *text, size_t len, size_t step, char *body, size_t *left)
{
    struct chunk c = {0};
    size_t at = 0;
    int rc = 0;

    body[0] = '\0';
    while (at < len && !rc) {
        const char *data;
        size_t used = 0, n, piece = len - at < step ? len - at : step;

        rc = chunk_read(&c, text + at, piece, &used, &data, &n);
        if (rc >= 0 && n)
            strncat(body, data, n);
        assert_true(rc < 0 || used > 0);
        at += used;
    }
    *left = len - at;
    return rc;
}

static void test_chunks(void **state)
{
    static const struct {
        const char *text;
        int rc;
        const char *body;
        size_t left;
    } cases[] = {
        {"0\r\n\r\n", 1, "", 0},
        {"5\r\nhello\r\n0\r\n\r\n", 1, "hello", 0},
        {"3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\nGET", 1, "abc0123456789", 3},
        {"5;ext=\"x\"\r\nhello\r\n0;y\r\n\r\n", 1, "hello", 0},
        {"005\r\nhello\r\n000\r\n\r\n", 1, "hello", 0},
        {"0\r\nTrailer: x\r\nOther: y\r\n\r\nZ", 1, "", 1},
        {"5\r\nhel", 0, "hel", 0},
        {"5\r\nhello", 0, "hello", 0},
        {"\r\n", -EINVAL, NULL, 0},
        {"5\nhello\r\n0\r\n\r\n", -EINVAL, NULL, 0},
        {"5\r\nhelloX\r\n", -EINVAL, NULL, 0},
        {"5\r\nhello\n0\r\n\r\n", -EINVAL, NULL, 0},
        {"-5\r\nhello\r\n", -EINVAL, NULL, 0},
        {"0x5\r\nhello\r\n", -EINVAL, NULL, 0},
        {"g\r\n", -EINVAL, NULL, 0},
        {" 5\r\nhello\r\n", -EINVAL, NULL, 0},
        {"5\rhello\r\n", -EINVAL, NULL, 0},
        {"5;a\nb\r\nhello", -EINVAL, NULL, 0},
        {"10000000000000000\r\n", -EINVAL, NULL, 0},
        {"0\r\nA: b\n\r\n", -EINVAL, NULL, 0},
    };
    char body[128];
    size_t left;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        for (size_t step = 1; step < 12; step++) {
            int rc = read_chunked(cases[i].text, strlen(cases[i].text), step, body, &left);

            if (rc != cases[i].rc)
                fail_msg("%s by %zu: %d", cases[i].text, step, rc);
            if (rc >= 0) {
                assert_string_equal(body, cases[i].body);
                assert_int_equal(left, cases[i].left);
            }
        }
}

static void test_chunk_limits(void **state)
{
    char text[CHUNK_TRAILER_MAX + 64], body[16];
    size_t left;

    (void)state;
    memset(text, 'x', sizeof(text));
    memcpy(text, "1;", 2);
    assert_int_equal(read_chunked(text, sizeof(text), 4096, body, &left), -EINVAL);
    memcpy(text, "0\r\nA: ", 6);
    assert_int_equal(read_chunked(text, sizeof(text), 4096, body, &left), -EINVAL);
}

/* ---- WebSocket frames ----------------------------------------------------------------------- */

static void test_frames(void **state)
{
    static const struct {
        uint8_t bytes[16];
        size_t len;
        int rc;
        uint64_t payload;
    } cases[] = {
        {{0x81, 0x80, 1, 2, 3, 4}, 6, 6, 0},
        {{0x81, 0x85, 1, 2, 3, 4}, 6, 6, 5},
        {{0x01, 0x85, 1, 2, 3, 4}, 6, 6, 5},
        {{0x81, 0xfe, 0, 126, 1, 2, 3, 4}, 8, 8, 126},
        {{0x81, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 1, 2, 3, 4}, 14, 14, 65536},
        {{0x89, 0xfd, 1, 2, 3, 4}, 6, 6, 125},
        {{0x81}, 1, 0, 0},
        {{0x81, 0x85, 1, 2, 3}, 5, 0, 0},
        {{0x81, 0xfe, 0}, 3, 0, 0},
        {{0x81, 0x05}, 2, -1002, 0},                     /* not masked */
        {{0xc1, 0x85}, 2, -1002, 0},                     /* reserved bits */
        {{0x83, 0x85}, 2, -1002, 0},                     /* opcode 3 */
        {{0x8b, 0x80}, 2, -1002, 0},                     /* opcode 11 */
        {{0x09, 0x80}, 2, -1002, 0},                     /* a ping in parts */
        {{0x89, 0xfe}, 2, -1002, 0},                     /* a long ping */
        {{0x81, 0xfe, 0, 125, 1, 2, 3, 4}, 8, -1002, 0}, /* not the shortest */
        {{0x81, 0xff, 0, 0, 0, 0, 0, 0, 255, 255, 1, 2, 3, 4}, 14, -1002, 0},
        {{0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4}, 14, -1002, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct frame f;
        int rc = frame_parse(cases[i].bytes, cases[i].len, &f);

        if (rc != cases[i].rc)
            fail_msg("frame %zu: %d", i, rc);
        if (rc > 0)
            assert_int_equal(f.len, cases[i].payload);
    }
}

/* A server's header, with the mask bit and a mask added, is read back as what was written. */
static void test_frame_headers(void **state)
{
    static const size_t sizes[] = {0, 1, 125, 126, 127, 65535, 65536, 1 << 20};
    char space[FRAME_HEADER_MAX + 4], payload[5] = "hello", before[5];
    struct frame f;

    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        char *start = frame_header(space + FRAME_HEADER_MAX, FRAME_TEXT, sizes[i]);

        start[1] = (char)(start[1] | 0x80);
        memcpy(space + FRAME_HEADER_MAX, "\x01\x20\x03\x40", 4);
        assert_int_equal(frame_parse((uint8_t *)start, (size_t)(space + sizeof(space) - start), &f),
                         space + sizeof(space) - start);
        assert_int_equal(f.len, sizes[i]);
        assert_true(f.final);
    }
    memcpy(before, payload, 5);
    frame_unmask(&f, payload, 5, 0);
    assert_memory_not_equal(before, payload, 5);
    frame_unmask(&f, payload, 3, 0);
    frame_unmask(&f, payload + 3, 2, 3);
    assert_memory_equal(before, payload, 5);
    assert_true(frame_close_allowed(1000) && frame_close_allowed(4999));
    assert_false(frame_close_allowed(1005) || frame_close_allowed(999) ||
                 frame_close_allowed(5000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_paths, setup, teardown),
        cmocka_unit_test_setup_teardown(test_queries, setup, teardown),
        cmocka_unit_test_setup_teardown(test_escapes_round_trip, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cookies, setup, teardown),
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_dates),
        cmocka_unit_test(test_heads),
        cmocka_unit_test(test_many_fields),
        cmocka_unit_test(test_head_end),
        cmocka_unit_test(test_chunks),
        cmocka_unit_test(test_chunk_limits),
        cmocka_unit_test(test_frames),
        cmocka_unit_test(test_frame_headers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
