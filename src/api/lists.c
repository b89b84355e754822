/* Contact lists. */
#include <errno.h>

#include "api/call.h"
#include "handlers.h"
#include "store/people.h"

int api_list_lists(struct api_call *c)
{
    struct api_filters f = {0};

    api_filter_texts(&f, c, "q");
    return api_page(c, STORE_VIEW_LIST, &f, NULL);
}

int api_get_list(struct api_call *c)
{
    return api_one(c, STORE_VIEW_LIST, true);
}

static int taken(struct api_call *c)
{
    return api_refuse(c, 409, "/name", "choose another name", "there is a list of this name");
}

static int answer(struct api_call *c, struct store *s, int64_t id, int status)
{
    json_t *list;
    int rc = store_look_id(s, STORE_VIEW_LIST, id, &list);

    api_object(c, "list %lld", (long long)id);
    api_detail(c, "%s", api_body_text(c, "name"));
    return rc ? rc : api_answer_tagged(c, status, list);
}

static int create(struct api_call *c, struct store *s)
{
    int64_t id;
    int rc = store_list_add(s, api_body_text(c, "name"), &id);

    if (rc)
        return rc == -EEXIST ? taken(c) : rc;
    api_location(c, "/api/lists/%lld", (long long)id);
    return answer(c, s, id, 201);
}

int api_create_list(struct api_call *c)
{
    return api_change(c, create);
}

static int update(struct api_call *c, struct store *s)
{
    json_t *current;
    int rc = store_look_id(s, STORE_VIEW_LIST, api_int(c, "id"), &current);

    if (rc)
        return rc;
    if (!api_match(c, current))
        return 0;
    rc = store_list_rename(s, api_int(c, "id"), api_body_text(c, "name"));
    if (rc)
        return rc == -EEXIST ? taken(c) : rc;
    return answer(c, s, api_int(c, "id"), 200);
}

int api_update_list(struct api_call *c)
{
    return api_change(c, update);
}

static int delete (struct api_call *c, struct store *s)
{
    return api_removed(c, store_list_remove(s, api_int(c, "id")), "list",
                       "a campaign uses the list, or an import into it is being read",
                       "delete those first");
}

int api_delete_list(struct api_call *c)
{
    return api_change(c, delete);
}
