/* What the signalling of a call costs its caller: processor time of the calling endpoint's thread
 * for INVITE, 180, 200, ACK, BYE, 200 at a steady rate while others are held, few and many. The far
 * end answers in a thread of its own, which is not counted. Floor: bare sockets that exchange as
 * many datagrams of these sizes at the same rate.
 *
 *   sip_ms_per_call  milliseconds a call with HELD calls up
 *   sip_growth       that over its value with HELD / 10 calls up
 *   sip_cpu_ratio    that over the floor
 *
 * usage: bench_sip [HELD [CALLS_PER_SECOND [SECONDS]]]. Figures as JSON on standard output. */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "line/sip/sip.h"
#include "media/sdp.h"

enum { TICK_MS = 4, RAMP_A_TICK = 8, SDP_MAX = 1024, SETTLE_S = 1 };

static unsigned held_n = 10000, rate = 250;
static int seconds = 6;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static double cpu_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct sockaddr_storage loopback(uint16_t port)
{
    struct sockaddr_storage s = {0};
    struct sockaddr_in *in = (struct sockaddr_in *)&s;

    in->sin_family = AF_INET;
    in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    in->sin_port = htons(port);
    return s;
}

static struct sip *endpoint(struct loop *loop, const struct sip_handler *h, void *arg)
{
    struct sip_config config = {.loop = loop,
                                .local = loopback(0),
                                .user_agent = "kolcast",
                                .calls_max = held_n + held_n / 2 + 1000};
    struct error err = {0};
    struct sip *s;

    if (sip_new(&s, &config, h, arg, &err)) {
        fprintf(stderr, "%s\n", err.message);
        exit(1);
    }
    return s;
}

/* ---- the far end ----------------------------------------------------------------------------- */

static const struct sip_call_handler far_call = {0};

static void on_incoming(struct sip *s, void *arg, struct sip_call *call)
{
    struct sockaddr_storage at = loopback(40000);
    struct sdp_audio theirs;
    char sdp[SDP_MAX];
    const char *offer;
    size_t len;
    int n;

    (void)s;
    (void)arg;
    offer = sip_call_offer(call, &len);
    if (!offer || sdp_read(offer, len, &theirs))
        die("no offer");
    sip_call_accept(call, &far_call, NULL);
    sip_call_progress(call, 180, NULL, 0);
    n = sdp_answer(sdp, sizeof(sdp), offer, len, &theirs, (struct sockaddr *)&at, 1, 1, NULL);
    if (n < 0 || sip_call_answer(call, sdp, (size_t)n))
        die("answer");
}

struct far {
    struct loop *loop;
    struct sip *sip;
};

static void *far_main(void *arg)
{
    loop_run(((struct far *)arg)->loop);
    return NULL;
}

/* ---- the caller ------------------------------------------------------------------------------ */

struct caller {
    struct loop *loop;
    struct sip *sip;
    struct sip_trunk *trunk;
    unsigned to_hold, holding; /* answered calls that stay */
    uint64_t started, ended, failed;
    bool counting;
    struct timer tick;
    double owed;
    int64_t last_us;
};

static void on_answered(struct sip_call *call, void *arg, const char *sdp, size_t len)
{
    struct caller *c = arg;
    struct sdp_audio theirs;

    if (!sdp || sdp_read(sdp, len, &theirs))
        c->failed++;
    if (c->holding < c->to_hold)
        c->holding++;
    else
        sip_call_hangup(call, 16);
}

static void on_ended(struct sip_call *call, void *arg, const struct sip_result *r)
{
    struct caller *c = arg;

    (void)call;
    c->ended++;
    if (!r->answered)
        c->failed++;
}

static const struct sip_call_handler near_call = {.answered = on_answered, .ended = on_ended};

static void dial(struct caller *c)
{
    struct sockaddr_storage at = loopback(40002);
    char to[32], sdp[SDP_MAX];
    struct sip_invite i = {.trunk = c->trunk, .to = to, .from = "+97225551234", .sdp = sdp};
    struct sip_call *call;
    int n =
        sdp_offer(sdp, sizeof(sdp), (struct sockaddr *)&at, PROMPT_ALAW, 1, 1, SDP_SENDRECV, NULL);

    snprintf(to, sizeof(to), "+97250%07llu", (unsigned long long)c->started % 10000000);
    i.sdp_len = (size_t)n;
    c->started++;
    if (sip_call_invite(c->sip, &i, &near_call, c, &call))
        c->failed++;
}

static void on_tick(struct timer *t)
{
    struct caller *c = container_of(t, struct caller, tick);
    int64_t now = loop_now_us(c->loop);

    timer_start(loop_wheel(c->loop), t, TICK_MS);
    if (!c->counting) {
        for (int i = 0; i < RAMP_A_TICK && c->started < c->to_hold; i++)
            dial(c);
    } else {
        for (c->owed += (double)(now - c->last_us) * rate / 1e6; c->owed >= 1; c->owed--)
            dial(c);
    }
    c->last_us = now;
}

static void turn_for(struct caller *c, double s)
{
    int64_t until = clock_mono_us(&clock_system) + (int64_t)(s * 1e6);

    while (clock_mono_us(&clock_system) < until)
        loop_turn(c->loop, 20);
}

