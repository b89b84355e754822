#include "report/figures.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "report/report_priv.h"

static const char keys[REPORT_KEYS + 1] = "0123456789*#ABCD";

char report_key(int index)
{
    return keys[index];
}

double report_percent(int64_t n, int64_t of)
{
    return of > 0 ? 100.0 * (double)n / (double)of : 0;
}

/* ---- the campaign's text: its zone, currency and nodes -------------------------------------- */

static void read_nodes(struct report_figures *f, const json_t *config)
{
    const json_t *nodes = json_object_get(json_object_get(config, "flow"), "nodes"), *node;
    const char *name;

    json_object_foreach((json_t *)nodes, name, node)
    {
        struct report_node *n = &f->nodes[f->node_count];
        const char *type = json_string_value(json_object_get(node, "type"));
        const char *action = json_string_value(json_object_get(node, "action"));

        if (f->node_count == FLOW_NODES_MAX)
            break;
        snprintf(n->name, sizeof(n->name), "%s", name);
        snprintf(n->type, sizeof(n->type), "%s", action ? action : type ? type : "");
        f->node_count++;
    }
}

static int read_config(struct store *s, struct report_figures *f)
{
    const char *zone, *currency;
    json_t *config;
    char *text = NULL;
    int rc = store_campaign_config(s, f->campaign.id, &text);

    if (rc)
        return rc;
    config = json_loads(text, 0, NULL);
    free(text);
    zone = json_string_value(json_object_get(config, "time_zone"));
    currency = json_string_value(json_object_get(json_object_get(config, "cost"), "currency"));
    f->zone = zone ? zone_open(zone) : -ENOENT;
    if (f->zone < 0)
        f->zone = zone_open("UTC");
    snprintf(f->currency, sizeof(f->currency), "%s", currency ? currency : "");
    read_nodes(f, config);
    json_decref(config);
    return 0;
}

/* ---- the call records ------------------------------------------------------------------------ */

struct pass {
    struct report_figures *f;
    int64_t calls; /* seen so far: marks a node as met in this call */
    int64_t met[FLOW_NODES_MAX];
    int hint; /* nodes come in the flow's order more often than not */
};

static struct report_node *node_of(struct pass *p, const json_t *step)
{
    const char *name = json_string_value(json_object_get(step, "node"));

    for (int i = 0; name && i < p->f->node_count; i++) {
        int at = (p->hint + i) % p->f->node_count;

        if (strcmp(p->f->nodes[at].name, name) == 0) {
            p->hint = at;
            return &p->f->nodes[at];
        }
    }
    return NULL;
}

static void count_path(struct pass *p, const json_t *trace)
{
    const json_t *step;
    size_t i;

    json_array_foreach(json_object_get(trace, "path"), i, step)
    {
        struct report_node *n = node_of(p, step);

        if (!n)
            continue;
        n->visits++;
        n->calls += p->met[n - p->f->nodes] != p->calls;
        p->met[n - p->f->nodes] = p->calls;
    }
}

static void count_keys(struct pass *p, const json_t *trace)
{
    const json_t *list = json_object_get(trace, "keys"), *step;
    size_t i;

    p->f->pressed += json_array_size(list) > 0;
    json_array_foreach(list, i, step)
    {
        const char *key = json_string_value(json_object_get(step, "key"));
        struct report_node *n = node_of(p, step);
        const char *at = key && key[0] ? strchr(keys, key[0]) : NULL;

        if (!n || !at || json_is_true(json_object_get(step, "ignored")))
            continue;
        if (json_is_true(json_object_get(step, "invalid")))
            n->invalid++;
        else
            n->keys[at - keys]++;
    }
}

static void count_events(struct pass *p, const json_t *trace)
{
    const json_t *step;
    size_t i;

    json_array_foreach(json_object_get(trace, "events"), i, step)
    {
        const char *what = json_string_value(json_object_get(step, "what"));
        struct report_node *n = node_of(p, step);

        if (!n || !what)
            continue;
        n->silent += strcmp(what, "silence") == 0;
        n->failed += strcmp(what, "action_failed") == 0;
        if (strcmp(what, "action_ok") == 0) {
            n->ok++;
            p->f->opt_outs += strcmp(n->type, "opt_out") == 0;
        }
    }
}

static void count_hour(struct report_figures *f, const struct call_outcome *o)
{
    struct zone_local l;
    struct report_hour *h;

    if (!o->dialled_ms)
        return;
    zone_to_local(f->zone, o->dialled_ms, &l);
    h = &f->hours[l.weekday][l.hour];
    h->calls++;
    h->answered += o->answered_ms != 0;
}

static int on_call(void *arg, const struct store_call *c)
{
    struct pass *p = arg;
    const struct call_outcome *o = &c->outcome;
    json_t *trace;

    p->calls++;
    count_hour(p->f, o);
    if (!o->answered_ms)
        return 0;
    p->f->answered++;
    if (o->dialled_ms) {
        p->f->setups++;
        p->f->setup_ms += o->answered_ms - o->dialled_ms;
    }
    trace = c->trace_json ? json_loads(c->trace_json, 0, NULL) : NULL;
    count_path(p, trace);
    count_keys(p, trace);
    count_events(p, trace);
    json_decref(trace);
    return 0;
}

