/* What the files of the SQLite back-end share: the connection, cached statements, and short ways to
 * bind and step. Statements are cached for the life of the connection by the address of their text,
 * so each must be a string literal. */
#pragma once

#include <sqlite3.h>

#include "base/hash.h"
#include "store/backend.h"

struct sqlite {
    struct store base; /* first */
    sqlite3 *db;
    const struct clock *clock;
    struct map statements; /* literal's address → sqlite3_stmt */
    bool in_transaction;
    int64_t epoch, epoch_version, epoch_changes; /* what sqlite_identity_epoch last saw */
    char fault[256];
};

static inline struct sqlite *sqlite_of(const struct store *s)
{
    return (struct sqlite *)s;
}

static inline int64_t sqlite_now(const struct store *s)
{
    return clock_wall_ms(sqlite_of(s)->clock);
}

/* Remembers the words of the last failure and gives its errno. */
int sqlite_fail(struct store *s, int rc);

/* A ready statement with its parameters bound by format: i int64_t, d double, t text (NULL: null).
 * NULL on failure (then *rc). Give it back with sqlite_done. */
sqlite3_stmt *sqlite_query(struct store *s, int *rc, const char *sql, const char *format, ...);
/* The same for a text that is built; cached by its content, nothing bound. */
sqlite3_stmt *sqlite_query_text(struct store *s, int *rc, const char *sql);
/* 1: a row is there, 0: no more, negative errno. */
int sqlite_step(struct store *s, sqlite3_stmt *q);
void sqlite_done(sqlite3_stmt *q);

/* Runs a statement that gives no rows. */
int sqlite_run(struct store *s, const char *sql, const char *format, ...);
/* Runs a query for one number: 0, -ENOENT without a row. */
int sqlite_int(struct store *s, int64_t *out, const char *sql, const char *format, ...);
int64_t sqlite_changes(const struct store *s);
/* What a change of one row came to: rc, or none when there was no such row. */
int sqlite_changed(const struct store *s, int rc, int none);
/* Copies a text column (NULL as "") into a fixed field. */
void sqlite_text(sqlite3_stmt *q, int column, char *out, size_t size);

/* What a caller's fn answered: true when it wants no more. Its errno becomes the operation's. */
static inline bool sqlite_stop(int answer, int *rc)
{
    if (answer)
        *rc = answer < 0 ? answer : 0;
    return answer != 0;
}

/* A transaction unless the caller is in one already: for operations that must be whole either way.
 * sqlite_end commits when rc is 0, else takes everything back; it returns what holds then. */
int sqlite_start(struct store *s, bool *own);
int sqlite_end(struct store *s, bool own, int rc);
/* The same around one call, which is not made when the transaction cannot begin. */
#define sqlite_whole(s, call)                      \
    ({                                             \
        bool own_;                                 \
        int rc_ = sqlite_start(s, &own_);          \
        rc_ ? rc_ : sqlite_end((s), own_, (call)); \
    })

/* The record of a call that ended, and its part in the totals. */
int sqlite_call_add(struct store *s, const struct store_call *c);

extern const struct store_identity_backend sqlite_identity;
extern const struct store_service_backend sqlite_service;
extern const struct store_outbox_backend sqlite_outbox;

/* The operations; store.h documents them. */
int sqlite_copy(const char *where, const char *to, store_progress_fn progress, void *arg,
                struct error *err);
void sqlite_close(struct store *s);
const char *sqlite_error_text(const struct store *s);
int sqlite_begin(struct store *s);
int sqlite_begin_staging(struct store *s);
int sqlite_commit(struct store *s);
void sqlite_rollback(struct store *s);
void sqlite_on_progress(struct store *s, int (*fn)(void *arg), void *arg);
int sqlite_savepoint(struct store *s);
int sqlite_release(struct store *s);
void sqlite_undo(struct store *s);
int sqlite_snapshot(struct store *s);
void sqlite_snapshot_end(struct store *s);
int64_t sqlite_data_version(struct store *s);
int sqlite_list_ensure(struct store *s, const char *name, int64_t *list_id);
int sqlite_list_find(struct store *s, const char *name, int64_t *list_id);
int sqlite_import_begin(struct store *s, int64_t list_id, const char *file, int64_t *import_id);
int sqlite_import_row(struct store *s, int64_t import_id, const struct store_contact *row);
int sqlite_import_reject(struct store *s, int64_t import_id, int64_t row, const char *reason,
                         const char *value);
int sqlite_import_finish(struct store *s, int64_t import_id, struct store_import *out);
int sqlite_import_abort(struct store *s, int64_t import_id);
int sqlite_import_undo(struct store *s, int64_t import_id, int64_t *removed);
int sqlite_import_get(struct store *s, int64_t import_id, struct store_import *out);
int sqlite_import_list(struct store *s, void (*fn)(void *arg, const struct store_import *i),
                       void *arg);
