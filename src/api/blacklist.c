/* Do-not-call lists. A number that is added reaches calls that ring: the host looks at the lists as
 * soon as they are on disk. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/api_priv.h"
#include "api/defaults.h"
#include "api/upload.h"
#include "api/works.h"
#include "base/rng.h"
#include "handlers.h"
#include "report/table.h"

#define OWN_LIST "opt-out"

int api_list_blacklist(struct api_call *c)
{
    struct api_filters f = {0};

    api_filter_texts(&f, c, "list");
    api_filter_texts(&f, c, "number");
    return api_page(c, STORE_VIEW_BLACK, &f, NULL);
}

int api_list_blacklists(struct api_call *c)
{
    return api_all(c, STORE_VIEW_BLACK_LIST, &(struct api_filters){0});
}

static int collect(void *arg, const json_t *one)
{
    return json_array_append(arg, (json_t *)one) ? -ENOMEM : 0;
}

int api_get_blacklisted(struct api_call *c)
{
    uint64_t number = api_number(c, "number");
    const struct store_filter exactly = {.name = "exactly", .number = (int64_t)number},
                              of = {.name = "number", .number = (int64_t)number};
    json_t *entries = json_array(), *history = json_array();
    struct store_black found;
    int rc = store_black_find(c->store, number, &found);
    bool listed = rc == 0;

    if (!rc || rc == -ENOENT)
        rc = store_show_all(c->store, STORE_VIEW_BLACK, &exactly, 1, collect, entries);
    if (!rc)
        rc = store_show_all(c->store, STORE_VIEW_BLACK_HISTORY, &of, 1, collect, history);
    if (rc) {
        json_decref(entries);
        json_decref(history);
        return rc;
    }
    return api_answer(c, 200,
                      json_pack("{s:s, s:b, s:o, s:o}", "number", api_text(c, "number"), "listed",
                                listed, "entries", entries, "history", history));
}

/* ---- changes -------------------------------------------------------------------------------- */

static void entry(struct api_call *c, struct store_black *b)
{
    const char *list = api_body_text(c, "list");

    *b = (struct store_black){.expires_ms = api_body_time(c, "expires"),
                              .added_ms = clock_wall_ms(c->config->clock)};
    snprintf(b->list, sizeof(b->list), "%s", list ? list : OWN_LIST);
    snprintf(b->reason, sizeof(b->reason), "%s", api_body_text(c, "reason"));
    snprintf(b->source, sizeof(b->source), "%.63s", c->who.who);
    error_clean(b->source);
}

/* The numbers were parsed before: c->body's list holds their digits. */
static int add(struct api_call *c, struct store *s)
{
    const json_t *numbers = json_object_get(c->body, "numbers"), *one;
    int64_t added = 0, known = 0;
    struct store_black b;
    json_t *fresh_ones = json_array();
    size_t i;

    json_object_set_new(c->body, "fresh", fresh_ones);
    entry(c, &b);
    json_array_foreach(numbers, i, one)
    {
        bool fresh;
        int rc;

        b.number = (uint64_t)json_integer_value(one);
        rc = store_black_add(s, &b, &fresh);
        if (rc)
            return rc;
        *(fresh ? &added : &known) += 1;
        if (fresh)
            json_array_append(fresh_ones, json_array_get(numbers, i));
    }
    api_object(c, "blacklist %s", b.list);
    if (json_array_size(numbers) == 1)
        api_detail(c, "+%llu: %s", (unsigned long long)b.number, b.reason);
    else
        api_detail(c, "%lld numbers: %s", (long long)added, b.reason);
    return api_answer(
        c, 200, json_pack("{s:I, s:I}", "added", (json_int_t)added, "known", (json_int_t)known));
}

/* Who looks on is told; of an answer that is given again nothing is new. */
static void tell(struct api_call *c)
{
    struct event e = {.type = EVENT_OPT_OUT};
    struct store_black b;
    json_t *one;
    size_t i;

    entry(c, &b);
    snprintf(e.opt_out.list, sizeof(e.opt_out.list), "%.31s", b.list);
    snprintf(e.opt_out.source, sizeof(e.opt_out.source), "%s", b.source);
    json_array_foreach(json_object_get(c->body, "fresh"), i, one)
    {
        e.number = (uint64_t)json_integer_value(one);
        bus_publish(c->config->bus, &e);
    }
}

/* All of them or none: each that cannot be read is told. */
static bool parse_numbers(struct api_call *c)
{
    const json_t *numbers = json_object_get(c->body, "numbers"), *one;
    const char *region = defaults_region(c);
    json_t *parsed = json_array();
    size_t i;

    json_array_foreach(numbers, i, one)
    {
        const char *text = json_string_value(one);
        char pointer[32];
        struct number n;
        enum number_fault fault = number_parse(c->worker->numbers, text, strlen(text), region, &n);

        snprintf(pointer, sizeof(pointer), "/numbers/%zu", i);
        if (fault)
            schema_fault(&c->faults, pointer,
                         "write it as dialled at home (050-1234567), or with + and the country",
                         "\"%.40s\": %s", text, number_fault_text(fault));
        else
            json_array_append_new(parsed, json_integer((json_int_t)n.key));
    }
    json_object_set_new(c->body, "numbers", parsed);
    if (c->faults.count == 0)
        return true;
    api_refuse_faults(c, 422);
    return false;
}

