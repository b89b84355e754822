/* What the pump sends, on both back-ends: timing, sequence, timestamps, keys, holds, errors from
 * the network, closing inside a handler. */
#include "pump_place.h"

static void test_plays_in_order_and_time(void **state)
{
    struct bench *b = *state;
    struct sdp_audio a = answer(b);
    struct sockaddr_in local;
    struct rtp_stats stats;
    int64_t asked;

    open_stream(b, &local);
    assert_int_equal(rtp_connect(b->stream, &a, true), 0);
    run(b, 30);
    assert_int_equal(b->count, 0); /* nothing before the first prompt */
    asked = clock_mono_us(&clock_system);
    rtp_play(b->stream, b->prompt, 0);
    collect(b, b->far);
    assert_int_equal(b->count, 1); /* at once, without a turn of the loop */
    run_until(b, b->far, 14);
    assert_int_equal(b->played, 1);
    assert_true(b->got[0].h.marker);
    for (int i = 0; i < 14; i++) {
        assert_int_equal(b->got[i].h.pt, 8);
        assert_int_equal(b->got[i].len, PROMPT_FRAME);
        assert_int_equal(b->got[i].h.seq, (uint16_t)(b->got[0].h.seq + i));
        assert_int_equal(b->got[i].h.timestamp, b->got[0].h.timestamp + 160u * (uint32_t)i);
        assert_int_equal(b->got[i].h.ssrc, b->got[0].h.ssrc);
        assert_int_equal(b->got[i].payload[0], i < 10 ? 0x20 + i : 0xd5); /* then silence */
        if (i > 0)
            assert_false(b->got[i].h.marker);
        assert_int_equal(b->got[i].from.sin_port, local.sin_port);
    }
    /* Never ahead of its clock, but for the rounding of one tick. */
    assert_true(b->got[13].at_us - b->got[0].at_us > 13 * 20000 - 15000);
    rtp_read_stats(b->stream, &stats);
    assert_true(stats.sent >= 14 && stats.first_sent_us >= asked);
}

static void test_next_prompt_follows_without_gap(void **state)
{
    struct bench *b = *state;
    struct sdp_audio a = answer(b);
    struct sockaddr_in local;

    b->next_on_played = true;
    open_stream(b, &local);
    rtp_connect(b->stream, &a, true);
    rtp_play(b->stream, b->prompt, 1); /* twice, then from the handler once more */
    run_until(b, b->far, 30);
    for (int i = 0; i < 30; i++)
        assert_int_equal(b->got[i].payload[0], 0x20 + i % 10);
}

/* Whatever is played, stopped and played again: one source, one count, one clock. */
static void test_changes_keep_the_stream(void **state)
{
    struct bench *b = *state;
    struct sdp_audio a = answer(b);
    struct sockaddr_in local;

    b->other = make_prompt(3, 0x60);
    open_stream(b, &local);
    rtp_connect(b->stream, &a, true);
    rtp_play(b->stream, b->prompt, -1);
    run_until(b, b->far, 4);
    rtp_play(b->stream, b->other, 0);
    run_until(b, b->far, 12); /* the other, then silence */
    rtp_play(b->stream, b->prompt, 0);
    run_until(b, b->far, 15);
    rtp_stop(b->stream);
    run_until(b, b->far, 20);
    rtp_play(b->stream, b->other, 0);
    run_until(b, b->far, 24);
    for (int i = 1; i < b->count; i++) {
        assert_int_equal(b->got[i].h.seq, (uint16_t)(b->got[i - 1].h.seq + 1));
        assert_int_equal(b->got[i].h.timestamp, b->got[i - 1].h.timestamp + PROMPT_FRAME);
        assert_int_equal(b->got[i].h.ssrc, b->got[0].h.ssrc);
        assert_false(b->got[i].h.marker); /* RFC 3551 4.1: no pause, no talkspurt */
    }
}

