/* An upload of numbers in the background. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "api/works.h"
#include "contacts/blackfile.h"

enum { BATCH = 500, FAULTS_MAX = 100 };

struct reading {
    struct work *work;
    json_t *faults; /* the first ones */
};

static int on_progress(void *arg, uint64_t done, uint64_t total, int64_t rows)
{
    struct reading *r = arg;

    return work_progress(r->work, (int64_t)done, (int64_t)total, rows);
}

static void on_rejected(void *arg, int64_t row, const char *why)
{
    struct reading *r = arg;

    if (json_array_size(r->faults) < FAULTS_MAX)
        json_array_append_new(r->faults,
                              json_pack("{s:I, s:s}", "row", (json_int_t)row, "reason", why));
}

static const char *param(const struct work *w, const char *name)
{
    return json_string_value(json_object_get(w->params, name));
}

static int run(struct work *w, struct error *err)
{
    struct reading r = {.work = w, .faults = json_array()};
    const struct blackfile_options o = {.list = param(w, "list"),
                                        .region = param(w, "region"),
                                        .reason = param(w, "reason"),
                                        .name = param(w, "filename"),
                                        .now_ms = clock_wall_ms(w->config->clock),
                                        .batch = BATCH,
                                        .rejected = on_rejected,
                                        .progress = on_progress,
                                        .arg = &r};
    struct blackfile_summary sum;
    char path[1100];
    int rc;

    snprintf(path, sizeof(path), "%s/%s", w->config->data_dir, w->row.file);
    rc = blackfile_import(w->store, path, &o, &sum, err);
    if (!rc)
        w->result = json_pack("{s:I, s:I, s:I, s:I, s:o}", "rows", (json_int_t)sum.rows, "added",
                              (json_int_t)sum.added, "known", (json_int_t)sum.known, "rejected",
                              (json_int_t)sum.rejected, "faults", r.faults);
    else
        json_decref(r.faults);
    host_refresh(w->config->host);
    return rc;
}

static void ended(struct work *w, const char *state)
{
    char path[1100];

    (void)state;
    snprintf(path, sizeof(path), "%s/%s", w->config->data_dir, w->row.file);
    unlink(path);
}

const struct work_kind work_blacklist = {.name = "blacklist", .run = run, .ended = ended};
