/* Templates of texts: "Hello {{name|friend}}: https://…". Pure.
 *
 * {{column}} becomes the column's value, {{column|default}} the default where the value is missing
 * or empty; spaces around either do not count. Nothing is left of a variable without a value. */
#pragma once

#include <stddef.h>

/* The value of a name (not terminated: len bytes), NULL when there is none. */
typedef const char *(*template_lookup_fn)(void *arg, const char *name, size_t len);

/* Returns the length. -EINVAL: braces without their partner, or an empty name; -ENOSPC. out is
 * terminated, and empty on failure. */
int template_render(const char *text, template_lookup_fn lookup, void *arg, char *out, size_t size);
