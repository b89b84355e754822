/* Files that come in parts: a lost connection costs the part that was under way. Each part is on
 * disk before it is acknowledged; how much is there is the file's own length. One that nobody uses
 * within a day goes when the next one begins. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/api_priv.h"
#include "api/defaults.h"
#include "api/imports.h"
#include "api/works.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/rng.h"
#include "contacts/preview.h"
#include "handlers.h"

enum { UPLOADS_MAX = 64, PATH_LEN = 1100 };
#define KEPT_MS INT64_C(86400000)

/* ---- one ------------------------------------------------------------------------------------ */

static bool path_of(struct api_call *c, const struct store_upload *u, char out[PATH_LEN])
{
    return api_path(c, out, PATH_LEN, "%s", u->file);
}

/* -ENOENT: the file is gone. */
static int received(const char *path, int64_t *bytes)
{
    struct stat st;

    if (stat(path, &st))
        return -errno;
    *bytes = st.st_size;
    return 0;
}

static int answer(struct api_call *c, int status, const struct store_upload *u)
{
    char path[PATH_LEN], text[25], gone[25];
    int64_t bytes = 0;
    int rc;

    if (!path_of(c, u, path))
        return 0;
    rc = received(path, &bytes);
    if (rc)
        return rc;
    return api_answer(c, status,
                      json_pack("{s:I, s:s, s:I, s:I, s:s, s:s}", "id", (json_int_t)u->id,
                                "filename", u->filename, "bytes", (json_int_t)u->bytes, "received",
                                (json_int_t)bytes, "created",
                                clock_format_iso(u->created_ms, text, sizeof(text)), "expires",
                                clock_format_iso(u->created_ms + KEPT_MS, gone, sizeof(gone))));
}

int api_get_upload(struct api_call *c)
{
    struct store_upload u;
    int rc = store_upload_get(c->store, api_int(c, "id"), &u);

    return rc ? rc : answer(c, 200, &u);
}

/* ---- its beginning and end ------------------------------------------------------------------ */

static int make_file(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0)
        return -errno;
    close(fd);
    return file_sync_folder(path, NULL);
}

/* In the writer: those that are too old. */
static int forget_old(struct api_call *c, struct store *s)
{
    int64_t before = clock_wall_ms(c->config->clock) - KEPT_MS;
    struct store_upload u;
    char path[PATH_LEN];
    int rc = 0;

    for (int64_t id = 0; !rc && store_upload_next(s, id, &u) == 0; id = u.id) {
        if (u.created_ms >= before)
            break; /* they are in order of their making */
        rc = store_upload_remove(s, u.id);
        if (!rc && path_of(c, &u, path))
            unlink(path);
    }
    return rc;
}

static int create(struct api_call *c, struct store *s)
{
    struct store_upload u = {.bytes = api_body_int(c, "bytes", 0)};
    int64_t count, id;
    int rc = forget_old(c, s);

    if (!rc)
        rc = store_upload_count(s, &count);
    if (rc)
        return rc;
    if (count >= UPLOADS_MAX)
        return api_refuse(c, 409, "", "finish or remove one first",
                          "%d uploads are under way, which is all that may be", UPLOADS_MAX);
    snprintf(u.filename, sizeof(u.filename), "%s", api_body_text(c, "filename"));
    snprintf(u.who, sizeof(u.who), "%s", c->who.who);
    snprintf(u.file, sizeof(u.file), "%s", c->upload);
    rc = store_upload_add(s, &u, &id);
    if (!rc)
        rc = store_upload_get(s, id, &u);
    if (rc)
        return rc;
    api_object(c, "upload %lld", (long long)id);
    api_detail(c, "%s", u.filename);
    api_location(c, "/api/uploads/%lld", (long long)id);
    return answer(c, 201, &u);
}

