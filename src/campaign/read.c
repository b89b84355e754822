/* A campaign's JSON, read key by key with its defaults. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "campaign/campaign_priv.h"

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE };
#define DAY (24LL * HOUR)

static int text(const struct json_at *object, const char *key, bool required, char *out,
                size_t size, struct error *err)
{
    struct json_at at = json_key(object, key);
    const char *value = NULL;
    int rc = json_get_string(object, key, required, &value, err);

    if (rc || !value)
        return rc;
    if (required && !value[0])
        return json_fail(&at, err, "write it", "is empty");
    if (strlen(value) >= size)
        return json_fail(&at, err, "shorten it", "is longer than %zu bytes", size - 1);
    for (const char *p = value; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            return json_fail(&at, err, "remove it", "holds a control character");
    strcpy(out, value);
    return 0;
}

static int read_identity(struct campaign *c, const struct json_at *at, struct error *err)
{
    struct json_at kind = json_key(at, "kind"), region = json_key(at, "region"),
                   zone = json_key(at, "time_zone");
    int64_t version;
    int rc = json_get_int(at, "version", true, 1, 1, &version, err);

    strcpy(c->kind, "voice");
    strcpy(c->region, "IL");
    strcpy(c->zone, "Asia/Jerusalem");
    if (!rc)
        rc = text(at, "name", true, c->name, sizeof(c->name), err);
    if (!rc)
        rc = text(at, "kind", false, c->kind, sizeof(c->kind), err);
    if (!rc && strcmp(c->kind, "voice") != 0)
        rc = json_fail(&kind, err, "write \"voice\"", "there is no kind of campaign \"%s\"",
                       c->kind);
    if (!rc)
        rc = text(at, "region", false, c->region, sizeof(c->region), err);
    if (!rc && !number_region_known(c->region))
        rc = json_fail(&region, err, "write two letters such as \"IL\" or \"US\"",
                       "there is no region \"%s\"", c->region);
    if (!rc)
        rc = text(at, "time_zone", false, c->zone, sizeof(c->zone), err);
    if (!rc && zone_open(c->zone) < 0)
        rc = json_fail(&zone, err, "write a name such as \"Asia/Jerusalem\"",
                       "there is no time zone \"%s\"", c->zone);
    return rc;
}

static int read_caller(struct campaign *c, const struct json_at *root, struct error *err)
{
    static const char *const keys[] = {"name", "number", NULL};
    struct json_at at = json_key(root, "caller"), where = json_key(&at, "number");
    struct number_parser *parser;
    struct number number;
    enum number_fault fault;
    char given[64] = "";
    int rc;

    if (!at.value)
        return 0;
    rc = json_only_keys(&at, keys, err);
    if (!rc)
        rc = text(&at, "name", false, c->caller_name, sizeof(c->caller_name), err);
    if (!rc)
        rc = text(&at, "number", false, given, sizeof(given), err);
    if (rc || !given[0])
        return rc;
    rc = number_parser_new(&parser);
    if (rc)
        return rc;
    fault = number_parse(parser, given, strlen(given), c->region, &number);
    number_parser_free(parser);
    if (fault != NUMBER_OK)
        return json_fail(&where, err, "write it as \"+97225551234\"", "\"%.40s\": %s", given,
                         number_fault_text(fault));
    snprintf(c->caller_id, sizeof(c->caller_id), "%s", number.e164);
    return 0;
}

/* {"sun-thu": ["09:00-20:30"]} is put into the short text form: one parser knows the rules. */
static int windows_text(const struct json_at *at, char *out, size_t size, struct error *err)
{
    const char *days;
    json_t *spans, *span;
    size_t n = 0, i;

    json_object_foreach((json_t *)at->value, days, spans)
    {
        struct json_at one = json_key(at, days);

        if (!json_is_array(spans) && !json_is_string(spans))
            return json_fail(&one, err, "write for example [\"09:00-20:30\"]",
                             "expected a list of times");
        n += (size_t)snprintf(out + n, size - n, "%s%s ", n ? "; " : "", days);
        if (n >= size)
            goto too_long;
        if (json_is_string(spans)) {
            n += (size_t)snprintf(out + n, size - n, "%s", json_string_value(spans));
            if (n >= size)
                goto too_long;
        }
        json_array_foreach(spans, i, span)
        {
            if (!json_is_string(span))
                return json_fail(&one, err, "write for example [\"09:00-20:30\"]",
                                 "expected a list of times");
            n +=
                (size_t)snprintf(out + n, size - n, "%s%s", i ? ", " : "", json_string_value(span));
            if (n >= size)
                goto too_long;
        }
    }
    return 0;
too_long:
    return json_fail(at, err, "write fewer", "too many hours");
}

