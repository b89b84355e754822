/* What the desk's files share: desk.c (life and thread), dispatch.c (from the store to the lines),
 * finish.c (from the lines to the store), view.c (what others see). All in the desk's thread but
 * where told. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "base/list.h"
#include "base/loop.h"
#include "base/timer.h"
#include "campaign/best_hour.h"
#include "campaign/desk.h"
#include "campaign/forecast.h"
#include "campaign/pace_log.h"
#include "campaign/pacing.h"

enum {
    CLAIM_MAX = 64,
    TICK_MS = 4,
    VIEW_MS = 200,
    REFRESH_MS = 1000,
    FORECAST_MS = 1000,
    RETRY_LEAST_MS = 250, /* of a failed store operation; doubled each time */
    RETRY_MOST_MS = 4000,
    GIVE_UP_MS = 20000, /* a store that fails for so long ends the run */
};

/* One attempt from its claim to its record. Pooled; owned by the desk. */
struct attempt {
    struct line_call call; /* lent to a lane while dialled */
    struct list_node node; /* in desk.free, desk.passed, desk.ready or desk.unsaved */
    struct desk *desk;
    int attempt_no;
    uint8_t earlier[DISPOSITION_COUNT]; /* how the person's earlier attempts ended */
    uint32_t tried;                     /* trunks that failed it: it is passed on to another */
    int64_t passed_us;                  /* since when it waits for that one */
    int64_t again_id;                   /* the attempt it goes on as: the writer fills it */
    int64_t released_us;                /* when it was handed to a lane, 0: it was not */
    int64_t released_ms;                /* the same by the wall's clock */
    bool up;                            /* between dial and outcome */
    int64_t saving_us;                  /* when it was given to the writer */
    struct store_finish finish;
    struct store_job job;
    struct loop_msg saved; /* writer → desk */
    int rc;
};

/* Contacts that open and close together. */
struct group {
    int64_t id, waiting, next_due_ms, last_due_ms;
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
    struct pacing *pacing; /* the campaign's own */
    struct pace_log *pace_log;
    uint64_t pace_seq; /* of the trunks' changes */
    bool joined;
    pthread_t thread;
    bool threaded;
    struct timer tick;
    uint32_t trunks; /* those of the exchange that it may use, as bits */
    atomic_bool pausing, aborting, leaving;
    bool over;

    struct attempt *pool; /* owned */
    unsigned pool_size;
    struct list free, ready, unsaved;
    struct list passed; /* as ready, but tried before: they go first, through another trunk */
    unsigned ready_count, passed_count;
    unsigned in_flight, saving, unsaved_count; /* unsaved ones are in saving, too */

    struct group *groups; /* owned */
    unsigned group_count, group_cap;
    int64_t waiting; /* in all groups, at the last refresh */
    bool fresh;      /* nothing changed since the last refresh */
    /* By desk_mono_ms: what the desk does again and again must not wait for an hour, nor come in a
     * rush, when the time of day is set. */
    int64_t view_due_ms, refresh_due_ms, failing_since_ms;
    int64_t retry_due_ms, retry_wait_ms; /* of what could not be stored */
    int64_t lag_us; /* the longest way of a record to the disk since the last look */

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
    struct forecast forecast;
    int64_t again_waiting;   /* people who wait for another call, as far as this process knows */
    int64_t forecast_due_ms; /* by desk_mono_ms */
    int64_t *ages_ms;        /* owned: room for the pool */
    pthread_mutex_t lock;    /* view, finished */
    pthread_cond_t changed;
    struct desk_view view;
    bool finished;
};

int64_t desk_wall_ms(const struct desk *d);
int64_t desk_mono_us(const struct desk *d);
int64_t desk_mono_ms(const struct desk *d);
bool desk_stopping(struct desk *d);
/* The store failed: the next try waits longer; it worked: the next failure waits little. */
void desk_store_answered(struct desk *d, int rc);
void desk_hear_trunks(struct desk *d); /* the changes of their pace */

/* dispatch.c */
int dispatch_refresh(struct desk *d); /* groups from the store */
void dispatch_claim(struct desk *d);  /* when more is needed */
void dispatch_release(struct desk *d);
void dispatch_give_back(struct desk *d); /* what is claimed but not dialled */
/* Through a trunk that it was not tried through. False: none takes it now. */
bool dispatch_dial(struct attempt *a);
/* What was claimed ends without a call. */
void dispatch_drop(struct attempt *a, enum disposition disposition, const char *why);
/* When the next group opens; 0: one is open, -1: none ever. */
int64_t dispatch_next_open(struct desk *d, int64_t now_ms);
/* Calls a second that the campaign and its trunks allow now. */
double dispatch_cps(const struct desk *d);

/* pass_on.c: calls that a trunk failed. */
bool pass_on_wanted(struct attempt *a); /* its outcome is filled; marks the trunk as tried */
void pass_on_take(struct attempt *a);   /* the attempt it goes on as is in the store */
void pass_on_release(struct desk *d);   /* those that another trunk has room for */
void pass_on_give_back(struct desk *d);

/* finish.c */
void finish_attempt(struct attempt *a); /* its outcome is filled */
void finish_retry(struct desk *d);      /* what could not be saved */

/* view.c */
void view_start(struct desk *d);                /* before the thread runs */
void view_look(struct desk *d, int64_t now_ms); /* refreshes what desk_view gives */
