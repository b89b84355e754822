/* The loop: descriptors, timers, hooks, and messages from other threads (run it under TSan too:
 * -Db_sanitize=thread). */
#include "base/loop.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static struct loop *loop;

static int setup(void **state)
{
    (void)state;
    return loop_new(&loop, &clock_system);
}

static int teardown(void **state)
{
    (void)state;
    loop_free(loop);
    loop = NULL;
    return 0;
}

struct watched {
    struct loop_fd w;
    int calls;
    struct watched *kills;
};

static void on_fd(struct loop_fd *w, uint32_t events)
{
    struct watched *me = (struct watched *)w;
    char c;

    assert_true(events & EPOLLIN);
    me->calls++;
    assert_int_equal(read(w->fd, &c, 1), 1);
    if (me->kills) {
        loop_fd_del(&me->kills->w);
        close(me->kills->w.fd);
        memset(me->kills, 0xee, sizeof(*me->kills)); /* as if freed and used again */
    }
}

static void test_descriptors(void **state)
{
    int fds[2];
    struct watched a = {.w.fn = on_fd};

    (void)state;
    assert_int_equal(pipe(fds), 0);
    a.w.fd = fds[0];
    assert_int_equal(loop_fd_mod(&a.w, EPOLLIN), -ENOENT);
    assert_int_equal(loop_fd_add(loop, &a.w, EPOLLIN), 0);
    assert_int_equal(loop_turn(loop, 0), 0);
    assert_int_equal(a.calls, 0);
    assert_int_equal(write(fds[1], "xy", 2), 2);
    assert_int_equal(loop_turn(loop, 1000), 0);
    assert_int_equal(a.calls, 1);
    assert_int_equal(loop_fd_mod(&a.w, 0), 0); /* deaf */
    assert_int_equal(loop_turn(loop, 0), 0);
    assert_int_equal(a.calls, 1);
    assert_int_equal(loop_fd_mod(&a.w, EPOLLIN), 0);
    assert_int_equal(loop_turn(loop, 1000), 0);
    assert_int_equal(a.calls, 2);
    loop_fd_del(&a.w);
    loop_fd_del(&a.w);
    assert_int_equal(write(fds[1], "z", 1), 1);
    assert_int_equal(loop_turn(loop, 0), 0);
    assert_int_equal(a.calls, 2);
    close(fds[0]);
    close(fds[1]);
    a.w.fd = -1;
    assert_int_equal(loop_fd_add(loop, &a.w, EPOLLIN), -EBADF);
    assert_null(a.w.loop);
}

/* Both are ready in one batch; whichever runs first deletes the other. */
static void test_delete_within_batch(void **state)
{
    int x[2], y[2];
    struct watched a = {.w.fn = on_fd}, b = {.w.fn = on_fd};

    (void)state;
    assert_int_equal(pipe(x), 0);
    assert_int_equal(pipe(y), 0);
    a.w.fd = x[0];
    b.w.fd = y[0];
    a.kills = &b;
    b.kills = &a;
    assert_int_equal(loop_fd_add(loop, &a.w, EPOLLIN), 0);
    assert_int_equal(loop_fd_add(loop, &b.w, EPOLLIN), 0);
    assert_int_equal(write(x[1], "x", 1), 1);
    assert_int_equal(write(y[1], "y", 1), 1);
    assert_int_equal(loop_turn(loop, 1000), 0);
    /* One was called once; the other is filled with 0xee, untouched since. */
    assert_true((a.calls == 1) != (b.calls == 1));
    loop_fd_del(a.calls == 1 ? &a.w : &b.w);
    close(a.calls == 1 ? x[0] : y[0]);
    close(x[1]);
    close(y[1]);
}

struct ticking {
    struct timer t;
    int fired;
    struct watched *kills;
};

static void on_timer(struct timer *t)
{
    struct ticking *me = (struct ticking *)t;

    me->fired++;
    if (me->kills) {
        loop_fd_del(&me->kills->w);
        close(me->kills->w.fd);
        memset(me->kills, 0xee, sizeof(*me->kills));
    } else {
        loop_stop(loop);
    }
}

static void test_timer_deletes_ready_watcher(void **state)
{
    int x[2];
    struct watched a = {.w.fn = on_fd};
    struct ticking t = {.t.fn = on_timer, .kills = &a};

    (void)state;
    assert_int_equal(pipe(x), 0);
    a.w.fd = x[0];
    assert_int_equal(loop_fd_add(loop, &a.w, EPOLLIN), 0);
    assert_int_equal(write(x[1], "x", 1), 1);
    timer_start(loop_wheel(loop), &t.t, 1);
    usleep(5000);
    assert_int_equal(loop_turn(loop, 1000), 0);
    assert_int_equal(t.fired, 1);
    assert_int_equal(a.calls, (int)0xeeeeeeee);
    close(x[1]);
}

static void test_timers_are_on_time(void **state)
{
    struct ticking t = {.t.fn = on_timer};
    int64_t started, took;

    (void)state;
    loop_refresh(loop);
    started = loop_now_us(loop);
    timer_start(loop_wheel(loop), &t.t, 30);
    assert_int_equal(loop_run(loop), 0);
    took = clock_mono_us(&clock_system) - started;
    assert_int_equal(t.fired, 1);
    assert_true(took >= 28000); /* ticks are of whole milliseconds */
    assert_true(took < 2000000);
    assert_ptr_equal(loop_clock(loop), &clock_system);
    assert_true(loop_busy_us(loop) < took);
}

static void test_stop_before_run(void **state)
{
    (void)state;
    loop_stop(loop);
    assert_int_equal(loop_run(loop), 0); /* returns */
}

struct hooked {
    struct loop_hook h;
    int calls;
    struct hooked *kills;
};