static int read_windows(struct campaign *c, const struct json_at *root, struct error *err)
{
    struct json_at at = json_key(root, "windows");
    struct error fault = {0};
    char buf[1024] = "";
    const char *given = buf;
    int rc;

    if (!at.value) {
        rc = window_parse("09:00-20:00", &c->windows, err);
        return rc;
    }
    if (json_is_string(at.value))
        given = json_string_value(at.value);
    else if (!json_is_object(at.value) || json_object_size(at.value) == 0)
        return json_fail(&at, err, "write for example {\"sun-thu\": [\"09:00-20:30\"]}",
                         "expected days and times");
    else if ((rc = windows_text(&at, buf, sizeof(buf), err)))
        return rc;
    if (window_parse(given, &c->windows, &fault))
        return json_fail(&at, err, fault.remedy, "%s", fault.message);
    return 0;
}

/* Is there such a day? */
static bool is_day(int y, int m, int d)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;

    return y >= 2000 && m >= 1 && m <= 12 && d >= 1 && d <= days[m - 1] + (m == 2 && leap);
}

/* "2026-11-23T09:00" in the campaign's zone, or with Z or an offset. */
static int read_moment(struct campaign *c, const struct json_at *root, const char *key,
                       int64_t *out, struct error *err)
{
    static const char remedy[] = "write for example \"2026-11-23T09:00\"";
    struct json_at at = json_key(root, key);
    const char *given = NULL;
    int y, mo, d, h = 0, mi = 0, used = 0, rc = json_get_string(root, key, false, &given, err);
    size_t n;

    if (rc || !given)
        return rc;
    if (clock_parse_iso(given, out) == 0)
        return 0;
    n = strlen(given);
    if (!((sscanf(given, "%4d-%2d-%2d%*1[T ]%2d:%2d%n", &y, &mo, &d, &h, &mi, &used) == 5 &&
           (size_t)used == n) ||
          (sscanf(given, "%4d-%2d-%2d%n", &y, &mo, &d, &used) == 3 && (size_t)used == n)) ||
        !is_day(y, mo, d) || h < 0 || h > 23 || mi < 0 || mi > 59)
        return json_fail(&at, err, remedy, "\"%.40s\" is not a date and time", given);
    *out = zone_from_local(zone_open(c->zone), y, mo, d, h, mi, 0);
    return 0;
}

static int read_times(struct campaign *c, const struct json_at *root, struct error *err)
{
    struct json_at at = json_key(root, "holidays"), end = json_key(root, "end");
    size_t max = sizeof(c->holidays) / sizeof(c->holidays[0]), count = json_array_size(at.value);
    int rc = read_moment(c, root, "start", &c->start_ms, err);

    if (!rc)
        rc = read_moment(c, root, "end", &c->end_ms, err);
    if (!rc && c->end_ms && c->end_ms <= c->start_ms)
        rc = json_fail(&end, err, "make it later", "the campaign ends before it starts");
    if (!rc && at.value && (!json_is_array(at.value) || count > max))
        rc = json_fail(&at, err, "write for example [\"2026-12-05\"]",
                       "expected a list of at most %zu days", max);
    for (size_t i = 0; !rc && i < count; i++) {
        struct json_at one = json_item(&at, (int)i);
        const char *day = json_string_value(one.value);
        int y, m, d, used = 0;

        if (!day || sscanf(day, "%4d-%2d-%2d%n", &y, &m, &d, &used) != 3 || day[used] ||
            !is_day(y, m, d))
            return json_fail(&one, err, "write it as \"2026-12-05\"", "there is no such day");
        c->holidays[i].year = y;
        c->holidays[i].month = m;
        c->holidays[i].day = d;
        c->holiday_count = (int)i + 1;
    }
    return rc;
}

