/* kolcast campaign preflight and why: what a stored campaign would do, and what about one person.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "campaign/preflight.h"
#include "campaign/why.h"
#include "cmd/campaigns.h"
#include "cmd/ui.h"

int campaigns_load(struct data *d, const struct store_campaign *stored, struct campaign **out)
{
    struct error err = {0};
    char *json;
    int rc = store_campaign_config(d->store, stored->id, &json);

    if (rc)
        return cmd_store_error(d->store, rc, "read the campaign");
    rc = campaign_load_text(json, campaigns_noted(d, stored->id, "audio"), out, &err);
    free(json);
    return rc ? cmd_fail(&err) : CMD_DONE;
}

/* ---- preflight ------------------------------------------------------------------------------ */

static void row(FILE *out, int64_t n, const char *what)
{
    if (n)
        fprintf(out, "  %10s  %s\n", ui_count(n), what);
}

static void print_people(FILE *out, const struct preflight *p)
{
    row(out, p->callable, "will be called");
    row(out, p->late, "of them, perhaps: the campaign may end before their turn");
    row(out, p->blacklisted + p->by_state[TARGET_STATE_BLACKLISTED], "on a do-not-call list");
    row(out, p->never_open, "not called: their calling hours never come");
    for (int i = 0; i < TARGET_STATE_COUNT; i++)
        if (i != TARGET_STATE_WAITING && i != TARGET_STATE_BLACKLISTED)
            row(out, p->by_state[i], target_state_text(i));
}

static void print(FILE *out, const struct campaign *c, const struct preflight *p, int64_t now_ms)
{
    const char *(*style)(enum ui_style) = out == stdout ? ui_out : ui_err;

    fprintf(out, "%s%s%s people\n", style(UI_BOLD), ui_count(p->people), style(UI_PLAIN));
    print_people(out, p);
    if (!p->callable) {
        fputs("Nobody is left to call.\n", out);
        return;
    }
    if (p->next_open_ms > 0)
        fprintf(out, "Starts   %s: nobody may be called now\n", ui_local_time(p->next_open_ms));
    if (p->finish_ms > 0)
        fprintf(out, "Ends     %s, about, in %s\n", ui_local_time(p->finish_ms),
                ui_span(p->finish_ms - now_ms));
    else
        fputs("Ends     not within a year at this pace and in these hours\n", out);
    fprintf(out, "Calls    %s, about; an answered one lasts %s (%s)\n", ui_count((int64_t)p->calls),
            ui_span(p->call_ms), p->call_measured ? "from the flow and its audio" : "a guess");
    fprintf(out, "Answers  %.0f %% of calls (%s)\n", p->answer_share * 100,
            p->answer_measured ? "as measured" : "a guess");
    if (c->cost_per_call > 0 || c->cost_per_minute > 0)
        fprintf(out, "Cost     %.2f %s, about\n", p->cost, c->currency);
}

static void print_json(const struct store_campaign *stored, const struct campaign *c,
                       const struct preflight *p)
{
    json_t *root = json_pack("{s:s,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "event", "preflight", "campaign",
                             (json_int_t)stored->id, "people", (json_int_t)p->people, "callable",
                             (json_int_t)p->callable, "blacklisted",
                             (json_int_t)(p->blacklisted + p->by_state[TARGET_STATE_BLACKLISTED]),
                             "never_open", (json_int_t)p->never_open, "late", (json_int_t)p->late,
                             "open_now", (json_int_t)p->open_now);
    json_t *states = json_object();

    for (int i = 0; i < TARGET_STATE_COUNT; i++)
        ui_json_set(states, target_state_name(i), json_integer(p->by_state[i]));
    ui_json_set(root, "by_state", states);
    ui_json_set(root, "next_open", ui_json_time(p->next_open_ms > 0 ? p->next_open_ms : 0));
    ui_json_set(root, "finish", ui_json_time(p->finish_ms > 0 ? p->finish_ms : 0));
    ui_json_set(root, "calls", json_real(p->calls));
    ui_json_set(root, "call_s", json_real((double)p->call_ms / 1000));
    ui_json_set(root, "answer_share", json_real(p->answer_share));
    ui_json_set(root, "answer_measured", json_boolean(p->answer_measured));
    ui_json_set(root, "cost", json_real(p->cost));
    ui_json_set(root, "currency", json_string(c->currency));
    ui_json(root);
}

