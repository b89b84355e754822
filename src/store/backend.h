/* What a back-end of the store provides: one function for each of store.h, which documents them. A
 * back-end embeds struct store as its first member. */
#pragma once

#include "store/backup.h"
#include "store/identity_backend.h"
#include "store/outbox_backend.h"
#include "store/service_backend.h"
#include "store/store.h"

struct store_backend {
    const char *scheme; /* of its URLs: "sqlite" */
    const struct store_identity_backend *identity;
    const struct store_service_backend *service;
    const struct store_outbox_backend *outbox;
    int (*open)(const char *where, const struct clock *clock, struct store **out,
                struct error *err);
    int (*copy)(const char *where, const char *to, store_progress_fn progress, void *arg,
                struct error *err);
    void (*close)(struct store *s);
    const char *(*error_text)(const struct store *s);
    int (*begin)(struct store *s);
    int (*begin_staging)(struct store *s);
    int (*commit)(struct store *s);
    void (*rollback)(struct store *s);
    void (*on_progress)(struct store *s, int (*fn)(void *arg), void *arg);
    int (*savepoint)(struct store *s);
    int (*release)(struct store *s);
    void (*undo)(struct store *s);
    int (*snapshot)(struct store *s);
    void (*snapshot_end)(struct store *s);
    int64_t (*data_version)(struct store *s);
    int (*list_ensure)(struct store *s, const char *name, int64_t *list_id);
    int (*list_find)(struct store *s, const char *name, int64_t *list_id);
    int (*import_begin)(struct store *s, int64_t list_id, const char *file, int64_t *import_id);
    int (*import_row)(struct store *s, int64_t import_id, const struct store_contact *row);
    int (*import_reject)(struct store *s, int64_t import_id, int64_t row, const char *reason,
                         const char *value);
    int (*import_finish)(struct store *s, int64_t import_id, struct store_import *out);
    int (*import_abort)(struct store *s, int64_t import_id);
    int (*import_undo)(struct store *s, int64_t import_id, int64_t *removed);
    int (*import_get)(struct store *s, int64_t import_id, struct store_import *out);
    int (*import_list)(struct store *s, void (*fn)(void *arg, const struct store_import *i),
                       void *arg);
    int (*import_reasons)(struct store *s, int64_t import_id,
                          void (*fn)(void *arg, const char *reason, int64_t count,
                                     int64_t first_row),
                          void *arg);
    int (*contact_count)(struct store *s, int64_t list_id, int64_t *count);
    int (*contact_each)(struct store *s, int64_t list_id,
                        int (*fn)(void *arg, const struct store_contact *c), void *arg);
    int (*contact_by_number)(struct store *s, int64_t list_id, uint64_t number,
                             int (*fn)(void *arg, const struct store_contact *c), void *arg);
    int (*black_add)(struct store *s, const struct store_black *b, bool *added);
    int (*black_remove)(struct store *s, const char *list, uint64_t number, const char *why,
                        bool *removed);
    int (*black_find)(struct store *s, uint64_t number, struct store_black *out);
    int (*black_each)(struct store *s, const char *list, const char *prefix,
                      int (*fn)(void *arg, const struct store_black *b), void *arg);
    int (*black_waiting)(struct store *s, int64_t campaign_id, int64_t now_ms,
                         int (*fn)(void *arg, int64_t group_id, int64_t count), void *arg);
    int (*black_count)(struct store *s, int64_t *count);
    int (*black_changes)(struct store *s, int64_t *seq,
                         int (*fn)(void *arg, uint64_t number, int64_t expires_ms), void *arg);
    int (*black_history)(struct store *s, uint64_t number,
                         int (*fn)(void *arg, const struct store_black *b, const char *action),
                         void *arg);
    int (*campaign_create)(struct store *s, const struct store_campaign *c, const char *config_json,
                           int64_t *id);
    int (*campaign_get)(struct store *s, int64_t id, struct store_campaign *out);
    int (*campaign_update)(struct store *s, int64_t id, const char *config_json,
                           const char *config_hash);
    int (*campaign_config)(struct store *s, int64_t id, char **json);
    int (*campaign_find)(struct store *s, const char *name, struct store_campaign *out);
    int (*campaign_list)(struct store *s, int (*fn)(void *arg, const struct store_campaign *c),
                         void *arg);
    int (*campaign_set_state)(struct store *s, int64_t id, enum campaign_state to,
                              const char *reason);
    int (*campaign_delete)(struct store *s, int64_t id);
    int (*step_begin)(struct store *s, int64_t campaign_id, const char *step);
    int (*step_end)(struct store *s, int64_t campaign_id, const char *step, bool ok,
                    const char *detail);
    int (*step_each)(struct store *s, int64_t campaign_id,
                     int (*fn)(void *arg, const char *step, const char *state, int64_t started_ms,
                               int64_t ended_ms, const char *detail),
                     void *arg);
    int (*target_fill)(struct store *s, int64_t campaign_id, int64_t *added);
    int (*group_each)(struct store *s, int64_t campaign_id,
                      int (*fn)(void *arg, const struct store_group *g), void *arg);
    int (*claim)(struct store *s, const struct store_claim_query *q, struct store_claim *out,
                 int max, int *claimed, int64_t *skipped);
    int (*finish)(struct store *s, const struct store_finish *f);
    int (*recover)(struct store *s, int64_t campaign_id, int64_t due_ms, int64_t *interrupted);
    int (*target_counts)(struct store *s, int64_t campaign_id, struct store_target_counts *out);
    int (*target_get)(struct store *s, int64_t campaign_id, uint64_t number,
                      struct store_target *out);
    int (*attempts_since)(struct store *s, int64_t campaign_id, int64_t contact_id,
                          int64_t since_ms, int *count);
    int (*last_dial)(struct store *s, int64_t campaign_id, int64_t *at_ms);
    int (*call_each)(struct store *s, int64_t campaign_id,
                     int (*fn)(void *arg, const struct store_call *c), void *arg);
    int (*call_totals)(struct store *s, int64_t campaign_id, struct store_call_totals *out);
    int (*text_add)(struct store *s, const struct store_text *t, const char *node, int64_t *id,
                    bool *added);
    int (*text_each)(struct store *s, int64_t campaign_id,
                     int (*fn)(void *arg, const struct store_text *t), void *arg);
    int (*pace_add)(struct store *s, int64_t campaign_id, const struct store_pace *p);
    int (*pace_each)(struct store *s, int64_t campaign_id,
                     int (*fn)(void *arg, const struct store_pace *p), void *arg);
    int (*audit)(struct store *s, const char *who, const char *action, const char *object,
                 const char *detail);
};

struct store {
    const struct store_backend *ops;
};

extern const struct store_backend store_sqlite;

extern const struct store_backend *const store_backends[]; /* all, NULL-terminated (store.c) */
