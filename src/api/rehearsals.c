/* Rehearsals: campaign/rehearsal.c runs them, on a store of their own. */
#include <errno.h>

#include "api/call.h"
#include "api/figures.h"
#include "campaign/rehearsal.h"
#include "campaign/stored.h"
#include "handlers.h"

enum { CALLS_SHOWN = 50, PEOPLE_USUAL = 100 };

static int add_calls(struct store *s, int64_t id, json_t *to)
{
    const struct store_filter of = {.name = "campaign_id", .number = id};
    struct store_page page = {.limit = CALLS_SHOWN};
    json_t *items = json_array();
    int rc = store_browse(s, STORE_VIEW_CALL, &of, 1, &page, items);

    json_object_set_new(to, "calls", items);
    return rc;
}

/* What is in its store; as long as there is nothing, null. */
static int add_content(const struct rehearsal_view *v, struct store *s, int64_t id, json_t *to)
{
    json_t *progress = json_null(), *figures = json_null();
    int rc = s ? figures_progress(s, id, v->state == REHEARSAL_RUNNING ? &v->desk : NULL, &progress)
               : -ENOENT;

    if (!rc)
        rc = figures_of_calls(s, id, &figures);
    json_object_set_new(to, "progress", progress);
    json_object_set_new(to, "figures", figures);
    if (!rc)
        rc = add_calls(s, id, to);
    if (rc == -ENOENT)
        rc = json_object_set_new(to, "calls", json_array());
    return rc;
}

static int show(void *arg, const struct rehearsal_view *v, struct store *s, int64_t id)
{
    struct api_call *c = arg;
    json_t *to = json_pack("{s:s, s:i, s:o, s:o, s:s*}", "state", rehearsal_state_name(v->state),
                           "people", (int)v->people, "started", figures_time(v->started_ms),
                           "ended", figures_time(v->ended_ms), "error",
                           v->state == REHEARSAL_FAILED ? v->error : NULL);
    int rc = add_content(v, s, id, to);

    if (rc) {
        json_decref(to);
        return rc;
    }
    return api_answer(c, c->op->method[0] == 'P' ? 202 : 200, to);
}

int api_get_rehearsal(struct api_call *c)
{
    return rehearsals_read(c->config->rehearsals, api_int(c, "id"), show, c);
}

int api_start_rehearsal(struct api_call *c)
{
    struct campaign *campaign = NULL;
    struct error err = {0};
    int64_t id = api_int(c, "id");
    int rc = campaign_open(c->store, id, c->config->data_dir, &campaign, &err);

    if (rc == -ENOENT)
        return rc;
    if (!rc)
        rc = rehearsals_start(c->config->rehearsals, id, campaign,
                              (unsigned)api_body_int(c, "people", PEOPLE_USUAL), &err);
    campaign_free(campaign);
    if (rc == -EALREADY || rc == -EBUSY || rc == -EINVAL)
        return api_refuse(c, 409, "", err.remedy, "%s", err.message);
    if (!rc)
        rc = rehearsals_read(c->config->rehearsals, id, show, c);
    api_object(c, "campaign %lld", (long long)id);
    return rc ? rc : api_changed(c);
}

int api_stop_rehearsal(struct api_call *c)
{
    int rc = rehearsals_stop(c->config->rehearsals, api_int(c, "id"));

    api_object(c, "campaign %lld", (long long)api_int(c, "id"));
    return rc ? rc : (api_answer(c, 204, NULL), api_changed(c));
}
