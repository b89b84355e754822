/* Campaigns of the service: started, paused, cancelled by people, started by the clock when they
 * are scheduled, and gone on with after a restart. What a person has decided is on disk before the
 * function returns; whom the host calls follows from that. Any thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "campaign/host.h"
#include "store/writer.h"

struct runs;

struct runs_config {
    const char *store_url, *data_dir;
    const struct clock *clock;
    struct store_writer *writer;
    struct host *host;
    struct bus *bus;       /* or NULL */
    struct tracer *tracer; /* the same as the exchange's; NULL: no traces */
    bool rehearsal;        /* as in host_start */
};

int runs_new(struct runs **out, const struct runs_config *config, struct error *err);
/* Goes on with what was running, and watches the scheduled ones from now on. */
int runs_begin(struct runs *r, struct error *err);
/* Nothing is started any more. What runs is left to host_leave. */
void runs_end(struct runs *r);
void runs_free(struct runs *r); /* NULL-safe */

/* s: the caller's connection. All: 0 with err unset when it is so already. -ENOENT; -EPERM: not
 * from its state; -EBUSY: its calls are not over yet; -EINVAL, -ENODEV and others of the host. */
/* parent: the span of who asked for it; may be NULL. */
int runs_start(struct runs *r, struct store *s, int64_t id, const struct trace_context *parent,
               struct error *err);
int runs_pause(struct runs *r, struct store *s, int64_t id, bool hang_up, struct error *err);
int runs_cancel(struct runs *r, struct store *s, int64_t id, bool hang_up, struct error *err);
