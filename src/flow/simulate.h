/* A flow played in virtual time, as one call would hear it: given which keys are pressed when, what
 * happens is told in order, by the interpreter that runs calls. For editors and their preview: no
 * call, no clock, nothing stored. Pure. */
#pragma once

#include "flow/run.h"

struct flow_press {
    int64_t at_ms; /* since the answer */
    char key;
};

struct flow_script {
    const uint32_t *prompt_ms;     /* by the flow's prompt index */
    const struct flow_press *keys; /* in the order of their time */
    unsigned key_count;
    int64_t until_ms; /* what happens later is not told; INT64_MAX: to the end */
    /* Does this action of the run work out? NULL: every one does. */
    bool (*succeeds)(void *arg, const struct flow_run *r, const struct flow_action *a);
    void *arg;
};

enum flow_scene_kind {
    FLOW_SCENE_STEP, /* a line of the trace */
    FLOW_SCENE_PLAY, /* a prompt begins */
    FLOW_SCENE_STOP, /* it is cut off */
    FLOW_SCENE_WAIT, /* for a key, until wait_ms have passed */
    FLOW_SCENE_ACTION,
    FLOW_SCENE_END,
};

struct flow_scene {
    enum flow_scene_kind kind;
    int64_t at_ms; /* since the answer */
    int node;
    union {
        const struct flow_step *step;
        int prompt;
        int64_t wait_ms;
        const struct flow_action *action;
    };
};

typedef void (*flow_scene_fn)(void *arg, const struct flow_run *r, const struct flow_scene *s);

/* Returns whether the flow is over; *last is the run as it is then. It always ends by itself: who
 * presses nothing more gets the limits of silence, who goes round for ever the limit of visits. */
bool flow_simulate(const struct flow *f, const struct flow_script *script, flow_scene_fn scene,
                   void *arg, struct flow_run *last);
