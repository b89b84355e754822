/* What streams hear: who may speak, keys, audio for who listens.
 *
 * While nobody listens, a filter on the socket lets only event packets through, so that a packet of
 * audio costs no more than its way through the kernel. Nearly all agreements put audio below the
 * dynamic payload types and events among them; these streams share one eBPF program. A classic
 * program does the rest, and all of it where bpf(2) is not allowed: it takes about 17 µs a call to
 * attach and 6 KB of the kernel's memory, as each socket gets a copy. */
#include <errno.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "media/g711.h"
#include "media/pump_priv.h"

enum {
    RTP_AT = 8,     /* where RTP begins: filters see the datagram from its UDP header on */
    PT_MASK = 0x7f, /* of RTP's second byte */
    PT_ULAW = 0,    /* RFC 3551 6 */
    PT_ALAW = 8,
    PT_COMFORT_NOISE = 13,
    PT_DYNAMIC = 96,    /* the first one */
    WHOLE = 0xffff,     /* a filter's "take all of it" */
    MISORDER_MAX = 100, /* RFC 3550 A.1 */
    DROPOUT_MAX = 3000,
    NOT_NEXT = 0x10000, /* no sequence number */
};

/* ---- addresses ------------------------------------------------------------------------------- */

socklen_t rtp_addr_size(const union rtp_addr *a)
{
    return a->sa.sa_family == AF_INET6 ? sizeof(a->in6) : sizeof(a->in);
}

bool rtp_addr_same(const union rtp_addr *a, const union rtp_addr *b)
{
    if (a->sa.sa_family != b->sa.sa_family)
        return false;
    if (a->sa.sa_family == AF_INET6)
        return a->in6.sin6_port == b->in6.sin6_port &&
               !memcmp(&a->in6.sin6_addr, &b->in6.sin6_addr, sizeof(a->in6.sin6_addr));
    return a->in.sin_port == b->in.sin_port && a->in.sin_addr.s_addr == b->in.sin_addr.s_addr;
}

/* ---- the receive filter ---------------------------------------------------------------------- */

/* Lets dynamic payload types through. Below zero: not to be had, the classic one serves. */
static int load_shared(void)
{
    static const char license[] = "Apache-2.0";
    static const struct bpf_insn code[] = {
        {.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = BPF_REG_6, .src_reg = BPF_REG_1},
        {.code = BPF_LD | BPF_B | BPF_ABS, .imm = RTP_AT + 1},
        {.code = BPF_ALU | BPF_AND | BPF_K, .dst_reg = BPF_REG_0, .imm = PT_MASK},
        {.code = BPF_JMP | BPF_JGE | BPF_K, .dst_reg = BPF_REG_0, .imm = PT_DYNAMIC, .off = 2},
        {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0},
        {.code = BPF_JMP | BPF_EXIT},
        {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = WHOLE},
        {.code = BPF_JMP | BPF_EXIT},
    };
    union bpf_attr attr;
    long fd;

    memset(&attr, 0, sizeof(attr));
    attr.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
    attr.insns = (uint64_t)(uintptr_t)code;
    attr.insn_cnt = sizeof(code) / sizeof(code[0]);
    attr.license = (uint64_t)(uintptr_t)license;
    fd = syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
    return fd < 0 ? -errno : (int)fd;
}

void pump_filter_open(struct pump *p)
{
    p->filter_fd = load_shared();
}

void pump_filter_close(struct pump *p)
{
    if (p->filter_fd >= 0)
        close(p->filter_fd);
    p->filter_fd = -1;
}

/* Lets only te_pt and what we offer for events through. */
static int attach_own(const struct rtp *s)
{
    uint32_t theirs = s->te_pt >= 0 ? (uint32_t)s->te_pt : SDP_TE_OFFERED;
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, RTP_AT + 1),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, PT_MASK),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, theirs, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SDP_TE_OFFERED, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, WHOLE),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    struct sock_fprog program = {.len = sizeof(code) / sizeof(code[0]), .filter = code};

    return setsockopt(s->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) ? -errno : 0;
}

