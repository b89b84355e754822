#include "media/dtmf.h"

#include <errno.h>
#include <string.h>

enum { MISORDER_MAX = 100 }; /* RFC 3550 A.1 */

static const char keys[] = "0123456789*#ABCD";

int dtmf_parse(const uint8_t *payload, size_t len, struct dtmf_event *out)
{
    if (len < DTMF_PAYLOAD_SIZE)
        return -EBADMSG;
    out->event = payload[0];
    out->end = payload[1] & 0x80;
    out->volume = payload[1] & 0x3f;
    out->duration = (uint16_t)(payload[2] << 8 | payload[3]);
    return 0;
}

void dtmf_build(uint8_t out[DTMF_PAYLOAD_SIZE], const struct dtmf_event *e)
{
    out[0] = e->event;
    out[1] = (uint8_t)((e->end ? 0x80 : 0) | (e->volume & 0x3f));
    out[2] = (uint8_t)(e->duration >> 8);
    out[3] = (uint8_t)e->duration;
}

char dtmf_key(uint8_t event)
{
    return event < 16 ? keys[event] : 0;
}

int dtmf_event_of(char key)
{
    const char *at = key ? strchr(keys, key) : NULL;

    return at ? (int)(at - keys) : -1;
}

/* Is this packet a further part of the press at hand, though its timestamp is another? */
static bool continues(const struct dtmf_rx *rx, const struct rtp_header *h,
                      const struct dtmf_event *e)
{
    if (!rx->active || h->marker || e->event != rx->event)
        return false;
    /* The next segment of a long press begins where the full one before it ended. */
    if (rx->duration == 0xffff && h->timestamp == rx->timestamp + 0xffff)
        return true;
    /* Some gateways move the timestamp with each packet. After a right sender's packet that is not
     * an end, the very next one has the same timestamp, so this cannot hide a press. */
    return h->seq == (uint16_t)(rx->seq + 1) && e->duration > rx->duration;
}

/* A packet of an earlier press, overtaken on the way, or one that goes on beside this one. A step
 * further back is a sender that begins its count anew. */
static bool is_old(const struct dtmf_rx *rx, const struct rtp_header *h)
{
    int16_t step = (int16_t)(h->seq - rx->seq);

    if ((int32_t)(h->timestamp - rx->timestamp) >= 0)
        return false;
    return (step <= 0 && step > -MISORDER_MAX) || (rx->had_before && h->timestamp == rx->before);
}

static void begin(struct dtmf_rx *rx, const struct rtp_header *h, const struct dtmf_event *e)
{
    rx->had_before = rx->seen && rx->ssrc == h->ssrc;
    rx->before = rx->timestamp;
    rx->seen = rx->active = true;
    rx->event = e->event;
    rx->duration = 0;
    rx->base = 0;
    rx->seq = h->seq;
}

static void release(struct dtmf_rx *rx, char *key, uint32_t *samples)
{
    rx->active = false;
    *key = dtmf_key(rx->event);
    *samples = rx->base + rx->duration;
}

void dtmf_receive(struct dtmf_rx *rx, const struct rtp_header *h, const struct dtmf_event *e,
                  struct dtmf_news *out)
{
    bool same = rx->seen && h->ssrc == rx->ssrc && h->timestamp == rx->timestamp;

    memset(out, 0, sizeof(*out));
    if (!dtmf_key(e->event))
        return;
    if (!same) {
        bool known = rx->seen && h->ssrc == rx->ssrc;

        if (known && is_old(rx, h))
            return;
        if (known && continues(rx, h, e)) {
            if (rx->duration == 0xffff) {
                rx->base += 0xffff;
                rx->duration = 0;
            }
        } else {
            if (rx->active)
                release(rx, &out->lost_end, &out->lost_end_samples);
            begin(rx, h, e);
            out->pressed = dtmf_key(e->event);
        }
        rx->timestamp = h->timestamp;
        rx->ssrc = h->ssrc;
    }
    if ((int16_t)(h->seq - rx->seq) > 0)
        rx->seq = h->seq;
    if (e->duration > rx->duration)
        rx->duration = e->duration;
    if (e->end && rx->active)
        release(rx, &out->released, &out->released_samples);
}

char dtmf_give_up(struct dtmf_rx *rx, uint32_t *samples)
{
    char key = 0;

    if (rx->active)
        release(rx, &key, samples);
    return key;
}

int dtmf_queue(struct dtmf_tx *tx, const char *text, unsigned tone_ms, unsigned gap_ms)
{
    size_t n = strlen(text);

    for (size_t i = 0; i < n; i++)
        if (dtmf_event_of(text[i]) < 0)
            return -EINVAL;
    if (tone_ms == 0 || tone_ms > 8000 || gap_ms > 60000)
        return -EINVAL;
    if (n + tx->count > DTMF_QUEUE_MAX)
        return -ENOSPC;
    for (size_t i = 0; i < n; i++)
        tx->keys[(tx->head + tx->count++) % DTMF_QUEUE_MAX] = text[i];
    tx->tone = (uint16_t)(tone_ms * 8);
    tx->gap_slots = (uint16_t)((gap_ms + 19) / 20);
    return 0;
}

static void next_key(struct dtmf_tx *tx)
{
    tx->head = (uint8_t)((tx->head + 1) % DTMF_QUEUE_MAX);
    tx->count--;
    tx->elapsed = 0;
    tx->copies = 0;
    /* The copies of the end already took some of the gap. */
    tx->gap_left =
        tx->gap_slots > DTMF_END_COPIES - 1 ? (uint16_t)(tx->gap_slots - (DTMF_END_COPIES - 1)) : 0;
}

bool dtmf_slot(struct dtmf_tx *tx, uint32_t now, uint8_t payload[DTMF_PAYLOAD_SIZE],
               uint32_t *timestamp, bool *marker)
{
    struct dtmf_event e = {.volume = 10};

    if (tx->gap_left > 0) {
        tx->gap_left--;
        return false;
    }
    if (tx->count == 0)
        return false;
    *marker = tx->elapsed == 0;
    if (tx->elapsed == 0)
        tx->timestamp = now;
    if (tx->elapsed < tx->tone)
        tx->elapsed =
            tx->tone - tx->elapsed > DTMF_SLOT ? (uint16_t)(tx->elapsed + DTMF_SLOT) : tx->tone;
    e.event = (uint8_t)dtmf_event_of(tx->keys[tx->head]);
    e.duration = tx->elapsed;
    e.end = tx->elapsed == tx->tone;
    dtmf_build(payload, &e);
    *timestamp = tx->timestamp;
    if (e.end && ++tx->copies == DTMF_END_COPIES)
        next_key(tx);
    return true;
}
