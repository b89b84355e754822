/* Prompts: any rate, width and channel count becomes 8 kHz frames that sound the same; what cannot
 * be used is told clearly. */
#include "media/prompt.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <sndfile.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "media/g711.h"

static char path[] = "/tmp/kolcast-prompt-XXXXXX";

static int set_up(void **state)
{
    int fd = mkstemp(path);

    close(fd);
    return fd < 0;
}

static int tear_down(void **state)
{
    return unlink(path);
}

/* A tone of hz at half of full scale on the first channel, silence on the others. */
static void write_tone(int format, int rate, int channels, double hz, double seconds)
{
    SF_INFO info = {.format = format, .samplerate = rate, .channels = channels};
    SNDFILE *f = sf_open(path, SFM_WRITE, &info);
    int total = (int)(rate * seconds);
    static float block[4096 * 8];

    assert_non_null(f);
    for (int at = 0, n; at < total; at += n) {
        n = total - at < 4096 ? total - at : 4096;
        memset(block, 0, sizeof(block));
        for (int i = 0; i < n; i++)
            block[i * channels] = (float)(0.5 * sin(2 * M_PI * hz * (at + i) / rate));
        assert_int_equal(sf_writef_float(f, block, n), n);
    }
    sf_close(f);
}

/* Share of the power that is at hz: one bin of a Fourier sum. */
static double purity(const struct prompt *p, enum prompt_law law, double hz)
{
    double re = 0, im = 0, power = 0;
    int n = (int)p->frames * PROMPT_FRAME;

    for (int i = 0; i < n; i++) {
        double x =
            law == PROMPT_ALAW ? g711_from_alaw(p->law[law][i]) : g711_from_ulaw(p->law[law][i]);

        re += x * cos(2 * M_PI * hz * i / 8000);
        im += x * sin(2 * M_PI * hz * i / 8000);
        power += x * x;
    }
    return 2 * (re * re + im * im) / n / power;
}

static void test_rates_and_widths(void **state)
{
    static const struct {
        int format, rate, channels;
    } cases[] = {
        {SF_FORMAT_WAV | SF_FORMAT_PCM_16, 8000, 1},
        {SF_FORMAT_WAV | SF_FORMAT_PCM_16, 16000, 1},
        {SF_FORMAT_WAV | SF_FORMAT_PCM_24, 44100, 2},
        {SF_FORMAT_WAV | SF_FORMAT_PCM_U8, 11025, 1},
        {SF_FORMAT_WAV | SF_FORMAT_FLOAT, 48000, 6},
        {SF_FORMAT_WAV | SF_FORMAT_ULAW, 8000, 1},
        {SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 22050, 1},
        {SF_FORMAT_WAV | SF_FORMAT_PCM_32, 32000, 2},
        {SF_FORMAT_WAV | SF_FORMAT_DOUBLE, 96000, 1},
        {SF_FORMAT_WAVEX | SF_FORMAT_PCM_16, 16000, 2},
        {SF_FORMAT_WAVEX | SF_FORMAT_PCM_24, 48000, 1},
        {SF_FORMAT_WAVEX | SF_FORMAT_FLOAT, 44100, 2},
        {SF_FORMAT_WAV | SF_FORMAT_ALAW, 8000, 1},
        {SF_FORMAT_W64 | SF_FORMAT_PCM_16, 8000, 1},
        {SF_FORMAT_RF64 | SF_FORMAT_PCM_16, 12000, 1},
        {SF_FORMAT_WAV | SF_ENDIAN_BIG | SF_FORMAT_PCM_16, 8000, 1},
        {SF_FORMAT_AIFF | SF_FORMAT_PCM_16, 44100, 2},
        {SF_FORMAT_WAV | SF_FORMAT_PCM_16, 192000, 1},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error err = {0};
        struct prompt *p;
        double wanted_db;

        write_tone(cases[i].format, cases[i].rate, cases[i].channels, 1000, 1);
        if (prompt_load(path, &p, &err))
            fail_msg("case %zu: %s", i, err.message);
        assert_in_range(prompt_ms(p), 1000, 1020);
        for (int law = 0; law < PROMPT_LAWS; law++)
            if (purity(p, law, 1000) < 0.97)
                fail_msg("case %zu: law %d, purity %f", i, law, purity(p, law, 1000));
        /* half of full scale, divided among the channels; a sine's power is 3 dB below its peak */
        wanted_db = 20 * log10(0.5 / cases[i].channels);
        assert_true(fabs((double)p->peak_db - wanted_db) < 0.7);
        assert_true(fabs((double)p->rms_db - wanted_db + 3.01) < 0.7);
        prompt_free(p);
    }
}

