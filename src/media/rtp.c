#include "media/rtp.h"

#include <errno.h>

static uint32_t read_u32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void write_u32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}

void rtp_build(uint8_t out[RTP_HEADER_SIZE], const struct rtp_header *h)
{
    out[0] = 0x80; /* version 2, no padding, extension or contributing sources */
    out[1] = (uint8_t)((h->marker ? 0x80 : 0) | (h->pt & 0x7f));
    out[2] = (uint8_t)(h->seq >> 8);
    out[3] = (uint8_t)h->seq;
    write_u32(out + 4, h->timestamp);
    write_u32(out + 8, h->ssrc);
}

int rtp_parse(const uint8_t *data, size_t len, struct rtp_header *h, const uint8_t **payload,
              size_t *payload_len)
{
    size_t start;

    if (len < RTP_HEADER_SIZE || data[0] >> 6 != 2)
        return -EBADMSG;
    start = RTP_HEADER_SIZE + 4u * (data[0] & 0x0f);
    if (data[0] & 0x10) { /* extension: its length is in words, after 4 bytes */
        if (len < start + 4)
            return -EBADMSG;
        start += 4 + 4u * ((size_t)data[start + 2] << 8 | data[start + 3]);
    }
    if (len < start)
        return -EBADMSG;
    if (data[0] & 0x20) { /* padding: its last byte counts itself */
        size_t pad = data[len - 1];

        if (pad == 0 || pad > len - start)
            return -EBADMSG;
        len -= pad;
    }
    h->marker = data[1] & 0x80;
    h->pt = data[1] & 0x7f;
    h->seq = (uint16_t)(data[2] << 8 | data[3]);
    h->timestamp = read_u32(data + 4);
    h->ssrc = read_u32(data + 8);
    *payload = data + start;
    *payload_len = len - start;
    return 0;
}
