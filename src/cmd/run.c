/* kolcast run: the whole main job in the foreground. Checks the campaign, imports the people, makes
 * or finds the campaign in the store, shows the preflight, lets the desk call, and reports.
 *
 * The signals are taken by the main thread alone (blocked before the desk's threads are made): the
 * first SIGINT or SIGTERM pauses, the second ends the calls. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "campaign/campaign.h"
#include "campaign/desk.h"
#include "cmd/campaigns.h"
#include "cmd/checking.h"
#include "cmd/cmd.h"
#include "cmd/display.h"
#include "cmd/people.h"
#include "cmd/reports.h"
#include "cmd/trunk.h"
#include "cmd/ui.h"

static const struct option_def options[] = {
    {.name = "trunk",
     .letter = 't',
     .type = OPTION_STRING,
     .value = "URI",
     .help = "Call through this SIP trunk instead of the campaign's: sip:user:password@host:port."},
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
    {.name = "lanes",
     .type = OPTION_INT,
     .value = "N",
     .min = 0,
     .max = 64,
     .fallback = "0",
     .help = "Threads that carry calls; 0: one for each processor."},
    {.name = "bind",
     .type = OPTION_STRING,
     .value = "ADDRESS",
     .help = "Local address for calls; without it the one that leads to the trunk."},
    {.name = "ignore-windows",
     .type = OPTION_FLAG,
     .help = "Call at any hour. Only for a trunk on this machine (kolcast carrier): a rehearsal."},
    {.name = "no-wait",
     .type = OPTION_FLAG,
     .help = "Pause (exit code 3) instead of waiting when nobody may be called now."},
    {.name = "again",
     .type = OPTION_FLAG,
     .help = "The campaign is completed: make a new one and call everybody again."},
    {.name = "map",
     .letter = 'm',
     .type = OPTION_LIST,
     .value = "FIELD=COLUMN",
     .help = "Which column of PEOPLE holds a field, as in kolcast import."},
    {.name = "sheet", .type = OPTION_STRING, .value = "NAME", .help = "Excel: the sheet to read."},
    {.name = "no-uring", .type = OPTION_FLAG, .help = "Send audio without io_uring."},
    {.name = "quiet", .letter = 'q', .type = OPTION_FLAG, .help = "No live display."},
    CMD_OPTION_DATA,
    CMD_OPTIONS_OUTPUT,
    {NULL},
};

/* Everything of one run; freed together. */
struct job {
    const struct option_values *v;
    struct data data;
    struct campaign *campaign;
    struct store_campaign stored;
    struct desk *desk;
    struct display *display;
    char reports[700];
    char rejected[800];
    int signals; /* taken so far */
};

/* ---- before the calls ----------------------------------------------------------------------- */

static int apply_options(struct job *j)
{
    const struct option_values *v = j->v;
    struct campaign *c = j->campaign;
    struct error err = {0};

    if (option_string(v, "trunk")) {
        if (trunk_parse(option_string(v, "trunk"), &c->trunks[0], &err))
            return cmd_fail(&err);
        c->trunk_count = 1;
    }
    if (c->trunk_count == 0)
        return cmd_error(-EINVAL, "trunk",
                         "add --trunk sip:user:password@host:port, or \"trunks\" to the campaign; "
                         "kolcast carrier is one to rehearse on",
                         "the campaign has no trunk to call through");
    if (option_set(v, "pace"))
        c->cps = option_real(v, "pace");
    if (option_set(v, "max-calls"))
        c->calls_max = (unsigned)option_int(v, "max-calls");
    if (option_flag(v, "ignore-windows"))
        for (unsigned i = 0; i < c->trunk_count; i++)
            if (!line_trunk_is_loopback(&c->trunks[i]))
                return cmd_error(-EINVAL, "--ignore-windows",
                                 "leave it out, or rehearse with kolcast carrier on 127.0.0.1",
                                 "trunk %s is not on this machine: people would be called at any "
                                 "hour",
                                 c->trunks[i].host);
    return CMD_DONE;
}

/* Prompts are looked at before anything is stored. */
static int check_prompts(struct job *j)
{
    struct prompt **prompts;
    struct error err = {0};

    if (campaign_load_prompts(j->campaign, &prompts, &err))
        return cmd_fail(&err);
    checking_free_prompts(j->campaign->flow, prompts);
    return CMD_DONE;
}

static int import_people(struct job *j, const char *path, int64_t *list_id)
{
    const char *const *map;
    struct import_options o = {
        .list = option_string(j->v, "list") ? option_string(j->v, "list") : j->campaign->name,
        .region = j->campaign->region,
        .zone = j->campaign->zone,
        .sheet = option_string(j->v, "sheet"),
        .rejected_path = j->rejected,
    };
    struct import_summary summary;
    struct error err = {0};
    bool fresh;
    int rc;

    snprintf(j->reports, sizeof(j->reports), "%s/reports", j->data.dir);
    snprintf(j->rejected, sizeof(j->rejected), "%s/rejected.csv", j->reports);
    if (file_mkdirs(j->reports, &err))
        return cmd_fail_as(&err, CMD_STORE);
    if (option_list(j->v, "map", &map) > 0)
        o.map = map;
    rc = people_import_once(&j->data, path, &o, &fresh, list_id, &summary);
    if (rc || !fresh)
        return rc;
    importing_print(&j->data, &summary, j->rejected);
    if (ui.json) {
        json_t *event = importing_json(&j->data, &summary, j->rejected);

        ui_json_set(event, "event", json_string("imported"));
        ui_json(event);
    }
    return CMD_DONE;
}

