/* One event loop: epoll, a timer wheel and a mailbox. A loop belongs to the thread that runs it;
 * only loop_post, loop_wake and loop_stop may be called from other threads. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "base/clock.h"
#include "base/timer.h"

struct loop;
struct loop_fd;
typedef void (*loop_fd_fn)(struct loop_fd *, uint32_t events);

/* A watched descriptor, embedded in its owner. The owner closes fd after loop_fd_del. It is safe to
 * delete or free any watcher from within any callback of the same loop. */
struct loop_fd {
    int fd;
    loop_fd_fn fn;
    struct loop *loop; /* set while watched */
};

/* A message to a loop, embedded in its sender's object: bounded because its owners are. It may be
 * posted again once fn has been entered. */
struct loop_msg {
    struct loop_msg *next;
    void (*fn)(struct loop_msg *);
};

/* Called at the end of each turn, after events, timers and mailbox: for batched output. */
struct loop_hook {
    struct list_node node;
    void (*fn)(struct loop_hook *);
    struct loop *loop; /* set while added */
};

int loop_new(struct loop **out, const struct clock *clock);
void loop_free(struct loop *l);

int loop_run(struct loop *l); /* until loop_stop; returns 0 or a negative errno */
/* One turn, waiting at most max_wait_ms (-1: until something happens). */
int loop_turn(struct loop *l, int max_wait_ms);
void loop_stop(struct loop *l);

/* The time at the start of this turn, refreshed by loop_refresh: cheap. */
int64_t loop_now_us(const struct loop *l);
void loop_refresh(struct loop *l);
const struct clock *loop_clock(const struct loop *l);
struct wheel *loop_wheel(struct loop *l);

int loop_fd_add(struct loop *l, struct loop_fd *w, uint32_t events); /* EPOLLIN … */
int loop_fd_mod(struct loop_fd *w, uint32_t events);
void loop_fd_del(struct loop_fd *w); /* harmless when not watched */

void loop_hook_add(struct loop *l, struct loop_hook *h);
void loop_hook_del(struct loop_hook *h);

/* Lock-free, any thread; messages of one sender keep their order. */
void loop_post(struct loop *l, struct loop_msg *m);
void loop_wake(struct loop *l);

/* Each turn's work is observed there from now on (metric.h): how long others wait for this loop. */
struct metric_series;
void loop_measure(struct loop *l, struct metric_series *turns);
/* Microseconds this loop has spent working (not waiting) in total: its load. */
int64_t loop_busy_us(const struct loop *l);
