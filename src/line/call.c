/* One call: checked, dialled, its flow run, reported once.
 *
 * dialling -> (ringing) -> answered, flow runs -> ended -> released. `ended` from the SIP core and
 * the end of a pending store job may come in any order: the call is released when both are done and
 * no flow function of it is on the stack. Runs in its lane's thread. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/metric.h"
#include "base/rng.h"
#include "line/lane_priv.h"

enum { SDP_MAX = 1024, CAUSE_NORMAL = 16 };

/* of: the lane's counters or the campaign's */
#define COUNT(of, counter)   atomic_fetch_add_explicit(&(of)->counter, 1, memory_order_relaxed)
#define UNCOUNT(of, counter) atomic_fetch_sub_explicit(&(of)->counter, 1, memory_order_relaxed)

static int64_t now_us(const struct call *c)
{
    return clock_mono_us(loop_clock(c->lane->loop));
}

static int64_t wall_ms(const struct call *c)
{
    return clock_wall_ms(c->lane->line->config.clock);
}

int64_t call_now_ms(const struct call *c)
{
    return now_us(c) / 1000;
}

/* ---- the flow's host ------------------------------------------------------------------------- */

static struct call *call_of_run(struct flow_run *r)
{
    return container_of(r, struct call, run);
}

static void host_play(struct flow_run *r, int prompt)
{
    struct call *c = call_of_run(r);

    c->plays++;
    if (c->rtp)
        rtp_play(c->rtp, c->lc->voice->prompts[prompt], 0);
}

static void host_stop(struct flow_run *r)
{
    struct call *c = call_of_run(r);

    if (c->rtp)
        rtp_stop(c->rtp);
}

static void host_timer(struct flow_run *r, int64_t ms)
{
    struct call *c = call_of_run(r);

    if (ms < 0)
        timer_stop(&c->flow_timer);
    else
        timer_start(loop_wheel(c->lane->loop), &c->flow_timer, ms);
}

static void host_action(struct flow_run *r, const struct flow_action *a)
{
    action_start(call_of_run(r), a);
}

static void host_end(struct flow_run *r)
{
    call_hangup(call_of_run(r), OUTCOME_BY_FLOW);
}

static const struct flow_host host = {
    .play = host_play,
    .stop = host_stop,
    .timer = host_timer,
    .action = host_action,
    .end = host_end,
};

static void leave(struct call *c)
{
    c->depth--;
    call_release(c);
}

static bool flow_alive(const struct call *c)
{
    return c->flowing && !c->ended && !flow_over(&c->run);
}

static void on_flow_timer(struct timer *t)
{
    struct call *c = container_of(t, struct call, flow_timer);

    if (!c->answered_us && c->sip && !sip_call_heard(c->sip))
        COUNT(&c->lane->counters, unheard[c->lc->trunk]);
    if (!flow_alive(c))
        return;
    c->depth++;
    flow_timeout(&c->run, call_now_ms(c));
    leave(c);
}

static void on_max_timer(struct timer *t)
{
    call_hangup(container_of(t, struct call, max_timer), OUTCOME_BY_LIMIT);
}

static void take_key(struct call *c, char source, char key)
{
    uint8_t plays = c->plays;

    if (!flow_alive(c))
        return;
    if (!c->key_source)
        c->key_source = source;
    if (c->key_source != source)
        return;
    c->last_key = key;
    COUNT(c->lc->voice->use, keys);
    watch_event(c, LINE_KEY, (const char[]){key, '\0'});
    c->depth++;
    flow_key(&c->run, key, call_now_ms(c));
    if (c->rtp && c->plays == plays && !c->job_pending)
        rtp_forget_key(c->rtp); /* ignored, or a digit of several */
    leave(c);
}

static void on_rtp_key(struct rtp *s, void *arg, char key)
{
    take_key(arg, 'r', key);
}

static void on_rtp_played(struct rtp *s, void *arg)
{
    struct call *c = arg;

    if (!flow_alive(c))
        return;
    c->depth++;
    flow_prompt_done(&c->run, call_now_ms(c));
    leave(c);
}

static const struct rtp_handler rtp_handler = {.key = on_rtp_key, .played = on_rtp_played};

/* ---- the SIP core's events ------------------------------------------------------------------- */