/* The newest campaign of this name that has the same content and, when given, the same list. */
static int find_same(struct job *j, int64_t list_id)
{
    int rc = store_campaign_find(j->data.store, j->campaign->name, &j->stored);

    if (rc)
        return rc;
    if (strcmp(j->stored.config_hash, j->campaign->hash) != 0 ||
        (list_id && j->stored.list_id != list_id))
        return -ENOENT;
    return 0;
}

static int create(struct job *j, int64_t list_id)
{
    struct store_campaign c = {.list_id = list_id, .state = CAMPAIGN_STATE_DRAFT};
    int rc;

    snprintf(c.name, sizeof(c.name), "%s", j->campaign->name);
    snprintf(c.kind, sizeof(c.kind), "%s", j->campaign->kind);
    snprintf(c.config_hash, sizeof(c.config_hash), "%s", j->campaign->hash);
    c.created_ms = clock_wall_ms(&clock_system);
    rc = store_campaign_create(j->data.store, &c, j->campaign->canonical, &c.id);
    if (rc)
        return cmd_store_error(j->data.store, rc, "make the campaign");
    rc = store_campaign_get(j->data.store, c.id, &j->stored);
    return rc ? cmd_store_error(j->data.store, rc, "read the campaign") : CMD_DONE;
}

static bool over(enum campaign_state s)
{
    return s == CAMPAIGN_STATE_COMPLETED || s == CAMPAIGN_STATE_CANCELLED;
}

static int find_or_create(struct job *j, int64_t list_id)
{
    int rc = option_flag(j->v, "again") ? -ENOENT : find_same(j, list_id);

    if (rc == -ENOENT && list_id == 0)
        return cmd_error(-EINVAL, j->campaign->name,
                         "kolcast run CAMPAIGN.json PEOPLE.csv for the first time",
                         "there is no such campaign in %s yet, so it needs people", j->data.dir);
    if (rc == -ENOENT)
        return create(j, list_id);
    if (rc)
        return cmd_store_error(j->data.store, rc, "find the campaign");
    if (over(j->stored.state))
        return CMD_DONE;
    ui_note("Going on with campaign %lld (%s).", (long long)j->stored.id,
            campaign_state_name(j->stored.state));
    return CMD_DONE;
}

/* ---- the calls ------------------------------------------------------------------------------ */

static const sigset_t *stop_signals(void)
{
    static sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    return &set;
}

static void take_signal(struct job *j)
{
    j->signals++;
    if (j->signals == 1)
        desk_pause(j->desk);
    else if (j->signals == 2)
        desk_abort(j->desk);
}

/* Until the desk is done. Nobody may be called now, and --no-wait: pauses. */
static void watch(struct job *j, struct desk_view *view)
{
    const struct timespec tick = {.tv_nsec = 50 * 1000000};
    bool no_wait = option_flag(j->v, "no-wait"), told = false;

    for (;;) {
        bool done = desk_wait(j->desk, 0);

        desk_view(j->desk, view);
        display_update(j->display, view, j->signals);
        if (done)
            return;
        if (no_wait && !told && view->next_open_ms && view->calls_up + view->calls_ringing == 0) {
            told = true;
            desk_pause(j->desk);
        }
        if (sigtimedwait(stop_signals(), NULL, &tick) > 0)
            take_signal(j);
    }
}

static void fill_exchange_config(struct job *j, struct exchange_config *config)
{
    const struct campaign *c = j->campaign;

    *config = (struct exchange_config){
        .store_url = j->data.db,
        .clock = &clock_system,
        .driver = &line_sip,
        .line =
            {
                .trunk_count = c->trunk_count,
                .lanes = (unsigned)option_int(j->v, "lanes"),
                .calls_max = c->calls_max,
                .no_uring = option_flag(j->v, "no-uring"),
            },
    };
    memcpy(config->line.trunks, c->trunks, sizeof(config->line.trunks));
    if (option_string(j->v, "bind"))
        snprintf(config->line.bind, sizeof(config->line.bind), "%s", option_string(j->v, "bind"));
}

static int call_everyone(struct job *j, struct desk_view *view)
{
    struct exchange *exchange = NULL;
    struct exchange_config config;
    struct error err = {0};
    int rc;

    fill_exchange_config(j, &config);
    if (display_new(&j->display, j->campaign->name, option_flag(j->v, "quiet")))
        return cmd_fail(&err);
    pthread_sigmask(SIG_BLOCK, stop_signals(), NULL);
    rc = exchange_new(&exchange, &config, &err);
    if (!rc)
        rc = desk_new(&j->desk, exchange, &err);
    if (!rc)
        rc = desk_start(j->desk, j->stored.id, j->campaign, option_flag(j->v, "ignore-windows"),
                        &err);
    if (!rc)
        watch(j, view);
    display_free(j->display);
    j->display = NULL;
    desk_free(j->desk);
    j->desk = NULL;
    exchange_free(exchange);
    return rc ? cmd_fail(&err) : CMD_DONE;
}

