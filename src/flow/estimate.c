/* How long a usual run lasts. A node's length is its prompts and what follows; a menu is followed
 * by the mean of its keys, and links that lead back are left out. One walk, depth first. */
#include "flow/node.h"

enum { THINK_MS = 1000, DIGIT_MS = 600 };

struct walk {
    const struct flow *flow;
    const uint32_t *prompt_ms;
    int64_t ms[FLOW_NODES_MAX];
    enum { NEW, ON_WAY, KNOWN } state[FLOW_NODES_MAX];
};

static int64_t visit(struct walk *w, int16_t node);

/* -1: leads back. */
static int64_t follow(struct walk *w, int16_t node)
{
    if (node < 0)
        return 0;
    return w->state[node] == ON_WAY ? -1 : visit(w, node);
}

static int64_t after_keys(struct walk *w, const struct flow_node *n)
{
    int64_t sum = 0;
    int count = 0;

    for (int i = 0; i < FLOW_KEYS; i++) {
        int64_t ms = n->keys[i] == FLOW_NONE ? -1 : follow(w, n->keys[i]);

        if (ms >= 0) {
            sum += ms;
            count++;
        }
    }
    return THINK_MS + (count ? sum / count : 0);
}

static int64_t visit(struct walk *w, int16_t node)
{
    const struct flow_node *n = &w->flow->nodes[node];
    int64_t ms = 0, next;

    if (w->state[node] == KNOWN)
        return w->ms[node];
    w->state[node] = ON_WAY;
    for (int i = n->prompts.at; i < n->prompts.end; i++)
        ms += w->prompt_ms[w->flow->playlist[i]];
    if (n->kind->type == FLOW_MENU) {
        ms += after_keys(w, n);
    } else {
        if (n->kind->type == FLOW_CAPTURE)
            ms += THINK_MS + (n->min + n->max) / 2 * DIGIT_MS;
        next = follow(w, n->next);
        ms += next > 0 ? next : 0;
    }
    w->state[node] = KNOWN;
    w->ms[node] = ms;
    return ms;
}

int64_t flow_typical_ms(const struct flow *f, const uint32_t *prompt_ms)
{
    struct walk w = {.flow = f, .prompt_ms = prompt_ms};

    return visit(&w, f->start);
}
