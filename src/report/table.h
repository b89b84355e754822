/* Writing tables: one interface, two back-ends. A CSV file that spreadsheets open rightly: UTF-8
 * with its mark (Hebrew), CRLF, quotes where needed. An Excel workbook with real numbers and times,
 * written row by row in bounded memory. Neither has a field from outside that a spreadsheet would
 * run as a formula. The file appears whole under its name, or not at all. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "phone/zone.h"

struct table;

/* CSV: one sheet only, times in ISO 8601 UTC. */
int table_open_csv(const char *path, struct table **out, struct error *err);
/* Excel: times are dates in this zone; a sheet that is full goes on in a further one ("Calls 2").
 * right_to_left: sheets read from the right. */
int table_open_xlsx(const char *path, zone_id zone, bool right_to_left, struct table **out,
                    struct error *err);

/* Begins a sheet with these column names (NULL-terminated; copied). CSV: once. */
void table_sheet(struct table *t, const char *name, const char *const *columns);
/* A further column's name from outside, straight after table_sheet and before the first row. */
void table_column(struct table *t, const char *name);

/* Text of ours: never changed. NULL writes an empty field. */
void table_text(struct table *t, const char *text);
/* Text from outside: one that begins like a formula gets an apostrophe in front (CSV), or is plain
 * text by its type (Excel). */
void table_outside(struct table *t, const char *text);
void table_int(struct table *t, int64_t value);
void table_real(struct table *t, double value, int decimals);
void table_time(struct table *t, int64_t wall_ms);   /* 0 writes an empty field */
void table_number(struct table *t, uint64_t number); /* a telephone's: +972501234567 */
void table_end_row(struct table *t);

/* Syncs and renames into place. Whatever failed on the way is told here; nothing is left then. */
int table_finish(struct table *t, struct error *err);
void table_abort(struct table *t); /* NULL-safe */
