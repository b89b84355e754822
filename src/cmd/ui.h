/* The terminal: colours, tables, progress lines, JSON. Belongs to the main thread. One for the
 * process, as the terminal is. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct option_values;

struct ui {
    bool json;                   /* results as JSON on standard output */
    bool colour_out, colour_err; /* a terminal, and not unwanted */
    bool live;                   /* standard error is a terminal that may be redrawn */
};

extern struct ui ui; /* set once by ui_start */

void ui_start(bool json, bool plain);

enum ui_style { UI_PLAIN, UI_BOLD, UI_DIM, UI_GOOD, UI_WARN, UI_BAD, UI_ACCENT };
/* The escape that starts a style, "" without colour. End with UI_PLAIN. */
const char *ui_err(enum ui_style style);
const char *ui_out(enum ui_style style);

/* A remark on standard error; nothing with --json. */
__attribute__((format(printf, 1, 2))) void ui_note(const char *format, ...);
__attribute__((format(printf, 1, 2))) void ui_warn(const char *format, ...);

/* Prints (and releases) a value as one JSON line on standard output. Returns 0 or -EIO. */
int ui_json(json_t *value);
/* Adds a value to an object; a NULL value becomes null. */
void ui_json_set(json_t *object, const char *key, json_t *value);
json_t *ui_json_time(int64_t wall_ms);      /* ISO text, null for 0 */
json_t *ui_json_text(const char *embedded); /* JSON text kept in the store, as a value */

/* 12345678 as "12,345,678". Rotating static buffers: up to eight in one printf. */
const char *ui_count(int64_t n);
const char *ui_span(int64_t ms);       /* "3 s", "2 min 10 s", "1 h 5 min" */
const char *ui_local_time(int64_t ms); /* "2026-11-24 21:05" in the machine's zone, "-" for 0 */
const char *ui_bytes(uint64_t n);      /* "4.2 MB" */
const char *ui_bar(double share, int width); /* "████░░░" (UTF-8), clamped to 0 … 1 */
int ui_columns(const char *utf8);            /* terminal columns it takes */
void ui_pad(FILE *out, const char *utf8, int width); /* left-aligned; too long is cut with … */

/* A line that is redrawn in place on standard error, at most ten times a second; on a pipe a plain
 * line every few seconds. */
struct ui_progress {
    int64_t next_us, started_us;
    bool shown;
};
bool ui_progress_due(struct ui_progress *p);
void ui_progress_line(struct ui_progress *p, const char *line);
void ui_progress_end(struct ui_progress *p); /* clears the line */
