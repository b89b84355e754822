/* Writes each change of pace into the store, in order (P39). What could not be stored is kept and
 * tried again. Belongs to one loop's thread; the store's writer answers it by message. */
#pragma once

#include <stdbool.h>

#include "base/clock.h"
#include "base/loop.h"
#include "campaign/pacing.h"
#include "store/writer.h"

struct pace_log;

int pace_log_new(struct pace_log **out, struct loop *loop, struct store_writer *writer,
                 const struct clock *clock, int64_t campaign_id);
/* The writer must have answered (pace_log_busy) or be gone. NULL-safe. */
void pace_log_free(struct pace_log *l);
/* trunk: whose pace, "" the campaign's own. */
void pace_log_add(struct pace_log *l, const char *trunk, const struct pacing_change *c);
/* Sends what is not stored yet, if anything. */
void pace_log_flush(struct pace_log *l);
bool pace_log_empty(const struct pace_log *l); /* all is stored */
bool pace_log_busy(const struct pace_log *l);  /* the writer has some of it now */
