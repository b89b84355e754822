/* What came of it: calls, messages, campaigns side by side. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/call.h"
#include "api/figures.h"
#include "handlers.h"
#include "report/figures.h"
#include "report/report.h"

static void filter_outcome(struct api_filters *f, const struct api_call *c)
{
    if (api_has(c, "outcome"))
        api_filter_number(f, "outcome", disposition_from_name(api_text(c, "outcome")));
}

int api_list_calls(struct api_call *c)
{
    struct api_filters f = {0};

    api_filter_ints(&f, c, "campaign_id");
    if (api_has(c, "number"))
        api_filter_number(&f, "number", (int64_t)api_number(c, "number"));
    filter_outcome(&f, c);
    api_filter_times(&f, c);
    return api_page(c, STORE_VIEW_CALL, &f, NULL);
}

static int collect(void *arg, const json_t *one)
{
    return json_array_append(arg, (json_t *)one) ? -ENOMEM : 0;
}

int api_get_call(struct api_call *c)
{
    const struct store_filter of = {.name = "call_id", .number = api_int(c, "id")};
    json_t *messages;
    int rc = api_one(c, STORE_VIEW_CALL_DETAIL, false);

    if (rc)
        return rc;
    messages = json_array();
    rc = store_show_all(c->store, STORE_VIEW_MESSAGE, &of, 1, collect, messages);
    json_object_set_new(c->answer, "messages", messages);
    return rc;
}

int api_list_messages(struct api_call *c)
{
    struct api_filters f = {0};

    api_filter_ints(&f, c, "campaign_id");
    if (api_has(c, "number"))
        api_filter_number(&f, "number", (int64_t)api_number(c, "number"));
    api_filter_texts(&f, c, "state");
    api_filter_times(&f, c);
    return api_page(c, STORE_VIEW_MESSAGE, &f, NULL);
}

int api_get_message(struct api_call *c)
{
    return api_one(c, STORE_VIEW_MESSAGE, false);
}

/* ---- comparison ----------------------------------------------------------------------------- */

static double rate(int64_t part, int64_t of)
{
    return of > 0 ? (double)part / (double)of : 0;
}

static json_t *side_json(const json_t *campaign, const struct report_figures *f)
{
    static const char *const kept[] = {"id",    "name",   "state",  "started",
                                       "ended", "people", "reached"};
    int64_t reached = f->people.by_state[TARGET_STATE_REACHED];
    json_t *one = json_pack(
        "{s:I, s:I, s:f, s:I, s:f, s:I, s:f, s:I, s:f, s:f, s:o, s:o}", "calls",
        (json_int_t)f->calls.calls, "answered", (json_int_t)f->answered, "answer_rate",
        rate(f->answered, f->calls.calls), "pressed", (json_int_t)f->pressed, "pressed_rate",
        rate(f->pressed, f->answered), "opt_outs", (json_int_t)f->opt_outs, "opt_out_rate",
        rate(f->opt_outs, f->answered), "texts", (json_int_t)f->texts, "talk_seconds",
        (double)f->calls.talk_ms / 1000, "cost", f->calls.cost, "cost_per_reached",
        reached ? json_real(f->calls.cost / (double)reached) : json_null(), "by_outcome",
        figures_by_outcome(&f->calls));

    for (size_t i = 0; one && i < sizeof(kept) / sizeof(kept[0]); i++)
        json_object_set(one, kept[i], json_object_get(campaign, kept[i]));
    return one;
}

static int add_side(struct api_call *c, const json_t *campaign, json_t *items)
{
    struct report_figures *f;
    struct error err = {0};
    int rc =
        report_figures(c->store, json_integer_value(json_object_get(campaign, "id")), &f, &err);

    if (rc)
        return rc;
    rc = json_array_append_new(items, side_json(campaign, f)) ? -ENOMEM : 0;
    free(f);
    return rc;
}

static int add_named(struct api_call *c, json_t *campaigns)
{
    char *end = NULL;

    for (const char *p = api_text(c, "campaigns"); p && *p; p = *end == ',' ? end + 1 : end) {
        const struct store_filter f = {.name = "id", .number = strtoll(p, &end, 10)};
        json_t *one;
        int rc = store_look(c->store, STORE_VIEW_CAMPAIGN_ITEM, &f, 1, &one);

        if (rc == -ENOENT)
            return api_refuse(c, 404, "?campaigns", "GET /api/campaigns lists them",
                              "there is no campaign %lld", (long long)f.number);
        if (rc)
            return rc;
        json_array_append_new(campaigns, one);
    }
    return 0;
}

static int add_dated(struct api_call *c, json_t *campaigns)
{
    struct store_page page = {.limit = REPORT_COMPARE_MAX, .sort = "started"};
    struct api_filters f = {0};

    api_filter_times(&f, c);
    if (f.count == 0)
        return api_refuse(c, 422, "?campaigns",
                          "for example campaigns=1,2 or from=2026-01-01T00:00:00Z",
                          "say which campaigns, or from when until when");
    if (!api_has(c, "from"))
        api_filter_number(&f, "from", 1); /* has started */
    return store_browse(c->store, STORE_VIEW_CAMPAIGN_ITEM, f.list, f.count, &page, campaigns);
}

int api_compare_campaigns(struct api_call *c)
{
    json_t *campaigns = json_array(), *items;
    int rc = api_has(c, "campaigns") ? add_named(c, campaigns) : add_dated(c, campaigns);
    size_t i;

    if (rc || c->status) {
        json_decref(campaigns);
        return rc;
    }
    items = json_array();
    for (i = 0; !rc && i < json_array_size(campaigns); i++)
        rc = add_side(c, json_array_get(campaigns, i), items);
    json_decref(campaigns);
    if (rc) {
        json_decref(items);
        return rc;
    }
    return api_answer(c, 200, json_pack("{s:o}", "items", items));
}
