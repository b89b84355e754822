/* See link.h. */
#include "line/sip/link.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/rng.h"
#include "base/tls.h"
#include "line/sip/sip_priv.h"
#include "line/sip/tls.h"

enum {
    SCRATCH = 2 * FRAME_MAX, /* the beginning of a message, and room to read */
    TURNS_MAX = 8,           /* reads in a row */
    UP_MS = 10000,           /* to connect and shake hands */
    REST_MS = 32000,         /* to the rest of a message */
    PING_MS = 120000,        /* RFC 5626 4.4.1: 80 to 100 % of it */
    PONG_MS = 10000,
    UNACKED_MS = 20000, /* the kernel gives a far side up that acknowledges nothing */
};

const struct sip_link *link_of(const struct sip *s, const struct hop *to)
{
    unsigned slot = (to->link & 0xffff) - 1;

    if (to->link && slot < LINKS_MAX && s->links.all[slot] && s->links.all[slot]->id == to->link)
        return s->links.all[slot];
    return to->trunk ? to->trunk->link : NULL;
}

static void start(struct sip_link *l, struct timer *t, int64_t ms)
{
    timer_start(loop_wheel(l->sip->config.loop), t, ms);
}

/* ---- end ------------------------------------------------------------------------------------ */

void link_free(struct sip_link *l)
{
    struct links *all;

    if (!l)
        return;
    all = &l->sip->links;
    timer_stop(&l->deadline);
    timer_stop(&l->ping);
    list_remove(&l->dirty);
    loop_fd_del(&l->watch);
    if (l->ssl && l->state == LINK_UP && !l->broken)
        SSL_shutdown(l->ssl); /* one-sided: nobody waits for the answer */
    SSL_free(l->ssl);
    if (l->watch.fd >= 0)
        close(l->watch.fd);
    all->all[(l->id & 0xffff) - 1] = NULL;
    all->count--;
    buf_free(&l->out);
    free(l->kept);
    free(l);
}

/* The link is of no use any more. What is cut is reset rather than closed: its port is free at once
 * for the next try, which must come from the same. */