/* Where no filter can be had, audio is read and thrown away. */
static void filter_attach(struct rtp *s)
{
    int fd = s->pump->filter_fd;
    bool usual = s->pt < PT_DYNAMIC && (s->te_pt < 0 || s->te_pt >= PT_DYNAMIC);

    if (usual && fd >= 0 && !setsockopt(s->fd, SOL_SOCKET, SO_ATTACH_BPF, &fd, sizeof(fd)))
        s->filtered = true;
    else
        s->filtered = attach_own(s) == 0;
}

void rtp_filter_detach(struct rtp *s)
{
    int unused = 0;

    if (s->filtered)
        setsockopt(s->fd, SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof(unused));
    s->filtered = false;
}

/* The sender must be known before audio is shut out. */
void rtp_filter_update(struct rtp *s)
{
    bool want = s->latched && !s->listening;

    if (want && !s->filtered)
        filter_attach(s);
    else if (!want && s->filtered)
        rtp_filter_detach(s);
}

/* ---- who may speak --------------------------------------------------------------------------- */

/* May the sender of this packet have the stream? See the top of pump.h. */
static bool may_latch(struct rtp *s, const union rtp_addr *from, const struct rtp_header *h)
{
    if (rtp_addr_same(from, &s->named))
        return true;
    if (s->candidate.count > 0 && rtp_addr_same(from, &s->candidate.from) &&
        s->candidate.ssrc == h->ssrc && h->seq == (uint16_t)(s->candidate.seq + 1)) {
        s->candidate.count++;
    } else {
        s->candidate.from = *from;
        s->candidate.ssrc = h->ssrc;
        s->candidate.count = 1;
    }
    s->candidate.seq = h->seq;
    return s->candidate.count >= PUMP_LATCH_PACKETS;
}

static void latch(struct rtp *s, const union rtp_addr *from)
{
    if (connect(s->fd, &from->sa, rtp_addr_size(from)))
        return; /* goes on unconnected: slower, not wrong */
    s->remote = *from;
    s->latched = true;
    rtp_filter_update(s);
}

void rtp_unlatch(struct rtp *s)
{
    struct sockaddr none = {.sa_family = AF_UNSPEC};

    /* Our port outlives this because it was bound by number: one that the kernel chose is given
     * back here. */
    if (s->latched)
        (void)connect(s->fd, &none, sizeof(none));
    s->latched = false;
    s->candidate.count = 0;
}

static bool is_speaker(struct rtp *s, const union rtp_addr *from, const struct rtp_header *h)
{
    bool is;

    if (s->latched) {
        is = rtp_addr_same(from,
                           &s->remote); /* else: in the queue before the socket was connected */
    } else {
        is = may_latch(s, from, h);
        if (is)
            latch(s, from);
    }
    if (!is) {
        s->stats.strangers++;
        s->pump->stats.strangers++;
    }
    return is;
}

/* ---- keys ------------------------------------------------------------------------------------ */

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

void rtp_end_lost_key(struct rtp *s, int64_t now_us)
{
    uint32_t samples = 0;
    char key;

    if (now_us - s->stats.last_key_us < PUMP_KEY_SILENCE_US)
        return;
    key = dtmf_give_up(&s->dtmf_rx, &samples);
    if (key && s->handler->key_end)
        s->handler->key_end(s, s->arg, key, samples / 8);
}

/* ---- audio ----------------------------------------------------------------------------------- */

/* RFC 3550 A.1: is this packet next, or after some that are lost? A jump too far for that is
 * believed when the packet after it comes too: the sender began its count anew. */
