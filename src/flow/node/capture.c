/* capture: prompts, then digits into a variable. It is complete at `max` digits, at the finish key,
 * or when nothing more comes and there are `min`. A key may come while the prompts play. */
#include <string.h>

#include "flow/node.h"

static int load_lengths(const struct json_at *at, struct flow_node *n, struct error *err)
{
    int64_t min = 1, max = FLOW_CAPTURE_MAX;
    int rc = json_get_int(at, "min", false, 1, FLOW_CAPTURE_MAX, &min, err);

    if (!rc)
        rc = json_get_int(at, "max", false, 1, FLOW_CAPTURE_MAX, &max, err);
    if (rc)
        return rc;
    if (min > max) {
        struct json_at where = json_key(at, "min");

        return json_fail(&where, err, "make \"min\" at most \"max\"",
                         "at least %d digits, but at most %d", (int)min, (int)max);
    }
    n->min = (uint8_t)min;
    n->max = (uint8_t)max;
    return 0;
}

static int load_finish(const struct json_at *at, struct flow_node *n, struct error *err)
{
    struct json_at where = json_key(at, "finish");
    const char *finish = "#";
    int rc = json_get_string(at, "finish", false, &finish, err);

    if (rc)
        return rc;
    if (finish[0] && (finish[1] || flow_key_index(finish[0]) < 10))
        return json_fail(&where, err, "write \"#\", or \"\" for none",
                         "the finish key is one of * # A B C D");
    n->finish = finish[0];
    return 0;
}

static int load(struct flow_loader *l, const struct json_at *at, struct flow_node *n,
                struct error *err)
{
    static const char *const keys[] = {"type",   "note",     "prompt",  "variable", "min",  "max",
                                       "finish", "barge_in", "invalid", "silence",  "next", NULL};
    int rc = json_only_keys(at, keys, err);

    if (!rc)
        rc = flow_load_prompts(l, at, true, &n->prompts, err);
    if (!rc)
        rc = flow_load_variable(l, at, &n->variable, err);
    if (!rc)
        rc = load_lengths(at, n, err);
    if (!rc)
        rc = load_finish(at, n, err);
    if (!rc)
        rc = json_get_bool(at, "barge_in", false, &n->barge_in, err);
    if (!rc)
        rc = flow_load_again(l, at, n, err);
    return rc ? rc : flow_load_link(l, at, "next", &n->next, err);
}

static void enter(struct flow_run *r, const struct flow_node *n)
{
    r->captured = 0;
    flow_say(r, NULL);
}

static void wait(struct flow_run *r, const struct flow_node *n)
{
    flow_wait(r, n->silence.after_ms);
}

static void complete(struct flow_run *r, const struct flow_node *n)
{
    r->capture[r->captured] = '\0';
    flow_set(r, n->variable, r->capture);
    flow_go(r, n->next);
}

static void invalid(struct flow_run *r, const struct flow_node *n)
{
    r->captured = 0;
    flow_again(r, &n->invalid, &r->tries_invalid);
}

static void key_pressed(struct flow_run *r, const struct flow_node *n, char key)
{
    bool digit = flow_key_index(key) < 10, finish = key == n->finish && r->captured >= n->min;

    flow_note(r, digit || finish ? FLOW_STEP_KEY : FLOW_STEP_INVALID, key);
    if (finish) {
        complete(r, n);
    } else if (!digit) {
        invalid(r, n);
    } else {
        r->capture[r->captured++] = key;
        if (r->captured < n->max) {
            wait(r, n);
            return;
        }
        /* Many people press the finish key though enough was typed: it must not hit what follows.
         */
        r->trailing = n->finish;
        r->trailing_until_ms = r->now_ms + FLOW_TRAILING_MS;
        complete(r, n);
    }
}

static void silent(struct flow_run *r, const struct flow_node *n)
{
    if (r->captured >= n->min) {
        complete(r, n);
        return;
    }
    flow_note(r, FLOW_STEP_SILENCE, 0);
    if (r->captured)
        invalid(r, n); /* began, and stopped too early */
    else
        flow_again(r, &n->silence, &r->tries_silence);
}

const struct flow_kind flow_kind_capture = {.type = FLOW_CAPTURE,
                                            .name = "capture",
                                            .load = load,
                                            .enter = enter,
                                            .played = wait,
                                            .key = key_pressed,
                                            .silent = silent};
