/* The port: bound, or taken over from systemd; who is let in, and who makes room for them. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/http_priv.h"

enum { BACKLOG = 1024, ACCEPTS_MAX = 64, ACCEPT_PAUSE_MS = 100 };

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static int parse_address(const char *address, uint16_t port, union address *a, socklen_t *size)
{
    memset(a, 0, sizeof(*a));
    if (inet_pton(AF_INET, address, &a->v4.sin_addr) == 1) {
        a->v4.sin_family = AF_INET;
        a->v4.sin_port = htons(port);
        *size = sizeof(a->v4);
        return 0;
    }
    if (inet_pton(AF_INET6, address, &a->v6.sin6_addr) == 1) {
        a->v6.sin6_family = AF_INET6;
        a->v6.sin6_port = htons(port);
        *size = sizeof(a->v6);
        return 0;
    }
    return -EINVAL;
}

int http_listen(const char *address, uint16_t port, int *out, struct error *err)
{
    union address a;
    socklen_t size = 0;
    int fd, one = 1, rc;

    if (!address || parse_address(address, port, &a, &size))
        return error_set(err, -EINVAL, address ? address : "address",
                         "write an IP address, such as 127.0.0.1", "no address to listen on");
    fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
        bind(fd, &a.any, size) || listen(fd, BACKLOG)) {
        rc = -errno;
        if (fd >= 0)
            close(fd);
        return error_set(err, rc, address,
                         rc == -EADDRINUSE ? "choose another port, or end what listens there"
                         : rc == -EACCES   ? "ports below 1024 need root or CAP_NET_BIND_SERVICE"
                                           : NULL,
                         "cannot listen on port %u: %s", port, strerror(-rc));
    }
    *out = fd;
    return 0;
}

/* The peer as text; an IPv4 client of an IPv6 socket under its IPv4 address. True: on this host. */
static bool peer_text(const union address *a, char out[PEER_SIZE])
{
    struct in_addr v4 = a->v4.sin_addr;

    if (a->any.sa_family != AF_INET && a->any.sa_family != AF_INET6) {
        stpcpy(out, "unix"); /* a socket that systemd has opened */
        return true;
    }
    if (a->any.sa_family == AF_INET6) {
        if (!IN6_IS_ADDR_V4MAPPED(&a->v6.sin6_addr)) {
            inet_ntop(AF_INET6, &a->v6.sin6_addr, out, PEER_SIZE);
            return IN6_IS_ADDR_LOOPBACK(&a->v6.sin6_addr);
        }
        memcpy(&v4, a->v6.sin6_addr.s6_addr + 12, sizeof(v4));
    }
    inet_ntop(AF_INET, &v4, out, PEER_SIZE);
    return (ntohl(v4.s_addr) >> 24) == IN_LOOPBACKNET;
}

/* Full: the one that has kept us waiting longest for a request makes room. False: all are busy. */
static bool make_room(struct http_server *s)
{
    struct list_node *n = list_first(&s->waiting);

    if (s->conn_count < s->c.connections_max)
        return true;
    if (!n)
        return false;
    conn_kill(list_entry(n, struct conn, node));
    return true;
}

void listen_stop(struct http_server *s)
{
    if (s->listener.fd < 0)
        return;
    loop_fd_del(&s->listener);
    timer_stop(&s->accept_timer);
    close(s->listener.fd);
    s->listener.fd = -1;
}

static void pause_accepting(struct http_server *s)
{
    loop_fd_del(&s->listener);
    timer_start(loop_wheel(s->loop), &s->accept_timer, ACCEPT_PAUSE_MS);
}

static void on_accept_timer(struct timer *t)
{
    struct http_server *s = container_of(t, struct http_server, accept_timer);

    if (s->listener.fd >= 0 && loop_fd_add(s->loop, &s->listener, EPOLLIN))
        timer_start(loop_wheel(s->loop), t, ACCEPT_PAUSE_MS);
}

static void accept_one(struct http_server *s, int fd, const union address *from)
{
    char peer[PEER_SIZE] = "";
    bool loopback = peer_text(from, peer);
    int one = 1;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    atomic_fetch_add_explicit(&s->connections_total, 1, memory_order_relaxed);
    if (!conn_new(s, fd, peer, loopback))
        log_warn("a connection cannot be taken", "peer=%s", peer);
}

static void on_accept(struct loop_fd *io, uint32_t events)
{
    struct http_server *s = container_of(io, struct http_server, listener);

    (void)events;
    for (int i = 0; i < ACCEPTS_MAX; i++) {
        union address from = {0};
        socklen_t size = sizeof(from);
        int fd;

        if (!make_room(s)) {
            pause_accepting(s);
            return;
        }
        fd = accept4(io->fd, &from.any, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            accept_one(s, fd, &from);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            log_error("no more connections can be taken", "error=\"%s\" open=%u", strerror(errno),
                      s->conn_count);
            pause_accepting(s);
            return;
        } else if (errno == EAGAIN) {
            return;
        }
    }
}

/* Binds, or takes what is bound already. */
int listen_open(struct http_server *s, struct error *err)
{
    union address a = {0};
    socklen_t size = sizeof(a);
    int rc = 0;

    s->listener.fn = on_accept;
    s->accept_timer.fn = on_accept_timer;
    if (s->c.listen_fd > 0)
        s->listener.fd = s->c.listen_fd;
    else
        rc = http_listen(s->c.address, s->c.port, &s->listener.fd, err);
    if (rc)
        return rc;
    if (fcntl(s->listener.fd, F_SETFL, O_NONBLOCK) || fcntl(s->listener.fd, F_SETFD, FD_CLOEXEC) ||
        getsockname(s->listener.fd, &a.any, &size))
        return error_set(err, -errno, "listen_fd", NULL, "is no socket that listens");
    if (a.any.sa_family == AF_INET || a.any.sa_family == AF_INET6)
        s->port = ntohs(a.any.sa_family == AF_INET6 ? a.v6.sin6_port : a.v4.sin_port);
    return 0;
}

int listen_start(struct http_server *s)
{
    return loop_fd_add(s->loop, &s->listener, EPOLLIN);
}
