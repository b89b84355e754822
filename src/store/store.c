/* The store's front: finds the back-end by the URL's scheme and hands each operation on. */
#include "store/store.h"

#include <errno.h>
#include <string.h>

#include "store/backend.h"

const struct store_backend *const store_backends[] = {&store_sqlite, NULL};

/* NULL with err set: there is no such kind. *where: what follows the scheme. */
static const struct store_backend *backend_of(const char *url, const char **where,
                                              struct error *err)
{
    const char *colon = strchr(url, ':');

    for (const struct store_backend *const *b = store_backends; *b; b++) {
        size_t n = strlen((*b)->scheme);

        if (colon && (size_t)(colon - url) == n && strncmp(url, (*b)->scheme, n) == 0) {
            *where = colon + 1;
            return *b;
        }
    }
    *where = url;
    /* A plain path, or a path that happens to hold a colon after a slash. */
    if (!colon || memchr(url, '/', (size_t)(colon - url)))
        return &store_sqlite;
    error_set(err, -EINVAL, url, "use sqlite:PATH or a plain path", "no such kind of store");
    return NULL;
}

int store_open(const char *url, const struct clock *clock, struct store **out, struct error *err)
{
    const char *where;
    const struct store_backend *b = backend_of(url, &where, err);

    return b ? b->open(where, clock, out, err) : -EINVAL;
}

int store_copy(const char *url, const char *to, store_progress_fn progress, void *arg,
               struct error *err)
{
    const char *where;
    const struct store_backend *b = backend_of(url, &where, err);

    return b ? b->copy(where, to, progress, arg, err) : -EINVAL;
}

void store_close(struct store *s)
{
    if (s)
        s->ops->close(s);
}

const char *store_error_text(const struct store *s)
{
    return s->ops->error_text(s);
}

int store_begin(struct store *s)
{
    return s->ops->begin(s);
}

int store_begin_staging(struct store *s)
{
    return s->ops->begin_staging(s);
}

int store_commit(struct store *s)
{
    return s->ops->commit(s);
}

void store_rollback(struct store *s)
{
    s->ops->rollback(s);
}

void store_on_progress(struct store *s, int (*fn)(void *arg), void *arg)
{
    s->ops->on_progress(s, fn, arg);
}

int store_savepoint(struct store *s)
{
    return s->ops->savepoint(s);
}

int store_release(struct store *s)
{
    return s->ops->release(s);
}

void store_undo(struct store *s)
{
    s->ops->undo(s);
}

int store_snapshot(struct store *s)
{
    return s->ops->snapshot(s);
}

void store_snapshot_end(struct store *s)
{
    s->ops->snapshot_end(s);
}

int64_t store_data_version(struct store *s)
{
    return s->ops->data_version(s);
}

int store_list_ensure(struct store *s, const char *name, int64_t *list_id)
{
    return s->ops->list_ensure(s, name, list_id);
}

int store_list_find(struct store *s, const char *name, int64_t *list_id)
{
    return s->ops->list_find(s, name, list_id);
}

int store_import_begin(struct store *s, int64_t list_id, const char *file, int64_t *import_id)
{
    return s->ops->import_begin(s, list_id, file, import_id);
}

int store_import_row(struct store *s, int64_t import_id, const struct store_contact *row)
{
    return s->ops->import_row(s, import_id, row);
}

int store_import_reject(struct store *s, int64_t import_id, int64_t row, const char *reason,
                        const char *value)
{
    return s->ops->import_reject(s, import_id, row, reason, value);
}

int store_import_finish(struct store *s, int64_t import_id, struct store_import *out)
{
    return s->ops->import_finish(s, import_id, out);
}

int store_import_abort(struct store *s, int64_t import_id)
{
    return s->ops->import_abort(s, import_id);
}

int store_import_undo(struct store *s, int64_t import_id, int64_t *removed)
{
    return s->ops->import_undo(s, import_id, removed);
}

int store_import_get(struct store *s, int64_t import_id, struct store_import *out)
{
    return s->ops->import_get(s, import_id, out);
}

int store_import_list(struct store *s, void (*fn)(void *arg, const struct store_import *i),
                      void *arg)
{
    return s->ops->import_list(s, fn, arg);
}

int store_import_reasons(struct store *s, int64_t import_id,
                         void (*fn)(void *arg, const char *reason, int64_t count,
                                    int64_t first_row),
                         void *arg)
{
    return s->ops->import_reasons(s, import_id, fn, arg);
}

int store_contact_count(struct store *s, int64_t list_id, int64_t *count)
{
    return s->ops->contact_count(s, list_id, count);
}

int store_contact_each(struct store *s, int64_t list_id,
                       int (*fn)(void *arg, const struct store_contact *c), void *arg)
{
    return s->ops->contact_each(s, list_id, fn, arg);
}

int store_contact_by_number(struct store *s, int64_t list_id, uint64_t number,
                            int (*fn)(void *arg, const struct store_contact *c), void *arg)
{
    return s->ops->contact_by_number(s, list_id, number, fn, arg);
}

int store_black_add(struct store *s, const struct store_black *b, bool *added)
{
    return s->ops->black_add(s, b, added);
}

int store_black_remove(struct store *s, const char *list, uint64_t number, const char *why,
                       bool *removed)
{
    return s->ops->black_remove(s, list, number, why, removed);
}

int store_black_find(struct store *s, uint64_t number, struct store_black *out)
{
    return s->ops->black_find(s, number, out);
}

int store_black_each(struct store *s, const char *list, const char *prefix,
                     int (*fn)(void *arg, const struct store_black *b), void *arg)
{
    return s->ops->black_each(s, list, prefix, fn, arg);
}

