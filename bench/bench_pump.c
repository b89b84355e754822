/* The RTP pump against the bare kernel, in the same run on the same sockets:
 *
 *   tx_cpu_ratio    CPU per packet the pump sends / CPU per packet of a loop of send(2) that sends
 * as many each millisecond rx_cpu_ratio    CPU per audio packet the filter keeps out / CPU per
 * packet read by epoll and recv(2), both less what sending to a full socket costs spacing_p99_ms
 * error of the 20 ms between two packets of a stream, by the kernel's time stamps
 *
 * Ratios are medians of ROUNDS, each with its own floor.
 *
 * usage: bench_pump [STREAMS [SECONDS]]. Figures as JSON on standard output. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "media/pump.h"
#include "media/rtp.h"

enum { PACKET = RTP_HEADER_SIZE + PROMPT_FRAME, BATCH = 64, GAPS_MAX = 4000000, ROUNDS = 3 };

static unsigned streams_n = 2000;
static int seconds = 2;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static int64_t now_ms(void)
{
    return clock_mono_us(&clock_system) / 1000;
}

static double cpu_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct sockaddr_in loopback(void)
{
    return (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int udp(struct sockaddr_in *addr)
{
    socklen_t size = sizeof(*addr);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

    *addr = loopback();
    if (fd < 0 || bind(fd, (struct sockaddr *)addr, sizeof(*addr)) ||
        getsockname(fd, (struct sockaddr *)addr, &size))
        die("socket");
    return fd;
}

/* The far end takes each packet and keeps none: both senders pay the same for delivery. */
static void drop_all(int fd)
{
    struct sock_filter code[] = {BPF_STMT(BPF_RET | BPF_K, 0)};
    struct sock_fprog program = {.len = 1, .filter = code};

    if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)))
        die("filter");
}

static struct pump *open_pump(struct loop *loop, enum pump_backend backend)
{
    struct pump_config c = {.loop = loop, .streams_max = streams_n, .backend = backend};
    struct sockaddr_in in = loopback();
    struct pump *p;

    memcpy(&c.local, &in, sizeof(in));
    if (pump_new(&p, &c)) {
        fprintf(stderr, "no pump on this kernel\n");
        exit(1);
    }
    return p;
}

static const struct rtp_handler handler = {0};

static struct sdp_audio towards(const struct sockaddr_in *to)
{
    struct sdp_audio a = {.law = PROMPT_ALAW, .pt = 8, .te_pt = 101, .ptime_ms = 20};

    memcpy(&a.addr, to, sizeof(*to));
    return a;
}

static void far_audio(int fd, const struct sockaddr_in *to)
{
    uint8_t packet[PACKET] = {0};
    struct rtp_header h = {.pt = 8, .seq = 1, .ssrc = 1};

    rtp_build(packet, &h);
    if (sendto(fd, packet, sizeof(packet), 0, (const struct sockaddr *)to, sizeof(*to)) < 0)
        die("sendto");
}

struct pair {
    struct rtp *s;
    int far;
    struct sockaddr_in near, far_addr;
};

static struct pair *open_pairs(struct pump *p, struct loop *loop)
{
    struct pair *pairs = calloc(streams_n, sizeof(*pairs));

    for (unsigned i = 0; i < streams_n; i++) {
        struct sockaddr_storage at;
        struct sdp_audio a;

        pairs[i].far = udp(&pairs[i].far_addr);
        if (rtp_open(p, &handler, NULL, &pairs[i].s, &at))
            die("rtp_open");
        memcpy(&pairs[i].near, &at, sizeof(pairs[i].near));
        a = towards(&pairs[i].far_addr);
        rtp_connect(pairs[i].s, &a, true);
        far_audio(pairs[i].far, &pairs[i].near); /* latches: connected and filtered from now on */
        if (i % 50 == 49)
            for (int k = 0; k < 4; k++)
                loop_turn(loop, 0);
    }
    for (int k = 0; k < 100; k++)
        loop_turn(loop, 0);
    return pairs;
}

