/* The figures of a moment, as /api/live sends them each second. Any thread. */
#pragma once

#include "campaign/desk.h"

struct api;

/* Both: JSON to be freed; NULL without memory. */
char *live_metrics_text(struct api *api);
char *live_progress_text(int64_t campaign, const struct desk_view *v);