int store_black_waiting(struct store *s, int64_t campaign_id, int64_t now_ms,
                        int (*fn)(void *arg, int64_t group_id, int64_t count), void *arg)
{
    return s->ops->black_waiting(s, campaign_id, now_ms, fn, arg);
}

int store_black_count(struct store *s, int64_t *count)
{
    return s->ops->black_count(s, count);
}

int store_black_changes(struct store *s, int64_t *seq,
                        int (*fn)(void *arg, uint64_t number, int64_t expires_ms), void *arg)
{
    return s->ops->black_changes(s, seq, fn, arg);
}

int store_black_history(struct store *s, uint64_t number,
                        int (*fn)(void *arg, const struct store_black *b, const char *action),
                        void *arg)
{
    return s->ops->black_history(s, number, fn, arg);
}

int store_campaign_create(struct store *s, const struct store_campaign *c, const char *config_json,
                          int64_t *id)
{
    return s->ops->campaign_create(s, c, config_json, id);
}

int store_campaign_get(struct store *s, int64_t id, struct store_campaign *out)
{
    return s->ops->campaign_get(s, id, out);
}

int store_campaign_update(struct store *s, int64_t id, const char *config_json,
                          const char *config_hash)
{
    return s->ops->campaign_update(s, id, config_json, config_hash);
}

int store_campaign_config(struct store *s, int64_t id, char **json)
{
    return s->ops->campaign_config(s, id, json);
}

int store_campaign_find(struct store *s, const char *name, struct store_campaign *out)
{
    return s->ops->campaign_find(s, name, out);
}

int store_campaign_list(struct store *s, int (*fn)(void *arg, const struct store_campaign *c),
                        void *arg)
{
    return s->ops->campaign_list(s, fn, arg);
}

int store_campaign_set_state(struct store *s, int64_t id, enum campaign_state to,
                             const char *reason)
{
    return s->ops->campaign_set_state(s, id, to, reason);
}

int store_campaign_delete(struct store *s, int64_t id)
{
    return s->ops->campaign_delete(s, id);
}

int store_step_begin(struct store *s, int64_t campaign_id, const char *step)
{
    return s->ops->step_begin(s, campaign_id, step);
}

int store_step_end(struct store *s, int64_t campaign_id, const char *step, bool ok,
                   const char *detail)
{
    return s->ops->step_end(s, campaign_id, step, ok, detail);
}

int store_step_each(struct store *s, int64_t campaign_id,
                    int (*fn)(void *arg, const char *step, const char *state, int64_t started_ms,
                              int64_t ended_ms, const char *detail),
                    void *arg)
{
    return s->ops->step_each(s, campaign_id, fn, arg);
}

int store_target_fill(struct store *s, int64_t campaign_id, int64_t *added)
{
    return s->ops->target_fill(s, campaign_id, added);
}

int store_group_each(struct store *s, int64_t campaign_id,
                     int (*fn)(void *arg, const struct store_group *g), void *arg)
{
    return s->ops->group_each(s, campaign_id, fn, arg);
}

int store_claim(struct store *s, const struct store_claim_query *q, struct store_claim *out,
                int max, int *claimed, int64_t *skipped)
{
    return s->ops->claim(s, q, out, max, claimed, skipped);
}

int store_finish(struct store *s, const struct store_finish *f)
{
    return s->ops->finish(s, f);
}

int store_recover(struct store *s, int64_t campaign_id, int64_t due_ms, int64_t *interrupted)
{
    return s->ops->recover(s, campaign_id, due_ms, interrupted);
}

int store_target_counts(struct store *s, int64_t campaign_id, struct store_target_counts *out)
{
    return s->ops->target_counts(s, campaign_id, out);
}

int store_target_get(struct store *s, int64_t campaign_id, uint64_t number,
                     struct store_target *out)
{
    return s->ops->target_get(s, campaign_id, number, out);
}

int store_attempts_since(struct store *s, int64_t campaign_id, int64_t contact_id, int64_t since_ms,
                         int *count)
{
    return s->ops->attempts_since(s, campaign_id, contact_id, since_ms, count);
}

int store_last_dial(struct store *s, int64_t campaign_id, int64_t *at_ms)
{
    return s->ops->last_dial(s, campaign_id, at_ms);
}

int store_call_each(struct store *s, int64_t campaign_id,
                    int (*fn)(void *arg, const struct store_call *c), void *arg)
{
    return s->ops->call_each(s, campaign_id, fn, arg);
}

int store_call_totals(struct store *s, int64_t campaign_id, struct store_call_totals *out)
{
    return s->ops->call_totals(s, campaign_id, out);
}

int store_text_add(struct store *s, const struct store_text *t, const char *node, int64_t *id,
                   bool *added)
{
    return s->ops->text_add(s, t, node, id, added);
}

int store_text_each(struct store *s, int64_t campaign_id,
                    int (*fn)(void *arg, const struct store_text *t), void *arg)
{
    return s->ops->text_each(s, campaign_id, fn, arg);
}

int store_pace_add(struct store *s, int64_t campaign_id, const struct store_pace *p)
{
    return s->ops->pace_add(s, campaign_id, p);
}

int store_pace_each(struct store *s, int64_t campaign_id,
                    int (*fn)(void *arg, const struct store_pace *p), void *arg)
{
    return s->ops->pace_each(s, campaign_id, fn, arg);
}

int store_audit(struct store *s, const char *who, const char *action, const char *object,
                const char *detail)
{
    return s->ops->audit(s, who, action, object, detail);
}
