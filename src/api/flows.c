/* Flows: checked as a whole by flow/load.c before anything of them is kept. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/call.h"
#include "flow/flow.h"
#include "handlers.h"
#include "store/library.h"

int api_list_flows(struct api_call *c)
{
    struct api_filters f = {0};

    api_filter_texts(&f, c, "q");
    return api_page(c, STORE_VIEW_FLOW, &f, NULL);
}

/* ---- what a flow plays ---------------------------------------------------------------------- */

static struct flow *load(const json_t *graph, struct error *err)
{
    struct json_at at = json_root(graph, "body");
    struct flow *f;

    return flow_load(&at, &f, err) == 0 ? f : NULL;
}

static json_t *prompts_of(const struct flow *f)
{
    json_t *names = json_array();

    for (int i = 0; i < flow_prompt_count(f); i++)
        json_array_append_new(names, json_string(flow_prompt_name(f, i)));
    return names;
}

static json_t *missing_of(struct store *s, const struct flow *f)
{
    json_t *names = json_array();
    int64_t id;

    for (int i = 0; i < flow_prompt_count(f); i++)
        if (store_audio_find(s, flow_prompt_name(f, i), &id) == -ENOENT)
            json_array_append_new(names, json_string(flow_prompt_name(f, i)));
    return names;
}

static void add_facts(struct store *s, const struct flow *f, json_t *to)
{
    json_object_set_new(to, "nodes", json_integer(f ? flow_node_count(f) : 0));
    json_object_set_new(to, "prompts", f ? prompts_of(f) : json_array());
    json_object_set_new(to, "prompts_missing", f ? missing_of(s, f) : json_array());
}

/* A version of a flow with what it plays; version 0: the newest. */
static int look(struct store *s, int64_t id, int64_t version, json_t **out)
{
    struct store_filter filters[] = {{.name = "id", .number = id},
                                     {.name = "version", .number = version}};
    struct flow *f;
    int rc = store_look(s, STORE_VIEW_FLOW_VERSION, filters, version ? 2 : 1, out);

    if (rc)
        return rc;
    f = load(json_object_get(*out, "flow"), NULL);
    add_facts(s, f, *out);
    flow_free(f);
    return 0;
}

/* The tag leaves out what others change: whether recordings are there. */
static int tagged(struct api_call *c, int status, json_t *flow)
{
    json_t *tagged = json_copy(flow);

    json_object_del(tagged, "prompts_missing");
    api_answer_tagged(c, status, tagged);
    if (c->status == 304) {
        json_decref(flow);
        return 0;
    }
    return api_answer(c, status, flow);
}

int api_get_flow(struct api_call *c)
{
    json_t *flow;
    int rc = look(c->store, api_int(c, "id"), 0, &flow);

    return rc ? rc : tagged(c, 200, flow);
}

int api_get_flow_version(struct api_call *c)
{
    json_t *flow;
    int rc = look(c->store, api_int(c, "id"), api_int(c, "version"), &flow);

    return rc ? rc : api_answer(c, 200, flow);
}

static int only_version(struct api_call *c, json_t *item)
{
    static const char *const gone[] = {"id", "name", "note", "flow", "created"};

    (void)c;
    for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++)
        json_object_del(item, gone[i]);
    return 0;
}

int api_list_flow_versions(struct api_call *c)
{
    struct api_filters f = {0};
    int rc = store_look_id(c->store, STORE_VIEW_FLOW, api_int(c, "id"), NULL);

    if (rc)
        return rc;
    api_filter_number(&f, "id", api_int(c, "id"));
    return api_page(c, STORE_VIEW_FLOW_VERSION, &f, only_version);
}

int api_list_flow_uses(struct api_call *c)
{
    struct api_filters f = {0};
    int rc = store_look_id(c->store, STORE_VIEW_FLOW, api_int(c, "id"), NULL);

    if (rc)
        return rc;
    api_filter_number(&f, "flow_id", api_int(c, "id"));
    return api_page(c, STORE_VIEW_CAMPAIGN_ITEM, &f, NULL);
}

