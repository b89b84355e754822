/* Random right flows, a model of how they run, and a host that notes what the interpreter asks for.
 * The model is written apart from src/flow: plain structs, one switch, state that can be looked at.
 * model_agrees() compares what a person would notice: what plays, whether somebody waits, what is
 * being done, where the call is, what it remembers. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "flow/run.h"

enum { M_NODES = 12, M_LIST = 3, M_VARIABLES = 2, M_PROMPTS = 8, M_OVER = -1, M_VISITS = 500 };
#define M_KEYS "0123456789*#ABCD"

struct m_again {
    int prompts[M_LIST], prompt_count, limit, next, after;
};

struct m_node {
    enum flow_node_type type;
    int prompts[M_LIST], prompt_count;
    bool barge_in;
    int keys[16]; /* -2: means nothing */
    struct m_again invalid, silence;
    int next, failed;
    enum flow_action_type action;
    int variable, min, max;
    char finish, text[16];
};

struct model {
    struct m_node nodes[M_NODES];
    int node_count;
    /* the run */
    int node, visits, wrong, quiet;
    int line[2 * M_LIST], line_at, line_count; /* prompts being played */
    bool playing, waiting, acting;
    char typed[64], values[M_VARIABLES][64];
    char trailing;
    int64_t trailing_until;
};

/* ---- making flows --------------------------------------------------------------------------- */

static inline int m_pick(struct rng *r, int n)
{
    return (int)rng_below(r, (uint64_t)n);
}

/* Any node, or the end. */
static inline int m_anywhere(struct rng *r, const struct model *m)
{
    return m_pick(r, m->node_count + 1) - 1;
}

/* A later node, or the end: links without a key must not close a round. */
static inline int m_onward(struct rng *r, const struct model *m, int from)
{
    int rest = m->node_count - from - 1, pick = m_pick(r, rest + 1);

    return pick == rest ? M_OVER : from + 1 + pick;
}

static inline void m_prompts(struct rng *r, int *prompts, int *count, int least)
{
    *count = least + m_pick(r, M_LIST + 1 - least);
    for (int i = 0; i < *count; i++)
        prompts[i] = m_pick(r, M_PROMPTS);
}

static inline void m_make_again(struct rng *r, struct m_again *a, int next)
{
    m_prompts(r, a->prompts, &a->prompt_count, 0);
    a->limit = m_pick(r, 4);
    a->after = 1000 + 500 * m_pick(r, 5);
    a->next = next;
}

/* Each node leads to the one after it, so that all can be reached. */
static inline void m_make_node(struct rng *r, struct model *m, int i)
{
    struct m_node *n = &m->nodes[i];
    int follow = i + 1 < m->node_count ? i + 1 : M_OVER;

    memset(n, 0, sizeof(*n));
    n->type = (enum flow_node_type)m_pick(r, 4);
    m_prompts(r, n->prompts, &n->prompt_count, 1);
    n->barge_in = m_pick(r, 4) > 0;
    n->variable = m_pick(r, M_VARIABLES);
    n->next = follow;
    n->failed = m_onward(r, m, i);
    m_make_again(r, &n->invalid, m_anywhere(r, m));
    m_make_again(r, &n->silence, m_onward(r, m, i));
    snprintf(n->text, sizeof(n->text), "text%d", i);
    for (int k = 0; k < 16; k++)
        n->keys[k] = m_pick(r, 3) ? -2 : m_pick(r, m->node_count);
    n->keys[m_pick(r, 16)] = follow == M_OVER ? i : follow;
    n->min = 1 + m_pick(r, 4);
    n->max = n->min + m_pick(r, 4);
    n->finish = "#*A\0"[m_pick(r, 4)];
    n->action = (enum flow_action_type)m_pick(r, follow == M_OVER ? 4 : 3);
    if (n->action == FLOW_ACTION_OPT_OUT && n->failed == n->next)
        n->failed = M_OVER;
}