int api_create_upload(struct api_call *c)
{
    char path[PATH_LEN], file[25];
    int rc;

    random_token(file, sizeof(file));
    snprintf(c->upload, sizeof(c->upload), "uploads/%s", file);
    if (!api_path(c, path, sizeof(path), "%s", c->upload))
        return 0;
    rc = make_file(path);
    if (rc)
        return rc;
    rc = api_change(c, create);
    if (rc || c->status != 201)
        unlink(path);
    return rc;
}

static int delete (struct api_call *c, struct store *s)
{
    struct store_upload u;
    int rc = store_upload_get(s, api_int(c, "id"), &u);

    if (!rc)
        rc = store_upload_remove(s, u.id);
    if (rc)
        return rc;
    snprintf(c->upload, sizeof(c->upload), "%.60s", u.file);
    api_object(c, "upload %lld", (long long)u.id);
    return api_answer(c, 204, NULL);
}

int api_delete_upload(struct api_call *c)
{
    char path[PATH_LEN];
    int rc = api_change(c, delete);

    if (!rc && c->status == 204 && api_path(c, path, sizeof(path), "%s", c->upload))
        unlink(path);
    return rc;
}

/* ---- its parts ------------------------------------------------------------------------------ */

static int copy_part(int from, int to, int64_t offset, int64_t bytes)
{
    loff_t at = offset;
    int rc = 0;

    while (bytes > 0 && !rc) {
        ssize_t n = copy_file_range(from, NULL, to, &at, (size_t)bytes, 0);

        if (n > 0)
            bytes -= n;
        else if (n == 0)
            rc = -EIO;
        else if (errno != EINTR)
            rc = -errno;
    }
    return rc;
}

/* Under the file's lock. What could not be written whole is taken back. */
static int append(int fd, const char *part, int64_t offset, int64_t bytes)
{
    int from = open(part, O_RDONLY | O_CLOEXEC), rc;

    if (from < 0)
        return -errno;
    rc = copy_part(from, fd, offset, bytes);
    if (!rc && fdatasync(fd))
        rc = -errno;
    if (rc && ftruncate(fd, offset))
        rc = -EIO;
    close(from);
    return rc;
}

static int add_part(struct api_call *c, const struct store_upload *u, int fd)
{
    int64_t offset = api_int(c, "offset"), bytes = (int64_t)http_spooled_size(c->request);
    struct stat st;
    int rc;

    if (flock(fd, LOCK_EX) || fstat(fd, &st))
        return -errno;
    if (st.st_size != offset)
        return api_refuse(c, 409, "?offset", "go on from there", "%lld bytes are here, not %lld",
                          (long long)st.st_size, (long long)offset);
    if (bytes > u->bytes - offset)
        return api_refuse(c, 409, "", "begin anew with the right size",
                          "that is more than the %lld bytes that were announced",
                          (long long)u->bytes);
    rc = append(fd, http_spooled_path(c->request), offset, bytes);
    if (rc == -ENOSPC || rc == -EDQUOT)
        return api_refuse(c, 507, "", "free space on the server and send the part again",
                          "there is no room for it");
    return rc ? rc : answer(c, 200, u);
}

int api_append_upload(struct api_call *c)
{
    struct store_upload u;
    char path[PATH_LEN];
    int rc = store_upload_get(c->store, api_int(c, "id"), &u), fd;

    if (rc || !path_of(c, &u, path))
        return rc;
    fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    rc = add_part(c, &u, fd);
    close(fd);
    return rc;
}

/* The whole file is here; false: *rc, or answered. */
static bool whole(struct api_call *c, struct store *s, struct store_upload *u, char path[PATH_LEN],
                  int *rc)
{
    int64_t bytes;

    *rc = store_upload_get(s, api_int(c, "id"), u);
    if (*rc || !path_of(c, u, path))
        return false;
    *rc = received(path, &bytes);
    if (*rc || bytes == u->bytes)
        return !*rc;
    api_refuse(c, 409, "", "send the rest with PUT /api/uploads/{id}/content",
               "%lld of %lld bytes are here", (long long)bytes, (long long)u->bytes);
    return false;
}

/* ---- what is in it -------------------------------------------------------------------------- */

struct preview {
    json_t *rows, *sheets;
};