static double pump_cost(struct pump *p, struct loop *loop, struct pair *pairs,
                        const struct prompt *prompt, uint64_t *packets)
{
    struct pump_stats before, after;
    int64_t until;
    double cpu;

    for (unsigned i = 0; i < streams_n; i++)
        rtp_play(pairs[i].s, prompt, -1);
    for (int k = 0; k < 200; k++)
        loop_turn(loop, 1);
    pump_read_stats(p, &before);
    until = now_ms() + seconds * 1000;
    cpu = cpu_s();
    while (now_ms() < until)
        loop_turn(loop, 5);
    cpu = cpu_s() - cpu;
    pump_read_stats(p, &after);
    *packets = after.sent - before.sent;
    fprintf(stderr, "pump: %s, %lu packets, %lu errors, late frames %lu, worst tick %lu us\n",
            after.uring ? "io_uring" : "send", (unsigned long)*packets,
            (unsigned long)(after.send_errors - before.send_errors),
            (unsigned long)(after.late_frames - before.late_frames),
            (unsigned long)after.tick_late_us_max);
    return cpu / (double)*packets;
}

/* The floor: the same packets to the same sockets from as many connected sockets; paced: a
 * twentieth of them each millisecond, as audio is. */
static double bare_cost(struct pair *pairs, uint64_t packets, bool paced)
{
    struct timespec next;
    int *fds = calloc(streams_n, sizeof(*fds));
    uint8_t packet[PACKET] = {0x80, 8};
    unsigned a_tick = (streams_n + 19) / 20;
    uint64_t sent = 0;
    double cpu;

    for (unsigned i = 0; i < streams_n; i++) {
        struct sockaddr_in near;

        fds[i] = udp(&near);
        if (connect(fds[i], (struct sockaddr *)&pairs[i].far_addr, sizeof(near)))
            die("connect");
    }
    clock_gettime(CLOCK_MONOTONIC, &next);
    cpu = cpu_s();
    while (sent < packets)
        for (unsigned i = 0; i < streams_n; i++, sent++) {
            if (paced && i % a_tick == 0) {
                next.tv_nsec += 1000000;
                if (next.tv_nsec >= 1000000000) {
                    next.tv_nsec -= 1000000000;
                    next.tv_sec++;
                }
                clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
            }
            send(fds[i], packet, sizeof(packet), MSG_DONTWAIT);
        }
    cpu = cpu_s() - cpu;
    for (unsigned i = 0; i < streams_n; i++)
        close(fds[i]);
    free(fds);
    return cpu / (double)sent;
}

static double median(double v[ROUNDS])
{
    for (int i = 0; i < ROUNDS; i++)
        for (int k = i + 1; k < ROUNDS; k++)
            if (v[k] < v[i]) {
                double t = v[i];

                v[i] = v[k];
                v[k] = t;
            }
    return v[ROUNDS / 2];
}

struct tx {
    double pump_us, bare_us, unpaced_us, ratio;
};

static void tx(enum pump_backend backend, const struct prompt *prompt, struct tx *out)
{
    double pump_us[ROUNDS], bare_us[ROUNDS], ratio[ROUNDS];
    struct loop *loop;
    struct pump *p;
    struct pair *pairs;
    uint64_t packets, enough = (uint64_t)seconds * 50 * streams_n;

    if (loop_new(&loop, &clock_system))
        die("loop");
    p = open_pump(loop, backend);
    pairs = open_pairs(p, loop);
    for (unsigned i = 0; i < streams_n; i++)
        drop_all(pairs[i].far);
    for (int r = 0; r < ROUNDS; r++) {
        bare_us[r] = bare_cost(pairs, enough, true) * 1e6;
        pump_us[r] = pump_cost(p, loop, pairs, prompt, &packets) * 1e6;
        ratio[r] = pump_us[r] / bare_us[r];
    }
    out->ratio = median(ratio);
    out->pump_us = median(pump_us);
    out->bare_us = median(bare_us);
    out->unpaced_us = bare_cost(pairs, enough, false) * 1e6;
    pump_free(p);
    loop_free(loop);
    for (unsigned i = 0; i < streams_n; i++)
        close(pairs[i].far);
    free(pairs);
}

/* ---- receiving ------------------------------------------------------------------------------- */

