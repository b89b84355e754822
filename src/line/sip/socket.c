/* The endpoint's UDP socket: batches in, single messages out, and what the network says about
 * messages that could not be delivered. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "line/sip/sip_priv.h"

enum { BATCH = SIP_BATCH, TURNS_MAX = 8, SOCKET_BUFFER = 4 << 20, QUOTED_MAX = 600 };

/* ---- addresses ------------------------------------------------------------------------------ */

socklen_t sip_addr_len(const struct sockaddr_storage *a)
{
    return a->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}

bool sip_same_host(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
    if (a->ss_family != b->ss_family)
        return false;
    if (a->ss_family == AF_INET6)
        return memcmp(&((const struct sockaddr_in6 *)a)->sin6_addr,
                      &((const struct sockaddr_in6 *)b)->sin6_addr, sizeof(struct in6_addr)) == 0;
    return ((const struct sockaddr_in *)a)->sin_addr.s_addr ==
           ((const struct sockaddr_in *)b)->sin_addr.s_addr;
}

uint16_t sip_port(const struct sockaddr_storage *a)
{
    return ntohs(a->ss_family == AF_INET6 ? ((const struct sockaddr_in6 *)a)->sin6_port
                                          : ((const struct sockaddr_in *)a)->sin_port);
}

void sip_addr_text(const struct sockaddr_storage *a, char *out, size_t size)
{
    char host[INET6_ADDRSTRLEN] = "";

    if (a->ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)a;

        inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host));
        snprintf(out, size, "[%s]:%u", host, ntohs(in6->sin6_port));
    } else {
        const struct sockaddr_in *in = (const struct sockaddr_in *)a;

        inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host));
        snprintf(out, size, "%s:%u", host, ntohs(in->sin_port));
    }
}

static bool is_wildcard(const struct sockaddr_storage *a)
{
    if (a->ss_family == AF_INET6)
        return IN6_IS_ADDR_UNSPECIFIED(&((const struct sockaddr_in6 *)a)->sin6_addr);
    return ((const struct sockaddr_in *)a)->sin_addr.s_addr == htonl(INADDR_ANY);
}

/* Our address as the peer sees it: the bound one, or what the route says when bound to all. */
int sip_here(const struct sip *s, const struct sockaddr_storage *peer, char *out, size_t size)
{
    struct sockaddr_storage a = {0};
    socklen_t len = sizeof(a);
    int fd, rc = 0;

    if (!is_wildcard(&s->local)) {
        snprintf(out, size, "%s", s->here);
        return 0;
    }
    fd = socket(peer->ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    if (connect(fd, (const struct sockaddr *)peer, sip_addr_len(peer)) ||
        getsockname(fd, (struct sockaddr *)&a, &len))
        rc = -errno;
    close(fd);
    if (rc)
        return rc;
    if (a.ss_family == AF_INET6)
        ((struct sockaddr_in6 *)&a)->sin6_port =
            ((const struct sockaddr_in6 *)&s->local)->sin6_port;
    else
        ((struct sockaddr_in *)&a)->sin_port = ((const struct sockaddr_in *)&s->local)->sin_port;
    sip_addr_text(&a, out, size);
    return 0;
}

void sip_set_port(struct sockaddr_storage *a, uint16_t port)
{
    if (a->ss_family == AF_INET6)
        ((struct sockaddr_in6 *)a)->sin6_port = htons(port);
    else
        ((struct sockaddr_in *)a)->sin_port = htons(port);
}

bool sip_numeric(const char *text, struct sockaddr_storage *out)
{
    memset(out, 0, sizeof(*out));
    if (inet_pton(AF_INET, text, &((struct sockaddr_in *)out)->sin_addr) == 1)
        out->ss_family = AF_INET;
    else if (inet_pton(AF_INET6, text, &((struct sockaddr_in6 *)out)->sin6_addr) == 1)
        out->ss_family = AF_INET6;
    return out->ss_family != 0;
}

static bool numeric_address(const struct address *a, struct sockaddr_storage *out)
{
    char text[64];

    if (span_copy(a->host, text, sizeof(text)) || !sip_numeric(text, out))
        return false;
    sip_set_port(out, a->port ? a->port : SIP_PORT);
    return true;
}

const char *sip_protocol_word(enum sip_protocol p)
{
    static const char *const words[] = {"UDP", "TCP", "TLS"};

    return words[p];
}

void sip_aim(const struct address *a, struct hop *to)
{
    struct sockaddr_storage there;

    if (to->protocol == SIP_UDP && numeric_address(a, &there) &&
        there.ss_family == to->addr.ss_family)
        to->addr = there;
}

/* ---- out ------------------------------------------------------------------------------------- */

void sip_transmit(struct sip *s, const struct hop *to, const char *data, size_t len)
{
    if (to->protocol != SIP_UDP) {
        link_send(s, to, data, len);
        return;
    }
    if (s->config.transport) {
        s->config.transport->send(s->config.transport_arg, &to->addr, data, len);
        s->stats.sent++;
        return;
    }
    /* What cannot be sent now is as good as lost on the way: retransmission heals both. The first
     * try may only bring the error of an earlier message, to somebody else (ICMP). */
    for (int i = 0; i < 2; i++) {
        if (sendto(s->watch.fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL,
                   (const struct sockaddr *)&to->addr, sip_addr_len(&to->addr)) >= 0) {
            s->stats.sent++;
            return;
        }
    }
}

/* ---- in -------------------------------------------------------------------------------------- */

/* Port, host or net unreachable: RFC 3261 18.4. Anything else may pass. */
static bool is_final(const struct sock_extended_err *e)
{
    if (e->ee_origin == SO_EE_ORIGIN_ICMP)
        return e->ee_type == ICMP_DEST_UNREACH && e->ee_code <= ICMP_PORT_UNREACH;
    return e->ee_origin == SO_EE_ORIGIN_ICMP6 && e->ee_type == ICMP6_DST_UNREACH;
}

/* The kernel gives back the beginning of each message that came back. */
static void take_errors(struct sip *s)
{
    char quoted[QUOTED_MAX], control[256];

    for (int i = 0; i < BATCH; i++) {
        struct iovec iov = {quoted, sizeof(quoted) - 1};
        struct msghdr m = {.msg_iov = &iov,
                           .msg_iovlen = 1,
                           .msg_control = control,
                           .msg_controllen = sizeof(control)};
        ssize_t n = recvmsg(s->watch.fd, &m, MSG_ERRQUEUE | MSG_DONTWAIT);

        if (n < 0)
            return;
        quoted[n] = '\0';
        for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
            struct sock_extended_err e;

            if ((c->cmsg_level != IPPROTO_IP || c->cmsg_type != IP_RECVERR) &&
                (c->cmsg_level != IPPROTO_IPV6 || c->cmsg_type != IPV6_RECVERR))
                continue;
            memcpy(&e, CMSG_DATA(c), sizeof(e));
            if (is_final(&e))
                sip_undelivered(s, quoted);
        }
    }
}

