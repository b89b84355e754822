/* SRTP: vectors of others, both ways through rollovers, losses and hostile packets; keys in SDP. */
#include "media/srtp.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "media/sdes.h"

enum { SECOND_US = 1000000 };

/* RFC 3711 B.3 */
static const uint8_t key[SRTP_KEY_SIZE] = {
    0xe1, 0xf9, 0x7a, 0x0d, 0x3e, 0x01, 0x8b, 0xe0, 0xd6, 0x4f, 0xa3, 0x2c, 0x06, 0xde, 0x41,
    0x39, 0x0e, 0xc6, 0x75, 0xad, 0x49, 0x8a, 0xfe, 0xeb, 0xb6, 0x96, 0x0b, 0x3a, 0xab, 0xe6};

static size_t packet(uint8_t *out, uint32_t ssrc, uint16_t seq)
{
    const uint8_t head[12] = {0x80,
                              0x08,
                              (uint8_t)(seq >> 8),
                              (uint8_t)seq,
                              0,
                              0,
                              0,
                              0,
                              (uint8_t)(ssrc >> 24),
                              (uint8_t)(ssrc >> 16),
                              (uint8_t)(ssrc >> 8),
                              (uint8_t)ssrc};

    memcpy(out, head, sizeof(head));
    for (int i = 0; i < 20; i++)
        out[12 + i] = (uint8_t)(seq + i);
    return 32;
}

/* The reference packet of libsrtp's own test, made with the key of B.3. */
static void test_vector(void **state)
{
    static const uint8_t plain[28] = {0x80, 0x0f, 0x12, 0x34, 0xde, 0xca, 0xfb, 0xad, 0xca, 0xfe,
                                      0xba, 0xbe, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab,
                                      0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab};
    static const uint8_t secret[38] = {0x80, 0x0f, 0x12, 0x34, 0xde, 0xca, 0xfb, 0xad, 0xca, 0xfe,
                                       0xba, 0xbe, 0x4e, 0x55, 0xdc, 0x4c, 0xe7, 0x99, 0x78, 0xd8,
                                       0x8c, 0xa4, 0xd2, 0x15, 0x94, 0x9d, 0x24, 0x02, 0xb7, 0x8d,
                                       0x6a, 0xcc, 0x99, 0xea, 0x17, 0x9b, 0x8d, 0xbb};
    uint8_t buf[sizeof(secret)];
    size_t len = sizeof(secret);
    struct srtp s;

    srtp_begin(&s, SRTP_HMAC_SHA1_80, key);
    memcpy(buf, plain, sizeof(plain));
    assert_int_equal(srtp_protect(&s, buf, sizeof(plain)), sizeof(secret));
    assert_memory_equal(buf, secret, sizeof(secret));
    srtp_begin(&s, SRTP_HMAC_SHA1_80, key);
    assert_int_equal(srtp_unprotect(&s, buf, &len, 0), 0);
    assert_int_equal(len, sizeof(plain));
    assert_memory_equal(buf, plain, sizeof(plain));
}

struct pair {
    struct srtp tx, rx;
    uint8_t buf[64];
    size_t len;
};

static void begin(struct pair *p, enum srtp_suite suite)
{
    srtp_begin(&p->tx, suite, key);
    srtp_begin(&p->rx, suite, key);
}

static void send(struct pair *p, uint32_t ssrc, uint16_t seq)
{
    p->len = srtp_protect(&p->tx, p->buf, packet(p->buf, ssrc, seq));
    assert_true(p->len > 0);
}

static int take(struct pair *p, int64_t now_us)
{
    uint8_t copy[64], expected[64];
    size_t len = p->len;
    int rc;

    memcpy(copy, p->buf, len);
    rc = srtp_unprotect(&p->rx, copy, &len, now_us);
    if (rc == 0) {
        packet(expected,
               (uint32_t)copy[8] << 24 | (uint32_t)copy[9] << 16 | copy[10] << 8 | copy[11],
               (uint16_t)(copy[2] << 8 | copy[3]));
        assert_int_equal(len, 32);
        assert_memory_equal(copy, expected, 32);
    }
    return rc;
}

