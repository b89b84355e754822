/* Lists and contacts one by one, beside imports. Conventions of store/store.h. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"

/* -EEXIST: there is a list of this name. */
int store_list_add(struct store *s, const char *name, int64_t *id);
int store_list_rename(struct store *s, int64_t id, const char *name);
/* With its contacts and imports. -EBUSY: a campaign uses it, or an import into it is open. */
int store_list_remove(struct store *s, int64_t id);

/* By hand: the contact belongs to an import of the list that stands for all of those. -EEXIST: the
 * number is in the list; -ENOENT: no such list. */
int store_contact_add(struct store *s, const struct store_contact *c, int64_t *id);
/* Name, language, zone, window, extra. Targets move to the group that they belong to now. -EBUSY:
 * is being called. */
int store_contact_change(struct store *s, int64_t id, const struct store_contact *c);
/* Waiting targets become `removed`. -EBUSY: is being called. */
int store_contact_remove(struct store *s, int64_t id);

/* An import that is known before its file is read: store_import_stage begins the reading, and what
 * was staged before is forgotten. When it is given up its row stays, `open`. */
int store_import_open(struct store *s, int64_t list_id, const char *file, int64_t *import_id);
int store_import_stage(struct store *s, int64_t import_id);
