/* SRTP (RFC 3711) with AES in counter mode and HMAC-SHA1: one direction of one stream. Pure;
 * nothing is allocated. */
#pragma once

#include <nettle/aes.h>
#include <nettle/hmac.h>
#include <stddef.h>
#include <stdint.h>

/* RFC 4568 6.2; SRTP_NONE: in the clear. */
enum srtp_suite { SRTP_NONE, SRTP_HMAC_SHA1_80, SRTP_HMAC_SHA1_32 };
enum {
    SRTP_KEY_SIZE = 30, /* 16 of master key, 14 of master salt */
    SRTP_TAG_MAX = 10,
    SRTP_SOURCES_MAX = 4,
};

/* How far one synchronisation source has come. */
struct srtp_source {
    uint32_t ssrc, roc; /* roc: how often the sequence number has begun anew */
    uint16_t seq;       /* the highest */
    uint64_t window;    /* which of the 64 up to it came; 0: none ever did */
    int64_t at_us;      /* when the highest came */
};

struct srtp {
    struct aes128_ctx cipher;
    struct hmac_sha1_ctx hmac;
    uint8_t salt[14];
    uint8_t tag_size;
    unsigned source_count;
    struct srtp_source sources[SRTP_SOURCES_MAX];
};

void srtp_begin(struct srtp *s, enum srtp_suite suite, const uint8_t key[SRTP_KEY_SIZE]);
/* Encrypts a packet in place, its tag behind it (room for SRTP_TAG_MAX more bytes). Packets come in
 * the order of their sequence numbers. Returns the new length, 0: no RTP, or too many sources. */
size_t srtp_protect(struct srtp *s, uint8_t *packet, size_t len);
/* Checks and decrypts in place; *len is then without the tag. now_us: monotonic; packets that a
 * filter keeps from us may be many. -EBADMSG: no RTP, or not from who has the key; -EALREADY: it
 * came before, or is too old to know. Nothing changes then. */
int srtp_unprotect(struct srtp *s, uint8_t *packet, size_t *len, int64_t now_us);
