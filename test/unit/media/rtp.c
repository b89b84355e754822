/* RTP packets: header there and back, and what a parser must refuse (RFC 3550 5.1). */
#include "media/rtp.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void test_there_and_back(void **state)
{
    struct rtp_header h = {
        .marker = true, .pt = 101, .seq = 0xfffe, .timestamp = 0x89abcdef, .ssrc = 0x12345678};
    struct rtp_header back;
    uint8_t packet[16] = {0};
    const uint8_t *payload;
    size_t len;

    (void)state;
    rtp_build(packet, &h);
    assert_int_equal(packet[0], 0x80);
    assert_int_equal(packet[1], 0xe5);
    assert_int_equal(rtp_parse(packet, sizeof(packet), &back, &payload, &len), 0);
    assert_true(back.marker);
    assert_int_equal(back.pt, 101);
    assert_int_equal(back.seq, 0xfffe);
    assert_int_equal(back.timestamp, 0x89abcdef);
    assert_int_equal(back.ssrc, 0x12345678);
    assert_ptr_equal(payload, packet + 12);
    assert_int_equal(len, 4);
}

static void test_sources_extension_padding(void **state)
{
    /* two contributing sources, an extension of one word, two bytes of payload, two of padding */
    uint8_t packet[12 + 8 + 8 + 4] = {0x80 | 0x20 | 0x10 | 2, 0};
    struct rtp_header h;
    const uint8_t *payload;
    size_t len;

    (void)state;
    packet[23] = 1;
    packet[28] = 0xaa;
    packet[31] = 2;
    assert_int_equal(rtp_parse(packet, sizeof(packet), &h, &payload, &len), 0);
    assert_ptr_equal(payload, packet + 28);
    assert_int_equal(len, 2);
}

static void test_refused(void **state)
{
    struct rtp_header h = {.pt = 77};
    const uint8_t *payload = NULL;
    size_t len = 99;
    uint8_t packet[20] = {0x80};

    (void)state;
    assert_int_equal(rtp_parse(packet, 11, &h, &payload, &len), -EBADMSG);
    packet[0] = 0x40;
    assert_int_equal(rtp_parse(packet, 20, &h, &payload, &len), -EBADMSG);
    packet[0] = 0x83; /* three sources do not fit */
    assert_int_equal(rtp_parse(packet, 20, &h, &payload, &len), -EBADMSG);
    packet[0] = 0x90;
    packet[15] = 2; /* the extension is longer than the packet */
    assert_int_equal(rtp_parse(packet, 20, &h, &payload, &len), -EBADMSG);
    packet[0] = 0xa0;
    packet[19] = 9; /* more padding than payload */
    assert_int_equal(rtp_parse(packet, 20, &h, &payload, &len), -EBADMSG);
    packet[19] = 0;
    assert_int_equal(rtp_parse(packet, 20, &h, &payload, &len), -EBADMSG);
    assert_int_equal(h.pt, 77);
    assert_null(payload);
    assert_int_equal(len, 99);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_sources_extension_padding),
        cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
