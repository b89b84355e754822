/* kolcast campaign: look at campaigns, stop them, ask why someone is not called. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "campaign/campaign.h"
#include "cmd/campaigns.h"
#include "cmd/cmd.h"
#include "cmd/ui.h"

static const struct option_def options[] = {
    {.name = "reason",
     .letter = 'r',
     .type = OPTION_STRING,
     .value = "TEXT",
     .help = "Why it is paused or cancelled; kept with the campaign."},
    {.name = "wait",
     .type = OPTION_INT,
     .value = "SECONDS",
     .unit = "seconds",
     .min = 0,
     .max = 86400,
     .fallback = "330",
     .help = "pause, cancel: how long to wait for calls in progress to finish."},
    {.name = "yes", .letter = 'y', .type = OPTION_FLAG, .help = "delete: do not ask."},
    {.name = "trunk",
     .letter = 't',
     .type = OPTION_STRING,
     .value = "URI",
     .help = "resume: call through this SIP trunk, as in kolcast run."},
    {.name = "ignore-windows",
     .type = OPTION_FLAG,
     .help = "resume: call at any hour, as in kolcast run; only for a rehearsal."},
    {.name = "no-wait",
     .type = OPTION_FLAG,
     .help = "resume: pause instead of waiting when nobody may be called now."},
    {.name = "quiet", .letter = 'q', .type = OPTION_FLAG, .help = "resume: no live display."},
    CMD_OPTION_REGION,
    CMD_OPTION_DATA,
    CMD_OPTIONS_OUTPUT,
    {NULL},
};

/* ---- list ----------------------------------------------------------------------------------- */

static enum ui_style state_style(enum campaign_state state)
{
    switch (state) {
    case CAMPAIGN_STATE_RUNNING:
        return UI_ACCENT;
    case CAMPAIGN_STATE_COMPLETED:
        return UI_GOOD;
    case CAMPAIGN_STATE_FAILED:
        return UI_BAD;
    default:
        return UI_PLAIN;
    }
}

struct listing {
    json_t *json;
    bool held; /* some process runs campaigns in this folder */
};

/* What a crash or a power cut has left in state running. */
static const char *reason_of(const struct store_campaign *c, bool held)
{
    if (c->state == CAMPAIGN_STATE_RUNNING && !held)
        return "interrupted: no process runs it; kolcast campaign resume goes on with it";
    return c->state_reason;
}

static int list_row(void *arg, const struct store_campaign *c)
{
    struct listing *l = arg;

    if (ui.json) {
        json_t *row = campaigns_json(c);

        ui_json_set(row, "interrupted",
                    json_boolean(c->state == CAMPAIGN_STATE_RUNNING && !l->held));
        return json_array_append_new(l->json, row) ? -ENOMEM : 0;
    }
    printf("%6lld  %s%-9s%s  %s  ", (long long)c->id, ui_out(state_style(c->state)),
           campaign_state_name(c->state), ui_out(UI_PLAIN), ui_local_time(c->created_ms));
    ui_pad(stdout, c->name, 40);
    printf("%s\n", reason_of(c, l->held));
    return 0;
}

static int list(struct data *d)
{
    struct data_holder h;
    struct listing l = {.json = ui.json ? json_array() : NULL, .held = data_holder(d, &h)};
    int rc;

    if (!ui.json)
        printf("%snumber  state      made                 name%s\n", ui_out(UI_BOLD),
               ui_out(UI_PLAIN));
    rc = store_campaign_list(d->store, list_row, &l);
    if (rc < 0) {
        json_decref(l.json);
        return cmd_store_error(d->store, rc, "list the campaigns");
    }
    return ui.json && ui_json(json_pack("{s:o}", "campaigns", l.json)) ? CMD_FAILED : CMD_DONE;
}

/* ---- show ----------------------------------------------------------------------------------- */

static int show_step(void *arg, const char *step, const char *state, int64_t started_ms,
                     int64_t ended_ms, const char *detail)
{
    if (ui.json)
        return json_array_append_new(arg, json_pack("{s:s,s:s,s:o,s:o,s:s}", "step", step, "state",
                                                    state, "started", ui_json_time(started_ms),
                                                    "ended", ui_json_time(ended_ms), "detail",
                                                    detail ? detail : ""));
    printf("    %-9s %-8s %s  %s\n", step, state, ui_local_time(started_ms), detail ? detail : "");
    return 0;
}

static int show_pace(void *arg, const struct store_pace *p)
{
    if (ui.json)
        return json_array_append_new(
            arg, json_pack("{s:o,s:f,s:f,s:s,s:s}", "at", ui_json_time(p->at_ms), "from",
                           p->from_cps, "to", p->to_cps, "trunk", p->trunk, "reason", p->reason));
    printf("    %s  %.3g → %.3g calls/s  %s%s%s\n", ui_local_time(p->at_ms), p->from_cps, p->to_cps,
           p->trunk, p->trunk[0] ? ": " : "", p->reason);
    return 0;
}

