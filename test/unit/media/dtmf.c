/* Keys by RFC 4733: the sender's packets through a lossy, doubling, reordering path must be heard
 * as the same presses. */
#include "media/dtmf.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"

struct packet {
    struct rtp_header h;
    struct dtmf_event e;
};

struct heard {
    char pressed[64];
    char released[64];
    uint32_t last_samples;
};

/* What a sender makes of text: one entry an event packet. Sequence numbers count audio too. */
static int send_all(const char *text, unsigned tone_ms, unsigned gap_ms, uint32_t ts,
                    struct packet *out, int max)
{
    struct dtmf_tx tx = {0};
    uint16_t seq = 65500;
    int n = 0;

    assert_int_equal(dtmf_queue(&tx, text, tone_ms, gap_ms), 0);
    while (dtmf_sending(&tx)) {
        uint8_t payload[DTMF_PAYLOAD_SIZE];
        struct packet p = {.h = {.seq = seq++, .ssrc = 7}};

        if (dtmf_slot(&tx, ts, payload, &p.h.timestamp, &p.h.marker)) {
            assert_true(n < max);
            assert_int_equal(dtmf_parse(payload, sizeof(payload), &p.e), 0);
            out[n++] = p;
        }
        ts += DTMF_SLOT;
    }
    return n;
}

static void hear(struct dtmf_rx *rx, const struct packet *p, struct heard *out)
{
    struct dtmf_news news;

    dtmf_receive(rx, &p->h, &p->e, &news);
    if (news.lost_end)
        strncat(out->released, &news.lost_end, 1);
    if (news.pressed)
        strncat(out->pressed, &news.pressed, 1);
    if (news.released) {
        strncat(out->released, &news.released, 1);
        out->last_samples = news.released_samples;
    }
}

static void test_codes(void **state)
{
    (void)state;
    for (uint8_t i = 0; i < 16; i++)
        assert_int_equal(dtmf_event_of(dtmf_key(i)), i);
    assert_int_equal(dtmf_key(10), '*');
    assert_int_equal(dtmf_key(11), '#');
    assert_int_equal(dtmf_key(16), 0);
    assert_int_equal(dtmf_event_of('x'), -1);
    assert_int_equal(dtmf_event_of(0), -1);
}

static void test_sender(void **state)
{
    struct packet p[32];
    int n = send_all("55", 100, 60, 1000, p, 32);

    (void)state;
    /* 100 ms are five packets, the fifth with the end, which comes three times */
    assert_int_equal(n, 14);
    assert_true(p[0].h.marker);
    assert_false(p[1].h.marker);
    for (int i = 0; i < 7; i++)
        assert_int_equal(p[i].h.timestamp, 1000);
    assert_int_equal(p[3].e.duration, 640);
    assert_false(p[3].e.end);
    for (int i = 4; i < 7; i++) {
        assert_true(p[i].e.end);
        assert_int_equal(p[i].e.duration, 800);
    }
    assert_true(p[7].h.marker);
    /* tone, then 60 ms of which the copies of the end take 40 */
    assert_int_equal(p[7].h.timestamp, 1000 + 8 * DTMF_SLOT);
}

static void test_queue_limits(void **state)
{
    struct dtmf_tx tx = {0};

    (void)state;
    assert_int_equal(dtmf_queue(&tx, "12x", 100, 50), -EINVAL);
    assert_int_equal(dtmf_queue(&tx, "1", 0, 50), -EINVAL);
    assert_int_equal(dtmf_queue(&tx, "0123456789*#ABCD", 100, 50), 0);
    assert_int_equal(dtmf_queue(&tx, "1", 100, 50), -ENOSPC);
    assert_int_equal(tx.count, 16);
}

static void test_clean(void **state)
{
    struct packet p[64];
    struct dtmf_rx rx = {0};
    struct heard h = {0};
    int n = send_all("1199#", 80, 40, UINT32_MAX - 2000, p, 64); /* timestamps wrap on the way */

    (void)state;
    for (int i = 0; i < n; i++)
        hear(&rx, &p[i], &h);
    assert_string_equal(h.pressed, "1199#");
    assert_string_equal(h.released, "1199#");
    assert_int_equal(h.last_samples, 640);
}

