/* A flow from outside: loads or is refused with words; what loads always ends, whatever is pressed,
 * and leaves a trace that is JSON. The events are drawn from the bytes' hash. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/rng.h"
#include "flow/run.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* run is first: the host finds itself by it. */
struct host {
    struct flow_run run;
    bool playing, waiting, acting;
    int ended, now;
};

static void on_play(struct flow_run *r, int prompt)
{
    if (prompt < 0 || prompt >= flow_prompt_count(r->flow))
        abort();
    ((struct host *)r)->playing = true;
}

static void on_stop(struct flow_run *r)
{
    ((struct host *)r)->playing = false;
}

static void on_timer(struct flow_run *r, int64_t ms)
{
    ((struct host *)r)->waiting = ms >= 0;
}

static void on_action(struct flow_run *r, const struct flow_action *a)
{
    struct host *h = (struct host *)r;

    if (a->type != FLOW_ACTION_SMS && a->type != FLOW_ACTION_OPT_OUT)
        abort();
    if (++h->now % 3)
        h->acting = true;
    else
        flow_action_done(r, h->now % 2, h->now);
}

static void on_end(struct flow_run *r)
{
    ((struct host *)r)->ended++;
}

static const struct flow_host ops = {on_play, on_stop, on_timer, on_action, on_end};

static void step(struct host *h, struct rng *r, bool keys)
{
    if (keys && rng_below(r, 2)) {
        flow_key(&h->run, "0123456789*#ABCDxyz"[rng_below(r, 19)], h -> now++);
    } else if (h->playing) {
        h->playing = false;
        flow_prompt_done(&h->run, h->now++);
    } else if (h->waiting) {
        h->waiting = false;
        flow_timeout(&h->run, h->now++);
    } else if (h->acting) {
        h->acting = false;
        flow_action_done(&h->run, rng_below(r, 2), h->now++);
    } else {
        abort(); /* alive, and nothing could ever happen */
    }
}

static void call(const struct flow *f, struct rng *r)
{
    struct host *h = calloc(1, sizeof(*h));
    char trace[8192];
    json_t *json;
    int n;

    if (!h)
        abort();
    flow_start(&h->run, f, &ops, 0);
    for (int i = 0; i < 2000 && !flow_over(&h->run); i++)
        step(h, r, true);
    /* Then silence: 256 nodes, each at most 11 times 32 prompts and a pause. */
    for (int i = 0; !flow_over(&h->run); i++) {
        step(h, r, false);
        if (i > 256 * 11 * 34 * 2)
            abort();
    }
    if (h->ended != 1)
        abort();
    n = flow_trace_json(&h->run, trace, sizeof(trace));
    if (n > 0) {
        json = json_loadb(trace, (size_t)n, 0, NULL);
        if (!json || (size_t)n != strlen(trace))
            abort();
        json_decref(json);
    }
    free(h);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error err = {0};
    struct flow *f = NULL;
    json_t *root = NULL;
    struct json_at at;
    struct rng r;

    if (json_load_text((const char *)data, size, "flow", &root, &err))
        return 0;
    at = json_root(root, "flow");
    if (flow_load(&at, &f, &err)) {
        if (!err.message[0])
            abort(); /* refused without a word */
    } else {
        uint32_t ms[FLOW_PROMPTS_MAX];

        for (int i = 0; i < FLOW_PROMPTS_MAX; i++)
            ms[i] = 1000;
        if (flow_typical_ms(f, ms) < 0)
            abort();
        rng_seed(&r, hash_bytes(data, size, 1));
        for (int i = 0; i < 3; i++)
            call(f, &r);
    }
    flow_free(f);
    json_decref(root);
    return 0;
}
