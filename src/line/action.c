/* What a flow asks of the store: an opt-out, a text. The answer comes when it is durable (S2); a
 * call that ended meanwhile waits for it before it is reported. One action a call at a time: the
 * flow waits too. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "line/lane_priv.h"
#include "message/flow_text.h"

static struct log_limit failing;

/* In the lane, after the writer's answer. */
static void on_job_done(struct loop_msg *m)
{
    struct call *c = container_of(m, struct call, job_done);
    bool ok = c->job_rc == 0;

    c->job_pending = false;
    watch_action(c->action_type, ok);
    if (ok && c->action_new && c->action_type == FLOW_ACTION_OPT_OUT)
        watch_event(c, LINE_OPT_OUT, c->action.black.list);
    if (ok && c->action_new && c->action_type == FLOW_ACTION_SMS)
        watch_event(c, LINE_TEXT, c->action.text.node);
    if (!ok && log_allow(&failing, 5000))
        log_error("an action of a call could not be stored", "attempt=%" PRId64 " error=\"%s\"",
                  c->lc->attempt_id, strerror(-c->job_rc));
    c->depth++;
    if (c->flowing && !flow_over(&c->run))
        flow_action_done(&c->run, ok, call_now_ms(c));
    c->depth--;
    call_release(c);
}

/* In the writer's thread. */
static void job_done(struct store_job *job, int rc)
{
    struct call *c = container_of(job, struct call, job);

    c->job_rc = rc;
    c->job_done.fn = on_job_done;
    loop_post(c->lane->loop, &c->job_done);
}

static void post(struct call *c, enum flow_action_type type,
                 int (*run)(struct store_job *, struct store *))
{
    c->action_type = type;
    c->job.run = run;
    c->job.done = job_done;
    c->job_pending = true;
    store_writer_post(c->lane->line->config.writer, &c->job);
}

static int run_opt_out(struct store_job *job, struct store *s)
{
    struct call *c = container_of(job, struct call, job);

    return store_black_add(s, &c->action.black, &c->action_new);
}

static void opt_out(struct call *c, const struct flow_action *a)
{
    struct store_black *b = &c->action.black;
    struct blackset *set = c->lane->line->config.blackset;

    memset(b, 0, sizeof(*b));
    snprintf(b->list, sizeof(b->list), "%s", a->text && a->text[0] ? a->text : "opt-out");
    b->number = c->lc->number;
    snprintf(b->reason, sizeof(b->reason), "asked not to be called again");
    if (c->last_key)
        snprintf(b->source, sizeof(b->source), "key %c in campaign %" PRId64, c->last_key,
                 c->lc->campaign_id);
    else
        snprintf(b->source, sizeof(b->source), "flow of campaign %" PRId64, c->lc->campaign_id);
    b->added_ms = clock_wall_ms(c->lane->line->config.clock);
    /* At once, durable or not: from now on this process does not dial the number. */
    if (set && blackset_add(set, b->number, 0))
        log_error("out of memory for the do-not-call list", "attempt=%" PRId64, c->lc->attempt_id);
    post(c, FLOW_ACTION_OPT_OUT, run_opt_out);
}

static int run_text(struct store_job *job, struct store *s)
{
    struct call *c = container_of(job, struct call, job);
    int64_t id;

    return store_text_add(s, &c->action.text.row, c->action.text.node, &id, &c->action_new);
}

static int render(struct call *c, const char *template)
{
    json_t *contact = json_loads(c->lc->variables, 0, NULL); /* NULL: none */
    int n = flow_text_render(template, &c->run, contact, c->action.text.body, TEXT_MAX);

    json_decref(contact);
    return n;
}

/* S1 holds for texts too. A template that cannot be filled is the flow's failed branch. */
static int text(struct call *c, const struct flow_action *a)
{
    struct blackset *set = c->lane->line->config.blackset;
    int64_t now = clock_wall_ms(c->lane->line->config.clock);
    struct store_text *t = &c->action.text.row;
    int rc;

    if (set && blackset_contains(set, c->lc->number, now))
        return -EPERM;
    if (!a->text)
        return -EINVAL;
    rc = render(c, a->text);
    if (rc < 0)
        return rc;
    memset(t, 0, sizeof(*t));
    t->campaign_id = c->lc->campaign_id;
    t->contact_id = c->lc->contact_id;
    t->attempt_id = c->lc->attempt_id;
    t->number = c->lc->number;
    t->body = c->action.text.body;
    t->state = "queued";
    t->created_ms = now;
    snprintf(c->action.text.node, sizeof(c->action.text.node), "%s",
             flow_node_name(c->lc->voice->flow, a->node));
    post(c, FLOW_ACTION_SMS, run_text);
    return 0;
}

void action_start(struct call *c, const struct flow_action *a)
{
    int rc = -ENOTSUP;

    if (c->job_pending) {
        rc = -EBUSY;
    } else if (a->type == FLOW_ACTION_OPT_OUT) {
        opt_out(c, a);
        rc = 0;
    } else if (a->type == FLOW_ACTION_SMS) {
        rc = text(c, a);
    }
    if (rc < 0) {
        if (log_allow(&failing, 5000))
            log_warn("an action of a call was not done", "attempt=%" PRId64 " node=%s error=\"%s\"",
                     c->lc->attempt_id, flow_node_name(c->lc->voice->flow, a->node), strerror(-rc));
        watch_action(a->type, false);
        flow_action_done(&c->run, false, call_now_ms(c));
    }
}
