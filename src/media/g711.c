/* G.711 by table: encoding looks up the upper 14 (mu-law) or 13 (A-law) bits of a sample in tables
 * filled once before main, decoding the byte itself. */
#include "media/g711.h"

static uint8_t to_alaw[1 << 13], to_ulaw[1 << 14];
static int16_t from_alaw[256], from_ulaw[256];

/* ITU-T G.711 table 1: even bits are inverted on the line. */
static int16_t expand_alaw(uint8_t a)
{
    int segment, value;

    a ^= 0x55;
    segment = (a & 0x70) >> 4;
    value = ((a & 0x0f) << 4) + 8;
    if (segment > 0)
        value = (value + 0x100) << (segment - 1);
    return (int16_t)(a & 0x80 ? value : -value);
}

/* ITU-T G.711 table 2: all bits are inverted on the line. */
static int16_t expand_ulaw(uint8_t u)
{
    int value;

    u = (uint8_t)~u;
    value = ((((u & 0x0f) << 3) + 0x84) << ((u & 0x70) >> 4)) - 0x84;
    return (int16_t)(u & 0x80 ? -value : value);
}

static uint8_t compress_alaw(int sample)
{
    int sign = 0x80, segment = 0, value = sample;

    if (value < 0) {
        sign = 0;
        value = -value - 1;
    }
    for (int v = value >> 8; v > 0; v >>= 1)
        segment++;
    value = segment > 0 ? (value >> (segment + 3)) & 0x0f : value >> 4;
    return (uint8_t)((sign | (segment << 4) | value) ^ 0x55);
}

static uint8_t compress_ulaw(int sample)
{
    enum { BIAS = 0x84, CLIP = 32635 };
    int sign = 0, segment = 7, value = sample;

    if (value < 0) {
        sign = 0x80;
        value = -value;
    }
    value = (value > CLIP ? CLIP : value) + BIAS;
    for (int mask = 0x4000; segment > 0 && !(value & mask); mask >>= 1)
        segment--;
    return (uint8_t) ~(sign | (segment << 4) | ((value >> (segment + 3)) & 0x0f));
}

__attribute__((constructor)) static void fill_tables(void)
{
    for (int i = 0; i < 256; i++) {
        from_alaw[i] = expand_alaw((uint8_t)i);
        from_ulaw[i] = expand_ulaw((uint8_t)i);
    }
    for (int i = 0; i < 1 << 13; i++)
        to_alaw[i] = compress_alaw((int16_t)(i << 3));
    for (int i = 0; i < 1 << 14; i++)
        to_ulaw[i] = compress_ulaw((int16_t)(i << 2));
}

uint8_t g711_alaw(int16_t pcm)
{
    return to_alaw[(uint16_t)pcm >> 3];
}

uint8_t g711_ulaw(int16_t pcm)
{
    return to_ulaw[(uint16_t)pcm >> 2];
}

int16_t g711_from_alaw(uint8_t a)
{
    return from_alaw[a];
}

int16_t g711_from_ulaw(uint8_t u)
{
    return from_ulaw[u];
}

void g711_encode_alaw(uint8_t *out, const int16_t *pcm, size_t samples)
{
    for (size_t i = 0; i < samples; i++)
        out[i] = g711_alaw(pcm[i]);
}

void g711_encode_ulaw(uint8_t *out, const int16_t *pcm, size_t samples)
{
    for (size_t i = 0; i < samples; i++)
        out[i] = g711_ulaw(pcm[i]);
}

void g711_decode_alaw(int16_t *out, const uint8_t *in, size_t samples)
{
    for (size_t i = 0; i < samples; i++)
        out[i] = from_alaw[in[i]];
}

void g711_decode_ulaw(int16_t *out, const uint8_t *in, size_t samples)
{
    for (size_t i = 0; i < samples; i++)
        out[i] = from_ulaw[in[i]];
}
