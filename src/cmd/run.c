/* kolcast run: the whole main job in the foreground. Checks the campaign, imports the people, makes
 * or finds the campaign in the store, shows the preflight, lets the desk call, and reports. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "cmd/campaigns.h"
#include "cmd/people.h"
#include "cmd/running.h"
#include "cmd/ui.h"

static const struct option_def options[] = {
    {.name = "trunk",
     .letter = 't',
     .type = OPTION_STRING,
     .value = "URI",
     .help = "Call through this SIP trunk instead of the campaign's: sip:user:password@host:port. "
             "Over TCP or TLS with ;transport=tcp or ;transport=tls behind it, or as sips:; "
             ";ca=FILE says whom to trust, ;verify=no trusts anybody; "
             ";srtp=required encrypts the audio."},
    {.name = "list",
     .letter = 'l',
     .type = OPTION_STRING,
     .value = "NAME",
     .help = "Contact list to use (default: named as the campaign)."},
    {.name = "pace",
     .letter = 'p',
     .type = OPTION_REAL,
     .value = "N",
     .unit = "calls/s",
     .min = 0.01,
     .max = 10000,
     .help = "Calls started per second, instead of the campaign's."},
    {.name = "max-calls",
     .letter = 'c',
     .type = OPTION_INT,
     .value = "N",
     .min = 1,
     .max = 20000,
     .help = "Calls at once, instead of the campaign's."},
    CMD_OPTIONS_LINES,
    {.name = "ignore-windows",
     .type = OPTION_FLAG,
     .help = "Call at any hour. Only for a trunk on this machine (kolcast carrier): a rehearsal."},
    {.name = "no-wait",
     .type = OPTION_FLAG,
     .help = "Pause (exit code 3) instead of waiting when nobody may be called now."},
    {.name = "preflight",
     .type = OPTION_FLAG,
     .help = "Say who would be called, until when and at what cost, and call nobody."},
    {.name = "update",
     .type = OPTION_FLAG,
     .help = "The file has changed since the campaign began: go on with it as it is now."},
    {.name = "again",
     .type = OPTION_FLAG,
     .help = "Make a new campaign of this file and call everybody again."},
    {.name = "map",
     .letter = 'm',
     .type = OPTION_LIST,
     .value = "FIELD=COLUMN",
     .help = "Which column of PEOPLE holds a field, as in kolcast import."},
    {.name = "sheet", .type = OPTION_STRING, .value = "NAME", .help = "Excel: the sheet to read."},
    {.name = "quiet", .letter = 'q', .type = OPTION_FLAG, .help = "No live display."},
    CMD_OPTION_DATA,
    CMD_OPTIONS_OUTPUT,
    {NULL},
};

/* ---- people ---------------------------------------------------------------------------------- */

static int import_people(struct running *r, const struct option_values *v, const char *path,
                         int64_t *list_id)
{
    const char *const *map;
    char reports[700], rejected[800];
    struct import_options o = {
        .list = option_string(v, "list") ? option_string(v, "list") : r->campaign->name,
        .region = r->campaign->region,
        .sheet = option_string(v, "sheet"),
        .rejected_path = rejected,
    };
    struct import_summary summary;
    struct error err = {0};
    bool fresh;
    int rc;

    snprintf(reports, sizeof(reports), "%s/reports", r->data.dir);
    snprintf(rejected, sizeof(rejected), "%s/rejected.csv", reports);
    if (file_mkdirs(reports, &err))
        return cmd_fail_as(&err, CMD_STORE);
    if (option_list(v, "map", &map) > 0)
        o.map = map;
    rc = people_import_once(&r->data, path, &o, &fresh, list_id, &summary);
    if (rc || !fresh)
        return rc;
    importing_print(&r->data, &summary, rejected);
    if (ui.json) {
        json_t *event = importing_json(&r->data, &summary, rejected);

        ui_json_set(event, "event", json_string("imported"));
        ui_json(event);
    }
    return CMD_DONE;
}

/* ---- the campaign in the store -------------------------------------------------------------- */

