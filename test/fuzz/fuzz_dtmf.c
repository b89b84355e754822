/* A receiver fed any event packets: 11 bytes each are marker, sequence, timestamp and payload. A
 * key is released only after it was pressed, once. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "media/dtmf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void released(char *held, char key)
{
    assert(*held == key);
    *held = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dtmf_rx rx = {0};
    char held = 0;

    while (size > 0) {
        size_t take = size < 11 ? size : 11;
        struct rtp_header h = {0};
        struct dtmf_event e;
        struct dtmf_news n;

        if (take > 7) {
            h.marker = data[0] & 1;
            h.ssrc = data[0] >> 6;
            h.seq = (uint16_t)(data[1] << 8 | data[2]);
            memcpy(&h.timestamp, data + 3, 4);
            if (!dtmf_parse(data + 7, take - 7, &e)) {
                dtmf_receive(&rx, &h, &e, &n);
                if (n.lost_end)
                    released(&held, n.lost_end);
                if (n.pressed) {
                    assert(!held && dtmf_event_of(n.pressed) == e.event);
                    held = n.pressed;
                }
                if (n.released)
                    released(&held, n.released);
                assert(rx.active == (held != 0));
            }
        }
        data += take;
        size -= take;
    }
    return 0;
}
