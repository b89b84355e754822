/* P15: each key runs its action. On random flows and random people, the interpreter does what the
 * model does after every event; and a menu's key leads where the flow says, whatever played. */
#include "flow_model.h"
#include "prop.h"

static const char *check(struct rng *r, void *arg)
{
    struct error err = {0};
    struct model m;
    struct m_host h;
    struct flow *f = m_make(r, &m, &err);
    const char *fault = NULL;
    int64_t now = 0;
    int *keys = arg;

    if (!f) {
        fprintf(stderr, "# %s: %s\n", err.place, err.message);
        return "a right flow was refused";
    }
    m_begin(&m, &h, f);
    fault = m_agrees(&m, &h);
    for (int i = 0; i < 300 && !fault && m.node >= 0; i++) {
        const struct m_node *n = &m.nodes[m.node];
        bool open = n->type == FLOW_MENU && (n->barge_in || !m.playing) && !m.trailing;
        char event = m_random_event(r, &h, 4);
        const char *key = strchr(M_KEYS, event);
        int to = open && key ? n->keys[key - M_KEYS] : -2, steps = h.run.steps;
        char want[16];

        now += m_pick(r, 1500);
        m_event(&m, &h, event, now);
        fault = m_agrees(&m, &h);
        if (to < 0 || steps + 2 > FLOW_TRACE_MAX || m.visits >= M_VISITS)
            continue;
        /* Said once more without the model: the trace has the key, then its node. */
        snprintf(want, sizeof(want), "n%d", to);
        if (h.run.trace[steps].kind != FLOW_STEP_KEY || h.run.trace[steps].key != event ||
            h.run.trace[steps + 1].kind != FLOW_STEP_NODE ||
            strcmp(flow_node_name(f, h.run.trace[steps + 1].node), want) != 0)
            fault = "a key did not lead to its node";
        ++*keys;
    }
    flow_free(f);
    return fault;
}

int main(void)
{
    int keys = 0;
    bool ok = prop_check("P15", 4000, check, &keys);

    printf("%s 1 - P15 each key runs its action (%d menu keys)\n1..1\n",
           ok && (keys > 1000 || getenv("PROP_SEED")) ? "ok" : "not ok", keys);
    return !ok;
}
