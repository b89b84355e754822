/* What the interpreter costs: nanoseconds an event, bytes a run, and allocations while running,
 * which must be none: malloc and its kin are counted here. Usage: bench_flow [FLOW.json] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "flow/run.h"

/* ---- counted allocation -----------------------------------------------------------------------
 */

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);

static unsigned long allocations;

void *malloc(size_t size)
{
    allocations++;
    return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    allocations++;
    return __libc_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
    allocations++;
    return __libc_realloc(p, size);
}

/* ---- a host that does nothing -----------------------------------------------------------------
 */

static void on_play(struct flow_run *r, int prompt)
{
    (void)prompt;
}

static void on_stop(struct flow_run *r)
{
}

static void on_timer(struct flow_run *r, int64_t ms)
{
}

static void on_action(struct flow_run *r, const struct flow_action *a)
{
    flow_action_done(r, true, 1);
}

static void on_end(struct flow_run *r)
{
}

static const struct flow_host host = {on_play, on_stop, on_timer, on_action, on_end};

static int64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* One call: heard, nothing pressed, wrong key, again, then a key that acts; all played to the end.
 * The runs are spread over memory as those of many calls at once are. */
static unsigned long call(struct flow_run *r, const struct flow *f, const char *keys)
{
    unsigned long events = 1;

    flow_start(r, f, &host, 0);
    flow_prompt_done(r, 1);
    flow_timeout(r, 2);
    flow_prompt_done(r, 3);
    for (; *keys; keys++, events++)
        flow_key(r, *keys, 4);
    for (int i = 0; i < 8 && !flow_over(r); i++, events++)
        flow_prompt_done(r, 5);
    return events + 3;
}

int main(int argc, char **argv)
{
    enum { RUNS = 2000, ROUNDS = 200 };
    struct error err = {0};
    struct flow *f;
    json_t *root;
    struct json_at at;
    struct flow_run *runs = calloc(RUNS, sizeof(*runs));
    unsigned long events = 0, traces = 0;
    int64_t start, ran, traced;
    const char *path = argc > 1 ? argv[1] : EXAMPLE;
    char trace[8192], text[1024];

    if (!runs)
        return 1;
    if (json_load_path(path, &root, &err))
        goto fault;
    at = json_root(root, path);
    if (flow_load(&at, &f, &err))
        goto fault;
    json_decref(root);
    allocations = 0;
    start = now_ns();
    for (int round = 0; round < ROUNDS; round++)
        for (int i = 0; i < RUNS; i++)
            events += call(&runs[i], f, i % 3 ? "721" : "79");
    ran = now_ns() - start;
    start = now_ns();
    for (int i = 0; i < RUNS; i++)
        traces += flow_trace_json(&runs[i], trace, sizeof(trace)) > 0;
    traced = now_ns() - start;
    fprintf(stderr, "%lu events, %lu traces, %lu allocations\n", events, traces, allocations);
    if (allocations > 0 || traces != RUNS) {
        fprintf(stderr, "the interpreter allocates, or a trace is lost\n");
        return 1;
    }
    printf("{\"flow_ns_per_event\":%.1f,\"flow_trace_ns\":%.0f,\"flow_run_bytes\":%zu,"
           "\"flow_allocations\":%lu}\n",
           (double)ran / (double)events, (double)traced / RUNS, sizeof(struct flow_run),
           allocations);
    flow_free(f);
    free(runs);
    return 0;
fault:
    fprintf(stderr, "%s\n", error_text(&err, text, sizeof(text)));
    return 2;
}
