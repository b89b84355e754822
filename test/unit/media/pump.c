/* The pump against plain sockets, on both back-ends: timing, sequence, timestamps, keys both ways,
 * symmetric RTP, errors from the network, closing inside a handler. */
#include "media/pump.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "media/dtmf.h"
#include "media/g711.h"
#include "media/rtp.h"

enum { FRAMES_MAX = 512 };

struct got {
    struct rtp_header h;
    uint8_t payload[PROMPT_FRAME];
    size_t len;
    int64_t at_us;
    struct sockaddr_in from;
};

struct bench {
    struct loop *loop;
    struct pump *pump;
    struct prompt *prompt, *other;
    int far; /* plays the far side */
    struct sockaddr_in far_addr;
    struct got got[FRAMES_MAX];
    int count;
    char pressed[32];
    unsigned released_ms;
    int played;
    int heard_samples;
    bool close_on_key, close_on_played, next_on_played;
    struct rtp *stream;
};

static enum pump_backend backend;

static void on_key(struct rtp *s, void *arg, char key)
{
    struct bench *b = arg;

    strncat(b->pressed, &key, 1);
    if (b->close_on_key) {
        rtp_close(s);
        b->stream = NULL;
    } else if (b->other) {
        rtp_play(s, b->other, 0);
    }
}

static void on_key_end(struct rtp *s, void *arg, char key, unsigned duration_ms)
{
    ((struct bench *)arg)->released_ms = duration_ms;
}

static void on_played(struct rtp *s, void *arg)
{
    struct bench *b = arg;

    b->played++;
    if (b->close_on_played) {
        rtp_close(s);
        b->stream = NULL;
    } else if (b->next_on_played && b->played == 1) {
        rtp_play(s, b->prompt, 0);
    }
}

static void on_frame(struct rtp *s, void *arg, const int16_t *pcm, unsigned samples)
{
    ((struct bench *)arg)->heard_samples += (int)samples;
}

static const struct rtp_handler handler = {
    .key = on_key, .key_end = on_key_end, .played = on_played, .frame = on_frame};

static struct prompt *make_prompt(uint32_t frames, uint8_t fill)
{
    struct prompt *p = calloc(1, sizeof(*p));

    p->frames = frames;
    for (int law = 0; law < PROMPT_LAWS; law++) {
        p->law[law] = malloc((size_t)frames * PROMPT_FRAME);
        for (uint32_t i = 0; i < frames; i++)
            memset(p->law[law] + i * PROMPT_FRAME, (uint8_t)(fill + i), PROMPT_FRAME);
    }
    return p;
}

static void drop_prompt(struct prompt *p)
{
    if (!p)
        return;
    for (int law = 0; law < PROMPT_LAWS; law++)
        free(p->law[law]);
    free(p);
}

static int udp(struct sockaddr_in *addr)
{
    socklen_t size = sizeof(*addr);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

    memset(addr, 0, sizeof(*addr));
    addr->sin_family = AF_INET;
    addr->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)addr, sizeof(*addr)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)addr, &size), 0);
    return fd;
}

static struct sockaddr_storage loopback(void)
{
    struct sockaddr_storage s = {0};
    struct sockaddr_in *in = (struct sockaddr_in *)&s;

    in->sin_family = AF_INET;
    in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return s;
}

static int setup(void **state)
{
    struct bench *b = calloc(1, sizeof(*b));
    struct pump_config config = {.local = loopback(), .streams_max = 64, .backend = backend};
    struct pump_stats stats;

    assert_int_equal(loop_new(&b->loop, &clock_system), 0);
    config.loop = b->loop;
    if (pump_new(&b->pump, &config)) {
        print_message("# this kernel has no io_uring\n");
        skip();
    }
    pump_read_stats(b->pump, &stats);
    assert_true(backend == PUMP_AUTO || stats.uring == (backend == PUMP_URING));
    b->far = udp(&b->far_addr);
    b->prompt = make_prompt(10, 0x20);
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    struct bench *b = *state;

    if (!b)
        return 0;
    rtp_close(b->stream);
    pump_free(b->pump);
    loop_free(b->loop);
    close(b->far);
    drop_prompt(b->prompt);
    drop_prompt(b->other);
    free(b);
    return 0;
}

static struct sdp_audio answer(const struct bench *b)
{
    struct sdp_audio a = {.law = PROMPT_ALAW, .pt = 8, .te_pt = 97, .ptime_ms = 20};