static void test_pause_moves_the_clock(void **state)
{
    struct bench *b = *state;
    struct sdp_audio a = answer(b);
    struct sockaddr_in local;
    int32_t step;

    open_stream(b, &local);
    rtp_connect(b->stream, &a, false);
    rtp_play(b->stream, b->prompt, 0);
    run_until(b, b->far, 10);
    run(b, 150);
    assert_int_equal(b->count, 10); /* no filling */
    rtp_play(b->stream, b->prompt, 0);
    run_until(b, b->far, 12);
    assert_true(b->got[10].h.marker);
    assert_false(b->got[11].h.marker);
    assert_int_equal(b->got[10].h.seq, (uint16_t)(b->got[9].h.seq + 1));
    step = (int32_t)(b->got[10].h.timestamp - b->got[9].h.timestamp);
    /* At least the pause, less the slot in which it began; what a busy machine adds is on both
     * clocks. */
    assert_true(step > 120 * 8);
    assert_true(step < (b->got[10].at_us - b->got[9].at_us) / 125 + 8000);
}

static void test_far_port_closed(void **state)
{
    struct bench *b = *state;
    struct sdp_audio a = answer(b);
    struct sockaddr_in local;
    struct pump_stats stats = {0};
    int64_t until = clock_mono_us(&clock_system) + PATIENCE_US;

    open_stream(b, &local);
    rtp_connect(b->stream, &a, true);
    rtp_play(b->stream, b->prompt, -1);
    far_audio(b->far, &local, 1);
    run_received(b, 1);
    close(b->far);
    while (stats.send_errors == 0) {
        assert_true(clock_mono_us(&clock_system) < until);
        loop_turn(b->loop, 1);
        pump_read_stats(b->pump, &stats);
    }
    /* It opens again: the stream went on. */
    b->far = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(b->far, (struct sockaddr *)&b->far_addr, sizeof(b->far_addr)), 0);
    b->count = 0;
    run_until(b, b->far, 3);
}

static void test_keys_are_sent(void **state)
{
    struct bench *b = *state;
    struct sdp_audio a = answer(b);
    struct sockaddr_in local;
    struct dtmf_rx rx = {0};
    char heard[8] = "";
    int events = 0;

    open_stream(b, &local);
    assert_int_equal(rtp_send_keys(b->stream, "1?", 60, 40), -EINVAL);
    rtp_connect(b->stream, &a, true);
    assert_int_equal(rtp_send_keys(b->stream, "12#", 60, 40), 0);
    run_until(b, b->far, 20);
    for (int i = 0; i < b->count; i++) {
        struct dtmf_event e;
        struct dtmf_news news;

        assert_int_equal(b->got[i].h.seq, (uint16_t)(b->got[0].h.seq + i));
        if (b->got[i].h.pt != 97)
            continue;
        events++;
        assert_int_equal(dtmf_parse(b->got[i].payload, b->got[i].len, &e), 0);
        dtmf_receive(&rx, &b->got[i].h, &e, &news);
        if (news.pressed)
            strncat(heard, &news.pressed, 1);
    }
    assert_string_equal(heard, "12#");
    assert_int_equal(events, 3 * 5);
}

static void test_hold(void **state)
{
    struct bench *b = *state;
    struct sdp_audio a = answer(b), held;
    struct sockaddr_in local;
    uint32_t ts;
    int last;

    open_stream(b, &local);
    rtp_connect(b->stream, &a, true);
    rtp_play(b->stream, b->prompt, -1);
    run_until(b, b->far, 3);
    held = a;
    held.direction = SDP_SENDONLY; /* their view: we may only listen */
    rtp_connect(b->stream, &held, true);
    collect(b, b->far);
    last = b->got[b->count - 1].payload[0];
    ts = b->got[b->count - 1].h.timestamp;
    b->count = 0;
    run(b, 100);
    assert_int_equal(b->count, 0);
    rtp_connect(b->stream, &a, true);
    run_until(b, b->far, 1);
    assert_int_equal(b->got[0].payload[0], 0x20 + (last + 1 - 0x20) % 10); /* where it was held */
    assert_true(b->got[0].h.timestamp - ts >= 100 * 8 - PROMPT_FRAME);     /* the clock went on */
}

