/* The live picture of a running campaign: redrawn in place on a terminal (ten times a second at
 * most), a line every few seconds elsewhere, a JSON line a second with --json. Belongs to the main
 * thread; log lines of other threads are put above the picture. */
#pragma once

#include <stdint.h>

#include "campaign/desk.h"

struct display;

int display_new(struct display **out, const char *campaign_name, bool quiet);
void display_free(struct display *d); /* removes the picture, gives log lines back to stderr */
/* stopping: 0 running, 1 finishing calls in progress, 2 ending them. */
void display_update(struct display *d, const struct desk_view *view, int stopping);
