/* An import in the background: the file that was taken, read as contacts/import does it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/works.h"
#include "contacts/import.h"

enum { MAPS_MAX = 16, TELL_US = 250000 };

struct reading {
    struct work *work;
    char map[1024];
    const char *maps[MAPS_MAX + 1];
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

static const char *param(const struct work *w, const char *name)
{
    return json_string_value(json_object_get(w->params, name));
}

static char separator(const char *name)
{
    if (!name)
        return 0;
    return strcmp(name, "tab") == 0 ? '\t' : strcmp(name, "semicolon") == 0 ? ';' : ',';
}

static void split_map(struct reading *r, const char *text)
{
    char *save = NULL;
    int n = 0;

    snprintf(r->map, sizeof(r->map), "%s", text ? text : "");
    for (char *p = strtok_r(r->map, ";", &save); p && n < MAPS_MAX; p = strtok_r(NULL, ";", &save))
        r->maps[n++] = p;
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
    struct import_options o = {
        .import_id = w->row.object_id,
        .region = param(w, "region"),
        .zone = param(w, "time_zone"),
        .sheet = param(w, "sheet"),
        .encoding = param(w, "encoding"),
        .separator = separator(param(w, "separator")),
        .map = r->maps[0] ? r->maps : NULL,
        .rejected_path = r->rejected,
        .skip_hidden = json_is_true(json_object_get(w->params, "skip_hidden")),
        .progress = on_progress,
        .arg = r,
    };

    return import_file(w->store, r->path, &o, summary, err);
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
        split_map(r, param(w, "map"));
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
