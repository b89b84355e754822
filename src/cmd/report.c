/* kolcast report: what a campaign did, in figures and files. */
#include "cmd/campaigns.h"
#include "cmd/cmd.h"
#include "cmd/reports.h"
#include "cmd/ui.h"

static const char *const formats[] = {"csv", "none", NULL};

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
    CMD_OPTION_DATA,
    CMD_OPTIONS_OUTPUT,
    {NULL},
};

static int report(struct data *d, const struct option_values *v, const struct store_campaign *c)
{
    bool files = option_string(v, "format")[0] == 'c';
    json_t *out = ui.json ? campaigns_json(c) : NULL, *list = ui.json ? json_array() : NULL;
    int rc = CMD_DONE;

    if (out)
        campaigns_json_figures(d->store, c->id, out);
    else
        rc = reports_print(d, c);
    if (rc == CMD_DONE && files) {
        if (!out)
            puts("Files");
        rc = reports_write(d, c, option_string(v, "out"), list);
    }
    if (rc || !out) {
        json_decref(out);
        json_decref(list);
        return rc;
    }
    ui_json_set(out, "files", list);
    return ui_json(out) ? CMD_FAILED : CMD_DONE;
}

static int run(struct option_values *v)
{
    const char *const *args;
    struct store_campaign c;
    struct data d;
    int rc;

    option_args(v, &args);
    rc = data_open(&d, v, DATA_READ, "report");
    if (rc)
        return rc;
    rc = campaigns_find(&d, args[0], &c);
    if (rc == CMD_DONE)
        rc = report(&d, v, &c);
    data_close(&d);
    return rc;
}

const struct option_command cmd_report = {
    .name = "report",
    .usage = "CAMPAIGN",
    .summary = "what a campaign did: figures, and a file of every call",
    .text = "CAMPAIGN is its number or its name. Prints the figures and writes\n\n"
            "  calls.csv     a row for each call: outcome, times, keys, path through the flow, "
            "reason\n"
            "  contacts.csv  a row for each person: what became of them, keys, own columns\n"
            "  texts.csv     a row for each text\n"
            "  summary.json  the figures for programs\n\n"
            "The CSV files are UTF-8 and open in Excel with Hebrew as it should be. A report can "
            "be made at any time, also while the campaign runs.\n\n"
            "Examples:\n"
            "  kolcast report 1\n"
            "  kolcast report \"spring appeal\" --out ~/reports\n"
            "  kolcast report 1 --json --format none",
    .options = options,
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
