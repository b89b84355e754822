/* Intrusive doubly linked list. A node belongs to one list at most; a zeroed node is in none. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct list_node {
    struct list_node *prev, *next;
};

struct list {
    struct list_node head;
};

#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))
#define list_entry(node, type, member)  container_of(node, type, member)
#define list_for_each(l, it) \
    for (struct list_node *it = (l)->head.next; it != &(l)->head; it = it->next)
/* Safe when the body removes `it`. */
#define list_for_each_safe(l, it, tmp)                                             \
    for (struct list_node *it = (l)->head.next, *tmp = it->next; it != &(l)->head; \
         it = tmp, tmp = tmp->next)

static inline void list_init(struct list *l)
{
    l->head.prev = l->head.next = &l->head;
}

static inline bool list_empty(const struct list *l)
{
    return l->head.next == &l->head;
}

static inline bool list_linked(const struct list_node *n)
{
    return n->next != NULL;
}

static inline void list_insert_before(struct list_node *pos, struct list_node *n)
{
    n->prev = pos->prev;
    n->next = pos;
    pos->prev->next = n;
    pos->prev = n;
}

static inline void list_append(struct list *l, struct list_node *n)
{
    list_insert_before(&l->head, n);
}

static inline void list_prepend(struct list *l, struct list_node *n)
{
    list_insert_before(l->head.next, n);
}

static inline void list_remove(struct list_node *n)
{
    if (!n->next)
        return;
    n->prev->next = n->next;
    n->next->prev = n->prev;
    n->prev = n->next = NULL;
}

static inline struct list_node *list_first(const struct list *l)
{
    return list_empty(l) ? NULL : l->head.next;
}

static inline struct list_node *list_pop(struct list *l)
{
    struct list_node *n = list_first(l);

    if (n)
        list_remove(n);
    return n;
}
