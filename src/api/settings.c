/* Settings of the installation: one JSON text in the store. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/call.h"
#include "api/defaults.h"
#include "handlers.h"
#include "phone/zone.h"
#include "store/identity.h"

#define SETTING "service"

static void take(const json_t *stored, const char *key, char *out, size_t size)
{
    const char *text = json_string_value(json_object_get(stored, key));

    if (text)
        snprintf(out, size, "%s", text);
}

int defaults_read(struct store *s, struct settings *out)
{
    char *text = NULL;
    json_t *stored = NULL;
    int rc = store_setting_get(s, SETTING, &text);

    if (rc && rc != -ENOENT)
        return rc;
    *out = (struct settings){.region = "IL", .zone = "Asia/Jerusalem", .currency = "ILS"};
    if (!rc)
        stored = json_loads(text, 0, NULL);
    free(text);
    take(stored, "organization", out->organization, sizeof(out->organization));
    take(stored, "region", out->region, sizeof(out->region));
    take(stored, "time_zone", out->zone, sizeof(out->zone));
    take(stored, "currency", out->currency, sizeof(out->currency));
    json_decref(stored);
    return 0;
}

/* In the request's arena. */
static const struct settings *of_call(struct api_call *c)
{
    struct settings *s = arena_alloc(http_arena(c->request), sizeof(*s));

    return s && defaults_read(c->store, s) == 0 ? s : NULL;
}

const char *defaults_region(struct api_call *c)
{
    const struct settings *s = of_call(c);

    return s ? s->region : "IL";
}

const char *defaults_zone(struct api_call *c)
{
    const struct settings *s = of_call(c);

    return s ? s->zone : "Asia/Jerusalem";
}

bool defaults_number(struct api_call *c, const char *text, const char *region, const char *pointer,
                     struct number *out)
{
    enum number_fault fault;

    region = region ? region : defaults_region(c);
    fault = number_parse(c->worker->numbers, text, strlen(text), region, out);
    if (fault == NUMBER_OK)
        return true;
    api_refuse(c, 422, pointer,
               "write it as dialled at home (050-1234567), or with + and the country",
               "\"%.40s\": %s", text, number_fault_text(fault));
    return false;
}

/* ---- handlers ------------------------------------------------------------------------------- */

static json_t *settings_json(const struct settings *s)
{
    return json_pack("{s:s, s:s, s:s, s:s}", "organization", s->organization, "region", s->region,
                     "time_zone", s->zone, "currency", s->currency);
}

int api_get_settings(struct api_call *c)
{
    struct settings settings;
    int rc = defaults_read(c->store, &settings);

    return rc ? rc : api_answer_tagged(c, 200, settings_json(&settings));
}

static int put(struct store *s, const json_t *body)
{
    char *text = json_dumps(body, JSON_COMPACT | JSON_SORT_KEYS);
    int rc = text ? store_setting_put(s, SETTING, text) : -ENOMEM;

    free(text);
    return rc;
}

static int update(struct api_call *c, struct store *s)
{
    struct settings now;
    int rc = defaults_read(s, &now);

    if (rc || !api_match(c, settings_json(&now)))
        return rc;
    rc = put(s, c->body);
    api_object(c, "settings");
    api_detail(c, "%s, %s, %s", api_body_text(c, "region"), api_body_text(c, "time_zone"),
               api_body_text(c, "currency"));
    return rc ? rc : api_answer_tagged(c, 200, json_deep_copy(c->body));
}

int api_update_settings(struct api_call *c)
{
    if (!number_region_known(api_body_text(c, "region")))
        return api_refuse(c, 422, "/region", "write two letters such as IL or US",
                          "there is no region \"%s\"", api_body_text(c, "region"));
    if (zone_open(api_body_text(c, "time_zone")) < 0)
        return api_refuse(c, 422, "/time_zone", "write a name such as Asia/Jerusalem",
                          "there is no time zone \"%.60s\"", api_body_text(c, "time_zone"));
    return api_change(c, update);
}
