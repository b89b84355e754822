/* The blacklist in memory: asked just before each dial and text, from any thread. A mirror of the
 * store's lists; the store stays the truth. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct blackset;

int blackset_new(struct blackset **out);
void blackset_free(struct blackset *b);
/* expires_ms: wall time, 0 for never. Adding twice keeps the later expiry. */
int blackset_add(struct blackset *b, uint64_t number, int64_t expires_ms);
void blackset_remove(struct blackset *b, uint64_t number);
bool blackset_contains(const struct blackset *b, uint64_t number, int64_t now_ms);
size_t blackset_count(const struct blackset *b);
