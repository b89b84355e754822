#include "http/field.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

static bool token_char(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("!#$%&'*+-.^_`|~", c));
}

bool field_token(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!token_char((unsigned char)s[i]))
            return false;
    return len > 0;
}

bool field_value_allowed(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (((unsigned char)s[i] < ' ' && s[i] != '\t') || s[i] == 0x7f)
            return false;
    return true;
}

bool field_host_allowed(const char *host)
{
    return host[strspn(host, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                             ".-_:[]")] == '\0';
}

bool field_target_allowed(const char *target)
{
    for (; *target; target++)
        if ((unsigned char)*target <= ' ' || (unsigned char)*target >= 0x7f || *target == '#')
            return false;
    return true;
}

static const char *skip_space(const char *s)
{
    return s + strspn(s, " \t");
}

bool field_list_has(const char *list, const char *token)
{
    size_t want = strlen(token);

    while (*list) {
        size_t len;

        list += strspn(list, " \t,");
        len = strcspn(list, " \t,");
        if (len == want && !strncasecmp(list, token, len))
            return true;
        list += strcspn(list, ",");
    }
    return false;
}

const char *field_cookie(struct arena *a, const char *header, const char *name)
{
    size_t want = strlen(name);

    while (*header) {
        size_t len, equals;

        header += strspn(header, " \t;");
        len = strcspn(header, ";");
        equals = strcspn(header, "=;");
        if (equals == want && equals < len && !memcmp(header, name, want)) {
            const char *value = header + want + 1, *end = header + len;

            while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
                end--;
            if (end - value >= 2 && *value == '"' && end[-1] == '"') {
                value++;
                end--;
            }
            return arena_strndup(a, value, (size_t)(end - value));
        }
        header += len;
    }
    return NULL;
}

/* ";q=0", ";q=0.0" … within one element of the list. */
static bool refused_by_q(const char *parameters, size_t len)
{
    const char *q = memmem(parameters, len, "q=", 2);

    if (!q)
        return false;
    for (q += 2; q < parameters + len && (*q == '0' || *q == '.'); q++)
        ;
    return q == parameters + len || *q < '1' || *q > '9';
}

unsigned field_accepts(const char *list)
{
    unsigned accepted = 0;

    while (list && *list) {
        size_t len, name;

        list += strspn(list, " \t,");
        len = strcspn(list, ",");
        name = strcspn(list, " \t,;");
        if (!refused_by_q(list + name, len - name)) {
            if (name == 2 && !strncasecmp(list, "br", 2))
                accepted |= FIELD_BR;
            if (name == 4 && !strncasecmp(list, "gzip", 4))
                accepted |= FIELD_GZIP;
        }
        list += len;
    }
    return accepted;
}

int field_number(const char *s, size_t len, uint64_t *out)
{
    uint64_t n = 0;

    if (!len || len > 18)
        return -EINVAL;
    for (size_t i = 0; i < len; i++) {
        if (s[i] < '0' || s[i] > '9')
            return -EINVAL;
        n = n * 10 + (uint64_t)(s[i] - '0');
    }
    *out = n;
    return 0;
}

int field_range(const char *value, uint64_t size, uint64_t *first, uint64_t *last)
{
    const char *dash;
    size_t before, after;
    uint64_t from = 0, to = 0;

    if (strncasecmp(value, "bytes=", 6) != 0)
        return 0;
    value = skip_space(value + 6);
    dash = strchr(value, '-');
    if (!dash)
        return 0;
    before = (size_t)(dash - value);
    after = strlen(dash + 1);
    while (after && (dash[after] == ' ' || dash[after] == '\t'))
        after--;
    if ((before && field_number(value, before, &from)) ||
        (after && field_number(dash + 1, after, &to)) || (!before && !after))
        return 0;
    if (!before) { /* the last `to` bytes */
        if (!to || !size)
            return -ERANGE;
        from = to < size ? size - to : 0;
        to = size - 1;
    } else {
        if (after && to < from)
            return 0;
        if (from >= size)
            return -ERANGE;
        if (!after || to >= size)
            to = size - 1;
    }
    *first = from;
    *last = to;
    return 1;
}

bool field_etag_listed(const char *list, const char *etag)
{
    size_t want = strlen(etag);

    if (!strcmp(skip_space(list), "*"))
        return true;
    if (!strncmp(etag, "W/", 2)) {
        etag += 2;
        want -= 2;
    }
    while (*list) {
        size_t len;

        list += strspn(list, " \t,");
        if (!strncmp(list, "W/", 2))
            list += 2;
        if (*list != '"') {
            list += strcspn(list, ",");
            continue;
        }
        len = strcspn(list + 1, "\"") + 2;
        if (len == want && !strncmp(list, etag, len))
            return true;
        list += strnlen(list, len);
    }
    return false;
}

void field_date(time_t t, char out[FIELD_DATE_SIZE])
{
    struct tm tm;

    gmtime_r(&t, &tm);
    snprintf(out, FIELD_DATE_SIZE, "%s, %02u %s %04u %02u:%02u:%02u GMT", days[tm.tm_wday % 7],
             (unsigned)tm.tm_mday % 100, months[tm.tm_mon % 12],
             (unsigned)(tm.tm_year + 1900) % 10000, (unsigned)tm.tm_hour % 100,
             (unsigned)tm.tm_min % 100, (unsigned)tm.tm_sec % 100);
}

int field_parse_date(const char *s, time_t *out)
{
    char day[4], month[4], rest;
    struct tm tm = {0};

    if (sscanf(s, "%3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d GM%c", day, &tm.tm_mday, month,
               &tm.tm_year, &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &rest) != 8 ||
        rest != 'T')
        return -EINVAL;
    for (tm.tm_mon = 0; tm.tm_mon < 12 && strcmp(months[tm.tm_mon], month) != 0; tm.tm_mon++)
        ;
    if (tm.tm_mon == 12 || tm.tm_year < 1970 || tm.tm_mday < 1 || tm.tm_mday > 31 ||
        tm.tm_hour < 0 || tm.tm_hour > 23 || tm.tm_min < 0 || tm.tm_min > 59 || tm.tm_sec < 0 ||
        tm.tm_sec > 60)
        return -EINVAL;
    tm.tm_year -= 1900;
    *out = timegm(&tm);
    return 0;
}
