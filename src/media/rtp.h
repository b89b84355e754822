/* RTP packets on the wire (RFC 3550 5.1). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RTP_HEADER_SIZE = 12, RTP_PACKET_MAX = 1500 };

struct rtp_header {
    bool marker;
    uint8_t pt;
    uint16_t seq;
    uint32_t timestamp, ssrc;
};

void rtp_build(uint8_t out[RTP_HEADER_SIZE], const struct rtp_header *h);
/* Skips contributing sources, the extension and padding. payload points into data. -EBADMSG: not
 * RTP; nothing is written then. */
int rtp_parse(const uint8_t *data, size_t len, struct rtp_header *h, const uint8_t **payload,
              size_t *payload_len);
