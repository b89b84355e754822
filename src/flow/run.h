/* The interpreter: one struct flow_run per call, embedded in it, no allocation. It asks its host to
 * do things through struct flow_host and is told what happened. Runs in the call's lane. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "flow/flow.h"

enum { FLOW_TRACE_MAX = 96, FLOW_CAPTURE_MAX = 32 };

struct flow_run;

/* What the interpreter asks for. An action's parameters point into the flow: valid while it lives.
 */
struct flow_action {
    enum flow_action_type type;
    int node;
    const char *text;     /* SMS template, opt-out list … as the type says; may be NULL */
    const char *variable; /* SET */
    const char *value;    /* SET */
};

/* Only `action` may call back at once (flow_action_done); the others must not call into the run
 * from within. `end` is the last thing the interpreter does: the host may free the run in it. */
struct flow_host {
    /* Starts a prompt, replacing what plays. The host calls flow_prompt_done when it ends by
     * itself. */
    void (*play)(struct flow_run *r, int prompt);
    void (*stop)(struct flow_run *r);
    /* One timer a run; a new one replaces the old; ms < 0 stops it. The host calls flow_timeout. */
    void (*timer)(struct flow_run *r, int64_t ms);
    /* Starts an action. The host calls flow_action_done once, now or later. SET and HANG_UP never
     * get here: the interpreter does them. */
    void (*action)(struct flow_run *r, const struct flow_action *a);
    /* The flow has ended: hang up. */
    void (*end)(struct flow_run *r);
};

enum flow_step_kind {
    FLOW_STEP_NODE,
    FLOW_STEP_KEY,
    FLOW_STEP_INVALID,
    FLOW_STEP_SILENCE,
    FLOW_STEP_ACTION_OK,
    FLOW_STEP_ACTION_FAILED,
    FLOW_STEP_IGNORED /* a key that nobody waited for */
};

/* One line of the call's trace: which node, which key, when (ms since answer). */
struct flow_step {
    uint32_t at_ms;
    int16_t node;
    uint8_t kind; /* enum flow_step_kind */
    char key;     /* of KEY, INVALID and IGNORED */
};

/* Prompts to play in order: a part of the flow's playlist. */
struct flow_span {
    uint16_t at, end;
};

struct flow_run {
    const struct flow *flow;
    const struct flow_host *host;
    int64_t started_ms; /* by the host's clock, given to flow_start */
    int16_t node;       /* current, FLOW_END when over */

    /* private to src/flow */
    int16_t pending; /* node to enter next */
    uint8_t phase;
    bool settling;
    uint8_t tries_invalid, tries_silence;
    uint16_t visits;
    struct flow_span queue[2]; /* prompts still to play: a remark first, then the node's own */
    int64_t now_ms;            /* of the event that is handled */
    int64_t trailing_until_ms; /* a finish key until then belongs to the capture before */
    char trailing;
    uint8_t captured;
    char capture[FLOW_CAPTURE_MAX + 1];
    uint16_t steps, steps_lost; /* steps_lost: trace full */
    struct flow_step trace[FLOW_TRACE_MAX];
    char values[FLOW_VARIABLES_MAX][FLOW_VALUE_MAX + 1]; /* by variable index */
};

void flow_start(struct flow_run *r, const struct flow *f, const struct flow_host *host,
                int64_t now_ms);
void flow_key(struct flow_run *r, char key, int64_t now_ms); /* 0-9 * # A-D */
void flow_prompt_done(struct flow_run *r, int64_t now_ms);
void flow_timeout(struct flow_run *r, int64_t now_ms);
/* An action has no time limit here: the host answers each, within a limit of its own. */
void flow_action_done(struct flow_run *r, bool ok, int64_t now_ms);
bool flow_over(const struct flow_run *r);

/* Variables: by name, of this run. NULL when the flow has no such variable. */
const char *flow_value(const struct flow_run *r, const char *name);
int flow_variable_count(const struct flow *f);
const char *flow_variable_name(const struct flow *f, int i);
/* The trace and the variables as JSON text for the call record; "at" is ms since answer:
 * {"values":{"choice":"x"},"keys":[{"at":900,"node":"welcome","key":"7","invalid":true}, …],
 * "path":[{"at":0,"node":"welcome"}, …],"events":[{"at":1,"node":"sms","what":"action_ok"}, …]}.
 * What does not fit is left out from the end and counted in "lost". Returns the length, -ENOSPC
 * when not even the values fit. */
int flow_trace_json(const struct flow_run *r, char *buf, unsigned size);
