/* RTP parsing: what is accepted points inside the packet, and can be told again. */
#include <assert.h>
#include <stdlib.h>

#include "media/rtp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rtp_header h, again;
    const uint8_t *payload, *nothing;
    uint8_t header[RTP_HEADER_SIZE];
    size_t len, none;
    volatile uint8_t sum = 0;

    if (rtp_parse(data, size, &h, &payload, &len))
        return 0;
    assert(payload >= data + RTP_HEADER_SIZE && payload + len <= data + size);
    for (size_t i = 0; i < len; i++)
        sum = (uint8_t)(sum + payload[i]);
    rtp_build(header, &h);
    assert(!rtp_parse(header, sizeof(header), &again, &nothing, &none));
    assert(again.seq == h.seq && again.pt == h.pt && again.timestamp == h.timestamp &&
           again.ssrc == h.ssrc && again.marker == h.marker && none == 0);
    return 0;
}