__attribute__((format(printf, 2, 3))) static void fail(struct sip_link *l, const char *format, ...)
{
    const struct linger reset = {.l_onoff = 1};
    struct sip_trunk *t = l->trunk;
    char why[LINK_WHY_MAX];
    va_list ap;

    va_start(ap, format);
    vsnprintf(why, sizeof(why), format, ap);
    va_end(ap);
    if (t)
        setsockopt(l->watch.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    l->broken = true;
    link_free(l);
    if (t)
        trunk_unlinked(t, error_clean(why));
}

/* ---- out ------------------------------------------------------------------------------------ */

static void watch_out(struct sip_link *l, bool on)
{
    if (l->wants_out == on)
        return;
    l->wants_out = on;
    loop_fd_mod(&l->watch, on ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

static ssize_t write_some(struct sip_link *l, const char *data, size_t len)
{
    ssize_t n;

    if (l->ssl)
        return tls_write(l->ssl, data, len);
    n = send(l->watch.fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
    return n < 0 ? -errno : n;
}

/* Frees the link when it is broken. */
static void flush(struct sip_link *l)
{
    size_t sent = 0;
    ssize_t n = 0;

    if (l->broken) {
        fail(l, "the far side does not take what is sent");
        return;
    }
    while (sent < l->out.len) {
        n = write_some(l, l->out.data + sent, l->out.len - sent);
        if (n < 0)
            break;
        sent += (size_t)n;
    }
    if (n < 0 && n != -EAGAIN && n != -EINTR) {
        fail(l, "the connection broke: %s", strerror((int)-n));
        return;
    }
    memmove(l->out.data, l->out.data + sent, l->out.len - sent);
    l->out.len -= sent;
    watch_out(l, l->out.len > 0);
}

static void flush_all(struct links *all)
{
    struct list_node *n;

    timer_stop(&all->flush);
    while ((n = list_pop(&all->dirty)) != NULL) {
        struct sip_link *l = list_entry(n, struct sip_link, dirty);

        if (l->state == LINK_UP || l->broken)
            flush(l);
    }
}

static void on_turn_end(struct loop_hook *h)
{
    flush_all(container_of(h, struct links, hook));
}

static void on_flush(struct timer *t)
{
    flush_all(container_of(t, struct links, flush));
}

static void append(struct sip_link *l, const char *data, size_t len)
{
    struct links *all = &l->sip->links;

    if (l->broken)
        return;
    l->broken = buf_append(&l->out, data, len) != 0;
    if ((l->wants_out && !l->broken) || list_linked(&l->dirty))
        return;
    list_append(&all->dirty, &l->dirty);
    if (!timer_running(&all->flush))
        start(l, &all->flush, 0);
}

void link_send(struct sip *s, const struct hop *to, const char *data, size_t len)
{
    struct sip_link *l = (struct sip_link *)link_of(s, to);

    if (!l)
        return;
    s->stats.sent++;
    append(l, data, len);
}

/* ---- keeping it alive (RFC 5626 3.5.1, 4.4.1) ----------------------------------------------- */

static int64_t ping_ms(const struct sip_link *l)
{
    return l->sip->config.keepalive_ms ? l->sip->config.keepalive_ms : PING_MS;
}

static void await_ping(struct sip_link *l)
{
    start(l, &l->ping, ping_ms(l) * (80 + random_u32() % 21) / 100);
}

/* Far sides that never answer a ping are common, and let live: the kernel tells when nobody is
 * there at all. */
static void on_ping(struct timer *t)
{
    struct sip_link *l = container_of(t, struct sip_link, ping);

    if (l->pong_due && l->pongs) {
        fail(l, "the far side does not answer any more");
        return;
    }
    append(l, "\r\n\r\n", 4);
    l->pong_due = true;
    if (l->pongs)
        start(l, &l->ping, ping_ms(l) < PONG_MS ? ping_ms(l) : PONG_MS);
    else
        await_ping(l);
}

static void take_line(struct sip_link *l)
{
    if (l->trunk) {
        l->pongs = true;
        l->pong_due = false;
        await_ping(l);
    } else if (l->half_ping) {
        append(l, "\r\n", 2);
    }
    l->half_ping = !l->trunk && !l->half_ping;
}

/* ---- in ------------------------------------------------------------------------------------- */

/* All whole messages of [data, data + len); what is left is kept. -EBADMSG. */
static int take_all(struct sip_link *l, const char *data, size_t len)
{
    bool fresh = l->kept_len == 0; /* is what is left the beginning of another message? */
    enum frame_kind kind;
    size_t used;

    for (;;) {
        int rc = frame_next(&l->framer, data, len, &kind, &used);

        if (rc)
            return rc;
        if (kind == FRAME_MORE)
            break;
        if (kind == FRAME_LINE) {
            take_line(l);
        } else {
            l->half_ping = false;
            sip_take(l->sip, data, used, &l->hop);
        }
        data += used;
        len -= used;
        fresh = true;
    }
    l->kept_len = 0;
    if (len == 0) {
        timer_stop(&l->deadline);
        free(l->kept);
        l->kept = NULL;
        return 0;
    }
    free(l->kept);
    l->kept = malloc(len);
    if (!l->kept)
        return -ENOMEM;
    memcpy(l->kept, data, len);
    l->kept_len = len;
    if (fresh)
        start(l, &l->deadline, REST_MS);
    return 0;
}

static ssize_t read_some(struct sip_link *l, char *to, size_t size)
{
    ssize_t n;

    if (l->ssl)
        return tls_read(l->ssl, to, size);
    n = recv(l->watch.fd, to, size, MSG_DONTWAIT);
    return n < 0 ? -errno : n;
}

/* May end the link: false then. */
static bool read_all(struct sip_link *l)
{
    char *scratch = l->sip->links.scratch;

    for (int turn = 0; turn < TURNS_MAX || (l->ssl && SSL_pending(l->ssl) > 0); turn++) {
        size_t room = SCRATCH - l->kept_len;
        ssize_t n = read_some(l, scratch + l->kept_len, room);
        int rc;

        if (n == -EAGAIN || n == -EINTR)
            return true;
        if (n <= 0) {
            fail(l, "the far side closed the connection%s%s", n < 0 ? ": " : "",
                 n < 0 ? strerror((int)-n) : "");
            return false;
        }
        if (l->kept_len)
            memcpy(scratch, l->kept, l->kept_len);
        rc = take_all(l, scratch, l->kept_len + (size_t)n);
        if (rc) {
            l->sip->stats.malformed++;
            fail(l, "the far side sent something that is not SIP");
            return false;
        }
        if (!l->ssl && (size_t)n < room)
            return true;
    }
    return true;
}

/* ---- beginning ------------------------------------------------------------------------------ */

static void come_up(struct sip_link *l)
{
    l->state = LINK_UP;
    timer_stop(&l->deadline);
    l->wants_out = false;
    loop_fd_mod(&l->watch, EPOLLIN);
    if (l->out.len > 0)
        append(l, "", 0);
    if (!l->trunk)
        return;
    await_ping(l);
    trunk_linked(l->trunk);
}

/* Whom have we reached? */
static bool identified(struct sip_link *l)
{
    const struct sip_trunk_config *t = &l->trunk->config;
    char names[120];
    X509 *cert;
    bool is;

    if (t->tls.unverified)
        return true;
    cert = SSL_get1_peer_certificate(l->ssl);
    is = cert && sip_tls_is_for(cert, t->host);
    names[0] = '\0';
    if (cert)
        sip_tls_names(cert, names, sizeof(names));
    X509_free(cert);
    if (!is)
        fail(l, "its certificate is for %s, not for %s", names[0] ? names : "nobody", t->host);
    return is;
}

/* May end the link. */
static void shake(struct sip_link *l)
{
    uint32_t events;
    int rc = tls_handshake(l->ssl, &events);
    long verdict;

    if (rc == -EAGAIN) {
        loop_fd_mod(&l->watch, events == POLLOUT ? EPOLLOUT : EPOLLIN);
        return;
    }
    verdict = SSL_get_verify_result(l->ssl);
    if (rc && l->trunk && verdict != X509_V_OK)
        fail(l, "its certificate is refused: %s", X509_verify_cert_error_string(verdict));
    else if (rc)
        fail(l, "no agreement on TLS: is this its TLS port?");
    else if (!l->trunk || identified(l))
        come_up(l);
}

static void connected(struct sip_link *l)
{
    int error = 0;
    socklen_t size = sizeof(error);

    getsockopt(l->watch.fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) {
        fail(l, "no connection: %s", strerror(error));
    } else if (l->ssl) {
        l->state = LINK_HANDSHAKE;
        shake(l);
    } else {
        come_up(l);
    }
}

static void on_event(struct loop_fd *w, uint32_t events)
{
    struct sip_link *l = container_of(w, struct sip_link, watch);

    if (l->state == LINK_CONNECTING) {
        connected(l);
    } else if (l->state == LINK_HANDSHAKE) {
        shake(l);
    } else if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)) || read_all(l)) {
        if (events & EPOLLOUT)
            flush(l);
    }
}

static void on_deadline(struct timer *t)
{
    struct sip_link *l = container_of(t, struct sip_link, deadline);

    if (l->state == LINK_UP)
        fail(l, "the rest of a message did not come");
    else
        fail(l, "no connection: no answer within %d seconds", UP_MS / 1000);
}

static void tune(int fd)
{
    int on = 1, unacked = UNACKED_MS;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacked, sizeof(unacked));
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
}

