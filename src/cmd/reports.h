/* Report files of a campaign, as `report` and `run` write them. */
#pragma once

#include <jansson.h>

#include "cmd/cmd.h"

/* DIR/reports/campaign-N when out is NULL. Writes calls.csv, contacts.csv, texts.csv and
 * summary.json into it; tells which on standard output, or adds them to json when it is not NULL.
 * Returns an exit code. */
int reports_write(struct data *d, const struct store_campaign *c, const char *out, json_t *json);
/* The figures for people, on standard output. */
int reports_print(struct data *d, const struct store_campaign *c);
