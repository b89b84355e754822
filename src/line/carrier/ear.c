/* Tones by zero crossings. See ear.h. */
#include "line/carrier/ear.h"

#include <stdlib.h>

enum { QUIET = 200, NEAR_HZ = 60, RATE_HZ = 8000 };

static unsigned tone_of(const int16_t *pcm, unsigned samples)
{
    unsigned crossings = 0, first = 0, last = 0;
    int64_t level = 0;
    int sign = 0;

    for (unsigned i = 0; i < samples; i++) {
        level += abs(pcm[i]);
        if (abs(pcm[i]) < QUIET / 4)
            continue;
        if (sign && (pcm[i] > 0 ? 1 : -1) != sign) {
            crossings++;
            last = i;
            if (crossings == 1)
                first = i;
        }
        sign = pcm[i] > 0 ? 1 : -1;
    }
    if (samples == 0 || level / samples < QUIET || crossings < 2)
        return 0;
    /* From the first crossing to the last there are crossings-1 half periods. */
    return (crossings - 1) * RATE_HZ / (2 * (last - first));
}

static bool near(unsigned a, unsigned b)
{
    return (a == 0) == (b == 0) && (unsigned)abs((int)a - (int)b) <= NEAR_HZ;
}

bool ear_hear(struct ear *e, const int16_t *pcm, unsigned samples, int64_t now_us, int64_t *at_us)
{
    unsigned hz = tone_of(pcm, samples);

    if (near(hz, e->hz)) {
        e->next_count = 0;
        return false;
    }
    if (e->next_count == 0 || !near(hz, e->next_hz)) {
        e->next_hz = hz;
        e->next_us = now_us;
        e->next_count = 1;
        return false;
    }
    e->next_count = 0;
    e->hz = e->next_hz;
    if (e->count < EAR_HEARD_MAX)
        e->heard[e->count] = (struct ear_tone){(e->hz + 12) / 25 * 25, e->next_us};
    e->count++;
    *at_us = e->next_us;
    return true;
}