int sqlite_import_reasons(struct store *s, int64_t import_id,
                          void (*fn)(void *arg, const char *reason, int64_t count,
                                     int64_t first_row),
                          void *arg);
int sqlite_contact_count(struct store *s, int64_t list_id, int64_t *count);
/* More of them, or with a negative number fewer: in the transaction that adds or removes them. */
int sqlite_list_gain(struct store *s, int64_t list_id, int64_t people);
int sqlite_contact_each(struct store *s, int64_t list_id,
                        int (*fn)(void *arg, const struct store_contact *c), void *arg);
int sqlite_contact_by_number(struct store *s, int64_t list_id, uint64_t number,
                             int (*fn)(void *arg, const struct store_contact *c), void *arg);
int sqlite_black_add(struct store *s, const struct store_black *b, bool *added);
int sqlite_black_remove(struct store *s, const char *list, uint64_t number, const char *why,
                        bool *removed);
int sqlite_black_find(struct store *s, uint64_t number, struct store_black *out);
int sqlite_black_each(struct store *s, const char *list, const char *prefix,
                      int (*fn)(void *arg, const struct store_black *b), void *arg);
int sqlite_black_waiting(struct store *s, int64_t campaign_id, int64_t now_ms,
                         int (*fn)(void *arg, int64_t group_id, int64_t count), void *arg);
int sqlite_black_count(struct store *s, int64_t *count);
int sqlite_black_changes(struct store *s, int64_t *seq,
                         int (*fn)(void *arg, uint64_t number, int64_t expires_ms), void *arg);
int sqlite_black_history(struct store *s, uint64_t number,
                         int (*fn)(void *arg, const struct store_black *b, const char *action),
                         void *arg);
int sqlite_campaign_create(struct store *s, const struct store_campaign *c, const char *config_json,
                           int64_t *id);
int sqlite_campaign_get(struct store *s, int64_t id, struct store_campaign *out);
int sqlite_campaign_update(struct store *s, int64_t id, const char *config_json,
                           const char *config_hash);
int sqlite_campaign_config(struct store *s, int64_t id, char **json);
int sqlite_campaign_find(struct store *s, const char *name, struct store_campaign *out);
int sqlite_campaign_list(struct store *s, int (*fn)(void *arg, const struct store_campaign *c),
                         void *arg);
int sqlite_campaign_set_state(struct store *s, int64_t id, enum campaign_state to,
                              const char *reason);
int sqlite_campaign_delete(struct store *s, int64_t id);
int sqlite_step_begin(struct store *s, int64_t campaign_id, const char *step);
int sqlite_step_end(struct store *s, int64_t campaign_id, const char *step, bool ok,
                    const char *detail);
int sqlite_step_each(struct store *s, int64_t campaign_id,
                     int (*fn)(void *arg, const char *step, const char *state, int64_t started_ms,
                               int64_t ended_ms, const char *detail),
                     void *arg);
int sqlite_target_fill(struct store *s, int64_t campaign_id, int64_t *added);
int sqlite_group_each(struct store *s, int64_t campaign_id,
                      int (*fn)(void *arg, const struct store_group *g), void *arg);
int sqlite_claim(struct store *s, const struct store_claim_query *q, struct store_claim *out,
                 int max, int *claimed, int64_t *skipped);
int sqlite_finish(struct store *s, const struct store_finish *f);
int sqlite_recover(struct store *s, int64_t campaign_id, int64_t due_ms, int64_t *interrupted);
int sqlite_target_counts(struct store *s, int64_t campaign_id, struct store_target_counts *out);
int sqlite_target_get(struct store *s, int64_t campaign_id, uint64_t number,
                      struct store_target *out);
int sqlite_attempts_since(struct store *s, int64_t campaign_id, int64_t contact_id,
                          int64_t since_ms, int *count);
int sqlite_last_dial(struct store *s, int64_t campaign_id, int64_t *at_ms);
int sqlite_call_each(struct store *s, int64_t campaign_id,
                     int (*fn)(void *arg, const struct store_call *c), void *arg);
int sqlite_call_totals(struct store *s, int64_t campaign_id, struct store_call_totals *out);
int sqlite_text_add(struct store *s, const struct store_text *t, const char *node, int64_t *id,
                    bool *added);
int sqlite_text_each(struct store *s, int64_t campaign_id,
                     int (*fn)(void *arg, const struct store_text *t), void *arg);
int sqlite_pace_add(struct store *s, int64_t campaign_id, const struct store_pace *p);
int sqlite_pace_each(struct store *s, int64_t campaign_id,
                     int (*fn)(void *arg, const struct store_pace *p), void *arg);
int sqlite_audit(struct store *s, const char *who, const char *action, const char *object,
                 const char *detail);
