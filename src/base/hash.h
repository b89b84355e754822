/* Hash functions and an open-addressing map from 64-bit keys (0 is not a key) to pointers. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

uint64_t hash_bytes(const void *data, size_t len, uint64_t seed); /* seed it against crafted keys */
uint64_t hash_u64(uint64_t x);

struct map {
    uint64_t *keys;
    void **values;
    size_t count, cap; /* cap: power of two, grown at 3/4 */
};

void map_free(struct map *m);
int map_put(struct map *m, uint64_t key, void *value); /* replaces; -ENOMEM */
void *map_get(const struct map *m, uint64_t key);      /* NULL when absent */
bool map_del(struct map *m, uint64_t key);
