/* menu: prompts, then one key chooses the next node. A key may come while the prompts play. */
#include <string.h>

#include "flow/node.h"

static int load_keys(struct flow_loader *l, const struct json_at *at, struct flow_node *n,
                     struct error *err)
{
    const char *key;
    json_t *value;

    if (json_typeof(at->value) != JSON_OBJECT || json_object_size(at->value) == 0)
        return json_fail(at, err, "write for example \"keys\": {\"1\": \"donate\"}",
                         "a menu needs at least one key and the node it leads to");
    json_object_foreach((json_t *)at->value, key, value)
    {
        struct json_at one = json_key(at, key);
        int index = key[0] && !key[1] ? flow_key_index(key[0]) : -1, rc;

        if (index < 0)
            return json_fail(&one, err, "a key is one of 0-9 * # A B C D", "\"%.40s\" is not a key",
                             key);
        if (!json_is_string(one.value))
            return json_fail(&one, err, "write the name of a node in quotes",
                             "a key leads to a node");
        rc = flow_load_link(l, at, key, &n->keys[index], err);
        if (rc)
            return rc;
    }
    return 0;
}

static int load(struct flow_loader *l, const struct json_at *at, struct flow_node *n,
                struct error *err)
{
    static const char *const keys[] = {"type",     "note",    "prompt",  "keys",
                                       "barge_in", "invalid", "silence", NULL};
    struct json_at map = json_key(at, "keys");
    int rc = json_only_keys(at, keys, err);

    if (!rc)
        rc = flow_load_prompts(l, at, true, &n->prompts, err);
    if (!rc && !map.value)
        rc = json_fail(&map, err, "write for example \"keys\": {\"1\": \"donate\"}",
                       "a menu needs at least one key and the node it leads to");
    if (!rc)
        rc = load_keys(l, &map, n, err);
    if (!rc)
        rc = json_get_bool(at, "barge_in", false, &n->barge_in, err);
    return rc ? rc : flow_load_again(l, at, n, err);
}

static void enter(struct flow_run *r, const struct flow_node *n)
{
    flow_say(r, NULL);
}

static void played(struct flow_run *r, const struct flow_node *n)
{
    flow_wait(r, n->silence.after_ms);
}

static void key_pressed(struct flow_run *r, const struct flow_node *n, char key)
{
    int16_t next = n->keys[flow_key_index(key)];

    if (next == FLOW_NONE) {
        flow_note(r, FLOW_STEP_INVALID, key);
        flow_again(r, &n->invalid, &r->tries_invalid);
        return;
    }
    flow_note(r, FLOW_STEP_KEY, key);
    flow_go(r, next);
}

static void silent(struct flow_run *r, const struct flow_node *n)
{
    flow_note(r, FLOW_STEP_SILENCE, 0);
    flow_again(r, &n->silence, &r->tries_silence);
}

const struct flow_kind flow_kind_menu = {.type = FLOW_MENU,
                                         .name = "menu",
                                         .load = load,
                                         .enter = enter,
                                         .played = played,
                                         .key = key_pressed,
                                         .silent = silent};
