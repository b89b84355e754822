/* Campaigns: made of a list, a flow, trunks and what their JSON says; read by campaign/read.c,
 * which also says what is wrong. */
#include "api/campaigns.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/defaults.h"
#include "campaign/campaign.h"
#include "handlers.h"
#include "store/library.h"

/* ---- what is shown -------------------------------------------------------------------------- */

int campaigns_look(struct store *s, int64_t id, json_t **out)
{
    int rc = store_look_id(s, STORE_VIEW_CAMPAIGN, id, out);
    json_t *trunk;
    size_t i;

    if (rc)
        return rc;
    json_array_foreach(json_object_get(json_object_get(*out, "config"), "trunks"), i, trunk)
    {
        json_object_del(trunk, "password");
        json_object_del(trunk, "password_env");
    }
    return 0;
}

int campaigns_answer(struct api_call *c, struct store *s, int64_t id, int status)
{
    json_t *campaign;
    int rc = campaigns_look(s, id, &campaign);

    if (rc)
        return rc;
    api_object(c, "campaign %lld", (long long)id);
    if (!c->detail[0])
        api_detail(c, "%s", json_string_value(json_object_get(campaign, "name")));
    return api_answer_tagged(c, status, campaign);
}

int api_list_campaigns(struct api_call *c)
{
    struct api_filters f = {0};

    api_filter_texts(&f, c, "state");
    api_filter_ints(&f, c, "list_id");
    api_filter_texts(&f, c, "q");
    return api_page(c, STORE_VIEW_CAMPAIGN_ITEM, &f, NULL);
}

int api_get_campaign(struct api_call *c)
{
    return campaigns_answer(c, c->store, api_int(c, "id"), 200);
}

/* ---- from the body -------------------------------------------------------------------------- */

static void fill(json_t *config, const char *key, const char *text)
{
    if (text[0] && !json_object_get(config, key))
        json_object_set_new(config, key, json_string(text));
}

/* What the body leaves to the settings. */
static int add_settings(struct api_call *c, json_t *config)
{
    struct settings settings;
    json_t *cost = json_object_get(config, "cost");
    int rc = defaults_read(c->store, &settings);

    if (rc)
        return rc;
    fill(config, "region", settings.region);
    fill(config, "time_zone", settings.zone);
    if (cost)
        fill(cost, "currency", settings.currency);
    return 0;
}

/* The flow's newest version goes into the content. -ENOENT: there is no such flow. */
static int add_flow(struct api_call *c, json_t *config)
{
    char *text;
    json_t *flow;
    int rc = store_flow_get(c->store, api_body_int(c, "flow_id", 0), &c->flow_version, &text);

    if (rc)
        return rc;
    flow = json_loads(text, 0, NULL);
    free(text);
    return flow && json_object_set_new(config, "flow", flow) == 0 ? 0 : -ENOMEM;
}

static json_t *config_of(const json_t *body)
{
    static const char *const references[] = {"list_id", "flow_id", "trunk_ids"};
    json_t *config = json_deep_copy(body);

    for (size_t i = 0; i < sizeof(references) / sizeof(references[0]); i++)
        json_object_del(config, references[i]);
    json_object_set_new(config, "version", json_integer(1));
    return config;
}

static int load(struct api_call *c, const json_t *config, struct campaign **out)
{
    char folder[512], *text = json_dumps(config, JSON_COMPACT);
    struct error err = {0};
    int rc = -ENOMEM;

    if (text && api_path(c, folder, sizeof(folder), "audio"))
        rc = campaign_load_text(text, folder, out, &err);
    free(text);
    if (rc == -EINVAL)
        api_refuse_error(c, 422, "", &err);
    return rc;
}

/* Reads the body into a campaign. NULL: *rc, or answered. */
static struct campaign *read_body(struct api_call *c, int *rc)
{
    json_t *config = config_of(c->body);
    struct campaign *campaign = NULL;

