#include "cmd/reports.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "cmd/campaigns.h"
#include "cmd/ui.h"
#include "report/report.h"

static int write_summary(struct data *d, const struct store_campaign *c, const char *path)
{
    json_t *summary = campaigns_json(c);
    struct error err = {0};
    char *text;
    int rc = -ENOMEM;

    campaigns_json_figures(d->store, c->id, summary);
    text = json_dumps(summary, JSON_INDENT(2));
    if (text)
        rc = file_write_atomic(path, text, strlen(text), &err);
    free(text);
    json_decref(summary);
    return rc ? cmd_fail_as(&err, CMD_STORE) : CMD_DONE;
}

static void tell(json_t *json, const char *path, int64_t rows, const char *what)
{
    if (json)
        json_array_append_new(
            json, json_pack("{s:s,s:s,s:I}", "file", path, "what", what, "rows", (json_int_t)rows));
    else
        printf("  %s  %s %s\n", path, ui_count(rows), what);
}

static int make_dir(const struct data *d, const struct store_campaign *c, const char *out,
                    char *dir, size_t size)
{
    struct error err = {0};

    if (out)
        snprintf(dir, size, "%s", out);
    else
        snprintf(dir, size, "%s/reports/campaign-%lld", d->dir, (long long)c->id);
    return file_mkdirs(dir, &err) ? cmd_fail_as(&err, CMD_STORE) : CMD_DONE;
}

static int write_csv(struct data *d, const struct store_campaign *c, const char *dir, json_t *json)
{
    static const struct {
        const char *name, *what;
        int (*write)(struct store *s, int64_t id, const char *path, int64_t *rows,
                     struct error *err);
    } files[] = {
        {"calls.csv", "calls", report_calls},
        {"contacts.csv", "people", report_contacts},
        {"texts.csv", "texts", report_texts},
    };
    char path[1000];
    struct error err = {0};

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        int64_t rows;

        snprintf(path, sizeof(path), "%s/%s", dir, files[i].name);
        if (files[i].write(d->store, c->id, path, &rows, &err))
            return cmd_fail_as(&err, CMD_STORE);
        tell(json, path, rows, files[i].what);
    }
    snprintf(path, sizeof(path), "%s/summary.json", dir);
    return write_summary(d, c, path);
}

int reports_write(struct data *d, const struct store_campaign *c, unsigned forms,
                  enum report_language language, const char *out, json_t *json)
{
    char dir[800], path[1000];
    struct error err = {0};
    int64_t rows = 0;
    int rc = make_dir(d, c, out, dir, sizeof(dir));

    if (!rc && forms & REPORTS_CSV)
        rc = write_csv(d, c, dir, json);
    if (!rc && forms & REPORTS_XLSX) {
        snprintf(path, sizeof(path), "%s/report.xlsx", dir);
        if (report_workbook(d->store, c->id, language, path, &rows, &err))
            return cmd_fail_as(&err, CMD_STORE);
        tell(json, path, rows, "rows in its sheets");
    }
    if (!rc && forms & REPORTS_PDF) {
        snprintf(path, sizeof(path), "%s/report.pdf", dir);
        if (report_pdf(d->store, c->id, language, clock_wall_ms(&clock_system), path, &err))
            return cmd_fail_as(&err, CMD_STORE);
        tell(json, path, 1, "report to read");
    }
    return rc;
}

int reports_begin(struct data *d)
{
    int rc = store_snapshot(d->store);

    return rc ? cmd_store_error(d->store, rc, "read the store") : CMD_DONE;
}

void reports_end(struct data *d)
{
    store_snapshot_end(d->store);
}

/* Of a campaign's cost; "" when it names none. */
static void read_currency(struct data *d, int64_t id, char *out, size_t size)
{
    char *config = NULL;
    json_t *root;
    const char *currency;

    if (store_campaign_config(d->store, id, &config) == 0) {
        root = json_loads(config, 0, NULL);
        currency = json_string_value(json_object_get(json_object_get(root, "cost"), "currency"));
        snprintf(out, size, "%s%s", currency ? " " : "", currency ? currency : "");
        json_decref(root);
    }
    free(config);
}

/* "  904  45.2%  answered" */
static void share_line(int64_t n, int64_t of, const char *text, enum ui_style style)
{
    if (n)
        printf("  %s%9s  %5.1f%%  %s%s\n", ui_out(style), ui_count(n),
               of ? 100.0 * (double)n / (double)of : 0, text, ui_out(UI_PLAIN));
}

int reports_print(struct data *d, const struct store_campaign *c)
{
    struct store_target_counts people;
    struct store_call_totals calls;
    char currency[16] = "";
    int rc = store_target_counts(d->store, c->id, &people);

    if (rc == 0)
        rc = store_call_totals(d->store, c->id, &calls);
    if (rc)
        return cmd_store_error(d->store, rc, "count the campaign");
    printf("%s%s%s (campaign %lld, %s)\n", ui_out(UI_BOLD), c->name, ui_out(UI_PLAIN),
           (long long)c->id, campaign_state_name(c->state));
    printf("People %s\n", ui_count(people.total));
    for (int i = 0; i < TARGET_STATE_COUNT; i++)
        share_line(people.by_state[i], people.total, target_state_text(i),
                   i == TARGET_STATE_REACHED ? UI_GOOD : UI_PLAIN);
    printf("Calls %s, talk time %s, keys pressed %s", ui_count(calls.calls), ui_span(calls.talk_ms),
           ui_count(calls.keys));
    read_currency(d, c->id, currency, sizeof(currency));
    if (calls.cost > 0)
        printf(", cost %.2f%s", calls.cost, currency);
    puts("");
    for (int i = 0; i < DISPOSITION_COUNT; i++)
        share_line(calls.by_disposition[i], calls.calls, disposition_text(i),
                   disposition_reached(i) ? UI_GOOD : UI_PLAIN);
    return CMD_DONE;
}
