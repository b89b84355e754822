#include "flow/simulate.h"

#include "base/list.h"
#include "flow/node.h"

#define NEVER INT64_MAX

struct simulation {
    struct flow_run run;
    const struct flow_script *script;
    flow_scene_fn scene;
    void *arg;
    int64_t now_ms, heard_ms, timeout_ms; /* when the prompt ends, when the wait does; or NEVER */
    unsigned told;                        /* lines of the trace */
};

static struct simulation *of(struct flow_run *r)
{
    return container_of(r, struct simulation, run);
}

static void tell_steps(struct simulation *s)
{
    for (; s->told < s->run.steps; s->told++) {
        const struct flow_step *step = &s->run.trace[s->told];

        s->scene(s->arg, &s->run,
                 &(struct flow_scene){FLOW_SCENE_STEP, step->at_ms, step->node, .step = step});
    }
}

/* After the lines of the trace that led to it. */
static void tell(struct simulation *s, struct flow_scene scene)
{
    tell_steps(s);
    scene.at_ms = s->now_ms;
    scene.node = s->run.node;
    s->scene(s->arg, &s->run, &scene);
}

static void on_play(struct flow_run *r, int prompt)
{
    struct simulation *s = of(r);

    s->heard_ms = s->now_ms + s->script->prompt_ms[prompt];
    tell(s, (struct flow_scene){.kind = FLOW_SCENE_PLAY, .prompt = prompt});
}

static void on_stop(struct flow_run *r)
{
    struct simulation *s = of(r);

    if (s->heard_ms != NEVER)
        tell(s, (struct flow_scene){.kind = FLOW_SCENE_STOP});
    s->heard_ms = NEVER;
}

static void on_timer(struct flow_run *r, int64_t ms)
{
    struct simulation *s = of(r);

    s->timeout_ms = ms < 0 ? NEVER : s->now_ms + ms;
    if (ms >= 0)
        tell(s, (struct flow_scene){.kind = FLOW_SCENE_WAIT, .wait_ms = ms});
}

static void on_action(struct flow_run *r, const struct flow_action *a)
{
    struct simulation *s = of(r);
    bool ok = !s->script->succeeds || s->script->succeeds(s->script->arg, r, a);

    tell(s, (struct flow_scene){.kind = FLOW_SCENE_ACTION, .action = a});
    flow_action_done(r, ok, s->now_ms);
}

static void on_end(struct flow_run *r)
{
    tell(of(r), (struct flow_scene){.kind = FLOW_SCENE_END});
}

static const struct flow_host host = {on_play, on_stop, on_timer, on_action, on_end};

/* The next of what is due: a prompt heard, silence, the next key. False: later than asked for. */
static bool step(struct simulation *s, unsigned *key)
{
    int64_t key_ms = *key < s->script->key_count ? s->script->keys[*key].at_ms : NEVER;
    int64_t due = s->heard_ms < s->timeout_ms ? s->heard_ms : s->timeout_ms;

    if (key_ms < due)
        due = key_ms;
    if (due == NEVER || due > s->script->until_ms)
        return false;
    if (due > s->now_ms)
        s->now_ms = due;
    if (s->heard_ms <= s->now_ms) {
        s->heard_ms = NEVER;
        flow_prompt_done(&s->run, s->now_ms);
    } else if (s->timeout_ms <= s->now_ms) {
        s->timeout_ms = NEVER;
        flow_timeout(&s->run, s->now_ms);
    } else {
        flow_key(&s->run, s->script->keys[(*key)++].key, s->now_ms);
    }
    tell_steps(s);
    return true;
}

bool flow_simulate(const struct flow *f, const struct flow_script *script, flow_scene_fn scene,
                   void *arg, struct flow_run *last)
{
    struct simulation s = {
        .script = script, .scene = scene, .arg = arg, .heard_ms = NEVER, .timeout_ms = NEVER};
    unsigned key = 0;

    flow_start(&s.run, f, &host, 0);
    while (!flow_over(&s.run) && step(&s, &key))
        ;
    *last = s.run;
    return flow_over(last);
}
