/* One batch is with the writer at a time; what comes meanwhile waits for the next one. */
#include "campaign/pace_log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "base/log.h"

/* A pacing changes once a second at most: this is an hour of a store that fails. */
enum { KEPT_MAX = 4096, BATCH_MAX = 32 };

struct pace_log {
    struct loop *loop;
    struct store_writer *writer;
    const struct clock *clock;
    int64_t campaign_id;
    struct store_pace *kept; /* owned */
    size_t count, cap;
    struct store_pace batch[BATCH_MAX]; /* copies of the first ones, while the writer has them */
    size_t sent;
    struct store_job job;
    struct loop_msg answer;
    int rc;
};

int pace_log_new(struct pace_log **out, struct loop *loop, struct store_writer *writer,
                 const struct clock *clock, int64_t campaign_id)
{
    struct pace_log *l = calloc(1, sizeof(*l));

    if (!l)
        return -ENOMEM;
    l->loop = loop;
    l->writer = writer;
    l->clock = clock;
    l->campaign_id = campaign_id;
    *out = l;
    return 0;
}

void pace_log_free(struct pace_log *l)
{
    if (!l)
        return;
    free(l->kept);
    free(l);
}

/* In the writer's thread. */
static int run(struct store_job *job, struct store *s)
{
    struct pace_log *l = container_of(job, struct pace_log, job);
    int rc = 0;

    for (size_t i = 0; i < l->sent && !rc; i++)
        rc = store_pace_add(s, l->campaign_id, &l->batch[i]);
    return rc;
}

static void on_answer(struct loop_msg *m)
{
    struct pace_log *l = container_of(m, struct pace_log, answer);
    size_t stored = l->rc ? 0 : l->sent;

    l->sent = 0;
    memmove(l->kept, l->kept + stored, (l->count - stored) * sizeof(*l->kept));
    l->count -= stored;
    if (!l->rc)
        pace_log_flush(l);
}

static void done(struct store_job *job, int rc)
{
    struct pace_log *l = container_of(job, struct pace_log, job);

    l->rc = rc;
    l->answer.fn = on_answer;
    loop_post(l->loop, &l->answer);
}

void pace_log_flush(struct pace_log *l)
{
    if (l->sent > 0 || l->count == 0)
        return;
    l->sent = l->count < BATCH_MAX ? l->count : BATCH_MAX;
    memcpy(l->batch, l->kept, l->sent * sizeof(*l->batch));
    l->job.run = run;
    l->job.done = done;
    store_writer_post(l->writer, &l->job);
}

static int grow(struct pace_log *l)
{
    size_t cap = l->cap ? 2 * l->cap : 16;
    struct store_pace *bigger;

    if (l->count < l->cap)
        return 0;
    if (cap > KEPT_MAX)
        return -ENOBUFS;
    bigger = realloc(l->kept, cap * sizeof(*bigger));
    if (!bigger)
        return -ENOMEM;
    l->kept = bigger;
    l->cap = cap;
    return 0;
}

void pace_log_add(struct pace_log *l, const char *trunk, const struct pacing_change *c)
{
    struct store_pace *p;
    int rc = grow(l);

    if (rc) {
        log_error("a change of pace is not recorded", "error=\"%s\" from=%.3g to=%.3g",
                  strerror(-rc), c->from_cps, c->to_cps);
        return;
    }
    p = &l->kept[l->count++];
    *p = (struct store_pace){
        .at_ms = clock_wall_ms(l->clock), .from_cps = c->from_cps, .to_cps = c->to_cps};
    snprintf(p->trunk, sizeof(p->trunk), "%s", trunk);
    snprintf(p->reason, sizeof(p->reason), "%s", c->reason);
    pace_log_flush(l);
}

bool pace_log_empty(const struct pace_log *l)
{
    return l->count == 0;
}

bool pace_log_busy(const struct pace_log *l)
{
    return l->sent > 0;
}
