/* Reports of a campaign. As CSV: one row for each call (calls.csv), one for each person with what
 * became of them (contacts.csv), one for each text (texts.csv). Read from the store alone, so they
 * can be made again at any time. The columns are documented by their headers and never reordered;
 * new ones come at the end. */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "report/words.h"
#include "store/store.h"

/* Each writes one file, whole or not at all; *rows is how many it has below the header. */
int report_calls(struct store *s, int64_t campaign_id, const char *path, int64_t *rows,
                 struct error *err);
int report_contacts(struct store *s, int64_t campaign_id, const char *path, int64_t *rows,
                    struct error *err);
int report_texts(struct store *s, int64_t campaign_id, const char *path, int64_t *rows,
                 struct error *err);

/* All of it in one Excel workbook, with a summary; times in the campaign's zone. */
int report_workbook(struct store *s, int64_t campaign_id, enum report_language language,
                    const char *path, int64_t *rows, struct error *err);
/* The figures with charts, for people, on A4. now_ms: when it is made. */
int report_pdf(struct store *s, int64_t campaign_id, enum report_language language, int64_t now_ms,
               const char *path, struct error *err);

/* Campaigns side by side: a row for each figure, a column for each campaign, as CSV. At most
 * REPORT_COMPARE_MAX. */
enum { REPORT_COMPARE_MAX = 16 };
int report_compare(struct store *s, const int64_t *campaign_ids, int count, const char *path,
                   struct error *err);

/* The keys of a call record's trace as one text, "1" or "2 1"; "" when none. Returns buf. */
const char *report_keys(const char *trace_json, char *buf, unsigned size);
