/* The signals are taken by the main thread alone (blocked before the desk's threads are made): the
 * first SIGINT or SIGTERM pauses, the second ends the calls. */
#include "cmd/running.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "campaign/desk.h"
#include "cmd/campaigns.h"
#include "cmd/checking.h"
#include "cmd/display.h"
#include "cmd/reports.h"
#include "cmd/trunk.h"
#include "cmd/ui.h"

/* ---- before the calls ----------------------------------------------------------------------- */

static int check_rehearsal(const struct campaign *c)
{
    for (unsigned i = 0; i < c->trunk_count; i++)
        if (!line_trunk_is_loopback(&c->trunks[i]))
            return cmd_error(-EINVAL, "--ignore-windows",
                             "leave it out, or rehearse with kolcast carrier on 127.0.0.1",
                             "trunk %s is not on this machine: people would be called at any hour",
                             c->trunks[i].host);
    return CMD_DONE;
}

int running_apply(struct running *r)
{
    struct campaign *c = r->campaign;
    struct error err = {0};

    if (r->o.trunk) {
        if (trunk_parse(r->o.trunk, &c->trunks[0], &err))
            return cmd_fail(&err);
        c->trunk_count = 1;
    }
    if (c->trunk_count == 0)
        return cmd_error(-EINVAL, "trunk",
                         "add --trunk sip:user:password@host:port, or \"trunks\" to the campaign; "
                         "kolcast carrier is one to rehearse on",
                         "the campaign has no trunk to call through");
    if (r->o.pace > 0)
        c->cps = r->o.pace;
    if (r->o.max_calls > 0)
        c->calls_max = r->o.max_calls;
    c->any_hour = r->o.ignore_windows;
    return c->any_hour ? check_rehearsal(c) : CMD_DONE;
}

int running_check_prompts(struct running *r)
{
    struct prompt **prompts;
    struct error err = {0};

    if (campaign_load_prompts(r->campaign, &prompts, &err))
        return cmd_fail(&err);
    checking_free_prompts(r->campaign->flow, prompts);
    return CMD_DONE;
}

int running_preflight(struct running *r)
{
    return campaigns_preflight_of(&r->data, &r->stored, r->campaign, ui.json ? stdout : stderr);
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

static void take_signal(struct running *r)
{
    r->signals++;
    if (r->signals == 1)
        desk_pause(r->desk);
    else if (r->signals == 2)
        desk_abort(r->desk);
}

/* Until the desk is done. Nobody may be called now, and --no-wait: pauses. */
static void watch(struct running *r, struct desk_view *view)
{
    const struct timespec tick = {.tv_nsec = 50 * 1000000};
    bool told = false;

    for (;;) {
        bool done = desk_wait(r->desk, 0);

        desk_view(r->desk, view);
        display_update(r->display, view, r->signals);
        if (done)
            return;
        if (r->o.no_wait && !told && view->next_open_ms &&
            view->calls_up + view->calls_ringing == 0) {
            told = true;
            desk_pause(r->desk);
        }
        if (sigtimedwait(stop_signals(), NULL, &tick) > 0)
            take_signal(r);
    }
}

static void fill_exchange_config(const struct running *r, struct exchange_config *config)
{
    const struct campaign *c = r->campaign;

    *config = (struct exchange_config){
        .store_url = r->data.db,
        .clock = &clock_system,
        .driver = &line_sip,
        .line =
            {
                .trunk_count = c->trunk_count,
                .lanes = r->o.lanes,
                .calls_max = c->calls_max,
                .no_uring = r->o.no_uring,
            },
    };
    memcpy(config->line.trunks, c->trunks, sizeof(config->line.trunks));
    if (r->o.dns)
        snprintf(config->line.dns, sizeof(config->line.dns), "%s", r->o.dns);
    if (r->o.bind)
        snprintf(config->line.bind, sizeof(config->line.bind), "%s", r->o.bind);
}

static int call_everyone(struct running *r, struct desk_view *view)
{
    struct exchange *exchange = NULL;
    struct exchange_config config;
    struct error err = {0};
    int rc;

    fill_exchange_config(r, &config);
    if (display_new(&r->display, r->campaign->name, r->o.quiet))
        return cmd_fail(&err);
    pthread_sigmask(SIG_BLOCK, stop_signals(), NULL);
    rc = exchange_new(&exchange, &config, &err);
    if (!rc)
        rc = desk_new(&r->desk, exchange, &err);
    if (!rc)
        rc = desk_start(r->desk, r->stored.id, r->campaign, &err);
    if (!rc)
        watch(r, view);
    display_free(r->display);
    r->display = NULL;
    desk_free(r->desk);
    r->desk = NULL;
    exchange_free(exchange);
    return rc ? cmd_fail(&err) : CMD_DONE;
}

/* ---- after the calls ------------------------------------------------------------------------ */

static int outcome(const struct running *r, const struct desk_view *view)
{
    if (view->store_failing)
        return CMD_STORE;
    if (view->state == CAMPAIGN_STATE_COMPLETED)
        return CMD_DONE;
    if (view->state == CAMPAIGN_STATE_PAUSED)
        return r->signals > 1 ? CMD_INTERRUPTED : CMD_UNFINISHED;
    return CMD_FAILED;
}

static void say_next(const struct running *r, int rc)
{
    long long id = (long long)r->stored.id;

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
               id, r->data.dir);
        break;
    default:
        printf("Not finished: %s\nMend that; the same command goes on where it stopped.\n",
               r->stored.state_reason[0] ? r->stored.state_reason : "see the messages above");
    }
}

