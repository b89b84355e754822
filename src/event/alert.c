/* The engine: one state for each indicator and object. */
#include "event/alert.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

enum { LOW_IS_BAD, HIGH_IS_BAD };

static const struct indicator_info infos[INDICATOR_COUNT] = {
#define X(id, name_, sense, raise_, clear_, hold, rest, degree_, unit_, what_, remedy_) \
    [INDICATOR_##id] = {.name = name_,                                                  \
                        .unit = unit_,                                                  \
                        .what = what_,                                                  \
                        .remedy = remedy_,                                              \
                        .low_is_bad = sense##_IS_BAD == LOW_IS_BAD,                     \
                        .degree = ALERT_##degree_,                                      \
                        .limits = {.raise = raise_,                                     \
                                   .clear = clear_,                                     \
                                   .hold_ms = 1000LL * (hold),                          \
                                   .rest_ms = 1000LL * (rest)}},
    INDICATOR_TABLE(X)
#undef X
};

/* One indicator of one object. Forgotten when it is well and not read any more. */
struct state {
    enum indicator indicator;
    char object[48], detail[120];
    double value;
    bool raised, read;
    int64_t since_ms; /* how long it has asked for a change; 0: it does not */
    int64_t raised_ms;
};

struct alerts {
    struct alert_limits limits[INDICATOR_COUNT];
    struct state states[ALERT_OBJECTS_MAX];
    unsigned count;
    int64_t now_ms;
};

const struct indicator_info *indicator_info(enum indicator i)
{
    return &infos[i];
}

int indicator_from_name(const char *name)
{
    for (int i = 0; i < INDICATOR_COUNT; i++)
        if (strcmp(infos[i].name, name) == 0)
            return i;
    return -1;
}

int alerts_new(struct alerts **out)
{
    struct alert_settings defaults;
    struct alerts *a = calloc(1, sizeof(*a));
    int rc = a ? alert_settings_read(NULL, &defaults, NULL) : -ENOMEM;

    if (rc) {
        free(a);
        return rc;
    }
    alerts_configure(a, &defaults);
    *out = a;
    return 0;
}

void alerts_free(struct alerts *a)
{
    free(a);
}

void alerts_configure(struct alerts *a, const struct alert_settings *s)
{
    memcpy(a->limits, s->limits, sizeof(a->limits));
}

static struct state *find(struct alerts *a, enum indicator i, const char *object)
{
    for (unsigned n = 0; n < a->count; n++)
        if (a->states[n].indicator == i &&
            strncmp(a->states[n].object, object, sizeof(a->states[n].object) - 1) == 0)
            return &a->states[n];
    return NULL;
}

/* NULL: no room for another. */
static struct state *find_or_add(struct alerts *a, enum indicator i, const char *object)
{
    static struct log_limit limit;
    struct state *s = find(a, i, object);

    if (s)
        return s;
    if (a->count == ALERT_OBJECTS_MAX) {
        if (log_allow(&limit, 60000))
            log_warn("too much is watched at once; the rest is not", "indicator=%s object=\"%s\"",
                     infos[i].name, object);
        return NULL;
    }
    s = &a->states[a->count++];
    *s = (struct state){.indicator = i};
    snprintf(s->object, sizeof(s->object), "%s", object);
    return s;
}

void alerts_restore(struct alerts *a, const struct store_alert *open)
{
    int i = indicator_from_name(open->indicator);
    struct state *s = i >= 0 ? find_or_add(a, (enum indicator)i, open->object) : NULL;

    if (!s)
        return;
    s->raised = true;
    s->raised_ms = open->raised_ms;
    s->value = open->value;
}

void alerts_begin(struct alerts *a, int64_t now_ms)
{
    a->now_ms = now_ms;
    for (unsigned n = 0; n < a->count; n++)
        a->states[n].read = false;
}

void alerts_read(struct alerts *a, enum indicator i, const char *object, double value,
                 const char *detail)
{
    struct state *s = a->limits[i].off ? NULL : find_or_add(a, i, object);

    if (!s)
        return;
    s->read = true;
    s->value = value;
    snprintf(s->detail, sizeof(s->detail), "%s", detail ? detail : "");
    error_clean(s->detail);
}

