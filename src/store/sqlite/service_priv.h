/* The operations of browse.h, library.h, people.h and work.h on SQLite, over browse.c, library.c,
 * people.c and work.c. */
#pragma once

#include "store/service_backend.h"
#include "store/sqlite/sqlite_priv.h"

int sqlite_browse(struct store *s, enum store_view view, const struct store_filter *filters,
                  unsigned count, struct store_page *page, json_t *items);
int sqlite_show_all(struct store *s, enum store_view view, const struct store_filter *filters,
                    unsigned count, int (*fn)(void *arg, const json_t *one), void *arg);
int sqlite_flow_save(struct store *s, int64_t id, const struct store_flow *f, int64_t *out);
int sqlite_flow_get(struct store *s, int64_t id, int64_t *version, char **json);
int sqlite_flow_remove(struct store *s, int64_t id);
int sqlite_audio_add(struct store *s, const struct store_audio *a, int64_t *id);
int sqlite_audio_remove(struct store *s, int64_t id);
int sqlite_audio_find(struct store *s, const char *name, int64_t *id);
int sqlite_trunk_add(struct store *s, const struct store_trunk *t, int64_t *id);
int sqlite_trunk_get(struct store *s, int64_t id, struct store_trunk *out);
int sqlite_trunk_update(struct store *s, int64_t id, const struct store_trunk *t);
int sqlite_trunk_remove(struct store *s, int64_t id);
int sqlite_campaign_parts(struct store *s, int64_t id, const struct store_parts *p);
int sqlite_campaign_trunks(struct store *s, int64_t id, int64_t *trunks, unsigned max,
                           unsigned *count);
int sqlite_campaign_change(struct store *s, int64_t id, const struct store_campaign *c,
                           const char *config_json);
/* 0: this query for one number finds nothing, -EBUSY: something. */
int sqlite_unused(struct store *s, const char *sql, int64_t id);
int sqlite_list_add(struct store *s, const char *name, int64_t *id);
int sqlite_list_rename(struct store *s, int64_t id, const char *name);
int sqlite_list_remove(struct store *s, int64_t id);
int sqlite_contact_add(struct store *s, const struct store_contact *c, int64_t *id);
int sqlite_contact_change(struct store *s, int64_t id, const struct store_contact *c);
int sqlite_contact_remove(struct store *s, int64_t id);
int sqlite_import_open(struct store *s, int64_t list_id, const char *file, int64_t *import_id);
int sqlite_import_stage(struct store *s, int64_t import_id);
int sqlite_work_add(struct store *s, const struct store_work *w, int64_t *id);
int sqlite_work_get(struct store *s, int64_t id, struct store_work *out);
int sqlite_work_of(struct store *s, const char *kind, int64_t object_id, int64_t *id);
int sqlite_work_of_file(struct store *s, const char *file, int64_t *id);
int sqlite_work_next(struct store *s, int64_t after, struct store_work *out);
int sqlite_work_set(struct store *s, int64_t id, const struct store_work_end *e);
int sqlite_work_remove(struct store *s, int64_t id);
int sqlite_work_open(struct store *s, int64_t *count);
int sqlite_upload_add(struct store *s, const struct store_upload *u, int64_t *id);
int sqlite_upload_get(struct store *s, int64_t id, struct store_upload *out);
int sqlite_upload_next(struct store *s, int64_t after, struct store_upload *out);
int sqlite_upload_count(struct store *s, int64_t *count);
int sqlite_upload_remove(struct store *s, int64_t id);
int sqlite_answer_get(struct store *s, struct store_answer *a);
int sqlite_answer_put(struct store *s, const struct store_answer *a);
int sqlite_answer_tidy(struct store *s, int64_t before_ms);
