/* Prompts: audio ready to send. A WAV of any rate, width and channel count is mixed to mono,
 * resampled once to 8 kHz and kept as 20 ms frames of A-law and mu-law. Immutable, shared by all
 * lanes. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { PROMPT_FRAME = 160 }; /* samples, and bytes, of 20 ms */
enum prompt_law { PROMPT_ALAW, PROMPT_ULAW, PROMPT_LAWS };

struct prompt {
    uint32_t frames;
    uint8_t *law[PROMPT_LAWS]; /* frames * PROMPT_FRAME bytes; the last frame padded with silence */
    float peak_db, rms_db;     /* loudness, dBFS, for checks */
};

enum { PROMPT_SECONDS_MAX = 600 };

int prompt_load(const char *path, struct prompt **out, struct error *err);
int prompt_from_pcm(const int16_t *pcm, size_t samples, unsigned rate_hz, struct prompt **out);
void prompt_free(struct prompt *p);
uint32_t prompt_ms(const struct prompt *p);
/* What a listener would complain about, with the remedy; NULL when nothing. */
const char *prompt_complaint(const struct prompt *p);
