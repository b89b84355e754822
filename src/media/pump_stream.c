/* Streams: opened while a call is set up, connected when the far side has answered, closed with the
 * call. A stream sends from its first prompt on; when it has nothing to say and does not fill with
 * silence it leaves the frame clock and joins again later. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/rng.h"
#include "media/pump_priv.h"

enum { RECEIVE_BUFFER = 16384, DSCP_EXPEDITED = 0xb8, RANDOM_PORTS = 32 };

/* ---- life ------------------------------------------------------------------------------------ */

static int bind_port(int fd, union rtp_addr *a, unsigned port)
{
    if (a->sa.sa_family == AF_INET6)
        a->in6.sin6_port = htons((uint16_t)port);
    else
        a->in.sin_port = htons((uint16_t)port);
    return bind(fd, &a->sa, rtp_addr_size(a)) ? -errno : 0;
}

/* Bound by number even where any port will do, see rtp_unlatch. At random: others do not guess it,
 * and however many are taken, few are tried. What is left of a small range is found by asking for
 * each. */
static int bind_any(const struct pump *p, int fd, union rtp_addr *a)
{
    unsigned first = p->port_first, count = p->port_count, start = random_u32() % count;
    int rc = -EADDRINUSE;

    for (unsigned i = 0; i < RANDOM_PORTS && rc == -EADDRINUSE; i++)
        rc = bind_port(fd, a, first + p->port_step * (random_u32() % count));
    for (unsigned i = 0; i < count && rc == -EADDRINUSE; i++)
        rc = bind_port(fd, a, first + p->port_step * ((start + i) % count));
    return rc;
}

