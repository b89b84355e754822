/* The interpreter. Every event (start, key, prompt heard, timeout, action answered) goes to the
 * kind of the present node, which may ask for another node; that one is entered when the event is
 * over, in a loop, so that a long chain of nodes does not deepen the stack and the host may answer
 * an action at once. Nothing is allocated. Runs in the call's lane. */
#include "flow/run.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "flow/node.h"

static const struct flow_node *here(const struct flow_run *r)
{
    return &r->flow->nodes[r->node];
}

void flow_note(struct flow_run *r, enum flow_step_kind kind, char key)
{
    int64_t at = r->now_ms - r->started_ms;

    if (r->steps == FLOW_TRACE_MAX) {
        if (r->steps_lost < UINT16_MAX)
            r->steps_lost++;
        return;
    }
    r->trace[r->steps++] = (struct flow_step){
        .at_ms = at < 0            ? 0
                 : at > UINT32_MAX ? UINT32_MAX
                                   : (uint32_t)at,
        .node = r->node,
        .kind = (uint8_t)kind,
        .key = key,
    };
}

/* Ends what the present phase began. */
static void rest(struct flow_run *r)
{
    uint8_t phase = r->phase;

    r->phase = FLOW_PHASE_IDLE;
    if (phase == FLOW_PHASE_PLAYING)
        r->host->stop(r);
    else if (phase == FLOW_PHASE_WAITING)
        r->host->timer(r, -1);
}

void flow_go(struct flow_run *r, int16_t node)
{
    r->pending = node;
}

/* Enters the nodes asked for until one of them waits for something, or the call is over. */
static void settle(struct flow_run *r)
{
    if (r->settling)
        return;
    r->settling = true;
    while (r->pending != FLOW_NONE) {
        int16_t node = r->pending;

        r->pending = FLOW_NONE;
        rest(r);
        if (node == FLOW_END || r->visits == FLOW_VISITS_MAX) {
            r->node = FLOW_END;
            r->settling = false;
            r->host->end(r); /* the run may be gone now */
            return;
        }
        r->visits++;
        r->node = node;
        r->tries_invalid = r->tries_silence = 0;
        flow_note(r, FLOW_STEP_NODE, 0);
        here(r)->kind->enter(r, here(r));
    }
    r->settling = false;
}

static void play_next(struct flow_run *r)
{
    struct flow_span *q = r->queue[0].at < r->queue[0].end ? &r->queue[0] : &r->queue[1];

    if (q->at < q->end) {
        r->phase = FLOW_PHASE_PLAYING;
        r->host->play(r, r->flow->playlist[q->at++]);
        return;
    }
    r->phase = FLOW_PHASE_IDLE;
    here(r)->kind->played(r, here(r));
}

void flow_say(struct flow_run *r, const struct flow_span *before)
{
    if (r->phase == FLOW_PHASE_WAITING)
        rest(r);
    r->queue[0] = before ? *before : (struct flow_span){0, 0};
    r->queue[1] = here(r)->prompts;
    play_next(r);
}

void flow_wait(struct flow_run *r, int64_t ms)
{
    if (r->phase == FLOW_PHASE_PLAYING)
        rest(r);
    r->phase = FLOW_PHASE_WAITING;
    r->host->timer(r, ms);
}

void flow_again(struct flow_run *r, const struct flow_again *again, uint8_t *tries)
{
    if (*tries >= again->limit) {
        flow_go(r, again->next);
        return;
    }
    ++*tries;
    flow_say(r, &again->prompts);
}

void flow_set(struct flow_run *r, int16_t variable, const char *value)
{
    snprintf(r->values[variable], sizeof(r->values[variable]), "%s", value);
}

/* ---- events -----------------------------------------------------------------------------------
 */

void flow_start(struct flow_run *r, const struct flow *f, const struct flow_host *host,
                int64_t now_ms)
{
    memset(r, 0, offsetof(struct flow_run, trace));
    r->flow = f;
    r->host = host;
    r->started_ms = r->now_ms = now_ms;
    r->node = FLOW_NONE;
    for (int16_t i = 0; i < f->variable_count; i++)
        flow_set(r, i, f->initial[i]);
    flow_go(r, f->start);
    settle(r);
}

/* A key that no node waits for, or that still belongs to the capture before. */
static bool ignored(struct flow_run *r, char key)
{
    char trailing = r->trailing;

    r->trailing = 0;
    if (trailing == key && r->now_ms <= r->trailing_until_ms)
        return true;
    if (!here(r)->kind->key || r->phase == FLOW_PHASE_ACTING)
        return true;
    return r->phase == FLOW_PHASE_PLAYING && !here(r)->barge_in;
}

void flow_key(struct flow_run *r, char key, int64_t now_ms)
{
    if (flow_over(r) || flow_key_index(key) < 0)
        return;
    r->now_ms = now_ms;
    if (ignored(r, key)) {
        flow_note(r, FLOW_STEP_IGNORED, key);
        return;
    }
    here(r)->kind->key(r, here(r), key);
    settle(r);
}

void flow_prompt_done(struct flow_run *r, int64_t now_ms)
{
    if (flow_over(r) || r->phase != FLOW_PHASE_PLAYING)
        return;
    r->now_ms = now_ms;
    play_next(r);
    settle(r);
}

void flow_timeout(struct flow_run *r, int64_t now_ms)
{
    if (flow_over(r) || r->phase != FLOW_PHASE_WAITING)
        return;
    r->now_ms = now_ms;
    r->phase = FLOW_PHASE_IDLE;
    here(r)->kind->silent(r, here(r));
    settle(r);
}

void flow_action_done(struct flow_run *r, bool ok, int64_t now_ms)
{
    if (flow_over(r) || r->phase != FLOW_PHASE_ACTING)
        return;
    r->now_ms = now_ms;
    r->phase = FLOW_PHASE_IDLE;
    here(r)->kind->done(r, here(r), ok);
    settle(r);
}

bool flow_over(const struct flow_run *r)
{
    return r->node == FLOW_END;
}

const char *flow_value(const struct flow_run *r, const char *name)
{
    for (int i = 0; i < r->flow->variable_count; i++)
        if (strcmp(r->flow->variables[i], name) == 0)
            return r->values[i];
    return NULL;
}
