#include "api/figures.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "report/figures.h"
#include "store/browse.h"

int figures_read(struct store *s, int64_t campaign_id, struct campaign_figures *out)
{
    json_t *more;
    int rc = store_target_counts(s, campaign_id, &out->targets);

    if (!rc)
        rc = store_call_totals(s, campaign_id, &out->calls);
    if (!rc)
        rc = store_look_id(s, STORE_VIEW_CAMPAIGN_SIDE, campaign_id, &more);
    if (rc)
        return rc;
    out->reached = out->targets.by_state[TARGET_STATE_REACHED];
    out->answered = out->calls.by_disposition[DISPOSITION_ANSWERED] +
                    out->calls.by_disposition[DISPOSITION_MACHINE];
    out->texts = json_integer_value(json_object_get(more, "texts"));
    out->opt_outs = json_integer_value(json_object_get(more, "opt_outs"));
    json_decref(more);
    return 0;
}

json_t *figures_by_state(const struct store_target_counts *t)
{
    json_t *by = json_object();

    for (int i = 0; i < TARGET_STATE_COUNT; i++)
        json_object_set_new(by, target_state_name((enum target_state)i),
                            json_integer(t->by_state[i]));
    return by;
}

json_t *figures_by_outcome(const struct store_call_totals *t)
{
    json_t *by = json_object();

    for (int i = 1; i < DISPOSITION_COUNT; i++)
        json_object_set_new(by, disposition_name((enum disposition)i),
                            json_integer(t->by_disposition[i]));
    return by;
}

json_t *figures_time(int64_t ms)
{
    char text[25];

    return ms > 0 ? json_string(clock_format_iso(ms, text, sizeof(text))) : json_null();
}

int figures_progress(struct store *s, int64_t campaign_id, const struct desk_view *v, json_t **out)
{
    static const struct desk_view idle;
    struct store_campaign campaign;
    struct campaign_figures f;
    json_t *progress;
    int rc = store_campaign_get(s, campaign_id, &campaign);
    bool up = v != NULL;

    if (!rc)
        rc = figures_read(s, campaign_id, &f);
    if (rc)
        return rc;
    v = up ? v : &idle;
    progress =
        json_pack("{s:s, s:s, s:o, s:I, s:o, s:i, s:i, s:I, s:I, s:I, s:f, s:f}", "state",
                  campaign_state_name(campaign.state), "note", up ? v->note : campaign.state_reason,
                  "people", figures_by_state(&f.targets), "calls", (json_int_t)f.calls.calls,
                  "by_outcome", figures_by_outcome(&f.calls), "calls_up", (int)v->calls_up,
                  "calls_ringing", (int)v->calls_ringing, "keys", (json_int_t)f.calls.keys,
                  "opt_outs", (json_int_t)f.opt_outs, "texts", (json_int_t)f.texts, "talk_seconds",
                  (double)f.calls.talk_ms / 1000, "cost", f.calls.cost);
    if (!progress)
        return -ENOMEM;
    json_object_set_new(progress, "pace_now", json_real(v->cps_now));
    json_object_set_new(progress, "pace_cap", json_real(v->cps_cap));
    json_object_set_new(progress, "pace_measured", json_real(v->cps_measured));
    json_object_set_new(progress, "pace_reason", json_string(v->pace_reason));
    json_object_set_new(progress, "finish", figures_time(v->finish_ms));
    json_object_set_new(progress, "next_open", figures_time(v->next_open_ms));
    *out = progress;
    return 0;
}

int figures_of_calls(struct store *s, int64_t campaign_id, json_t **out)
{
    struct report_figures *f;
    struct error err = {0};
    int rc = report_figures(s, campaign_id, &f, &err);

    if (rc)
        return rc;
    *out = report_figures_json(f);
    free(f);
    return *out ? 0 : -ENOMEM;
}
