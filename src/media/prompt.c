#include "media/prompt.h"

#include <errno.h>
#include <math.h>
#include <sndfile.h>
#include <soxr.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "media/g711.h"

enum { LINE_RATE = 8000, CHUNK = 2048, CHANNELS_MAX = 8, RATE_MIN = 4000, RATE_MAX = 192000 };

static float decibel(double amplitude)
{
    return amplitude > 1e-5 ? (float)(20 * log10(amplitude)) : -100.0f;
}

/* A prompt that is being made, in one pass: whatever length and rate, no more is held than the
 * frames and a block of samples. */
struct making {
    struct prompt *p;
    soxr_t resampler;     /* NULL: the rate is the line's already */
    size_t samples, room; /* of each law, in bytes */
    double peak, power;
};

static int grow(struct making *m, size_t need)
{
    size_t room = m->room ? m->room : (size_t)LINE_RATE * 8;

    if (need <= m->room)
        return 0;
    while (room < need)
        room *= 2;
    for (int law = 0; law < PROMPT_LAWS; law++) {
        uint8_t *bigger = realloc(m->p->law[law], room);

        if (!bigger)
            return -ENOMEM;
        m->p->law[law] = bigger;
    }
    m->room = room;
    return 0;
}

static int encode(struct making *m, const float *pcm, size_t samples)
{
    int rc = grow(m, m->samples + samples);

    for (size_t i = 0; i < samples && !rc; i++) {
        double x = (double)pcm[i];
        long value = lround(x * 32767);
        int16_t s = (int16_t)(value > 32767 ? 32767 : value < -32768 ? -32768 : value);

        m->p->law[PROMPT_ALAW][m->samples] = g711_alaw(s);
        m->p->law[PROMPT_ULAW][m->samples++] = g711_ulaw(s);
        if (fabs(x) > m->peak)
            m->peak = fabs(x);
        m->power += x * x;
    }
    return rc;
}

/* Mono samples at the source's rate; NULL: there are no more. */
static int put(struct making *m, const float *pcm, size_t samples)
{
    float line[CHUNK];
    size_t used, got;

    if (!m->resampler)
        return pcm ? encode(m, pcm, samples) : 0;
    do {
        int rc;

        if (soxr_process(m->resampler, pcm, samples, &used, line, CHUNK, &got))
            return -ENOMEM;
        rc = encode(m, line, got);
        if (rc)
            return rc;
        if (pcm) {
            pcm += used;
            samples -= used;
        }
    } while (pcm ? samples > 0 || got == CHUNK : got > 0);
    return 0;
}

static int begin(struct making *m, unsigned rate_hz)
{
    soxr_quality_spec_t quality = soxr_quality_spec(SOXR_HQ, 0);
    soxr_io_spec_t io = soxr_io_spec(SOXR_FLOAT32_I, SOXR_FLOAT32_I);

    *m = (struct making){.p = calloc(1, sizeof(*m->p))};
    if (!m->p)
        return -ENOMEM;
    if (rate_hz == LINE_RATE)
        return 0;
    m->resampler = soxr_create(rate_hz, LINE_RATE, 1, NULL, &io, &quality, NULL);
    return m->resampler ? 0 : -ENOMEM;
}

/* The last frame is padded with silence. */
static int finish(struct making *m)
{
    size_t bytes;
    int rc = put(m, NULL, 0);

    if (rc)
        return rc;
    if (m->samples == 0)
        return -ENODATA;
    m->p->frames = (uint32_t)((m->samples + PROMPT_FRAME - 1) / PROMPT_FRAME);
    bytes = (size_t)m->p->frames * PROMPT_FRAME;
    m->p->peak_db = decibel(m->peak);
    m->p->rms_db = decibel(sqrt(m->power / (double)m->samples));
    rc = grow(m, bytes);
    if (rc)
        return rc;
    for (int law = 0; law < PROMPT_LAWS; law++) {
        uint8_t *fits;

        memset(m->p->law[law] + m->samples, law == PROMPT_ALAW ? g711_alaw(0) : g711_ulaw(0),
               bytes - m->samples);
        fits = realloc(m->p->law[law], bytes);
        if (fits)
            m->p->law[law] = fits;
    }
    return 0;
}

/* Gives the prompt out when rc is 0, and takes the rest down. */
static int end(struct making *m, int rc, struct prompt **out)
{
    if (!rc)
        rc = finish(m);
    soxr_delete(m->resampler);
    if (rc)
        prompt_free(m->p);
    else
        *out = m->p;
    return rc;
}

int prompt_from_pcm(const int16_t *pcm, size_t samples, unsigned rate_hz, struct prompt **out)
{
    struct making m;
    float mono[CHUNK];
    int rc;

    if (rate_hz < RATE_MIN || rate_hz > RATE_MAX)
        return -EINVAL;
    rc = begin(&m, rate_hz);
    for (size_t at = 0; at < samples && !rc; at += CHUNK) {
        size_t n = samples - at < CHUNK ? samples - at : CHUNK;

        for (size_t i = 0; i < n; i++)
            mono[i] = (float)pcm[at + i] / 32768.0f;
        rc = put(&m, mono, n);
    }
    return end(&m, rc, out);
}

/* All frames mixed to mono, at most PROMPT_SECONDS_MAX: -EFBIG when there is more. */
static int read_mono(SNDFILE *f, const SF_INFO *info, struct making *m)
{
    sf_count_t left = (sf_count_t)PROMPT_SECONDS_MAX * info->samplerate, n;
    float chunk[CHUNK * CHANNELS_MAX], mono[CHUNK];
    int rc = 0;

    while (!rc && (n = sf_readf_float(f, chunk, CHUNK)) > 0) {
        if (n > left)
            return -EFBIG;
        left -= n;
        for (sf_count_t i = 0; i < n; i++) {
            float sum = 0;

            for (int c = 0; c < info->channels; c++)
                sum += chunk[i * info->channels + c];
            sum /= (float)info->channels;
            mono[i] = isfinite(sum) ? sum : 0;
        }
        rc = put(m, mono, (size_t)n);
    }
    return rc;
}

static int load(SNDFILE *f, const SF_INFO *info, const char *path, struct prompt **out,
                struct error *err)
{
    struct making m;
    int rc;

    if (info->channels < 1 || info->channels > CHANNELS_MAX || info->samplerate < RATE_MIN ||
        info->samplerate > RATE_MAX)
        return error_set(err, -EINVAL, path, "save it as mono, 8 to 48 kHz",
                         "%d channels at %d Hz is not usable", info->channels, info->samplerate);
    rc = begin(&m, (unsigned)info->samplerate);
    if (!rc)
        rc = read_mono(f, info, &m);
    rc = end(&m, rc, out);
    if (rc == -EFBIG)
        return error_set(err, rc, path, "make it shorter", "longer than %d minutes",
                         PROMPT_SECONDS_MAX / 60);
    if (rc == -ENODATA)
        return error_set(err, rc, path, "record it again", "the recording is empty");
    if (rc)
        return error_set(err, rc, path, NULL, "cannot be made ready: %s", strerror(-rc));
    return 0;
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

const char *prompt_complaint(const struct prompt *p)
{
    if (p->frames == 0)
        return "empty";
    if (p->rms_db < -60)
        return "silent";
    if (p->rms_db < -32)
        return "too quiet for a telephone: raise it to about -18 dB";
    if (p->peak_db > -0.1F && p->rms_db > -8)
        return "overdriven: lower it to about -18 dB";
    return NULL;
}