int api_add_to_blacklist(struct api_call *c)
{
    int64_t expires = api_body_time(c, "expires");
    int rc;

    if (expires && expires <= clock_wall_ms(c->config->clock))
        return api_refuse(c, 422, "/expires", "give a moment that is yet to come, or leave it out",
                          "is over already");
    if (!parse_numbers(c))
        return 0;
    rc = api_change(c, add);
    if (!rc && c->status == 200) {
        host_refresh(c->config->host);
        tell(c);
    }
    return rc;
}

static int take_off(struct api_call *c, struct store *s)
{
    bool removed;
    int rc = store_black_remove(s, api_text(c, "list"), api_number(c, "number"),
                                api_text(c, "reason"), &removed);

    if (rc || !removed)
        return rc ? rc : -ENOENT;
    api_object(c, "blacklist %s", api_text(c, "list"));
    api_detail(c, "%s: %s", api_text(c, "number"), api_text(c, "reason"));
    return api_answer(c, 204, NULL);
}

int api_remove_from_blacklist(struct api_call *c)
{
    return api_change(c, take_off);
}

/* ---- uploads -------------------------------------------------------------------------------- */

static int add_progress(struct api_call *c, json_t *import)
{
    struct works_progress p;

    if (strcmp(json_string_value(json_object_get(import, "state")), "running") != 0 ||
        !works_progress(c->api->works, json_integer_value(json_object_get(import, "id")), &p))
        return 0;
    json_object_set_new(import, "bytes_done", json_integer(p.done));
    return json_object_set_new(import, "rows", json_integer(p.rows)) ? -ENOMEM : 0;
}

int api_get_blacklist_import(struct api_call *c)
{
    int rc = api_one(c, STORE_VIEW_BLACK_IMPORT, false);

    return rc ? rc : add_progress(c, c->answer);
}

static int take(struct api_call *c, struct store *s)
{
    const char *list = api_has(c, "list") ? api_text(c, "list") : OWN_LIST;
    const char *name = api_has(c, "filename") ? api_text(c, "filename") : "upload.csv";
    json_t *params = json_pack("{s:s, s:s, s:s, s:s}", "list", list, "filename", name, "region",
                               api_has(c, "region") ? api_text(c, "region") : defaults_region(c),
                               "reason", api_has(c, "reason") ? api_text(c, "reason") : "");
    struct store_work w = {.kind = "blacklist", .total = (int64_t)http_spooled_size(c->request)};
    json_t *shown;
    int64_t id;
    int rc = -ENOMEM;

    snprintf(w.who, sizeof(w.who), "%s", c->who.who);
    snprintf(w.file, sizeof(w.file), "%s", c->upload);
    w.params = json_dumps(params, JSON_COMPACT);
    json_decref(params);
    if (w.params)
        rc = store_work_add(s, &w, &id);
    free(w.params);
    if (!rc)
        rc = store_look_id(s, STORE_VIEW_BLACK_IMPORT, id, &shown);
    if (rc)
        return rc;
    api_object(c, "blacklist %s", list);
    api_detail(c, "%s", name);
    api_location(c, "/api/blacklist/imports/%lld", (long long)id);
    return api_answer(c, 202, shown);
}

int api_import_blacklist(struct api_call *c)
{
    int rc;

    if (api_has(c, "region") && !number_region_known(api_text(c, "region")))
        return api_refuse(c, 422, "?region", "write two letters such as IL or US",
                          "there is no region \"%s\"", api_text(c, "region"));
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

static int cancel(struct api_call *c, struct store *s)
{
    int64_t id = api_int(c, "id");
    json_t *shown;
    int rc = store_look_id(s, STORE_VIEW_BLACK_IMPORT, id, NULL);

    if (rc)
        return rc;
    rc = upload_cancel(c, s, id);
    if (rc == -EALREADY)
        return api_refuse(c, 409, "", NULL, "it is not being read");
    if (!rc)
        rc = store_look_id(s, STORE_VIEW_BLACK_IMPORT, id, &shown);
    api_object(c, "blacklist import %lld", (long long)id);
    return rc ? rc : api_answer(c, 202, shown);
}

int api_cancel_blacklist_import(struct api_call *c)
{
    int rc = api_change(c, cancel);

    upload_cancelled(c);
    return rc;
}

/* ---- export --------------------------------------------------------------------------------- */

static int write_row(void *arg, const json_t *one)
{
    static const char *const names[] = {"number", "list", "reason", "source", "added", "expires"};
    struct table *t = arg;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *text = json_string_value(json_object_get(one, names[i]));

        if (i == 2 || i == 3)
            table_outside(t, text);
        else
            table_text(t, text);
    }
    table_end_row(t);
    return 0;
}

static int write_file(struct api_call *c, const char *path, struct error *err)
{
    static const char *const names[] = {"phone", "list",    "reason", "source",
                                        "added", "expires", NULL};
    struct api_filters f = {0};
    struct table *t;
    int rc = table_open_csv(path, &t, err);

    if (rc)
        return rc;
    table_sheet(t, "Blacklist", names);
    api_filter_texts(&f, c, "list");
    rc = store_show_all(c->store, STORE_VIEW_BLACK, f.list, f.count, write_row, t);
    if (!rc)
        return table_finish(t, err);
    table_abort(t);
    return rc;
}

int api_export_blacklist(struct api_call *c)
{
    char path[700], name[25];
    struct error err = {0};
    int rc;

    random_token(name, sizeof(name));
    if (!api_path(c, path, sizeof(path), "uploads/%s.csv", name))
        return 0;
    rc = write_file(c, path, &err);
    if (rc)
        return rc;
    /* The open file is sent; its name is not needed any more. */
    http_reply_file(c->request, path, "text/csv; charset=utf-8", "blacklist.csv");
    unlink(path);
    c->sent = true;
    return 0;
}
