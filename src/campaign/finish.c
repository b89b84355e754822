/* From the lines to the store: the retry rules decide what becomes of a person, and attempt, record
 * and counters are written in one go (S6). What cannot be written is tried again: never lost while
 * the process lives; after that, recovery makes a record of it. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/log.h"
#include "base/metric.h"
#include "campaign/desk_priv.h"
#include "campaign/notice.h"

enum { DOUBLINGS_MAX = 3, NOT_STARTED_WAIT_MS = 30000, RETRY_AFTER_MAX_S = 86400 };

/* Retry-After (RFC 3261 20.33), within reason. */
static int64_t told_ms(const struct call_outcome *o)
{
    return (o->retry_after_s < RETRY_AFTER_MAX_S ? o->retry_after_s : RETRY_AFTER_MAX_S) * 1000;
}

/* Tried again? Then *due_ms is set. A rule counts the attempts that ended as it says. */
static bool again(const struct campaign *c, const struct attempt *a, int64_t now_ms,
                  int64_t *due_ms)
{
    enum disposition ended = a->call.outcome.disposition;
    const struct campaign_retry_rule *rule = &c->retry[ended];
    int before = a->earlier[ended];

    if (a->attempt_no >= c->attempts_max || before >= rule->times)
        return false;
    *due_ms = now_ms + (rule->after_ms << (before < DOUBLINGS_MAX ? before : DOUBLINGS_MAX));
    if (*due_ms < now_ms + told_ms(&a->call.outcome)) /* the far side knows better */
        *due_ms = now_ms + told_ms(&a->call.outcome);
    return true;
}

static void decide(const struct campaign *c, struct attempt *a, int64_t now_ms)
{
    const struct call_outcome *o = &a->call.outcome;
    struct store_finish *f = &a->finish;

    f->counts = true;
    f->due_ms = 0;
    if (pass_on_wanted(a)) {
        f->counts = false;
        f->again_id = &a->again_id;
        return;
    }
    switch (o->disposition) {
    case DISPOSITION_ANSWERED:
        f->target_state = TARGET_STATE_REACHED;
        return;
    case DISPOSITION_REJECTED: /* never again, by no trunk */
    case DISPOSITION_INVALID_NUMBER:
        f->target_state = TARGET_STATE_REFUSED;
        return;
    case DISPOSITION_BLACKLISTED:
        f->target_state = TARGET_STATE_BLACKLISTED;
        f->counts = o->dialled_ms != 0;
        return;
    case DISPOSITION_OUTSIDE_WINDOW: /* nobody was disturbed */
    case DISPOSITION_CANCELLED:
        if (o->dialled_ms == 0) {
            f->target_state = TARGET_STATE_WAITING;
            f->due_ms = now_ms;
            if (a->tried) /* the trunk that failed it shall not fail it again at once */
                f->due_ms += c->retry[DISPOSITION_CONGESTION].after_ms;
            f->counts = false;
            return;
        }
        break;
    case DISPOSITION_FAILED: /* it never left this machine */
        if (o->dialled_ms == 0) {
            f->target_state = TARGET_STATE_WAITING;
            f->due_ms = now_ms + NOT_STARTED_WAIT_MS;
            f->counts = false;
            return;
        }
        break;
    default:
        break;
    }
    f->target_state = TARGET_STATE_EXHAUSTED;
    if (again(c, a, now_ms, &f->due_ms))
        f->target_state = TARGET_STATE_WAITING;
}

static double cost(const struct campaign *c, const struct call_outcome *o)
{
    double talk = o->answered_ms && o->ended_ms > o->answered_ms
                      ? (double)(o->ended_ms - o->answered_ms) / 60000.0
                      : 0;

    return (o->dialled_ms ? c->cost_per_call : 0) + talk * c->cost_per_minute;
}

static void on_saved(struct loop_msg *m)
{
    struct attempt *a = container_of(m, struct attempt, saved);
    struct desk *d = a->desk;

    d->fresh = false;
    desk_store_answered(d, a->rc);
    if (a->rc) {
        d->unsaved_count++;
        list_append(&d->unsaved, &a->node);
        return;
    }
    if (desk_mono_us(d) - a->saving_us > d->lag_us)
        d->lag_us = desk_mono_us(d) - a->saving_us;
    d->saving--;
    if (a->finish.again_id && a->again_id)
        pass_on_take(a);
    else
        list_append(&d->free, &a->node);
}

/* In the writer's thread. */
static int run_finish(struct store_job *job, struct store *s)
{
    struct attempt *a = container_of(job, struct attempt, job);
    int rc = store_finish(s, &a->finish);

    return rc == -EALREADY ? 0 : rc;
}

static void finish_done(struct store_job *job, int rc)
{
    struct attempt *a = container_of(job, struct attempt, job);

    a->rc = rc;
    a->saved.fn = on_saved;
    loop_post(a->desk->loop, &a->saved);
}

static void save(struct attempt *a)
{
    a->saving_us = desk_mono_us(a->desk);
    a->job.run = run_finish;
    a->job.done = finish_done;
    store_writer_post(a->desk->writer, &a->job);
}

static void learn(struct desk *d, const struct attempt *a)
{
    bool more = a->finish.target_state == TARGET_STATE_WAITING;
    int64_t now = desk_wall_ms(d);

    forecast_ended(&d->forecast, a->attempt_no, now - a->call.outcome.dialled_ms, more,
                   a->finish.due_ms - now);
    d->again_waiting += more;
}

void finish_attempt(struct attempt *a)
{
    struct desk *d = a->desk;
    const struct call_outcome *o = &a->call.outcome;

    a->finish = (struct store_finish){
        .attempt_id = a->call.attempt_id,
        .outcome = o,
        .trace_json = a->call.trace[0] ? a->call.trace : NULL,
        .cost = cost(d->campaign, o),
    };
    decide(d->campaign, a, desk_wall_ms(d));
    if (o->dialled_ms && !a->finish.again_id)
        learn(d, a);
    if (o->dialled_ms) {
        pthread_mutex_lock(&d->lock);
        d->view.calls++;
        d->view.by_disposition[o->disposition]++;
        pthread_mutex_unlock(&d->lock);
    }
    metric_add(metric1(METRIC_CALLS_ENDED, disposition_name(o->disposition)), 1);
    notice_ended(exchange_config(d->exchange)->bus, &a->call);
    notice_span(exchange_config(d->exchange)->tracer, &d->campaign->trace, &a->call, a->attempt_no);
    d->saving++;
    save(a);
}

void finish_retry(struct desk *d)
{
    struct list_node *n;

    while ((n = list_pop(&d->unsaved))) {
        d->unsaved_count--;
        save(list_entry(n, struct attempt, node));
    }
}
