/* A flow played in virtual time, for who edits it: the interpreter's own answers to the keys that
 * are pressed. Nothing is stored, nobody is called. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "api/call.h"
#include "flow/simulate.h"
#include "handlers.h"
#include "message/flow_text.h"
#include "store/library.h"

enum { MISSING_MS = 3000, SCENES_MAX = 4000 }; /* a recording that is not there yet */

struct play {
    const struct flow *flow;
    const json_t *contact, *failing;
    uint32_t prompt_ms[FLOW_PROMPTS_MAX];
    json_t *scenes, *missing;
};

/* ---- what is asked -------------------------------------------------------------------------- */

static int measure(struct api_call *c, struct play *p, int prompt)
{
    const char *name = flow_prompt_name(p->flow, prompt);
    json_t *audio;
    int64_t id;
    int rc = store_audio_find(c->store, name, &id);

    p->prompt_ms[prompt] = MISSING_MS;
    if (!rc)
        rc = store_look_id(c->store, STORE_VIEW_AUDIO, id, &audio);
    if (rc == -ENOENT)
        return json_array_append_new(p->missing, json_string(name)) ? -ENOMEM : 0;
    if (rc)
        return rc;
    p->prompt_ms[prompt] =
        (uint32_t)llround(json_number_value(json_object_get(audio, "seconds")) * 1000);
    json_decref(audio);
    return 0;
}

static int by_time(const void *a, const void *b)
{
    int64_t x = ((const struct flow_press *)a)->at_ms, y = ((const struct flow_press *)b)->at_ms;

    return x < y ? -1 : x > y;
}

static struct flow_press *keys_of(struct api_call *c, unsigned *count)
{
    const json_t *list = json_object_get(c->body, "keys");
    struct flow_press *keys = calloc(json_array_size(list) + 1, sizeof(*keys));
    size_t i;
    const json_t *one;

    *count = (unsigned)json_array_size(list);
    if (!keys)
        return NULL;
    json_array_foreach(list, i, one) keys[i] = (struct flow_press){
        .at_ms = json_integer_value(json_object_get(one, "at")),
        .key = json_string_value(json_object_get(one, "key"))[0],
    };
    qsort(keys, *count, sizeof(*keys), by_time);
    return keys;
}

/* ---- what happens --------------------------------------------------------------------------- */

static bool is_text(const struct flow_action *a)
{
    return a->type == FLOW_ACTION_SMS;
}

static int render(const struct play *p, const struct flow_run *r, const struct flow_action *a,
                  char out[FLOW_TEXT_MAX])
{
    return a->text ? flow_text_render(a->text, r, p->contact, out, FLOW_TEXT_MAX) : -EINVAL;
}

static bool succeeds(void *arg, const struct flow_run *r, const struct flow_action *a)
{
    const struct play *p = arg;
    char text[FLOW_TEXT_MAX];
    const json_t *name;
    size_t i;

    json_array_foreach(p->failing, i,
                       name) if (strcmp(json_string_value(name),
                                        flow_node_name(p->flow, a->node)) == 0) return false;
    return !is_text(a) || render(p, r, a, text) >= 0; /* as in a call */
}

static const char *step_word(const struct flow_step *s)
{
    static const char *const words[] = {
        [FLOW_STEP_NODE] = "node",           [FLOW_STEP_KEY] = "key",
        [FLOW_STEP_INVALID] = "invalid",     [FLOW_STEP_SILENCE] = "silence",
        [FLOW_STEP_ACTION_OK] = "action_ok", [FLOW_STEP_ACTION_FAILED] = "action_failed",
        [FLOW_STEP_IGNORED] = "ignored",
    };

    return words[s->kind];
}

static void put_action(const struct play *p, const struct flow_run *r, const struct flow_action *a,
                       json_t *to)
{
    char text[FLOW_TEXT_MAX];

    json_object_set_new(to, "action", json_string(flow_action_name(a->type)));
    if (is_text(a) && render(p, r, a, text) >= 0)
        json_object_set_new(to, "text", json_string(text));
}

static void on_scene(void *arg, const struct flow_run *r, const struct flow_scene *s)
{
    static const char *const words[] = {
        [FLOW_SCENE_PLAY] = "play",     [FLOW_SCENE_STOP] = "stop", [FLOW_SCENE_WAIT] = "wait",
        [FLOW_SCENE_ACTION] = "action", [FLOW_SCENE_END] = "end",
    };
    struct play *p = arg;
    json_t *one;

    if (json_array_size(p->scenes) >= SCENES_MAX)
        return;
    one = json_pack("{s:I,s:s,s:s?}", "at", (json_int_t)s->at_ms, "what",
                    s->kind == FLOW_SCENE_STEP ? step_word(s->step) : words[s->kind], "node",
                    s->node < 0 ? NULL : flow_node_name(p->flow, s->node));
    if (s->kind == FLOW_SCENE_STEP && s->step->key)
        json_object_set_new(one, "key", json_stringn(&s->step->key, 1));
    if (s->kind == FLOW_SCENE_PLAY) {
        json_object_set_new(one, "prompt", json_string(flow_prompt_name(p->flow, s->prompt)));
        json_object_set_new(one, "lasts", json_integer(p->prompt_ms[s->prompt]));
    }
    if (s->kind == FLOW_SCENE_WAIT)
        json_object_set_new(one, "lasts", json_integer(s->wait_ms));
    if (s->kind == FLOW_SCENE_ACTION)
        put_action(p, r, s->action, one);
    json_array_append_new(p->scenes, one);
}

static json_t *values_of(const struct flow_run *r, const struct flow *f)
{
    json_t *values = json_object();

    for (int i = 0; i < flow_variable_count(f); i++) {
        const char *name = flow_variable_name(f, i);

        json_object_set_new(values, name, json_string(flow_value(r, name)));
    }
    return values;
}

static int play(struct api_call *c, struct play *p, const struct flow_press *keys, unsigned count)
{
    const json_t *until = json_object_get(c->body, "until");
    const struct flow_script script = {
        .prompt_ms = p->prompt_ms,
        .keys = keys,
        .key_count = count,
        .until_ms = until ? json_integer_value(until) : INT64_MAX,
        .succeeds = succeeds,
        .arg = p,
    };
    struct flow_run last;
    int rc = 0;
    bool over;

    for (int i = 0; !rc && i < flow_prompt_count(p->flow); i++)
        rc = measure(c, p, i);
    if (rc)
        return rc;
    over = flow_simulate(p->flow, &script, on_scene, p, &last);
    return api_answer(c, 200,
                      json_pack("{s:b,s:o,s:O,s:O}", "over", over, "values",
                                values_of(&last, p->flow), "scenes", p->scenes, "prompts_missing",
                                p->missing));
}

int api_simulate_flow(struct api_call *c)
{
    struct play p = {.contact = json_object_get(c->body, "contact"),
                     .failing = json_object_get(c->body, "failing")};
    struct json_at at = json_root(json_object_get(c->body, "flow"), "body");
    struct flow_press *keys;
    struct flow *f;
    struct error err = {0};
    unsigned count;
    int rc = -ENOMEM;

    if (flow_load(&at, &f, &err))
        return api_refuse_error(c, 422, "/flow", &err);
    p.flow = f;
    p.scenes = json_array();
    p.missing = json_array();
    keys = keys_of(c, &count);
    if (keys)
        rc = play(c, &p, keys, count);
    free(keys);
    json_decref(p.scenes);
    json_decref(p.missing);
    flow_free(f);
    return rc;
}
