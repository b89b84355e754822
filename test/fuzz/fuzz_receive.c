/* A stream as in a call, and datagrams from anywhere, as the socket would bring them. The first
 * byte says how it is agreed and whether somebody listens; then each record is a byte for its
 * sender and one for its length, and the datagram. A re-INVITE comes between them at times.
 *
 * Holds: once somebody has the stream, nobody else is heard until a re-INVITE moves it; keys are
 * keys, pressed before they are released; audio comes only to who listens. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "media/pump_priv.h"

enum { SENDERS = 4, MOVE = 4 }; /* sender 0 is the one that the SDP names */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
    struct loop *loop;
    struct pump *pump;
    struct prompt *prompt;
} place;

struct fate {
    bool listening, closes, closed;
    char held;
    int speaker, now; /* who has the stream, -1: nobody yet; who speaks now */
    unsigned keys;
};

static void heard(const struct fate *f)
{
    assert(!f->closed && (f->speaker < 0 || f->speaker == f->now));
}

static void on_key(struct rtp *s, void *arg, char key)
{
    struct fate *f = arg;

    heard(f);
    assert(!f->held && dtmf_event_of(key) >= 0);
    f->held = key;
    if (f->closes && ++f->keys == 3) {
        f->closed = true;
        rtp_close(s);
    } else {
        rtp_play(s, place.prompt, 0);
    }
}

static void on_key_end(struct rtp *s, void *arg, char key, unsigned duration_ms)
{
    struct fate *f = arg;

    (void)s;
    heard(f);
    assert(f->held == key);
    f->held = 0;
}

static void on_frame(struct rtp *s, void *arg, const int16_t *pcm, unsigned samples)
{
    struct fate *f = arg;
    volatile int16_t sum = 0;

    (void)s;
    heard(f);
    assert(f->listening && samples > 0 && samples <= RTP_PACKET_MAX - RTP_HEADER_SIZE);
    for (unsigned i = 0; i < samples; i++)
        sum = (int16_t)(sum ^ pcm[i]);
}

static const struct rtp_handler handler = {.key = on_key, .key_end = on_key_end, .frame = on_frame};

static void build_place(void)
{
    struct pump_config config = {.streams_max = 2, .backend = PUMP_SEND};
    struct sockaddr_in *in = (struct sockaddr_in *)&config.local;
    int16_t pcm[PROMPT_FRAME] = {0};

    in->sin_family = AF_INET;
    in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (loop_new(&place.loop, &clock_system))
        abort();
    config.loop = place.loop;
    if (pump_new(&place.pump, &config) || prompt_from_pcm(pcm, PROMPT_FRAME, 8000, &place.prompt))
        abort();
}

/* Port 9 is discard's: what the stream sends there hurts nobody. */
static union rtp_addr sender(unsigned which)
{
    union rtp_addr a = {0};

    a.in.sin_family = AF_INET;
    a.in.sin_port = htons(which == 1 ? 7 : 9); /* 1: the named host, another port */
    a.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK + (which == 1 ? 0 : which));
    return a;
}

static void agree(struct rtp *s, uint8_t how, unsigned named)
{
    static const struct sdp_audio ways[] = {
        {.law = PROMPT_ALAW, .pt = 8, .te_pt = 101},
        {.law = PROMPT_ULAW, .pt = 0, .te_pt = 97},
        {.law = PROMPT_ALAW, .pt = 8, .te_pt = -1},
        {.law = PROMPT_ULAW, .pt = 101, .te_pt = 8},
    };
    struct sdp_audio a = ways[how % 4];
    union rtp_addr to = sender(named);

    memcpy(&a.addr, &to, sizeof(to));
    if (how & 0x40)
        a.direction = SDP_SENDONLY;
    assert(rtp_connect(s, &a, true) == 0);
}

static void take(struct rtp *s, struct fate *f, unsigned who, const uint8_t *data, size_t len)
{
    union rtp_addr from = sender(who);
    struct rtp_stats before, after;
    uint8_t *copy = malloc(len ? len : 1);

    if (!copy)
        abort();
    memcpy(copy, data, len); /* of its exact size: a byte too far is seen */
    rtp_read_stats(s, &before);
    f->now = (int)who;
    rtp_take(s, copy, len, &from);
    free(copy);
    if (f->closed)
        return;
    rtp_read_stats(s, &after);
    if (after.received > before.received) {
        assert(f->speaker < 0 || f->speaker == (int)who);
        f->speaker = (int)who;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fate f = {.speaker = -1};
    struct sockaddr_storage at;
    struct rtp *s;

    if (!place.loop)
        build_place();
    if (size == 0)
        return 0;
    f.listening = data[0] & 0x80;
    f.closes = data[0] & 0x20;
    if (rtp_open(place.pump, &handler, &f, &s, &at))
        abort();
    agree(s, data[0], 0);
    rtp_listen(s, f.listening);
    data++;
    size--;
    while (size >= 2 && !f.closed) {
        unsigned who = data[0] % (SENDERS + 1);
        size_t len = data[1] < size - 2 ? data[1] : size - 2;

        if (who == MOVE) {
            agree(s, data[1], data[1] % SENDERS);
            f.speaker = -1;
            len = 0;
        } else {
            take(s, &f, who, data + 2, len);
        }
        data += 2 + len;
        size -= 2 + len;
    }
    if (!f.closed)
        rtp_close(s);
    return 0;
}
