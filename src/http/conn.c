/* One connection: its socket, perhaps TLS on it, what waits to leave. What the bytes mean is its
 * protocol's business.
 *
 *   HANDSHAKE ─▶ OPEN ─▶ FLUSH ─▶ LINGER ─▶ DEAD      (and from everywhere to DEAD) */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/http_priv.h"

enum {
    OUT_MAX = 1 << 20,
    OUT_KEPT = 16 * 1024, /* capacity that a connection keeps */
    TURN_MAX = 1 << 20,   /* bytes one connection sends in a turn */
    READS_MAX = 4,        /* times it reads in a turn */
    LINGER_MS = 2000,     /* without a byte */
    LINGER_STOP_MS = 500,
    LINGER_TOTAL_MS = 30000,
    CHECK_MS = 1000,
};

static void on_event(struct loop_fd *io, uint32_t events);
static void on_timer(struct timer *t);

int64_t conn_now(const struct conn *c)
{
    return loop_now_us(c->server->loop);
}

size_t conn_backlog(const struct conn *c)
{
    return c->out.len - c->out_at;
}

static void set_events(struct conn *c, uint32_t events)
{
    if (events == c->events || c->state == CONN_DEAD)
        return;
    c->events = events;
    if (loop_fd_mod(&c->io, events))
        conn_kill(c);
}

static void update_events(struct conn *c)
{
    if (c->state != CONN_HANDSHAKE)
        set_events(c, (c->reading && !c->eof ? EPOLLIN : 0) | (c->blocked ? EPOLLOUT : 0));
}

void conn_read(struct conn *c, bool on)
{
    if (on && !c->reading && c->tls)
        conn_again(c); /* OpenSSL may hold input that epoll does not know of */
    c->reading = on;
    update_events(c);
}

void conn_move(struct conn *c, struct list *list)
{
    list_remove(&c->node);
    list_append(list, &c->node);
    c->since_us = conn_now(c);
}

void conn_arm(struct conn *c, int64_t ms)
{
    struct wheel *w = loop_wheel(c->server->loop);

    if (c->state != CONN_DEAD &&
        (!timer_running(&c->timer) || c->timer.due_ms > wheel_now_ms(w) + ms))
        timer_start(w, &c->timer, ms);
}

void conn_again(struct conn *c)
{
    if (list_linked(&c->again_node))
        return;
    list_append(&c->server->again, &c->again_node);
    loop_wake(c->server->loop);
}

struct conn *conn_new(struct http_server *s, int fd, const char *peer, bool loopback)
{
    struct conn *c = calloc(1, sizeof(*c));

    if (c && s->tls)
        c->tls = tls_accept(s->tls, fd);
    if (!c || (s->tls && !c->tls)) {
        free(c);
        close(fd);
        return NULL;
    }
    c->io = (struct loop_fd){.fd = fd, .fn = on_event};
    c->server = s;
    c->timer.fn = on_timer;
    c->out.max = OUT_MAX;
    c->from_loopback = loopback;
    c->reading = true;
    c->events = EPOLLIN;
    c->state = c->tls ? CONN_HANDSHAKE : CONN_OPEN;
    stpcpy(c->peer, peer);
    list_init(&c->requests);
    conn_move(c, &s->waiting);
    s->conn_count++;
    c->moved_us = conn_now(c);
    if (loop_fd_add(s->loop, &c->io, c->events) || (!c->tls && h1_start(c))) {
        conn_kill(c);
        return NULL;
    }
    if (c->tls)
        conn_arm(c, s->c.head_timeout_ms);
    return c;
}

void conn_kill(struct conn *c)
{
    if (c->state == CONN_DEAD)
        return;
    c->state = CONN_DEAD;
    loop_fd_del(&c->io);
    timer_stop(&c->timer);
    list_remove(&c->again_node);
    while (!list_empty(&c->requests))
        request_abandon(list_entry(list_first(&c->requests), struct http_request, node));
    close(c->io.fd);
    c->server->conn_count--;
    list_remove(&c->node);
    list_append(&c->server->dead, &c->node);
}