    *rc = add_settings(c, config);
    if (!*rc)
        *rc = add_flow(c, config);
    if (*rc == -ENOENT)
        *rc = api_refuse(c, 422, "/flow_id", "GET /api/flows lists them", "there is no such flow");
    else if (!*rc && load(c, config, &campaign))
        campaign = NULL;
    if (!*rc && !campaign && !c->status)
        *rc = -ENOMEM;
    json_decref(config);
    return campaign;
}

/* ---- to the store --------------------------------------------------------------------------- */

static void record_of(const struct campaign *from, int64_t list_id, struct store_campaign *to)
{
    *to = (struct store_campaign){.list_id = list_id, .state = CAMPAIGN_STATE_DRAFT};
    snprintf(to->name, sizeof(to->name), "%s", from->name);
    snprintf(to->kind, sizeof(to->kind), "%s", from->kind);
    snprintf(to->config_hash, sizeof(to->config_hash), "%s", from->hash);
}

static int put_parts(struct store *s, int64_t id, const struct campaign *c, int64_t flow_id,
                     int64_t flow_version, const int64_t *trunks, unsigned count)
{
    const char *prompts[FLOW_PROMPTS_MAX];
    struct store_parts parts = {.flow_id = flow_id,
                                .flow_version = flow_version,
                                .trunks = trunks,
                                .trunk_count = count,
                                .prompts = prompts,
                                .prompt_count = (unsigned)flow_prompt_count(c->flow)};

    for (unsigned i = 0; i < parts.prompt_count; i++)
        prompts[i] = flow_prompt_name(c->flow, (int)i);
    return store_campaign_parts(s, id, &parts);
}

static int put_body_parts(struct api_call *c, struct store *s, int64_t id)
{
    const json_t *ids = json_object_get(c->body, "trunk_ids"), *one;
    int64_t trunks[LINE_TRUNKS_MAX];
    unsigned count = 0;
    size_t i;
    int rc;

    json_array_foreach(ids, i, one) if (count < LINE_TRUNKS_MAX) trunks[count++] =
        json_integer_value(one);
    rc = put_parts(s, id, c->campaign, api_body_int(c, "flow_id", 0), c->flow_version, trunks,
                   count);
    return rc == -ENOENT ? api_refuse(c, 422, "/trunk_ids", "GET /api/trunks lists them",
                                      "one of these trunks is not there")
                         : rc;
}

/* False: answered. */
static bool list_there(struct api_call *c, struct store *s, int *rc)
{
    *rc = store_look_id(s, STORE_VIEW_LIST, api_body_int(c, "list_id", 0), NULL);
    if (*rc == -ENOENT)
        *rc = api_refuse(c, 422, "/list_id", "GET /api/lists lists them", "there is no such list");
    return !*rc && !c->status;
}

static int create(struct api_call *c, struct store *s)
{
    struct store_campaign record;
    int64_t id;
    int rc;

    if (!list_there(c, s, &rc))
        return rc;
    record_of(c->campaign, api_body_int(c, "list_id", 0), &record);
    rc = store_campaign_create(s, &record, c->campaign->canonical, &id);
    if (!rc)
        rc = put_body_parts(c, s, id);
    if (rc || c->status)
        return rc;
    api_location(c, "/api/campaigns/%lld", (long long)id);
    return campaigns_answer(c, s, id, 201);
}

/* Reads the body, then changes. */
static int with_campaign(struct api_call *c, int (*fn)(struct api_call *c, struct store *s))
{
    int rc;
    struct campaign *campaign = read_body(c, &rc);

    if (!campaign)
        return rc;
    c->campaign = campaign;
    rc = api_change(c, fn);
    c->campaign = NULL;
    campaign_free(campaign);
    return rc;
}

int api_create_campaign(struct api_call *c)
{
    return with_campaign(c, create);
}

