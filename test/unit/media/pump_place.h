/* The pump's tests share this: a pump of the back-end named on the command line, a far side that is
 * a plain socket, and what it got. Included by one file a program. */
#pragma once

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

enum { FRAMES_MAX = 512, PATIENCE_US = 20000000 };

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
    int heard_samples, heard_level; /* level: of the last frame's first sample */
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
    struct bench *b = arg;

    b->heard_samples += (int)samples;
    b->heard_level = samples > 0 ? pcm[0] : 0;
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

/* What the far side answered: A-law, keys as type 97, though we offered 101 for them. */
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

/* Runs the loop for ms: time for what shall not happen. */
static void run(struct bench *b, int ms)
{
    int64_t until = clock_mono_us(&clock_system) + ms * 1000;

    while (clock_mono_us(&clock_system) < until) {
        loop_turn(b->loop, 1);
        collect(b, b->far);
    }
}

/* Runs the loop until fd got `enough` packets in all. A busy machine has time enough. */
static void run_until(struct bench *b, int fd, int enough)
{
    int64_t until = clock_mono_us(&clock_system) + PATIENCE_US;

    while (b->count < enough) {
        assert_true(clock_mono_us(&clock_system) < until);
        loop_turn(b->loop, 1);
        collect(b, fd);
    }
}

/* Runs the loop until the stream took `enough` packets in all. */
static void run_received(struct bench *b, uint32_t enough)
{
    int64_t until = clock_mono_us(&clock_system) + PATIENCE_US;
    struct rtp_stats s = {0};

    while (s.received < enough) {
        assert_true(clock_mono_us(&clock_system) < until);
        loop_turn(b->loop, 1);
        collect(b, b->far);
        rtp_read_stats(b->stream, &s);
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

static void far_audio_of(int fd, const struct sockaddr_in *to, uint8_t pt, uint16_t seq)
{
    uint8_t silence[PROMPT_FRAME];
    struct rtp_header h = {.pt = pt, .seq = seq, .timestamp = seq * 160u, .ssrc = 99};

    memset(silence, 0xd5, sizeof(silence));
    far_send(fd, to, &h, silence, sizeof(silence));
}

static void far_audio(int fd, const struct sockaddr_in *to, uint16_t seq)
{
    far_audio_of(fd, to, 8, seq);
}

static void far_key_of(int fd, const struct sockaddr_in *to, uint8_t pt, char key, uint16_t seq,
                       uint32_t ts, bool end)
{
    struct dtmf_event e = {
        .event = (uint8_t)dtmf_event_of(key), .end = end, .duration = end ? 800 : 160};
    struct rtp_header h = {.pt = pt, .seq = seq, .timestamp = ts, .ssrc = 99};
    uint8_t payload[DTMF_PAYLOAD_SIZE];

    dtmf_build(payload, &e);
    far_send(fd, to, &h, payload, sizeof(payload));
}

static void far_key(int fd, const struct sockaddr_in *to, char key, uint16_t seq, uint32_t ts,
                    bool end)
{
    far_key_of(fd, to, 97, key, seq, ts, end);
}

/* A program's tests, on the back-end named on its command line: TAP has one plan a run. */
static void choose_backend(int argc, char **argv)
{
    backend = argc > 1 && !strcmp(argv[1], "send") ? PUMP_SEND : PUMP_URING;
}
