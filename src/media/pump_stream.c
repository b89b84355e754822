/* Streams: opened while a call is set up, connected when the far side has answered, closed with the
 * call. A stream sends from its first prompt on; when it has nothing to say and does not fill with
 * silence it leaves the frame clock and joins again later. */
#include <errno.h>
#include <linux/filter.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/rng.h"
#include "media/g711.h"
#include "media/pump_priv.h"

enum { RECEIVE_BUFFER = 16384, DSCP_EXPEDITED = 0xb8, READS_A_TURN = 8 };

static void on_readable(struct loop_fd *w, uint32_t events);

static int64_t stream_now_us(const struct rtp *s)
{
    return clock_mono_us(loop_clock(s->pump->loop));
}

static socklen_t addr_size(int family)
{
    return family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}

static void addr_set_port(union rtp_addr *a, uint16_t port)
{
    if (a->sa.sa_family == AF_INET6)
        a->in6.sin6_port = htons(port);
    else
        a->in.sin_port = htons(port);
}

static bool same_host(const union rtp_addr *a, const union rtp_addr *b)
{
    if (a->sa.sa_family != b->sa.sa_family)
        return false;
    if (a->sa.sa_family == AF_INET6)
        return !memcmp(&a->in6.sin6_addr, &b->in6.sin6_addr, sizeof(a->in6.sin6_addr));
    return a->in.sin_addr.s_addr == b->in.sin_addr.s_addr;
}

static bool same_addr(const union rtp_addr *a, const union rtp_addr *b)
{
    return same_host(a, b) && (a->sa.sa_family == AF_INET6 ? a->in6.sin6_port == b->in6.sin6_port
                                                           : a->in.sin_port == b->in.sin_port);
}

static void addr_copy(union rtp_addr *to, const struct sockaddr_storage *from)
{
    memcpy(to, from, sizeof(*to));
}

/* ---- the receive filter ---------------------------------------------------------------------- */

/* Lets only telephone events through (nothing when there are none). The filter sees the
 * datagram from its UDP header on: RTP's second byte is at 9. */
static int filter_attach(struct rtp *s)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0x7f),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, s->te_pt >= 0 ? (uint32_t)s->te_pt : 0xff, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, s->te_in >= 0 ? (uint32_t)s->te_in : 0xff, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0xffff),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    struct sock_fprog program = {.len = sizeof(code) / sizeof(code[0]), .filter = code};

    if (setsockopt(s->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)))
        return -errno;
    s->filtered = true;
    return 0;
}

static void filter_detach(struct rtp *s)
{
    int unused = 0;

    if (s->filtered)
        setsockopt(s->fd, SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof(unused));
    s->filtered = false;
}

/* The sender must be known before audio is shut out. Where the filter cannot be had, audio is read
 * and thrown away. */
static void filter_update(struct rtp *s)
{
    bool want = s->latched && !s->listening;

    if (want && !s->filtered)
        filter_attach(s);
    else if (!want && s->filtered)
        filter_detach(s);
}

/* ---- life ------------------------------------------------------------------------------------ */

static int bind_any(struct pump *p, int fd, union rtp_addr *a)
{
    unsigned first = p->config.port_min + (p->config.port_min & 1u);
    unsigned tries = p->config.port_max >= first ? (p->config.port_max - first) / 2 + 1u : 0;
    socklen_t size = addr_size(a->sa.sa_family);

    if (p->config.port_max == 0) {
        addr_set_port(a, 0);
        return bind(fd, &a->sa, size) ? -errno : 0;
    }
    while (tries-- > 0) {
        unsigned port = p->next_port + (p->next_port & 1u);

        if (port < first || port > p->config.port_max)
            port = first;
        p->next_port = (uint16_t)(port + 2);
        addr_set_port(a, (uint16_t)port);
        if (!bind(fd, &a->sa, size))
            return 0;
        if (errno != EADDRINUSE)
            return -errno;
    }
    return -EADDRINUSE;
}

