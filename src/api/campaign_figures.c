/* How a campaign is doing, and what it would do: preflight, why, progress, people, steps, pace. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/campaigns.h"
#include "api/defaults.h"
#include "api/figures.h"
#include "base/clock.h"
#include "base/file.h"
#include "campaign/preflight.h"
#include "campaign/stored.h"
#include "campaign/why.h"
#include "flow/flow.h"
#include "handlers.h"

struct campaign *campaigns_open(struct api_call *c, int *rc)
{
    struct campaign *campaign = NULL;
    struct error err = {0};

    *rc = campaign_open(c->store, api_int(c, "id"), c->config->data_dir, &campaign, &err);
    if (*rc == -EINVAL)
        *rc = api_refuse(c, 409, "", err.remedy, "%s", err.message);
    return campaign;
}

json_t *campaigns_missing(const struct campaign *campaign)
{
    json_t *names = json_array();
    char path[900];

    for (int i = 0; i < flow_prompt_count(campaign->flow); i++) {
        const char *name = flow_prompt_name(campaign->flow, i);

        if (!file_join(campaign->folder, name, path, sizeof(path)) && access(path, F_OK))
            json_array_append_new(names, json_string(name));
    }
    return names;
}

/* ---- preflight ------------------------------------------------------------------------------ */

static json_t *preflight_json(const struct preflight *p, const struct campaign *campaign)
{
    struct store_target_counts counts = {.total = p->people};

    memcpy(counts.by_state, p->by_state, sizeof(counts.by_state));
    return json_pack(
        "{s:I, s:o, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:f, s:b, s:f, s:f, s:b, s:f, s:s, s:o}",
        "people", (json_int_t)p->people, "by_state", figures_by_state(&counts), "callable",
        (json_int_t)p->callable, "blacklisted", (json_int_t)p->blacklisted, "never_open",
        (json_int_t)p->never_open, "late", (json_int_t)p->late, "open_now", (json_int_t)p->open_now,
        "next_open", figures_time(p->next_open_ms), "finish", figures_time(p->finish_ms),
        "call_seconds", (double)p->call_ms / 1000, "call_measured", p->call_measured, "calls",
        p->calls, "answer_share", p->answer_share, "answer_measured", p->answer_measured, "cost",
        p->cost, "currency", campaign->currency, "prompts_missing", campaigns_missing(campaign));
}

int api_preflight_campaign(struct api_call *c)
{
    struct preflight p;
    int rc;
    struct campaign *campaign = campaigns_open(c, &rc);

    if (!campaign)
        return rc;
    rc = preflight(c->store, api_int(c, "id"), campaign, clock_wall_ms(c->config->clock), &p);
    if (!rc)
        rc = api_answer(c, 200, preflight_json(&p, campaign));
    campaign_free(campaign);
    return rc;
}

/* ---- why ------------------------------------------------------------------------------------ */

static json_t *person_of(struct api_call *c, uint64_t number)
{
    const struct store_filter of[] = {{.name = "campaign_id", .number = api_int(c, "id")},
                                      {.name = "number", .number = (int64_t)number}};
    json_t *person;

    return store_look(c->store, STORE_VIEW_PERSON, of, 2, &person) ? json_null() : person;
}

static json_t *entry_of(struct api_call *c, uint64_t number)
{
    const struct store_filter of = {.name = "exactly", .number = (int64_t)number};
    json_t *entry;

    return store_look(c->store, STORE_VIEW_BLACK, &of, 1, &entry) ? json_null() : entry;
}

int api_explain_person(struct api_call *c)
{
    struct campaign_why why;
    struct number number;
    int rc;
    struct campaign *campaign = campaigns_open(c, &rc);

    if (!campaign)
        return rc;
    if (defaults_number(c, api_text(c, "number"), campaign->region, "?number", &number)) {
        rc = campaign_why(c->store, api_int(c, "id"), campaign, number.key,
                          clock_wall_ms(c->config->clock), &why);
        if (!rc)
            rc = api_answer(c, 200,
                            json_pack("{s:s, s:b, s:o, s:s, s:o, s:o}", "number", number.e164,
                                      "will_call", why.will_call, "when", figures_time(why.when_ms),
                                      "answer", why.answer, "person", person_of(c, number.key),
                                      "blacklist_entry",
                                      why.black ? entry_of(c, number.key) : json_null()));
    }
    campaign_free(campaign);
    return rc;
}

/* ---- progress ------------------------------------------------------------------------------- */

int api_get_progress(struct api_call *c)
{
    int64_t id = api_int(c, "id");
    struct desk_view v;
    bool up = host_view(c->config->host, id, &v) == 0;
    json_t *progress;
    int rc = figures_progress(c->store, id, up ? &v : NULL, &progress);

    return rc ? rc : api_answer(c, 200, progress);
}

int api_get_figures(struct api_call *c)
{
    json_t *figures;
    int rc = figures_of_calls(c->store, api_int(c, "id"), &figures);

    return rc ? rc : api_answer(c, 200, figures);
}

/* ---- lists of a campaign -------------------------------------------------------------------- */

static bool there(struct api_call *c, int *rc)
{
    struct store_campaign campaign;

    *rc = store_campaign_get(c->store, api_int(c, "id"), &campaign);
    return !*rc;
}

int api_list_people(struct api_call *c)
{
    struct api_filters f = {0};
    int rc;

    if (!there(c, &rc))
        return rc;
    api_filter_number(&f, "campaign_id", api_int(c, "id"));
    for (int i = 0; api_has(c, "state") && i < TARGET_STATE_COUNT; i++)
        if (strcmp(target_state_name((enum target_state)i), api_text(c, "state")) == 0)
            api_filter_number(&f, "state", i);
    return api_page(c, STORE_VIEW_PERSON, &f, NULL);
}

int api_list_steps(struct api_call *c)
{
    struct api_filters f = {0};
    int rc;

    if (!there(c, &rc))
        return rc;
    api_filter_number(&f, "campaign_id", api_int(c, "id"));
    return api_all(c, STORE_VIEW_STEP, &f);
}

int api_list_pace_changes(struct api_call *c)
{
    struct api_filters f = {0};
    int rc;

    if (!there(c, &rc))
        return rc;
    api_filter_number(&f, "campaign_id", api_int(c, "id"));
    return api_page(c, STORE_VIEW_PACE, &f, NULL);
}