static int show_people(struct data *d, const struct store_campaign *c)
{
    struct store_target_counts targets;
    struct store_call_totals calls;
    struct data_holder h;
    const char *reason = reason_of(c, data_holder(d, &h));
    int rc = store_target_counts(d->store, c->id, &targets);

    if (rc == 0)
        rc = store_call_totals(d->store, c->id, &calls);
    if (rc)
        return cmd_store_error(d->store, rc, "count the campaign");
    printf("%scampaign %lld: %s%s  %s%s%s", ui_out(UI_BOLD), (long long)c->id, c->name,
           ui_out(UI_PLAIN), ui_out(state_style(c->state)), campaign_state_name(c->state),
           ui_out(UI_PLAIN));
    printf("%s%s\n", reason[0] ? ": " : "", reason);
    printf("  made %s, started %s, ended %s\n", ui_local_time(c->created_ms),
           ui_local_time(c->started_ms), ui_local_time(c->ended_ms));
    printf("  people %s\n", ui_count(targets.total));
    for (int i = 0; i < TARGET_STATE_COUNT; i++)
        if (targets.by_state[i])
            printf("    %8s  %s\n", ui_count(targets.by_state[i]), target_state_text(i));
    printf("  calls %s, talk time %s, keys %s, cost %.2f\n", ui_count(calls.calls),
           ui_span(calls.talk_ms), ui_count(calls.keys), calls.cost);
    for (int i = 0; i < DISPOSITION_COUNT; i++)
        if (calls.by_disposition[i])
            printf("    %8s  %s\n", ui_count(calls.by_disposition[i]), disposition_text(i));
    puts("  steps");
    store_step_each(d->store, c->id, show_step, NULL);
    puts("  changes of pace");
    store_pace_each(d->store, c->id, show_pace, NULL);
    return CMD_DONE;
}

static int show(struct data *d, const struct store_campaign *c)
{
    json_t *out, *steps, *pace;

    if (!ui.json)
        return show_people(d, c);
    out = campaigns_json(c);
    steps = json_array();
    pace = json_array();
    campaigns_json_figures(d->store, c->id, out);
    store_step_each(d->store, c->id, show_step, steps);
    store_pace_each(d->store, c->id, show_pace, pace);
    ui_json_set(out, "steps", steps);
    ui_json_set(out, "pace", pace);
    return ui_json(out) ? CMD_FAILED : CMD_DONE;
}

/* ---- pause, cancel, resume, delete ---------------------------------------------------------- */

/* Stops the process that runs this campaign, if one does. */
static int stop_runner(struct data *d, const struct option_values *v, int64_t id)
{
    struct data_holder h;
    int rc;

    if (!data_holder(d, &h) || h.campaign_id != id)
        return CMD_DONE;
    ui_note("Asking process %d to finish its calls in progress …", h.pid);
    rc = data_stop_holder(d, (int)option_int(v, "wait") * 1000);
    if (rc == -ETIMEDOUT) {
        cmd_error(rc, "campaign", "wait a little longer (--wait), or press Ctrl-C twice there",
                  "process %d still finishes its calls", h.pid);
        return CMD_UNFINISHED;
    }
    if (rc == -EPERM)
        return cmd_error(rc, "campaign", "do it as the user who runs it",
                         "process %d belongs to another user", h.pid);
    return CMD_DONE; /* -ESRCH: it has just ended by itself */
}

static int set_state(struct data *d, const struct option_values *v, int64_t id,
                     enum campaign_state to)
{
    const char *reason = option_string(v, "reason");
    struct store_campaign c;
    int rc = stop_runner(d, v, id);

    if (rc)
        return rc;
    rc = store_begin(d->store);
    if (rc == 0) {
        rc = store_campaign_set_state(d->store, id, to, reason ? reason : "by the operator");
        if (rc)
            store_rollback(d->store);
        else
            rc = store_commit(d->store);
    }
    if (rc == -EPERM && store_campaign_get(d->store, id, &c) == 0)
        return cmd_error(-EINVAL, "campaign", "kolcast campaign show tells its state",
                         "it is %s and cannot become %s", campaign_state_name(c.state),
                         campaign_state_name(to));
    if (rc)
        return cmd_store_error(d->store, rc, "change the campaign");
    campaigns_audit(d, id, to == CAMPAIGN_STATE_CANCELLED ? "cancel" : "pause", reason);
    if (ui.json)
        ui_json(
            json_pack("{s:I,s:s}", "campaign", (json_int_t)id, "state", campaign_state_name(to)));
    else
        printf("Campaign %lld is %s.\n", (long long)id, campaign_state_name(to));
    return CMD_DONE;
}

