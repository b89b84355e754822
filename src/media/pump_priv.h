/* What the pump's files share: pump.c (life, frame clock), pump_stream.c (streams and what they
 * send), pump_send.c (how packets leave), pump_receive.c (what streams hear). */
#pragma once

#include <liburing.h>
#include <netinet/in.h>

#include "media/dtmf.h"
#include "media/pump.h"
#include "media/rtp.h"

enum {
    PUMP_PHASES = 20,    /* ticks of 1 ms in a frame of 20 ms */
    PUMP_LATE_MAX = 200, /* ticks: further behind, frames are skipped instead of sent in a burst */
    PUMP_LATCH_PACKETS = 3,       /* in sequence, from an address that the SDP does not name */
    PUMP_KEY_SILENCE_US = 400000, /* a press whose packets stop is over */
};

union rtp_addr {
    struct sockaddr sa;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
};

struct rtp_secret {
    struct srtp tx, rx;
    struct sdes_key ours, theirs; /* they were made from */
};

struct rtp {
    /* What sending a frame touches comes first. */
    struct pump *pump;
    const struct prompt *prompt; /* NULL: nothing plays */
    uint32_t frame;              /* next one */
    int32_t loops;
    uint32_t timestamp, ssrc; /* of the next packet */
    uint32_t slot;            /* place in its phase's array, while sending */
    uint32_t index;           /* in pump->streams: registered socket */
    uint32_t generation;      /* changes when the stream is closed */
    int64_t first_tick;       /* its second packet: the first left on joining */
    int fd;                   /* -1: closed */
    uint16_t seq;
    uint8_t pt, law, phase;
    bool sending, fill, held, latched, marker, known; /* known: rtp_connect was called */
    bool listening, filtered;
    int16_t te_pt; /* of the telephone events that are sent; -1: none */
    struct dtmf_tx dtmf_tx;
    struct rtp_secret *secret; /* owned; NULL: plain RTP */
    uint8_t packet[RTP_HEADER_SIZE + PROMPT_FRAME + SRTP_TAG_MAX];

    const struct rtp_handler *handler;
    void *arg;
    struct loop_fd watch;
    union rtp_addr remote; /* where packets go */
    union rtp_addr named;  /* by the SDP */
    int64_t stopped_us;    /* when the last packet left, to move the timestamp over a pause */
    int64_t key_wait_us;   /* a key came and no prompt answered it yet */
    struct dtmf_rx dtmf_rx;
    struct {
        union rtp_addr from;
        uint32_t ssrc;
        uint16_t seq;
        uint8_t count;
    } candidate;               /* sender from an address the SDP does not name */
    uint32_t rx_ssrc, rx_next; /* rx_next: would confirm that the count began anew */
    uint16_t rx_seq;
    bool rx_seen;
    struct rtp_stats stats;
    struct list_node node; /* in pump->free */
};

struct pump {
    struct pump_config config;
    struct loop *loop;
    struct rtp *streams; /* owned, config.streams_max */
    struct list free;
    struct loop_fd timer;
    int64_t base_us; /* tick n is due at base_us + n * 1000 */
    int64_t tick;    /* last one served */
    bool running;    /* the timer is armed */
    unsigned sending;
    uint32_t phase_count[PUMP_PHASES];
    struct rtp **phase[PUMP_PHASES]; /* owned */
    unsigned port_first, port_step, port_count;
    int filter_fd; /* shared receive filter, below 0: none */
    struct pump_stats stats;
    bool uring;
    struct io_uring ring;
    unsigned queued; /* packets in the ring, not submitted */
};

/* pump_send.c */
int pump_send_open(struct pump *p);
void pump_send_close(struct pump *p);
int pump_send_register(struct pump *p, struct rtp *s);
void pump_send_unregister(struct pump *p, struct rtp *s);
void pump_send_queue(struct pump *p, struct rtp *s,
                     size_t len); /* s->packet, untouched until flush */
void pump_send_flush(struct pump *p);
void pump_send_now(struct pump *p, struct rtp *s, size_t len);

/* pump.c: a stream joins and leaves the frame clock. Joining sends its first packet at once. */
void pump_join(struct pump *p, struct rtp *s);
void pump_leave(struct pump *p, struct rtp *s);

/* pump_stream.c: builds the packet of this slot. Returns its length; 0: none (held, idle or closed
 * by its handler). */
size_t rtp_frame(struct rtp *s, int64_t now_us);

/* pump_receive.c */
socklen_t rtp_addr_size(const union rtp_addr *a);
bool rtp_addr_same(const union rtp_addr *a, const union rtp_addr *b);
void pump_filter_open(struct pump *p);
void pump_filter_close(struct pump *p);
void rtp_filter_update(struct rtp *s);
void rtp_filter_detach(struct rtp *s);
void rtp_unlatch(struct rtp *s);
void rtp_on_readable(struct loop_fd *w, uint32_t events);
/* A datagram that came on the stream's socket. May close the stream. */
void rtp_take(struct rtp *s, uint8_t *data, size_t size, const union rtp_addr *from);
/* A press whose packets stopped coming long ago is over. */
void rtp_end_lost_key(struct rtp *s, int64_t now_us);
