/* kolcast check: is this file right? Says what is wrong, where, and how to mend it; what is right
 * is shown as it was understood. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/json.h"
#include "campaign/campaign.h"
#include "cmd/checking.h"
#include "cmd/cmd.h"
#include "cmd/ui.h"
#include "flow/flow.h"

static const struct option_def options[] = {CMD_OPTIONS_OUTPUT, {NULL}};

/* ---- what kind of file is it? --------------------------------------------------------------- */

enum kind { KIND_CAMPAIGN, KIND_FLOW, KIND_POPULATION, KIND_UNKNOWN };

static enum kind kind_of(const json_t *root)
{
    if (json_object_get(root, "nodes") && !json_object_get(root, "flow"))
        return KIND_FLOW;
    if (json_object_get(root, "flow") || json_object_get(root, "flow_file") ||
        json_object_get(root, "windows") || json_object_get(root, "kind"))
        return KIND_CAMPAIGN;
    if (json_object_get(root, "people") || json_object_get(root, "groups") ||
        json_object_get(root, "shares") || json_object_get(root, "default"))
        return KIND_POPULATION;
    return KIND_UNKNOWN;
}

/* ---- prompts -------------------------------------------------------------------------------- */

void checking_prompts(const struct flow *f, struct prompt *const *prompts, json_t *json)
{
    for (int i = 0; i < flow_prompt_count(f); i++) {
        const char *name = flow_prompt_name(f, i), *fault = prompt_complaint(prompts[i]);
        double seconds = prompt_ms(prompts[i]) / 1000.0;

        if (json) {
            json_t *one =
                json_pack("{s:s,s:f,s:f,s:f}", "prompt", name, "seconds", seconds, "peak_db",
                          (double)prompts[i]->peak_db, "rms_db", (double)prompts[i]->rms_db);

            ui_json_set(one, "warning", fault ? json_string(fault) : json_null());
            json_array_append_new(json, one);
            continue;
        }
        fputs("    ", stdout);
        ui_pad(stdout, name, 28);
        printf(" %6.1f s  %6.1f dB%s%s%s%s\n", seconds, (double)prompts[i]->rms_db,
               fault ? "  " : "", ui_out(UI_WARN), fault ? fault : "", ui_out(UI_PLAIN));
    }
}

void checking_free_prompts(const struct flow *f, struct prompt **prompts)
{
    for (int i = 0; prompts && i < flow_prompt_count(f); i++)
        prompt_free(prompts[i]);
    free(prompts);
}

/* ---- campaign ------------------------------------------------------------------------------- */

static void print_campaign(const struct campaign *c)
{
    char windows[WINDOW_TEXT_MAX];

    window_format(&c->windows, windows, sizeof(windows));
    printf("  name       %s\n  calls as   %s %s\n  hours      %s (%s)\n", c->name, c->caller_name,
           c->caller_id, windows, c->zone);
    if (c->start_ms || c->end_ms)
        printf("  between    %s and %s\n", c->start_ms ? ui_local_time(c->start_ms) : "now",
               c->end_ms ? ui_local_time(c->end_ms) : "the last call");
    if (c->holiday_count)
        printf("  holidays   %d\n", c->holiday_count);
    for (unsigned i = 0; i < c->trunk_count; i++)
        printf("  trunk      %s: %s:%u over %s%s%s%s%s\n", c->trunks[i].name, c->trunks[i].host,
               line_trunk_port(&c->trunks[i]), line_transport_name(c->trunks[i].transport),
               c->trunks[i].tls_unverified ? ", certificate not checked" : "",
               c->trunks[i].srtp == LINE_SRTP_OFF ? "" : ", SRTP ",
               c->trunks[i].srtp == LINE_SRTP_OFF ? "" : line_srtp_name(c->trunks[i].srtp),
               c->trunks[i].do_register ? ", registers" : "");
    if (c->trunk_count == 0)
        puts("  trunk      none: give one with kolcast run --trunk");
    printf("  pace       %.4g calls/s, %u calls at once\n", c->cps, c->calls_max);
    printf("  attempts   %d in all", c->attempts_max);
    if (c->per_day_max)
        printf(", %d a day", c->per_day_max);
    puts("");
    for (int i = 0; i < DISPOSITION_COUNT; i++)
        if (c->retry[i].times)
            printf("    %-22s again %d×, first after %s\n", disposition_text(i), c->retry[i].times,
                   ui_span(c->retry[i].after_ms));
}

