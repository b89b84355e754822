/* Keys as named events in RTP (RFC 4733): payload, receiver, sender. Pure; embedded in a stream. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "media/rtp.h"

enum { DTMF_PAYLOAD_SIZE = 4, DTMF_QUEUE_MAX = 16, DTMF_SLOT = 160, DTMF_END_COPIES = 3 };

struct dtmf_event {
    uint8_t event; /* 0-15: 0-9 * # A-D */
    bool end;
    uint8_t volume;    /* -dBm0, 0-63 */
    uint16_t duration; /* samples at 8 kHz */
};

int dtmf_parse(const uint8_t *payload, size_t len, struct dtmf_event *out); /* -EBADMSG */
void dtmf_build(uint8_t out[DTMF_PAYLOAD_SIZE], const struct dtmf_event *e);
char dtmf_key(uint8_t event); /* 0: not a key (flash, fax tones …) */
int dtmf_event_of(char key);  /* -1: not a key */

/* ---- receiver ------------------------------------------------------------------------------- */

/* A press is known by its timestamp: the packets of one press share it. So end packets may be
 * doubled or lost, any packet may be missing or late, and the same key twice is two presses. */
struct dtmf_rx {
    bool seen, active; /* active: a press began and its end was not told yet */
    bool had_before;
    uint8_t event;
    uint16_t seq, duration;
    uint32_t timestamp, ssrc;
    uint32_t before; /* timestamp of the press before, if had_before */
    uint32_t base;   /* samples of earlier segments of a press too long for one (2.5.1.3) */
};

/* What a packet brought, in this order; a key of 0: nothing. */
struct dtmf_news {
    char lost_end; /* an earlier press whose end never came */
    uint32_t lost_end_samples;
    char pressed;
    char released;
    uint32_t released_samples;
};

void dtmf_receive(struct dtmf_rx *rx, const struct rtp_header *h, const struct dtmf_event *e,
                  struct dtmf_news *out);
/* The press is over though its end never came (nothing arrived for a while). Returns its key, 0:
 * none. */
char dtmf_give_up(struct dtmf_rx *rx, uint32_t *samples);

/* ---- sender --------------------------------------------------------------------------------- */

struct dtmf_tx {
    char keys[DTMF_QUEUE_MAX];
    uint8_t head, count, copies; /* copies of the end packet sent */
    uint16_t tone, gap_slots, gap_left;
    uint16_t elapsed; /* samples of the present tone already told */
    uint32_t timestamp;
};

/* Appends keys; all or nothing. -EINVAL: a character that is no key, -ENOSPC. */
int dtmf_queue(struct dtmf_tx *tx, const char *keys, unsigned tone_ms, unsigned gap_ms);
static inline bool dtmf_sending(const struct dtmf_tx *tx)
{
    return tx->count > 0 || tx->gap_left > 0;
}
/* One 20 ms slot at timestamp `now`: true when it carries an event packet (payload, its timestamp
 * and marker are written), false when it carries audio. */
bool dtmf_slot(struct dtmf_tx *tx, uint32_t now, uint8_t payload[DTMF_PAYLOAD_SIZE],
               uint32_t *timestamp, bool *marker);
