/* A report in the background: a file under the data folder's reports. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/works.h"
#include "report/report.h"

/* ---- kinds ---------------------------------------------------------------------------------- */

static enum report_language language_of(const struct work *w)
{
    const char *name = json_string_value(json_object_get(w->params, "language"));
    int language = name ? report_language_from_name(name) : -1;

    return language < 0 ? REPORT_ENGLISH : (enum report_language)language;
}

static int calls(struct work *w, const char *path, int64_t *rows, struct error *err)
{
    return report_calls(w->store, w->row.object_id, path, rows, err);
}

static int contacts(struct work *w, const char *path, int64_t *rows, struct error *err)
{
    return report_contacts(w->store, w->row.object_id, path, rows, err);
}

static int texts(struct work *w, const char *path, int64_t *rows, struct error *err)
{
    return report_texts(w->store, w->row.object_id, path, rows, err);
}

static int workbook(struct work *w, const char *path, int64_t *rows, struct error *err)
{
    return report_workbook(w->store, w->row.object_id, language_of(w), path, rows, err);
}

static int summary(struct work *w, const char *path, int64_t *rows, struct error *err)
{
    *rows = 0;
    return report_pdf(w->store, w->row.object_id, language_of(w), clock_wall_ms(w->config->clock),
                      path, err);
}

static const struct {
    const char *name;
    int (*make)(struct work *w, const char *path, int64_t *rows, struct error *err);
} kinds[] = {{"calls", calls},
             {"contacts", contacts},
             {"texts", texts},
             {"workbook", workbook},
             {"summary", summary}};

/* ---- one report ----------------------------------------------------------------------------- */

static const char *param(const struct work *w, const char *name)
{
    return json_string_value(json_object_get(w->params, name));
}

static void path_of(const struct work *w, char *out, size_t size)
{
    snprintf(out, size, "%s/%s", w->config->data_dir, w->row.file);
}

static int run(struct work *w, struct error *err)
{
    const char *kind = param(w, "kind");
    char path[1100];
    int64_t rows = 0;
    struct stat st;
    int rc = -EINVAL;

    path_of(w, path, sizeof(path));
    for (size_t i = 0; kind && i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(kinds[i].name, kind) == 0)
            rc = kinds[i].make(w, path, &rows, err);
    if (!rc && stat(path, &st))
        rc = -errno;
    if (!rc)
        rc = work_progress(w, rows, rows, rows); /* cancelled meanwhile? */
    if (!rc)
        w->result =
            json_pack("{s:I, s:I}", "rows", (json_int_t)rows, "bytes", (json_int_t)st.st_size);
    return rc;
}

static void ended(struct work *w, const char *state)
{
    struct event e = {.type = EVENT_REPORT_READY, .campaign_id = w->row.object_id};
    char path[1100];

    path_of(w, path, sizeof(path));
    if (strcmp(state, "done") != 0) {
        unlink(path);
        return;
    }
    e.report.report_id = w->row.id;
    snprintf(e.report.kind, sizeof(e.report.kind), "%s", param(w, "kind"));
    bus_publish(w->config->bus, &e);
}

const struct work_kind work_report = {.name = "report", .run = run, .ended = ended};