static inline void m_link(json_t *o, const char *key, int node)
{
    if (node >= 0)
        json_object_set_new(o, key, json_sprintf("n%d", node));
}

static inline json_t *m_prompt_json(const int *prompts, int count)
{
    json_t *list = json_array();

    for (int i = 0; i < count; i++)
        json_array_append_new(list, json_sprintf("p%d.wav", prompts[i]));
    if (count == 1) {
        json_t *one = json_incref(json_array_get(list, 0));

        json_decref(list);
        return one;
    }
    return list;
}

static inline json_t *m_again_json(const struct m_again *a, bool silence)
{
    json_t *o = json_pack("{s:i}", "limit", a->limit);

    if (a->prompt_count)
        json_object_set_new(o, "prompt", m_prompt_json(a->prompts, a->prompt_count));
    if (silence)
        json_object_set_new(o, "after", json_sprintf("%dms", a->after));
    m_link(o, "next", a->next);
    return o;
}

static inline json_t *m_node_json(const struct m_node *n)
{
    json_t *o = json_pack("{s:s}", "type", flow_type_name(n->type));

    if (n->type != FLOW_ACTION)
        json_object_set_new(o, "prompt", m_prompt_json(n->prompts, n->prompt_count));
    if (n->type == FLOW_MENU || n->type == FLOW_CAPTURE) {
        json_object_set_new(o, "barge_in", json_boolean(n->barge_in));
        json_object_set_new(o, "invalid", m_again_json(&n->invalid, false));
        json_object_set_new(o, "silence", m_again_json(&n->silence, true));
    }
    if (n->type == FLOW_MENU) {
        json_t *keys = json_object();

        for (int k = 0; k < 16; k++)
            m_link(keys, (char[]){M_KEYS[k], 0}, n->keys[k]);
        json_object_set_new(o, "keys", keys);
        return o;
    }
    if (n->type == FLOW_CAPTURE) {
        json_object_set_new(o, "variable", json_sprintf("v%d", n->variable));
        json_object_set_new(o, "min", json_integer(n->min));
        json_object_set_new(o, "max", json_integer(n->max));
        json_object_set_new(o, "finish", json_string((char[]){n->finish, 0}));
    }
    if (n->type == FLOW_ACTION) {
        json_object_set_new(o, "action", json_string(flow_action_name(n->action)));
        if (n->action == FLOW_ACTION_HANG_UP)
            return o;
        if (n->action == FLOW_ACTION_SET)
            json_object_set_new(o, "variable", json_sprintf("v%d", n->variable));
        else
            m_link(o, "failed", n->failed);
        json_object_set_new(o,
                            n->action == FLOW_ACTION_SET   ? "value"
                            : n->action == FLOW_ACTION_SMS ? "text"
                                                           : "list",
                            json_string(n->text));
    }
    m_link(o, "next", n->next);
    return o;
}

/* A random flow in the model, loaded by the product too. NULL with text in err: it refused. */
static inline struct flow *m_make(struct rng *r, struct model *m, struct error *err)
{
    json_t *nodes = json_object(), *root;
    struct json_at at;
    struct flow *f = NULL;

    memset(m, 0, sizeof(*m));
    m->node_count = 1 + m_pick(r, M_NODES);
    for (int i = 0; i < m->node_count; i++) {
        char name[16];

        m_make_node(r, m, i);
        snprintf(name, sizeof(name), "n%d", i);
        json_object_set_new(nodes, name, m_node_json(&m->nodes[i]));
    }
    root = json_pack("{s:i,s:s,s:{s:s,s:s},s:o}", "version", 1, "start", "n0", "variables", "v0",
                     "", "v1", "", "nodes", nodes);
    at = json_root(root, NULL);
    if (flow_load(&at, &f, err))
        f = NULL;
    json_decref(root);
    return f;
}

/* ---- the model's run ------------------------------------------------------------------------ */

static inline void m_listen(struct model *m)
{
    m->playing = false;
    m->waiting = true;
}

static inline void m_enter(struct model *m, int node);