static int open_socket(struct pump *p, struct rtp *s, struct sockaddr_storage *local)
{
    int buffer = RECEIVE_BUFFER, dscp = DSCP_EXPEDITED, rc;
    union rtp_addr a;
    socklen_t size = sizeof(*local);

    memcpy(&a, &p->config.local, sizeof(a));
    s->fd = socket(a.sa.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (s->fd < 0)
        return -errno;
    /* Bounds what early media nobody reads may take. */
    setsockopt(s->fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
    if (a.sa.sa_family == AF_INET6)
        setsockopt(s->fd, IPPROTO_IPV6, IPV6_TCLASS, &dscp, sizeof(dscp));
    else
        setsockopt(s->fd, IPPROTO_IP, IP_TOS, &dscp, sizeof(dscp));
    rc = bind_any(p, s->fd, &a);
    if (!rc && getsockname(s->fd, (struct sockaddr *)local, &size))
        rc = -errno;
    if (!rc)
        rc = pump_send_register(p, s);
    if (rc) {
        close(s->fd);
        s->fd = -1;
    }
    return rc;
}

int rtp_open(struct pump *p, const struct rtp_handler *h, void *arg, struct rtp **out,
             struct sockaddr_storage *local)
{
    struct list_node *n = list_first(&p->free);
    struct sockaddr_storage at = {0};
    struct rtp *s;
    uint32_t index, generation;
    int rc;

    if (!n)
        return -ENOSPC;
    s = list_entry(n, struct rtp, node);
    index = s->index;
    generation = s->generation;
    list_remove(n);
    memset(s, 0, sizeof(*s));
    s->pump = p;
    s->index = index;
    s->generation = generation;
    rc = open_socket(p, s, &at);
    if (rc) {
        list_prepend(&p->free, &s->node);
        return rc;
    }
    s->handler = h;
    s->arg = arg;
    s->watch.fn = rtp_on_readable;
    s->te_pt = -1;
    s->seq = (uint16_t)random_u32();
    s->timestamp = random_u32();
    s->ssrc = random_u32();
    *local = at;
    *out = s;
    return 0;
}

void rtp_close(struct rtp *s)
{
    if (!s || s->fd < 0)
        return;
    pump_leave(s->pump, s);
    pump_send_unregister(s->pump, s);
    loop_fd_del(&s->watch);
    close(s->fd);
    s->fd = -1;
    if (s->secret)
        explicit_bzero(s->secret, sizeof(*s->secret));
    free(s->secret);
    s->secret = NULL;
    s->generation++;
    list_append(&s->pump->free, &s->node);
}

/* What came before the answer is not part of the call. */
static void drain(struct rtp *s)
{
    uint8_t byte;

    for (int i = 0; i < 64 && recv(s->fd, &byte, 1, MSG_DONTWAIT) >= 0; i++)
        ;
}

static bool is_wildcard(const union rtp_addr *a)
{
    if (a->sa.sa_family == AF_INET6)
        return IN6_IS_ADDR_UNSPECIFIED(&a->in6.sin6_addr);
    return a->in.sin_addr.s_addr == 0;
}

/* Its audio goes there from now on, until a packet shows better. The address that the SDP named
 * before is no news: behind a translator the stream is latched to another. */
static void aim(struct rtp *s, const union rtp_addr *to)
{
    if (rtp_addr_same(to, &s->named))
        return;
    rtp_unlatch(s);
    s->named = s->remote = *to;
}

int rtp_connect(struct rtp *s, const struct sdp_audio *remote, bool fill)
{
    bool held = remote->direction == SDP_SENDONLY || remote->direction == SDP_INACTIVE;
    union rtp_addr to;

    memcpy(&to, &remote->addr, sizeof(to));
    if (to.sa.sa_family != s->pump->config.local.ss_family)
        return -EAFNOSUPPORT;
    if (!s->known) {
        int rc;

        drain(s);
        s->watch.fd = s->fd;
        rc = loop_fd_add(s->pump->loop, &s->watch, EPOLLIN);
        if (rc)
            return rc;
    }
    if (!s->known || !held || !is_wildcard(&to)) /* 0.0.0.0 is an old way to say: hold */
        aim(s, &to);
    if (s->pt != remote->pt || s->te_pt != remote->te_pt)
        rtp_filter_detach(s);
    s->pt = remote->pt;
    s->te_pt = (int16_t)remote->te_pt;
    s->law = (uint8_t)remote->law;
    s->fill = fill;
    s->held = held;
    s->known = true;
    rtp_filter_update(s);
    if (!s->sending && !s->held && (s->prompt || dtmf_sending(&s->dtmf_tx)))
        pump_join(s->pump, s);
    return 0;
}

static bool same_key(const struct sdes_key *a, const struct sdes_key *b)
{
    return a->suite == b->suite && memcmp(a->key, b->key, sizeof(a->key)) == 0;
}

int rtp_secure(struct rtp *s, const struct sdes_key *ours, const struct sdes_key *theirs)
{
    if (!s->secret) {
        s->secret = calloc(1, sizeof(*s->secret));
        if (!s->secret)
            return -ENOMEM;
        s->seq &= 0x7fff; /* RFC 4568 6.4: the first rollover is no guess */
    }
    if (!same_key(&s->secret->ours, ours))
        srtp_begin(&s->secret->tx, ours->suite, ours->key);
    if (!same_key(&s->secret->theirs, theirs))
        srtp_begin(&s->secret->rx, theirs->suite, theirs->key);
    s->secret->ours = *ours;
    s->secret->theirs = *theirs;
    return 0;
}

void rtp_play(struct rtp *s, const struct prompt *prompt, int loops)
{
    s->prompt = prompt;
    s->frame = 0;
    s->loops = loops;
    if (!s->sending && s->known && !s->held)
        pump_join(s->pump, s);
}

void rtp_stop(struct rtp *s)
{
    s->prompt = NULL;
}

bool rtp_playing(const struct rtp *s)
{
    return s->prompt != NULL;
}

int rtp_send_keys(struct rtp *s, const char *keys, unsigned tone_ms, unsigned gap_ms)
{
    int rc;

    if (s->known && s->te_pt < 0)
        return -ENOTSUP;
    rc = dtmf_queue(&s->dtmf_tx, keys, tone_ms, gap_ms);
    if (!rc && !s->sending && s->known && !s->held && dtmf_sending(&s->dtmf_tx))
        pump_join(s->pump, s);
    return rc;
}

void rtp_forget_key(struct rtp *s)
{
    s->key_wait_us = 0;
}

int rtp_listen(struct rtp *s, bool on)
{
    s->listening = on;
    s->rx_seen = false;
    rtp_filter_update(s);
    return 0;
}

void rtp_read_stats(const struct rtp *s, struct rtp_stats *out)
{
    *out = s->stats;
}

/* ---- sending --------------------------------------------------------------------------------- */

/* Does the prompt go on? Else tells the handler, which may play another, or close the stream: false
 * then. */
static bool prompt_turn(struct rtp *s)
{
    uint32_t generation = s->generation;

    while (s->prompt && s->frame >= s->prompt->frames) {
        if (s->loops != 0 && s->prompt->frames > 0) {
            if (s->loops > 0)
                s->loops--;
            s->frame = 0;
            break;
        }
        s->prompt = NULL;
        if (s->handler->played)
            s->handler->played(s, s->arg);
        if (s->generation != generation || s->fd < 0)
            return false;
    }
    return true;
}

size_t rtp_frame(struct rtp *s, int64_t now_us)
{
    struct rtp_header h = {.pt = s->pt, .timestamp = s->timestamp, .ssrc = s->ssrc};
    uint8_t *payload = s->packet + RTP_HEADER_SIZE;
    size_t len = PROMPT_FRAME;
    uint32_t generation = s->generation;

    if (s->held) {
        s->timestamp += PROMPT_FRAME;
        return 0;
    }
    if (s->dtmf_rx.active) {
        rtp_end_lost_key(s, now_us);
        if (s->generation != generation)
            return 0;
    }
    h.marker = s->marker;
    if (s->te_pt >= 0 && dtmf_sending(&s->dtmf_tx) &&
        dtmf_slot(&s->dtmf_tx, s->timestamp, payload, &h.timestamp, &h.marker)) {
        h.pt = (uint8_t)s->te_pt;
        len = DTMF_PAYLOAD_SIZE;
    } else {
        if (s->prompt && s->frame >= s->prompt->frames && !prompt_turn(s))
            return 0;
        if (s->prompt) {
            if (s->frame == 0 && s->key_wait_us) {
                s->stats.key_to_audio_us = now_us - s->key_wait_us;
                s->key_wait_us = 0;
            }
            memcpy(payload, s->prompt->law[s->law] + (size_t)s->frame++ * PROMPT_FRAME,
                   PROMPT_FRAME);
        } else if (s->fill || dtmf_sending(&s->dtmf_tx)) {
            memset(payload, s->law == PROMPT_ALAW ? 0xd5 : 0xff, PROMPT_FRAME);
        } else {
            s->stopped_us = now_us;
            pump_leave(s->pump, s);
            return 0;
        }
        s->marker = false;
    }
    h.seq = s->seq++;
    s->timestamp += PROMPT_FRAME;
    rtp_build(s->packet, &h);
    if (!s->stats.first_sent_us)
        s->stats.first_sent_us = now_us;
    s->stats.sent++;
    s->pump->stats.sent++;
    return s->secret ? srtp_protect(&s->secret->tx, s->packet, RTP_HEADER_SIZE + len)
                     : RTP_HEADER_SIZE + len;
}
