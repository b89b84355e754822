/* What the uploads share: a body that came into a file becomes a file of ours, on disk before it is
 * acknowledged. */
#pragma once

#include "api/call.h"

enum { UPLOAD_NAME_MAX = 64 };

/* Moves the body to the data folder's uploads, synced; name: "uploads/RANDOM". */
int upload_keep(struct api_call *c, char name[UPLOAD_NAME_MAX]);
/* Moves it to folder/file of the data folder, which must not be there yet (-EEXIST). */
int upload_keep_as(struct api_call *c, const char *folder, const char *file);
/* Removes what was kept and is not needed after all. */
void upload_drop(struct api_call *c, const char *name);

/* Breaks the reading off; one that waits never begins, and upload_cancelled, once that is stored,
 * removes its file. -EALREADY: it is over. */
int upload_cancel(struct api_call *c, struct store *s, int64_t work);
void upload_cancelled(struct api_call *c);
