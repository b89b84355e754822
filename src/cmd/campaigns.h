/* What the commands that deal with campaigns share. */
#pragma once

#include <jansson.h>

#include "campaign/campaign.h"
#include "cmd/cmd.h"

/* By number or by name; prints what is wrong. Returns an exit code. */
int campaigns_find(struct data *d, const char *word, struct store_campaign *out);

json_t *campaigns_json(const struct store_campaign *c);
/* Adds "people" and "calls": counts by state and by outcome. */
void campaigns_json_figures(struct store *s, int64_t id, json_t *object);

int campaigns_why(struct data *d, const struct option_values *v, const struct store_campaign *c,
                  const char *number);
int campaigns_preflight(struct data *d, const struct store_campaign *c);
/* For a campaign that is loaded already; people read it on out. */
int campaigns_preflight_of(struct data *d, const struct store_campaign *stored,
                           const struct campaign *c, FILE *out);
/* The campaign as stored; its audio where run found it. The caller frees it. */
int campaigns_load(struct data *d, const struct store_campaign *stored, struct campaign **out);
/* Who did what, for the audit trail; a failure is told and nothing more. */
void campaigns_audit(struct data *d, int64_t id, const char *action, const char *detail);
/* Where a campaign came from is noted beside the store, for resume and for its audio. */
void campaigns_note(const struct data *d, int64_t id, const char *file, const char *audio);
/* what: "file" or "audio". "" when it is not known. Static buffer. */
const char *campaigns_noted(const struct data *d, int64_t id, const char *what);
/* Goes on with a campaign of the store, as kolcast run does. */
int campaigns_resume(struct option_values *v, const char *word);