static void test_closing_in_handlers(void **state)
{
    struct bench *b = *state;
    struct sdp_audio a = answer(b);
    struct sockaddr_in local;
    int64_t until = clock_mono_us(&clock_system) + PATIENCE_US;

    open_stream(b, &local);
    b->close_on_key = true;
    rtp_connect(b->stream, &a, true);
    rtp_play(b->stream, b->prompt, -1);
    far_key(b->far, &local, '1', 1, 100, true);
    while (b->stream && clock_mono_us(&clock_system) < until)
        loop_turn(b->loop, 1);
    assert_string_equal(b->pressed, "1");
    assert_null(b->stream);
    open_stream(b, &local);
    b->close_on_played = true;
    rtp_connect(b->stream, &a, true);
    rtp_play(b->stream, b->prompt, 0);
    while (b->stream && clock_mono_us(&clock_system) < until)
        loop_turn(b->loop, 1);
    assert_int_equal(b->played, 1);
    assert_null(b->stream);
}

static void test_limits(void **state)
{
    struct bench *b = *state;
    struct pump_config config = {
        .loop = b->loop, .local = loopback(), .streams_max = 4, .backend = backend};
    struct sockaddr_storage at;
    struct rtp *s[4], *more;
    struct pump *p;

    assert_int_equal(pump_new(&p, &config), 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(rtp_open(p, &handler, b, &s[i], &at), 0);
    assert_int_equal(rtp_open(p, &handler, b, &more, &at), -ENOSPC);
    rtp_close(s[2]);
    assert_int_equal(rtp_open(p, &handler, b, &more, &at), 0);
    pump_free(p); /* closes what is open */

    config.port_min = 40001; /* even ports only: 40002 and 40004 */
    config.port_max = 40005;
    assert_int_equal(pump_new(&p, &config), 0);
    for (int i = 0; i < 2; i++) {
        int rc = rtp_open(p, &handler, b, &s[i], &at);

        if (rc == -EADDRINUSE) /* someone else on this machine has it */
            break;
        assert_int_equal(rc, 0);
        assert_int_equal(ntohs(((struct sockaddr_in *)&at)->sin_port) % 2, 0);
    }
    assert_int_equal(rtp_open(p, &handler, b, &more, &at), -EADDRINUSE);
    pump_free(p);
}

/* Streams that begin together are spread, and none loses its pace: at any moment none is more than
 * a packet ahead of another. */
static void test_many_at_once(void **state)
{
    struct bench *b = *state;
    struct sdp_audio a = answer(b);
    struct sockaddr_storage at;
    struct rtp *s[60];
    uint32_t least = UINT32_MAX, most = 0;
    int size = 1 << 20;

    setsockopt(b->far, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    for (int i = 0; i < 60; i++) {
        assert_int_equal(rtp_open(b->pump, &handler, b, &s[i], &at), 0);
        rtp_connect(s[i], &a, true);
    }
    for (int i = 0; i < 60; i++)
        rtp_play(s[i], b->prompt, -1);
    run_until(b, b->far, 360);
    for (int i = 0; i < 60; i++) {
        struct rtp_stats one;

        rtp_read_stats(s[i], &one);
        least = one.sent < least ? one.sent : least;
        most = one.sent > most ? one.sent : most;
        rtp_close(s[i]);
    }
    assert_true(least >= 4 && most - least <= 2);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_plays_in_order_and_time, setup, teardown),
        cmocka_unit_test_setup_teardown(test_next_prompt_follows_without_gap, setup, teardown),
        cmocka_unit_test_setup_teardown(test_changes_keep_the_stream, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pause_moves_the_clock, setup, teardown),
        cmocka_unit_test_setup_teardown(test_far_port_closed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_keys_are_sent, setup, teardown),
        cmocka_unit_test_setup_teardown(test_hold, setup, teardown),
        cmocka_unit_test_setup_teardown(test_closing_in_handlers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_limits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_at_once, setup, teardown),
    };

    choose_backend(argc, argv);
    return cmocka_run_group_tests_name("media/pump", tests, NULL, NULL);
}
