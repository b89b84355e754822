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

static int show_progress(void *arg, uint64_t done, uint64_t total, int64_t rows)
{
    struct ui_progress *p = arg;
    double share = total ? (double)done / (double)total : 0;
    int64_t spent = clock_mono_us(&clock_system) - p->started_us;
    char line[320];

    if (interrupted)
        return 1;
    if (!ui_progress_due(p))
        return 0;
    snprintf(line, sizeof(line), "reading %s %3.0f%%  %s rows%s%s", ui_bar(share, 24), share * 100,
             ui_count(rows), share > 0.02 ? ", " : "",
             share > 0.02 ? ui_span((int64_t)((double)spent / share * (1 - share) / 1000)) : "");
    ui_progress_line(p, line);
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
    fprintf(stderr, "    %8s  %s (first in row %s)\n", ui_count(count), reason,
            ui_count(first_row));
}

static void print_oddities(const struct import_summary *s)
{
    if (s->repaired)
        fprintf(stderr, "  mended    %8s  numbers that a spreadsheet or a hand had spoiled\n",
                ui_count(s->repaired));
    if (s->empty)
        fprintf(stderr, "  empty     %8s  rows passed over\n", ui_count(s->empty));
    if (s->hidden)
        fprintf(stderr, "  hidden    %8s  rows hidden in the sheet\n", ui_count(s->hidden));
    if (s->sheets > 1)
        fprintf(stderr, "  sheet               \"%s\", one of %d (choose with --sheet)\n", s->sheet,
                s->sheets);
}

void importing_print(struct data *d, const struct import_summary *s, const char *rejected_path)
{
    const struct store_import *i = &s->import;

    if (ui.json)
        return;
    fprintf(stderr, "%s%s%s: import %lld, %s rows\n", ui_err(UI_BOLD), i->file, ui_err(UI_PLAIN),
            (long long)i->id, ui_count(i->rows));
    fprintf(stderr, "  columns             %s\n", s->columns);
    fprintf(stderr, "  %saccepted  %8s%s\n", ui_err(UI_GOOD), ui_count(i->accepted),
            ui_err(UI_PLAIN));
    if (i->merged)
        fprintf(stderr, "  merged    %8s  the same number again\n", ui_count(i->merged));
    print_oddities(s);
    if (i->rejected) {
        fprintf(stderr, "  %srejected  %8s%s%s%s\n", ui_err(UI_WARN), ui_count(i->rejected),
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

json_t *importing_json(struct data *d, const struct import_summary *s, const char *rejected_path)
{
    const struct store_import *i = &s->import;
    json_t *reasons = json_array(), *out;
    char separator[2] = {s->separator, '\0'};

    if (i->rejected)
        store_import_reasons(d->store, i->id, add_reason, reasons);
    out =
        json_pack("{s:I,s:s,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:s,s:o}", "import", (json_int_t)i->id,
                  "file", i->file, "rows", (json_int_t)i->rows, "accepted", (json_int_t)i->accepted,
                  "merged", (json_int_t)i->merged, "rejected", (json_int_t)i->rejected, "mended",
                  (json_int_t)s->repaired, "empty", (json_int_t)s->empty, "hidden",
                  (json_int_t)s->hidden, "columns", s->columns, "reasons", reasons);
    if (s->sheets)
        ui_json_set(out, "sheet", json_string(s->sheet));
    if (s->encoding[0])
        ui_json_set(out, "encoding", json_string(s->encoding));
    if (separator[0])
        ui_json_set(out, "separator", json_string(separator));
    if (i->rejected && rejected_path)
        ui_json_set(out, "rejected_file", json_string(rejected_path));
    return out;
}
