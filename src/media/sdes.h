/* Keys of SRTP as SDP carries them: a=crypto (RFC 4568). */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "media/srtp.h"

enum { SDES_TEXT_MAX = 96, SDES_TAG_MAX = 999999999 };

struct sdes_key {
    enum srtp_suite suite; /* SRTP_NONE: there is none */
    uint32_t tag;          /* its number in the offer */
    uint8_t key[SRTP_KEY_SIZE];
};

/* A fresh one. */
void sdes_new(struct sdes_key *k, enum srtp_suite suite, uint32_t tag);
/* What follows "a=crypto:". Returns its length. */
int sdes_write(const struct sdes_key *k, char out[SDES_TEXT_MAX]);
/* Reads what follows "a=crypto:". -ENOTSUP: a suite or parameter that we do not have; -EBADMSG. */
int sdes_read(const char *text, size_t len, struct sdes_key *out);