static int read_pace(struct campaign *c, const struct json_at *root, struct error *err)
{
    static const char *const keys[] = {"calls_per_second", "max_calls", NULL};
    struct json_at at = json_key(root, "pace");
    int64_t calls = 20;
    int rc;

    c->cps = 2;
    c->calls_max = (unsigned)calls;
    if (!at.value)
        return 0;
    rc = json_only_keys(&at, keys, err);
    if (!rc)
        rc = json_get_real(&at, "calls_per_second", false, 0.01, 10000, &c->cps, err);
    if (!rc)
        rc = json_get_int(&at, "max_calls", false, 1, 20000, &calls, err);
    c->calls_max = (unsigned)calls;
    return rc;
}

static int read_rule(struct campaign_retry_rule *rule, const struct json_at *at, struct error *err)
{
    static const char *const keys[] = {"times", "after", NULL};
    int64_t times = rule->times ? rule->times : 1;
    int rc;

    if (!at->value)
        return 0;
    rc = json_only_keys(at, keys, err);
    if (!rc)
        rc = json_get_int(at, "times", false, 0, 20, &times, err);
    if (!rc)
        rc = json_get_duration(at, "after", false, SECOND, 30 * DAY, &rule->after_ms, err);
    rule->times = (int)times;
    return rc;
}

static int read_retry(struct campaign *c, const struct json_at *root, struct error *err)
{
    static const char *const keys[] = {"max_attempts", "per_day", "busy",    "no_answer",
                                       "congestion",   "failed",  "machine", NULL};
    static const enum disposition rules[] = {DISPOSITION_BUSY, DISPOSITION_NO_ANSWER,
                                             DISPOSITION_CONGESTION, DISPOSITION_FAILED,
                                             DISPOSITION_MACHINE};
    struct json_at at = json_key(root, "retry");
    int64_t attempts = 3, per_day = 0;
    int rc;

    c->retry[DISPOSITION_BUSY] = (struct campaign_retry_rule){2, 10 * MINUTE};
    c->retry[DISPOSITION_NO_ANSWER] = (struct campaign_retry_rule){2, 2 * HOUR};
    c->retry[DISPOSITION_CONGESTION] = (struct campaign_retry_rule){3, 2 * MINUTE};
    c->retry[DISPOSITION_FAILED] = (struct campaign_retry_rule){2, 10 * MINUTE};
    c->retry[DISPOSITION_MACHINE] = (struct campaign_retry_rule){1, 2 * HOUR};
    c->retry[DISPOSITION_INTERRUPTED] = (struct campaign_retry_rule){2, 2 * MINUTE};
    c->retry[DISPOSITION_CANCELLED] = (struct campaign_retry_rule){20, MINUTE};
    c->attempts_max = (int)attempts;
    if (!at.value)
        return 0;
    rc = json_only_keys(&at, keys, err);
    if (!rc)
        rc = json_get_int(&at, "max_attempts", false, 1, 20, &attempts, err);
    if (!rc)
        rc = json_get_int(&at, "per_day", false, 0, 20, &per_day, err);
    for (size_t i = 0; !rc && i < sizeof(rules) / sizeof(rules[0]); i++) {
        struct json_at one = json_key(&at, disposition_name(rules[i]));

        rc = read_rule(&c->retry[rules[i]], &one, err);
    }
    c->attempts_max = (int)attempts;
    c->per_day_max = (int)per_day;
    return rc;
}