int campaigns_preflight_of(struct data *d, const struct store_campaign *stored,
                           const struct campaign *c, FILE *out)
{
    int64_t now_ms = clock_wall_ms(&clock_system);
    struct preflight p;
    int rc = preflight(d->store, stored->id, c, now_ms, &p);

    if (rc)
        return cmd_store_error(d->store, rc, "look at the people");
    if (ui.json)
        print_json(stored, c, &p);
    else
        print(out, c, &p, now_ms);
    return CMD_DONE;
}

int campaigns_preflight(struct data *d, const struct store_campaign *stored)
{
    struct campaign *c;
    int rc = campaigns_load(d, stored, &c);

    if (rc)
        return rc;
    rc = campaigns_preflight_of(d, stored, c, stdout);
    campaign_free(c);
    return rc;
}

/* ---- why ------------------------------------------------------------------------------------ */

static void print_hour(const struct best_hour *h)
{
    static const char *const days[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                       "Thursday", "Friday", "Saturday"};

    printf("  best hour  %s %02d:00, when about %d %% answer; this hour %d %% (default pattern). "
           "Those at their best hour come first.\n",
           days[h->weekday], h->hour, h->best, h->percent);
}

static void print_why(uint64_t number, const struct campaign_why *w)
{
    const struct store_target *t = &w->target;

    printf("%s  %s\n", cmd_number_text(number), w->answer);
    if (!w->known)
        return;
    printf("  state      %s: %s\n", target_state_name(t->state), target_state_text(t->state));
    printf("  attempts   %d, %d of them today\n", t->attempts, w->attempts_today);
    if (t->attempts)
        printf("  last       %s, %s\n", ui_local_time(t->last_attempt_ms),
               disposition_text(t->last));
    printf("  zone       %s (from %s)\n", w->zone, zone_origin_text(t->zone_origin, t->zone));
    if (t->window[0])
        printf("  own hours  %s\n", t->window);
    if (w->hour.best)
        print_hour(&w->hour);
    if (w->black)
        printf("  do not call  \"%s\" since %s: %s\n", w->entry.list,
               ui_local_time(w->entry.added_ms), w->entry.source);
}

static void why_json(uint64_t number, const struct campaign_why *w)
{
    const struct store_target *t = &w->target;
    json_t *root = json_pack("{s:s,s:b,s:s,s:b,s:b}", "number", cmd_number_text(number),
                             "will_call", (int)w->will_call, "answer", w->answer, "known",
                             (int)w->known, "blacklisted", (int)w->black);

    ui_json_set(root, "when", ui_json_time(w->when_ms));
    if (w->known) {
        ui_json_set(root, "state", json_string(target_state_name(t->state)));
        ui_json_set(root, "attempts", json_integer(t->attempts));
        ui_json_set(root, "attempts_today", json_integer(w->attempts_today));
        ui_json_set(root, "last", json_string(disposition_name(t->last)));
        ui_json_set(root, "last_attempt", ui_json_time(t->last_attempt_ms));
        ui_json_set(root, "zone", json_string(w->zone));
        ui_json_set(root, "zone_from", json_string(zone_origin_name(t->zone_origin, t->zone)));
        ui_json_set(root, "own_hours", json_string(t->window));
    }
    if (w->hour.best)
        ui_json_set(root, "hour",
                    json_pack("{s:s,s:i,s:i,s:i,s:i}", "pattern", BEST_HOUR_PATTERN, "now",
                              w->hour.percent, "best", w->hour.best, "best_weekday",
                              w->hour.weekday, "best_hour", w->hour.hour));
    if (w->black)
        ui_json_set(root, "do_not_call", json_string(w->entry.list));
    ui_json(root);
}

int campaigns_why(struct data *d, const struct option_values *v,
                  const struct store_campaign *stored, const char *number)
{
    struct error err = {0};
    struct campaign_why w;
    struct campaign *c;
    uint64_t key;
    int rc = CMD_DONE;

    if (cmd_parse_number(number, option_string(v, "region"), &key, &err))
        return cmd_fail(&err);
    rc = campaigns_load(d, stored, &c);
    if (rc)
        return rc;
    rc = campaign_why(d->store, stored->id, c, key, clock_wall_ms(&clock_system), &w);
    if (rc)
        rc = cmd_store_error(d->store, rc, "look the number up");
    else if (ui.json)
        why_json(key, &w);
    else
        print_why(key, &w);
    campaign_free(c);
    return rc;
}
