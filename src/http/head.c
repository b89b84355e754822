#include "http/head.h"

#include <errno.h>
#include <string.h>

#include "http/field.h"

long head_find_end(const char *text, size_t len, size_t *scanned)
{
    size_t at = *scanned;

    for (;;) {
        const char *nl = memchr(text + at, '\n', len - at);
        size_t i;

        if (!nl)
            break;
        i = (size_t)(nl - text);
        if (!i || text[i - 1] != '\r')
            return -EINVAL;
        if (i >= 3 && text[i - 2] == '\n')
            return (long)(i + 1);
        at = i + 1;
    }
    *scanned = len;
    return 0;
}

/* A line without its CRLF, terminated in its place; *text moves to the next one. */
static char *next_line(char **text, const char *end, size_t *len)
{
    char *line = *text, *stop = memmem(line, (size_t)(end - line), "\r\n", 2);

    if (!stop)
        return NULL;
    *stop = '\0';
    *len = (size_t)(stop - line);
    *text = stop + 2;
    return line;
}

/* method SP target SP HTTP/1.x */
static int parse_request_line(char *line, size_t len, struct head *h)
{
    char *target = memchr(line, ' ', len), *version;

    if (!target || target - line > HEAD_METHOD_MAX || !field_token(line, (size_t)(target - line)))
        return 400;
    *target++ = '\0';
    version = strchr(target, ' ');
    if (!version || version == target || version + 1 + strlen(version + 1) != line + len)
        return 400;
    *version++ = '\0';
    if (!field_target_allowed(target))
        return 400;
    if (strncmp(version, "HTTP/", 5) != 0 || strlen(version) != 8 || version[6] != '.' ||
        version[5] < '0' || version[5] > '9' || version[7] < '0' || version[7] > '9')
        return 400;
    if (version[5] != '1')
        return 505;
    h->method = line;
    h->target = target;
    h->minor = version[7] == '0' ? 0 : 1;
    return 0;
}

static int parse_field(char *line, size_t len, struct head *h)
{
    char *colon = memchr(line, ':', len), *value, *end = line + len;

    /* A name with a blank after it or before it (a folded line) is no token. */
    if (!colon || !field_token(line, (size_t)(colon - line)))
        return 400;
    if (h->count == HEAD_FIELDS_MAX)
        return 431;
    for (char *p = line; p < colon; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p - 'A' + 'a');
    *colon = '\0';
    value = colon + 1;
    while (value < end && (*value == ' ' || *value == '\t'))
        value++;
    while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    *end = '\0';
    if (!field_value_allowed(value, (size_t)(end - value)))
        return 400;
    h->fields[h->count++] = (struct head_field){line, value};
    return 0;
}

int head_parse(char *text, size_t len, struct head *h)
{
    const char *end = text + len;
    size_t n;
    char *line = next_line(&text, end, &n);
    int status;

    h->count = 0;
    if (line && !n) /* one empty line before the request is forgiven (2.2) */
        line = next_line(&text, end, &n);
    if (!line)
        return 400;
    status = parse_request_line(line, n, h);
    while (!status) {
        line = next_line(&text, end, &n);
        if (!line)
            return 400;
        if (!n)
            return text == end ? 0 : 400;
        status = parse_field(line, n, h);
    }
    return status;
}