/* A step of the workflow that is this command's own. A store that fails has been told already. */
static void step_end(struct running *r, const char *step, bool ok, const char *detail)
{
    if (store_step_end(r->data.store, r->stored.id, step, ok, detail))
        ui_warn("the step \"%s\" could not be recorded: %s", step, store_error_text(r->data.store));
}

static bool step_begin(struct running *r, const char *step)
{
    return store_step_begin(r->data.store, r->stored.id, step) == 0;
}

int running_conclude(struct running *r, int rc)
{
    json_t *files = ui.json ? json_array() : NULL;
    bool step = rc != CMD_STORE && step_begin(r, "report");
    int wrote;

    store_campaign_get(r->data.store, r->stored.id, &r->stored);
    if (!ui.json)
        reports_print(&r->data, &r->stored);
    if (!ui.json)
        puts("Files");
    wrote = reports_write(&r->data, &r->stored, REPORTS_CSV, REPORT_ENGLISH, NULL, files);
    if (step)
        step_end(r, "report", wrote == CMD_DONE, wrote ? "could not be written" : "");
    if (ui.json) {
        json_t *event = campaigns_json(&r->stored);

        campaigns_json_figures(r->data.store, r->stored.id, event);
        ui_json_set(event, "event", json_string("ended"));
        ui_json_set(event, "files", files);
        ui_json_set(event, "exit", json_integer(rc ? rc : wrote));
        ui_json(event);
    }
    say_next(r, rc);
    return rc ? rc : wrote;
}

int running_call(struct running *r)
{
    struct desk_view view = {0};
    int rc;

    char detail[96];

    snprintf(detail, sizeof(detail), "%d nodes, %d prompts, %u trunks",
             flow_node_count(r->campaign->flow), flow_prompt_count(r->campaign->flow),
             r->campaign->trunk_count);
    if (step_begin(r, "validate"))
        step_end(r, "validate", true, detail);
    data_lock_note(&r->data, r->stored.id);
    campaigns_audit(&r->data, r->stored.id, "start", "");
    rc = call_everyone(r, &view);
    return rc ? rc : running_conclude(r, outcome(r, &view));
}

void running_free(struct running *r)
{
    data_close(&r->data);
    campaign_free(r->campaign);
}