/* Somebody who sends 20 ms audio to all, from a thread of its own. */
struct sender {
    pthread_t thread;
    int fd;
    struct sockaddr_in at, *to;
    atomic_bool stop;
    atomic_ullong sent;
};

static void *send_main(void *arg)
{
    struct sender *s = arg;
    uint8_t packet[PACKET] = {0};
    struct rtp_header h = {.pt = 8, .ssrc = 1};
    unsigned a_tick = (streams_n + 19) / 20, i = 0;
    struct timespec next;

    clock_gettime(CLOCK_MONOTONIC, &next);
    while (!atomic_load_explicit(&s->stop, memory_order_relaxed)) {
        next.tv_nsec += 1000000;
        next.tv_sec += next.tv_nsec / 1000000000;
        next.tv_nsec %= 1000000000;
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
        for (unsigned k = 0; k < a_tick; k++, i++) {
            if (i == streams_n) {
                i = 0;
                h.seq++;
                h.timestamp += PROMPT_FRAME;
            }
            rtp_build(packet, &h);
            sendto(s->fd, packet, sizeof(packet), 0, (struct sockaddr *)&s->to[i],
                   sizeof(s->to[i]));
        }
        atomic_fetch_add_explicit(&s->sent, a_tick, memory_order_relaxed);
    }
    return NULL;
}

static double process_cpu_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Microseconds of the whole process a packet, while `turn` is called again and again. */
static double rx_cost(struct sender *s, void (*turn)(void *), void *arg)
{
    int64_t until = now_ms() + seconds * 1000;
    uint64_t before;
    double cpu;

    atomic_store(&s->stop, false);
    before = atomic_load(&s->sent);
    cpu = process_cpu_s();
    if (pthread_create(&s->thread, NULL, send_main, s))
        die("thread");
    while (now_ms() < until)
        turn(arg);
    atomic_store(&s->stop, true);
    pthread_join(s->thread, NULL);
    return (process_cpu_s() - cpu) * 1e6 / (double)(atomic_load(&s->sent) - before);
}

static void turn_nothing(void *arg)
{
    (void)arg;
    usleep(5000);
}

static void turn_bare(void *arg)
{
    struct epoll_event events[128];
    uint8_t in[RTP_PACKET_MAX];
    int n = epoll_wait(*(int *)arg, events, 128, 5);

    for (int i = 0; i < n; i++)
        if (recv(events[i].data.fd, in, sizeof(in), MSG_DONTWAIT) < 0)
            die("recv");
}

static void turn_pump(void *arg)
{
    loop_turn(arg, 5);
}

/* Sockets that are full, and the same read by a bare loop. */
static void rx_bare(struct sender *s, double *full_us, double *read_us)
{
    int *fds = calloc(streams_n, sizeof(int)), epoll = epoll_create1(0), room = 1 << 16, none = 1;
    uint8_t in[RTP_PACKET_MAX];

    for (unsigned i = 0; i < streams_n; i++) {
        fds[i] = udp(&s->to[i]);
        setsockopt(fds[i], SOL_SOCKET, SO_RCVBUF, &none, sizeof(none));
        for (int k = 0; k < 8; k++)
            sendto(s->fd, in, PACKET, 0, (struct sockaddr *)&s->to[i], sizeof(s->to[i]));
    }
    *full_us = rx_cost(s, turn_nothing, NULL);
    for (unsigned i = 0; i < streams_n; i++) {
        struct epoll_event e = {.events = EPOLLIN, .data.fd = fds[i]};

        setsockopt(fds[i], SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
        while (recv(fds[i], in, sizeof(in), MSG_DONTWAIT) >= 0)
            ;
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, fds[i], &e))
            die("epoll");
    }
    *read_us = rx_cost(s, turn_bare, &epoll);
    for (unsigned i = 0; i < streams_n; i++)
        close(fds[i]);
    close(epoll);
    free(fds);
}

