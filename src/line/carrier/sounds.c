/* Generated audio. See sounds.h. */
#include "line/carrier/sounds.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { RATE = 8000, BEEP_MS = 400, BEEP_HZ = 1000, PAUSE_MS = 200 };

static size_t samples_of(int64_t ms)
{
    return (size_t)(ms * RATE / 1000);
}

/* A glottal pulse train through two slowly moving formants, about four syllables a second with a
 * breath now and then. */
static void add_speech(int16_t *pcm, size_t n, double pitch)
{
    double phase = 0, y1[2] = {0}, y2[2] = {0};

    for (size_t i = 0; i < n; i++) {
        double t = (double)i / RATE, out = 0;
        double syllable = sin(M_PI * 4.1 * t), breath = fmod(t, 1.9) > 1.6 ? 0.05 : 1;
        double formant[2] = {500 + 250 * sin(2 * M_PI * 1.3 * t),
                             1500 + 500 * sin(2 * M_PI * 0.9 * t + 1)};

        phase += (pitch + 12 * sin(2 * M_PI * 0.7 * t)) / RATE;
        if (phase >= 1)
            phase -= 1;
        for (int k = 0; k < 2; k++) {
            const double r = 0.96;
            double y = (phase < 0.1 ? 1.0 : -0.11) +
                       2 * r * cos(2 * M_PI * formant[k] / RATE) * y1[k] - r * r * y2[k];

            y2[k] = y1[k];
            y1[k] = y;
            out += y;
        }
        pcm[i] = (int16_t)(fmax(-1, fmin(1, out * 0.06)) * 20000 * syllable * syllable * breath);
    }
}

static void add_tone(int16_t *pcm, size_t n, double hz)
{
    for (size_t i = 0; i < n; i++)
        pcm[i] = (int16_t)(9000 * sin(2 * M_PI * hz * (double)i / RATE));
}

static int make(struct prompt **out, int64_t speech_ms, bool beep, double pitch)
{
    size_t speech = samples_of(speech_ms), pause = beep ? samples_of(PAUSE_MS) : 0;
    size_t tone = beep ? samples_of(BEEP_MS) : 0, n = speech + pause + tone;
    int16_t *pcm = calloc(n, sizeof(*pcm));
    int rc;

    if (!pcm)
        return -ENOMEM;
    add_speech(pcm, speech, pitch);
    add_tone(pcm + speech + pause, tone, BEEP_HZ);
    rc = prompt_from_pcm(pcm, n, RATE, out);
    free(pcm);
    return rc;
}

static int make_ringing(struct prompt **out)
{
    int16_t *pcm = calloc(samples_of(4000), sizeof(*pcm));
    int rc;

    if (!pcm)
        return -ENOMEM;
    add_tone(pcm, samples_of(1000), 400);
    rc = prompt_from_pcm(pcm, samples_of(4000), RATE, out);
    free(pcm);
    return rc;
}

int sounds_new(struct sounds *s)
{
    int rc;

    memset(s, 0, sizeof(*s));
    rc = make(&s->hello, 700, false, 180);
    for (int i = 0; i < SOUND_GREETINGS && !rc; i++)
        rc = make(&s->greeting[i], (i + 1) * (int64_t)SOUND_GREETING_STEP_MS, true, 100 + 12 * i);
    if (!rc)
        rc = make_ringing(&s->ringing);
    if (rc)
        sounds_free(s);
    return rc;
}

void sounds_free(struct sounds *s)
{
    prompt_free(s->hello);
    for (int i = 0; i < SOUND_GREETINGS; i++)
        prompt_free(s->greeting[i]);
    prompt_free(s->ringing);
    memset(s, 0, sizeof(*s));
}

const struct prompt *sounds_greeting(const struct sounds *s, int64_t ms)
{
    int64_t i = (ms + SOUND_GREETING_STEP_MS / 2) / SOUND_GREETING_STEP_MS - 1;

    if (i < 0)
        i = 0;
    return s->greeting[i < SOUND_GREETINGS ? i : SOUND_GREETINGS - 1];
}
