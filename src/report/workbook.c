/* The whole report as one Excel workbook: a summary for people, then a sheet for each kind of row.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "report/figures.h"
#include "report/report_priv.h"

static void line(struct table *w, const char *text, int64_t value, int64_t of)
{
    table_text(w, text);
    table_int(w, value);
    if (of > 0)
        table_real(w, report_percent(value, of), 1);
    table_end_row(w);
}

static void line_text(struct table *w, const char *text, const char *value)
{
    table_text(w, text);
    table_outside(w, value);
    table_end_row(w);
}

static void line_time(struct table *w, const char *text, int64_t wall_ms)
{
    table_text(w, text);
    table_time(w, wall_ms);
    table_end_row(w);
}

static void line_real(struct table *w, const char *text, double value, int decimals)
{
    table_text(w, text);
    table_real(w, value, decimals);
    table_end_row(w);
}

static void summary(struct table *w, const struct report_figures *f, enum report_language l)
{
    const char *const columns[] = {report_word(l, WORD_FIGURE), report_word(l, WORD_VALUE), "%",
                                   NULL};

    table_sheet(w, report_word(l, WORD_SUMMARY), columns);
    line_text(w, report_word(l, WORD_CAMPAIGN), f->campaign.name);
    line_text(w, report_word(l, WORD_STATE), report_state_text(l, f->campaign.state));
    line_time(w, report_word(l, WORD_STARTED), f->campaign.started_ms);
    line_time(w, report_word(l, WORD_ENDED), f->campaign.ended_ms);
    line_text(w, report_word(l, WORD_TIMES_IN), zone_name(f->zone));
    line(w, report_word(l, WORD_PEOPLE), f->people.total, 0);
    for (int i = 0; i < TARGET_STATE_COUNT; i++)
        if (f->people.by_state[i])
            line(w, report_target_text(l, i), f->people.by_state[i], f->people.total);
    line(w, report_word(l, WORD_CALLS), f->calls.calls, 0);
    for (int i = 0; i < DISPOSITION_COUNT; i++)
        if (f->calls.by_disposition[i])
            line(w, report_disposition_text(l, i), f->calls.by_disposition[i], f->calls.calls);
    line(w, report_word(l, WORD_PRESSED), f->pressed, f->answered);
    line(w, report_word(l, WORD_TEXTS), f->texts, f->answered);
    line(w, report_word(l, WORD_OPT_OUTS), f->opt_outs, f->answered);
    line_real(w, report_word(l, WORD_TALK), (double)f->calls.talk_ms / 60000, 1);
    line_real(w, report_word(l, WORD_COST), f->calls.cost, 2);
}

int report_workbook(struct store *s, int64_t campaign_id, enum report_language language,
                    const char *path, int64_t *rows, struct error *err)
{
    static const report_sheet_fn sheets[] = {report_sheet_calls, report_sheet_contacts,
                                             report_sheet_texts};
    struct report_figures *f;
    struct table *w;
    int64_t all = 0, n;
    int rc = report_figures(s, campaign_id, &f, err);

    if (rc)
        return rc;
    rc = table_open_xlsx(path, f->zone, report_right_to_left(language), &w, err);
    if (!rc) {
        summary(w, f, language);
        for (size_t i = 0; i < sizeof(sheets) / sizeof(sheets[0]) && rc >= 0; i++) {
            rc = sheets[i](s, campaign_id, w, &n);
            all += n;
        }
        rc = report_end(s, w, rc, err);
    }
    free(f);
    if (!rc)
        *rows = all;
    return rc;
}
