/* P43: a bad indicator raises an alert, a well one clears it, and one that trembles between its
 * limits does neither. Drawn readings of several objects are fed to the engine and to a model that
 * is written as the rule reads: look back over the whole history. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "event/alert.h"
#include "prop.h"

enum { OBJECTS = 3, ROUNDS = 200 };

struct history {
    bool read[ROUNDS];
    double value[ROUNDS];
    bool raised; /* as the model has it */
};

struct world {
    struct alert_settings settings;
    enum indicator indicator;
    int64_t at_ms[ROUNDS];
    int rounds;
    struct history objects[OBJECTS];
    int changes[OBJECTS]; /* told by the engine in this round: +1 raised, -1 cleared */
};

static void note(void *arg, enum indicator i, const struct store_alert *a)
{
    struct world *w = arg;

    assert_int_equal(i, w->indicator);
    assert_string_equal(a->indicator, indicator_info(i)->name);
    assert_true(a->text[0] && a->raised_ms);
    w->changes[a->object[0] - 'a'] += a->cleared_ms ? -1 : 1;
}

/* Was every reading since `ms` before this round one that asks for the change, and has it been that
 * long? Readings from before the last change do not count. */
static bool long_enough(const struct world *w, const struct history *h, int since, int64_t ms)
{
    const struct alert_limits *l = &w->settings.limits[w->indicator];
    bool low = indicator_info(w->indicator)->low_is_bad;
    int n = w->rounds - 1;

    for (int k = n; k >= since; k--) {
        double v = h->value[k];
        bool bad = h->read[k] && (low ? v <= l->raise : v >= l->raise);
        bool well = !h->read[k] || (low ? v >= l->clear : v <= l->clear);

        if (!(h->raised ? well : bad))
            return false;
        if (w->at_ms[n] - w->at_ms[k] >= ms)
            return true;
    }
    return false;
}

static double draw_value(struct rng *r, const struct alert_limits *l, double before)
{
    double low = l->raise < l->clear ? l->raise : l->clear, span = l->raise + l->clear - 2 * low;

    span = span > 0 ? span : 1;
    switch (rng_below(r, 5)) {
    case 0:
        return l->raise; /* the limits belong to their sides */
    case 1:
        return l->clear;
    case 2:
        return before;
    default:
        return low - span + rng_unit(r) * 3 * span;
    }
}

static const char *one_round(struct world *w, struct rng *r, struct alerts *a, int *last_change)
{
    const struct alert_limits *l = &w->settings.limits[w->indicator];
    static char text[160];
    int n = w->rounds++;
    bool calm = rng_below(r, 3) > 0; /* mostly, values stay: else nothing would last */

    w->at_ms[n] = (n ? w->at_ms[n - 1] : 1000) + 1 + (int64_t)rng_below(r, 4000);
    memset(w->changes, 0, sizeof(w->changes));
    alerts_begin(a, w->at_ms[n]);
    for (int o = 0; o < OBJECTS; o++) {
        struct history *h = &w->objects[o];

        h->read[n] = rng_below(r, 12) > 0;
        h->value[n] = n && calm ? h->value[n - 1] : draw_value(r, l, n ? h->value[n - 1] : 0);
        if (h->read[n])
            alerts_read(a, w->indicator, (const char[]){(char)('a' + o), '\0'}, h->value[n], NULL);
    }
    alerts_end(a, note, w);
    for (int o = 0; o < OBJECTS; o++) {
        struct history *h = &w->objects[o];
        bool moves = long_enough(w, h, last_change[o], h->raised ? l->rest_ms : l->hold_ms);
        int expected = !moves ? 0 : h->raised ? -1 : 1;

        if (w->changes[o] != expected) {
            snprintf(text, sizeof(text),
                     "%s, round %d, object %c: the engine says %+d, the model %+d",
                     indicator_info(w->indicator)->name, n, 'a' + o, w->changes[o], expected);
            return text;
        }
        if (moves) {
            h->raised = !h->raised;
            last_change[o] = n + 1;
        }
    }
    return NULL;
}

static const char *check(struct rng *r, void *arg)
{
    struct world w = {.indicator = (enum indicator)rng_below(r, INDICATOR_COUNT)};
    int last_change[OBJECTS] = {0};
    const char *fault = NULL;
    struct alert_limits *l;
    struct alerts *a;

    assert_int_equal(alert_settings_read(NULL, &w.settings, NULL), 0);
    l = &w.settings.limits[w.indicator];
    if (rng_below(r, 2)) {
        l->hold_ms = (int64_t)rng_below(r, 20000);
        l->rest_ms = (int64_t)rng_below(r, 20000);
    }
    assert_int_equal(alerts_new(&a), 0);
    alerts_configure(a, &w.settings);
    while (w.rounds < ROUNDS && !fault)
        fault = one_round(&w, r, a, last_change);
    if (!fault) { /* what is raised at the end is seen from outside */
        char detail[256];
        bool any = w.objects[0].raised || w.objects[1].raised || w.objects[2].raised;

        if ((alerts_look(a, w.indicator, detail, sizeof(detail)) != ALERT_OK) != any)
            fault = "the look does not agree with what was told";
    }
    alerts_free(a);
    return fault;
}

static void test_p43(void **state)
{
    assert_true(prop_check("P43", 3000, check, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_p43)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
