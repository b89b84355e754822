/* What the desk's files share: desk.c (life, thread, view), dispatch.c (from the store to the
 * lines), finish.c (from the lines to the store). All in the desk's thread but where told. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "base/list.h"
#include "base/loop.h"
#include "base/timer.h"
#include "campaign/best_hour.h"
#include "campaign/desk.h"
#include "campaign/pacing.h"

enum { CLAIM_MAX = 64, TICK_MS = 4, VIEW_MS = 200, REFRESH_MS = 1000, GIVE_UP_MS = 4000 };

/* One attempt from its claim to its record. Pooled; owned by the desk. */
struct attempt {
    struct line_call call; /* lent to a lane while dialled */
    struct list_node node; /* in desk.free, desk.ready or desk.unsaved */
    struct desk *desk;
    int attempt_no;
    struct store_finish finish;
    struct store_job job;
    struct loop_msg saved; /* writer → desk */
    int rc;
};

/* Contacts that open and close together. */
struct group {
    int64_t id, waiting, next_due_ms;
    zone_id zone;
    bool has_own;
    struct window_week own;
    struct best_hours hours;
};

struct desk {
    struct exchange *exchange;
    const struct clock *clock;
    const struct campaign *campaign;
    int64_t campaign_id;
    struct loop *loop;
    struct store *store;         /* for reading; the writer writes */
    struct store_writer *writer; /* the exchange's */
    struct line_voice voice;
    struct line_use use;
    struct pacing *pacing;
    pthread_t thread;
    bool threaded;
    struct timer tick;
    atomic_bool pausing, aborting;
    bool rehearsal, over;

    struct attempt *pool; /* owned */
    unsigned pool_size;
    struct list free, ready, unsaved;
    unsigned ready_count, in_flight, saving;

    struct group *groups; /* owned */
    unsigned group_count, group_cap;
    int64_t waiting; /* in all groups, at the last refresh */
    bool fresh;      /* nothing changed since the last refresh */
    int64_t view_due_ms, refresh_due_ms, claim_due_ms, failing_since_ms;

    struct { /* one claim at a time */
        struct store_job job;
        struct loop_msg done;
        bool busy;
        int rc, claimed, max;
        int64_t skipped;
        struct group *group;
        struct store_claim_query query;
        struct store_claim claims[CLAIM_MAX];
        char decision[640];
    } claim;

    int64_t started_calls, measured_calls, measured_us;
    pthread_mutex_t lock; /* view, finished */
    pthread_cond_t changed;
    struct desk_view view;
    bool finished;
};

int64_t desk_wall_ms(const struct desk *d);
int64_t desk_mono_us(const struct desk *d);
bool desk_stopping(struct desk *d);

/* dispatch.c */
int dispatch_refresh(struct desk *d); /* groups from the store */
void dispatch_claim(struct desk *d);  /* when more is needed */
void dispatch_release(struct desk *d);
void dispatch_give_back(struct desk *d); /* what is claimed but not dialled */
/* When the next group opens; 0: one is open, -1: none ever. */
int64_t dispatch_next_open(struct desk *d, int64_t now_ms);

/* finish.c */
void finish_attempt(struct attempt *a); /* its outcome is filled */
void finish_retry(struct desk *d);      /* what could not be saved */
