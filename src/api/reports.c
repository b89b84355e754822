/* Reports: asked for here, made in the background (work_report.c). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api_priv.h"
#include "api/upload.h"
#include "api/works.h"
#include "base/rng.h"
#include "handlers.h"

int api_list_reports(struct api_call *c)
{
    struct api_filters f = {0};

    api_filter_text(&f, "kind", "report");
    api_filter_ints(&f, c, "campaign_id");
    return api_page(c, STORE_VIEW_REPORT, &f, NULL);
}

int api_get_report(struct api_call *c)
{
    return api_one(c, STORE_VIEW_REPORT, false);
}

static const char *format_of(const char *kind)
{
    return strcmp(kind, "workbook") == 0 ? "xlsx" : strcmp(kind, "summary") == 0 ? "pdf" : "csv";
}

static const char *type_of(const char *format)
{
    if (strcmp(format, "pdf") == 0)
        return "application/pdf";
    return strcmp(format, "csv") == 0
               ? "text/csv; charset=utf-8"
               : "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
}

static int create(struct api_call *c, struct store *s)
{
    const char *kind = api_body_text(c, "kind"), *language = api_body_text(c, "language");
    const char *format = format_of(kind);
    json_t *params = json_pack("{s:s, s:s, s:s}", "kind", kind, "format", format, "language",
                               language ? language : "en"),
           *shown;
    char name[25];
    struct store_work w = {.kind = "report", .object_id = api_body_int(c, "campaign_id", 0)};
    struct store_campaign campaign;
    int64_t id;
    int rc = store_campaign_get(s, w.object_id, &campaign);

    random_token(name, sizeof(name));
    snprintf(w.file, sizeof(w.file), "reports/%s.%s", name, format);
    snprintf(w.who, sizeof(w.who), "%s", c->who.who);
    w.params = json_dumps(params, JSON_COMPACT);
    json_decref(params);
    if (rc == -ENOENT) {
        free(w.params);
        return api_refuse(c, 422, "/campaign_id", "GET /api/campaigns lists them",
                          "there is no such campaign");
    }
    if (!rc)
        rc = w.params ? store_work_add(s, &w, &id) : -ENOMEM;
    free(w.params);
    if (!rc)
        rc = store_look_id(s, STORE_VIEW_REPORT, id, &shown);
    if (rc)
        return rc;
    api_object(c, "report %lld", (long long)id);
    api_detail(c, "%s of campaign %lld", kind, (long long)w.object_id);
    api_location(c, "/api/reports/%lld", (long long)id);
    return api_answer(c, 202, shown);
}

int api_create_report(struct api_call *c)
{
    int rc = api_change(c, create);

    if (!rc && c->status == 202)
        works_wake(c->api->works);
    return rc;
}

int api_download_report(struct api_call *c)
{
    char path[1100], name[96];
    const char *type;
    struct store_work work;
    json_t *report;
    bool done;
    int rc = store_look_id(c->store, STORE_VIEW_REPORT, api_int(c, "id"), &report);

    if (rc)
        return rc;
    done = strcmp(json_string_value(json_object_get(report, "state")), "done") == 0;
    snprintf(name, sizeof(name), "campaign-%lld-%s.%s",
             (long long)json_integer_value(json_object_get(report, "campaign_id")),
             json_string_value(json_object_get(report, "kind")),
             json_string_value(json_object_get(report, "format")));
    type = type_of(json_string_value(json_object_get(report, "format")));
    json_decref(report);
    if (!done)
        return api_refuse(c, 409, "", "look at GET /api/reports/{id} until it is done",
                          "the report is not made (yet)");
    rc = store_work_get(c->store, api_int(c, "id"), &work);
    if (rc)
        return rc;
    free(work.params);
    if (api_path(c, path, sizeof(path), "%s", work.file)) {
        http_reply_file(c->request, path, type, name);
        c->sent = true;
    }
    return 0;
}

static int delete (struct api_call *c, struct store *s)
{
    struct store_work work;
    int64_t id = api_int(c, "id");
    int rc = store_look_id(s, STORE_VIEW_REPORT, id, NULL);

    if (rc)
        return rc;
    rc = store_work_get(s, id, &work);
    if (rc)
        return rc;
    free(work.params);
    snprintf(c->upload, sizeof(c->upload), "%.63s", work.file);
    works_cancel(c->api->works, id);
    rc = store_work_remove(s, id);
    api_object(c, "report %lld", (long long)id);
    return rc ? rc : api_answer(c, 204, NULL);
}

int api_delete_report(struct api_call *c)
{
    int rc = api_change(c, delete);

    if (!rc && c->status == 204)
        upload_drop(c, c->upload);
    return rc;
}