static bool in_order(struct rtp *s, const struct rtp_header *h)
{
    int16_t step = (int16_t)(h->seq - s->rx_seq);
    bool known = s->rx_seen && s->rx_ssrc == h->ssrc;

    if (known && (step <= -MISORDER_MAX || step >= DROPOUT_MAX) && h->seq != s->rx_next) {
        s->rx_next = (uint16_t)(h->seq + 1);
        return false;
    }
    if (known && step <= 0 && step > -MISORDER_MAX)
        return false; /* doubled or late: its place is gone */
    if (known && step > 1 && step < DROPOUT_MAX)
        s->stats.lost += (uint32_t)(step - 1);
    s->rx_seen = true;
    s->rx_ssrc = h->ssrc;
    s->rx_seq = h->seq;
    s->rx_next = NOT_NEXT;
    return true;
}

/* The law of a payload type; -1: not audio that we know. Both static types may come, whichever was
 * answered: we offer both (RFC 3264 6.1). */
static int law_of(const struct rtp *s, uint8_t pt)
{
    return pt == s->pt ? s->law : pt == PT_ALAW ? PROMPT_ALAW : pt == PT_ULAW ? PROMPT_ULAW : -1;
}

static void hear(struct rtp *s, const struct rtp_header *h, const uint8_t *payload, size_t len)
{
    int16_t pcm[RTP_PACKET_MAX];

    if (!in_order(s, h) || !s->handler->frame)
        return;
    if (law_of(s, h->pt) == PROMPT_ALAW)
        g711_decode_alaw(pcm, payload, len);
    else
        g711_decode_ulaw(pcm, payload, len);
    s->handler->frame(s, s->arg, pcm, (unsigned)len);
}

/* ---- packets --------------------------------------------------------------------------------- */

static bool is_event(const struct rtp *s, uint8_t pt)
{
    return pt == s->te_pt || (pt == SDP_TE_OFFERED && pt != s->pt);
}

void rtp_take(struct rtp *s, uint8_t *data, size_t size, const union rtp_addr *from)
{
    struct dtmf_event e;
    struct dtmf_news news;
    struct rtp_header h;
    const uint8_t *payload;
    size_t len;
    int64_t at;
    bool event;

    if (s->secret &&
        srtp_unprotect(&s->secret->rx, data, &size, clock_mono_us(loop_clock(s->pump->loop)))) {
        s->stats.strangers++;
        s->pump->stats.strangers++;
        return;
    }
    if (rtp_parse(data, size, &h, &payload, &len) || len == 0 ||
        !((event = is_event(s, h.pt)) || law_of(s, h.pt) >= 0 || h.pt == PT_COMFORT_NOISE) ||
        (event && dtmf_parse(payload, len, &e))) {
        s->pump->stats.malformed++;
        return;
    }
    if (!is_speaker(s, from, &h))
        return;
    at = clock_mono_us(loop_clock(s->pump->loop));
    s->stats.received++;
    s->pump->stats.received++;
    if (!s->stats.first_received_us)
        s->stats.first_received_us = at;
    if (event) {
        dtmf_receive(&s->dtmf_rx, &h, &e, &news);
        tell_keys(s, &news, at);
    } else if (s->listening && h.pt != PT_COMFORT_NOISE) {
        hear(s, &h, payload, len);
    }
}

/* One packet a turn of the loop, which calls again while there is more: most come alone, and asking
 * for another costs as much as reading one. */
void rtp_on_readable(struct loop_fd *w, uint32_t events)
{
    struct rtp *s = container_of(w, struct rtp, watch);
    uint8_t data[RTP_PACKET_MAX];
    union rtp_addr from = {0};
    socklen_t size = sizeof(from);
    ssize_t n = recvfrom(s->fd, data, sizeof(data), MSG_DONTWAIT, &from.sa, &size);

    (void)events;
    if (n >= 0)
        rtp_take(s, data, (size_t)n, &from);
    else if (errno == ECONNREFUSED || errno == EHOSTUNREACH || errno == ENETUNREACH)
        /* An ICMP error, now taken off the socket. The far side may be restarting, or not listening
         * yet: the call's signalling decides when it ends. */
        s->pump->stats.send_errors++;
}