/* A link with a free slot for a socket; the socket is the link's from now on. NULL: the socket is
 * closed. */
static struct sip_link *link_new(struct sip *s, int fd, const struct hop *to)
{
    struct links *all = &s->links;
    struct sip_link *l = all->count < LINKS_MAX ? calloc(1, sizeof(*l)) : NULL;
    unsigned slot = 0;

    if (!all->scratch)
        all->scratch = malloc(SCRATCH);
    if (!l || !all->scratch) {
        free(l);
        close(fd);
        return NULL;
    }
    while (all->all[slot])
        slot++;
    l->sip = s;
    l->id = (uint32_t)++all->generation << 16 | (slot + 1);
    l->hop = *to;
    l->hop.link = l->id;
    l->watch = (struct loop_fd){.fd = fd, .fn = on_event};
    l->out.max = LINK_OUT_MAX;
    l->deadline.fn = on_deadline;
    l->ping.fn = on_ping;
    all->all[slot] = l;
    all->count++;
    tune(fd);
    return l;
}

static void note_here(struct sip_link *l)
{
    struct sockaddr_storage a = {0};
    socklen_t size = sizeof(a);

    if (getsockname(l->watch.fd, (struct sockaddr *)&a, &size) == 0)
        sip_addr_text(&a, l->here, sizeof(l->here));
}

/* From our own port if it may be: then far sides that look for a connection to our Contact find
 * this one, and it is the same after a break. */
