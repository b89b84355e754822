/* The HTTP server's readers; the first byte chooses one. What they let through is what they say it
 * is, and however the bytes are cut, the outcome is the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http/chunk.h"
#include "http/field.h"
#include "http/frame.h"
#include "http/head.h"
#include "http/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void want(int condition)
{
    if (!condition)
        abort();
}

static void path(struct arena *a, const char *text, size_t len)
{
    struct url_path p;

    if (url_parse_path(a, text, len, &p))
        return;
    want(p.text[0] == '/' && url_utf8(p.text, strlen(p.text)) && p.count <= URL_SEGMENTS_MAX);
    for (unsigned i = 0; i < p.count; i++) {
        want(!strpbrk(p.segments[i], "/\\\r\n"));
        want(strcmp(p.segments[i], ".") != 0 && strcmp(p.segments[i], "..") != 0);
    }
}

static void query(struct arena *a, const char *text, size_t len)
{
    struct url_query q;

    if (url_parse_query(a, text, len, &q))
        return;
    want(q.count <= URL_PAIRS_MAX);
    for (unsigned i = 0; i < q.count; i++)
        want(url_utf8(q.pairs[i].name, strlen(q.pairs[i].name)) &&
             url_utf8(q.pairs[i].value, strlen(q.pairs[i].value)));
}

static void head(char *text, size_t len)
{
    size_t whole = 0, piece = 0;
    long end = head_find_end(text, len, &whole), again = 0;
    struct head h;

    for (size_t n = 0; n <= len && !again; n++)
        again = head_find_end(text, n, &piece);
    want(again == end);
    if (end <= 0 || head_parse(text, (size_t)end, &h))
        return;
    want(field_token(h.method, strlen(h.method)) && field_target_allowed(h.target));
    want(h.count <= HEAD_FIELDS_MAX && (h.minor == 0 || h.minor == 1));
    for (unsigned i = 0; i < h.count; i++) {
        want(field_token(h.fields[i].name, strlen(h.fields[i].name)));
        want(field_value_allowed(h.fields[i].value, strlen(h.fields[i].value)));
    }
}

/* The outcome, the bytes taken and the body's length and sum. */
static void read_chunks(const char *text, size_t len, size_t step, uint64_t out[4])
{
    struct chunk c = {0};
    size_t at = 0;
    int rc = 0;

    memset(out, 0, 4 * sizeof(out[0]));
    while (at < len && !rc) {
        size_t used = 0, n = 0, piece = len - at < step ? len - at : step;
        const char *body = NULL;

        rc = chunk_read(&c, text + at, piece, &used, &body, &n);
        if (rc < 0)
            break;
        want(used > 0 && used <= piece && n <= used);
        at += used;
        out[2] += n;
        for (size_t i = 0; i < n; i++)
            out[3] = out[3] * 31 + (uint8_t)body[i];
    }
    out[0] = (uint64_t)rc;
    out[1] = rc < 0 ? 0 : at;
}

static void chunks(const char *text, size_t len)
{
    uint64_t whole[4], bytes[4];

    read_chunks(text, len, len, whole);
    read_chunks(text, len, 1, bytes);
    want(!memcmp(whole, bytes, sizeof(whole)));
}

static void frame(char *text, size_t len)
{
    struct frame f;
    int n = frame_parse((const uint8_t *)text, len, &f);
    char before[64];

    if (n <= 0)
        return;
    want((size_t)n <= len && n >= 6 && n <= 14);
    len = len < sizeof(before) ? len : sizeof(before);
    memcpy(before, text, len);
    frame_unmask(&f, text, len, 5);
    frame_unmask(&f, text, len, 5);
    want(!memcmp(before, text, len));
}

static void fields(struct arena *a, const char *text)
{
    uint64_t first, last, size = strlen(text) * 7;
    const char *cookie = field_cookie(a, text, "s");
    char date[FIELD_DATE_SIZE];
    time_t t, again;

    want(!cookie || strlen(cookie) <= strlen(text));
    if (field_range(text, size, &first, &last) == 1)
        want(first <= last && last < size);
    field_accepts(text);
    field_list_has(text, "close");
    field_etag_listed(text, "\"x\"");
    if (!field_parse_date(text, &t) && t >= 0 && t < 253402300800) {
        field_date(t, date);
        want(!field_parse_date(date, &again) && again == t);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = NULL;
    size_t len = size ? size - 1 : 0;
    char *text = malloc(len + 1);

    want(text != NULL && arena_new(&a, 0) == 0);
    if (len)
        memcpy(text, data + 1, len);
    text[len] = '\0';
    switch (size ? data[0] % 6 : 0) {
    case 0:
        path(a, text, len);
        break;
    case 1:
        query(a, text, len);
        break;
    case 2:
        head(text, len);
        break;
    case 3:
        chunks(text, len);
        break;
    case 4:
        frame(text, len);
        break;
    default:
        fields(a, text);
    }
    arena_free(a);
    free(text);
    return 0;
}