/* The same to a pump's streams, nobody listening and everybody. */
static void rx_pump(struct sender *s, double *filtered_us, double *heard_us)
{
    struct rtp **streams = calloc(streams_n, sizeof(struct rtp *));
    struct loop *loop;
    struct pump *p;

    if (loop_new(&loop, &clock_system))
        die("loop");
    p = open_pump(loop, PUMP_AUTO);
    for (unsigned i = 0; i < streams_n; i++) {
        struct sockaddr_storage at;
        struct sdp_audio a = towards(&s->at);

        if (rtp_open(p, &handler, NULL, &streams[i], &at))
            die("rtp_open");
        memcpy(&s->to[i], &at, sizeof(s->to[i]));
        rtp_connect(streams[i], &a, true);
        far_audio(s->fd, &s->to[i]); /* latches and shuts audio out */
        loop_turn(loop, 0);
    }
    *filtered_us = rx_cost(s, turn_pump, loop);
    for (unsigned i = 0; i < streams_n; i++)
        rtp_listen(streams[i], true);
    *heard_us = rx_cost(s, turn_pump, loop);
    pump_free(p);
    loop_free(loop);
    free(streams);
}

struct rx {
    double filtered_us, read_us, heard_us, ratio, heard_ratio;
};

static void rx(struct rx *out)
{
    struct sender s = {.to = calloc(streams_n, sizeof(*s.to))};
    double filtered[ROUNDS], read[ROUNDS], heard[ROUNDS], ratio[ROUNDS], heard_ratio[ROUNDS];

    s.fd = udp(&s.at);
    for (int r = 0; r < ROUNDS; r++) {
        double full;

        rx_bare(&s, &full, &read[r]);
        rx_pump(&s, &filtered[r], &heard[r]);
        fprintf(stderr,
                "receiving: sent to full sockets %.3f us, read %.3f, filtered %.3f, "
                "listened to %.3f\n",
                full, read[r], filtered[r], heard[r]);
        read[r] -= full;
        filtered[r] = filtered[r] > full ? filtered[r] - full : 0;
        heard[r] -= full;
        ratio[r] = filtered[r] / read[r];
        heard_ratio[r] = heard[r] / read[r];
    }
    *out = (struct rx){median(filtered), median(read), median(heard), median(ratio),
                       median(heard_ratio)};
    close(s.fd);
    free(s.to);
}

/* ---- spacing --------------------------------------------------------------------------------- */

struct listener {
    int fd;
    atomic_bool stop;
    int64_t last_ns[65536]; /* by the sender's port */
    float *gaps_ms;
    size_t count;
};

static void stamp(struct listener *l, const struct sockaddr_in *from, struct msghdr *m)
{
    struct cmsghdr *c = CMSG_FIRSTHDR(m);
    struct timespec t;
    int64_t ns, *last = &l->last_ns[ntohs(from->sin_port)];

    if (!c || c->cmsg_type != SCM_TIMESTAMPNS)
        return;
    memcpy(&t, CMSG_DATA(c), sizeof(t));
    ns = t.tv_sec * 1000000000ll + t.tv_nsec;
    if (*last && l->count < GAPS_MAX)
        l->gaps_ms[l->count++] = (float)((double)(ns - *last) / 1e6 - 20.0);
    *last = ns;
}

static void *listen_main(void *arg)
{
    static uint8_t data[BATCH][200], control[BATCH][64];
    struct listener *l = arg;
    struct sockaddr_in from[BATCH];
    struct iovec iov[BATCH];
    struct mmsghdr m[BATCH];

    while (!atomic_load(&l->stop)) {
        int n;

        memset(m, 0, sizeof(m));
        for (int i = 0; i < BATCH; i++) {
            iov[i] = (struct iovec){data[i], sizeof(data[i])};
            m[i].msg_hdr = (struct msghdr){.msg_name = &from[i],
                                           .msg_namelen = sizeof(from[i]),
                                           .msg_iov = &iov[i],
                                           .msg_iovlen = 1,
                                           .msg_control = control[i],
                                           .msg_controllen = sizeof(control[i])};
        }
        n = recvmmsg(l->fd, m, BATCH, 0, NULL);
        for (int i = 0; i < n; i++)
            stamp(l, &from[i], &m[i].msg_hdr);
        if (n < BATCH)
            usleep(2000);
    }
    return NULL;
}

static int by_size(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;

    return x < y ? -1 : x > y;
}

