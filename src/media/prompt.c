#include "media/prompt.h"

#include <errno.h>
#include <math.h>
#include <sndfile.h>
#include <soxr.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "media/g711.h"

enum { LINE_RATE = 8000, CHUNK = 4096, CHANNELS_MAX = 8, RATE_MIN = 4000, RATE_MAX = 192000 };

static float decibel(double amplitude)
{
    return amplitude > 1e-5 ? (float)(20 * log10(amplitude)) : -100.0f;
}

/* Encodes 8 kHz mono samples; the last frame is padded with silence. */
static int encode(const float *pcm, size_t samples, struct prompt **out)
{
    uint32_t frames = (uint32_t)((samples + PROMPT_FRAME - 1) / PROMPT_FRAME);
    size_t bytes = (size_t)frames * PROMPT_FRAME;
    struct prompt *p = calloc(1, sizeof(*p));
    double peak = 0, power = 0;

    if (!p)
        return -ENOMEM;
    p->frames = frames;
    for (int law = 0; law < PROMPT_LAWS; law++) {
        p->law[law] = malloc(bytes);
        if (!p->law[law]) {
            prompt_free(p);
            return -ENOMEM;
        }
    }
    for (size_t i = 0; i < bytes; i++) {
        double x = i < samples ? (double)pcm[i] : 0;
        long value = lround(x * 32767);
        int16_t s = (int16_t)(value > 32767 ? 32767 : value < -32768 ? -32768 : value);

        p->law[PROMPT_ALAW][i] = g711_alaw(s);
        p->law[PROMPT_ULAW][i] = g711_ulaw(s);
        if (fabs(x) > peak)
            peak = fabs(x);
        power += x * x;
    }
    p->peak_db = decibel(peak);
    p->rms_db = decibel(sqrt(power / (double)(samples ? samples : 1)));
    *out = p;
    return 0;
}

/* pcm: mono at rate_hz. */
static int from_mono(const float *pcm, size_t samples, unsigned rate_hz, struct prompt **out)
{
    soxr_quality_spec_t quality = soxr_quality_spec(SOXR_HQ, 0);
    soxr_io_spec_t io = soxr_io_spec(SOXR_FLOAT32_I, SOXR_FLOAT32_I);
    size_t room = (size_t)ceil((double)samples * LINE_RATE / rate_hz) + 16, got = 0;
    float *line;
    int rc;

    if (samples == 0)
        return -ENODATA;
    if (rate_hz == LINE_RATE)
        return encode(pcm, samples, out);
    line = malloc(room * sizeof(*line));
    if (!line)
        return -ENOMEM;
    if (soxr_oneshot(rate_hz, LINE_RATE, 1, pcm, samples, NULL, line, room, &got, &io, &quality,
                     NULL))
        rc = -ENOMEM;
    else
        rc = got ? encode(line, got, out) : -ENODATA;
    free(line);
    return rc;
}

int prompt_from_pcm(const int16_t *pcm, size_t samples, unsigned rate_hz, struct prompt **out)
{
    float *mono;
    int rc;

    if (rate_hz < RATE_MIN || rate_hz > RATE_MAX)
        return -EINVAL;
    mono = malloc((samples + 1) * sizeof(*mono));
    if (!mono)
        return -ENOMEM;
    for (size_t i = 0; i < samples; i++)
        mono[i] = (float)pcm[i] / 32768.0f;
    rc = from_mono(mono, samples, rate_hz, out);
    free(mono);
    return rc;
}

/* Reads all frames mixed to mono, at most PROMPT_SECONDS_MAX. -EFBIG when there is more. */
static int read_mono(SNDFILE *f, const SF_INFO *info, float **out, size_t *samples)
{
    size_t max = (size_t)PROMPT_SECONDS_MAX * (size_t)info->samplerate, used = 0, cap = 0;
    float chunk[CHUNK * CHANNELS_MAX], *mono = NULL;
    sf_count_t n;

    while ((n = sf_readf_float(f, chunk, CHUNK)) > 0) {
        if (used + (size_t)n > max) {
            free(mono);
            return -EFBIG;
        }
        if (used + (size_t)n > cap) {
            float *bigger = realloc(mono, (cap = (used + (size_t)n) * 2) * sizeof(*mono));

            if (!bigger) {
                free(mono);
                return -ENOMEM;
            }
            mono = bigger;
        }
        for (sf_count_t i = 0; i < n; i++) {
            float sum = 0;

            for (int c = 0; c < info->channels; c++)
                sum += chunk[i * info->channels + c];
            sum /= (float)info->channels;
            mono[used++] = isfinite(sum) ? sum : 0;
        }
    }
    *out = mono;
    *samples = used;
    return 0;
}

static int load(SNDFILE *f, const SF_INFO *info, const char *path, struct prompt **out,
                struct error *err)
{
    float *mono = NULL;
    size_t samples = 0;
    int rc;

    if (info->channels < 1 || info->channels > CHANNELS_MAX || info->samplerate < RATE_MIN ||
        info->samplerate > RATE_MAX)
        return error_set(err, -EINVAL, path, "save it as mono, 8 to 48 kHz",
                         "%d channels at %d Hz is not usable", info->channels, info->samplerate);
    rc = read_mono(f, info, &mono, &samples);
    if (!rc)
        rc = from_mono(mono, samples, (unsigned)info->samplerate, out);
    free(mono);
    if (rc == -EFBIG)
        return error_set(err, rc, path, "make it shorter", "longer than %d minutes",
                         PROMPT_SECONDS_MAX / 60);
    if (rc == -ENODATA)
        return error_set(err, rc, path, "record it again", "the recording is empty");
    return rc;
}

int prompt_load(const char *path, struct prompt **out, struct error *err)
{
    SF_INFO info = {0};
    SNDFILE *f = sf_open(path, SFM_READ, &info);
    int rc;

    if (!f) {
        FILE *there = fopen(path, "rb");

        if (!there)
            return error_set(err, -errno, path, "check the name and the folder of the audio",
                             "cannot open the audio: %s", strerror(errno));
        fclose(there);
        return error_set(err, -EINVAL, path, "save it as WAV (PCM), FLAC or Ogg",
                         "this is not audio that can be read: %s", sf_strerror(NULL));
    }
    rc = load(f, &info, path, out, err);
    sf_close(f);
    return rc;
}

void prompt_free(struct prompt *p)
{
    if (!p)
        return;
    for (int law = 0; law < PROMPT_LAWS; law++)
        free(p->law[law]);
    free(p);
}

uint32_t prompt_ms(const struct prompt *p)
{
    return p->frames * 20;
}
