#include "line/dial_rules.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"

/* E.164's shortest numbers are longer: what loses so many digits is not empty. */
enum { EMPTIED_MAX = 6 };

/* A "+" perhaps, then digits; `marks`: further characters that may stand there. */
static bool is_number(const char *text, const char *marks)
{
    for (const char *p = text[0] == '+' ? text + 1 : text; *p; p++)
        if ((*p < '0' || *p > '9') && !strchr(marks, *p))
            return false;
    return true;
}

static int read_text(const struct json_at *object, const char *key, const char *marks, char *out,
                     size_t size, struct error *err)
{
    struct json_at at = json_key(object, key);
    const char *text = NULL;
    int rc = json_get_string(object, key, true, &text, err);

    if (rc)
        return rc;
    if (strlen(text) >= size)
        return json_fail(&at, err, "shorten it", "is longer than %zu characters", size - 1);
    if (!is_number(text, marks))
        return json_fail(&at, err, "write digits, after a + where there is one",
                         "\"%.30s\" is no number", text);
    strcpy(out, text);
    return 0;
}

static int read_rewrite(const struct json_at *at, struct dial_rules *r, struct error *err)
{
    static const char *const keys[] = {"from", "to", NULL};
    struct json_at from_at = json_key(at, "from"), to_at = json_key(at, "to");
    char *from = r->rewrites[r->rewrite_count].from, *to = r->rewrites[r->rewrite_count].to;
    int rc = json_only_keys(at, keys, err);

    if (!rc)
        rc = read_text(at, "from", "", from, DIAL_TEXT_MAX, err);
    if (!rc && from[0] != '+')
        rc = json_fail(&from_at, err, "write for example \"+972\"; \"+\" stands for all",
                       "numbers begin with +");
    if (!rc)
        rc = read_text(at, "to", "*", to, DIAL_TEXT_MAX, err);
    if (!rc && !to[0] && strlen(from) > EMPTIED_MAX)
        rc = json_fail(&to_at, err, "write what stands in its place",
                       "nothing might be left of a number");
    for (unsigned i = 0; !rc && i < r->rewrite_count; i++)
        if (strcmp(r->rewrites[i].from, from) == 0)
            rc = json_fail(&from_at, err, "keep one of the two", "there is another rule for %s",
                           from);
    r->rewrite_count += rc == 0;
    return rc;
}

static int read_pool(const struct json_at *at, struct dial_rules *r, struct error *err)
{
    static const char *const keys[] = {"prefix", "numbers", NULL};
    struct json_at numbers = json_key(at, "numbers"), prefix_at = json_key(at, "prefix");
    size_t count = json_array_size(numbers.value);
    char prefix[DIAL_TEXT_MAX] = "";
    unsigned before = r->caller_count;
    int rc = json_only_keys(at, keys, err);

    if (!rc && prefix_at.value)
        rc = read_text(at, "prefix", "", prefix, sizeof(prefix), err);
    if (!rc && prefix[0] && prefix[0] != '+')
        rc = json_fail(&prefix_at, err, "write for example \"+9722\"", "numbers begin with +");
    if (!rc && (!json_is_array(numbers.value) || count == 0))
        rc = json_fail(&numbers, err, "write for example [\"+97225551234\"]",
                       "expected a list of numbers");
    for (unsigned i = 0; !rc && i < before; i++)
        if (strcmp(r->callers[i].prefix, prefix) == 0)
            rc = json_fail(&prefix_at, err, "put their numbers together",
                           "there is another pool for \"%s\"", prefix);
    for (size_t i = 0; !rc && i < count; i++) {
        struct json_at one = json_item(&numbers, (int)i);
        const char *text = json_string_value(one.value);

        if (!text || !text[0] || strlen(text) >= NUMBER_TEXT_MAX || !is_number(text, ""))
            return json_fail(&one, err, "write it as \"+97225551234\"", "expected a number");
        if (r->caller_count == DIAL_CALLERS_MAX)
            return json_fail(&one, err, "take some away", "a trunk has at most %d caller numbers",
                             DIAL_CALLERS_MAX);
        strcpy(r->callers[r->caller_count].prefix, prefix);
        strcpy(r->callers[r->caller_count++].number, text);
    }
    return rc;
}

static int read_list(const struct json_at *object, const char *key, size_t most,
                     int (*read)(const struct json_at *at, struct dial_rules *r, struct error *err),
                     struct dial_rules *r, struct error *err)
{
    struct json_at at = json_key(object, key);
    size_t count = json_array_size(at.value);

    if (!at.value)
        return 0;
    if (!json_is_array(at.value) || count > most)
        return json_fail(&at, err, "see docs/campaigns.md", "expected a list of at most %zu", most);
    for (size_t i = 0; i < count; i++) {
        struct json_at one = json_item(&at, (int)i);
        int rc = read(&one, r, err);

        if (rc)
            return rc;
    }
    return 0;
}

int dial_rules_read(const struct json_at *object, struct dial_rules *out, struct error *err)
{
    struct dial_rules r = {0};
    int rc = read_list(object, "rewrite", DIAL_REWRITES_MAX, read_rewrite, &r, err);

    if (!rc)
        rc = read_list(object, "caller_numbers", DIAL_CALLERS_MAX, read_pool, &r, err);
    if (!rc)
        *out = r;
    return rc;
}

void dial_rules_called(const struct dial_rules *r, uint64_t number, char out[DIAL_CALLED_MAX])
{
    char plain[NUMBER_TEXT_MAX];
    const char *to = "";
    size_t taken = 0;

    number_format(number, plain);
    for (unsigned i = 0; i < r->rewrite_count; i++) {
        size_t len = strlen(r->rewrites[i].from);

        if (len <= taken || strncmp(plain, r->rewrites[i].from, len) != 0)
            continue;
        taken = len;
        to = r->rewrites[i].to;
    }
    snprintf(out, DIAL_CALLED_MAX, "%s%s", to, plain + taken);
}

const char *dial_rules_caller(const struct dial_rules *r, uint64_t number)
{
    unsigned from = 0, count = 0;
    char plain[NUMBER_TEXT_MAX];
    size_t best = 0;

    number_format(number, plain);
    for (unsigned i = 0; i < r->caller_count; i++) {
        size_t len = strlen(r->callers[i].prefix);

        if (strncmp(plain, r->callers[i].prefix, len) != 0 || (count && len < best))
            continue;
        if (count && len == best) {
            count++;
            continue;
        }
        best = len;
        from = i;
        count = 1;
    }
    return count ? r->callers[from + hash_u64(number) % count].number : NULL;
}
