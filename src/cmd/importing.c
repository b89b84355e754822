#include "cmd/importing.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "base/clock.h"
#include "cmd/ui.h"

static volatile sig_atomic_t interrupted;

static void on_signal(int sig)
{
    (void)sig;
    interrupted = 1;
}

static int show_progress(void *arg, const struct import_progress *p)
{
    struct ui_progress *display = arg;
    double share = p->total ? (double)p->done / (double)p->total : 0;
    int64_t spent = clock_mono_us(&clock_system) - display->started_us;
    char line[320];

    if (interrupted)
        return 1;
    if (!ui_progress_due(display))
        return 0;
    if (p->storing)
        snprintf(line, sizeof(line), "all is read; putting %s rows into the list …",
                 ui_count(p->rows));
    else
        snprintf(line, sizeof(line), "reading %s %3.0f%%  %s rows%s%s", ui_bar(share, 24),
                 share * 100, ui_count(p->rows), share > 0.02 ? ", " : "",
                 share > 0.02 ? ui_span((int64_t)((double)spent / share * (1 - share) / 1000))
                              : "");
    ui_progress_line(display, line);
    return 0;
}

int importing_file(struct data *d, const char *path, struct import_options *o,
                   struct import_summary *out)
{
    struct ui_progress progress = {0};
    struct sigaction stop = {.sa_handler = on_signal}, old_int, old_term;
    struct error err = {0};
    int rc;

    interrupted = 0;
    o->progress = show_progress;
    o->arg = &progress;
    sigaction(SIGINT, &stop, &old_int);
    sigaction(SIGTERM, &stop, &old_term);
    rc = import_file(d->store, path, o, out, &err);
    sigaction(SIGINT, &old_int, NULL);
    sigaction(SIGTERM, &old_term, NULL);
    ui_progress_end(&progress);
    if (rc == -ECANCELED) {
        struct error stopped = {0};

        error_set(&stopped, rc, path, "run it again to import it", "stopped: nothing was imported");
        return cmd_fail_as(&stopped, CMD_INTERRUPTED);
    }
    if (rc && !err.code)
        return cmd_store_error(d->store, rc, "import");
    return rc ? cmd_fail(&err) : CMD_DONE;
}

static void print_reason(void *arg, const char *reason, int64_t count, int64_t first_row)
{
    (void)arg;
    fprintf(stderr, "      %10s  %s (first in row %s)\n", ui_count(count), reason,
            ui_count(first_row));
}

static void row(const char *what, int64_t n, const char *words)
{
    if (n)
        fprintf(stderr, "  %-10s%10s  %s\n", what, ui_count(n), words);
}

static void print_source(const struct import_summary *s)
{
    const char *separator = s->separator == '\t'  ? "tab"
                            : s->separator == ';' ? "semicolon"
                                                  : "comma";

    if (s->encoding[0])
        fprintf(stderr, "  read as   %s, separated by %s\n", s->encoding, separator);
    if (s->sheets > 1)
        fprintf(stderr, "  sheet     \"%s\"%s, one of %d (choose with --sheet)\n", s->sheet,
                s->sheet_hidden ? ", which is hidden" : "", s->sheets);
    fprintf(stderr, "  columns   %s\n", s->columns);
}

/* Worth a word only where it is not the same for all. */
static void print_zones(const struct import_summary *s)
{
    row("zones", s->zone_column, "people with the time zone of their column");
    row("zones", s->zone_unsure,
        "numbers that may be in several time zones: the one with most people is taken");
    row("zones", s->zone_none, "people whose time zone is that of --zone, or the campaign's");
}

static void print_oddities(const struct import_summary *s)
{
    row("mended", s->repaired, "numbers that a spreadsheet or a hand had spoiled");
    row("empty", s->empty, "rows passed over");
    row("hidden", s->hidden,
        s->hidden_skipped
            ? "rows that are hidden in the sheet, left out as told"
            : "rows that are hidden in the sheet, taken all the same (--skip-hidden)");
    print_zones(s);
}

