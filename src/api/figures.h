/* A campaign's figures as the API shows them. */
#pragma once

#include <jansson.h>

#include "campaign/desk.h"
#include "store/store.h"

struct campaign_figures {
    struct store_target_counts targets;
    struct store_call_totals calls;
    int64_t reached, answered, texts, opt_outs;
};

int figures_read(struct store *s, int64_t campaign_id, struct campaign_figures *out);
json_t *figures_by_state(const struct store_target_counts *t);
json_t *figures_by_outcome(const struct store_call_totals *t);
/* How far a campaign is, as the contract's Progress; v: of its desk, NULL while it does not run. */
int figures_progress(struct store *s, int64_t campaign_id, const struct desk_view *v, json_t **out);
/* The report's figures. */
int figures_of_calls(struct store *s, int64_t campaign_id, json_t **out);
json_t *figures_time(int64_t ms); /* null when there is none */