static inline void m_heard_all(struct model *m)
{
    m->playing = false;
    if (m->nodes[m->node].type == FLOW_PLAY)
        m_enter(m, m->nodes[m->node].next);
    else
        m_listen(m);
}

static inline void m_speak(struct model *m, const struct m_again *remark)
{
    const struct m_node *n = &m->nodes[m->node];

    m->line_count = m->line_at = 0;
    for (int i = 0; remark && i < remark->prompt_count; i++)
        m->line[m->line_count++] = remark->prompts[i];
    for (int i = 0; i < n->prompt_count; i++)
        m->line[m->line_count++] = n->prompts[i];
    m->waiting = false;
    m->playing = true;
}

static inline void m_enter(struct model *m, int node)
{
    const struct m_node *n;

    m->playing = m->waiting = m->acting = false;
    if (node == M_OVER || m->visits == M_VISITS) {
        m->node = M_OVER;
        return;
    }
    m->visits++;
    m->node = node;
    m->wrong = m->quiet = 0;
    m->typed[0] = '\0';
    n = &m->nodes[node];
    if (n->type != FLOW_ACTION) {
        m_speak(m, NULL);
    } else if (n->action == FLOW_ACTION_SET) {
        strcpy(m->values[n->variable], n->text);
        m_enter(m, n->next);
    } else if (n->action == FLOW_ACTION_HANG_UP) {
        m_enter(m, M_OVER);
    } else {
        m->acting = true;
    }
}

static inline void m_repeat(struct model *m, const struct m_again *a, int *count)
{
    if ((*count)++ < a->limit)
        m_speak(m, a);
    else
        m_enter(m, a->next);
}

static inline void m_typed_enough(struct model *m)
{
    const struct m_node *n = &m->nodes[m->node];

    strcpy(m->values[n->variable], m->typed);
    m_enter(m, n->next);
}

static inline void m_key(struct model *m, char key, int64_t now)
{
    const struct m_node *n = &m->nodes[m->node < 0 ? 0 : m->node];
    bool stray = m->trailing == key && now <= m->trailing_until;
    size_t typed = strlen(m->typed);

    if (m->node == M_OVER)
        return;
    m->trailing = 0;
    if (stray || m->acting || n->type == FLOW_PLAY || (m->playing && !n->barge_in))
        return;
    if (n->type == FLOW_MENU) {
        int to = n->keys[strchr(M_KEYS, key) - M_KEYS];

        if (to == -2)
            m_repeat(m, &n->invalid, &m->wrong);
        else
            m_enter(m, to);
        return;
    }
    if (key >= '0' && key <= '9') {
        m->typed[typed] = key;
        m->typed[typed + 1] = '\0';
        m_listen(m);
        if ((int)typed + 1 == n->max) {
            m->trailing = n->finish;
            m->trailing_until = now + 2000;
            m_typed_enough(m);
        }
    } else if (key == n->finish && (int)typed >= n->min) {
        m_typed_enough(m);
    } else {
        m->typed[0] = '\0';
        m_repeat(m, &n->invalid, &m->wrong);
    }
}

static inline void m_heard(struct model *m)
{
    if (m->playing && ++m->line_at == m->line_count)
        m_heard_all(m);
}

static inline void m_silence(struct model *m)
{
    const struct m_node *n = &m->nodes[m->node < 0 ? 0 : m->node];
    int typed = (int)strlen(m->typed);

    if (!m->waiting)
        return;
    if (n->type == FLOW_CAPTURE && typed >= n->min) {
        m_typed_enough(m);
    } else if (typed > 0) {
        m->typed[0] = '\0';
        m_repeat(m, &n->invalid, &m->wrong);
    } else {
        m_repeat(m, &n->silence, &m->quiet);
    }
}

static inline void m_done(struct model *m, bool ok)
{
    if (m->acting)
        m_enter(m, ok ? m->nodes[m->node].next : m->nodes[m->node].failed);
}

/* ---- the product's run ---------------------------------------------------------------------- */

