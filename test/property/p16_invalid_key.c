/* P16: an invalid key is handled: the person is told and asked again up to the limit, then the call
 * goes on where the flow says. Every other event agrees with the model, too. */
#include "flow_model.h"
#include "prop.h"

/* A key the menu does not know, 0: it knows all. */
static char wrong_key(struct rng *r, const struct m_node *n)
{
    int from = m_pick(r, 16);

    for (int i = 0; i < 16; i++)
        if (n->keys[(from + i) % 16] == -2)
            return M_KEYS[(from + i) % 16];
    return 0;
}

/* Presses wrong keys until the menu gives up; counts. */
static const char *insist(struct rng *r, struct model *m, struct m_host *h, int64_t *now)
{
    const struct m_node *n = &m->nodes[m->node];
    int at = m->node, wrong = m->wrong, presses = 0, next = n->invalid.next;
    int visits = m->visits;
    const char *fault = NULL;

    while (m->node == at && m->visits == visits && !fault) {
        char key = wrong_key(r, n);

        if (!key)
            return NULL;
        if (!n->barge_in && h->playing >= 0) {
            m_event(m, h, 'p', *now += 500);
            fault = m_agrees(m, h);
            continue;
        }
        if (m->trailing)
            *now += 3000; /* the key after a capture is no longer its own */
        m_event(m, h, key, *now += 200);
        fault = m_agrees(m, h);
        if (++presses > 20)
            return "a menu never gives up";
    }
    if (fault)
        return fault;
    if (presses != n->invalid.limit - wrong + 1)
        return "asked again too often or too seldom";
    if (visits < M_VISITS && next >= 0 && h->run.steps < FLOW_TRACE_MAX) {
        const struct flow_step *s = h->run.trace;
        int last = h->run.steps - 1;
        char want[16];

        while (last > 0 && s[last].kind != FLOW_STEP_INVALID)
            last--;
        snprintf(want, sizeof(want), "n%d", next);
        if (s[last + 1].kind != FLOW_STEP_NODE ||
            strcmp(flow_node_name(h->run.flow, s[last + 1].node), want) != 0)
            return "gave up to another node than the flow says";
    }
    return NULL;
}

static const char *check(struct rng *r, void *arg)
{
    struct error err = {0};
    struct model m;
    struct m_host h;
    struct flow *f = m_make(r, &m, &err);
    const char *fault = NULL;
    int64_t now = 0;
    int *insisted = arg;

    if (!f)
        return "a right flow was refused";
    m_begin(&m, &h, f);
    for (int i = 0; i < 60 && !fault && m.node >= 0; i++) {
        if (m.nodes[m.node].type == FLOW_MENU && m_pick(r, 2)) {
            ++*insisted;
            fault = insist(r, &m, &h, &now);
            continue;
        }
        m_event(&m, &h, m_random_event(r, &h, 5), now += m_pick(r, 1500));
        fault = m_agrees(&m, &h);
    }
    flow_free(f);
    return fault;
}

int main(void)
{
    int insisted = 0;
    bool ok = prop_check("P16", 4000, check, &insisted);

    printf("%s 1 - P16 an invalid key is handled (%d menus)\n1..1\n",
           ok && (insisted > 1000 || getenv("PROP_SEED")) ? "ok" : "not ok", insisted);
    return !ok;
}
