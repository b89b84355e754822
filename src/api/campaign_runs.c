/* Campaigns started and stopped: campaign/runs.c decides and stores. */
#include <errno.h>
#include <stdio.h>

#include "api/campaigns.h"
#include "handlers.h"

static int refuse(struct api_call *c, int rc, const struct error *err)
{
    switch (rc) {
    case -ENOENT:
        /* Of the campaign itself, else of what it needs. */
        return err->remedy[0] ? api_refuse(c, 409, "", err->remedy, "%s", err->message)
                              : api_missing(c);
    case -EPERM:
    case -EBUSY:
    case -EINVAL:
    case -ENODEV:
    case -EALREADY:
    case -EADDRINUSE:
    case -EADDRNOTAVAIL:
    case -EHOSTUNREACH:
        return api_refuse(c, 409, "", err->remedy, "%s", err->message);
    case -ESHUTDOWN:
        return api_refuse(c, 503, "", err->remedy, "%s", err->message);
    default:
        return rc;
    }
}

/* The decision is stored; its line in the audit and the kept answer follow. */
static int after(struct api_call *c, int rc, const struct error *err)
{
    if (rc)
        return refuse(c, rc, err);
    rc = campaigns_answer(c, c->store, api_int(c, "id"), 200);
    return rc ? rc : api_changed(c);
}

/* False: *rc, or answered with each recording that is not there. */
static bool recordings_there(struct api_call *c, int *rc)
{
    struct campaign *campaign = campaigns_open(c, rc);
    json_t *missing = campaign ? campaigns_missing(campaign) : NULL, *name;
    size_t i;

    json_array_foreach(missing, i, name)
    {
        char remedy[SCHEMA_WORDS_MAX];

        snprintf(remedy, sizeof(remedy), "upload it with POST /api/audio?name=%s",
                 json_string_value(name));
        schema_fault(&c->faults, "", remedy, "the recording %s is not there",
                     json_string_value(name));
    }
    if (c->faults.count)
        api_refuse_faults(c, 409);
    json_decref(missing);
    campaign_free(campaign);
    return campaign && !c->faults.count;
}

int api_start_campaign(struct api_call *c)
{
    struct error err = {0};
    int rc;

    if (!recordings_there(c, &rc))
        return rc;
    return after(c, runs_start(c->config->runs, c->store, api_int(c, "id"), c->trace, &err), &err);
}

int api_resume_campaign(struct api_call *c)
{
    struct store_campaign campaign;
    int rc = store_campaign_get(c->store, api_int(c, "id"), &campaign);

    if (rc)
        return rc;
    if (campaign.state != CAMPAIGN_STATE_PAUSED && campaign.state != CAMPAIGN_STATE_RUNNING)
        return api_refuse(c, 409, "", "start it", "a campaign that is %s cannot be resumed",
                          campaign_state_name(campaign.state));
    return api_start_campaign(c);
}

int api_pause_campaign(struct api_call *c)
{
    struct error err = {0};

    return after(
        c,
        runs_pause(c->config->runs, c->store, api_int(c, "id"), api_body_flag(c, "hang_up"), &err),
        &err);
}

int api_cancel_campaign(struct api_call *c)
{
    struct error err = {0};

    return after(
        c,
        runs_cancel(c->config->runs, c->store, api_int(c, "id"), api_body_flag(c, "hang_up"), &err),
        &err);
}
