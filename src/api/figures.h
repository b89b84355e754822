/* A campaign's figures as the API shows them. */
#pragma once

#include <jansson.h>

#include "store/store.h"

struct campaign_figures {
    struct store_target_counts targets;
    struct store_call_totals calls;
    int64_t reached, answered, texts, opt_outs;
};

int figures_read(struct store *s, int64_t campaign_id, struct campaign_figures *out);
json_t *figures_by_state(const struct store_target_counts *t);
json_t *figures_by_outcome(const struct store_call_totals *t);
