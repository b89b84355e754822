/* What calls do, for those who look: the process's metrics and the watcher of the configuration.
 * Runs in the lane's thread. */
#include "base/metric.h"
#include "line/lane_priv.h"

static const char *trunk_name(const struct call *c)
{
    return c->lane->line->config.trunks[c->lc->trunk].name;
}

void watch_event(struct call *c, enum line_event e, const char *detail)
{
    const struct line_config *config = &c->lane->line->config;
    const struct call_outcome *o = &c->lc->outcome;

    switch (e) {
    case LINE_DIALLED:
        metric_add(metric1(METRIC_CALLS_DIALLED, trunk_name(c)), 1);
        break;
    case LINE_RINGING:
        metric_observe(metric(METRIC_POST_DIAL_DELAY), (o->ringing_ms - o->dialled_ms) * 1000);
        break;
    case LINE_ANSWERED:
        metric_add(metric1(METRIC_CALLS_ANSWERED, trunk_name(c)), 1);
        break;
    case LINE_KEY:
        metric_add(metric1(METRIC_KEYS, detail), 1);
        break;
    case LINE_OPT_OUT:
        metric_add(metric1(METRIC_OPT_OUTS, "call"), 1);
        atomic_fetch_add_explicit(&c->lc->voice->use->opt_outs, 1, memory_order_relaxed);
        break;
    case LINE_TEXT:
        metric_add(metric1(METRIC_TEXTS, "queued"), 1);
        atomic_fetch_add_explicit(&c->lc->voice->use->texts, 1, memory_order_relaxed);
        break;
    }
    if (config->watch)
        config->watch(config->watch_arg, e, c->lc, detail);
}

void watch_action(enum flow_action_type type, bool done)
{
    metric_add(metric2(METRIC_ACTIONS, flow_action_name(type), done ? "done" : "failed"), 1);
}

void watch_ended(const struct line_call *lc)
{
    const struct call_outcome *o = &lc->outcome;

    if (o->answered_ms && o->ended_ms > o->answered_ms)
        metric_add(metric(METRIC_TALK_SECONDS), o->ended_ms - o->answered_ms);
    if (o->answer_to_audio_us > 0)
        metric_observe(metric(METRIC_ANSWER_TO_AUDIO), o->answer_to_audio_us);
    if (o->key_to_audio_us > 0)
        metric_observe(metric(METRIC_KEY_TO_AUDIO), o->key_to_audio_us);
}
