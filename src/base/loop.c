#include "base/loop.h"

#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/metric.h"

enum { EVENTS_MAX = 128 };

struct loop {
    const struct clock *clock;
    struct wheel *wheel; /* owned */
    int epoll_fd, wake_fd;
    int64_t now_us, busy_us;
    struct metric_series *turns; /* NULL: nobody asked */
    struct list hooks;
    struct list_node *next_hook; /* the one after the hook that runs */
    struct epoll_event events[EVENTS_MAX];
    int event, event_count;             /* the batch being delivered */
    _Atomic(struct loop_msg *) mailbox; /* newest first; any thread pushes */
    atomic_bool stop;
};

static void drain_wake(struct loop *l)
{
    uint64_t count;

    while (read(l->wake_fd, &count, sizeof(count)) < 0 && errno == EINTR)
        ;
}

int loop_new(struct loop **out, const struct clock *clock)
{
    struct loop *l = calloc(1, sizeof(*l));
    struct epoll_event ev = {.events = EPOLLIN};
    int rc;

    if (!l)
        return -ENOMEM;
    l->clock = clock;
    l->now_us = clock_mono_us(clock);
    list_init(&l->hooks);
    l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    l->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (l->epoll_fd < 0 || l->wake_fd < 0 ||
        epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, l->wake_fd, &ev)) {
        rc = -errno;
        loop_free(l);
        return rc;
    }
    rc = wheel_new(&l->wheel, l->now_us / 1000);
    if (rc) {
        loop_free(l);
        return rc;
    }
    *out = l;
    return 0;
}

void loop_free(struct loop *l)
{
    if (!l)
        return;
    if (l->epoll_fd >= 0)
        close(l->epoll_fd);
    if (l->wake_fd >= 0)
        close(l->wake_fd);
    wheel_free(l->wheel);
    free(l);
}

void loop_refresh(struct loop *l)
{
    l->now_us = clock_mono_us(l->clock);
}

int64_t loop_now_us(const struct loop *l)
{
    return l->now_us;
}

const struct clock *loop_clock(const struct loop *l)
{
    return l->clock;
}

struct wheel *loop_wheel(struct loop *l)
{
    return l->wheel;
}

void loop_measure(struct loop *l, struct metric_series *turns)
{
    l->turns = turns;
}

int64_t loop_busy_us(const struct loop *l)
{
    return l->busy_us;
}

/* How long epoll may sleep: until the next timer, at most max_wait_ms. */
static int wait_ms(struct loop *l, int max_wait_ms)
{
    int64_t next = wheel_next_ms(l->wheel), left;

    if (atomic_load_explicit(&l->mailbox, memory_order_relaxed) ||
        atomic_load_explicit(&l->stop, memory_order_relaxed))
        return 0;
    if (next < 0)
        return max_wait_ms;
    left = wheel_now_ms(l->wheel) + next - l->now_us / 1000;
    if (left < 0)
        left = 0;
    if (left > INT_MAX)
        left = INT_MAX;
    return max_wait_ms >= 0 && max_wait_ms < left ? max_wait_ms : (int)left;
}

static void deliver_events(struct loop *l)
{
    for (l->event = 0; l->event < l->event_count; l->event++) {
        struct epoll_event *ev = &l->events[l->event];
        struct loop_fd *w = ev->data.ptr;

        if (w)
            w->fn(w, ev->events);
    }
    l->event_count = 0;
}

static void deliver_messages(struct loop *l)
{
    struct loop_msg *m = atomic_exchange_explicit(&l->mailbox, NULL, memory_order_acquire);
    struct loop_msg *in_order = NULL;

    while (m) {
        struct loop_msg *next = m->next;

        m->next = in_order;
        in_order = m;
        m = next;
    }
    while (in_order) {
        struct loop_msg *next = in_order->next; /* fn may post or free the message */

        in_order->fn(in_order);
        in_order = next;
    }
}

static void run_hooks(struct loop *l)
{
    for (struct list_node *n = l->hooks.head.next; n != &l->hooks.head; n = l->next_hook) {
        l->next_hook = n->next;
        list_entry(n, struct loop_hook, node)->fn(list_entry(n, struct loop_hook, node));
    }
    l->next_hook = NULL;
}

int loop_turn(struct loop *l, int max_wait_ms)
{
    int64_t started, worked;
    int n, rc = 0;

    loop_refresh(l);
    n = epoll_wait(l->epoll_fd, l->events, EVENTS_MAX, wait_ms(l, max_wait_ms));
    if (n < 0) {
        rc = errno == EINTR ? 0 : -errno;
        n = 0;
    }
    loop_refresh(l);
    started = l->now_us;
    l->event = 0; /* a timer may delete a watcher of this batch */
    l->event_count = n;
    for (int i = 0; i < n; i++)
        if (!l->events[i].data.ptr)
            drain_wake(l);
    wheel_advance(l->wheel, l->now_us / 1000);
    deliver_events(l);
    deliver_messages(l);
    run_hooks(l);
    worked = clock_mono_us(l->clock) - started;
    l->busy_us += worked;
    if (l->turns)
        metric_observe(l->turns, worked);
    return rc;
}

int loop_run(struct loop *l)
{
    int rc = 0;

    while (!rc && !atomic_load_explicit(&l->stop, memory_order_acquire))
        rc = loop_turn(l, -1);
    atomic_store_explicit(&l->stop, false, memory_order_relaxed);
    return rc;
}

void loop_stop(struct loop *l)
{
    atomic_store_explicit(&l->stop, true, memory_order_release);
    loop_wake(l);
}

int loop_fd_add(struct loop *l, struct loop_fd *w, uint32_t events)
{
    struct epoll_event ev = {.events = events, .data.ptr = w};

    if (epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, w->fd, &ev))
        return -errno;
    w->loop = l;
    return 0;
}

int loop_fd_mod(struct loop_fd *w, uint32_t events)
{
    struct epoll_event ev = {.events = events, .data.ptr = w};

    if (!w->loop)
        return -ENOENT;
    return epoll_ctl(w->loop->epoll_fd, EPOLL_CTL_MOD, w->fd, &ev) ? -errno : 0;
}

void loop_fd_del(struct loop_fd *w)
{
    struct loop *l = w->loop;

    if (!l)
        return;
    epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, w->fd, NULL);
    w->loop = NULL;
    /* Its owner may free it now: forget what the current batch still holds for it. */
    for (int i = l->event; i < l->event_count; i++)
        if (l->events[i].data.ptr == w)
            l->events[i].data.ptr = NULL;
}

void loop_hook_add(struct loop *l, struct loop_hook *h)
{
    h->loop = l;
    list_append(&l->hooks, &h->node);
}

void loop_hook_del(struct loop_hook *h)
{
    struct loop *l = h->loop;

    if (l && l->next_hook == &h->node)
        l->next_hook = h->node.next;
    list_remove(&h->node);
    h->loop = NULL;
}

void loop_post(struct loop *l, struct loop_msg *m)
{
    struct loop_msg *old = atomic_load_explicit(&l->mailbox, memory_order_relaxed);

    do
        m->next = old;
    while (!atomic_compare_exchange_weak_explicit(&l->mailbox, &old, m, memory_order_release,
                                                  memory_order_relaxed));
    /* Whoever finds it empty wakes the loop; the others' messages go with the first. */
    if (!old)
        loop_wake(l);
}

void loop_wake(struct loop *l)
{
    uint64_t one = 1;

    while (write(l->wake_fd, &one, sizeof(one)) < 0 && errno == EINTR)
        ;
}