static void on_progress(struct sip_call *sip, void *arg, int status, const char *sdp, size_t len)
{
    struct call *c = arg;

    if (status >= 180 && status < 190 && !c->lc->outcome.ringing_ms) {
        c->lc->outcome.ringing_ms = wall_ms(c);
        c->facts.rang = true;
        c->counted_ringing = true;
        COUNT(c->lc->voice->use, calls_ringing);
        metric_add(metric(METRIC_CALLS_RINGING), 1);
        watch_event(c, LINE_RINGING, "");
    }
    if (sdp && !sdp_read(sdp, len, &c->early))
        c->has_early = true;
}

static void stop_ringing(struct call *c)
{
    if (c->counted_ringing) {
        UNCOUNT(c->lc->voice->use, calls_ringing);
        metric_add(metric(METRIC_CALLS_RINGING), -1);
    }
    c->counted_ringing = false;
}

static void on_answered(struct sip_call *sip, void *arg, const char *sdp, size_t len)
{
    struct call *c = arg;
    const struct line_voice *v = c->lc->voice;
    struct sdp_audio theirs = c->early;
    bool usable = sdp ? !sdp_read(sdp, len, &theirs) : c->has_early;

    if (c->flowing)
        return;
    c->answered_us = now_us(c);
    c->lc->outcome.answered_ms = wall_ms(c);
    timer_stop(&c->flow_timer);
    stop_ringing(c);
    watch_event(c, LINE_ANSWERED, "");
    if (usable && secure_answered(c, &theirs)) {
        call_hangup(c, OUTCOME_BY_INSECURE);
        return;
    }
    if (!usable || rtp_connect(c->rtp, &theirs, true)) {
        call_hangup(c, OUTCOME_BY_FAULT);
        return;
    }
    c->facts.talked = true;
    c->flowing = true;
    c->counted_up = true;
    COUNT(c->lc->voice->use, calls_up);
    metric_add(metric(METRIC_CALLS_ACTIVE), 1);
    COUNT(&c->lane->counters, answered);
    if (v->call_max_ms > 0)
        timer_start(loop_wheel(c->lane->loop), &c->max_timer, v->call_max_ms);
    c->depth++;
    flow_start(&c->run, v->flow, &host, call_now_ms(c));
    leave(c);
}

/* Our offer is as open as the first one: their hold does not bind us (RFC 6337 5.3). */
static int offer(struct call *c, char *buf, size_t size)
{
    int n = sdp_offer(buf, size, (const struct sockaddr *)&c->local, PROMPT_ALAW, c->session_id,
                      c->session_version + 1, SDP_SENDRECV, secure_offer(c));

    if (n > 0)
        c->session_version++;
    return n;
}

static int on_offered(struct sip_call *sip, void *arg, const char *sdp, size_t len, char *buf,
                      size_t size)
{
    struct call *c = arg;
    struct sdp_audio theirs;
    struct sdes_key ours;
    int n, rc;

    if (!c->flowing || !c->rtp)
        return -EBUSY;
    if (!sdp)
        return offer(c, buf, size);
    rc = sdp_read(sdp, len, &theirs);
    if (!rc)
        rc = secure_offered(c, &theirs, &ours);
    if (rc)
        return rc;
    n = sdp_answer(buf, size, sdp, len, &theirs, (const struct sockaddr *)&c->local, c->session_id,
                   c->session_version + 1, ours.suite == SRTP_NONE ? NULL : &ours);
    if (n < 0)
        return n;
    rc = rtp_connect(c->rtp, &theirs, true);
    if (rc)
        return rc;
    c->session_version++;
    return n;
}

/* An answer that cannot be used leaves the audio as it was. */
static void on_agreed(struct sip_call *sip, void *arg, const char *sdp, size_t len)
{
    struct call *c = arg;
    struct sdp_audio theirs;

    if (c->flowing && c->rtp && !sdp_read(sdp, len, &theirs) && !secure_answered(c, &theirs))
        rtp_connect(c->rtp, &theirs, true);
}

/* S1 holds for whoever a call is passed on to. */
static bool on_redirected(struct sip_call *sip, void *arg, const char *user)
{
    struct call *c = arg;

    if (redirect_allowed(&c->lane->line->config, c->lc->number, user))
        return true;
    c->facts.cause = OUTCOME_BY_REDIRECT;
    return false;
}

