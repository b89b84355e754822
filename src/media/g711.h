/* G.711 (ITU-T G.711) by table. */
#pragma once

#include <stddef.h>
#include <stdint.h>

uint8_t g711_alaw(int16_t pcm);
uint8_t g711_ulaw(int16_t pcm);
int16_t g711_from_alaw(uint8_t a);
int16_t g711_from_ulaw(uint8_t u);
void g711_encode_alaw(uint8_t *out, const int16_t *pcm, size_t samples);
void g711_encode_ulaw(uint8_t *out, const int16_t *pcm, size_t samples);
void g711_decode_alaw(int16_t *out, const uint8_t *in, size_t samples);
void g711_decode_ulaw(int16_t *out, const uint8_t *in, size_t samples);
