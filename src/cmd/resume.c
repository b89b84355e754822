/* kolcast campaign resume: goes on with a campaign as it is in the store; its file is not needed,
 * its audio is looked for where run found it. */
#include <errno.h>
#include <stdlib.h>

#include "cmd/campaigns.h"
#include "cmd/running.h"

static int resume(struct running *r, const char *word)
{
    int rc = campaigns_find(&r->data, word, &r->stored);

    if (rc)
        return rc;
    if (r->stored.state == CAMPAIGN_STATE_CANCELLED)
        return cmd_error(-EINVAL, word, "kolcast run CAMPAIGN.json --again makes a new one",
                         "the campaign is cancelled, which is for good");
    rc = campaigns_load(&r->data, &r->stored, &r->campaign);
    if (rc == CMD_DONE)
        rc = running_apply(r);
    if (rc == CMD_DONE)
        rc = running_check_prompts(r);
    if (rc == CMD_DONE)
        rc = running_preflight(r);
    return rc ? rc : running_call(r);
}

int campaigns_resume(struct option_values *v, const char *word)
{
    struct running r = {
        .o = {.trunk = option_string(v, "trunk"),
              .ignore_windows = option_flag(v, "ignore-windows"),
              .no_wait = option_flag(v, "no-wait"),
              .quiet = option_flag(v, "quiet")},
        .data = {.lock_fd = -1},
    };
    int rc = data_open(&r.data, v, DATA_LOCK, "run");

    if (rc == CMD_DONE)
        rc = resume(&r, word);
    running_free(&r);
    return rc;
}
