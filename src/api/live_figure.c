#include "api/live_figure.h"

#include "api/api_priv.h"
#include "api/live.h"
#include "api/works.h"

struct sums {
    unsigned running, up, ringing;
    int64_t queue, calls, answered;
    uint64_t keys, opt_outs, texts;
    double cps;
};

static void add_view(struct sums *s, const struct desk_view *v)
{
    s->running++;
    s->up += v->calls_up;
    s->ringing += v->calls_ringing;
    s->queue += v->targets.by_state[TARGET_STATE_WAITING];
    s->calls += v->calls;
    s->answered += v->by_disposition[DISPOSITION_ANSWERED] + v->by_disposition[DISPOSITION_MACHINE];
    s->keys += v->keys;
    s->opt_outs += v->opt_outs;
    s->texts += v->texts;
    s->cps += v->cps_measured;
}

static double rate(double part, double of)
{
    return of > 0 ? part / of : 0;
}

static json_t *sums_json(const struct sums *s, struct api *api, unsigned readers)
{
    char at[25];
    int64_t works = works_waiting(api->works);

    clock_format_iso(clock_wall_ms(api->config.clock), at, sizeof(at));
    return json_pack(
        "{s:s, s:i, s:i, s:i, s:I, s:f, s:I, s:I, s:f, s:I, s:f, s:I, s:f, s:I, s:I,"
        " s:i}",
        "at", at, "campaigns_running", (int)s->running, "calls_up", (int)s->up, "calls_ringing",
        (int)s->ringing, "queue", (json_int_t)s->queue, "calls_per_second", s->cps, "calls",
        (json_int_t)s->calls, "answered", (json_int_t)s->answered, "answer_rate",
        rate((double)s->answered, (double)s->calls), "keys", (json_int_t)s->keys, "conversion_rate",
        rate((double)s->texts, (double)s->answered), "opt_outs", (json_int_t)s->opt_outs,
        "opt_out_rate", rate((double)s->opt_outs, (double)s->answered), "texts",
        (json_int_t)s->texts, "jobs", (json_int_t)works, "readers", (int)readers);
}

json_t *live_metrics(struct api *api)
{
    int64_t ids[HOST_CAMPAIGNS_MAX];
    unsigned count = host_running(api->config.host, ids);
    struct sums sums = {0};

    for (unsigned i = 0; i < count; i++) {
        struct desk_view v;

        if (host_view(api->config.host, ids[i], &v) == 0)
            add_view(&sums, &v);
    }
    return sums_json(&sums, api, api->live ? live_readers(api->live) : 0);
}

char *live_progress_text(int64_t id, const struct desk_view *v)
{
    json_t *people = json_object(), *by = json_object(), *all;
    char *text;

    for (int i = 0; i < TARGET_STATE_COUNT; i++)
        json_object_set_new(people, target_state_name((enum target_state)i),
                            json_integer(v->targets.by_state[i]));
    for (int i = 1; i < DISPOSITION_COUNT; i++)
        json_object_set_new(by, disposition_name((enum disposition)i),
                            json_integer(v->by_disposition[i]));
    all = json_pack("{s:s, s:I, s:s, s:s, s:o, s:I, s:o, s:i, s:i, s:I, s:I, s:I, s:f, s:f, s:f}",
                    "type", "campaign.progress", "campaign_id", (json_int_t)id, "state",
                    campaign_state_name(v->state), "note", v->note, "people", people, "calls",
                    (json_int_t)v->calls, "by_outcome", by, "calls_up", (int)v->calls_up,
                    "calls_ringing", (int)v->calls_ringing, "keys", (json_int_t)v->keys, "opt_outs",
                    (json_int_t)v->opt_outs, "texts", (json_int_t)v->texts, "pace_now", v->cps_now,
                    "pace_cap", v->cps_cap, "pace_measured", v->cps_measured);
    text = all ? json_dumps(all, JSON_COMPACT) : NULL;
    json_decref(all);
    return text;
}

char *live_metrics_text(struct api *api)
{
    json_t *metrics = live_metrics(api);
    char *text;

    json_object_set_new(metrics, "type", json_string("metrics"));
    text = json_dumps(metrics, JSON_COMPACT);
    json_decref(metrics);
    return text;
}