static int connect_from(const struct sip *s, const struct hop *to, bool own_port)
{
    struct sockaddr_storage from = s->local;
    int on = 1, rc, fd = socket(to->addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -errno;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (!own_port)
        sip_set_port(&from, 0);
    rc = bind(fd, (const struct sockaddr *)&from, sip_addr_len(&from)) ||
                 (connect(fd, (const struct sockaddr *)&to->addr, sip_addr_len(&to->addr)) &&
                  errno != EINPROGRESS)
             ? -errno
             : fd;
    if (rc < 0)
        close(fd);
    return rc;
}

static int prepare_tls(struct sip_link *l)
{
    const char *host = l->trunk->config.host;
    struct sockaddr_storage numeric;

    l->ssl = SSL_new(l->trunk->tls);
    if (!l->ssl || SSL_set_fd(l->ssl, l->watch.fd) != 1)
        return -ENOMEM;
    SSL_set_connect_state(l->ssl);
    if (!sip_numeric(host, &numeric)) /* RFC 6066 3: a name, never an address */
        SSL_set_tlsext_host_name(l->ssl, host);
    return 0;
}

int link_open(struct sip_trunk *t, const struct hop *to, struct sip_link **out)
{
    int fd = connect_from(t->sip, to, true), rc;
    struct sip_link *l;

    if (fd == -EADDRINUSE || fd == -EADDRNOTAVAIL)
        fd = connect_from(t->sip, to, false);
    if (fd < 0)
        return fd;
    l = link_new(t->sip, fd, to);
    if (!l)
        return -ENOMEM;
    l->trunk = l->hop.trunk = t;
    note_here(l);
    rc = to->protocol == SIP_TLS ? prepare_tls(l) : 0;
    if (!rc)
        rc = loop_fd_add(t->sip->config.loop, &l->watch, EPOLLOUT);
    if (rc) {
        link_free(l);
        return rc;
    }
    start(l, &l->deadline, UP_MS);
    *out = l;
    return 0;
}

/* ---- from outside --------------------------------------------------------------------------- */

static void welcome(struct sip *s, int fd, const struct hop *from)
{
    struct sip_link *l = link_new(s, fd, from);
    bool tls = from->protocol == SIP_TLS;

    if (!l)
        return;
    note_here(l);
    if (tls) {
        l->ssl = SSL_new(s->links.server);
        if (l->ssl && SSL_set_fd(l->ssl, fd) == 1)
            SSL_set_accept_state(l->ssl);
    }
    if ((tls && !l->ssl) || loop_fd_add(s->config.loop, &l->watch, EPOLLIN)) {
        link_free(l);
        return;
    }
    if (tls) {
        l->state = LINK_HANDSHAKE;
        start(l, &l->deadline, UP_MS);
    } else {
        l->state = LINK_UP;
    }
}

static void accept_all(struct sip *s, int fd, enum sip_protocol protocol)
{
    for (int i = 0; i < TURNS_MAX; i++) {
        struct hop from = {.protocol = protocol};
        socklen_t size = sizeof(from.addr);
        int one = accept4(fd, (struct sockaddr *)&from.addr, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (one < 0)
            return;
        welcome(s, one, &from);
    }
}

static void on_tcp(struct loop_fd *w, uint32_t events)
{
    (void)events;
    accept_all(container_of(w, struct sip, links.tcp), w->fd, SIP_TCP);
}

static void on_tls(struct loop_fd *w, uint32_t events)
{
    (void)events;
    accept_all(container_of(w, struct sip, links.tls), w->fd, SIP_TLS);
}

static int listen_at(struct sip *s, struct loop_fd *w, struct sockaddr_storage *at,
                     struct error *err)
{
    socklen_t size = sizeof(*at);
    char text[80];
    int on = 1;

    sip_addr_text(at, text, sizeof(text));
    w->fd = socket(at->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (w->fd < 0)
        return error_set(err, -errno, "sip", NULL, "no socket: %s", strerror(errno));
    setsockopt(w->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(w->fd, (const struct sockaddr *)at, sip_addr_len(at)) || listen(w->fd, SOMAXCONN) ||
        getsockname(w->fd, (struct sockaddr *)at, &size) || loop_fd_add(s->config.loop, w, EPOLLIN))
        return error_set(err, -errno, text, "another program may use the port: choose another",
                         "cannot take SIP connections here: %s", strerror(errno));
    return 0;
}

int links_open(struct sip *s, struct error *err)
{
    struct links *all = &s->links;
    const struct sip_config *c = &s->config;
    struct sockaddr_storage tcp = s->local;
    int rc = 0;

    all->tcp.fn = on_tcp;
    all->tls.fn = on_tls;
    all->hook.fn = on_turn_end;
    all->flush.fn = on_flush;
    list_init(&all->dirty);
    if (c->loop)
        loop_hook_add(c->loop, &all->hook);
    if (c->listen_tcp)
        rc = listen_at(s, &all->tcp, &tcp, err);
    if (!rc && c->tls_cert)
        rc = sip_tls_server(&all->server, c->tls_cert, c->tls_key, err);
    if (!rc && c->tls_cert)
        rc = listen_at(s, &all->tls, &s->config.tls_local, err);
    return rc;
}

void links_close(struct sip *s)
{
    struct links *all = &s->links;
    struct loop_fd *doors[] = {&all->tcp, &all->tls};

    if (!all->hook.fn)
        return;
    for (unsigned i = 0; i < LINKS_MAX; i++)
        if (all->all[i])
            all->all[i]->trunk = NULL; /* nobody is told any more */
    flush_all(all);                    /* the last BYE */
    loop_hook_del(&all->hook);
    for (unsigned i = 0; i < LINKS_MAX; i++)
        link_free(all->all[i]);
    for (unsigned i = 0; i < 2; i++) {
        loop_fd_del(doors[i]);
        if (doors[i]->fd > 0)
            close(doors[i]->fd);
        doors[i]->fd = -1;
    }
    SSL_CTX_free(all->server);
    free(all->scratch);
    all->server = NULL;
    all->scratch = NULL;
    all->hook.fn = NULL;
}
