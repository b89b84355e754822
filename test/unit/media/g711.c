/* G.711 against the tables of ITU-T G.711: known codes, symmetry, and every code there and back. */
#include "media/g711.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static void test_known_codes(void **state)
{
    assert_int_equal(g711_alaw(0), 0xd5); /* idle on the line */
    assert_int_equal(g711_ulaw(0), 0xff);
    assert_int_equal(g711_alaw(32767), 0xaa);
    assert_int_equal(g711_alaw(-32768), 0x2a);
    assert_int_equal(g711_ulaw(32767), 0x80);
    assert_int_equal(g711_ulaw(-32768), 0x00);
    assert_int_equal(g711_from_alaw(0xd5), 8);
    assert_int_equal(g711_from_alaw(0xaa), 32256);
    assert_int_equal(g711_from_ulaw(0xff), 0);
    assert_int_equal(g711_from_ulaw(0x00), -32124);
}

static void test_codes_there_and_back(void **state)
{
    for (int i = 0; i < 256; i++) {
        assert_int_equal(g711_alaw(g711_from_alaw((uint8_t)i)), i);
        if (i != 0x7f) /* mu-law has two zeros */
            assert_int_equal(g711_ulaw(g711_from_ulaw((uint8_t)i)), i);
    }
}

/* The error is at most half a step, and a step is a sixteenth of a segment. */
static void test_samples_there_and_back(void **state)
{
    for (int x = -32768; x <= 32767; x++) {
        int room = abs(x) / 16 + 16, a = g711_from_alaw(g711_alaw((int16_t)x)),
            u = g711_from_ulaw(g711_ulaw((int16_t)x));

        if (abs(a - x) > room || (abs(x) < 32000 && abs(u - x) > room))
            fail_msg("%d: A-law %d, mu-law %d", x, a, u);
        if (x > -32768 && x != 32767 && abs(x) > 16) {
            assert_true((a > 0) == (x > 0));
            assert_true(g711_from_alaw(g711_alaw((int16_t)(x + 1))) >= a); /* never falls */
        }
    }
}

static void test_blocks(void **state)
{
    int16_t pcm[5] = {0, 1000, -1000, 32767, -32768}, back[5];
    uint8_t code[5];

    g711_encode_alaw(code, pcm, 5);
    g711_decode_alaw(back, code, 5);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(code[i], g711_alaw(pcm[i]));
        assert_int_equal(back[i], g711_from_alaw(code[i]));
    }
    g711_encode_ulaw(code, pcm, 5);
    g711_decode_ulaw(back, code, 5);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(code[i], g711_ulaw(pcm[i]));
        assert_int_equal(back[i], g711_from_ulaw(code[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_codes),
        cmocka_unit_test(test_codes_there_and_back),
        cmocka_unit_test(test_samples_there_and_back),
        cmocka_unit_test(test_blocks),
    };

    return cmocka_run_group_tests_name("media/g711", tests, NULL, NULL);
}
