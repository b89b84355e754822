/* A campaign of the store, ready to run: its content, its trunks, where its audio lies. */
#pragma once

#include "campaign/campaign.h"
#include "store/store.h"

/* One made in the service has its audio in data_dir/audio and names its trunks; one that `kolcast
 * run` made has its audio where that noted it. err says what is wrong. */
int campaign_open(struct store *s, int64_t id, const char *data_dir, struct campaign **out,
                  struct error *err);
/* All trunks of the store; at most LINE_TRUNKS_MAX. */
int campaign_all_trunks(struct store *s, struct line_trunk_config *trunks, unsigned *count);