static void on_info_key(struct sip_call *sip, void *arg, char key, unsigned duration_ms)
{
    take_key(arg, 'i', key);
}

static void on_ended(struct sip_call *sip, void *arg, const struct sip_result *r)
{
    struct call *c = arg;

    c->facts.sip = *r;
    c->sip = NULL;
    c->ended = true;
    call_release(c);
}

static const struct sip_call_handler sip_handler = {
    .progress = on_progress,
    .answered = on_answered,
    .offered = on_offered,
    .agreed = on_agreed,
    .redirected = on_redirected,
    .key = on_info_key,
    .ended = on_ended,
};

/* ---- beginning and end ----------------------------------------------------------------------- */

static void report(struct line_call *lc)
{
    struct lane *lane = lc->lane;

    UNCOUNT(&lane->counters, in_flight);
    loop_post(lc->desk, &lc->msg);
}

__attribute__((format(printf, 4, 5))) static void refuse(struct lane *lane, struct line_call *lc,
                                                         enum disposition d, const char *format,
                                                         ...)
{
    va_list args;

    lc->outcome.disposition = d;
    lc->outcome.ended_ms = clock_wall_ms(lane->line->config.clock);
    snprintf(lc->outcome.ended_by, sizeof(lc->outcome.ended_by), "us");
    va_start(args, format);
    vsnprintf(lc->outcome.reason, sizeof(lc->outcome.reason), format, args);
    va_end(args);
    report(lc);
}

/* S1 and S4, at the moment of the dial. */
static bool allowed(struct lane *lane, struct line_call *lc)
{
    const struct line_config *config = &lane->line->config;
    int64_t now = clock_wall_ms(config->clock);

    if (config->blackset && blackset_contains(config->blackset, lc->number, now)) {
        refuse(lane, lc, DISPOSITION_BLACKLISTED, "on a do-not-call list");
        return false;
    }
    if (now < lc->open_from_ms || now >= lc->open_until_ms) {
        refuse(lane, lc, DISPOSITION_OUTSIDE_WINDOW, "outside this person's calling hours");
        return false;
    }
    if (lc->trunk < 0 || (unsigned)lc->trunk >= config->trunk_count) {
        refuse(lane, lc, DISPOSITION_FAILED, "no such trunk");
        return false;
    }
    if (!sip_trunk_ready(lane->trunks[lc->trunk])) {
        refuse(lane, lc, DISPOSITION_FAILED, "trunk %s is not ready",
               config->trunks[lc->trunk].name);
        return false;
    }
    return true;
}

static int invite(struct call *c)
{
    struct line_call *lc = c->lc;
    const struct line_trunk_config *t = &c->lane->line->config.trunks[lc->trunk];
    const char *caller = dial_rules_caller(&t->rules, lc->number);
    char to[DIAL_CALLED_MAX], sdp[SDP_MAX];
    struct sip_invite i = {
        .trunk = c->lane->trunks[lc->trunk],
        .to = to,
        .from = lc->outcome.caller_id,
        .display = lc->voice->caller_name[0] ? lc->voice->caller_name : NULL,
        .sdp = sdp,
        .ring_timeout_ms = lc->voice->ring_timeout_ms,
    };
    int n, rc;

    dial_rules_called(&t->rules, lc->number, to);
    if (!caller)
        caller = t->caller_id[0] ? t->caller_id : lc->voice->caller_id;
    snprintf(lc->outcome.trunk, sizeof(lc->outcome.trunk), "%s", t->name);
    snprintf(lc->outcome.caller_id, sizeof(lc->outcome.caller_id), "%s", caller);
    rc = rtp_open(c->lane->pump, &rtp_handler, c, &c->rtp, &c->local);
    if (rc)
        return rc;
    c->session_id = random_u64() >> 2;
    c->session_version = 1;
    n = sdp_offer(sdp, sizeof(sdp), (const struct sockaddr *)&c->local, PROMPT_ALAW, c->session_id,
                  c->session_version, SDP_SENDRECV, secure_offer(c));
    if (n < 0)
        return n;
    i.sdp_len = (size_t)n;
    lc->outcome.dialled_ms = wall_ms(c);
    rc = sip_call_invite(c->lane->sip, &i, &sip_handler, c, &c->sip);
    if (rc)
        return rc;
    snprintf(lc->outcome.sip_call_id, sizeof(lc->outcome.sip_call_id), "%s", sip_call_id(c->sip));
    COUNT(&c->lane->counters, dialled);
    watch_event(c, LINE_DIALLED, "");
    return 0;
}