/* What the telephone cannot carry must not come back as another tone. */
static void test_no_aliases(void **state)
{
    struct prompt *p;

    write_tone(SF_FORMAT_WAV | SF_FORMAT_PCM_16, 16000, 1, 6000, 1);
    assert_int_equal(prompt_load(path, &p, NULL), 0);
    assert_true((double)p->rms_db < -55);
    prompt_free(p);
}

static void test_last_frame_is_padded(void **state)
{
    int16_t pcm[161];
    struct prompt *p;

    for (int i = 0; i < 161; i++)
        pcm[i] = 1000;
    assert_int_equal(prompt_from_pcm(pcm, 161, 8000, &p), 0);
    assert_int_equal(p->frames, 2);
    assert_int_equal(p->law[PROMPT_ALAW][160], g711_alaw(1000));
    for (int i = 161; i < 320; i++) {
        assert_int_equal(p->law[PROMPT_ALAW][i], 0xd5);
        assert_int_equal(p->law[PROMPT_ULAW][i], 0xff);
    }
    prompt_free(p);
    prompt_free(NULL);
    assert_int_equal(prompt_from_pcm(pcm, 0, 8000, &p), -ENODATA);
    assert_int_equal(prompt_from_pcm(pcm, 1, 100, &p), -EINVAL);
}

static long peak_kb(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return u.ru_maxrss;
}

/* Ten minutes at 48 kHz: what is held is the prompt, two bytes a sample at 8 kHz, not the source.
 */
static void test_memory_of_a_long_one(void **state)
{
    struct prompt *p;
    long before;

    write_tone(SF_FORMAT_WAV | SF_FORMAT_PCM_U8, 48000, 1, 400, PROMPT_SECONDS_MAX);
    before = peak_kb();
    assert_int_equal(prompt_load(path, &p, NULL), 0);
    assert_true(peak_kb() - before < 40000);
    assert_in_range(prompt_ms(p), PROMPT_SECONDS_MAX * 1000, PROMPT_SECONDS_MAX * 1000 + 20);
    assert_true(purity(p, PROMPT_ALAW, 400) > 0.97);
    prompt_free(p);
}

static void assert_fault(int rc, const char *message)
{
    struct prompt *p = (struct prompt *)0x1;
    struct error err = {0};

    assert_int_equal(prompt_load(path, &p, &err), rc);
    assert_ptr_equal(p, (struct prompt *)0x1);
    assert_string_equal(err.place, path);
    if (!strstr(err.message, message) || !err.remedy[0])
        fail_msg("%s (%s)", err.message, err.remedy);
}

static void test_faults(void **state)
{
    struct error err = {0};
    struct prompt *p;
    FILE *f;

    assert_int_equal(prompt_load("/nowhere/x.wav", &p, &err), -ENOENT);
    assert_true(err.remedy[0] != '\0');
    f = fopen(path, "w");
    assert_fault(-EINVAL, "not audio");
    fputs("this is a text, not audio", f);
    fclose(f);
    assert_fault(-EINVAL, "not audio");
    write_tone(SF_FORMAT_WAV | SF_FORMAT_PCM_16, 8000, 1, 1000, 0);
    assert_fault(-ENODATA, "empty");
    write_tone(SF_FORMAT_WAV | SF_FORMAT_PCM_U8, 4000, 1, 100, PROMPT_SECONDS_MAX + 1);
    assert_fault(-EFBIG, "longer than 10 minutes");
    write_tone(SF_FORMAT_WAV | SF_FORMAT_PCM_U8, 1000, 1, 100, 1);
    assert_fault(-EINVAL, "not usable");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rates_and_widths),
        cmocka_unit_test(test_no_aliases),
        cmocka_unit_test(test_last_frame_is_padded),
        cmocka_unit_test(test_memory_of_a_long_one),
        cmocka_unit_test(test_faults),
    };

    return cmocka_run_group_tests_name("media/prompt", tests, set_up, tear_down);
}
