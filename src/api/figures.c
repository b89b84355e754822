#include "api/figures.h"

#include <errno.h>

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
