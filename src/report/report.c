#include "report/report.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "report/csv_write.h"

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

static int store_fault(struct store *s, int rc, struct error *err)
{
    return error_set(err, rc, "store", NULL, "cannot read the campaign: %s", store_error_text(s));
}

static void header(struct csv_writer *w, const char *const *names)
{
    for (; *names; names++)
        csv_text(w, *names);
    csv_end_row(w);
}

/* rc of the reading; ends the file either way. */
static int finish(struct store *s, struct csv_writer *w, int rc, struct error *err)
{
    if (rc >= 0)
        return csv_writer_finish(w, err);
    csv_writer_abort(w);
    return store_fault(s, rc, err);
}

/* ---- calls.csv ------------------------------------------------------------------------------ */

struct calls {
    struct csv_writer *w;
    int64_t rows;
};

static int call_row(void *arg, const struct store_call *c)
{
    struct calls *r = arg;
    const struct call_outcome *o = &c->outcome;
    json_t *trace = c->trace_json ? json_loads(c->trace_json, 0, NULL) : NULL;
    char keys[256], path[4096];
    char *values = json_dumps(json_object_get(trace, "values"), JSON_COMPACT);

    csv_int(r->w, c->attempt_id);
    csv_number(r->w, c->number);
    csv_outside(r->w, c->contact_name);
    csv_int(r->w, c->attempt_no);
    csv_text(r->w, disposition_name(o->disposition));
    csv_text(r->w, disposition_text(o->disposition));
    csv_outside(r->w, o->reason);
    csv_time(r->w, o->dialled_ms);
    csv_time(r->w, o->ringing_ms);
    csv_time(r->w, o->answered_ms);
    csv_time(r->w, o->ended_ms);
    csv_real(r->w,
             o->answered_ms && o->ended_ms ? (double)(o->ended_ms - o->answered_ms) / 1000 : 0, 1);
    csv_text(r->w, o->ended_by);
    csv_text(r->w, join(trace, "keys", "key", keys, sizeof(keys)));
    csv_text(r->w, join(trace, "path", "node", path, sizeof(path)));
    csv_outside(r->w, values && strcmp(values, "{}") != 0 ? values : "");
    csv_text(r->w, o->trunk);
    csv_text(r->w, o->caller_id);
    csv_int(r->w, o->sip_status);
    csv_real(r->w, o->answer_to_audio_us / 1000.0, 1);
    csv_real(r->w, o->key_to_audio_us / 1000.0, 1);
    csv_real(r->w, c->cost, 4);
    csv_outside(r->w, o->sip_call_id);
    csv_end_row(r->w);
    free(values);
    json_decref(trace);
    r->rows++;
    return 0;
}

int report_calls(struct store *s, int64_t campaign_id, const char *path, int64_t *rows,
                 struct error *err)
{
    static const char *const names[] = {
        "attempt",         "phone",  "name",        "attempt_no", "outcome",
        "outcome_text",    "reason", "dialled",     "ringing",    "answered",
        "ended",           "talk_s", "ended_by",    "keys",       "path",
        "values",          "trunk",  "caller_id",   "sip_status", "answer_to_audio_ms",
        "key_to_audio_ms", "cost",   "sip_call_id", NULL};
    struct calls r = {0};
    int rc = csv_writer_open(path, &r.w, err);

    if (rc)
        return rc;
    header(r.w, names);
    rc = finish(s, r.w, store_call_each(s, campaign_id, call_row, &r), err);
    if (rc == 0)
        *rows = r.rows;
    return rc;
}

/* ---- contacts.csv --------------------------------------------------------------------------- */

struct contacts {
    struct store *s;
    struct csv_writer *w;
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
    csv_number(r->w, c->number);
    csv_outside(r->w, c->name);
    csv_text(r->w, rc ? "not in the campaign yet" : target_state_name(t.state));
    csv_text(r->w, rc ? "" : target_state_text(t.state));
    csv_int(r->w, t.attempts);
    csv_text(r->w, t.attempts ? disposition_name(t.last) : "");
    csv_time(r->w, t.last_attempt_ms);
    csv_time(r->w, rc == 0 && t.state == TARGET_STATE_WAITING ? t.due_ms : 0);
    csv_text(r->w, map_get(&r->keys, (uint64_t)c->id));
    csv_text(r->w, c->zone);
    csv_text(r->w, number_kind_name(c->kind));
    for (int i = 0; i < r->column_count; i++)
        csv_outside(r->w, json_string_value(json_object_get(extra, r->columns[i])));
    csv_end_row(r->w);
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
    for (const char *const *n = names; *n; n++)
        csv_text(r->w, *n);
    for (int i = 0; i < r->column_count; i++)
        csv_outside(r->w, r->columns[i]);
    csv_end_row(r->w);
    return store_contact_each(r->s, list_id, contact_row, r);
}

int report_contacts(struct store *s, int64_t campaign_id, const char *path, int64_t *rows,
                    struct error *err)
{
    struct contacts r = {.s = s, .campaign_id = campaign_id};
    struct store_campaign campaign;
    int rc = store_campaign_get(s, campaign_id, &campaign);

    if (rc)
        return store_fault(s, rc, err);
    rc = csv_writer_open(path, &r.w, err);
    if (rc)
        return rc;
    rc = finish(s, r.w, write_contacts(&r, campaign.list_id), err);
    for (size_t i = 0; i < r.keys.cap; i++)
        free(r.keys.values[i]);
    map_free(&r.keys);
    for (int i = 0; i < r.column_count; i++)
        free(r.columns[i]);
    if (rc == 0)
        *rows = r.rows;
    return rc;
}

/* ---- texts.csv ------------------------------------------------------------------------------ */

static int text_row(void *arg, const struct store_text *t)
{
    struct calls *r = arg;

    csv_int(r->w, t->id);
    csv_number(r->w, t->number);
    csv_outside(r->w, t->body);
    csv_text(r->w, t->state);
    csv_time(r->w, t->created_ms);
    csv_int(r->w, t->attempt_id);
    csv_end_row(r->w);
    r->rows++;
    return 0;
}

int report_texts(struct store *s, int64_t campaign_id, const char *path, int64_t *rows,
                 struct error *err)
{
    static const char *const names[] = {"text", "phone", "body", "state", "made", "attempt", NULL};
    struct calls r = {0};
    int rc = csv_writer_open(path, &r.w, err);

    if (rc)
        return rc;
    header(r.w, names);
    rc = finish(s, r.w, store_text_each(s, campaign_id, text_row, &r), err);
    if (rc == 0)
        *rows = r.rows;
    return rc;
}