/* run is first: the host finds itself by it. */
struct m_host {
    struct flow_run run;
    int playing;   /* prompt, -1: nothing */
    int64_t timer; /* -1: none */
    const struct flow_action *action;
    int actions, ended;
};

static inline void mh_play(struct flow_run *r, int prompt)
{
    ((struct m_host *)r)->playing = prompt;
}

static inline void mh_stop(struct flow_run *r)
{
    ((struct m_host *)r)->playing = -1;
}

static inline void mh_timer(struct flow_run *r, int64_t ms)
{
    ((struct m_host *)r)->timer = ms < 0 ? -1 : ms;
}

static inline void mh_action(struct flow_run *r, const struct flow_action *a)
{
    ((struct m_host *)r)->action = a;
    ((struct m_host *)r)->actions++;
}

static inline void mh_end(struct flow_run *r)
{
    ((struct m_host *)r)->ended++;
}

static const struct flow_host m_host_ops = {mh_play, mh_stop, mh_timer, mh_action, mh_end};

static inline void m_begin(struct model *m, struct m_host *h, const struct flow *f)
{
    memset(h, 0, sizeof(*h));
    h->playing = -1;
    h->timer = -1;
    flow_start(&h->run, f, &m_host_ops, 0);
    m_enter(m, 0);
}

/* One event for both: a key, 'p' prompt heard, 't' silence, 'y' and 'n' the action's answer. */
static inline void m_event(struct model *m, struct m_host *h, char event, int64_t now)
{
    switch (event) {
    case 'p':
        if (h->playing < 0)
            return;
        h->playing = -1;
        flow_prompt_done(&h->run, now);
        m_heard(m);
        break;
    case 't':
        if (h->timer < 0)
            return;
        h->timer = -1;
        flow_timeout(&h->run, now);
        m_silence(m);
        break;
    case 'y':
    case 'n':
        if (!h->action)
            return;
        h->action = NULL;
        flow_action_done(&h->run, event == 'y', now);
        m_done(m, event == 'y');
        break;
    default:
        flow_key(&h->run, event, now);
        m_key(m, event, now);
    }
}

/* NULL, or what differs. */
static inline const char *m_agrees(const struct model *m, const struct m_host *h)
{
    const struct flow *f = h->run.flow;
    const struct m_node *n = &m->nodes[m->node < 0 ? 0 : m->node];
    char want[32];

    if (flow_over(&h->run) != (m->node == M_OVER) || h->ended != (m->node == M_OVER))
        return "one is over, the other is not";
    if (m->node >= 0) {
        snprintf(want, sizeof(want), "n%d", m->node);
        if (strcmp(flow_node_name(f, h->run.node), want) != 0)
            return "they are at different nodes";
    }
    if (m->playing != (h->playing >= 0))
        return "one plays, the other does not";
    if (m->playing) {
        snprintf(want, sizeof(want), "p%d.wav", m->line[m->line_at]);
        if (strcmp(flow_prompt_name(f, h->playing), want) != 0)
            return "they play different prompts";
    }
    if ((m->waiting ? n->silence.after : -1) != h->timer)
        return "they wait differently";
    if (m->acting != (h->action != NULL))
        return "one acts, the other does not";
    if (m->acting && (h->action->type != n->action || strcmp(h->action->text, n->text) != 0))
        return "the action is not the node's";
    for (int i = 0; i < M_VARIABLES; i++) {
        snprintf(want, sizeof(want), "v%d", i);
        if (strcmp(flow_value(&h->run, want), m->values[i]) != 0)
            return "a variable differs";
    }
    return NULL;
}

/* An event that means something now, mostly; keys with the given weight in ten. */
static inline char m_random_event(struct rng *r, const struct m_host *h, int key_weight)
{
    if (m_pick(r, 10) < key_weight)
        return M_KEYS[m_pick(r, 16)];
    return h->playing >= 0 ? 'p' : h->timer >= 0 ? 't' : m_pick(r, 4) ? 'y' : 'n';
}
