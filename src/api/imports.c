/* Imports of contacts: taken here, read in the background (work_import.c). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/api_priv.h"
#include "api/defaults.h"
#include "api/imports.h"
#include "api/upload.h"
#include "api/works.h"
#include "handlers.h"
#include "store/people.h"

/* ---- what is shown -------------------------------------------------------------------------- */

/* While it runs, how far it is. */
static int add_progress(struct api_call *c, json_t *import)
{
    struct works_progress p;
    int64_t work;

    if (strcmp(json_string_value(json_object_get(import, "state")), "running") != 0)
        return 0;
    if (store_work_of(c->store, "import", json_integer_value(json_object_get(import, "id")),
                      &work) ||
        !works_progress(c->api->works, work, &p))
        return 0;
    json_object_set_new(import, "bytes_done", json_integer(p.done));
    return json_object_set_new(import, "rows", json_integer(p.rows)) ? -ENOMEM : 0;
}

int api_list_imports(struct api_call *c)
{
    struct api_filters f = {0};

    api_filter_ints(&f, c, "list_id");
    return api_page(c, STORE_VIEW_IMPORT, &f, add_progress);
}

int api_get_import(struct api_call *c)
{
    int rc = api_one(c, STORE_VIEW_IMPORT, false);

    return rc ? rc : add_progress(c, c->answer);
}

int api_list_rejects(struct api_call *c)
{
    struct api_filters f = {0};
    int rc = store_look_id(c->store, STORE_VIEW_IMPORT, api_int(c, "id"), NULL);

    if (rc)
        return rc;
    api_filter_number(&f, "import_id", api_int(c, "id"));
    return api_page(c, STORE_VIEW_REJECT, &f, NULL);
}

int api_download_rejected(struct api_call *c)
{
    long long id = (long long)api_int(c, "id");
    char path[700], name[64];

    if (!api_path(c, path, sizeof(path), "imports/%lld-rejected.csv", id))
        return 0;
    if (access(path, R_OK))
        return api_refuse(c, 404, "", "GET /api/imports/{id}/rejects lists them, if there are any",
                          "no row of this import was rejected, or it was not read here");
    snprintf(name, sizeof(name), "import-%lld-rejected.csv", id);
    http_reply_file(c->request, path, "text/csv; charset=utf-8", name);
    c->sent = true;
    return 0;
}

/* ---- taking one ----------------------------------------------------------------------------- */

/* Everything about how to read the file, as work_import.c wants it. */
static json_t *params(struct api_call *c)
{
    static const char *const names[] = {"sheet", "encoding", "separator", "map"};
    json_t *p = json_object();

    json_object_set_new(
        p, "region",
        json_string(api_has(c, "region") ? api_text(c, "region") : defaults_region(c)));
    json_object_set_new(
        p, "time_zone",
        json_string(api_has(c, "time_zone") ? api_text(c, "time_zone") : defaults_zone(c)));
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (api_has(c, names[i]))
            json_object_set_new(p, names[i], json_string(api_text(c, names[i])));
    json_object_set_new(p, "skip_hidden", json_boolean(api_flag(c, "skip_hidden")));
    json_object_set_new(p, "no_header", json_boolean(api_flag(c, "no_header")));
    return p;
}

int imports_take(struct api_call *c, struct store *s, const struct imports_file *f)
{
    struct store_work w = {.kind = "import", .total = f->bytes};
    json_t *p = params(c), *import;
    int64_t import_id, work_id;
    int rc = store_import_open(s, f->list_id, f->filename, &import_id);

    snprintf(w.who, sizeof(w.who), "%s", c->who.who);
    snprintf(w.file, sizeof(w.file), "%s", f->file);
    w.object_id = import_id;
    w.params = json_dumps(p, JSON_COMPACT);
    json_decref(p);
    if (!rc)
        rc = w.params ? store_work_add(s, &w, &work_id) : -ENOMEM;
    free(w.params);
    if (!rc)
        rc = store_look_id(s, STORE_VIEW_IMPORT, import_id, &import);
    if (rc)
        return rc;
    api_object(c, "import %lld", (long long)import_id);
    api_detail(c, "list %lld, %s", (long long)f->list_id, f->filename);
    api_location(c, "/api/imports/%lld", (long long)import_id);
    return api_answer(c, 202, import);
}

bool imports_region_known(struct api_call *c)
{
    if (!api_has(c, "region") || number_region_known(api_text(c, "region")))
        return true;
    api_refuse(c, 422, "?region", "write two letters such as IL or US", "there is no region \"%s\"",
               api_text(c, "region"));
    return false;
}

static int take(struct api_call *c, struct store *s)
{
    return imports_take(c, s,
                        &(struct imports_file){.list_id = api_int(c, "id"),
                                               .filename = api_text(c, "filename"),
                                               .file = c->upload,
                                               .bytes = (int64_t)http_spooled_size(c->request)});
}

int api_import_contacts(struct api_call *c)
{
    int rc = store_look_id(c->store, STORE_VIEW_LIST, api_int(c, "id"), NULL);

    if (rc)
        return rc;
    if (!imports_region_known(c))
        return 0;
    rc = upload_keep(c, c->upload);
    if (rc)
        return rc;
    rc = api_change(c, take);
    if (rc || c->status != 202)
        upload_drop(c, c->upload);
    else
        works_wake(c->api->works);
    return rc;
}

/* ---- taking back ---------------------------------------------------------------------------- */

static int cancel(struct api_call *c, struct store *s)
{
    int64_t work;
    json_t *import;
    int rc = store_look_id(s, STORE_VIEW_IMPORT, api_int(c, "id"), NULL);

    if (rc)
        return rc;
    rc = store_work_of(s, "import", api_int(c, "id"), &work);
    if (!rc)
        rc = upload_cancel(c, s, work);
    if (rc == -EALREADY || rc == -ENOENT)
        return api_refuse(c, 409, "", "undo it with POST /api/imports/{id}/undo",
                          "it is not being read");
    if (!rc)
        rc = store_look_id(s, STORE_VIEW_IMPORT, api_int(c, "id"), &import);
    api_object(c, "import %lld", (long long)api_int(c, "id"));
    return rc ? rc : api_answer(c, 202, import);
}

int api_cancel_import(struct api_call *c)
{
    int rc = api_change(c, cancel);

    upload_cancelled(c);
    return rc;
}

static int undo(struct api_call *c, struct store *s)
{
    int64_t removed;
    json_t *import;
    int rc = store_import_undo(s, api_int(c, "id"), &removed);

    if (rc == -EALREADY)
        return api_refuse(c, 409, "", NULL, "it is not finished, or was taken back before");
    if (rc == -EBUSY)
        return api_refuse(c, 409, "", "pause the campaign first",
                          "somebody of this import is being called");
    if (!rc)
        rc = store_look_id(s, STORE_VIEW_IMPORT, api_int(c, "id"), &import);
    if (rc)
        return rc;
    api_object(c, "import %lld", (long long)api_int(c, "id"));
    api_detail(c, "%lld contacts", (long long)removed);
    return api_answer(c, 200, import);
}

int api_undo_import(struct api_call *c)
{
    return api_change(c, undo);
}