static double spacing(const struct prompt *prompt, double *p50)
{
    struct listener *l = calloc(1, sizeof(*l));
    struct rtp **s = calloc(streams_n, sizeof(struct rtp *));
    struct sockaddr_in addr;
    int on = 1, size = 8 << 20;
    pthread_t thread;
    struct loop *loop;
    struct pump *p;
    int64_t until;
    double p99 = 0;

    l->fd = udp(&addr);
    l->gaps_ms = malloc(GAPS_MAX * sizeof(float));
    setsockopt(l->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
    if (setsockopt(l->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
        setsockopt(l->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    if (loop_new(&loop, &clock_system))
        die("loop");
    p = open_pump(loop, PUMP_AUTO);
    for (unsigned i = 0; i < streams_n; i++) {
        struct sockaddr_storage at;
        struct sdp_audio a = towards(&addr);

        if (rtp_open(p, &handler, NULL, &s[i], &at))
            die("rtp_open");
        rtp_connect(s[i], &a, true);
    }
    for (unsigned i = 0; i < streams_n; i++) {
        rtp_play(s[i], prompt, -1);
        if (i % 20 == 19) /* as calls are answered, not all in one instant */
            loop_turn(loop, 1);
    }
    for (int k = 0; k < 100; k++)
        loop_turn(loop, 1);
    if (pthread_create(&thread, NULL, listen_main, l))
        die("thread");
    until = now_ms() + seconds * 1000;
    while (now_ms() < until)
        loop_turn(loop, 5);
    atomic_store(&l->stop, true);
    pthread_join(thread, NULL);
    /* The first gaps span what the full socket dropped before anybody read it. */
    for (size_t i = 0; i < l->count; i++)
        l->gaps_ms[i] = l->gaps_ms[i] < 0 ? -l->gaps_ms[i] : l->gaps_ms[i];
    qsort(l->gaps_ms, l->count, sizeof(float), by_size);
    if (l->count > 0) {
        *p50 = (double)l->gaps_ms[l->count / 2];
        p99 = (double)l->gaps_ms[l->count * 99 / 100];
    }
    fprintf(stderr, "spacing: %zu gaps, p50 %.3f ms, p99 %.3f ms\n", l->count, *p50, p99);
    pump_free(p);
    loop_free(loop);
    close(l->fd);
    free(l->gaps_ms);
    free(l);
    free(s);
    return p99;
}

int main(int argc, char **argv)
{
    int16_t *pcm = calloc(8000, sizeof(*pcm));
    struct prompt *prompt;
    double p50 = 0, p99;
    struct tx best, plain;
    struct rx in;
    unsigned limit = pump_raise_file_limit();

    if (argc > 1)
        streams_n = (unsigned)atoi(argv[1]);
    if (argc > 2)
        seconds = atoi(argv[2]);
    if (streams_n == 0 || seconds <= 0) {
        fprintf(stderr, "usage: bench_pump [STREAMS [SECONDS]]\n");
        return 2;
    }
    if (streams_n * 3 + 64 > limit)
        streams_n = (limit - 64) / 3;
    for (int i = 0; i < 8000; i++)
        pcm[i] = (int16_t)(i * 7919);
    if (prompt_from_pcm(pcm, 8000, 8000, &prompt))
        die("prompt");
    free(pcm);
    tx(PUMP_AUTO, prompt, &best);
    tx(PUMP_SEND, prompt, &plain);
    rx(&in);
    p99 = spacing(prompt, &p50);
    prompt_free(prompt);
    printf("{\"pump_streams\":%u,\"tx_cpu_ratio\":%.3f,\"tx_us_per_packet\":%.3f,"
           "\"tx_bare_us_per_packet\":%.3f,\"tx_unpaced_us_per_packet\":%.3f,"
           "\"tx_send_cpu_ratio\":%.3f,\"rx_cpu_ratio\":%.3f,\"rx_us_per_packet\":%.3f,"
           "\"rx_plain_us_per_packet\":%.3f,\"rx_heard_cpu_ratio\":%.3f,"
           "\"pump_spacing_p50_ms\":%.3f,\"pump_spacing_p99_ms\":%.3f}\n",
           streams_n, best.ratio, best.pump_us, best.bare_us, best.unpaced_us, plain.ratio,
           in.ratio, in.filtered_us, in.read_us, in.heard_ratio, p50, p99);
    return 0;
}
