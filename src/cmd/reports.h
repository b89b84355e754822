/* Report files of a campaign, as `report` and `run` write them. */
#pragma once

#include <jansson.h>

#include "cmd/cmd.h"
#include "report/words.h"

enum reports_form { REPORTS_CSV = 1, REPORTS_XLSX = 2, REPORTS_PDF = 4 };

/* DIR/reports/campaign-N when out is NULL. CSV: writes calls.csv, contacts.csv, texts.csv and
 * summary.json into it; the others: report.xlsx, report.pdf. Tells which on standard output, or
 * adds them to json when it is not NULL. Returns an exit code. */
int reports_write(struct data *d, const struct store_campaign *c, unsigned forms,
                  enum report_language language, const char *out, json_t *json);
/* All figures and files in between are as of one moment: the campaign may be running. */
int reports_begin(struct data *d); /* returns an exit code */
void reports_end(struct data *d);
/* The figures for people, on standard output. */
int reports_print(struct data *d, const struct store_campaign *c);
