/* FNV-like multiply-mix over 8-byte words, finished by splitmix's avalanche; linear probing with
 * backward-shift deletion, so that no tombstones pile up. */
#include "base/hash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

uint64_t hash_u64(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

uint64_t hash_bytes(const void *data, size_t len, uint64_t seed)
{
    const unsigned char *p = data;
    uint64_t h = hash_u64(seed ^ (0x9e3779b97f4a7c15u * (len + 1)));

    while (len >= 8) {
        uint64_t w;

        memcpy(&w, p, 8);
        h = hash_u64(h ^ w);
        p += 8;
        len -= 8;
    }
    if (len) {
        uint64_t w = 0;

        memcpy(&w, p, len);
        h = hash_u64(h ^ w);
    }
    return h;
}

void map_free(struct map *m)
{
    free(m->keys);
    free(m->values);
    *m = (struct map){0};
}

static size_t slot_of(const struct map *m, uint64_t key)
{
    size_t mask = m->cap - 1, i = hash_u64(key) & mask;

    while (m->keys[i] && m->keys[i] != key)
        i = (i + 1) & mask;
    return i;
}

static int grow(struct map *m)
{
    struct map bigger = {.cap = m->cap ? m->cap * 2 : 16, .count = m->count};

    bigger.keys = calloc(bigger.cap, sizeof(*bigger.keys));
    bigger.values = calloc(bigger.cap, sizeof(*bigger.values));
    if (!bigger.keys || !bigger.values) {
        map_free(&bigger);
        return -ENOMEM;
    }
    for (size_t i = 0; i < m->cap; i++) {
        size_t to;

        if (!m->keys[i])
            continue;
        to = slot_of(&bigger, m->keys[i]);
        bigger.keys[to] = m->keys[i];
        bigger.values[to] = m->values[i];
    }
    map_free(m);
    *m = bigger;
    return 0;
}

int map_put(struct map *m, uint64_t key, void *value)
{
    size_t i;

    if (!key)
        return -EINVAL;
    if ((m->count + 1) * 4 > m->cap * 3) {
        int rc = grow(m);

        if (rc)
            return rc;
    }
    i = slot_of(m, key);
    if (!m->keys[i]) {
        m->keys[i] = key;
        m->count++;
    }
    m->values[i] = value;
    return 0;
}

void *map_get(const struct map *m, uint64_t key)
{
    size_t i;

    if (!m->cap || !key)
        return NULL;
    i = slot_of(m, key);
    return m->keys[i] ? m->values[i] : NULL;
}

bool map_del(struct map *m, uint64_t key)
{
    size_t mask = m->cap - 1, hole;

    if (!m->cap || !key)
        return false;
    hole = slot_of(m, key);
    if (!m->keys[hole])
        return false;
    for (size_t i = (hole + 1) & mask; m->keys[i]; i = (i + 1) & mask) {
        size_t home = hash_u64(m->keys[i]) & mask;

        /* May the entry at i move back to the hole? Only if its home is not between them. */
        if (((i - home) & mask) < ((i - hole) & mask))
            continue;
        m->keys[hole] = m->keys[i];
        m->values[hole] = m->values[i];
        hole = i;
    }
    m->keys[hole] = 0;
    m->values[hole] = NULL;
    m->count--;
    return true;
}
