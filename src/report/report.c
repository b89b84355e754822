#include "report/report.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "report/report_priv.h"

enum { KEYS_TEXT = 64, COLUMNS_MAX = 64 };

/* Elements are texts, or objects that hold one under name. */
static const char *join(const json_t *trace, const char *list, const char *name, char *buf,
                        unsigned size)
{
    const json_t *array = json_object_get(trace, list), *one;
    unsigned n = 0;
    size_t i;

    buf[0] = '\0';
    json_array_foreach(array, i, one)
    {
        const char *text =
            json_string_value(json_is_object(one) ? json_object_get(one, name) : one);
        int more;

        if (!text)
            continue;
        more = snprintf(buf + n, size - n, "%s%s", n ? " " : "", text);
        if (more < 0 || (unsigned)more >= size - n) {
            buf[n] = '\0'; /* what does not fit whole is left out */
            break;
        }
        n += (unsigned)more;
    }
    return buf;
}

const char *report_keys(const char *trace_json, char *buf, unsigned size)
{
    json_t *trace = trace_json ? json_loads(trace_json, 0, NULL) : NULL;

    join(trace, "keys", "key", buf, size);
    json_decref(trace);
    return buf;
}

int report_store_fault(struct store *s, int rc, struct error *err)
{
    return error_set(err, rc, "store", NULL, "cannot read the campaign: %s", store_error_text(s));
}

/* ---- calls ------------------------------------------------------------------------------ */

struct calls {
    struct table *w;
    int64_t rows;
};

static int call_row(void *arg, const struct store_call *c)
{
    struct calls *r = arg;
    const struct call_outcome *o = &c->outcome;
    json_t *trace = c->trace_json ? json_loads(c->trace_json, 0, NULL) : NULL;
    char keys[256], path[4096];
    char *values = json_dumps(json_object_get(trace, "values"), JSON_COMPACT);

    table_int(r->w, c->attempt_id);
    table_number(r->w, c->number);
    table_outside(r->w, c->contact_name);
    table_int(r->w, c->attempt_no);
    table_text(r->w, disposition_name(o->disposition));
    table_text(r->w, disposition_text(o->disposition));
    table_outside(r->w, o->reason);
    table_time(r->w, o->dialled_ms);
    table_time(r->w, o->ringing_ms);
    table_time(r->w, o->answered_ms);
    table_time(r->w, o->ended_ms);
    table_real(
        r->w, o->answered_ms && o->ended_ms ? (double)(o->ended_ms - o->answered_ms) / 1000 : 0, 1);
    table_text(r->w, o->ended_by);
    table_text(r->w, join(trace, "keys", "key", keys, sizeof(keys)));
    table_text(r->w, join(trace, "path", "node", path, sizeof(path)));
    table_outside(r->w, values && strcmp(values, "{}") != 0 ? values : "");
    table_text(r->w, o->trunk);
    table_text(r->w, o->caller_id);
    table_int(r->w, o->sip_status);
    table_real(r->w, o->answer_to_audio_us / 1000.0, 1);
    table_real(r->w, o->key_to_audio_us / 1000.0, 1);
    table_real(r->w, c->cost, 4);
    table_outside(r->w, o->sip_call_id);
    table_end_row(r->w);
    free(values);
    json_decref(trace);
    r->rows++;
    return 0;
}

int report_sheet_calls(struct store *s, int64_t campaign_id, struct table *w, int64_t *rows)
{
    static const char *const names[] = {
        "attempt",         "phone",  "name",        "attempt_no", "outcome",
        "outcome_text",    "reason", "dialled",     "ringing",    "answered",
        "ended",           "talk_s", "ended_by",    "keys",       "path",
        "values",          "trunk",  "caller_id",   "sip_status", "answer_to_audio_ms",
        "key_to_audio_ms", "cost",   "sip_call_id", NULL};
    struct calls r = {.w = w};
    int rc;

    table_sheet(w, "Calls", names);
    rc = store_call_each(s, campaign_id, call_row, &r);
    *rows = r.rows;
    return rc;
}

/* ---- contacts --------------------------------------------------------------------------- */

struct contacts {
    struct store *s;
    struct table *w;
    int64_t campaign_id, rows;
    struct map keys; /* contact id → keys of the call that reached them; values owned */
    char *columns[COLUMNS_MAX];
    int column_count;
};

static int keep_keys(void *arg, const struct store_call *c)
{
    struct contacts *r = arg;
    char keys[KEYS_TEXT], *copy;

    if (!disposition_reached(c->outcome.disposition))
        return 0;
    report_keys(c->trace_json, keys, sizeof(keys));
    if (!keys[0])
        return 0;
    copy = strdup(keys);
    if (!copy)
        return -ENOMEM;
    free(map_get(&r->keys, (uint64_t)c->contact_id));
    return map_put(&r->keys, (uint64_t)c->contact_id, copy);
}