static void on_hook(struct loop_hook *h)
{
    struct hooked *me = (struct hooked *)h;

    me->calls++;
    if (me->kills)
        loop_hook_del(&me->kills->h);
}

static void test_hooks(void **state)
{
    struct hooked a = {.h.fn = on_hook}, b = {.h.fn = on_hook}, c = {.h.fn = on_hook};

    (void)state;
    loop_hook_add(loop, &a.h);
    loop_hook_add(loop, &b.h);
    loop_hook_add(loop, &c.h);
    assert_int_equal(loop_turn(loop, 0), 0);
    a.kills = &b; /* the next one goes */
    assert_int_equal(loop_turn(loop, 0), 0);
    a.kills = &a; /* itself */
    assert_int_equal(loop_turn(loop, 0), 0);
    assert_int_equal(loop_turn(loop, 0), 0);
    assert_int_equal(a.calls, 3);
    assert_int_equal(b.calls, 1);
    assert_int_equal(c.calls, 4);
    loop_hook_del(&c.h);
    loop_hook_del(&c.h);
}

/* Senders post in order and each waits for nobody; the last message of all stops the loop. */
enum { SENDERS = 4, MESSAGES = 20000 };

struct numbered {
    struct loop_msg msg;
    int sender, n;
};

static int expected[SENDERS];
static int received, disorder;

static void on_numbered(struct loop_msg *m)
{
    struct numbered *me = (struct numbered *)m;

    disorder += expected[me->sender]++ != me->n;
    free(me); /* nothing may touch it afterwards */
    if (++received == SENDERS * MESSAGES)
        loop_stop(loop);
}

static void *send_all(void *arg)
{
    for (int i = 0; i < MESSAGES; i++) {
        struct numbered *m = calloc(1, sizeof(*m));

        if (!m)
            abort();
        *m = (struct numbered){{.fn = on_numbered}, *(int *)arg, i};
        loop_post(loop, &m->msg);
    }
    return NULL;
}

static void test_cross_thread(void **state)
{
    pthread_t threads[SENDERS];
    int ids[SENDERS];

    (void)state;
    for (int i = 0; i < SENDERS; i++) {
        ids[i] = i;
        assert_int_equal(pthread_create(&threads[i], NULL, send_all, &ids[i]), 0);
    }
    assert_int_equal(loop_run(loop), 0); /* a lost wake-up would hang here */
    for (int i = 0; i < SENDERS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(received, SENDERS * MESSAGES);
    assert_int_equal(disorder, 0);
}

/* One message goes to and fro between two loops: it may be posted again once fn was entered. */
struct pingpong {
    struct loop_msg msg;
    struct loop *loops[2];
    int side, left;
};

static void on_pingpong(struct loop_msg *m)
{
    struct pingpong *p = (struct pingpong *)m;

    if (p->left-- == 0) {
        loop_stop(p->loops[0]);
        loop_stop(p->loops[1]);
        return;
    }
    p->side = !p->side;
    loop_post(p->loops[p->side], m);
}

static void *run_other(void *arg)
{
    loop_run(arg);
    return NULL;
}

static void test_ping_pong(void **state)
{
    struct loop *other;
    pthread_t thread;
    struct pingpong p = {.msg.fn = on_pingpong, .left = 20000};

    (void)state;
    assert_int_equal(loop_new(&other, &clock_system), 0);
    p.loops[0] = loop;
    p.loops[1] = other;
    assert_int_equal(pthread_create(&thread, NULL, run_other, other), 0);
    loop_post(loop, &p.msg);
    assert_int_equal(loop_run(loop), 0);
    pthread_join(thread, NULL);
    loop_free(other);
    assert_int_equal(p.left, -1);
}

static void on_self(struct loop_msg *m)
{
    struct pingpong *p = (struct pingpong *)m;

    if (--p->left > 0)
        loop_post(loop, m);
}

/* A message that posts itself is delivered on the next turn: it cannot starve the rest. */
static void test_post_from_message(void **state)
{
    struct pingpong p = {.msg.fn = on_self, .left = 3};

    (void)state;
    loop_post(loop, &p.msg);
    for (int left = 2; left >= 0; left--) {
        assert_int_equal(loop_turn(loop, 1000), 0);
        assert_int_equal(p.left, left);
    }
    assert_int_equal(loop_turn(loop, 0), 0);
    assert_int_equal(p.left, 0);
}

static void test_virtual_clock(void **state)
{
    struct clock_virtual v;
    struct loop *l;
    struct ticking t = {.t.fn = on_timer};
    struct loop *real = loop;

    (void)state;
    clock_virtual_init(&v, 0);
    assert_int_equal(loop_new(&l, &v.clock), 0);
    loop = l;
    timer_start(loop_wheel(l), &t.t, 3600 * 1000);
    clock_virtual_advance(&v, (int64_t)3599999 * 1000);
    assert_int_equal(loop_turn(l, 0), 0);
    assert_int_equal(t.fired, 0);
    clock_virtual_advance(&v, 1000);
    assert_int_equal(loop_turn(l, 0), 0);
    assert_int_equal(t.fired, 1);
    loop_free(l);
    loop_free(NULL);
    loop = real;
}

#define LOOP_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOOP_TEST(test_descriptors),
        LOOP_TEST(test_delete_within_batch),
        LOOP_TEST(test_timer_deletes_ready_watcher),
        LOOP_TEST(test_timers_are_on_time),
        LOOP_TEST(test_stop_before_run),
        LOOP_TEST(test_hooks),
        LOOP_TEST(test_cross_thread),
        LOOP_TEST(test_ping_pong),
        LOOP_TEST(test_post_from_message),
        LOOP_TEST(test_virtual_clock),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
