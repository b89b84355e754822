/* play: prompts that no key interrupts, then the next node. */
#include "flow/node.h"

static int load(struct flow_loader *l, const struct json_at *at, struct flow_node *n,
                struct error *err)
{
    static const char *const keys[] = {"type", "note", "prompt", "next", NULL};
    int rc = json_only_keys(at, keys, err);

    if (!rc)
        rc = flow_load_prompts(l, at, true, &n->prompts, err);
    return rc ? rc : flow_load_link(l, at, "next", &n->next, err);
}

static void enter(struct flow_run *r, const struct flow_node *n)
{
    flow_say(r, NULL);
}

static void played(struct flow_run *r, const struct flow_node *n)
{
    flow_go(r, n->next);
}

const struct flow_kind flow_kind_play = {
    .type = FLOW_PLAY, .name = "play", .load = load, .enter = enter, .played = played};
