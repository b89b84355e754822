/* What a back-end provides for browse.h, library.h, people.h and work.h, which document it. */
#pragma once

#include "store/browse.h"
#include "store/library.h"
#include "store/people.h"
#include "store/work.h"

struct store_service_backend {
    int (*browse)(struct store *s, enum store_view view, const struct store_filter *filters,
                  unsigned count, struct store_page *page, json_t *items);
    int (*show_all)(struct store *s, enum store_view view, const struct store_filter *filters,
                    unsigned count, int (*fn)(void *arg, const json_t *one), void *arg);
    int (*flow_save)(struct store *s, int64_t id, const struct store_flow *f, int64_t *out);
    int (*flow_get)(struct store *s, int64_t id, int64_t *version, char **json);
    int (*flow_remove)(struct store *s, int64_t id);
    int (*audio_add)(struct store *s, const struct store_audio *a, int64_t *id);
    int (*audio_remove)(struct store *s, int64_t id);
    int (*audio_find)(struct store *s, const char *name, int64_t *id);
    int (*trunk_add)(struct store *s, const struct store_trunk *t, int64_t *id);
    int (*trunk_get)(struct store *s, int64_t id, struct store_trunk *out);
    int (*trunk_update)(struct store *s, int64_t id, const struct store_trunk *t);
    int (*trunk_remove)(struct store *s, int64_t id);
    int (*campaign_parts)(struct store *s, int64_t id, const struct store_parts *p);
    int (*campaign_trunks)(struct store *s, int64_t id, int64_t *trunks, unsigned max,
                           unsigned *count);
    int (*campaign_change)(struct store *s, int64_t id, const struct store_campaign *c,
                           const char *config_json);
    int (*list_add)(struct store *s, const char *name, int64_t *id);
    int (*list_rename)(struct store *s, int64_t id, const char *name);
    int (*list_remove)(struct store *s, int64_t id);
    int (*contact_add)(struct store *s, const struct store_contact *c, int64_t *id);
    int (*contact_change)(struct store *s, int64_t id, const struct store_contact *c);
    int (*contact_remove)(struct store *s, int64_t id);
    int (*import_open)(struct store *s, int64_t list_id, const char *file, int64_t *import_id);
    int (*import_stage)(struct store *s, int64_t import_id);
    int (*work_add)(struct store *s, const struct store_work *w, int64_t *id);
    int (*work_get)(struct store *s, int64_t id, struct store_work *out);
    int (*work_of)(struct store *s, const char *kind, int64_t object_id, int64_t *id);
    int (*work_of_file)(struct store *s, const char *file, int64_t *id);
    int (*work_next)(struct store *s, int64_t after, struct store_work *out);
    int (*work_set)(struct store *s, int64_t id, const struct store_work_end *e);
    int (*work_remove)(struct store *s, int64_t id);
    int (*work_open)(struct store *s, int64_t *count);
    int (*upload_add)(struct store *s, const struct store_upload *u, int64_t *id);
    int (*upload_get)(struct store *s, int64_t id, struct store_upload *out);
    int (*upload_next)(struct store *s, int64_t after, struct store_upload *out);
    int (*upload_count)(struct store *s, int64_t *count);
    int (*upload_remove)(struct store *s, int64_t id);
    int (*answer_get)(struct store *s, struct store_answer *a);
    int (*answer_put)(struct store *s, const struct store_answer *a);
    int (*answer_tidy)(struct store *s, int64_t before_ms);
};