/* Milliseconds a call with `held` calls up. */
static double measure(unsigned held, uint64_t *failed)
{
    static const struct sip_handler nobody = {0}, far_handler = {.incoming = on_incoming};
    struct caller c = {.to_hold = held};
    struct far far;
    struct sip_trunk_config trunk = {.name = "far", .host = "127.0.0.1"};
    struct sockaddr_storage at;
    struct error err = {0};
    uint64_t before;
    pthread_t thread;
    double cpu;

    if (loop_new(&far.loop, &clock_system) || loop_new(&c.loop, &clock_system))
        die("loop");
    far.sip = endpoint(far.loop, &far_handler, &far);
    c.sip = endpoint(c.loop, &nobody, &c);
    sip_local(far.sip, &at);
    trunk.port = ntohs(((struct sockaddr_in *)&at)->sin_port);
    if (sip_trunk_add(c.sip, &trunk, &c.trunk, &err))
        die("trunk");
    if (pthread_create(&thread, NULL, far_main, &far))
        die("thread");
    c.tick.fn = on_tick;
    c.last_us = clock_mono_us(&clock_system);
    timer_start(loop_wheel(c.loop), &c.tick, TICK_MS);
    while (c.holding < held && c.failed == 0)
        loop_turn(c.loop, 20);
    c.counting = true;
    turn_for(&c, SETTLE_S);
    before = c.ended;
    cpu = cpu_s();
    turn_for(&c, seconds);
    cpu = cpu_s() - cpu;
    before = c.ended - before;
    *failed += c.failed;
    timer_stop(&c.tick);
    loop_stop(far.loop);
    pthread_join(thread, NULL);
    sip_free(c.sip);
    sip_free(far.sip);
    loop_free(c.loop);
    loop_free(far.loop);
    return before ? cpu * 1000 / (double)before : 0;
}

/* ---- the floor ------------------------------------------------------------------------------- */

static const size_t out_size[] = {900, 420, 440}, in_size[] = {420, 760, 360};

struct echo {
    int fd;
    struct sockaddr_in peer;
};

static void *echo_main(void *arg)
{
    struct echo *e = arg;
    char data[2048] = {0};

    for (int k = 0; recv(e->fd, data, sizeof(data), 0) > 1; k = (k + 1) % 3)
        sendto(e->fd, data, in_size[k], 0, (struct sockaddr *)&e->peer, sizeof(e->peer));
    return NULL;
}

static int bound(struct sockaddr_in *at)
{
    struct sockaddr_storage any = loopback(0);
    socklen_t size = sizeof(*at);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    memcpy(at, &any, sizeof(*at));
    if (fd < 0 || bind(fd, (struct sockaddr *)at, size) ||
        getsockname(fd, (struct sockaddr *)at, &size))
        die("socket");
    return fd;
}

/* Milliseconds of bare system calls for a call's three datagrams out and three in, at its rate. */
static double floor_ms(void)
{
    struct sockaddr_in near_at, far_at;
    struct echo e;
    const int calls = (int)rate * 2;
    int near = bound(&near_at);
    char data[2048] = {0};
    struct timespec next;
    pthread_t thread;
    double cpu;

    e.fd = bound(&far_at);
    e.peer = near_at;
    if (pthread_create(&thread, NULL, echo_main, &e))
        die("thread");
    clock_gettime(CLOCK_MONOTONIC, &next);
    cpu = cpu_s();
    for (int i = 0; i < calls; i++) {
        next.tv_nsec += 1000000000 / (long)rate;
        next.tv_sec += next.tv_nsec / 1000000000;
        next.tv_nsec %= 1000000000;
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
        for (int k = 0; k < 3; k++) {
            sendto(near, data, out_size[k], 0, (struct sockaddr *)&far_at, sizeof(far_at));
            if (recv(near, data, sizeof(data), 0) < 0)
                die("recv");
        }
    }
    cpu = cpu_s() - cpu;
    sendto(near, data, 1, 0, (struct sockaddr *)&far_at, sizeof(far_at)); /* ends the echo */
    pthread_join(thread, NULL);
    close(near);
    close(e.fd);
    return cpu * 1000 / calls;
}

int main(int argc, char **argv)
{
    uint64_t failed = 0;
    double few, many, bare;

    if (argc > 1)
        held_n = (unsigned)atoi(argv[1]);
    if (argc > 2)
        rate = (unsigned)atoi(argv[2]);
    if (argc > 3)
        seconds = atoi(argv[3]);
    if (held_n < 10 || rate == 0 || seconds <= 0) {
        fprintf(stderr, "usage: bench_sip [HELD [CALLS_PER_SECOND [SECONDS]]]\n");
        return 2;
    }
    bare = floor_ms();
    few = measure(held_n / 10, &failed);
    many = measure(held_n, &failed);
    bare = (bare + floor_ms()) / 2;
    fprintf(stderr,
            "signalling: %.4f ms a call with %u held, %.4f with %u, bare %.4f, %lu failed\n", few,
            held_n / 10, many, held_n, bare, (unsigned long)failed);
    printf("{\"sip_held\":%u,\"sip_failed\":%lu,\"sip_ms_per_call\":%.4f,\"sip_growth\":%.3f,"
           "\"sip_bare_ms_per_call\":%.4f,\"sip_cpu_ratio\":%.2f}\n",
           held_n, (unsigned long)failed, many, few > 0 ? many / few : 0, bare,
           bare > 0 ? many / bare : 0);
    return failed != 0;
}