/* Any packets may be lost as long as one of each press arrives; any may come twice, and neighbours
 * may change places. */
static void test_bad_path(void **state)
{
    static const char all[] = "0123456789*#ABCD";

    (void)state;
    for (uint64_t seed = 0; seed < 5000; seed++) {
        struct packet p[128], q[256];
        struct dtmf_rx rx = {0};
        struct heard h = {0};
        struct rng r;
        char text[9] = "";
        int n, m = 0, first = 0;
        size_t presses;

        rng_seed(&r, seed);
        presses = 1 + rng_below(&r, 8);
        for (size_t i = 0; i < presses; i++)
            text[i] = i > 0 && rng_below(&r, 3) == 0 ? text[i - 1] : all[rng_below(&r, 16)];
        n = send_all(text, 20 + (unsigned)rng_below(&r, 120), (unsigned)rng_below(&r, 100),
                     random_u32(), p, 128);
        while (first < n) { /* press by press */
            int last = first, kept = 0;

            while (last + 1 < n && p[last + 1].h.timestamp == p[first].h.timestamp)
                last++;
            for (int i = first; i <= last; i++) {
                int copies = rng_below(&r, 2) ? 1 : (int)rng_below(&r, 3);

                if (i == last && kept == 0 && copies == 0)
                    copies = 1;
                kept += copies;
                while (copies-- > 0)
                    q[m++] = p[i];
            }
            first = last + 1;
        }
        for (int i = 0; i + 1 < m; i++)
            if (rng_below(&r, 5) == 0 && q[i].h.timestamp == q[i + 1].h.timestamp) {
                struct packet t = q[i];

                q[i] = q[i + 1];
                q[i + 1] = t;
            }
        for (int i = 0; i < m; i++)
            hear(&rx, &q[i], &h);
        if (rx.active) {
            uint32_t samples;
            char key = dtmf_give_up(&rx, &samples);

            strncat(h.released, &key, 1);
        }
        if (strcmp(h.pressed, text) || strcmp(h.released, text))
            fail_msg("seed %d: sent %s heard %s released %s", (int)seed, text, h.pressed,
                     h.released);
    }
}

static void test_late_packet_of_the_press_before(void **state)
{
    struct packet p[32];
    struct dtmf_rx rx = {0};
    struct heard h = {0};
    int n = send_all("12", 60, 40, 5000, p, 32);

    (void)state;
    for (int i = 0; i < 4; i++)
        hear(&rx, &p[i], &h);
    hear(&rx, &p[5], &h); /* the first of the second press overtakes an end */
    hear(&rx, &p[4], &h);
    for (int i = 6; i < n; i++)
        hear(&rx, &p[i], &h);
    assert_string_equal(h.pressed, "12");
    assert_string_equal(h.released, "12");
}

static void test_long_press_in_segments(void **state)
{
    struct dtmf_rx rx = {0};
    struct heard h = {0};
    struct packet p = {.h = {.marker = true, .seq = 1, .timestamp = 100, .ssrc = 7},
                       .e = {.event = 5, .duration = 160}};

    (void)state;
    hear(&rx, &p, &h);
    p.h.marker = false;
    p.h.seq = 400;
    p.e.duration = 0xffff;
    hear(&rx, &p, &h);
    p.h.seq = 401;
    p.h.timestamp += 0xffff;
    p.e.duration = 160;
    hear(&rx, &p, &h);
    p.h.seq = 402;
    p.e.duration = 320;
    p.e.end = true;
    hear(&rx, &p, &h);
    assert_string_equal(h.pressed, "5");
    assert_string_equal(h.released, "5");
    assert_int_equal(h.last_samples, 0xffff + 320);
}