static int create(struct running *r, int64_t list_id)
{
    const struct campaign *c = r->campaign;
    struct store_campaign row = {.list_id = list_id, .state = CAMPAIGN_STATE_DRAFT};
    int rc;

    if (list_id == 0)
        return cmd_error(-EINVAL, c->name,
                         "kolcast run CAMPAIGN.json PEOPLE.csv for the first time",
                         "there is no such campaign in %s yet, so it needs people", r->data.dir);
    if (c->start_ms > clock_wall_ms(&clock_system))
        row.state = CAMPAIGN_STATE_SCHEDULED;
    snprintf(row.name, sizeof(row.name), "%s", c->name);
    snprintf(row.kind, sizeof(row.kind), "%s", c->kind);
    snprintf(row.config_hash, sizeof(row.config_hash), "%s", c->hash);
    rc = store_campaign_create(r->data.store, &row, c->canonical, &row.id);
    if (!rc)
        rc = store_campaign_get(r->data.store, row.id, &r->stored);
    if (rc)
        return cmd_store_error(r->data.store, rc, "make the campaign");
    campaigns_audit(&r->data, row.id, "create", c->hash);
    return CMD_DONE;
}

/* The same name, another content: which of the two is meant is not guessed, for one of them calls
 * everybody anew. */
static int ask_which(const struct running *r)
{
    return cmd_error(-EINVAL, r->campaign->name,
                     "--update goes on with it as the file is now; --again makes a new campaign "
                     "that calls everybody; or give it another name",
                     "campaign %lld has this name and is %s, and its file has changed since",
                     (long long)r->stored.id, campaign_state_name(r->stored.state));
}

static int update(struct running *r)
{
    int rc = 0;

    /* This process holds the folder: what is in state running was interrupted. */
    if (r->stored.state == CAMPAIGN_STATE_RUNNING)
        rc = store_campaign_set_state(r->data.store, r->stored.id, CAMPAIGN_STATE_PAUSED,
                                      "interrupted");
    if (!rc)
        rc = store_campaign_update(r->data.store, r->stored.id, r->campaign->canonical,
                                   r->campaign->hash);
    if (!rc)
        rc = store_campaign_get(r->data.store, r->stored.id, &r->stored);
    if (rc)
        return cmd_store_error(r->data.store, rc, "change the campaign");
    campaigns_audit(&r->data, r->stored.id, "update", r->campaign->hash);
    return CMD_DONE;
}

/* *over: there is nothing left to do. */
static int go_on(struct running *r, bool *over)
{
    struct store_target_counts counts = {0};
    int64_t added;
    int rc;

    if (r->stored.state == CAMPAIGN_STATE_CANCELLED)
        return cmd_error(-EINVAL, r->campaign->name, "--again makes a new campaign of this file",
                         "campaign %lld is cancelled, which is for good", (long long)r->stored.id);
    /* A list may have got new people since. */
    rc = store_target_fill(r->data.store, r->stored.id, &added);
    if (!rc)
        rc = store_target_counts(r->data.store, r->stored.id, &counts);
    if (rc)
        return cmd_store_error(r->data.store, rc, "look at the people");
    *over =
        r->stored.state == CAMPAIGN_STATE_COMPLETED && counts.by_state[TARGET_STATE_WAITING] == 0;
    if (*over)
        ui_note("Campaign %lld is completed: nobody is left to call. --again calls everybody anew.",
                (long long)r->stored.id);
    else
        ui_note("Going on with campaign %lld (%s).", (long long)r->stored.id,
                campaign_state_name(r->stored.state));
    return CMD_DONE;
}

/* The newest campaign of this name (and list, when people were given) is the one that is meant. */
static int find_or_create(struct running *r, const struct option_values *v, int64_t list_id,
                          bool *over)
{
    int rc = option_flag(v, "again")
                 ? -ENOENT
                 : store_campaign_find(r->data.store, r->campaign->name, &r->stored);

    if (rc && rc != -ENOENT)
        return cmd_store_error(r->data.store, rc, "find the campaign");
    if (rc == -ENOENT || (list_id && r->stored.list_id != list_id))
        return create(r, list_id);
    if (strcmp(r->stored.config_hash, r->campaign->hash) != 0) {
        if (!option_flag(v, "update"))
            return ask_which(r);
        rc = update(r);
        if (rc)
            return rc;
    }
    return go_on(r, over);
}

