/* Hears which steady tone is played, by its zero crossings: rehearsals and tests use tones as
 * prompts to learn what a person would have heard, and when. Speech gives no steady tone. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { EAR_HEARD_MAX = 24 };

struct ear_tone {
    unsigned hz; /* to 25 Hz; 0: silence */
    int64_t at_us;
};

struct ear {
    unsigned hz; /* what is heard now */
    unsigned next_hz, next_count;
    int64_t next_us;
    unsigned count; /* all, also those there was no room for */
    struct ear_tone heard[EAR_HEARD_MAX];
};

/* One frame of 8 kHz audio that came at now_us. True when another tone began (two like frames make
 * one): *at_us is when its first frame came. */
bool ear_hear(struct ear *e, const int16_t *pcm, unsigned samples, int64_t now_us, int64_t *at_us);
