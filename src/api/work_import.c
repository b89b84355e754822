/* An import in the background: the file that was taken, read as contacts/import does it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/imports.h"
#include "api/works.h"

enum { TELL_US = 250000 };

struct reading {
    struct work *work;
    struct imports_reading how;
    char rejected[700], path[1100];
    int64_t told_us;
};

static void tell(struct work *w, const char *state, int64_t rows, const struct store_import *done)
{
    struct event e = {.type = EVENT_IMPORT_PROGRESS};

    e.import.import_id = w->row.object_id;
    e.import.rows = done ? done->rows : rows;
    e.import.accepted = done ? done->accepted : 0;
    e.import.rejected = done ? done->rejected : 0;
    snprintf(e.import.state, sizeof(e.import.state), "%s", state);
    bus_publish(w->config->bus, &e);
}

static int on_progress(void *arg, const struct import_progress *p)
{
    struct reading *r = arg;
    int64_t now = clock_mono_us(r->work->config->clock);

    if (now - r->told_us > TELL_US) {
        r->told_us = now;
        tell(r->work, "reading", p->rows, NULL);
    }
    return work_progress(r->work, (int64_t)p->done, (int64_t)p->total, p->rows);
}

static json_t *summary_json(const struct import_summary *s)
{
    char mark[2] = {s->separator, '\0'};

    return json_pack("{s:s, s:s, s:i, s:s, s:s, s:I, s:I, s:I}", "columns", s->columns, "sheet",
                     s->sheet, "sheets", s->sheets, "encoding", s->encoding, "separator", mark,
                     "repaired", (json_int_t)s->repaired, "empty", (json_int_t)s->empty, "hidden",
                     (json_int_t)s->hidden);
}

static int read_file(struct reading *r, struct import_summary *summary, struct error *err)
{
    struct work *w = r->work;
    struct import_options *o = &r->how.o;

    imports_read(w->params, &r->how);
    o->import_id = w->row.object_id;
    o->rejected_path = r->rejected;
    o->progress = on_progress;
    o->arg = r;
    return import_file(w->store, r->path, o, summary, err);
}

/* Words that a person may read must not speak of our folders. */
static void hide_path(struct error *err)
{
    snprintf(err->place, sizeof(err->place), "file");
}

static int run(struct work *w, struct error *err)
{
    struct reading *r = calloc(1, sizeof(*r));
    struct import_summary summary = {0};
    struct store_import import;
    int rc = r ? store_import_get(w->store, w->row.object_id, &import) : -ENOMEM;

    if (!rc && strcmp(import.state, "open") == 0) {
        r->work = w;
        snprintf(r->path, sizeof(r->path), "%s/%s", w->config->data_dir, w->row.file);
        snprintf(r->rejected, sizeof(r->rejected), "%s/imports/%lld-rejected.csv",
                 w->config->data_dir, (long long)w->row.object_id);
        rc = read_file(r, &summary, err);
        if (rc)
            hide_path(err);
        else
            w->result = summary_json(&summary);
        if (!rc)
            tell(w, "done", summary.import.rows, &summary.import);
    } /* else: a crash came between its end and the note of it */
    free(r);
    return rc;
}

static void ended(struct work *w, const char *state)
{
    char path[1100];

    if (strcmp(state, "done") != 0)
        tell(w, state, 0, NULL);
    snprintf(path, sizeof(path), "%s/%s", w->config->data_dir, w->row.file);
    unlink(path);
}

const struct work_kind work_import = {.name = "import", .run = run, .ended = ended};