static void park(struct call *c)
{
    rtp_close(c->rtp);
    c->rtp = NULL;
    c->lc = NULL;
    list_remove(&c->node);
    list_append(&c->lane->idle, &c->node);
}

void call_begin(struct lane *lane, struct line_call *lc)
{
    struct list_node *n = list_first(&lane->idle);
    struct call *c;
    int rc;

    memset(&lc->outcome, 0, sizeof(lc->outcome));
    lc->trace[0] = '\0';
    if (!allowed(lane, lc))
        return;
    if (!n) {
        refuse(lane, lc, DISPOSITION_FAILED, "all %u lines of this lane are taken",
               lane->calls_max);
        return;
    }
    c = list_entry(n, struct call, node);
    list_remove(n);
    list_append(&lane->active, n);
    /* The run is left as it is: flow_start sets it up, and it is the largest part. */
    memset(&c->facts, 0, sizeof(c->facts));
    c->lc = lc;
    c->sip = NULL;
    c->rtp = NULL;
    c->flow_timer.fn = on_flow_timer;
    c->max_timer.fn = on_max_timer;
    c->answered_us = 0;
    c->has_early = c->ended = c->flowing = c->counted_ringing = c->counted_up = false;
    c->secured = false;
    explicit_bzero(&c->keys, sizeof(c->keys));
    c->key_source = c->last_key = 0;
    c->plays = 0;
    c->depth = 0;
    c->job_pending = false;
    rc = invite(c);
    if (!rc) /* until the answer the flow has no use for it */
        timer_start(loop_wheel(lane->loop), &c->flow_timer, LINE_UNHEARD_MS);
    if (rc) {
        park(c);
        lc->outcome.dialled_ms = 0;
        refuse(lane, lc, DISPOSITION_FAILED, "could not be started here: %s", strerror(-rc));
    }
}

void call_hangup(struct call *c, enum outcome_cause cause)
{
    if (c->ended || !c->sip)
        return;
    if (c->facts.cause == OUTCOME_BY_FLOW)
        c->facts.cause = cause;
    timer_stop(&c->flow_timer);
    timer_stop(&c->max_timer);
    if (c->rtp)
        rtp_stop(c->rtp);
    sip_call_hangup(c->sip, CAUSE_NORMAL);
}

static void measure(struct call *c)
{
    struct call_outcome *o = &c->lc->outcome;
    struct rtp_stats s;

    rtp_read_stats(c->rtp, &s);
    o->rtp_sent = s.sent;
    o->rtp_received = s.received;
    if (c->answered_us && s.first_sent_us >= c->answered_us)
        o->answer_to_audio_us = (int32_t)(s.first_sent_us - c->answered_us);
    o->key_to_audio_us = (int32_t)s.key_to_audio_us;
    /* Less than a microsecond is not "none". */
    if (c->answered_us && s.first_sent_us && o->answer_to_audio_us == 0)
        o->answer_to_audio_us = 1;
}

void call_release(struct call *c)
{
    struct line_call *lc = c->lc;

    if (!c->ended || c->depth > 0)
        return;
    timer_stop(&c->flow_timer);
    timer_stop(&c->max_timer);
    stop_ringing(c);
    if (c->counted_up) {
        UNCOUNT(c->lc->voice->use, calls_up);
        metric_add(metric(METRIC_CALLS_ACTIVE), -1);
    }
    c->counted_up = false;
    if (c->rtp) {
        measure(c);
        rtp_close(c->rtp);
        c->rtp = NULL;
    }
    if (!lc->outcome.ended_ms)
        lc->outcome.ended_ms = wall_ms(c);
    if (c->job_pending) /* released by the writer's answer: the trace shall tell how it went */
        return;
    outcome_fill(&lc->outcome, &c->facts);
    if (c->flowing && flow_trace_json(&c->run, lc->trace, sizeof(lc->trace)) < 0) {
        log_warn("the trace of a call does not fit", "attempt=%" PRId64, lc->attempt_id);
        lc->trace[0] = '\0';
    }
    watch_ended(lc);
    park(c);
    report(lc);
}