/* ---- after the calls ------------------------------------------------------------------------ */

static int outcome(const struct job *j, const struct desk_view *view)
{
    if (view->store_failing)
        return CMD_STORE;
    if (view->state == CAMPAIGN_STATE_COMPLETED)
        return CMD_DONE;
    if (view->state == CAMPAIGN_STATE_PAUSED)
        return j->signals > 1 ? CMD_INTERRUPTED : CMD_UNFINISHED;
    return CMD_FAILED;
}

static void say_next(const struct job *j, int rc)
{
    long long id = (long long)j->stored.id;

    if (ui.json)
        return;
    switch (rc) {
    case CMD_DONE:
        printf("Next: kolcast report %lld makes the files again; kolcast campaign why %lld NUMBER "
               "tells about one person.\n",
               id, id);
        break;
    case CMD_UNFINISHED:
    case CMD_INTERRUPTED:
        printf("Paused. The same command goes on where it stopped, or: kolcast campaign resume "
               "%lld -d %s\n",
               id, j->data.dir);
        break;
    default:
        printf("Not finished: %s\nMend that; the same command goes on where it stopped.\n",
               j->stored.state_reason[0] ? j->stored.state_reason : "see the messages above");
    }
}

static int conclude(struct job *j, int rc)
{
    json_t *files = ui.json ? json_array() : NULL;
    int wrote;

    store_campaign_get(j->data.store, j->stored.id, &j->stored);
    if (!ui.json)
        reports_print(&j->data, &j->stored);
    if (!ui.json)
        puts("Files");
    wrote = reports_write(&j->data, &j->stored, NULL, files);
    if (ui.json) {
        json_t *event = campaigns_json(&j->stored);

        campaigns_json_figures(j->data.store, j->stored.id, event);
        ui_json_set(event, "event", json_string("ended"));
        ui_json_set(event, "files", files);
        ui_json_set(event, "exit", json_integer(rc ? rc : wrote));
        ui_json(event);
    }
    say_next(j, rc);
    return rc ? rc : wrote;
}

static int run_stored(struct job *j)
{
    struct desk_view view = {0};
    int rc;

    data_lock_note(&j->data, j->stored.id);
    rc = call_everyone(j, &view);
    if (rc)
        return rc;
    return conclude(j, outcome(j, &view));
}

static void free_job(struct job *j)
{
    data_close(&j->data);
    campaign_free(j->campaign);
}

/* Everything but the calls: reads, checks, imports, finds. */
static int prepare(struct job *j, const char *campaign, const char *people, int64_t *list_id)
{
    struct error err = {0};
    int rc;

    if (campaign_load(campaign, &j->campaign, &err))
        return cmd_fail(&err);
    rc = apply_options(j);
    if (!rc)
        rc = check_prompts(j);
    if (!rc && people && access(people, R_OK))
        rc = cmd_error(-errno, people, "check the name and the folder", "cannot read: %s",
                       strerror(errno));
    if (!rc)
        rc = data_open(&j->data, j->v, DATA_LOCK, "run");
    if (!rc && people)
        rc = import_people(j, people, list_id);
    return rc;
}

static int run(struct option_values *v)
{
    struct job j = {.v = v, .data = {.lock_fd = -1}};
    const char *const *args;
    int64_t list_id = 0;
    int n = option_args(v, &args), rc;

    rc = prepare(&j, args[0], n > 1 ? args[1] : NULL, &list_id);
    if (!rc)
        rc = find_or_create(&j, list_id);
    if (!rc)
        campaigns_note(&j.data, j.stored.id, args[0], j.campaign->folder);
    if (!rc && over(j.stored.state)) {
        ui_note("Campaign %lld is %s: nobody is left to call. --again calls everybody anew.",
                (long long)j.stored.id, campaign_state_name(j.stored.state));
        rc = conclude(&j, CMD_DONE);
    } else if (!rc) {
        rc = run_stored(&j);
    }
    free_job(&j);
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
        "Exit codes:\n"
        "  0  completed\n"
        "  1  failed\n"
        "  2  the options, the campaign or the people must be mended; nothing was stored\n"
        "  3  paused, or waiting for calling hours\n"
        "  4  the data folder or the disk\n"
        "  130  interrupted twice\n\n"
        "Examples:\n"
        "  kolcast run campaign.json donors.xlsx --trunk sip:user:password@sip.example.org\n"
        "  kolcast run examples/demo.json examples/people.xlsx --trunk sip:127.0.0.1:5060 "
        "--ignore-windows",
    .options = options,
    .min_args = 1,
    .max_args = 2,
    .run = run,
};
