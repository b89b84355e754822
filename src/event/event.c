/* Events as JSON: what /api/live and webhooks show. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "event/bus.h"

static const struct {
    const char *name, *text;
} types[EVENT_TYPE_COUNT] = {
#define X(id, name, text) {name, text},
    EVENT_TABLE(X)
#undef X
};

const char *event_name(enum event_type t)
{
    return types[t].name;
}

const char *event_text(enum event_type t)
{
    return types[t].text;
}

int event_from_name(const char *name)
{
    for (int i = 0; i < EVENT_TYPE_COUNT; i++)
        if (strcmp(types[i].name, name) == 0)
            return i;
    return -1;
}

static json_t *number_json(uint64_t number, bool hide)
{
    char text[NUMBER_TEXT_MAX + 8];

    if (hide)
        snprintf(text, sizeof(text), "…%04" PRIu64, number % 10000);
    else
        snprintf(text, sizeof(text), "+%" PRIu64, number);
    return json_string(text);
}

/* Text from outside may be cut in the middle of a character: what is not UTF-8 is left out. */
static json_t *text_json(const char *text)
{
    json_t *j = json_string(text);

    for (size_t n = strlen(text); !j && n > 0 && strlen(text) - n < 4;)
        j = json_stringn(text, --n);
    return j ? j : json_string("");
}

static void add_text(json_t *to, const char *key, const char *text)
{
    if (text[0])
        json_object_set_new(to, key, text_json(text));
}

static void add_call(json_t *to, const struct event *e)
{
    add_text(to, "trunk", e->call.trunk);
    if (e->type == EVENT_CALL_KEY)
        json_object_set_new(to, "key", json_stringn(&e->call.key, 1));
    if (e->type != EVENT_CALL_ENDED)
        return;
    json_object_set_new(to, "outcome", json_string(disposition_name(e->call.disposition)));
    if (e->call.sip_status)
        json_object_set_new(to, "sip_status", json_integer(e->call.sip_status));
    json_object_set_new(to, "talk_seconds", json_real((double)e->call.talk_ms / 1000));
    add_text(to, "reason", e->call.reason);
}

static void add_import(json_t *to, const struct event *e)
{
    json_object_set_new(to, "import_id", json_integer(e->import.import_id));
    json_object_set_new(to, "state", text_json(e->import.state));
    json_object_set_new(to, "rows", json_integer(e->import.rows));
    json_object_set_new(to, "accepted", json_integer(e->import.accepted));
    json_object_set_new(to, "rejected", json_integer(e->import.rejected));
    if (e->import.total)
        json_object_set_new(to, "total", json_integer(e->import.total));
}

static void add_alert(json_t *to, const struct event *e)
{
    json_object_set_new(to, "indicator", text_json(e->alert.indicator));
    add_text(to, "object", e->alert.object);
    json_object_set_new(to, "value", json_real(e->alert.value));
    json_object_set_new(to, "threshold", json_real(e->alert.threshold));
    add_text(to, "text", e->alert.text);
}

static void add_own(json_t *to, const struct event *e)
{
    switch (e->type) {
    case EVENT_TEXT_QUEUED:
        add_text(to, "node", e->text.node);
        break;
    case EVENT_OPT_OUT:
        add_text(to, "list", e->opt_out.list);
        add_text(to, "source", e->opt_out.source);
        break;
    case EVENT_CAMPAIGN_STATE:
        json_object_set_new(to, "state", json_string(campaign_state_name(e->campaign.state)));
        add_text(to, "reason", e->campaign.reason);
        break;
    case EVENT_CAMPAIGN_PACE:
        json_object_set_new(to, "from_cps", json_real(e->pace.from_cps));
        json_object_set_new(to, "to_cps", json_real(e->pace.to_cps));
        add_text(to, "reason", e->pace.reason);
        break;
    case EVENT_IMPORT_PROGRESS:
        add_import(to, e);
        break;
    case EVENT_REPORT_READY:
        json_object_set_new(to, "report_id", json_integer(e->report.report_id));
        add_text(to, "kind", e->report.kind);
        break;
    case EVENT_ALERT_RAISED:
    case EVENT_ALERT_CLEARED:
        add_alert(to, e);
        break;
    default:
        add_call(to, e);
        break;
    }
}

json_t *event_json(const struct event *e, bool hide_number)
{
    char at[32];
    json_t *j = json_object();

    if (!j)
        return NULL;
    json_object_set_new(j, "seq", json_integer((json_int_t)e->seq));
    json_object_set_new(j, "type", json_string(event_name(e->type)));
    json_object_set_new(j, "at", json_string(clock_format_iso(e->at_ms, at, sizeof(at))));
    if (e->campaign_id)
        json_object_set_new(j, "campaign_id", json_integer(e->campaign_id));
    if (e->contact_id)
        json_object_set_new(j, "contact_id", json_integer(e->contact_id));
    if (e->attempt_id)
        json_object_set_new(j, "call_id", json_integer(e->attempt_id));
    if (e->number)
        json_object_set_new(j, "number", number_json(e->number, hide_number));
    add_own(j, e);
    return j;
}