static int check_campaign(const char *path)
{
    struct error err = {0};
    struct campaign *c = NULL;
    struct prompt **prompts = NULL;
    int rc = campaign_load(path, &c, &err);

    for (unsigned i = 0; rc == 0 && i < c->trunk_count; i++)
        if (c->trunks[i].ca_file[0])
            rc = line_check_ca(c->trunks[i].ca_file, &err);
    if (rc == 0)
        rc = campaign_load_prompts(c, &prompts, &err);
    if (rc) {
        campaign_free(c);
        return cmd_fail(&err);
    }
    if (ui.json) {
        json_t *list = json_array();

        checking_prompts(c->flow, prompts, list);
        ui_json(json_pack("{s:b,s:s,s:s,s:s,s:i,s:o}", "ok", 1, "kind", "campaign", "name", c->name,
                          "hash", c->hash, "nodes", flow_node_count(c->flow), "prompts", list));
    } else {
        printf("%s%s is right%s: a campaign\n", ui_out(UI_GOOD), path, ui_out(UI_PLAIN));
        print_campaign(c);
        printf("  flow       %d nodes, %d prompts\n", flow_node_count(c->flow),
               flow_prompt_count(c->flow));
        checking_prompts(c->flow, prompts, NULL);
    }
    checking_free_prompts(c->flow, prompts);
    campaign_free(c);
    return CMD_DONE;
}

/* ---- flow ----------------------------------------------------------------------------------- */

static int check_flow(const char *path, const json_t *root)
{
    struct json_at at = json_root(root, path);
    struct error err = {0};
    struct flow *f;

    if (flow_load(&at, &f, &err))
        return cmd_fail(&err);
    if (ui.json) {
        json_t *nodes = json_array();

        for (int i = 0; i < flow_node_count(f); i++)
            json_array_append_new(nodes, json_pack("{s:s,s:s}", "name", flow_node_name(f, i),
                                                   "type", flow_type_name(flow_node_type(f, i))));
        ui_json(json_pack("{s:b,s:s,s:o}", "ok", 1, "kind", "flow", "nodes", nodes));
    } else {
        printf("%s%s is right%s: a flow of %d nodes\n", ui_out(UI_GOOD), path, ui_out(UI_PLAIN),
               flow_node_count(f));
        for (int i = 0; i < flow_node_count(f); i++)
            printf("    %-28s %s\n", flow_node_name(f, i), flow_type_name(flow_node_type(f, i)));
        puts("  Its prompts are looked for when the campaign that uses it is checked.");
    }
    flow_free(f);
    return CMD_DONE;
}

/* ---- the command ---------------------------------------------------------------------------- */

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);

    return n >= m && strcasecmp(text + n - m, end) == 0;
}

static int check_one(const char *path)
{
    struct error err = {0};
    json_t *root;
    int rc;

    if (ends_with(path, ".csv") || ends_with(path, ".xlsx"))
        return cmd_error(-EINVAL, path, "kolcast import reads it, and tells of each row it rejects",
                         "this is a file of people; check is for campaigns and flows");
    if (json_load_path(path, &root, &err))
        return cmd_fail(&err);
    switch (kind_of(root)) {
    case KIND_CAMPAIGN:
        rc = check_campaign(path);
        break;
    case KIND_FLOW:
        rc = check_flow(path, root);
        break;
    case KIND_POPULATION:
        rc = checking_population(path, root);
        break;
    default:
        rc = cmd_error(-EINVAL, path,
                       "a campaign has \"kind\" and \"flow\", a flow has \"start\" and \"nodes\"",
                       "this is neither a campaign nor a flow nor a population");
    }
    json_decref(root);
    return rc;
}

static int run(struct option_values *v)
{
    const char *const *args;
    int n = option_args(v, &args), worst = CMD_DONE;

    for (int i = 0; i < n; i++) {
        int rc = check_one(args[i]);

        if (rc > worst)
            worst = rc;
    }
    return worst;
}

const struct option_command cmd_check = {
    .name = "check",
    .usage = "FILE.json …",
    .summary = "say what is wrong in a campaign, a flow or a population file",
    .text =
        "Reads the files, follows every path of the flow, looks for every prompt, and says what "
        "is wrong, where, and how to mend it. Nothing is changed and nobody is called.\n\n"
        "For a campaign it shows the hours, trunks, pace and retries as they were understood, "
        "and each prompt with its length and loudness.\n\n"
        "Examples:\n"
        "  kolcast check campaign.json\n"
        "  kolcast check flow.json --json",
    .options = options,
    .min_args = 1,
    .max_args = -1,
    .run = run,
};
