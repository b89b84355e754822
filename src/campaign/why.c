#include "campaign/why.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct hours {
    zone_id zone;
    struct window_week own_week;
    const struct window_week *own; /* NULL: none */
};

static const char *local_text(zone_id zone, int64_t ms, char *buf, size_t size)
{
    struct zone_local l;

    zone_to_local(zone, ms, &l);
    snprintf(buf, size, "%04d-%02d-%02d %02d:%02d", l.year, l.month, l.day, l.hour, l.minute);
    return buf;
}

/* How good is the hour, as the dispatcher sees it? */
static void look_at_hour(const struct campaign *c, const struct hours *h, int64_t now_ms,
                         struct best_hour *out)
{
    struct window_week hours = c->windows;
    struct best_hours all;

    if (h->own)
        window_intersect(&c->windows, h->own, &hours);
    best_hours_fill(&all, &hours, h->zone);
    best_hour_at(&all, h->zone, now_ms, c->end_ms, out);
}

/* When may the next attempt be, by the retry rule and the caps alone? *capped: the day's are used.
 */
static int64_t due(const struct campaign *c, const struct hours *h, int64_t now_ms,
                   const struct campaign_why *w, bool *capped)
{
    int64_t start, end, due_ms = w->target.due_ms > now_ms ? w->target.due_ms : now_ms;

    campaign_day(h->zone, now_ms, &start, &end);
    *capped = c->per_day_max > 0 && w->attempts_today >= c->per_day_max && due_ms < end;
    return *capped ? end : due_ms;
}

static void say_when(const struct campaign *c, const struct hours *h, int64_t now_ms,
                     struct campaign_why *w)
{
    const struct store_target *t = &w->target;
    bool capped;
    int64_t due_ms = due(c, h, now_ms, w, &capped);
    char when[32];

    w->when_ms = campaign_next_open(c, h->own, h->zone, due_ms);
    if (w->when_ms < 0) {
        w->when_ms = 0;
        snprintf(w->answer, sizeof(w->answer),
                 "No: there is no hour left that both the campaign%s allow in %s.",
                 h->own ? " and this person's own hours" : "'s hours and its end",
                 zone_name(h->zone));
        return;
    }
    w->will_call = true;
    local_text(h->zone, w->when_ms, when, sizeof(when));
    if (w->when_ms <= now_ms)
        snprintf(w->answer, sizeof(w->answer), "Yes: now or as soon as it is their turn.");
    else if (capped)
        snprintf(w->answer, sizeof(w->answer),
                 "Yes, from %s (%s): today's attempts, %d, are used until then.", when,
                 zone_name(h->zone), c->per_day_max);
    else if (t->due_ms > now_ms && w->when_ms == t->due_ms)
        snprintf(w->answer, sizeof(w->answer),
                 "Yes, again, at %s (%s): the last attempt ended with \"%s\", and the retry rule "
                 "waits until then.",
                 when, zone_name(h->zone), disposition_text(t->last));
    else
        snprintf(w->answer, sizeof(w->answer),
                 "Yes, from %s (%s): %s outside calling hours until then.", when,
                 zone_name(h->zone), t->due_ms > now_ms ? "the next attempt falls" : "it is");
}

static int waiting(struct store *s, int64_t campaign_id, const struct campaign *c, int64_t now_ms,
                   struct campaign_why *w)
{
    const struct store_target *t = &w->target;
    int64_t start, end;
    struct hours h = {0};
    int rc;

    if (campaign_hours_of(c, t->zone, t->window, &h.zone, &h.own_week))
        h.own = &h.own_week;
    campaign_day(h.zone, now_ms, &start, &end);
    rc = store_attempts_since(s, campaign_id, t->contact_id, start, &w->attempts_today);
    if (rc)
        return rc;
    look_at_hour(c, &h, now_ms, &w->hour);
    if (t->attempts >= c->attempts_max)
        snprintf(w->answer, sizeof(w->answer), "No: all %d attempts are used.", c->attempts_max);
    else
        say_when(c, &h, now_ms, w);
    return 0;
}

/* What the person's own standing promises, the campaign may not keep now. */
static void say_state(const struct store_campaign *c, struct campaign_why *w)
{
    size_t n = strlen(w->answer);

    if (!w->will_call || c->state == CAMPAIGN_STATE_RUNNING)
        return;
    if (c->state == CAMPAIGN_STATE_CANCELLED || c->state == CAMPAIGN_STATE_COMPLETED) {
        w->will_call = false;
        w->when_ms = 0;
        snprintf(w->answer, sizeof(w->answer), "No: the campaign is %s%s%s.",
                 campaign_state_name(c->state), c->state_reason[0] ? ": " : "", c->state_reason);
        return;
    }
    snprintf(w->answer + n, sizeof(w->answer) - n, " But the campaign is %s now.",
             c->state == CAMPAIGN_STATE_DRAFT ? "not started" : campaign_state_name(c->state));
}

static int answer(struct store *s, int64_t campaign_id, const struct campaign *c, int64_t now_ms,
                  struct campaign_why *w)
{
    const struct store_target *t = &w->target;

    if (!w->known)
        snprintf(w->answer, sizeof(w->answer), "No: the number is not in this campaign's list%s.",
                 w->black ? ", and it is on a do-not-call list" : "");
    else if (w->black && t->state != TARGET_STATE_REACHED)
        snprintf(w->answer, sizeof(w->answer), "No: it is on the do-not-call list \"%s\" (%s).",
                 w->entry.list, w->entry.source[0] ? w->entry.source : w->entry.reason);
    else if (t->state == TARGET_STATE_WAITING)
        return waiting(s, campaign_id, c, now_ms, w);
    else if (t->state == TARGET_STATE_CLAIMED) {
        w->will_call = true;
        snprintf(w->answer, sizeof(w->answer), "Yes: the call is under way.");
    } else if (t->state == TARGET_STATE_BLACKLISTED)
        snprintf(w->answer, sizeof(w->answer),
                 "No: it was on a do-not-call list when its turn came.");
    else
        snprintf(w->answer, sizeof(w->answer), "No: %s after %d attempt%s (last: %s).",
                 target_state_text(t->state), t->attempts, t->attempts == 1 ? "" : "s",
                 disposition_text(t->last));
    return 0;
}

int campaign_why(struct store *s, int64_t campaign_id, const struct campaign *c, uint64_t number,
                 int64_t now_ms, struct campaign_why *out)
{
    struct store_campaign stored;
    struct campaign_why w = {0};
    int rc = store_campaign_get(s, campaign_id, &stored);

    if (rc)
        return rc;
    rc = store_target_get(s, campaign_id, number, &w.target);
    if (rc && rc != -ENOENT)
        return rc;
    w.known = rc == 0;
    if (w.known)
        snprintf(w.zone, sizeof(w.zone), "%s",
                 w.target.zone[0] && zone_open(w.target.zone) >= 0 ? w.target.zone : c->zone);
    rc = store_black_find(s, number, &w.entry);
    if (rc && rc != -ENOENT)
        return rc;
    w.black = rc == 0;
    rc = answer(s, campaign_id, c, now_ms, &w);
    if (rc)
        return rc;
    say_state(&stored, &w);
    *out = w;
    return 0;
}