/* The further columns of the people's files, in the order they are met. */
static int keep_columns(void *arg, const struct store_contact *c)
{
    struct contacts *r = arg;
    json_t *extra = c->extra ? json_loads(c->extra, 0, NULL) : NULL;
    const char *key;
    json_t *value;

    json_object_foreach(extra, key, value)
    {
        int i = 0;

        while (i < r->column_count && strcmp(r->columns[i], key) != 0)
            i++;
        if (i == r->column_count && i < COLUMNS_MAX && (r->columns[i] = strdup(key)))
            r->column_count++;
    }
    json_decref(extra);
    return 0;
}

static int contact_row(void *arg, const struct store_contact *c)
{
    struct contacts *r = arg;
    json_t *extra = c->extra ? json_loads(c->extra, 0, NULL) : NULL;
    struct store_target t = {0};
    int rc = store_target_get(r->s, r->campaign_id, c->number, &t);

    if (rc && rc != -ENOENT) {
        json_decref(extra);
        return rc;
    }
    table_number(r->w, c->number);
    table_outside(r->w, c->name);
    table_text(r->w, rc ? "not in the campaign yet" : target_state_name(t.state));
    table_text(r->w, rc ? "" : target_state_text(t.state));
    table_int(r->w, t.attempts);
    table_text(r->w, t.attempts ? disposition_name(t.last) : "");
    table_time(r->w, t.last_attempt_ms);
    table_time(r->w, rc == 0 && t.state == TARGET_STATE_WAITING ? t.due_ms : 0);
    table_text(r->w, map_get(&r->keys, (uint64_t)c->id));
    table_text(r->w, c->zone);
    table_text(r->w, number_kind_name(c->kind));
    for (int i = 0; i < r->column_count; i++)
        table_outside(r->w, json_string_value(json_object_get(extra, r->columns[i])));
    table_end_row(r->w);
    json_decref(extra);
    r->rows++;
    return 0;
}

static int write_contacts(struct contacts *r, int64_t list_id)
{
    static const char *const names[] = {"phone",    "name",         "state",        "state_text",
                                        "attempts", "last_outcome", "last_attempt", "next_attempt",
                                        "keys",     "zone",         "kind",         NULL};
    int rc = store_call_each(r->s, r->campaign_id, keep_keys, r);

    if (rc == 0)
        rc = store_contact_each(r->s, list_id, keep_columns, r);
    if (rc)
        return rc;
    table_sheet(r->w, "People", names);
    for (int i = 0; i < r->column_count; i++)
        table_column(r->w, r->columns[i]);
    return store_contact_each(r->s, list_id, contact_row, r);
}

int report_sheet_contacts(struct store *s, int64_t campaign_id, struct table *w, int64_t *rows)
{
    struct contacts r = {.s = s, .w = w, .campaign_id = campaign_id};
    struct store_campaign campaign;
    int rc = store_campaign_get(s, campaign_id, &campaign);

    if (!rc)
        rc = write_contacts(&r, campaign.list_id);
    for (size_t i = 0; i < r.keys.cap; i++)
        free(r.keys.values[i]);
    map_free(&r.keys);
    for (int i = 0; i < r.column_count; i++)
        free(r.columns[i]);
    *rows = r.rows;
    return rc;
}

/* ---- texts ------------------------------------------------------------------------------ */

static int text_row(void *arg, const struct store_text *t)
{
    struct calls *r = arg;

    table_int(r->w, t->id);
    table_number(r->w, t->number);
    table_outside(r->w, t->body);
    table_text(r->w, t->state);
    table_time(r->w, t->created_ms);
    table_int(r->w, t->attempt_id);
    table_end_row(r->w);
    r->rows++;
    return 0;
}

int report_sheet_texts(struct store *s, int64_t campaign_id, struct table *w, int64_t *rows)
{
    static const char *const names[] = {"text", "phone", "body", "state", "made", "attempt", NULL};
    struct calls r = {.w = w};
    int rc;

    table_sheet(w, "Texts", names);
    rc = store_text_each(s, campaign_id, text_row, &r);
    *rows = r.rows;
    return rc;
}

/* ---- one sheet, one file -------------------------------------------------------------------- */

int report_end(struct store *s, struct table *w, int rc, struct error *err)
{
    if (rc >= 0)
        return table_finish(w, err);
    table_abort(w);
    return report_store_fault(s, rc, err);
}

static int one_file(struct store *s, int64_t campaign_id, report_sheet_fn sheet, const char *path,
                    int64_t *rows, struct error *err)
{
    struct table *w;
    int64_t n = 0;
    int rc = table_open_csv(path, &w, err);

    if (rc)
        return rc;
    rc = report_end(s, w, sheet(s, campaign_id, w, &n), err);
    if (rc == 0)
        *rows = n;
    return rc;
}

int report_calls(struct store *s, int64_t campaign_id, const char *path, int64_t *rows,
                 struct error *err)
{
    return one_file(s, campaign_id, report_sheet_calls, path, rows, err);
}

int report_contacts(struct store *s, int64_t campaign_id, const char *path, int64_t *rows,
                    struct error *err)
{
    return one_file(s, campaign_id, report_sheet_contacts, path, rows, err);
}

int report_texts(struct store *s, int64_t campaign_id, const char *path, int64_t *rows,
                 struct error *err)
{
    return one_file(s, campaign_id, report_sheet_texts, path, rows, err);
}