static int on_text(void *arg, const struct store_text *t)
{
    ((struct report_figures *)arg)->texts++;
    return 0;
}

static int by_calls(const void *a, const void *b)
{
    const struct report_node *x = a, *y = b;

    if (x->calls != y->calls)
        return x->calls < y->calls ? 1 : -1;
    return strcmp(x->name, y->name);
}

static int read_all(struct store *s, int64_t id, struct report_figures *f)
{
    struct pass p = {.f = f};
    int rc = store_campaign_get(s, id, &f->campaign);

    if (!rc)
        rc = read_config(s, f);
    if (!rc)
        rc = store_target_counts(s, id, &f->people);
    if (!rc)
        rc = store_call_totals(s, id, &f->calls);
    if (!rc)
        rc = store_call_each(s, id, on_call, &p);
    if (!rc)
        rc = store_text_each(s, id, on_text, f);
    qsort(f->nodes, (size_t)f->node_count, sizeof(f->nodes[0]), by_calls);
    return rc;
}

int report_figures(struct store *s, int64_t campaign_id, struct report_figures **out,
                   struct error *err)
{
    struct report_figures *f = calloc(1, sizeof(*f));
    int rc = f ? read_all(s, campaign_id, f) : -ENOMEM;

    if (rc) {
        free(f);
        return rc == -ENOENT ? error_set(err, rc, NULL, "kolcast campaign list shows them",
                                         "there is no campaign %lld", (long long)campaign_id)
                             : report_store_fault(s, rc, err);
    }
    *out = f;
    return 0;
}

/* ---- as JSON ----------------------------------------------------------------------------------
 */

static json_t *node_json(const struct report_node *n)
{
    json_t *pressed = json_object();

    for (int k = 0; k < REPORT_KEYS; k++)
        if (n->keys[k])
            json_object_set_new(pressed, (char[]){keys[k], '\0'}, json_integer(n->keys[k]));
    return json_pack("{s:s,s:s,s:I,s:I,s:o,s:I,s:I,s:I,s:I}", "node", n->name, "type", n->type,
                     "calls", (json_int_t)n->calls, "visits", (json_int_t)n->visits, "keys",
                     pressed, "invalid", (json_int_t)n->invalid, "silent", (json_int_t)n->silent,
                     "done", (json_int_t)n->ok, "not_done", (json_int_t)n->failed);
}

static json_t *people_json(const struct report_figures *f)
{
    json_t *o = json_pack("{s:I}", "total", (json_int_t)f->people.total);

    for (int i = 0; i < TARGET_STATE_COUNT; i++)
        json_object_set_new(o, target_state_name(i), json_integer(f->people.by_state[i]));
    return o;
}

static json_t *calls_json(const struct report_figures *f)
{
    json_t *by = json_object();

    for (int i = 1; i < DISPOSITION_COUNT; i++)
        json_object_set_new(by, disposition_name(i), json_integer(f->calls.by_disposition[i]));
    return json_pack("{s:I,s:o,s:I,s:I,s:f,s:I,s:f}", "total", (json_int_t)f->calls.calls,
                     "by_outcome", by, "answered", (json_int_t)f->answered, "pressed",
                     (json_int_t)f->pressed, "talk_s", (double)f->calls.talk_ms / 1000, "keys",
                     (json_int_t)f->calls.keys, "cost", f->calls.cost);
}

static json_t *hours_json(const struct report_figures *f)
{
    json_t *list = json_array();

    for (int d = 0; d < 7; d++)
        for (int h = 0; h < 24; h++)
            if (f->hours[d][h].calls)
                json_array_append_new(list,
                                      json_pack("{s:i,s:i,s:I,s:I}", "weekday", d, "hour", h,
                                                "calls", (json_int_t)f->hours[d][h].calls,
                                                "answered", (json_int_t)f->hours[d][h].answered));
    return list;
}

json_t *report_figures_json(const struct report_figures *f)
{
    json_t *nodes = json_array();

    for (int i = 0; i < f->node_count; i++)
        json_array_append_new(nodes, node_json(&f->nodes[i]));
    return json_pack(
        "{s:I,s:s,s:s,s:s,s:s,s:o,s:o,s:I,s:I,s:{s:f,s:f,s:f,s:f,s:f},s:o,s:o}", "campaign_id",
        (json_int_t)f->campaign.id, "name", f->campaign.name, "state",
        campaign_state_name(f->campaign.state), "time_zone", zone_name(f->zone), "currency",
        f->currency, "people", people_json(f), "calls", calls_json(f), "texts",
        (json_int_t)f->texts, "opt_outs", (json_int_t)f->opt_outs, "rates", "reached_percent",
        report_percent(f->people.by_state[TARGET_STATE_REACHED], f->people.total),
        "answered_percent", report_percent(f->answered, f->calls.calls), "pressed_percent",
        report_percent(f->pressed, f->answered), "text_percent",
        report_percent(f->texts, f->answered), "opt_out_percent",
        report_percent(f->opt_outs, f->answered), "hours", hours_json(f), "nodes", nodes);
}
