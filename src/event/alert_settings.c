/* The setting "alerts": limits other than the table's, and who gets mail. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "event/alert.h"

enum { DAY_MS = 24 * 3600 * 1000 };

static int read_limits(const struct json_at *at, enum indicator i, struct alert_limits *l,
                       struct error *err)
{
    static const char *const keys[] = {"raise", "clear", "hold", "rest", "off", NULL};
    bool low = indicator_info(i)->low_is_bad;
    int rc;

    if (!json_is_object(at->value))
        return json_fail(at, err, "such as {\"raise\": 512, \"clear\": 1024}",
                         "expected an object");
    rc = json_only_keys(at, keys, err);
    if (!rc)
        rc = json_get_real(at, "raise", false, -1e12, 1e12, &l->raise, err);
    if (!rc)
        rc = json_get_real(at, "clear", false, -1e12, 1e12, &l->clear, err);
    if (!rc)
        rc = json_get_duration(at, "hold", false, 0, DAY_MS, &l->hold_ms, err);
    if (!rc)
        rc = json_get_duration(at, "rest", false, 0, DAY_MS, &l->rest_ms, err);
    if (!rc)
        rc = json_get_bool(at, "off", false, &l->off, err);
    if (!rc && (low ? l->clear < l->raise : l->clear > l->raise))
        rc = json_fail(at, err, low ? "make it at least raise" : "make it at most raise",
                       "clear is on the wrong side of raise: the alert would come and go at once");
    return rc;
}

static int read_indicators(const struct json_at *at, struct alert_settings *s, struct error *err)
{
    const char *names[INDICATOR_COUNT + 1] = {NULL};
    int rc;

    if (!at->value)
        return 0;
    if (!json_is_object(at->value))
        return json_fail(at, err, "such as {\"disk_free\": {\"raise\": 512, \"clear\": 1024}}",
                         "expected an object");
    for (int i = 0; i < INDICATOR_COUNT; i++)
        names[i] = indicator_info(i)->name;
    rc = json_only_keys(at, names, err);
    for (int i = 0; i < INDICATOR_COUNT && !rc; i++) {
        struct json_at one = json_key(at, names[i]);

        if (one.value)
            rc = read_limits(&one, i, &s->limits[i], err);
    }
    return rc;
}

static int read_mail(const struct json_at *at, struct alert_settings *s, struct error *err)
{
    size_t count = json_array_size(at->value);

    if (!at->value)
        return 0;
    if (!json_is_array(at->value) || count > ALERT_MAIL_TO_MAX)
        return json_fail(at, err, "such as [\"ops@example.org\"]",
                         "expected a list of at most %d addresses", ALERT_MAIL_TO_MAX);
    for (size_t i = 0; i < count; i++) {
        struct json_at one = json_item(at, (int)i);
        const char *text = json_string_value(one.value);

        if (!text || !strchr(text, '@') || strlen(text) >= sizeof(s->mail_to[0]) ||
            strpbrk(text, "\r\n\t <>,;"))
            return json_fail(&one, err, "such as \"ops@example.org\"", "is no mail address");
        snprintf(s->mail_to[i], sizeof(s->mail_to[i]), "%s", text);
    }
    s->mail_to_count = (unsigned)count;
    return 0;
}

int alert_settings_read(const json_t *json, struct alert_settings *out, struct error *err)
{
    static const char *const keys[] = {"mail_to", "indicators", NULL};
    struct json_at at = json_root(json, "alerts"), mail, indicators;
    struct alert_settings s = {.mail_to_count = 0};
    int rc = 0;

    for (int i = 0; i < INDICATOR_COUNT; i++)
        s.limits[i] = indicator_info(i)->limits;
    if (json) {
        if (!json_is_object(json))
            return json_fail(&at, err, "such as {\"mail_to\": [\"ops@example.org\"]}",
                             "expected an object");
        rc = json_only_keys(&at, keys, err);
        mail = json_key(&at, "mail_to");
        indicators = json_key(&at, "indicators");
        if (!rc)
            rc = read_mail(&mail, &s, err);
        if (!rc)
            rc = read_indicators(&indicators, &s, err);
    }
    if (!rc)
        *out = s;
    return rc;
}
