/* How many of a number's first digits decide. See number_plan.h; the walk below follows what
 * PhoneNumberUtil::Parse does with prefixes, and takes the longest of all ways it may go. */
#include "phone/number_plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PREFIXES_MAX = 3 }; /* one after the other */

static int by_code(const void *key, const void *element)
{
    return *(const int *)key - ((const struct number_code *)element)->code;
}

static const struct number_code *find_code(int code)
{
    return bsearch(&code, number_codes, (size_t)number_code_count, sizeof(number_codes[0]),
                   by_code);
}

static int by_name(const void *key, const void *element)
{
    return strcmp(key, ((const struct number_region *)element)->region);
}

static const struct number_region *find_region(const char *name)
{
    return bsearch(name, number_regions, (size_t)number_region_count, sizeof(number_regions[0]),
                   by_name);
}

/* Codes are free of each other's beginnings. */
static const struct number_code *code_of(const char *digits)
{
    const struct number_code *found = NULL;
    int code = 0;

    for (int i = 0; i < 3 && digits[i] >= '0' && digits[i] <= '9' && !found; i++) {
        code = code * 10 + (digits[i] - '0');
        found = find_code(code);
    }
    return found;
}

static int depth_of(const struct number_code *c, const char *digits)
{
    int first = 0;

    for (int i = 0; i < NUMBER_FIRST_DIGITS; i++) {
        if (digits[i] < '0' || digits[i] > '9')
            return -1;
        first = first * 10 + (digits[i] - '0');
    }
    for (int i = 0; i < c->runs; i++)
        if (first < number_runs[c->run + i].end)
            return number_runs[c->run + i].depth;
    return -1;
}

static const struct number_prefix *prefix_of(int from, int count, const char *digits)
{
    for (int i = 0; i < count; i++)
        if (strncmp(digits, number_prefixes[from + i].digits,
                    strlen(number_prefixes[from + i].digits)) == 0)
            return &number_prefixes[from + i];
    return NULL;
}

/* digits[at …] is a national number, perhaps with what stands before those at home. */
static int national(const struct number_code *c, int prefix, int prefixes, const char *digits,
                    int at, int taken)
{
    int depth = depth_of(c, digits + at), need = at + depth, more;
    const struct number_prefix *p;

    if (depth < 0 || taken > PREFIXES_MAX)
        return -1;
    p = prefix_of(prefix, prefixes, digits + at);
    if (!p)
        return need;
    if (p->falls == 0)
        return -1;
    more = national(c, prefix, prefixes, digits, at + p->falls, taken + 1);
    return more < 0 || more > need ? more : need;
}

static int in_region(const struct number_region *r, const char *digits)
{
    const struct number_code *c = find_code(r->code);
    char code[8];
    int need, more, len = snprintf(code, sizeof(code), "%d", r->code);

    for (int i = 0; i < r->abroads; i++)
        if (strncmp(digits, number_abroad[r->abroad + i], strlen(number_abroad[r->abroad + i])) ==
            0)
            return -1;
    need = c ? national(c, r->prefix, r->prefixes, digits, 0, 0) : -1;
    if (need < 0 || strncmp(digits, code, (size_t)len) != 0)
        return need;
    more = national(c, r->prefix, r->prefixes, digits, len, 0); /* the code without a + */
    return more < 0 || more > need ? more : need;
}

int number_deciding_digits(const char *digits, const char *region)
{
    const struct number_region *r;
    const struct number_code *c;
    int need, total = (int)strlen(digits), code_len;

    if (digits[0] == '+') {
        c = code_of(digits + 1);
        if (!c)
            return -1;
        code_len = c->code < 10 ? 1 : c->code < 100 ? 2 : 3;
        need = national(c, c->prefix, c->prefixes, digits, 1 + code_len, 0);
    } else {
        r = find_region(region);
        need = r ? in_region(r, digits) : -1;
    }
    return need < total ? need : -1;
}