static int update(struct api_call *c, struct store *s)
{
    int64_t id = api_int(c, "id");
    struct store_campaign record;
    json_t *current;
    int rc = campaigns_look(s, id, &current);

    if (rc)
        return rc;
    if (!api_match(c, current) || !list_there(c, s, &rc))
        return rc;
    record_of(c->campaign, api_body_int(c, "list_id", 0), &record);
    rc = store_campaign_change(s, id, &record, c->campaign->canonical);
    if (rc == -EPERM)
        return api_refuse(c, 409, "", "duplicate it, and change the copy",
                          "only a draft can be changed");
    if (!rc)
        rc = put_body_parts(c, s, id);
    return rc || c->status ? rc : campaigns_answer(c, s, id, 200);
}

int api_update_campaign(struct api_call *c)
{
    int rc = store_look_id(c->store, STORE_VIEW_CAMPAIGN, api_int(c, "id"), NULL);

    if (rc)
        return rc;
    return with_campaign(c, update);
}

static int delete (struct api_call *c, struct store *s)
{
    struct desk_view v;
    int rc = store_campaign_delete(s, api_int(c, "id"));

    if (!rc && host_view(c->config->host, api_int(c, "id"), &v) == 0)
        rc = -EBUSY;
    return api_removed(c, rc, "campaign", "the campaign is running",
                       "cancel it first, and wait for its last calls");
}

int api_delete_campaign(struct api_call *c)
{
    return api_change(c, delete);
}

/* ---- duplicate ------------------------------------------------------------------------------ */

/* The content of one that was made here, under the new name. */
static int load_copy(struct api_call *c, struct campaign **out)
{
    char *text;
    json_t *config;
    int rc = store_campaign_config(c->store, api_int(c, "id"), &text);

    if (rc)
        return rc;
    config = json_loads(text, 0, NULL);
    free(text);
    json_object_set_new(config, "name", json_string(api_body_text(c, "name")));
    rc = load(c, config, out);
    json_decref(config);
    return rc;
}

static int duplicate(struct api_call *c, struct store *s)
{
    int64_t from = api_int(c, "id"), id, trunks[LINE_TRUNKS_MAX];
    struct store_campaign old, record;
    json_t *shown;
    unsigned count;
    int rc = store_campaign_get(s, from, &old);

    if (!rc)
        rc = store_campaign_trunks(s, from, trunks, LINE_TRUNKS_MAX, &count);
    if (!rc)
        rc = store_look_id(s, STORE_VIEW_CAMPAIGN, from, &shown);
    if (rc)
        return rc;
    record_of(c->campaign, old.list_id, &record);
    rc = store_campaign_create(s, &record, c->campaign->canonical, &id);
    if (!rc)
        rc = put_parts(s, id, c->campaign, json_integer_value(json_object_get(shown, "flow_id")),
                       json_integer_value(json_object_get(shown, "flow_version")), trunks, count);
    json_decref(shown);
    if (rc)
        return rc;
    api_detail(c, "of campaign %lld", (long long)from);
    api_location(c, "/api/campaigns/%lld", (long long)id);
    return campaigns_answer(c, s, id, 201);
}

int api_duplicate_campaign(struct api_call *c)
{
    struct campaign *copy = NULL;
    json_t *shown;
    bool made_here;
    int rc = store_look_id(c->store, STORE_VIEW_CAMPAIGN, api_int(c, "id"), &shown);

    if (rc)
        return rc;
    made_here = !json_is_null(json_object_get(shown, "flow_id"));
    json_decref(shown);
    if (!made_here)
        return api_refuse(c, 409, "", "make a flow and a campaign of its content",
                          "it was made from a file, by kolcast run");
    rc = load_copy(c, &copy);
    if (rc || c->status)
        return c->status ? 0 : rc;
    c->campaign = copy;
    rc = api_change(c, duplicate);
    c->campaign = NULL;
    campaign_free(copy);
    return rc;
}
