#include "message/template.h"

#include <errno.h>
#include <string.h>

struct slice {
    const char *p;
    size_t len;
};

static struct slice trim(const char *from, const char *to)
{
    while (from < to && *from == ' ')
        from++;
    while (to > from && to[-1] == ' ')
        to--;
    return (struct slice){from, (size_t)(to - from)};
}

static int append(char *out, size_t size, size_t *at, struct slice s)
{
    if (s.len >= size - *at)
        return -ENOSPC;
    memcpy(out + *at, s.p, s.len);
    *at += s.len;
    return 0;
}

/* The value of what stands between the braces. */
static int value_of(const char *from, const char *to, template_lookup_fn lookup, void *arg,
                    struct slice *out)
{
    const char *bar = memchr(from, '|', (size_t)(to - from));
    struct slice name = trim(from, bar ? bar : to);
    struct slice fallback = bar ? trim(bar + 1, to) : (struct slice){"", 0};
    const char *value;

    if (name.len == 0)
        return -EINVAL;
    value = lookup(arg, name.p, name.len);
    *out = value && *value ? (struct slice){value, strlen(value)} : fallback;
    return 0;
}

static int render(const char *text, template_lookup_fn lookup, void *arg, char *out, size_t size)
{
    size_t at = 0;
    int rc;

    while (*text) {
        const char *open = strstr(text, "{{");
        const char *stop = open ? open : text + strlen(text);
        const char *close;
        struct slice value;

        rc = append(out, size, &at, (struct slice){text, (size_t)(stop - text)});
        if (rc)
            return rc;
        if (!open)
            break;
        close = strstr(open + 2, "}}");
        if (!close)
            return -EINVAL;
        rc = value_of(open + 2, close, lookup, arg, &value);
        if (!rc)
            rc = append(out, size, &at, value);
        if (rc)
            return rc;
        text = close + 2;
    }
    out[at] = '\0';
    return (int)at;
}

int template_render(const char *text, template_lookup_fn lookup, void *arg, char *out, size_t size)
{
    int n = size > 0 ? render(text, lookup, arg, out, size) : -ENOSPC;

    if (n < 0 && size > 0)
        out[0] = '\0';
    return n;
}
