/* What persons and machines say, made up: bursts with the rhythm and the loudness of speech, the
 * beep of a machine, a ringing tone. Made once, then shared. */
#pragma once

#include "media/prompt.h"

enum { SOUND_GREETINGS = 8, SOUND_GREETING_STEP_MS = 1500 };

struct sounds {
    struct prompt *hello;                     /* 0.7 s: a person picks up */
    struct prompt *greeting[SOUND_GREETINGS]; /* machine: 1.5 s, 3 s … of speech, then a beep */
    struct prompt *ringing;                   /* 400 Hz, 1 s on, 3 s off */
};

int sounds_new(struct sounds *s);
void sounds_free(struct sounds *s);
const struct prompt *sounds_greeting(const struct sounds *s, int64_t ms); /* nearest length */
