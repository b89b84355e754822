#include "http/url.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/hex.h"
#include "base/utf8.h"

bool url_utf8(const char *s, size_t len)
{
    for (size_t i = 0, n; i < len; i += n) {
        n = utf8_character(s + i, len - i);
        if (!n)
            return false;
    }
    return true;
}

/* Decodes into a terminated copy. */
static int decode(struct arena *a, const char *raw, size_t len, bool plus, char **out)
{
    char *text = arena_alloc(a, len + 1);
    size_t n = 0;

    if (!text)
        return -ENOMEM;
    for (size_t i = 0; i < len; i++) {
        char c = raw[i];

        if (c == '%') {
            int high = len - i > 2 ? hex_digit(raw[i + 1]) : -1,
                low = high < 0 ? -1 : hex_digit(raw[i + 2]);

            if (low < 0)
                return -EINVAL;
            c = (char)(high << 4 | low);
            i += 2;
        } else if (c == '+' && plus) {
            c = ' ';
        }
        if (!c)
            return -EINVAL;
        text[n++] = c;
    }
    text[n] = '\0';
    if (!url_utf8(text, n))
        return -EINVAL;
    *out = text;
    return 0;
}

static bool segment_allowed(const char *s)
{
    if (!strcmp(s, ".") || !strcmp(s, ".."))
        return false;
    for (; *s; s++)
        if ((unsigned char)*s < ' ' || *s == 0x7f || *s == '/' || *s == '\\')
            return false;
    return true;
}

/* The segments joined again: what is logged and matched against assets. */
static const char *join(struct arena *a, const struct url_path *p, size_t len)
{
    char *text = arena_alloc(a, len + 2), *at = text;

    if (!text)
        return NULL;
    for (unsigned i = 0; i < p->count; i++) {
        *at++ = '/';
        at = stpcpy(at, p->segments[i]);
    }
    if (!p->count)
        *at++ = '/';
    *at = '\0';
    return text;
}

int url_parse_path(struct arena *a, const char *raw, size_t len, struct url_path *out)
{
    const char *end = raw + len;
    struct url_path p = {0};

    if (!len || raw[0] != '/')
        return -EINVAL;
    while (raw < end && len > 1) {
        const char *start = raw + 1, *stop = memchr(start, '/', (size_t)(end - start));
        char *segment;
        int rc;

        if (!stop)
            stop = end;
        if (p.count == URL_SEGMENTS_MAX)
            return -EINVAL;
        rc = decode(a, start, (size_t)(stop - start), false, &segment);
        if (rc)
            return rc;
        if (!segment_allowed(segment))
            return -EINVAL;
        p.segments[p.count++] = segment;
        raw = stop;
    }
    p.text = join(a, &p, len);
    if (!p.text)
        return -ENOMEM;
    *out = p;
    return 0;
}

static int parse_pair(struct arena *a, const char *raw, size_t len, struct url_pair *out)
{
    const char *equals = memchr(raw, '=', len);
    size_t name_len = equals ? (size_t)(equals - raw) : len;
    char *name, *value;
    int rc = decode(a, raw, name_len, true, &name);

    if (!rc)
        rc = decode(a, raw + name_len + (equals != NULL), len - name_len - (equals != NULL), true,
                    &value);
    if (rc)
        return rc;
    *out = (struct url_pair){name, value};
    return 0;
}

int url_parse_query(struct arena *a, const char *raw, size_t len, struct url_query *out)
{
    const char *end = raw + len;
    struct url_query q = {0};
    unsigned most = 1;

    for (const char *p = raw; p < end; p++)
        most += *p == '&';
    if (most > URL_PAIRS_MAX)
        return -EINVAL;
    q.pairs = arena_alloc(a, most * sizeof(*q.pairs));
    if (!q.pairs)
        return -ENOMEM;
    while (raw < end) {
        const char *stop = memchr(raw, '&', (size_t)(end - raw));

        if (!stop)
            stop = end;
        if (stop > raw) {
            int rc = parse_pair(a, raw, (size_t)(stop - raw), &q.pairs[q.count]);

            if (rc)
                return rc;
            q.count++;
        }
        raw = stop + 1;
    }
    *out = q;
    return 0;
}