static void on_readable(struct loop_fd *w, uint32_t events)
{
    struct sip *s = container_of(w, struct sip, watch);
    struct sockaddr_storage from[BATCH];
    struct mmsghdr messages[BATCH];
    struct iovec iov[BATCH];

    if (events & EPOLLERR)
        take_errors(s);
    for (int turn = 0; turn < TURNS_MAX; turn++) {
        int n;

        for (int i = 0; i < BATCH; i++) {
            iov[i] = (struct iovec){s->buffers + (size_t)i * SIP_DATAGRAM_MAX, SIP_DATAGRAM_MAX};
            messages[i].msg_hdr = (struct msghdr){.msg_name = &from[i],
                                                  .msg_namelen = sizeof(from[i]),
                                                  .msg_iov = &iov[i],
                                                  .msg_iovlen = 1};
        }
        n = recvmmsg(w->fd, messages, BATCH, MSG_DONTWAIT, NULL);
        if (n <= 0)
            return;
        for (int i = 0; i < n; i++)
            sip_receive(s, iov[i].iov_base, messages[i].msg_len, &from[i]);
        if (n < BATCH)
            return;
    }
}

/* ---- life ------------------------------------------------------------------------------------ */

void sip_close_socket(struct sip *s)
{
    loop_fd_del(&s->watch);
    if (s->watch.fd >= 0)
        close(s->watch.fd);
    s->watch.fd = -1;
}

int sip_open_socket(struct sip *s, struct error *err)
{
    int size = SOCKET_BUFFER, on = 1, rc;
    socklen_t len = sizeof(s->local);

    s->watch.fn = on_readable;
    s->watch.fd = socket(s->config.local.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (s->watch.fd < 0)
        return error_set(err, -errno, "sip", NULL, "no socket: %s", strerror(errno));
    if (setsockopt(s->watch.fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
        setsockopt(s->watch.fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    if (setsockopt(s->watch.fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)))
        setsockopt(s->watch.fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
    if (s->config.local.ss_family == AF_INET6)
        setsockopt(s->watch.fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof(on));
    else
        setsockopt(s->watch.fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on));
    sip_addr_text(&s->config.local, s->here, sizeof(s->here));
    if (bind(s->watch.fd, (const struct sockaddr *)&s->config.local,
             sip_addr_len(&s->config.local)))
        return error_set(err, -errno, s->here, "another program may use the port: choose another",
                         "cannot take SIP messages here: %s", strerror(errno));
    if (getsockname(s->watch.fd, (struct sockaddr *)&s->local, &len))
        return error_set(err, -errno, "sip", NULL, "no address: %s", strerror(errno));
    sip_addr_text(&s->local, s->here, sizeof(s->here));
    rc = loop_fd_add(s->config.loop, &s->watch, EPOLLIN);
    return rc ? error_set(err, rc, "sip", NULL, "cannot watch the socket: %s", strerror(-rc)) : 0;
}
