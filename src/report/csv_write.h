/* Writing CSV that spreadsheets open rightly: UTF-8 with its mark (Hebrew), CRLF, quotes where
 * needed, and no field from outside that a spreadsheet would run as a formula. The file appears
 * whole under its name, or not at all. */
#pragma once

#include <stdint.h>

#include "base/error.h"

struct csv_writer;

int csv_writer_open(const char *path, struct csv_writer **out, struct error *err);
/* Text of ours: quoted where needed, never changed. NULL writes an empty field. */
void csv_text(struct csv_writer *w, const char *text);
/* Text from outside: one that begins like a formula gets an apostrophe in front. */
void csv_outside(struct csv_writer *w, const char *text);
void csv_int(struct csv_writer *w, int64_t value);
void csv_real(struct csv_writer *w, double value, int decimals);
void csv_time(struct csv_writer *w, int64_t wall_ms);   /* ISO 8601 UTC; 0 writes an empty field */
void csv_number(struct csv_writer *w, uint64_t number); /* +972501234567 */
void csv_end_row(struct csv_writer *w);
/* Syncs and renames into place. Whatever failed on the way is told here; nothing is left then. */
int csv_writer_finish(struct csv_writer *w, struct error *err);
void csv_writer_abort(struct csv_writer *w); /* NULL-safe */