/* Each packet is its own: 200,000 of them through three rollovers, with losses and swaps. */
static void test_rollover(void **state)
{
    struct pair p, late;

    begin(&p, SRTP_HMAC_SHA1_32);
    for (uint32_t i = 0; i < 200000; i++) {
        send(&p, 7, (uint16_t)(1000 + i));
        assert_int_equal(p.len, 36);
        if (i % 5 == 0)
            continue;     /* lost */
        if (i % 7 == 3) { /* one packet late */
            late = p;
            send(&p, 7, (uint16_t)(1000 + ++i));
            assert_int_equal(take(&p, i * 20000LL), 0);
            memcpy(p.buf, late.buf, sizeof(p.buf));
        }
        assert_int_equal(take(&p, i * 20000LL), 0);
        assert_int_equal(take(&p, i * 20000LL), -EALREADY);
    }
    assert_int_equal(p.rx.sources[0].roc, 3);
}

static void test_replay(void **state)
{
    struct pair p, first, tenth;

    begin(&p, SRTP_HMAC_SHA1_80);
    for (uint16_t i = 0; i < 100; i++) {
        send(&p, 1, i);
        if (i == 0)
            first = p;
        if (i == 60)
            tenth = p;
        if (i != 60)
            assert_int_equal(take(&p, 0), 0);
    }
    memcpy(p.buf, first.buf, sizeof(p.buf));
    assert_int_equal(take(&p, 0), -EALREADY); /* out of the window */
    memcpy(p.buf, tenth.buf, sizeof(p.buf));
    assert_int_equal(take(&p, 0), 0); /* late, for the first time */
    assert_int_equal(take(&p, 0), -EALREADY);
}

/* A bit anywhere, a shorter packet, another key, plain RTP: nothing of it is taken, and it does no
 * harm to what comes after. */
static void test_forged(void **state)
{
    struct pair p;
    size_t whole;

    begin(&p, SRTP_HMAC_SHA1_80);
    send(&p, 1, 5);
    whole = p.len;
    for (size_t i = 0; i < whole * 8; i++) {
        p.buf[i / 8] ^= (uint8_t)(1u << i % 8);
        assert_int_equal(take(&p, 0), -EBADMSG);
        p.buf[i / 8] ^= (uint8_t)(1u << i % 8);
    }
    for (p.len = 0; p.len < whole; p.len++)
        assert_int_equal(take(&p, 0), -EBADMSG);
    assert_int_equal(p.rx.source_count, 0);
    assert_int_equal(take(&p, 0), 0);
    p.len = packet(p.buf, 1, 6);
    assert_int_equal(take(&p, 0), -EBADMSG);
}

/* The filter on the socket lets only keys through: between two of them whole rollovers may pass. */
static void test_missed_rollovers(void **state)
{
    struct pair p;
    int64_t now = 0;
    uint16_t seq = 100;

    begin(&p, SRTP_HMAC_SHA1_80);
    send(&p, 1, seq);
    assert_int_equal(take(&p, now), 0);
    for (unsigned minutes = 1; minutes < 90; minutes += 11) {
        for (unsigned i = 0; i < minutes * 60 * 50; i++)
            send(&p, 1, ++seq);
        now += minutes * 60LL * SECOND_US;
        assert_int_equal(take(&p, now), 0);
    }
    /* Without the time for it nobody is believed to have wrapped. */
    for (unsigned i = 0; i < 2 * 65536; i++)
        send(&p, 1, ++seq);
    assert_int_equal(take(&p, now + SECOND_US), -EBADMSG);
}

static void test_sources(void **state)
{
    struct pair p;

    begin(&p, SRTP_HMAC_SHA1_80);
    for (uint32_t ssrc = 1; ssrc <= SRTP_SOURCES_MAX; ssrc++) {
        send(&p, ssrc, 65535);
        assert_int_equal(take(&p, 0), 0);
        send(&p, ssrc, 0);
        assert_int_equal(take(&p, 0), 0);
    }
    send(&p, 1, 1); /* the first goes on where it was */
    assert_int_equal(take(&p, 0), 0);
    assert_int_equal(srtp_protect(&p.tx, p.buf, packet(p.buf, 99, 1)), 0);
}

