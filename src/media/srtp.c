#include "media/srtp.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <nettle/ctr.h>
#include <nettle/memops.h>

enum {
    FIXED_HEADER = 12,
    BLOCK = AES_BLOCK_SIZE,
    WINDOW = 64,
    /* A sequence number wraps after 65,536 packets: with the shortest, of 10 ms, in 655 s. Up to
     * half of that the rollover is told by the number alone. */
    UNSURE_US = 300 * 1000000,
    ROLLOVERS_MAX = 12, /* that may have been missed: two hours */
};

static uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static void put32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}

/* ---- keys (RFC 3711 4.3) -------------------------------------------------------------------- */

enum label { LABEL_CIPHER, LABEL_AUTH, LABEL_SALT };

static void derive(const struct aes128_ctx *master, const uint8_t *salt, enum label label,
                   uint8_t *out, size_t size)
{
    uint8_t iv[BLOCK] = {0};

    memcpy(iv, salt, 14);
    iv[7] ^= (uint8_t)label;
    memset(out, 0, size);
    ctr_crypt(master, (nettle_cipher_func *)aes128_encrypt, BLOCK, iv, size, out, out);
}

void srtp_begin(struct srtp *s, enum srtp_suite suite, const uint8_t key[SRTP_KEY_SIZE])
{
    const uint8_t *salt = key + AES128_KEY_SIZE;
    uint8_t cipher[AES128_KEY_SIZE], auth[20];
    struct aes128_ctx master;

    memset(s, 0, sizeof(*s));
    aes128_set_encrypt_key(&master, key);
    derive(&master, salt, LABEL_CIPHER, cipher, sizeof(cipher));
    derive(&master, salt, LABEL_AUTH, auth, sizeof(auth));
    derive(&master, salt, LABEL_SALT, s->salt, sizeof(s->salt));
    aes128_set_encrypt_key(&s->cipher, cipher);
    hmac_sha1_set_key(&s->hmac, sizeof(auth), auth);
    s->tag_size = suite == SRTP_HMAC_SHA1_32 ? 4 : SRTP_TAG_MAX;
    explicit_bzero(&master, sizeof(master));
    explicit_bzero(cipher, sizeof(cipher));
    explicit_bzero(auth, sizeof(auth));
}

/* ---- packets -------------------------------------------------------------------------------- */

/* Where the payload begins: behind the contributing sources and the extension, which stay in the
 * clear. 0: no RTP. */
static size_t payload_at(const uint8_t *packet, size_t len)
{
    size_t at;

    if (len < FIXED_HEADER || packet[0] >> 6 != 2)
        return 0;
    at = FIXED_HEADER + 4u * (packet[0] & 0x0f);
    if (packet[0] & 0x10) {
        if (at + 4 > len)
            return 0;
        at += 4 + 4u * get16(packet + at + 2);
    }
    return at <= len ? at : 0;
}

/* 4.1.1 */
static void crypt(const struct srtp *s, uint32_t roc, uint8_t *packet, size_t at, size_t len)
{
    uint8_t iv[BLOCK] = {0}, mix[14] = {0};

    memcpy(mix + 4, packet + 8, 4); /* SSRC */
    put32(mix + 8, roc);
    memcpy(mix + 12, packet + 2, 2); /* sequence number */
    for (unsigned i = 0; i < sizeof(mix); i++)
        iv[i] = s->salt[i] ^ mix[i];
    ctr_crypt(&s->cipher, (nettle_cipher_func *)aes128_encrypt, BLOCK, iv, len - at, packet + at,
              packet + at);
}

/* 4.2 */
static void make_tag(struct srtp *s, uint32_t roc, const uint8_t *packet, size_t len,
                     uint8_t tag[SRTP_TAG_MAX])
{
    uint8_t text[4];

    put32(text, roc);
    hmac_sha1_update(&s->hmac, len, packet);
    hmac_sha1_update(&s->hmac, sizeof(text), text);
    hmac_sha1_digest(&s->hmac, s->tag_size, tag);
}

