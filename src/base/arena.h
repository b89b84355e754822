/* Bump allocator for what lives and dies together: an HTTP request, a parsed file, a compiled flow.
 */
#pragma once

#include <stddef.h>

struct arena;

int arena_new(struct arena **out, size_t max_bytes); /* 0: 64 MiB */
void arena_free(struct arena *a);
void arena_reset(struct arena *a);               /* keeps its first block */
void *arena_alloc(struct arena *a, size_t size); /* zeroed, 16-aligned; NULL past the maximum */
char *arena_strdup(struct arena *a, const char *s);
char *arena_strndup(struct arena *a, const char *s, size_t n);
