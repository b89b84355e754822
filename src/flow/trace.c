/* The run as JSON for the call record. Written by hand: no allocation at the end of each call. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "flow/node.h"

/* What is always kept for the brackets that are still to come, and "lost". */
enum { TAIL = 64 };

struct text {
    char *buf;
    size_t size, len;
    bool full;
};

__attribute__((format(printf, 2, 3))) static void put(struct text *t, const char *format, ...)
{
    va_list ap;
    int n;

    va_start(ap, format);
    n = vsnprintf(t->buf + t->len, t->size - t->len, format, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= t->size - t->len)
        t->full = true;
    else
        t->len += (size_t)n;
}

/* Values are UTF-8 without control characters: load.c and the keys see to that. */
static void put_string(struct text *t, const char *s)
{
    put(t, "\"");
    for (; *s; s++)
        put(t, *s == '"' || *s == '\\' ? "\\%c" : "%c", *s);
    put(t, "\"");
}

static void put_values(struct text *t, const struct flow_run *r)
{
    put(t, "{\"values\":{");
    for (int i = 0; i < r->flow->variable_count; i++) {
        put(t, "%s\"%s\":", i ? "," : "", r->flow->variables[i]);
        put_string(t, r->values[i]);
    }
    put(t, "}");
}

static bool is_key(const struct flow_step *s)
{
    return s->kind == FLOW_STEP_KEY || s->kind == FLOW_STEP_INVALID || s->kind == FLOW_STEP_IGNORED;
}

static bool is_node(const struct flow_step *s)
{
    return s->kind == FLOW_STEP_NODE;
}

static bool is_event(const struct flow_step *s)
{
    return !is_key(s) && !is_node(s);
}

static void put_step(struct text *t, const struct flow_run *r, const struct flow_step *s)
{
    static const char *const what[] = {[FLOW_STEP_SILENCE] = "silence",
                                       [FLOW_STEP_ACTION_OK] = "action_ok",
                                       [FLOW_STEP_ACTION_FAILED] = "action_failed"};

    put(t, "{\"at\":%u,\"node\":\"%s\"", s->at_ms, r->flow->nodes[s->node].name);
    if (is_key(s))
        put(t, ",\"key\":\"%c\"%s", s->key,
            s->kind == FLOW_STEP_INVALID   ? ",\"invalid\":true"
            : s->kind == FLOW_STEP_IGNORED ? ",\"ignored\":true"
                                           : "");
    else if (is_event(s))
        put(t, ",\"what\":\"%s\"", what[s->kind]);
    put(t, "}");
}

/* Steps of one sort; what does not fit whole is taken back. Returns how many were left out. */
static unsigned put_list(struct text *t, const struct flow_run *r, const char *name,
                         bool (*wanted)(const struct flow_step *))
{
    unsigned lost = 0, count = 0;

    put(t, ",\"%s\":[", name);
    for (unsigned i = 0; i < r->steps; i++) {
        size_t before = t->len;

        if (!wanted(&r->trace[i]))
            continue;
        if (!lost) {
            put(t, "%s", count++ ? "," : "");
            put_step(t, r, &r->trace[i]);
        }
        if (lost || t->full || t->len > t->size - TAIL) {
            t->len = before;
            t->full = false;
            lost++;
        }
    }
    put(t, "]");
    return lost;
}

int flow_trace_json(const struct flow_run *r, char *buf, unsigned size)
{
    struct text t = {.buf = buf, .size = size};
    unsigned lost = r->steps_lost;

    if (size < 2 * TAIL)
        return -ENOSPC;
    put_values(&t, r);
    if (t.full || t.size - t.len < 2 * TAIL)
        return -ENOSPC;
    lost += put_list(&t, r, "keys", is_key);
    lost += put_list(&t, r, "path", is_node);
    lost += put_list(&t, r, "events", is_event);
    if (lost)
        put(&t, ",\"lost\":%u", lost);
    put(&t, "}");
    return t.full ? -ENOSPC : (int)t.len;
}
