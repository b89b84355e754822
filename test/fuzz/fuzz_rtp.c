/* RTP parsing: what is accepted points inside the packet, and can be told again. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "media/rtp.h"
#include "media/srtp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* As SRTP: nobody has the key, so nothing is taken. Protected by ourselves it comes back as it was.
 */
static void hostile_srtp(const uint8_t *data, size_t size)
{
    static const uint8_t key[SRTP_KEY_SIZE] = {1, 2, 3};
    uint8_t *copy = malloc(size + SRTP_TAG_MAX);
    struct srtp s, r;
    size_t len = size;

    if (!copy)
        return;
    memcpy(copy, data, size);
    srtp_begin(&s, SRTP_HMAC_SHA1_80, key);
    srtp_begin(&r, SRTP_HMAC_SHA1_80, key);
    assert(srtp_unprotect(&r, copy, &len, 0));
    len = srtp_protect(&s, copy, size);
    assert(len == 0 || (!srtp_unprotect(&r, copy, &len, 0) && len == size));
    assert(!memcmp(copy, data, size));
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rtp_header h, again;
    const uint8_t *payload, *nothing;
    uint8_t header[RTP_HEADER_SIZE];
    size_t len, none;
    volatile uint8_t sum = 0;

    hostile_srtp(data, size);
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
