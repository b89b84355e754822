#include "base/arena.h"

#include <errno.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 64 * 1024, ALIGN = 16 };

struct block {
    struct block *next;
    size_t size, used;
    alignas(ALIGN) unsigned char data[];
};

struct arena {
    struct block *blocks; /* newest first; owned */
    size_t total, max;
};

int arena_new(struct arena **out, size_t max_bytes)
{
    struct arena *a = calloc(1, sizeof(*a));

    if (!a)
        return -ENOMEM;
    a->max = max_bytes ? max_bytes : (size_t)64 << 20;
    *out = a;
    return 0;
}

void arena_free(struct arena *a)
{
    if (!a)
        return;
    for (struct block *b = a->blocks, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    free(a);
}

void arena_reset(struct arena *a)
{
    while (a->blocks && a->blocks->next) {
        struct block *b = a->blocks;

        a->blocks = b->next;
        a->total -= b->size;
        free(b);
    }
    if (a->blocks)
        a->blocks->used = 0;
}

static struct block *block_add(struct arena *a, size_t size)
{
    struct block *b;
    size_t left = a->max - a->total;

    if (size > left)
        return NULL;
    if (size < BLOCK)
        size = BLOCK < left ? BLOCK : left / ALIGN * ALIGN;
    b = malloc(sizeof(*b) + size);
    if (!b)
        return NULL;
    b->size = size;
    b->used = 0;
    b->next = a->blocks;
    a->blocks = b;
    a->total += size;
    return b;
}

void *arena_alloc(struct arena *a, size_t size)
{
    struct block *b = a->blocks;
    void *p;

    if (size > a->max)
        return NULL;
    size = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    if (!b || b->size - b->used < size)
        b = block_add(a, size);
    if (!b)
        return NULL;
    p = b->data + b->used;
    b->used += size;
    return memset(p, 0, size);
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
    char *p;

    n = strnlen(s, n);
    p = arena_alloc(a, n + 1);
    if (p)
        memcpy(p, s, n);
    return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
    return arena_strndup(a, s, strlen(s));
}