static int open_socket(struct pump *p, struct rtp *s, struct sockaddr_storage *local)
{
    int buffer = RECEIVE_BUFFER, dscp = DSCP_EXPEDITED, rc;
    union rtp_addr a;
    socklen_t size = sizeof(*local);

    addr_copy(&a, &p->config.local);
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
    s->watch.fn = on_readable;
    s->te_pt = s->te_in = -1;
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

static void unlatch(struct rtp *s)
{
    struct sockaddr none = {.sa_family = AF_UNSPEC};

    if (s->latched)
        (void)connect(s->fd, &none, sizeof(none));
    s->latched = false;
    s->candidate.count = 0;
}

int rtp_connect(struct rtp *s, const struct sdp_audio *remote, bool fill)
{
    union rtp_addr to;
    bool moved;

    addr_copy(&to, &remote->addr);
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
    moved = !s->known || !same_addr(&to, &s->remote);
    if (moved) {
        unlatch(s);
        s->remote = to;
    }
    filter_detach(s); /* its payload type may be another now */
    s->pt = remote->pt;
    s->te_pt = (int16_t)remote->te_pt;
    /* RFC 3264 6.1: what they send may bear the number of our offer, though they name another. */
    s->te_in = remote->te_pt >= 0 && remote->pt != SDP_TE_OFFERED ? SDP_TE_OFFERED : -1;
    s->law = (uint8_t)remote->law;
    s->fill = fill;
    s->held = remote->direction == SDP_SENDONLY || remote->direction == SDP_INACTIVE;
    s->known = true;
    filter_update(s);
    if (!s->sending && !s->held && (s->prompt || dtmf_sending(&s->dtmf_tx)))
        pump_join(s->pump, s);
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

int rtp_listen(struct rtp *s, bool on)
{
    s->listening = on;
    s->rx_seen = false;
    filter_update(s);
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

static void end_lost_key(struct rtp *s, int64_t now_us)
{
    uint32_t samples = 0;
    char key;

    if (now_us - s->stats.last_key_us < PUMP_KEY_SILENCE_US)
        return;
    key = dtmf_give_up(&s->dtmf_rx, &samples);
    if (key && s->handler->key_end)
        s->handler->key_end(s, s->arg, key, samples / 8);
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
        end_lost_key(s, now_us);
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
    return RTP_HEADER_SIZE + len;
}

/* ---- receiving ------------------------------------------------------------------------------- */

static void tell_keys(struct rtp *s, const struct dtmf_news *n, int64_t at)
{
    const struct rtp_handler *h = s->handler;
    uint32_t generation = s->generation;

    if (n->lost_end && h->key_end)
        h->key_end(s, s->arg, n->lost_end, n->lost_end_samples / 8);
    if (n->pressed && s->generation == generation) {
        s->key_wait_us = at;
        s->stats.last_key_us = at;
        s->pump->stats.keys++;
        if (h->key)
            h->key(s, s->arg, n->pressed);
    }
    if (n->released && s->generation == generation && h->key_end)
        h->key_end(s, s->arg, n->released, n->released_samples / 8);
}

/* May the sender of this packet have the stream? See the top of pump.h. */
static bool may_latch(struct rtp *s, const union rtp_addr *from, const struct rtp_header *h)
{
    if (same_host(from, &s->remote))
        return true;
    if (s->candidate.count > 0 && same_addr(from, &s->candidate.from) &&
        s->candidate.ssrc == h->ssrc && h->seq == (uint16_t)(s->candidate.seq + 1)) {
        s->candidate.count++;
    } else {
        s->candidate.from = *from;
        s->candidate.ssrc = h->ssrc;
        s->candidate.count = 1;
    }
    s->candidate.seq = h->seq;
    return s->candidate.count >= PUMP_LATCH_FOREIGN;
}

static void latch(struct rtp *s, const union rtp_addr *from)
{
    if (connect(s->fd, &from->sa, addr_size(from->sa.sa_family)))
        return; /* goes on unconnected: slower, not wrong */
    s->remote = *from;
    s->latched = true;
    filter_update(s);
}

static void stranger(struct rtp *s)
{
    s->stats.strangers++;
    s->pump->stats.strangers++;
}

static void hear(struct rtp *s, const struct rtp_header *h, const uint8_t *payload, size_t len)
{
    int16_t pcm[RTP_PACKET_MAX];

    if (s->rx_seen && s->rx_ssrc == h->ssrc) {
        int16_t gap = (int16_t)(h->seq - s->rx_seq);

        if (gap > 1)
            s->stats.lost += (uint32_t)(gap - 1);
        if (gap <= 0)
            return; /* doubled or late: its place is gone */
    }
    s->rx_seen = true;
    s->rx_ssrc = h->ssrc;
    s->rx_seq = h->seq;
    if (!s->handler->frame)
        return;
    if (s->law == PROMPT_ALAW)
        g711_decode_alaw(pcm, payload, len);
    else
        g711_decode_ulaw(pcm, payload, len);
    s->handler->frame(s, s->arg, pcm, (unsigned)len);
}

static bool is_event(const struct rtp *s, uint8_t pt)
{
    return pt == s->te_pt || pt == s->te_in;
}

static void take(struct rtp *s, const uint8_t *data, size_t size, const union rtp_addr *from)
{
    struct rtp_header h;
    struct dtmf_event e;
    struct dtmf_news news;
    const uint8_t *payload;
    size_t len;
    int64_t at;

    if (rtp_parse(data, size, &h, &payload, &len) || len == 0) {
        s->pump->stats.malformed++;
        return;
    }
    if (h.pt != s->pt && !is_event(s, h.pt) && h.pt != 13) {
        s->pump->stats.malformed++;
        return;
    }
    if (s->latched) {
        if (!same_addr(from, &s->remote)) { /* was in the queue before the socket was connected */
            stranger(s);
            return;
        }
    } else if (may_latch(s, from, &h)) {
        latch(s, from);
    } else {
        stranger(s);
        return;
    }
    at = stream_now_us(s);
    s->stats.received++;
    s->pump->stats.received++;
    if (!s->stats.first_received_us)
        s->stats.first_received_us = at;
    if (is_event(s, h.pt)) {
        if (dtmf_parse(payload, len, &e)) {
            s->pump->stats.malformed++;
            return;
        }
        dtmf_receive(&s->dtmf_rx, &h, &e, &news);
        tell_keys(s, &news, at);
    } else if (s->listening && h.pt == s->pt) {
        hear(s, &h, payload, len);
    }
}

static void on_readable(struct loop_fd *w, uint32_t events)
{
    struct rtp *s = container_of(w, struct rtp, watch);
    uint32_t generation = s->generation;
    uint8_t data[RTP_PACKET_MAX];

    (void)events;
    for (int i = 0; i < READS_A_TURN && s->generation == generation; i++) {
        union rtp_addr from = {0};
        socklen_t size = sizeof(from);
        ssize_t n = recvfrom(s->fd, data, sizeof(data), MSG_DONTWAIT, &from.sa, &size);

        if (n < 0 && errno != ECONNREFUSED && errno != EHOSTUNREACH && errno != ENETUNREACH)
            return;
        if (n < 0) {
            /* An ICMP error, now taken off the socket. The far side may be restarting, or not
             * listening yet: the call's signalling decides when it ends. */
            s->pump->stats.send_errors++;
            continue;
        }
        take(s, data, (size_t)n, &from);
        if (s->filtered)
            return; /* a key's packet comes alone: spare the empty read */
    }
}
