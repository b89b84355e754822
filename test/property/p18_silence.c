/* P18: silence is handled: who presses nothing is asked again up to each node's limit and the call
 * ends by itself, within a bound; who falls silent midway is handled as the model says. */
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
    int talk = m_pick(r, 30), asked[M_NODES] = {0}, *silences = arg;

    if (!f)
        return "a right flow was refused";
    m_begin(&m, &h, f);
    for (int i = 0; i < talk && !fault && m.node >= 0; i++) {
        m_event(&m, &h, m_random_event(r, &h, 6), now += m_pick(r, 1500));
        fault = m_agrees(&m, &h);
    }
    /* From here on nothing is pressed. Links without keys only lead onward, so each node is met at
     * most once more and the sum of what it may say is a bound. */
    for (int events = 0; !fault && m.node >= 0; events++) {
        int before = m.node, quiet = h.run.tries_silence;
        bool empty = m.typed[0] == '\0', timeout = h.timer >= 0;

        m_event(&m, &h, m_random_event(r, &h, 0), now += 3000);
        fault = m_agrees(&m, &h);
        if (timeout && empty && !fault) {
            ++*silences;
            if (m.node == before && h.run.tries_silence != quiet + 1)
                fault = "silence was not counted";
            if (m.node == before && ++asked[before] > m.nodes[before].silence.limit)
                fault = "asked again more often than the limit";
        }
        if (events > M_NODES * 4 * 2 * 3 * 3)
            fault = "a silent call does not end";
    }
    if (!fault && h.ended != 1)
        fault = "the call did not end exactly once";
    flow_free(f);
    return fault;
}

int main(void)
{
    int silences = 0;
    bool ok = prop_check("P18", 4000, check, &silences);

    printf("%s 1 - P18 silence is handled (%d silences)\n1..1\n",
           ok && (silences > 1000 || getenv("PROP_SEED")) ? "ok" : "not ok", silences);
    return !ok;
}