static void test_header_parts(void **state)
{
    static const uint8_t with[] = {0x91, 0, 0, 1,    0,    0, 0, 0, 0, 0, 0, 9,    1,
                                   2,    3, 4, 0xbe, 0xde, 0, 1, 5, 6, 7, 8, 0x55, 0x66};
    uint8_t buf[sizeof(with) + SRTP_TAG_MAX], cut[sizeof(with)];
    size_t len;
    struct srtp s, r;

    srtp_begin(&s, SRTP_HMAC_SHA1_80, key);
    srtp_begin(&r, SRTP_HMAC_SHA1_80, key);
    memcpy(buf, with, sizeof(with));
    len = srtp_protect(&s, buf, sizeof(with));
    assert_int_equal(len, sizeof(buf));
    assert_memory_equal(buf, with, 24); /* sources and extension stay readable */
    assert_memory_not_equal(buf + 24, with + 24, 2);
    assert_int_equal(srtp_unprotect(&r, buf, &len, 0), 0);
    assert_memory_equal(buf, with, sizeof(with));
    for (size_t n = 0; n < 24; n++) { /* cut within its header */
        memcpy(cut, with, n);
        srtp_begin(&s, SRTP_HMAC_SHA1_80, key);
        assert_int_equal(srtp_protect(&s, cut, n), 0);
    }
}

/* ---- a=crypto ------------------------------------------------------------------------------- */

static int read_line(const char *text, struct sdes_key *k)
{
    return sdes_read(text, strlen(text), k);
}

#define KEY40 "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj" /* of RFC 4568 6.1 */

static void test_crypto_lines(void **state)
{
    char text[SDES_TEXT_MAX];
    struct sdes_key k = {0}, back;

    assert_int_equal(read_line("1 AES_CM_128_HMAC_SHA1_80 inline:" KEY40 "|2^20|1:4", &k),
                     -ENOTSUP);
    assert_int_equal(read_line("1 AES_CM_128_HMAC_SHA1_80 inline:" KEY40 "|2^20", &k), 0);
    assert_int_equal(k.suite, SRTP_HMAC_SHA1_80);
    assert_memory_equal(k.key, "wDfvg&T+)xG7@fb5jU,RaA}\\|p0%*#", 30);
    assert_int_equal(read_line("17 aes_cm_128_hmac_sha1_32 inline:" KEY40 " WSH=64", &k), 0);
    assert_int_equal(k.tag, 17);
    assert_int_equal(k.suite, SRTP_HMAC_SHA1_32);
    for (int i = 0; i < 100; i++) {
        sdes_new(&k, SRTP_HMAC_SHA1_32, 2);
        sdes_write(&k, text);
        assert_int_equal(read_line(text, &back), 0);
        assert_memory_equal(k.key, back.key, sizeof(k.key));
        assert_int_equal(back.tag, 2);
    }
}

static void test_bad_crypto_lines(void **state)
{
    static const char *const bad[] = {
        "",
        "1",
        "x AES_CM_128_HMAC_SHA1_80 inline:" KEY40,
        "1234567890 AES_CM_128_HMAC_SHA1_80 inline:" KEY40,
        "1 F8_128_HMAC_SHA1_80 inline:" KEY40,
        "1 AES_CM_128_HMAC_SHA1_80",
        "1 AES_CM_128_HMAC_SHA1_80 inline:short",
        "1 AES_CM_128_HMAC_SHA1_80 uri:" KEY40,
        "1 AES_CM_128_HMAC_SHA1_80 inline:" KEY40 "x",
        "1 AES_CM_128_HMAC_SHA1_80 inline:-0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj",
        "1 AES_CM_128_HMAC_SHA1_80 inline:" KEY40 ";inline:" KEY40,
        "1 AES_CM_128_HMAC_SHA1_80 inline:" KEY40 "|2^20;inline:" KEY40,
        "1 AES_CM_128_HMAC_SHA1_80 inline:" KEY40 " UNENCRYPTED_SRTP",
        "1 AES_CM_128_HMAC_SHA1_80 inline:" KEY40 " WSH=64 KDR=5",
    };
    struct sdes_key k = {.tag = 5};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (read_line(bad[i], &k) == 0)
            fail_msg("taken: %s", bad[i]);
    assert_int_equal(k.tag, 5); /* nothing is written */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vector),           cmocka_unit_test(test_rollover),
        cmocka_unit_test(test_replay),           cmocka_unit_test(test_forged),
        cmocka_unit_test(test_missed_rollovers), cmocka_unit_test(test_sources),
        cmocka_unit_test(test_header_parts),     cmocka_unit_test(test_crypto_lines),
        cmocka_unit_test(test_bad_crypto_lines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