static bool confirmed(const struct store_campaign *c)
{
    char answer[8] = "";

    fprintf(stderr, "Delete campaign %lld (%s)? Its call records stay. [y/N] ", (long long)c->id,
            c->name);
    return fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

static int delete (struct data *d, const struct option_values *v, const struct store_campaign *c)
{
    struct data_holder h;
    int rc;

    if (data_holder(d, &h) && h.campaign_id == c->id)
        return cmd_error(-EBUSY, "campaign", "kolcast campaign pause first",
                         "it is running in process %d", h.pid);
    if (!option_flag(v, "yes") && !confirmed(c))
        return cmd_error(-EAGAIN, "campaign", "add --yes to delete without a question",
                         "not deleted");
    rc = store_campaign_delete(d->store, c->id);
    if (rc == -EBUSY)
        return cmd_error(-EINVAL, "campaign", "kolcast campaign pause first", "it is running");
    if (rc)
        return cmd_store_error(d->store, rc, "delete the campaign");
    campaigns_audit(d, c->id, "delete", c->name);
    if (ui.json)
        ui_json(json_pack("{s:I}", "deleted", (json_int_t)c->id));
    else
        printf("Campaign %lld is deleted.\n", (long long)c->id);
    return CMD_DONE;
}

/* ---- the command ---------------------------------------------------------------------------- */

enum action { LIST, SHOW, WHY, PAUSE, RESUME, CANCEL, DELETE, PREFLIGHT };

static int act(struct data *d, const struct option_values *v, enum action action,
               const struct store_campaign *c, const char *const *args, int n)
{
    switch (action) {
    case SHOW:
        return show(d, c);
    case WHY:
        if (n < 1)
            return cmd_error(-EINVAL, "campaign why", "kolcast campaign why 1 050-1234567",
                             "which phone number?");
        return campaigns_why(d, v, c, args[0]);
    case PAUSE:
        return set_state(d, v, c->id, CAMPAIGN_STATE_PAUSED);
    case CANCEL:
        return set_state(d, v, c->id, CAMPAIGN_STATE_CANCELLED);
    case DELETE:
        return delete (d, v, c);
    case PREFLIGHT:
        return campaigns_preflight(d, c);
    default:
        return CMD_FAILED;
    }
}

static int run(struct option_values *v)
{
    static const char *const actions[] = {"list",   "show",   "why",       "pause", "resume",
                                          "cancel", "delete", "preflight", NULL};
    const char *const *args;
    int n = option_args(v, &args), action = 0, rc;
    struct store_campaign c;
    struct data d;

    while (actions[action] && strcmp(actions[action], args[0]) != 0)
        action++;
    if (!actions[action])
        return cmd_action_error("campaign", args[0], actions);
    if (action == RESUME) {
        if (n < 2)
            return cmd_error(-EINVAL, "campaign resume", "kolcast campaign resume 1",
                             "which campaign?");
        return campaigns_resume(v, args[1]);
    }
    rc = data_open(&d, v, DATA_READ, "campaign");
    if (rc)
        return rc;
    if (action == LIST)
        rc = list(&d);
    else if (n < 2)
        rc = cmd_error(-EINVAL, "campaign", "kolcast campaign list shows the numbers",
                       "%s which campaign?", args[0]);
    else if ((rc = campaigns_find(&d, args[1], &c)) == CMD_DONE)
        rc = act(&d, v, (enum action)action, &c, args + 2, n - 2);
    data_close(&d);
    return rc;
}

const struct option_command cmd_campaign = {
    .name = "campaign",
    .usage = "list|show|why|pause|resume|cancel|delete|preflight [CAMPAIGN] …",
    .summary = "look at campaigns, pause them, ask why someone is not called",
    .text =
        "CAMPAIGN is its number or its name (the newest of that name).\n\n"
        "Actions:\n"
        "  list                    all campaigns and their states\n"
        "  show CAMPAIGN           figures, steps and every change of pace with its reason\n"
        "  why CAMPAIGN NUMBER     why is this person not being called, or when will they be?\n"
        "  preflight CAMPAIGN      who would be called and who skipped, by reason; when it ends\n"
        "  pause CAMPAIGN          stop dialling; calls in progress finish\n"
        "  resume CAMPAIGN         go on in the foreground, as kolcast run does\n"
        "  cancel CAMPAIGN         stop for good\n"
        "  delete CAMPAIGN         forget it; call records and the blacklist stay\n\n"
        "Examples:\n"
        "  kolcast campaign list\n"
        "  kolcast campaign why \"spring appeal\" 050-1234567\n"
        "  kolcast campaign pause 3 --reason \"the office is closed\"",
    .options = options,
    .min_args = 1,
    .max_args = 3,
    .run = run,
};
