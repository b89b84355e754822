/* The front of browse.h, library.h, people.h and work.h: hands each operation on to the back-end.
 */
#include <assert.h>
#include <errno.h>

#include "store/backend.h"

int store_browse(struct store *s, enum store_view view, const struct store_filter *filters,
                 unsigned count, struct store_page *page, json_t *items)
{
    assert(page->limit >= 1 && page->limit <= STORE_PAGE_MAX);
    return s->ops->service->browse(s, view, filters, count, page, items);
}

int store_show_all(struct store *s, enum store_view view, const struct store_filter *filters,
                   unsigned count, int (*fn)(void *arg, const json_t *one), void *arg)
{
    return s->ops->service->show_all(s, view, filters, count, fn, arg);
}

int store_flow_save(struct store *s, int64_t id, const struct store_flow *f, int64_t *out)
{
    return s->ops->service->flow_save(s, id, f, out);
}

int store_flow_get(struct store *s, int64_t id, int64_t *version, char **json)
{
    return s->ops->service->flow_get(s, id, version, json);
}

int store_flow_remove(struct store *s, int64_t id)
{
    return s->ops->service->flow_remove(s, id);
}

int store_audio_add(struct store *s, const struct store_audio *a, int64_t *id)
{
    return s->ops->service->audio_add(s, a, id);
}

int store_audio_remove(struct store *s, int64_t id)
{
    return s->ops->service->audio_remove(s, id);
}

int store_audio_find(struct store *s, const char *name, int64_t *id)
{
    return s->ops->service->audio_find(s, name, id);
}

int store_trunk_add(struct store *s, const struct store_trunk *t, int64_t *id)
{
    return s->ops->service->trunk_add(s, t, id);
}

int store_trunk_get(struct store *s, int64_t id, struct store_trunk *out)
{
    return s->ops->service->trunk_get(s, id, out);
}

int store_trunk_update(struct store *s, int64_t id, const struct store_trunk *t)
{
    return s->ops->service->trunk_update(s, id, t);
}

int store_trunk_remove(struct store *s, int64_t id)
{
    return s->ops->service->trunk_remove(s, id);
}

int store_campaign_parts(struct store *s, int64_t id, const struct store_parts *p)
{
    return s->ops->service->campaign_parts(s, id, p);
}

int store_campaign_trunks(struct store *s, int64_t id, int64_t *trunks, unsigned max,
                          unsigned *count)
{
    return s->ops->service->campaign_trunks(s, id, trunks, max, count);
}

int store_campaign_change(struct store *s, int64_t id, const struct store_campaign *c,
                          const char *config_json)
{
    return s->ops->service->campaign_change(s, id, c, config_json);
}

int store_list_add(struct store *s, const char *name, int64_t *id)
{
    return s->ops->service->list_add(s, name, id);
}

int store_list_rename(struct store *s, int64_t id, const char *name)
{
    return s->ops->service->list_rename(s, id, name);
}

int store_list_remove(struct store *s, int64_t id)
{
    return s->ops->service->list_remove(s, id);
}

int store_contact_add(struct store *s, const struct store_contact *c, int64_t *id)
{
    return s->ops->service->contact_add(s, c, id);
}

int store_contact_change(struct store *s, int64_t id, const struct store_contact *c)
{
    return s->ops->service->contact_change(s, id, c);
}

int store_contact_remove(struct store *s, int64_t id)
{
    return s->ops->service->contact_remove(s, id);
}

int store_import_open(struct store *s, int64_t list_id, const char *file, int64_t *import_id)
{
    return s->ops->service->import_open(s, list_id, file, import_id);
}

int store_import_stage(struct store *s, int64_t import_id)
{
    return s->ops->service->import_stage(s, import_id);
}

int store_work_add(struct store *s, const struct store_work *w, int64_t *id)
{
    return s->ops->service->work_add(s, w, id);
}

int store_work_get(struct store *s, int64_t id, struct store_work *out)
{
    return s->ops->service->work_get(s, id, out);
}

int store_work_of(struct store *s, const char *kind, int64_t object_id, int64_t *id)
{
    return s->ops->service->work_of(s, kind, object_id, id);
}

int store_work_of_file(struct store *s, const char *file, int64_t *id)
{
    return s->ops->service->work_of_file(s, file, id);
}

int store_work_next(struct store *s, int64_t after, struct store_work *out)
{
    return s->ops->service->work_next(s, after, out);
}

int store_work_set(struct store *s, int64_t id, const struct store_work_end *e)
{
    return s->ops->service->work_set(s, id, e);
}

int store_work_remove(struct store *s, int64_t id)
{
    return s->ops->service->work_remove(s, id);
}

int store_work_open(struct store *s, int64_t *count)
{
    return s->ops->service->work_open(s, count);
}

int store_upload_add(struct store *s, const struct store_upload *u, int64_t *id)
{
    return s->ops->service->upload_add(s, u, id);
}

int store_upload_get(struct store *s, int64_t id, struct store_upload *out)
{
    return s->ops->service->upload_get(s, id, out);
}

int store_upload_next(struct store *s, int64_t after, struct store_upload *out)
{
    return s->ops->service->upload_next(s, after, out);
}

int store_upload_count(struct store *s, int64_t *count)
{
    return s->ops->service->upload_count(s, count);
}

int store_upload_remove(struct store *s, int64_t id)
{
    return s->ops->service->upload_remove(s, id);
}

int store_answer_get(struct store *s, struct store_answer *a)
{
    return s->ops->service->answer_get(s, a);
}

int store_answer_put(struct store *s, const struct store_answer *a)
{
    return s->ops->service->answer_put(s, a);
}

int store_answer_tidy(struct store *s, int64_t before_ms)
{
    return s->ops->service->answer_tidy(s, before_ms);
}

static int first(void *arg, const json_t *one)
{
    *(json_t **)arg = json_deep_copy(one);
    return 1;
}

int store_look(struct store *s, enum store_view view, const struct store_filter *filters,
               unsigned count, json_t **out)
{
    json_t *found = NULL;
    int rc = store_show_all(s, view, filters, count, first, &found);

    if (rc || !found)
        return rc ? rc : -ENOENT;
    if (out)
        *out = found;
    else
        json_decref(found);
    return 0;
}

int store_look_id(struct store *s, enum store_view view, int64_t id, json_t **out)
{
    return store_look(s, view, &(struct store_filter){.name = "id", .number = id}, 1, out);
}
