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

enum { DOUBLE_MAX = 8 };

/* Tried again? Then *due_ms is set. */
static bool again(const struct campaign *c, const struct call_outcome *o, int attempt_no,
                  int64_t now_ms, int64_t *due_ms)
{
    const struct campaign_retry_rule *rule = &c->retry[o->disposition];
    int64_t factor = attempt_no > 3 ? DOUBLE_MAX : 1LL << (attempt_no - 1);

    if (attempt_no >= c->attempts_max || attempt_no > rule->times)
        return false;
    *due_ms = now_ms + rule->after_ms * (factor > DOUBLE_MAX ? DOUBLE_MAX : factor);
    return true;
}

static void decide(const struct campaign *c, struct attempt *a, int64_t now_ms)
{
    const struct call_outcome *o = &a->call.outcome;
    struct store_finish *f = &a->finish;

    f->counts = true;
    f->due_ms = 0;
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
            f->counts = false;
            return;
        }
        break;
    default:
        break;
    }
    f->target_state = TARGET_STATE_EXHAUSTED;
    if (again(c, o, a->attempt_no, now_ms, &f->due_ms))
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
    if (a->rc) {
        list_append(&d->unsaved, &a->node);
        return;
    }
    d->saving--;
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
    a->job.run = run_finish;
    a->job.done = finish_done;
    store_writer_post(a->desk->writer, &a->job);
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
    pthread_mutex_lock(&d->lock);
    if (o->dialled_ms) {
        d->view.calls++;
        d->view.by_disposition[o->disposition]++;
    }
    pthread_mutex_unlock(&d->lock);
    metric_add(metric1(METRIC_CALLS_ENDED, disposition_name(o->disposition)), 1);
    notice_ended(exchange_config(d->exchange)->bus, &a->call);
    d->saving++;
    save(a);
}

void finish_retry(struct desk *d)
{
    struct list_node *n;

    while ((n = list_pop(&d->unsaved)))
        save(list_entry(n, struct attempt, node));
}
