#include "campaign/notice.h"

#include <stdio.h>

static struct event about(enum event_type type, const struct line_call *call)
{
    return (struct event){
        .type = type,
        .campaign_id = call->campaign_id,
        .contact_id = call->contact_id,
        .attempt_id = call->attempt_id,
        .number = call->number,
    };
}

static const enum event_type types[] = {
    [LINE_DIALLED] = EVENT_CALL_STARTED,   [LINE_RINGING] = EVENT_CALL_RINGING,
    [LINE_ANSWERED] = EVENT_CALL_ANSWERED, [LINE_KEY] = EVENT_CALL_KEY,
    [LINE_OPT_OUT] = EVENT_OPT_OUT,        [LINE_TEXT] = EVENT_TEXT_QUEUED,
};

void notice_line(void *arg, enum line_event e, const struct line_call *call, const char *detail)
{
    struct event event = about(types[e], call);

    switch (e) {
    case LINE_OPT_OUT:
        snprintf(event.opt_out.list, sizeof(event.opt_out.list), "%s", detail);
        snprintf(event.opt_out.source, sizeof(event.opt_out.source), "call");
        break;
    case LINE_TEXT:
        snprintf(event.text.node, sizeof(event.text.node), "%s", detail);
        break;
    case LINE_KEY:
        event.call.key = detail[0];
        /* fall through */
    default:
        snprintf(event.call.trunk, sizeof(event.call.trunk), "%s", call->outcome.trunk);
        break;
    }
    bus_publish(arg, &event);
}

void notice_ended(struct bus *bus, const struct line_call *call)
{
    const struct call_outcome *o = &call->outcome;
    struct event event = about(EVENT_CALL_ENDED, call);

    event.at_ms = o->ended_ms;
    event.call.disposition = o->disposition;
    event.call.sip_status = o->sip_status;
    if (o->answered_ms && o->ended_ms > o->answered_ms)
        event.call.talk_ms = o->ended_ms - o->answered_ms;
    snprintf(event.call.trunk, sizeof(event.call.trunk), "%s", o->trunk);
    snprintf(event.call.reason, sizeof(event.call.reason), "%s", o->reason);
    bus_publish(bus, &event);
}

void notice_span(struct tracer *t, const struct trace_context *start, const struct line_call *call,
                 int attempt_no)
{
    const struct call_outcome *o = &call->outcome;
    struct trace_span s;

    if (!t || !start->sampled || !o->dialled_ms)
        return;
    trace_begin(t, &s, "call", TRACE_CLIENT, start);
    s.start_ms = o->dialled_ms;
    s.end_ms = o->ended_ms;
    trace_number(&s, "kolcast.campaign.id", call->campaign_id);
    trace_number(&s, "kolcast.call.id", call->attempt_id);
    trace_number(&s, "kolcast.call.attempt", attempt_no);
    trace_text(&s, "kolcast.call.outcome", disposition_name(o->disposition));
    trace_text(&s, "kolcast.call.ended_by", o->ended_by);
    trace_text(&s, "kolcast.trunk", o->trunk);
    trace_text(&s, "sip.call_id", o->sip_call_id);
    if (o->sip_status)
        trace_number(&s, "sip.response.status_code", o->sip_status);
    trace_event(&s, "INVITE", o->dialled_ms, 0);
    trace_event(&s, "ringing", o->ringing_ms, 0);
    trace_event(&s, "answered", o->answered_ms, 200);
    trace_event(&s, "ended", o->ended_ms, o->answered_ms ? 0 : o->sip_status);
    if (o->disposition == DISPOSITION_FAILED || o->disposition == DISPOSITION_CONGESTION)
        trace_fail(&s, o->reason);
    trace_end(t, &s);
}

void notice_state(struct bus *bus, int64_t campaign_id, enum campaign_state state,
                  const char *reason)
{
    struct event event = {.type = EVENT_CAMPAIGN_STATE, .campaign_id = campaign_id};

    event.campaign.state = state;
    snprintf(event.campaign.reason, sizeof(event.campaign.reason), "%s", reason);
    bus_publish(bus, &event);
}

void notice_pace(struct bus *bus, int64_t campaign_id, const struct pacing_change *c)
{
    struct event event = {.type = EVENT_CAMPAIGN_PACE, .campaign_id = campaign_id};

    event.pace.from_cps = c->from_cps;
    event.pace.to_cps = c->to_cps;
    snprintf(event.pace.reason, sizeof(event.pace.reason), "%s", c->reason);
    bus_publish(bus, &event);
}
