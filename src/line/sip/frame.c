#include "line/sip/frame.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

static const char version[] = "SIP/2.0";

/* Request or status line? Something else, such as a browser or a TLS client at the wrong port, is
 * told by its first line, and mostly by its first byte. */
static bool is_start_line(const char *line, size_t len)
{
    size_t n = sizeof(version) - 1;

    return len > n + 1 &&
           ((strncasecmp(line, version, n) == 0 && line[n] == ' ') ||
            (strncasecmp(line + len - n, version, n) == 0 && line[len - n - 1] == ' '));
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n'; /* the last two of a folded line */
}

/* The value of a Content-Length, -1: not one number. */
static long length_of(const char *p, const char *end)
{
    long n = 0;

    while (p < end && is_space(*p))
        p++;
    while (p < end && is_space(end[-1]))
        end--;
    if (p == end)
        return -1;
    for (; p < end; p++) {
        if (!isdigit((unsigned char)*p))
            return -1;
        n = n * 10 + (*p - '0');
        if (n > FRAME_MAX)
            return -1;
    }
    return n;
}

/* Does the line [p, end) begin with this field name? Then *value is what follows the colon. */
static bool is_field(const char *p, const char *end, const char *name, const char **value)
{
    size_t n = strlen(name);

    if ((size_t)(end - p) <= n || strncasecmp(p, name, n) != 0)
        return false;
    for (p += n; p < end && (*p == ' ' || *p == '\t');)
        p++;
    if (p == end || *p != ':')
        return false;
    *value = p + 1;
    return true;
}

/* The end of a header field: of its last line, when it is folded (RFC 3261 7.3.1). */
static const char *field_end(const char *p, const char *end)
{
    for (;;) {
        const char *nl = memchr(p, '\n', (size_t)(end - p));

        if (!nl)
            return end;
        if (nl + 1 >= end || (nl[1] != ' ' && nl[1] != '\t'))
            return nl;
        p = nl + 1;
    }
}

/* Of a whole head. Without a Content-Length there is no body (a stream's message should have one,
 * 20.14); two that differ are two opinions about where the next message begins. */
static long body_length(const char *p, const char *end)
{
    long length = -1;

    while (p < end) {
        const char *stop = field_end(p, end), *value;

        if (is_field(p, stop, "Content-Length", &value) || is_field(p, stop, "l", &value)) {
            long n = length_of(value, stop);

            if (n < 0 || (length >= 0 && n != length))
                return -EBADMSG;
            length = n;
        }
        p = stop + 1;
    }
    return length < 0 ? 0 : length;
}

/* Where the head ends, behind its empty line; 0: not yet, -EBADMSG. */
static long head_length(struct framer *f, const char *data, size_t len)
{
    const char *line, *end;
    size_t from = f->seen > 3 ? f->seen - 3 : 0,
           looked = len < FRAME_HEAD_MAX ? len : FRAME_HEAD_MAX;

    if (!isgraph((unsigned char)data[0]))
        return -EBADMSG;
    line = memchr(data, '\n', looked);
    if (line &&
        (line == data || line[-1] != '\r' || !is_start_line(data, (size_t)(line - data) - 1)))
        return -EBADMSG;
    end = memmem(data + from, looked - from, "\r\n\r\n", 4);
    f->seen = looked;
    if (end)
        return end + 4 - data;
    return looked < len || looked == FRAME_HEAD_MAX ? -EBADMSG : 0;
}

int frame_next(struct framer *f, const char *data, size_t len, enum frame_kind *kind, size_t *used)
{
    *kind = FRAME_MORE;
    *used = 0;
    if (len == 0)
        return 0;
    if (!f->whole && data[0] == '\r') {
        if (len > 1 && data[1] != '\n')
            return -EBADMSG;
        if (len > 1) {
            *kind = FRAME_LINE;
            *used = 2;
        }
        return 0;
    }
    if (!f->whole) {
        long head = head_length(f, data, len), body;

        if (head <= 0)
            return (int)head;
        body = body_length(data, data + head);
        if (body < 0 || head + body > FRAME_MAX)
            return -EBADMSG;
        f->whole = (size_t)(head + body);
    }
    if (len < f->whole)
        return 0;
    *kind = FRAME_MESSAGE;
    *used = f->whole;
    *f = (struct framer){0};
    return 0;
}