/* ---- check ---------------------------------------------------------------------------------- */

int api_check_flow(struct api_call *c)
{
    struct error err = {0};
    struct flow *f = load(json_object_get(c->body, "flow"), &err);
    json_t *answer = json_pack("{s:b}", "ok", f != NULL);

    add_facts(c->store, f, answer);
    if (!f) { /* as the refusal would say it */
        api_refuse_error(c, 422, "/flow", &err);
        json_object_set(answer, "errors", json_object_get(c->answer, "errors"));
    } else {
        json_object_set_new(answer, "errors", json_array());
    }
    flow_free(f);
    return api_answer(c, 200, answer);
}

/* ---- changes -------------------------------------------------------------------------------- */

/* Flow f of the body as id (0: a new one). */
static int save(struct api_call *c, struct store *s, int64_t id, const struct flow *f)
{
    const char *prompts[FLOW_PROMPTS_MAX], *note = api_body_text(c, "note");
    char *text = json_dumps(json_object_get(c->body, "flow"), JSON_COMPACT);
    struct store_flow flow = {.name = api_body_text(c, "name"),
                              .note = note ? note : "",
                              .json = text,
                              .who = c->who.who,
                              .prompts = prompts,
                              .prompt_count = (unsigned)flow_prompt_count(f)};
    json_t *shown;
    int64_t saved;
    int rc = -ENOMEM;

    for (unsigned i = 0; i < flow.prompt_count; i++)
        prompts[i] = flow_prompt_name(f, (int)i);
    if (text)
        rc = store_flow_save(s, id, &flow, &saved);
    free(text);
    if (rc == -EEXIST)
        return api_refuse(c, 409, "/name", "choose another name", "there is a flow of this name");
    if (!rc)
        rc = look(s, saved, 0, &shown);
    if (rc)
        return rc;
    api_object(c, "flow %lld", (long long)saved);
    api_detail(c, "%s, version %lld", flow.name,
               (long long)json_integer_value(json_object_get(shown, "version")));
    if (!id)
        api_location(c, "/api/flows/%lld", (long long)saved);
    return tagged(c, id ? 200 : 201, shown);
}

/* Loads the body's flow; NULL: answered with what is wrong. */
static struct flow *load_body(struct api_call *c)
{
    struct error err = {0};
    struct flow *f = load(json_object_get(c->body, "flow"), &err);

    if (!f)
        api_refuse_error(c, 422, "/flow", &err);
    return f;
}

static int create(struct api_call *c, struct store *s)
{
    struct flow *f = load_body(c);
    int rc = f ? save(c, s, 0, f) : 0;

    flow_free(f);
    return rc;
}

int api_create_flow(struct api_call *c)
{
    return api_change(c, create);
}

static int matches(struct api_call *c, struct store *s, bool *match)
{
    json_t *current;
    int rc = look(s, api_int(c, "id"), 0, &current);

    if (rc)
        return rc;
    json_object_del(current, "prompts_missing");
    *match = api_match(c, current);
    return 0;
}

static int update(struct api_call *c, struct store *s)
{
    struct flow *f = NULL;
    bool match = false;
    int rc = matches(c, s, &match);

    if (!rc && match && (f = load_body(c)))
        rc = save(c, s, api_int(c, "id"), f);
    flow_free(f);
    return rc;
}

int api_update_flow(struct api_call *c)
{
    return api_change(c, update);
}

static int delete (struct api_call *c, struct store *s)
{
    return api_removed(c, store_flow_remove(s, api_int(c, "id")), "flow",
                       "a campaign uses the flow", "GET /api/flows/{id}/uses lists them");
}

int api_delete_flow(struct api_call *c)
{
    return api_change(c, delete);
}
