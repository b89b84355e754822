/* What the files that read a campaign share. */
#pragma once

#include "campaign/campaign.h"

/* read.c: fills c from the JSON object; base is the folder that flow_file and audio are relative
 * to. *flow: the flow's JSON, a new reference, to be put into the canonical text. */
int campaign_read(struct campaign *c, const struct json_at *at, const char *base, json_t **flow,
                  struct error *err);
/* read_trunk.c */
int campaign_read_trunks(struct campaign *c, const struct json_at *at, struct error *err);
