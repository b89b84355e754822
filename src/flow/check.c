/* Faults that only the graph as a whole shows: nodes that no call can reach, and rounds that a call
 * would go for ever though nobody presses a key. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "flow/node.h"

enum { LINKS = FLOW_KEYS + 4 };

/* All links of a node, those that need no key first; *silent says how many these are. */
static int links(const struct flow_node *n, int16_t out[LINKS], int *silent)
{
    int16_t all[LINKS] = {n->failed, n->silence.next, n->next, n->invalid.next};
    int count = 0;

    memcpy(all + 4, n->keys, sizeof(n->keys));
    /* A capture goes to its next node only after keys. */
    *silent = n->kind->type == FLOW_CAPTURE ? 2 : 3;
    for (int i = 0, bound = *silent; i < LINKS; i++) {
        if (all[i] >= 0)
            out[count++] = all[i];
        else if (i < bound)
            (*silent)--;
    }
    return count;
}

static struct json_at node_at(const struct flow *f, const struct json_at *nodes, int node)
{
    return json_key(nodes, f->nodes[node].name);
}

static int check_reach(const struct flow *f, const struct json_at *nodes, struct error *err)
{
    bool seen[FLOW_NODES_MAX] = {false};
    int16_t stack[FLOW_NODES_MAX], out[LINKS];
    int top = 0, silent;

    seen[f->start] = true;
    stack[top++] = f->start;
    while (top > 0) {
        int n = links(&f->nodes[stack[--top]], out, &silent);

        for (int i = 0; i < n; i++) {
            if (seen[out[i]])
                continue;
            seen[out[i]] = true;
            stack[top++] = out[i];
        }
    }
    for (int i = 0; i < f->node_count; i++) {
        if (!seen[i]) {
            struct json_at at = node_at(f, nodes, i);

            return json_fail(&at, err, "lead to it with a key or a \"next\", or remove it",
                             "no call can reach this node");
        }
    }
    return 0;
}

/* "a → b → a" for the round that closes at stack[from]. */
static void write_round(const struct flow *f, const int16_t *stack, int from, int top, char *buf,
                        size_t size)
{
    size_t n = 0;

    for (int i = from; i < top && n + 2 * FLOW_NAME_MAX < size; i++)
        n += (size_t)snprintf(buf + n, size - n, "%s → ", f->nodes[stack[i]].name);
    snprintf(buf + n, size - n, "%s", f->nodes[stack[from]].name);
}

/* Depth first over the links that need no key: meeting a node that is on the way is a round. */
static int check_rounds(const struct flow *f, const struct json_at *nodes, struct error *err)
{
    enum { WHITE, ON_WAY, DONE } state[FLOW_NODES_MAX] = {WHITE};
    int16_t stack[FLOW_NODES_MAX], out[LINKS];
    uint8_t at_link[FLOW_NODES_MAX];
    int silent;

    for (int16_t root = 0; root < f->node_count; root++) {
        int top = 0;

        if (state[root] != WHITE)
            continue;
        stack[top] = root;
        at_link[top++] = 0;
        state[root] = ON_WAY;
        while (top > 0) {
            int16_t node = stack[top - 1], to;

            links(&f->nodes[node], out, &silent);
            if (at_link[top - 1] == silent) {
                state[node] = DONE;
                top--;
                continue;
            }
            to = out[at_link[top - 1]++];
            if (state[to] == ON_WAY) {
                char way[ERROR_TEXT_MAX / 2];
                struct json_at at = node_at(f, nodes, to);
                int from = 0;

                while (stack[from] != to)
                    from++;
                write_round(f, stack, from, top, way, sizeof(way));
                return json_fail(&at, err,
                                 "let one of them end the call or lead to a node outside the round",
                                 "without a key pressed the call goes round for ever: %s", way);
            }
            if (state[to] == WHITE) {
                state[to] = ON_WAY;
                stack[top] = to;
                at_link[top++] = 0;
            }
        }
    }
    return 0;
}

int flow_check(const struct flow *f, const struct json_at *at, struct error *err)
{
    struct json_at nodes = json_key(at, "nodes");
    int rc = check_reach(f, &nodes, err);

    return rc ? rc : check_rounds(f, &nodes, err);
}
