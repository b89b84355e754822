/* Health with its indicators, alerts, and their settings. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/call.h"
#include "handlers.h"
#include "store/identity.h"
#include "store/outbox.h"

int api_get_health(struct api_call *c)
{
    json_t *health = monitor_health(c->config->monitor);

    return health ? api_answer(c, 200, health) : -ENOMEM;
}

int api_list_alerts(struct api_call *c)
{
    struct api_filters f = {0};

    if (api_has(c, "open"))
        api_filter_number(&f, "open", api_flag(c, "open"));
    api_filter_texts(&f, c, "indicator");
    api_filter_times(&f, c);
    return api_page(c, STORE_VIEW_ALERT, &f, NULL);
}

static int acknowledge(struct api_call *c, struct store *s)
{
    json_t *alert;
    int rc = store_alert_acknowledge(s, api_int(c, "id"), c->who.who);

    if (!rc)
        rc = store_look_id(s, STORE_VIEW_ALERT, api_int(c, "id"), &alert);
    if (rc)
        return rc;
    api_object(c, "alert %lld", (long long)api_int(c, "id"));
    api_detail(c, "%s", json_string_value(json_object_get(alert, "text")));
    return api_answer(c, 200, alert);
}

int api_acknowledge_alert(struct api_call *c)
{
    return api_change(c, acknowledge);
}

/* ---- settings ------------------------------------------------------------------------------- */

/* {} while there are none. The caller owns *out. */
static int read_settings(struct store *s, json_t **out)
{
    char *text = NULL;
    int rc = store_setting_get(s, ALERT_SETTING, &text);

    if (rc == -ENOENT)
        *out = json_object();
    else if (!rc)
        *out = json_loads(text, 0, NULL);
    free(text);
    return rc && rc != -ENOENT ? rc : *out ? 0 : -EBADMSG;
}

int api_get_alert_settings(struct api_call *c)
{
    json_t *settings;
    int rc = read_settings(c->store, &settings);

    return rc ? rc : api_answer_tagged(c, 200, settings);
}

static int update(struct api_call *c, struct store *s)
{
    json_t *current;
    char *text;
    int rc = read_settings(s, &current);

    if (rc || !api_match(c, current))
        return rc;
    text = json_dumps(c->body, JSON_COMPACT | JSON_SORT_KEYS);
    rc = text ? store_setting_put(s, ALERT_SETTING, text) : -ENOMEM;
    api_object(c, "settings");
    api_detail(c, "%s", text ? text : "");
    free(text);
    return rc ? rc : api_answer_tagged(c, 200, json_deep_copy(c->body));
}

int api_update_alert_settings(struct api_call *c)
{
    struct alert_settings *settings = arena_alloc(http_arena(c->request), sizeof(*settings));
    struct error err = {0};
    int rc;

    if (!settings)
        return -ENOMEM;
    if (alert_settings_read(c->body, settings, &err))
        return api_refuse_error(c, 422, "", &err);
    rc = api_change(c, update);
    if (!rc && c->status == 200)
        monitor_reload(c->config->monitor);
    return rc;
}