    memcpy(&a.addr, &b->far_addr, sizeof(b->far_addr));
    return a;
}

static void collect(struct bench *b, int fd)
{
    uint8_t data[1500];
    struct sockaddr_in from;
    socklen_t size = sizeof(from);
    ssize_t n;

    while ((n = recvfrom(fd, data, sizeof(data), 0, (struct sockaddr *)&from, &size)) >= 0) {
        struct got *g = &b->got[b->count];
        const uint8_t *payload;

        assert_true(b->count < FRAMES_MAX);
        assert_int_equal(rtp_parse(data, (size_t)n, &g->h, &payload, &g->len), 0);
        assert_true(g->len <= PROMPT_FRAME);
        memcpy(g->payload, payload, g->len);
        g->at_us = clock_mono_us(&clock_system);
        g->from = from;
        b->count++;
    }
}

/* Runs the loop for ms, or until `enough` packets came. */
static void run(struct bench *b, int ms, int enough)
{
    int64_t until = clock_mono_us(&clock_system) + ms * 1000;

    while (clock_mono_us(&clock_system) < until && (enough == 0 || b->count < enough)) {
        loop_turn(b->loop, 1);
        collect(b, b->far);
    }
}

static void open_stream(struct bench *b, struct sockaddr_in *local)
{
    struct sockaddr_storage at;

    assert_int_equal(rtp_open(b->pump, &handler, b, &b->stream, &at), 0);
    memcpy(local, &at, sizeof(*local));
    assert_true(local->sin_port != 0);
}

/* The far side sends one packet. */
static void far_send(int fd, const struct sockaddr_in *to, const struct rtp_header *h,
                     const void *payload, size_t len)
{
    uint8_t packet[RTP_HEADER_SIZE + PROMPT_FRAME];

    rtp_build(packet, h);
    memcpy(packet + RTP_HEADER_SIZE, payload, len);
    assert_int_equal(
        sendto(fd, packet, RTP_HEADER_SIZE + len, 0, (const struct sockaddr *)to, sizeof(*to)),
        RTP_HEADER_SIZE + len);
}

static void far_audio(int fd, const struct sockaddr_in *to, uint16_t seq)
{
    uint8_t silence[PROMPT_FRAME];
    struct rtp_header h = {.pt = 8, .seq = seq, .timestamp = seq * 160u, .ssrc = 99};

    memset(silence, 0xd5, sizeof(silence));
    far_send(fd, to, &h, silence, sizeof(silence));
}

static void far_key(int fd, const struct sockaddr_in *to, char key, uint16_t seq, uint32_t ts,
                    bool end)
{
    struct dtmf_event e = {
        .event = (uint8_t)dtmf_event_of(key), .end = end, .duration = end ? 800 : 160};
    struct rtp_header h = {.pt = 97, .seq = seq, .timestamp = ts, .ssrc = 99};
    uint8_t payload[DTMF_PAYLOAD_SIZE];

    dtmf_build(payload, &e);
    far_send(fd, to, &h, payload, sizeof(payload));
}

static void test_plays_in_order_and_time(void **state)
{
    struct bench *b = *state;
    struct sdp_audio a = answer(b);
    struct sockaddr_in local;
    struct rtp_stats stats;
    int64_t asked;

    open_stream(b, &local);
    assert_int_equal(rtp_connect(b->stream, &a, true), 0);
    run(b, 30, 1);
    assert_int_equal(b->count, 0); /* nothing before the first prompt */
    asked = clock_mono_us(&clock_system);
    rtp_play(b->stream, b->prompt, 0);
    collect(b, b->far);
    assert_int_equal(b->count, 1); /* at once, without a turn of the loop */
    assert_true(b->got[0].at_us - asked < 5000);
    run(b, 600, 14);
    assert_true(b->count >= 14);
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
    /* No drift: the fourteenth is 13 frames after the first. A busy machine may delay either. */
    assert_true(llabs(b->got[13].at_us - b->got[0].at_us - 13 * 20000) < 60000);
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
    run(b, 900, 30);
    assert_true(b->count >= 30);
    for (int i = 0; i < 30; i++)
        assert_int_equal(b->got[i].payload[0], 0x20 + i % 10);
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
    run(b, 600, 10);
    run(b, 150, 0);
    assert_int_equal(b->count, 10); /* no filling */
    rtp_play(b->stream, b->prompt, 0);
    run(b, 100, 12);
    assert_true(b->count >= 12);
    assert_true(b->got[10].h.marker);
    assert_false(b->got[11].h.marker);
    assert_int_equal(b->got[10].h.seq, (uint16_t)(b->got[9].h.seq + 1));
    step = (int32_t)(b->got[10].h.timestamp - b->got[9].h.timestamp);
    assert_true(abs(step - (int)((b->got[10].at_us - b->got[9].at_us) / 125)) < 800);
}

