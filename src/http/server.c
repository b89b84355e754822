/* The server: its port, its threads, its beginning and end. */
#include "http/server.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/metric.h"
#include "http/frame.h"
#include "http/http_priv.h"

/* ---- the loop's thread ---------------------------------------------------------------------- */

static void each_conn(struct list *list, void (*fn)(struct conn *))
{
    struct list all;

    list_init(&all); /* fn may move it to any list */
    for (struct list_node *n; (n = list_pop(list));)
        list_append(&all, n);
    for (struct list_node *n; (n = list_pop(&all));) {
        list_append(list, n);
        fn(list_entry(n, struct conn, node));
    }
}

static void stop_conn(struct conn *c)
{
    if (c->state == CONN_HANDSHAKE)
        conn_kill(c);
    else if (c->state == CONN_OPEN)
        c->proto->stop(c);
    conn_flush(c);
}

static void kill_all(struct http_server *s)
{
    each_conn(&s->busy, conn_kill);
    each_conn(&s->waiting, conn_kill);
    each_conn(&s->sockets, conn_kill);
}

static void on_grace(struct timer *t)
{
    kill_all(container_of(t, struct http_server, grace));
}

static void on_stop(struct loop_msg *m)
{
    struct http_server *s = container_of(m, struct http_server, stop_msg);

    s->stopping = true;
    listen_stop(s);
    each_conn(&s->busy, stop_conn);
    each_conn(&s->waiting, stop_conn);
    each_conn(&s->sockets, stop_conn);
    if (s->grace_ms > 0)
        timer_start(loop_wheel(s->loop), &s->grace, s->grace_ms);
    else
        kill_all(s);
}

static void on_wake(struct loop_msg *m)
{
    struct http_server *s = container_of(m, struct http_server, wake_msg);

    atomic_store_explicit(&s->wake_posted, false, memory_order_release);
    socket_wake(s);
}

static void on_reload(struct loop_msg *m)
{
    struct http_server *s = container_of(m, struct http_server, reload_msg);

    atomic_store_explicit(&s->reload_posted, false, memory_order_release);
    tls_watch(s->tls, true);
}

static void on_watch(struct timer *t)
{
    struct http_server *s = container_of(t, struct http_server, watch_timer);

    tls_watch(s->tls, false);
    timer_start(loop_wheel(s->loop), t, s->c.tls_watch_ms);
}

static void after_turn(struct loop_hook *h)
{
    struct http_server *s = container_of(h, struct http_server, hook);

    conn_run_again(s);
    conn_free_dead(s);
    atomic_store_explicit(&s->stat_conns, s->conn_count, memory_order_relaxed);
    atomic_store_explicit(&s->stat_sockets, s->socket_count, memory_order_relaxed);
    atomic_store_explicit(&s->turned_us, loop_now_us(s->loop), memory_order_relaxed);
    if (s->stopping && !s->conn_count)
        loop_stop(s->loop);
}

static void *loop_main(void *arg)
{
    struct http_server *s = arg;
    int rc;

    pthread_setname_np(pthread_self(), "http-loop");
    rc = loop_run(s->loop);
    if (rc)
        log_error("the HTTP loop ended", "error=\"%s\"", strerror(-rc));
    access_flush(s, true);
    return NULL;
}

/* ---- life ----------------------------------------------------------------------------------- */

static void default_to(unsigned *value, unsigned fallback)
{
    if (!*value)
        *value = fallback;
}

static void default_ms(int *value, int fallback)
{
    if (!*value)
        *value = fallback;
}

static void fill_defaults(struct http_server_config *c)
{
    default_to(&c->workers, 4);
    default_to(&c->connections_max, 2000);
    default_to(&c->queued_max, 256);
    default_to(&c->rate_min, 1024);
    default_to(&c->log_rate, 100);
    default_ms(&c->head_timeout_ms, 10000);
    default_ms(&c->idle_timeout_ms, 60000);
    default_ms(&c->stall_timeout_ms, 30000);
    default_ms(&c->ping_ms, 30000);
    default_ms(&c->tls_watch_ms, 5000);
    if (!c->body_memory_max)
        c->body_memory_max = 256u << 20;
    if (!c->message_max)
        c->message_max = 64 * 1024;
}

static int check_config(const struct http_server_config *c, struct error *err)
{
    if (!c->tls_cert != !c->tls_key)
        return error_set(err, -EINVAL, c->tls_cert ? "tls_key" : "tls_cert",
                         "give the certificate's file and the key's", "one of the pair is missing");
    for (unsigned i = 0; i < c->route_count; i++)
        if ((c->routes[i].flags & HTTP_ROUTE_SPOOL) && !c->spool_dir)
            return error_set(err, -EINVAL, c->routes[i].path, "set spool_dir",
                             "uploads need a folder");
    return 0;
}