void conn_free_dead(struct http_server *s)
{
    for (struct list_node *n; (n = list_pop(&s->dead));) {
        struct conn *c = list_entry(n, struct conn, node);

        socket_free(c);
        h1_free(c);
        h2_free(c);
        SSL_free(c->tls);
        buf_free(&c->out);
        free(c);
    }
}

/* ---- out ------------------------------------------------------------------------------------ */

int conn_append(struct conn *c, const void *data, size_t len)
{
    int rc = buf_append(&c->out, data, len);

    if (rc)
        conn_kill(c);
    return rc;
}

/* Bytes that left, -EAGAIN, other negative errno. */
static ssize_t write_some(struct conn *c, const char *data, size_t len)
{
    ssize_t n;

    if (c->tls)
        return tls_write(c->tls, data, len);
    do
        n = send(c->io.fd, data, len, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

static void clear_out(struct conn *c)
{
    c->out_at = 0;
    if (c->out.cap > OUT_KEPT)
        buf_free(&c->out);
    else
        buf_reset(&c->out);
}

/* The reply has left: shut down, and read what the client is still sending, so that the kernel does
 * not answer it with a reset, which could overtake the reply. */
static void linger(struct conn *c)
{
    c->state = CONN_LINGER;
    if (c->tls)
        SSL_shutdown(c->tls);
    if (c->eof || shutdown(c->io.fd, SHUT_WR)) {
        conn_kill(c);
        return;
    }
    c->since_us = conn_now(c);
    timer_start(loop_wheel(c->server->loop), &c->timer,
                c->server->stopping ? LINGER_STOP_MS : LINGER_MS);
    conn_read(c, true);
}

/* Sends out until it is empty (true), blocked or dead. */
static bool drain(struct conn *c, size_t *budget)
{
    while (conn_backlog(c)) {
        ssize_t n = write_some(c, c->out.data + c->out_at, conn_backlog(c));

        if (n == -EAGAIN) {
            c->blocked = true;
            conn_arm(c, CHECK_MS);
            return false;
        }
        if (n < 0) {
            conn_kill(c);
            return false;
        }
        c->out_at += (size_t)n;
        c->moved_us = conn_now(c);
        *budget -= (size_t)n < *budget ? (size_t)n : *budget;
    }
    clear_out(c);
    return true;
}

void conn_flush(struct conn *c)
{
    size_t budget = TURN_MAX;

    if (c->flushing || c->state == CONN_DEAD || c->state == CONN_HANDSHAKE ||
        c->state == CONN_LINGER)
        return;
    c->flushing = true;
    c->blocked = false;
    while (c->state != CONN_DEAD && drain(c, &budget)) {
        if (c->state == CONN_FLUSH) {
            linger(c);
            break;
        }
        c->proto->output(c);
        if (!conn_backlog(c) && c->state != CONN_FLUSH)
            break;
        if (!budget) {
            conn_again(c);
            break;
        }
    }
    c->flushing = false;
    update_events(c);
}

void conn_send(struct conn *c, const char *data, size_t len)
{
    ssize_t n = c->blocked ? 0 : write_some(c, data, len);

    if (n < 0 && n != -EAGAIN) {
        conn_kill(c);
        return;
    }
    if (n < 0)
        n = 0;
    c->moved_us = conn_now(c);
    if ((size_t)n == len)
        return;
    c->blocked = true;
    conn_arm(c, CHECK_MS);
    if (!conn_append(c, data + n, len - (size_t)n))
        update_events(c);
}

void conn_close(struct conn *c)
{
    if (c->state != CONN_OPEN)
        return;
    c->state = CONN_FLUSH;
    c->reading = false;
    conn_arm(c, CHECK_MS);
    conn_again(c);
}

/* ---- in ------------------------------------------------------------------------------------- */

static ssize_t read_some(struct conn *c, char *buf, size_t cap)
{
    ssize_t n;

    if (c->tls)
        return tls_read(c->tls, buf, cap);
    do
        n = recv(c->io.fd, buf, cap, 0);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

static void discard(struct conn *c)
{
    ssize_t n = recv(c->io.fd, c->server->scratch, SCRATCH, 0);

    if (!n || (n < 0 && errno != EAGAIN && errno != EINTR))
        conn_kill(c);
    else if (n > 0 && !c->server->stopping &&
             conn_now(c) - c->since_us < LINGER_TOTAL_MS * (int64_t)1000)
        timer_start(loop_wheel(c->server->loop), &c->timer, LINGER_MS);
}

/* A read that did not fill its buffer has emptied the socket. TLS hands out a record at a time and
 * may hold more of them, which epoll does not know of. */
static void receive(struct conn *c)
{
    for (int i = 0; c->state == CONN_OPEN && c->reading && !c->eof; i++) {
        ssize_t n;

        if (i == READS_MAX) {
            conn_again(c);
            break;
        }
        n = read_some(c, c->server->scratch, SCRATCH);
        if (n == -EAGAIN)
            break;
        if (n < 0) {
            conn_kill(c);
            return;
        }
        if (!n) {
            c->eof = true;
            c->proto->eof(c);
            break;
        }
        c->proto->input(c, c->server->scratch, (size_t)n);
        if (!c->tls && n < SCRATCH)
            break;
    }
    conn_flush(c);
}

/* A browser that was told http:// instead of https://. */
static bool plain_text(struct conn *c)
{
    static const char reply[] = "HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\n"
                                "connection: close\r\n\r\nThis port speaks HTTPS.\n";
    char first;

    if (recv(c->io.fd, &first, 1, MSG_PEEK) != 1 || first < 'A' || first > 'Z')
        return false;
    SSL_free(c->tls);
    c->tls = NULL;
    c->state = CONN_OPEN;
    if (!conn_append(c, reply, sizeof(reply) - 1))
        conn_close(c);
    conn_flush(c);
    return true;
}

static void handshake(struct conn *c)
{
    uint32_t events = 0;
    int rc = plain_text(c) ? 0 : tls_handshake(c->tls, &events);

    if (c->state != CONN_HANDSHAKE)
        return;
    if (rc == -EAGAIN) {
        set_events(c, events);
        return;
    }
    if (rc) {
        conn_kill(c);
        return;
    }
    c->state = CONN_OPEN;
    timer_stop(&c->timer);
    if (tls_chose_h2(c->tls) ? h2_start(c) : h1_start(c)) {
        conn_kill(c);
        return;
    }
    update_events(c);
    receive(c);
}

static void on_event(struct loop_fd *io, uint32_t events)
{
    struct conn *c = container_of(io, struct conn, io);

    if (events & (EPOLLERR | EPOLLHUP)) {
        conn_kill(c);
        return;
    }
    if (c->state == CONN_HANDSHAKE) {
        handshake(c);
        return;
    }
    if (events & EPOLLOUT)
        conn_flush(c);
    if (!(events & EPOLLIN) || c->state == CONN_DEAD)
        return;
    if (c->state == CONN_LINGER)
        discard(c);
    else
        receive(c);
}

void conn_run_again(struct http_server *s)
{
    struct list now;

    list_init(&now);
    for (struct list_node *n; (n = list_pop(&s->again));)
        list_append(&now, n);
    for (struct list_node *n; (n = list_pop(&now));) {
        struct conn *c = list_entry(n, struct conn, again_node);

        if (c->state == CONN_OPEN && c->reading)
            c->proto->input(c, s->scratch, 0);
        conn_flush(c);
        if (c->state == CONN_OPEN && c->tls)
            receive(c);
    }
}

static void on_timer(struct timer *t)
{
    struct conn *c = container_of(t, struct conn, timer);
    int64_t stalled_us = conn_now(c) - c->moved_us;

    switch (c->state) {
    case CONN_OPEN:
        c->proto->timer(c);
        break;
    case CONN_FLUSH:
        if (stalled_us < (int64_t)c->server->c.stall_timeout_ms * 1000)
            conn_arm(c, CHECK_MS);
        else
            conn_kill(c);
        break;
    default:
        conn_kill(c); /* a handshake or a farewell that takes too long */
    }
}