static void test_keys_are_heard(void **state)
{
    struct bench *b = *state;
    struct sdp_audio a = answer(b);
    struct sockaddr_in local;
    struct rtp_stats stats;
    int first = -1;

    b->other = make_prompt(5, 0x60);
    open_stream(b, &local);
    rtp_connect(b->stream, &a, true);
    rtp_play(b->stream, b->prompt, -1);
    far_audio(b->far, &local, 1); /* latches: from now on the filter lets only events through */
    run(b, 50, 0);
    for (uint16_t i = 2; i < 12; i++)
        far_audio(b->far, &local, i);
    far_key(b->far, &local, '7', 20, 5000, false);
    far_key(b->far, &local, '7', 21, 5000, true);
    far_key(b->far, &local, '7', 22, 5000, true);
    far_key(b->far, &local, '7', 40, 9000, true); /* pressed again, only its end arrives */
    run(b, 100, 0);
    assert_string_equal(b->pressed, "77");
    assert_int_equal(b->released_ms, 100);
    rtp_read_stats(b->stream, &stats);
    assert_int_equal(stats.received, 5); /* one of audio, four of keys */
    for (int i = 0; i < b->count && first < 0; i++)
        if (b->got[i].payload[0] == 0x60)
            first = i;
    assert_true(first > 0);
    assert_true(stats.key_to_audio_us > 0 && stats.key_to_audio_us < 100000);
}

static void test_listening_hears_audio(void **state)
{
    struct bench *b = *state;
    struct sdp_audio a = answer(b);
    struct sockaddr_in local;
    struct rtp_stats stats;

    open_stream(b, &local);
    rtp_connect(b->stream, &a, true);
    far_audio(b->far, &local, 1);
    run(b, 20, 0);
    far_audio(b->far, &local, 2);
    run(b, 20, 0);
    assert_int_equal(b->heard_samples, 0);
    rtp_listen(b->stream, true);
    far_audio(b->far, &local, 10);
    far_audio(b->far, &local, 11);
    far_audio(b->far, &local, 14);
    far_audio(b->far, &local, 14);
    run(b, 20, 0);
    assert_int_equal(b->heard_samples, 3 * PROMPT_FRAME);
    rtp_read_stats(b->stream, &stats);
    assert_int_equal(stats.lost, 2);
    rtp_listen(b->stream, false);
    far_audio(b->far, &local, 15);
    run(b, 20, 0);
    assert_int_equal(b->heard_samples, 3 * PROMPT_FRAME);
}

static void test_symmetric(void **state)
{
    struct bench *b = *state;
    struct sdp_audio a = answer(b);
    struct sockaddr_in local, nat_addr, thief_addr;
    int nat = udp(&nat_addr), thief = udp(&thief_addr), before;
    uint8_t junk[40] = {0};

    open_stream(b, &local);
    rtp_connect(b->stream, &a, true);
    rtp_play(b->stream, b->prompt, -1);
    run(b, 50, 2);
    assert_true(b->count >= 2); /* to the SDP's address at first */
    assert_int_equal(sendto(nat, junk, sizeof(junk), 0, (struct sockaddr *)&local, sizeof(local)),
                     sizeof(junk)); /* no RTP: does not count */
    run(b, 30, 0);
    before = b->count;
    run(b, 50, 0);
    assert_true(b->count > before);
    far_audio(nat, &local, 1);
    run(b, 30, 0);
    collect(b, b->far);
    b->count = 0;
    for (int i = 0; i < 60; i++) {
        loop_turn(b->loop, 1);
        collect(b, nat);
    }
    assert_true(b->count >= 2); /* the port it really sends from */
    far_audio(thief, &local, 2);
    far_key(thief, &local, '9', 3, 700, true);
    b->count = 0;
    run(b, 60, 0);
    assert_int_equal(b->count, 0);
    collect(b, thief);
    assert_int_equal(b->count, 0);
    assert_string_equal(b->pressed, "");
    collect(b, nat);
    assert_true(b->count >= 2);
    close(nat);
    close(thief);
}