static void test_gateway_that_moves_the_timestamp(void **state)
{
    struct dtmf_rx rx = {0};
    struct heard h = {0};
    struct packet p = {.h = {.marker = true, .seq = 10, .timestamp = 100, .ssrc = 7},
                       .e = {.event = 3, .duration = 160}};

    (void)state;
    for (int i = 0; i < 5; i++) {
        p.e.end = i == 4;
        hear(&rx, &p, &h);
        p.h.marker = false;
        p.h.seq++;
        p.h.timestamp += 160;
        p.e.duration = (uint16_t)(p.e.duration + 160);
    }
    assert_string_equal(h.pressed, "3");
    assert_string_equal(h.released, "3");
}

static void test_new_source_begins_anew(void **state)
{
    struct dtmf_rx rx = {0};
    struct heard h = {0};
    struct packet p = {.h = {.seq = 10, .timestamp = 100000, .ssrc = 7},
                       .e = {.event = 3, .end = true, .duration = 160}};

    (void)state;
    hear(&rx, &p, &h);
    p.h.ssrc = 8;
    p.h.timestamp = 50; /* older by the first source's count */
    hear(&rx, &p, &h);
    assert_string_equal(h.pressed, "33");
}

/* After a transfer some gateways go on with the same source and count, but another clock: the next
 * keys are keys, though their timestamps are older. */
static void test_clock_that_jumps_back(void **state)
{
    struct dtmf_rx rx = {0};
    struct heard h = {0};
    struct packet p = {.h = {.marker = true, .seq = 65535, .timestamp = 900000, .ssrc = 7},
                       .e = {.event = 3, .end = true, .duration = 160}};

    (void)state;
    hear(&rx, &p, &h);
    p.h.seq = 40; /* wrapped */
    p.h.timestamp = 1000;
    p.e.event = 4;
    hear(&rx, &p, &h);
    p.h.seq = 41; /* its end once more */
    hear(&rx, &p, &h);
    assert_string_equal(h.pressed, "34");
    p.h.seq = 30000; /* count and clock begin anew */
    p.h.timestamp = 500;
    hear(&rx, &p, &h);
    assert_string_equal(h.pressed, "344");
    assert_string_equal(h.released, "344");
}

/* Two keys held at once: some senders tell of both in turns. Each is one press. */
static void test_overlapping_keys(void **state)
{
    struct dtmf_rx rx = {0};
    struct heard h = {0};
    struct packet one = {.h = {.timestamp = 1000, .ssrc = 7}, .e = {.event = 1}};
    struct packet two = {.h = {.timestamp = 1320, .ssrc = 7}, .e = {.event = 2}};
    uint16_t seq = 10;

    (void)state;
    for (int i = 1; i <= 6; i++) {
        one.h.seq = seq++;
        one.h.marker = i == 1;
        one.e.duration = (uint16_t)(160 * i);
        one.e.end = i >= 4;
        hear(&rx, &one, &h);
        if (i < 3)
            continue;
        two.h.seq = seq++;
        two.h.marker = i == 3;
        two.e.duration = (uint16_t)(160 * (i - 2));
        two.e.end = i == 6;
        hear(&rx, &two, &h);
    }
    assert_string_equal(h.pressed, "12");
    assert_string_equal(h.released, "12");
}

static void test_what_is_no_key(void **state)
{
    struct dtmf_rx rx = {0};
    struct heard h = {0};
    struct packet p = {.h = {.seq = 10, .timestamp = 100, .ssrc = 7}, .e = {.event = 36}};
    struct dtmf_event e;
    uint8_t payload[3] = {1, 0, 0};

    (void)state;
    hear(&rx, &p, &h); /* a fax tone */
    assert_string_equal(h.pressed, "");
    assert_int_equal(dtmf_parse(payload, sizeof(payload), &e), -EBADMSG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codes),
        cmocka_unit_test(test_sender),
        cmocka_unit_test(test_queue_limits),
        cmocka_unit_test(test_clean),
        cmocka_unit_test(test_bad_path),
        cmocka_unit_test(test_late_packet_of_the_press_before),
        cmocka_unit_test(test_long_press_in_segments),
        cmocka_unit_test(test_gateway_that_moves_the_timestamp),
        cmocka_unit_test(test_new_source_begins_anew),
        cmocka_unit_test(test_clock_that_jumps_back),
        cmocka_unit_test(test_overlapping_keys),
        cmocka_unit_test(test_what_is_no_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