/* Does the last reading ask for a change of state? */
static bool asks(const struct alerts *a, const struct state *s)
{
    const struct alert_limits *l = &a->limits[s->indicator];
    bool low = infos[s->indicator].low_is_bad;

    if (!s->read)
        return s->raised;
    if (s->raised)
        return low ? s->value >= l->clear : s->value <= l->clear;
    return low ? s->value <= l->raise : s->value >= l->raise;
}

static void write_text(const struct state *s, double limit, char *out, unsigned size)
{
    const struct indicator_info *info = &infos[s->indicator];
    int n = snprintf(out, size, "%s%s%s", info->what, s->object[0] ? ": " : "", s->object);

    /* A state that is there or not has no figures worth telling. */
    if (info->unit[0] && n > 0 && (unsigned)n < size)
        n += snprintf(out + n, size - (unsigned)n, " (%.4g %s, limit %.4g)", s->value, info->unit,
                      limit);
    if (s->detail[0] && n > 0 && (unsigned)n < size)
        snprintf(out + n, size - (unsigned)n, "; %s", s->detail);
}

static void fill(const struct alerts *a, const struct state *s, struct store_alert *out)
{
    const struct alert_limits *l = &a->limits[s->indicator];

    *out = (struct store_alert){.value = s->value,
                                .threshold = s->raised ? l->raise : l->clear,
                                .raised_ms = s->raised_ms,
                                .cleared_ms = s->raised ? 0 : a->now_ms};
    snprintf(out->indicator, sizeof(out->indicator), "%s", infos[s->indicator].name);
    snprintf(out->object, sizeof(out->object), "%s", s->object);
    if (s->read)
        write_text(s, out->threshold, out->text, sizeof(out->text));
    else
        snprintf(out->text, sizeof(out->text), "%s%s%s: not watched any more",
                 infos[s->indicator].what, s->object[0] ? ": " : "", s->object);
}

/* True when its time has come. */
static bool change(struct alerts *a, struct state *s)
{
    const struct alert_limits *l = &a->limits[s->indicator];

    if (!asks(a, s)) {
        s->since_ms = 0;
        return false;
    }
    if (!s->since_ms)
        s->since_ms = a->now_ms;
    if (a->now_ms - s->since_ms < (s->raised ? l->rest_ms : l->hold_ms))
        return false;
    s->since_ms = 0;
    s->raised = !s->raised;
    if (s->raised)
        s->raised_ms = a->now_ms;
    return true;
}

void alerts_end(struct alerts *a,
                void (*changed)(void *arg, enum indicator i, const struct store_alert *alert),
                void *arg)
{
    unsigned kept = 0;

    for (unsigned n = 0; n < a->count; n++) {
        struct state *s = &a->states[n];

        if (change(a, s)) {
            struct store_alert alert;

            fill(a, s, &alert);
            changed(arg, s->indicator, &alert);
        }
        if (s->read || s->raised)
            a->states[kept++] = *s;
    }
    a->count = kept;
}

enum alert_degree alerts_look(const struct alerts *a, enum indicator i, char *detail, unsigned size)
{
    enum alert_degree degree = ALERT_OK;

    snprintf(detail, size, "%s", a->limits[i].off ? "not watched" : "");
    for (unsigned n = 0; n < a->count; n++) {
        const struct state *s = &a->states[n];

        if (s->indicator != i || !s->raised)
            continue;
        if (degree == ALERT_OK)
            write_text(s, a->limits[i].raise, detail, size);
        degree = infos[i].degree;
    }
    return degree;
}

bool alerts_value(const struct alerts *a, enum indicator i, double *value)
{
    bool found = false;

    for (unsigned n = 0; n < a->count; n++) {
        const struct state *s = &a->states[n];

        if (s->indicator != i || !s->read)
            continue;
        if (!found || (infos[i].low_is_bad ? s->value < *value : s->value > *value))
            *value = s->value;
        found = true;
    }
    return found;
}

bool alerts_open(const struct alerts *a, enum indicator i, const char *object)
{
    const struct state *s = find((struct alerts *)a, i, object);

    return s && s->raised;
}

const struct alert_limits *alerts_limits(const struct alerts *a, enum indicator i)
{
    return &a->limits[i];
}