static int read_cost(struct campaign *c, const struct json_at *root, struct error *err)
{
    static const char *const keys[] = {"per_minute", "per_call", "currency", NULL};
    struct json_at at = json_key(root, "cost");
    int rc;

    strcpy(c->currency, "ILS");
    if (!at.value)
        return 0;
    rc = json_only_keys(&at, keys, err);
    if (!rc)
        rc = json_get_real(&at, "per_minute", false, 0, 1000, &c->cost_per_minute, err);
    if (!rc)
        rc = json_get_real(&at, "per_call", false, 0, 1000, &c->cost_per_call, err);
    return rc ? rc : text(&at, "currency", false, c->currency, sizeof(c->currency), err);
}

static int read_flow(struct campaign *c, const struct json_at *root, const char *base,
                     json_t **flow, struct error *err)
{
    struct json_at at = json_key(root, "flow"), where = json_key(root, "flow_file");
    const char *file = NULL;
    char path[1024];
    int rc = json_get_string(root, "flow_file", false, &file, err);

    if (rc)
        return rc;
    if (!at.value && !file)
        return json_fail(&at, err, "write the flow here, or its file as \"flow_file\"",
                         "is missing");
    if (at.value && file)
        return json_fail(&where, err, "keep one of the two", "there is a \"flow\" too");
    if (at.value) {
        rc = flow_load(&at, &c->flow, err);
        if (!rc)
            *flow = json_incref((json_t *)at.value);
        return rc;
    }
    if (file_join(base, file, path, sizeof(path)))
        return json_fail(&where, err, "shorten it", "the path is too long");
    rc = json_load_path(path, flow, err);
    if (rc)
        return rc;
    at = json_root(*flow, path);
    rc = flow_load(&at, &c->flow, err);
    if (rc) {
        json_decref(*flow);
        *flow = NULL;
    }
    return rc;
}

static int read_folder(struct campaign *c, const struct json_at *root, const char *base,
                       struct error *err)
{
    struct json_at where = json_key(root, "audio");
    const char *audio = ".";
    int rc = json_get_string(root, "audio", false, &audio, err);

    if (rc)
        return rc;
    if (file_join(base, audio, c->folder, sizeof(c->folder)))
        return json_fail(&where, err, "shorten it", "the path is too long");
    return 0;
}

int campaign_read(struct campaign *c, const struct json_at *at, const char *base, json_t **flow,
                  struct error *err)
{
    static const char *const keys[] = {
        "$schema",  "version", "note", "name",      "kind",   "region", "time_zone", "caller",
        "windows",  "start",   "end",  "holidays",  "trunks", "pace",   "retry",     "ring_timeout",
        "max_call", "cost",    "flow", "flow_file", "audio",  NULL};
    int rc = json_only_keys(at, keys, err);

    c->ring_timeout_ms = 30 * SECOND;
    c->call_max_ms = 5 * MINUTE;
    if (!rc)
        rc = read_identity(c, at, err);
    if (!rc)
        rc = read_caller(c, at, err);
    if (!rc)
        rc = read_windows(c, at, err);
    if (!rc)
        rc = read_times(c, at, err);
    if (!rc)
        rc = campaign_read_trunks(c, at, err);
    if (!rc)
        rc = read_pace(c, at, err);
    if (!rc)
        rc = read_retry(c, at, err);
    if (!rc)
        rc = json_get_duration(at, "ring_timeout", false, SECOND, 3 * MINUTE, &c->ring_timeout_ms,
                               err);
    if (!rc)
        rc = json_get_duration(at, "max_call", false, SECOND, HOUR, &c->call_max_ms, err);
    if (!rc)
        rc = read_cost(c, at, err);
    if (!rc)
        rc = read_folder(c, at, base, err);
    return rc ? rc : read_flow(c, at, base, flow, err);
}
