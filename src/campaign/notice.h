/* What campaigns do, told on the event bus. bus may be NULL everywhere: nobody listens. Any thread.
 */
#pragma once

#include "campaign/pacing.h"
#include "event/bus.h"
#include "event/trace.h"
#include "line/line.h"

/* A line_watch_fn; arg is the bus. */
void notice_line(void *arg, enum line_event e, const struct line_call *call, const char *detail);
/* An attempt is over, dialled or not; its outcome is complete. */
void notice_ended(struct bus *bus, const struct line_call *call);
/* The same as a span below that of the campaign's start, when that is traced. t may be NULL. */
void notice_span(struct tracer *t, const struct trace_context *start, const struct line_call *call,
                 int attempt_no);
void notice_state(struct bus *bus, int64_t campaign_id, enum campaign_state state,
                  const char *reason);
void notice_pace(struct bus *bus, int64_t campaign_id, const struct pacing_change *c);
