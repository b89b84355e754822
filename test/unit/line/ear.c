/* What the simulated carrier hears and counts: tones, sliding seconds, spreads, made-up sounds. */
#include "line/carrier/ear.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "line/carrier/figures.h"
#include "line/carrier/sounds.h"
#include "media/g711.h"

/* Frames of a tone, through mu-law as on the line; hz 0: silence. */
static void play(struct ear *e, double hz, int frames, int64_t *now, int64_t *began)
{
    int16_t pcm[160];
    int64_t at;

    for (int f = 0; f < frames; f++, *now += 20000) {
        for (int i = 0; i < 160; i++)
            pcm[i] = g711_from_ulaw(g711_ulaw(
                (int16_t)(hz > 0 ? 8000 * sin(2 * M_PI * hz * (f * 160 + i) / 8000) : 0)));
        if (ear_hear(e, pcm, 160, *now, &at))
            *began = at;
    }
}

static void test_tones(void **state)
{
    static const unsigned tones[] = {300, 425, 700, 1000, 1500, 2200, 3000};
    struct ear e = {0};
    int64_t now = 5000000, began = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(tones) / sizeof(tones[0]); i++) {
        int64_t from = now;

        play(&e, tones[i], 10, &now, &began);
        assert_int_equal(began, from); /* the first frame of the tone, told at its second */
        assert_in_range(e.hz, tones[i] - 30, tones[i] + 30);
        assert_int_equal(e.count, i + 1);
        assert_in_range(e.heard[i].hz, tones[i] - 50, tones[i] + 50);
    }
    play(&e, 0, 3, &now, &began);
    assert_int_equal(e.hz, 0);
}

static void test_no_tones(void **state)
{
    struct ear e = {0};
    int64_t now = 0, began = -1;

    (void)state;
    play(&e, 0, 50, &now, &began);
    assert_int_equal(e.count, 0);
    play(&e, 800, 1, &now, &began); /* a click is no tone */
    play(&e, 0, 5, &now, &began);
    assert_int_equal(e.count, 0);
    for (int i = 0; i < 200; i++) /* more than there is room for */
        play(&e, i % 2 ? 500 : 900, 3, &now, &began);
    assert_int_equal(e.count, 200);
}

static void test_rate(void **state)
{
    struct rate *r = calloc(1, sizeof(*r));

    (void)state;
    for (int i = 0; i < 100; i++)
        rate_add(r, i * 10000LL); /* 100 in 0.99 s */
    assert_int_equal(r->max, 100);
    rate_add(r, 1000000); /* the first is exactly a second old: out */
    assert_int_equal(r->max, 100);
    rate_add(r, 1000001);
    assert_int_equal(r->max, 101);
    assert_int_equal(rate_at(r, 1500000), 51);
    assert_int_equal(rate_at(r, 9000000), 0);
    free(r);
}

static void test_spread(void **state)
{
    struct spread *s = calloc(1, sizeof(*s));

    (void)state;
    s->step_us = 10;
    assert_int_equal(spread_at(s, 0.5), 0);
    for (int i = 1; i <= 1000; i++)
        spread_add(s, i * 10);
    assert_in_range(spread_at(s, 0.5), 5000, 5020);
    assert_in_range(spread_at(s, 0.99), 9900, 9920);
    assert_int_equal(spread_at(s, 1), 10000);
    spread_add(s, 10000000); /* beyond the slots */
    assert_int_equal(spread_at(s, 1), 10000000);
    free(s);
}

static void test_sounds(void **state)
{
    struct sounds s;

    (void)state;
    assert_int_equal(sounds_new(&s), 0);
    assert_in_range(prompt_ms(s.hello), 680, 720);
    assert_true(s.hello->rms_db > -32 && s.hello->rms_db < -6);
    for (int i = 0; i < SOUND_GREETINGS; i++) {
        assert_true(s.greeting[i]->rms_db > -32 && s.greeting[i]->rms_db < -6);
        assert_ptr_equal(sounds_greeting(&s, (i + 1) * 1500), s.greeting[i]);
    }
    assert_ptr_equal(sounds_greeting(&s, 0), s.greeting[0]);
    assert_ptr_equal(sounds_greeting(&s, 3600000), s.greeting[SOUND_GREETINGS - 1]);
    sounds_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tones),  cmocka_unit_test(test_no_tones), cmocka_unit_test(test_rate),
        cmocka_unit_test(test_spread), cmocka_unit_test(test_sounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