/* ---- the command ---------------------------------------------------------------------------- */

/* Everything that may be wrong with what was given, before anything is stored. */
static int prepare(struct running *r, const struct option_values *v, const char *campaign,
                   const char *people)
{
    struct error err = {0};
    int rc;

    if (campaign_load(campaign, &r->campaign, &err))
        return cmd_fail(&err);
    rc = running_apply(r);
    if (!rc)
        rc = running_check_prompts(r);
    if (!rc && people && access(people, R_OK))
        rc = cmd_error(-errno, people, "check the name and the folder", "cannot read: %s",
                       strerror(errno));
    return rc ? rc : data_open(&r->data, v, DATA_LOCK, "run");
}

static int run_job(struct running *r, const struct option_values *v, const char *campaign,
                   const char *people)
{
    int64_t list_id = 0;
    bool over = false;
    int rc = prepare(r, v, campaign, people);

    if (!rc && people)
        rc = import_people(r, v, people, &list_id);
    if (!rc)
        rc = find_or_create(r, v, list_id, &over);
    if (rc)
        return rc;
    campaigns_note(&r->data, r->stored.id, campaign, r->campaign->folder);
    if (over)
        return running_conclude(r, CMD_DONE);
    rc = running_preflight(r);
    return rc || option_flag(v, "preflight") ? rc : running_call(r);
}

static int run(struct option_values *v)
{
    struct running r = {
        .o = {.trunk = option_string(v, "trunk"),
              .bind = option_string(v, "bind"),
              .dns = option_string(v, "dns"),
              .pace = option_real(v, "pace"),
              .max_calls = (unsigned)option_int(v, "max-calls"),
              .lanes = (unsigned)option_int(v, "lanes"),
              .ignore_windows = option_flag(v, "ignore-windows"),
              .no_wait = option_flag(v, "no-wait"),
              .no_uring = option_flag(v, "no-uring"),
              .quiet = option_flag(v, "quiet")},
        .data = {.lock_fd = -1},
    };
    const char *const *args;
    int n = option_args(v, &args), rc;

    rc = run_job(&r, v, args[0], n > 1 ? args[1] : NULL);
    running_free(&r);
    return rc;
}

const struct option_command cmd_run = {
    .name = "run",
    .usage = "CAMPAIGN.json [PEOPLE.(csv|xlsx)]",
    .summary = "call a list of people and report on it: the whole job",
    .text =
        "Checks the campaign, imports the people, calls each within their calling hours, acts on "
        "the keys they press, and ends with a summary and report files. Nobody on a blacklist is "
        "called, and nobody twice for one attempt, whatever happens to this program.\n\n"
        "Ctrl-C pauses: calls in progress finish, and the same command goes on where it stopped. "
        "Ctrl-C again ends the calls too. PEOPLE may be left out to go on with a campaign that was "
        "started before.\n\n"
        "The campaign is known by its name. When its file has changed since it began, --update "
        "goes "
        "on with the people who are left as the file says now, and --again calls everybody anew; "
        "without either nothing is done.\n\n"
        "Exit codes:\n"
        "  0  completed\n"
        "  1  failed\n"
        "  2  the options, the campaign or the people must be mended; nothing was stored\n"
        "  3  paused, or waiting for calling hours\n"
        "  4  the data folder or the disk\n"
        "  130  interrupted twice\n\n"
        "Examples:\n"
        "  kolcast run campaign.json donors.xlsx --trunk sip:user:password@sip.example.org\n"
        "  kolcast run campaign.json donors.xlsx --preflight\n"
        "  kolcast run examples/demo.json examples/people.xlsx --trunk sip:127.0.0.1:5060 "
        "--ignore-windows",
    .options = options,
    .min_args = 1,
    .max_args = 2,
    .run = run,
};