static void test_far_port_closed(void **state)
{
    struct bench *b = *state;
    struct sdp_audio a = answer(b);
    struct sockaddr_in local;
    struct pump_stats stats;

    open_stream(b, &local);
    rtp_connect(b->stream, &a, true);
    rtp_play(b->stream, b->prompt, -1);
    far_audio(b->far, &local, 1);
    run(b, 50, 0);
    close(b->far);
    for (int i = 0; i < 120; i++)
        loop_turn(b->loop, 1);
    pump_read_stats(b->pump, &stats);
    assert_true(stats.send_errors > 0);
    /* It opens again: the stream went on. */
    b->far = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(b->far, (struct sockaddr *)&b->far_addr, sizeof(b->far_addr)), 0);
    b->count = 0;
    run(b, 100, 3);
    assert_true(b->count >= 3);
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
    rtp_connect(b->stream, &a, false);
    assert_int_equal(rtp_send_keys(b->stream, "12#", 60, 40), 0);
    run(b, 500, 0);
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
    struct sdp_audio a = answer(b);
    struct sockaddr_in local;
    int last;

    open_stream(b, &local);
    rtp_connect(b->stream, &a, true);
    rtp_play(b->stream, b->prompt, 0);
    run(b, 200, 3);
    a.direction = SDP_SENDONLY; /* their view: we may only listen */
    rtp_connect(b->stream, &a, true);
    run(b, 20, 0);
    last = b->got[b->count - 1].payload[0];
    b->count = 0;
    run(b, 100, 0);
    assert_int_equal(b->count, 0);
    a.direction = SDP_SENDRECV;
    rtp_connect(b->stream, &a, true);
    run(b, 100, 1);
    assert_int_equal(b->got[0].payload[0], last + 1); /* where it was held */
}

static void test_closing_in_handlers(void **state)
{
    struct bench *b = *state;
    struct sdp_audio a = answer(b);
    struct sockaddr_in local;

    open_stream(b, &local);
    b->close_on_key = true;
    rtp_connect(b->stream, &a, true);
    rtp_play(b->stream, b->prompt, -1);
    far_key(b->far, &local, '1', 1, 100, true);
    run(b, 60, 0);
    assert_string_equal(b->pressed, "1");
    assert_null(b->stream);
    open_stream(b, &local);
    b->close_on_played = true;
    rtp_connect(b->stream, &a, true);
    rtp_play(b->stream, b->prompt, 0);
    run(b, 300, 0);
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

/* Streams that begin together are spread: no tick may carry them all, and none loses its pace. */
static void test_many_at_once(void **state)
{
    struct bench *b = *state;
    struct sdp_audio a = answer(b);
    struct sockaddr_storage at;
    struct rtp *s[60];
    struct pump_stats stats;
    int size = 1 << 20;

    setsockopt(b->far, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    for (int i = 0; i < 60; i++) {
        assert_int_equal(rtp_open(b->pump, &handler, b, &s[i], &at), 0);
        rtp_connect(s[i], &a, true);
    }
    for (int i = 0; i < 60; i++)
        rtp_play(s[i], b->prompt, -1);
    run(b, 110, 480);
    pump_read_stats(b->pump, &stats);
    assert_true(b->count >= 60 * 4 && b->count <= 60 * 8);
    for (int i = 0; i < 60; i++) {
        struct rtp_stats one;

        rtp_read_stats(s[i], &one);
        assert_true(one.sent >= 4 && one.sent <= 8);
        rtp_close(s[i]);
    }
}

static int both(const char *name, enum pump_backend which)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_plays_in_order_and_time, setup, teardown),
        cmocka_unit_test_setup_teardown(test_next_prompt_follows_without_gap, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pause_moves_the_clock, setup, teardown),
        cmocka_unit_test_setup_teardown(test_keys_are_heard, setup, teardown),
        cmocka_unit_test_setup_teardown(test_listening_hears_audio, setup, teardown),
        cmocka_unit_test_setup_teardown(test_symmetric, setup, teardown),
        cmocka_unit_test_setup_teardown(test_far_port_closed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_keys_are_sent, setup, teardown),
        cmocka_unit_test_setup_teardown(test_hold, setup, teardown),
        cmocka_unit_test_setup_teardown(test_closing_in_handlers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_limits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_at_once, setup, teardown),
    };

    backend = which;
    return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}

/* One back-end a process, named on the command line: TAP has one plan a run. */
int main(int argc, char **argv)
{
    return argc > 1 && !strcmp(argv[1], "send") ? both("send", PUMP_SEND)
                                                : both("uring", PUMP_URING);
}
