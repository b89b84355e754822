/* Campaigns started and stopped: campaign/runs.c decides and stores. */
#include <errno.h>

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

int api_start_campaign(struct api_call *c)
{
    struct error err = {0};

    return after(c, runs_start(c->config->runs, c->store, api_int(c, "id"), c->trace, &err), &err);
}

int api_resume_campaign(struct api_call *c)
{
    struct store_campaign campaign;
    struct error err = {0};
    int rc = store_campaign_get(c->store, api_int(c, "id"), &campaign);

    if (rc)
        return rc;
    if (campaign.state != CAMPAIGN_STATE_PAUSED && campaign.state != CAMPAIGN_STATE_RUNNING)
        return api_refuse(c, 409, "", "start it", "a campaign that is %s cannot be resumed",
                          campaign_state_name(campaign.state));
    return after(c, runs_start(c->config->runs, c->store, campaign.id, c->trace, &err), &err);
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
