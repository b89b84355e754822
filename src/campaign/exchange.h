/* What campaigns that run side by side share: the lanes and trunks with their caps, the store's
 * writer, and the do-not-call lists in memory. One exchange for a process; each campaign's desk
 * works on it from a thread of its own.
 *
 * Life: exchange_new opens everything; desks come and go; exchange_free when no desk is left. All
 * functions may be called from any desk's thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "campaign/pacing.h"
#include "event/bus.h"
#include "event/trace.h"
#include "line/line.h"
#include "store/writer.h"

struct exchange;

enum { EXCHANGE_CHANGES_KEPT = 64 };

struct exchange_config {
    const char *store_url;
    const struct clock *clock;
    struct store_writer *writer; /* borrowed; NULL: one of its own */
    const struct line_driver *driver;
    struct line_config line; /* trunks and limits; the exchange fills clock, writer, blackset */
    struct bus *bus;         /* told of what happens; may be NULL */
    struct tracer *tracer;   /* NULL: no traces */
    double cps_max;          /* over all campaigns, calls started per second; 0: none */
};

int exchange_new(struct exchange **out, const struct exchange_config *config, struct error *err);
void exchange_free(struct exchange *x); /* NULL-safe; every desk on it must be gone */

const struct exchange_config *exchange_config(const struct exchange *x);
struct store_writer *exchange_writer(struct exchange *x);
void exchange_line_stats(struct exchange *x, struct line_stats *out);

/* True once, for the first who asks: whoever runs first ends what a crash left, of all campaigns.
 */
bool exchange_first(struct exchange *x);

/* Brings the lists in memory up to date with the store, cheaply when nothing changed; calls that
 * ring to a number that came onto a list are hung up. */
int exchange_refresh(struct exchange *x);

/* Is the number on a list, as far as the lists in memory know? */
bool exchange_blacklisted(struct exchange *x, uint64_t number, int64_t now_ms);

/* A campaign that asks for at most cps calls a second begins, or ends. */
void exchange_join(struct exchange *x, double cps);
void exchange_leave(struct exchange *x, double cps);

/* Which trunks a campaign may use, as bits: those of its names, all when it names none. 0 with err:
 * one that it names is not open. */
uint32_t exchange_trunks(struct exchange *x, const struct line_trunk_config *named, unsigned count,
                         struct error *err);
/* Takes a line of one of these trunks that is registered and has room, in number and rate, within
 * the caps over all campaigns (S5): of the lowest order that has such a one, by their weights.
 * Returns its index; -1: none now. exchange_give
 * when its call is over, exchange_sign with what its end says about the trunk: trouble slows it
 * down, for all. */
int exchange_take(struct exchange *x, uint32_t trunks, int64_t now_us);
void exchange_give(struct exchange *x, int trunk);
/* Will one of these trunks probably take a call within so long? Whether it has room is not asked.
 */
bool exchange_usable(struct exchange *x, uint32_t trunks, int64_t now_us, int64_t within_us);
void exchange_sign(struct exchange *x, int trunk, int64_t now_us, const struct pacing_event *e);

/* Calls a second that the trunks and the cap over all campaigns allow now. */
double exchange_cps(struct exchange *x);
bool exchange_slowed(struct exchange *x); /* is one of the trunks? */
/* The changes of the trunks' pace from number *seq on, which moves on to the next to come; oldest
 * first. *seq is one's own: start with UINT64_MAX, which skips those before. The newest
 * EXCHANGE_CHANGES_KEPT are known: ask more often than they can come. */
void exchange_pace(struct exchange *x, uint64_t *seq,
                   void (*fn)(void *arg, const char *trunk, const struct pacing_change *c),
                   void *arg);

void exchange_dial(struct exchange *x, struct line_call *call, void (*done)(struct line_call *));
/* Ends all calls of a campaign whose use->ending is set. */
void exchange_recheck(struct exchange *x);
