/* Reports of a campaign as CSV: one row for each call (calls.csv), one for each person with what
 * became of them (contacts.csv), one for each text (texts.csv). Read from the store alone, so they
 * can be made again at any time. The columns are documented by their headers and never reordered;
 * new ones come at the end. */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "store/store.h"

/* Each writes one file, whole or not at all; *rows is how many it has below the header. */
int report_calls(struct store *s, int64_t campaign_id, const char *path, int64_t *rows,
                 struct error *err);
int report_contacts(struct store *s, int64_t campaign_id, const char *path, int64_t *rows,
                    struct error *err);
int report_texts(struct store *s, int64_t campaign_id, const char *path, int64_t *rows,
                 struct error *err);

/* The keys of a call record's trace as one text, "1" or "2 1"; "" when none. Returns buf. */
const char *report_keys(const char *trace_json, char *buf, unsigned size);
