/* What the report's files share: each sheet is written once, into a CSV file or a workbook. */
#pragma once

#include "report/report.h"
#include "report/table.h"

/* 0 or what the store's reading failed with; what the table could not take is told at its end. */
typedef int (*report_sheet_fn)(struct store *s, int64_t campaign_id, struct table *w,
                               int64_t *rows);

int report_sheet_calls(struct store *s, int64_t campaign_id, struct table *w, int64_t *rows);
int report_sheet_contacts(struct store *s, int64_t campaign_id, struct table *w, int64_t *rows);
int report_sheet_texts(struct store *s, int64_t campaign_id, struct table *w, int64_t *rows);

/* rc of the reading; ends the table either way. */
int report_end(struct store *s, struct table *w, int rc, struct error *err);
int report_store_fault(struct store *s, int rc, struct error *err);
