/* Hierarchical timer wheel, 1 ms ticks: start, stop and expiry cost the same at ten timers and at a
 * million. One wheel belongs to one thread. Timers are intrusive; nothing is allocated. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"

struct timer;
typedef void (*timer_fn)(struct timer *);

struct timer {
    struct list_node node; /* in one slot of the wheel while running */
    int64_t due_ms;
    timer_fn fn; /* set by the owner before the first start */
};

struct wheel;

int wheel_new(struct wheel **out, int64_t now_ms);
void wheel_free(struct wheel *w); /* timers still running are forgotten, not fired */

/* (Re)starts t to fire delay_ms after the wheel's current time, at the earliest on the next tick.
 */
void timer_start(struct wheel *w, struct timer *t, int64_t delay_ms);
void timer_stop(struct timer *t); /* harmless when not running */
static inline bool timer_running(const struct timer *t)
{
    return list_linked(&t->node);
}

/* Moves the wheel to now_ms and fires what is due, in order of time (ties: in order of start). */
void wheel_advance(struct wheel *w, int64_t now_ms);
int64_t wheel_now_ms(const struct wheel *w);
/* Milliseconds until something may be due (0: now), -1 when no timer runs. May be early, never
 * late. */
int64_t wheel_next_ms(const struct wheel *w);