void importing_print(struct data *d, const struct import_summary *s, const char *rejected_path)
{
    const struct store_import *i = &s->import;

    if (ui.json)
        return;
    fprintf(stderr, "%s%s%s: import %lld, %s rows\n", ui_err(UI_BOLD), i->file, ui_err(UI_PLAIN),
            (long long)i->id, ui_count(i->rows));
    print_source(s);
    fprintf(stderr, "  %saccepted  %10s%s\n", ui_err(UI_GOOD), ui_count(i->accepted),
            ui_err(UI_PLAIN));
    row("merged", i->merged, "the same number again");
    print_oddities(s);
    if (i->rejected) {
        fprintf(stderr, "  %srejected  %10s%s%s%s\n", ui_err(UI_WARN), ui_count(i->rejected),
                ui_err(UI_PLAIN), rejected_path ? "  mend and import again: " : "",
                rejected_path ? rejected_path : "");
        store_import_reasons(d->store, i->id, print_reason, NULL);
    }
}

static void add_reason(void *arg, const char *reason, int64_t count, int64_t first_row)
{
    json_array_append_new(arg, json_pack("{s:s,s:I,s:I}", "reason", reason, "count",
                                         (json_int_t)count, "first_row", (json_int_t)first_row));
}

/* {"phone": ["נייד", "טלפון"], "name": "שם"} */
static json_t *columns_json(const struct headers *h)
{
    json_t *columns = json_object(), *phones = json_array();

    for (int i = 0; i < h->phone_count; i++)
        json_array_append_new(phones, json_string(h->title[h->phones[i]]));
    ui_json_set(columns, "phone", phones);
    for (int f = FIELD_PHONE + 1; f < FIELD_COUNT; f++)
        if (h->column[f] >= 0)
            ui_json_set(columns, field_name((enum field)f), json_string(h->title[h->column[f]]));
    return columns;
}

static json_t *kept_json(const struct headers *h)
{
    json_t *kept = json_array();

    for (int i = 0; i < h->columns; i++)
        if (!h->remark[i] && h->title[i][0] && !headers_is_field(h, i))
            json_array_append_new(kept, json_string(h->title[i]));
    return kept;
}

json_t *importing_json(struct data *d, const struct import_summary *s, const char *rejected_path)
{
    const struct store_import *i = &s->import;
    json_t *reasons = json_array(), *out;
    char separator[2] = {s->separator, '\0'};

    if (i->rejected)
        store_import_reasons(d->store, i->id, add_reason, reasons);
    out = json_pack("{s:I,s:s,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:o,s:o,s:o}", "import",
                    (json_int_t)i->id, "file", i->file, "rows", (json_int_t)i->rows, "accepted",
                    (json_int_t)i->accepted, "merged", (json_int_t)i->merged, "rejected",
                    (json_int_t)i->rejected, "repaired", (json_int_t)s->repaired, "empty",
                    (json_int_t)s->empty, "hidden", (json_int_t)s->hidden, "columns",
                    columns_json(&s->headers), "kept", kept_json(&s->headers), "reasons", reasons);
    ui_json_set(out, "zones",
                json_pack("{s:I,s:I,s:I,s:I}", "column", (json_int_t)s->zone_column, "number",
                          (json_int_t)s->zone_number, "unsure", (json_int_t)s->zone_unsure, "none",
                          (json_int_t)s->zone_none));
    ui_json_set(out, "sheet", s->sheets ? json_string(s->sheet) : NULL);
    ui_json_set(out, "sheets", json_integer(s->sheets));
    ui_json_set(out, "encoding", s->encoding[0] ? json_string(s->encoding) : NULL);
    ui_json_set(out, "separator", separator[0] ? json_string(separator) : NULL);
    ui_json_set(out, "rejected_file",
                i->rejected && rejected_path ? json_string(rejected_path) : NULL);
    return out;
}