static struct srtp_source *find(struct srtp *s, uint32_t ssrc)
{
    for (unsigned i = 0; i < s->source_count; i++)
        if (s->sources[i].ssrc == ssrc)
            return &s->sources[i];
    return NULL;
}

size_t srtp_protect(struct srtp *s, uint8_t *packet, size_t len)
{
    size_t at = payload_at(packet, len);
    struct srtp_source *from = at ? find(s, get32(packet + 8)) : NULL;
    uint16_t seq = get16(packet + 2);

    if (!at || (!from && s->source_count == SRTP_SOURCES_MAX))
        return 0;
    if (!from) {
        from = &s->sources[s->source_count++];
        *from = (struct srtp_source){.ssrc = get32(packet + 8), .seq = seq};
    }
    if (seq < from->seq)
        from->roc++;
    from->seq = seq;
    crypt(s, from->roc, packet, at, len);
    make_tag(s, from->roc, packet, len, packet + len);
    return len + s->tag_size;
}

/* 3.3.1: the rollover count that puts the packet nearest to the highest one. */
static uint32_t guess(const struct srtp_source *from, uint16_t seq)
{
    if (from->seq < 0x8000)
        return seq - from->seq > 0x8000 ? from->roc - 1 : from->roc;
    return from->seq - 0x8000 > seq ? from->roc + 1 : from->roc;
}

static bool genuine(struct srtp *s, uint32_t roc, const uint8_t *packet, size_t len)
{
    uint8_t tag[SRTP_TAG_MAX];

    make_tag(s, roc, packet, len, tag);
    return memeql_sec(tag, packet + len, s->tag_size);
}

/* Finds the packet's rollover count. While a filter let nothing through, several may have passed.
 */
static bool find_roc(struct srtp *s, const struct srtp_source *from, const uint8_t *packet,
                     size_t len, int64_t now_us, uint32_t *out)
{
    int64_t missed = from ? (now_us - from->at_us) / UNSURE_US : 0;
    uint32_t first = from ? guess(from, get16(packet + 2)) : 0;

    if (missed > ROLLOVERS_MAX)
        missed = ROLLOVERS_MAX;
    for (uint32_t i = 0; i <= (uint32_t)missed; i++) {
        if (genuine(s, first + i, packet, len)) {
            *out = first + i;
            return true;
        }
    }
    return false;
}

/* 3.3.2. False: it came before, or is too old. */
static bool note(struct srtp_source *from, uint32_t roc, uint16_t seq, int64_t now_us)
{
    int64_t ahead = ((int64_t)roc << 16 | seq) - ((int64_t)from->roc << 16 | from->seq);

    if (from->window && ahead <= 0) {
        uint64_t bit = ahead > -WINDOW ? 1ULL << -ahead : 0;

        if (!bit || from->window & bit)
            return false;
        from->window |= bit;
        return true;
    }
    from->window = from->window && ahead < WINDOW ? from->window << ahead | 1 : 1;
    from->roc = roc;
    from->seq = seq;
    from->at_us = now_us;
    return true;
}

int srtp_unprotect(struct srtp *s, uint8_t *packet, size_t *len, int64_t now_us)
{
    size_t plain = *len > s->tag_size ? *len - s->tag_size : 0, at = payload_at(packet, plain);
    struct srtp_source *from = at ? find(s, get32(packet + 8)) : NULL;
    uint32_t roc;

    if (!at || !find_roc(s, from, packet, plain, now_us, &roc))
        return -EBADMSG;
    if (!from && s->source_count == SRTP_SOURCES_MAX)
        return -EBADMSG; /* forgetting one would let its packets come again */
    if (!from) {
        from = &s->sources[s->source_count++];
        *from = (struct srtp_source){.ssrc = get32(packet + 8)};
    }
    if (!note(from, roc, get16(packet + 2), now_us))
        return -EALREADY;
    crypt(s, roc, packet, at, plain);
    *len = plain;
    return 0;
}