static int on_row(void *arg, const struct preview_row *row)
{
    struct preview *p = arg;
    json_t *cells = json_array();

    if (row->header) /* its cells are the columns' titles */
        return json_decref(cells), 0;
    for (int i = 0; i < row->row->count; i++)
        json_array_append_new(cells, json_stringn(row->row->cells[i].p, row->row->cells[i].len));
    return json_array_append_new(
               p->rows, json_pack("{s:I, s:o}", "row", (json_int_t)row->number, "cells", cells))
               ? -ENOMEM
               : 0;
}

static void on_sheet(void *arg, const char *name, bool hidden)
{
    struct preview *p = arg;

    json_array_append_new(p->sheets, json_pack("{s:s, s:b}", "name", name, "hidden", hidden));
}

static json_t *field_of(const struct headers *h, int column)
{
    for (int i = 0; i < h->phone_count; i++)
        if (h->phones[i] == column)
            return json_string(field_name(FIELD_PHONE));
    for (int f = 0; f < FIELD_COUNT; f++)
        if (h->column[f] == column)
            return json_string(field_name((enum field)f));
    return json_null();
}

static json_t *columns_of(const struct headers *h)
{
    json_t *columns = json_array();

    for (int i = 0; i < h->columns; i++)
        json_array_append_new(columns, json_pack("{s:s, s:o, s:b}", "title", h->title[i], "field",
                                                 field_of(h, i), "remark", h->remark[i]));
    return columns;
}

static int show(struct api_call *c, const char *path)
{
    struct preview p = {.rows = json_array(), .sheets = json_array()};
    const struct preview_sink sink = {.row = on_row, .sheet = on_sheet, .arg = &p};
    struct preview_summary *s = calloc(1, sizeof(*s));
    struct imports_reading how;
    struct error err = {0};
    char mark[2] = {0};
    int rc;

    imports_read(c->parameters, &how);
    if (!how.o.region)
        how.o.region = defaults_region(c);
    rc = s ? preview_file(path, &how.o, s, &sink, &err) : -ENOMEM;
    if (!rc) {
        mark[0] = s->table.separator;
        rc = api_answer(c, 200,
                        json_pack("{s:o, s:O, s:O, s:s, s:s, s:s, s:b}", "columns",
                                  columns_of(&s->headers), "rows", p.rows, "sheets", p.sheets,
                                  "sheet", s->table.sheet, "encoding", s->table.encoding,
                                  "separator", mark, "no_header", s->headless));
    } else if (err.message[0]) {
        rc = api_refuse(c, 422, "", err.remedy, "%s", err.message);
    }
    json_decref(p.rows);
    json_decref(p.sheets);
    free(s);
    return rc;
}

int api_preview_upload(struct api_call *c)
{
    struct store_upload u;
    char path[PATH_LEN];
    int rc;

    return whole(c, c->store, &u, path, &rc) && imports_region_known(c) ? show(c, path) : rc;
}

/* ---- its import ----------------------------------------------------------------------------- */

static int take(struct api_call *c, struct store *s)
{
    struct store_upload u;
    char path[PATH_LEN];
    json_t *list;
    int rc;

    if (!whole(c, s, &u, path, &rc))
        return rc;
    rc = store_look_id(s, STORE_VIEW_LIST, api_int(c, "list_id"), &list);
    if (rc == -ENOENT)
        return api_refuse(c, 422, "?list_id", "make the list first", "there is no such list");
    if (rc)
        return rc;
    json_decref(list);
    rc = store_upload_remove(s, u.id);
    return rc ? rc
              : imports_take(c, s,
                             &(struct imports_file){.list_id = api_int(c, "list_id"),
                                                    .filename = u.filename,
                                                    .file = u.file,
                                                    .bytes = u.bytes});
}

int api_import_upload(struct api_call *c)
{
    int rc;

    if (!imports_region_known(c))
        return 0;
    rc = api_change(c, take);
    if (!rc && c->status == 202)
        works_wake(c->api->works);
    return rc;
}
