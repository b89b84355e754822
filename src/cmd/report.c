/* kolcast report: what a campaign did, in figures and files. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "cmd/campaigns.h"
#include "cmd/cmd.h"
#include "cmd/reports.h"
#include "cmd/ui.h"
#include "report/report.h"

static const char *const formats[] = {"csv", "xlsx", "pdf", "all", "none", NULL};
static const unsigned forms[] = {REPORTS_CSV, REPORTS_XLSX, REPORTS_PDF,
                                 REPORTS_CSV | REPORTS_XLSX | REPORTS_PDF, 0};
static const char *const languages[] = {"en", "he", NULL};

static const struct option_def options[] = {
    {.name = "out",
     .letter = 'o',
     .type = OPTION_STRING,
     .value = "DIR",
     .help = "Folder for the files (default DATA/reports/campaign-N)."},
    {.name = "format",
     .letter = 'f',
     .type = OPTION_CHOICE,
     .value = "FORM",
     .choices = formats,
     .fallback = "csv",
     .help = "Form of the files; none prints the figures alone."},
    {.name = "language",
     .letter = 'l',
     .type = OPTION_CHOICE,
     .value = "LANGUAGE",
     .choices = languages,
     .fallback = "en",
     .help = "Language of the PDF and of the workbook's summary; he is set right to left."},
    CMD_OPTION_DATA,
    CMD_OPTIONS_OUTPUT,
    {NULL},
};

static unsigned wanted_forms(const struct option_values *v)
{
    int i = 0;

    while (strcmp(formats[i], option_string(v, "format")) != 0)
        i++;
    return forms[i];
}

static int report(struct data *d, const struct option_values *v, const struct store_campaign *c)
{
    unsigned wanted = wanted_forms(v);
    json_t *out = ui.json ? campaigns_json(c) : NULL, *list = ui.json ? json_array() : NULL;
    int rc = CMD_DONE;

    if (out)
        campaigns_json_figures(d->store, c->id, out);
    else
        rc = reports_print(d, c);
    if (rc == CMD_DONE && wanted) {
        if (!out)
            puts("Files");
        rc = reports_write(d, c, wanted, report_language_from_name(option_string(v, "language")),
                           option_string(v, "out"), list);
    }
    if (rc || !out) {
        json_decref(out);
        json_decref(list);
        return rc;
    }
    ui_json_set(out, "files", list);
    return ui_json(out) ? CMD_FAILED : CMD_DONE;
}

/* Several: side by side in one file. */
static int compare(struct data *d, const struct option_values *v, const char *const *args, int n)
{
    const char *dir = option_string(v, "out");
    int64_t ids[REPORT_COMPARE_MAX];
    char folder[600], path[700];
    struct error err = {0};

    for (int i = 0; i < n && i < REPORT_COMPARE_MAX; i++) {
        struct store_campaign c;
        int rc = campaigns_find(d, args[i], &c);

        if (rc)
            return rc;
        ids[i] = c.id;
    }
    if (dir)
        snprintf(folder, sizeof(folder), "%s", dir);
    else
        snprintf(folder, sizeof(folder), "%s/reports", d->dir);
    snprintf(path, sizeof(path), "%s/comparison.csv", folder);
    if (n > REPORT_COMPARE_MAX)
        return cmd_error(-EINVAL, args[REPORT_COMPARE_MAX], "name fewer",
                         "at most %d campaigns can be compared", REPORT_COMPARE_MAX);
    if (file_mkdirs(folder, &err) || report_compare(d->store, ids, n, path, &err))
        return cmd_fail_as(&err, CMD_STORE);
    if (ui.json)
        return ui_json(json_pack("{s:s,s:i}", "file", path, "campaigns", n)) ? CMD_FAILED
                                                                             : CMD_DONE;
    printf("%d campaigns side by side: %s\n", n, path);
    return CMD_DONE;
}

static int run(struct option_values *v)
{
    const char *const *args;
    struct store_campaign c;
    struct data d;
    int n = option_args(v, &args), rc;

    rc = data_open(&d, v, DATA_READ, "report");
    if (rc)
        return rc;
    rc = reports_begin(&d);
    if (rc == CMD_DONE) {
        if (n > 1)
            rc = compare(&d, v, args, n);
        else if ((rc = campaigns_find(&d, args[0], &c)) == CMD_DONE)
            rc = report(&d, v, &c);
        reports_end(&d);
    }
    data_close(&d);
    return rc;
}

const struct option_command cmd_report = {
    .name = "report",
    .usage = "CAMPAIGN [CAMPAIGN …]",
    .summary = "what a campaign did: figures, and a file of every call",
    .text = "CAMPAIGN is its number or its name. Prints the figures and writes\n\n"
            "  calls.csv     a row for each call: outcome, times, keys, path through the flow, "
            "reason\n"
            "  contacts.csv  a row for each person: what became of them, keys, own columns\n"
            "  texts.csv     a row for each text\n"
            "  summary.json  the figures for programs\n"
            "  report.xlsx   all of that in one workbook, with a summary (--format xlsx)\n"
            "  report.pdf    key figures and charts, to read and to hand on (--format pdf)\n\n"
            "The CSV files are UTF-8 and open in Excel with Hebrew as it should be. A report can "
            "be made at any time, also while the campaign runs. Several campaigns are put side by "
            "side in comparison.csv.\n\n"
            "Examples:\n"
            "  kolcast report 1\n"
            "  kolcast report \"spring appeal\" --out ~/reports\n"
            "  kolcast report 1 --format pdf --language he\n"
            "  kolcast report 1 2 3\n"
            "  kolcast report 1 --json --format none",
    .options = options,
    .min_args = 1,
    .max_args = -1,
    .run = run,
};
