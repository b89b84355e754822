/* Campaigns side by side (D4): a row for each figure, a column for each campaign. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/figures.h"
#include "report/report_priv.h"

struct row {
    const char *name;
    double (*value)(const struct report_figures *f);
    int decimals;
};

static double people(const struct report_figures *f)
{
    return (double)f->people.total;
}

static double reached(const struct report_figures *f)
{
    return report_percent(f->people.by_state[TARGET_STATE_REACHED], f->people.total);
}

static double calls(const struct report_figures *f)
{
    return (double)f->calls.calls;
}

static double calls_each(const struct report_figures *f)
{
    int64_t n = f->people.by_state[TARGET_STATE_REACHED];

    return n ? (double)f->calls.calls / (double)n : 0;
}

static double answered(const struct report_figures *f)
{
    return report_percent(f->answered, f->calls.calls);
}

static double pressed(const struct report_figures *f)
{
    return report_percent(f->pressed, f->answered);
}

static double texts(const struct report_figures *f)
{
    return report_percent(f->texts, f->answered);
}

static double opt_outs(const struct report_figures *f)
{
    return report_percent(f->opt_outs, f->answered);
}

static double talk(const struct report_figures *f)
{
    return f->answered ? (double)f->calls.talk_ms / 1000 / (double)f->answered : 0;
}

static double setup(const struct report_figures *f)
{
    return f->setups ? (double)f->setup_ms / 1000 / (double)f->setups : 0;
}

static double cost(const struct report_figures *f)
{
    return f->calls.cost;
}

static double cost_each(const struct report_figures *f)
{
    int64_t n = f->people.by_state[TARGET_STATE_REACHED];

    return n ? f->calls.cost / (double)n : 0;
}

static const struct row rows[] = {
    {"people", people, 0},
    {"reached_percent", reached, 1},
    {"calls", calls, 0},
    {"calls_per_person_reached", calls_each, 2},
    {"answered_percent", answered, 1},
    {"pressed_percent_of_answered", pressed, 1},
    {"texts_percent_of_answered", texts, 1},
    {"opt_outs_percent_of_answered", opt_outs, 1},
    {"mean_talk_s", talk, 1},
    {"mean_time_to_answer_s", setup, 1},
    {"cost", cost, 2},
    {"cost_per_person_reached", cost_each, 4},
};

static int write(struct report_figures *const *f, int count, const char *path, struct error *err)
{
    static const char *const columns[] = {"figure", NULL};
    struct table *w;
    int rc = table_open_csv(path, &w, err);

    if (rc)
        return rc;
    table_sheet(w, "Comparison", columns);
    for (int i = 0; i < count; i++) {
        char name[STORE_NAME_MAX + 32];

        snprintf(name, sizeof(name), "%s (%lld)", f[i]->campaign.name,
                 (long long)f[i]->campaign.id);
        table_column(w, name);
    }
    for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
        table_text(w, rows[r].name);
        for (int i = 0; i < count; i++)
            table_real(w, rows[r].value(f[i]), rows[r].decimals);
        table_end_row(w);
    }
    return table_finish(w, err);
}

int report_compare(struct store *s, const int64_t *campaign_ids, int count, const char *path,
                   struct error *err)
{
    struct report_figures *f[REPORT_COMPARE_MAX] = {NULL};
    int rc = 0;

    if (count < 1 || count > REPORT_COMPARE_MAX)
        return error_set(err, -EINVAL, "campaigns", "name fewer", "at most %d can be compared",
                         REPORT_COMPARE_MAX);
    for (int i = 0; i < count && !rc; i++)
        rc = report_figures(s, campaign_ids[i], &f[i], err);
    if (!rc)
        rc = write(f, count, path, err);
    for (int i = 0; i < count; i++)
        free(f[i]);
    return rc;
}
