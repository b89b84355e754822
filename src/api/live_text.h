/* Events as texts: what a thousand readers of one event are sent is written once. Belongs to the
 * server's loop. */
#pragma once

#include "event/bus.h"

struct live_texts;

int live_texts_new(struct live_texts **out);
void live_texts_free(struct live_texts *t); /* NULL-safe */
/* Good until the next call; NULL without memory. hide: as in event_json. */
const char *live_text(struct live_texts *t, const struct event *e, bool hide, size_t *len);