static int make_parts(struct http_server *s, struct error *err)
{
    int rc = loop_new(&s->loop, &clock_system);

    if (!rc)
        loop_measure(s->loop, metric1(METRIC_LOOP_LAG, "http"));
    s->messages = malloc(SOCKET_BATCH + FRAME_HEADER_MAX + s->c.message_max);
    if (!rc && !s->messages)
        rc = -ENOMEM;
    if (!rc)
        rc = router_new(&s->router, s->c.routes, s->c.route_count, err);
    if (!rc)
        rc = pool_new(&s->pool, s);
    if (!rc)
        rc = assets_new(&s->assets, s->c.assets, s->c.asset_count);
    if (!rc)
        rc = spooler_new(&s->spooler, s);
    if (!rc && s->c.tls_cert)
        rc = tls_new(&s->tls, &s->c, err);
    if (!rc)
        rc = listen_open(s, err);
    return rc;
}

int http_server_new(struct http_server **out, const struct http_server_config *c, struct error *err)
{
    struct http_server *s = calloc(1, sizeof(*s));
    int rc;

    if (!s)
        return -ENOMEM;
    s->c = *c;
    fill_defaults(&s->c);
    list_init(&s->busy);
    list_init(&s->waiting);
    list_init(&s->sockets);
    list_init(&s->dead);
    list_init(&s->again);
    list_init(&s->spare);
    s->listener.fd = -1;
    s->grace.fn = on_grace;
    s->stop_msg.fn = on_stop;
    s->wake_msg.fn = on_wake;
    s->reload_msg.fn = on_reload;
    s->watch_timer.fn = on_watch;
    s->hook.fn = after_turn;
    rc = check_config(&s->c, err);
    if (!rc)
        rc = make_parts(s, err);
    if (rc) {
        http_server_free(s);
        return error_set(err, rc, "http", NULL, "%s", strerror(-rc));
    }
    *out = s;
    return 0;
}

uint16_t http_server_port(const struct http_server *s)
{
    return s->port;
}

static int start_threads(struct http_server *s, struct error *err)
{
    int rc = s->c.spool_dir ? spooler_clean(s->c.spool_dir) : 0;

    if (rc)
        return error_set(err, rc, s->c.spool_dir, "create the folder and make it writable",
                         "uploads cannot be kept here: %s", strerror(-rc));
    rc = spooler_start(s->spooler);
    if (!rc)
        rc = pool_start(s->pool, err);
    if (!rc) {
        rc = -pthread_create(&s->thread, NULL, loop_main, s);
        if (rc)
            pool_stop(s->pool);
    }
    if (rc)
        spooler_stop(s->spooler);
    return rc;
}

int http_server_start(struct http_server *s, struct error *err)
{
    sigset_t all, before;
    int rc;

    loop_hook_add(s->loop, &s->hook);
    rc = listen_start(s);
    if (s->tls)
        timer_start(loop_wheel(s->loop), &s->watch_timer, s->c.tls_watch_ms);
    /* Signals are the main thread's; a broken pipe is an error like any other. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (!rc)
        rc = start_threads(s, err);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    s->started = !rc;
    return rc ? error_set(err, rc, "http", NULL, "cannot start: %s", strerror(-rc)) : 0;
}

void http_server_stop(struct http_server *s, int grace_ms)
{
    if (!s->started)
        return;
    s->started = false;
    s->grace_ms = grace_ms;
    loop_post(s->loop, &s->stop_msg);
    pthread_join(s->thread, NULL);
    pool_stop(s->pool);
    spooler_stop(s->spooler);
    loop_turn(s->loop, 0); /* takes what was given back after the loop had ended */
}

void http_server_free(struct http_server *s)
{
    if (!s)
        return;
    http_server_stop(s, 0);
    listen_stop(s);
    pool_free(s->pool);
    spooler_free(s->spooler);
    assets_free(s->assets);
    tls_free(s->tls);
    router_free(s->router);
    for (struct list_node *n; (n = list_pop(&s->spare));)
        request_free(list_entry(n, struct http_request, node));
    loop_free(s->loop);
    free(s->messages);
    free(s);
}

void http_server_reload_tls(struct http_server *s)
{
    if (s->tls && !atomic_exchange_explicit(&s->reload_posted, true, memory_order_acq_rel))
        loop_post(s->loop, &s->reload_msg);
}

void http_server_stats(const struct http_server *s, struct http_server_stats *out)
{
    *out = (struct http_server_stats){
        .requests = atomic_load_explicit(&s->requests, memory_order_relaxed),
        .refused_busy = atomic_load_explicit(&s->refused_busy, memory_order_relaxed),
        .connections_total = atomic_load_explicit(&s->connections_total, memory_order_relaxed),
        .turned_us = atomic_load_explicit(&s->turned_us, memory_order_relaxed),
        .connections = atomic_load_explicit(&s->stat_conns, memory_order_relaxed),
        .sockets = atomic_load_explicit(&s->stat_sockets, memory_order_relaxed),
        .queued = pool_queued(s->pool),
    };
}
