/* The HTTP server against a bare libwebsockets handler in the same process, by turns, under wrk:
 *
 *   http_inline_ratio, http_pool_ratio, http_json_ratio
 *       requests per CPU second: "hello" from the loop, from a worker, 1 KB of JSON from a worker;
 *       as a share of the floor's: "hello" from libwebsockets with three header fields
 *   http_sockets_cpu_percent  1,000 WebSockets that get 600 bytes each second, of one core
 *   http_socket_kb            memory for each of them, here
 *   http_upload_mb_per_cpu_s, http_upload_rss_kb  256 MB to a file, and how the memory grew
 *
 * bench_http floor serves the floor alone and prints its port.
 *
 * The servers run in a process of their own; what they use is asked through a pipe. Figures as JSON
 * on standard output. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "http/server.h"

#ifdef HAVE_LIBWEBSOCKETS
#include <libwebsockets.h>
#endif

enum { ROUNDS = 3, SECONDS = 2, SOCKETS = 1000, MESSAGE = 600, UPLOAD_MB = 256 };

struct usage {
    double cpu_s;
    long rss_kb;
    unsigned long requests;
};

static atomic_ulong requests;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

/* ---- the server under test ------------------------------------------------------------------ */

static char json[1024];
static atomic_uint second;

static void handle(void *arg, void *worker, struct http_request *r)
{
    (void)arg, (void)worker;
    atomic_fetch_add_explicit(&requests, 1, memory_order_relaxed);
    if (http_route(r)->user)
        http_reply(r, 200, "application/json", json, sizeof(json));
    else
        http_reply(r, 200, "text/plain", "hello", 5);
}

static const struct http_route routes[] = {
    {"GET", "/inline", 0, HTTP_ROUTE_INLINE, NULL},
    {"GET", "/pool", 0, 0, NULL},
    {"GET", "/json", 0, 0, json},
    {"POST", "/upload", 1 << 30, HTTP_ROUTE_SPOOL, NULL},
};

static int open_socket(void *arg, void *worker, struct http_socket *s, struct http_request *r)
{
    (void)arg, (void)worker, (void)r;
    http_socket_set_user(s, (void *)(uintptr_t)atomic_load(&second));
    return 0;
}

static size_t fill(void *arg, struct http_socket *s, char *buf, size_t cap)
{
    unsigned now = atomic_load_explicit(&second, memory_order_relaxed);

    (void)arg, (void)cap;
    if ((uintptr_t)http_socket_user(s) == now)
        return 0;
    http_socket_set_user(s, (void *)(uintptr_t)now);
    memset(buf, 'x', MESSAGE);
    return MESSAGE;
}

static void message(void *arg, struct http_socket *s, const char *text, size_t len)
{
    (void)arg, (void)s, (void)text, (void)len;
}

static void closed(void *arg, struct http_socket *s)
{
    (void)arg, (void)s;
}

static const struct http_socket_ops socket_ops = {open_socket, message, fill, closed, NULL};

static void no_line(void *arg, const char *line)
{
    (void)arg, (void)line;
}

static struct http_server *start_server(const char *folder)
{
    const struct http_server_config c = {
        .address = "127.0.0.1",
        .routes = routes,
        .route_count = sizeof(routes) / sizeof(routes[0]),
        .handle = handle,
        .spool_dir = folder,
        .socket = &socket_ops,
        .socket_path = "/live",
    };
    struct http_server *s;

    memset(json, ' ', sizeof(json));
    log_set_sink(no_line, NULL);
    if (http_server_new(&s, &c, NULL) || http_server_start(s, NULL))
        die("server");
    return s;
}

static void *tick(void *arg)
{
    for (;;) {
        sleep(1);
        atomic_fetch_add(&second, 1);
        http_socket_wake_all(arg);
    }
    return NULL;
}

/* ---- the floor ------------------------------------------------------------------------------ */

#ifdef HAVE_LIBWEBSOCKETS
static int floor_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                          size_t len)
{
    unsigned char space[LWS_PRE + 512], *start = space + LWS_PRE, *p = start;

    if (reason != LWS_CALLBACK_HTTP)
        return lws_callback_http_dummy(wsi, reason, user, in, len);
    atomic_fetch_add_explicit(&requests, 1, memory_order_relaxed);
    if (lws_add_http_common_headers(wsi, 200, "text/plain", 5, &p, space + sizeof(space)) ||
        lws_finalize_write_http_header(wsi, start, &p, space + sizeof(space)))
        return -1;
    memcpy(start, "hello", 5);
    if (lws_write(wsi, start, 5, LWS_WRITE_HTTP_FINAL) != 5 || lws_http_transaction_completed(wsi))
        return -1;
    return 0;
}

static void *floor_main(void *context)
{
    while (lws_service(context, 0) >= 0)
        ;
    return NULL;
}

static unsigned start_floor(void)
{
    static const struct lws_protocols protocols[] = {{"http", floor_callback, 0, 0, 0, NULL, 0},
                                                     {NULL, NULL, 0, 0, 0, NULL, 0}};
    struct lws_context_creation_info info = {.iface = "lo", .protocols = protocols};
    struct lws_context *context;
    struct lws_vhost *vhost;
    pthread_t thread;

    lws_set_log_level(0, NULL);
    info.options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS;
    context = lws_create_context(&info);
    vhost = context ? lws_create_vhost(context, &info) : NULL;
    if (!vhost || pthread_create(&thread, NULL, floor_main, context))
        die("libwebsockets");
    return (unsigned)lws_get_vhost_listen_port(vhost);
}
#else
static unsigned start_floor(void)
{
    return 0;
}
#endif

/* ---- the servers' process ------------------------------------------------------------------- */

static struct usage measure(void)
{
    struct usage u = {.requests = atomic_load(&requests)};
    struct timespec t;
    char line[128];
    FILE *f = fopen("/proc/self/status", "r");

    while (f && fgets(line, sizeof(line), f))
        sscanf(line, "VmRSS: %ld", &u.rss_kb);
    if (f)
        fclose(f);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    u.cpu_s = (double)t.tv_sec + (double)t.tv_nsec / 1e9;
    return u;
}

static void serve(int fd, const char *folder)
{
    struct http_server *s = start_server(folder);
    unsigned ports[2] = {http_server_port(s), start_floor()};
    pthread_t ticker;
    char ask;

    if (pthread_create(&ticker, NULL, tick, s) ||
        write(fd, ports, sizeof(ports)) != (ssize_t)sizeof(ports))
        die("ports");
    while (read(fd, &ask, 1) == 1) {
        struct usage u = measure();

        if (write(fd, &u, sizeof(u)) != (ssize_t)sizeof(u))
            break;
    }
    _exit(0);
}

static int control; /* the other end of its pipe */

static struct usage usage(void)
{
    struct usage u = {0};

    if (write(control, "?", 1) != 1 || read(control, &u, sizeof(u)) != (ssize_t)sizeof(u))
        die("the servers' process");
    return u;
}

/* ---- measuring ------------------------------------------------------------------------------ */

/* Requests per CPU second of the servers' process; 0: no wrk. */
static double load(unsigned port, const char *path)
{
    struct usage before = usage(), after;
    char command[256];

    snprintf(command, sizeof(command), "wrk -t1 -c32 -d%ds http://127.0.0.1:%u%s >/dev/null 2>&1",
             SECONDS, port, path);
    if (system(command)) /* NOLINT: a benchmark's own constant */
        return 0;
    after = usage();
    return (double)(after.requests - before.requests) / (after.cpu_s - before.cpu_s);
}

static int connect_to(unsigned port)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || connect(fd, (const struct sockaddr *)&to, sizeof(to)))
        die("connect");
    return fd;
}

static void say(int fd, const void *data, size_t len)
{
    for (size_t at = 0; at < len;) {
        ssize_t n = write(fd, (const char *)data + at, len - at);

        if (n <= 0)
            die("send");
        at += (size_t)n;
    }
}

static void sockets(unsigned port)
{
    static const char hello[] = "GET /live HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
                                "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    static int fds[SOCKETS];
    struct usage idle = usage(), before, after;
    int64_t start;
    char trash[65536];

    for (int i = 0; i < SOCKETS; i++) {
        fds[i] = connect_to(port);
        say(fds[i], hello, sizeof(hello) - 1);
        if (read(fds[i], trash, sizeof(trash)) <= 0)
            die("handshake");
    }
    before = usage();
    start = clock_mono_us(&clock_system);
    for (int n = 0; n < 5; n++) {
        sleep(1);
        for (int i = 0; i < SOCKETS; i++)
            if (recv(fds[i], trash, sizeof(trash), 0) <= 0)
                die("a message");
    }
    after = usage();
    printf(", \"http_sockets_cpu_percent\": %.2f, \"http_socket_kb\": %.1f",
           (after.cpu_s - before.cpu_s) * 1e8 / (double)(clock_mono_us(&clock_system) - start),
           (double)(after.rss_kb - idle.rss_kb) / SOCKETS);
    for (int i = 0; i < SOCKETS; i++)
        close(fds[i]);
}

static void upload(unsigned port)
{
    static char block[1 << 20];
    struct usage before, after;
    long most;
    int fd = connect_to(port);

    snprintf(block, sizeof(block), "POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n",
             UPLOAD_MB << 20);
    say(fd, block, strlen(block));
    before = usage();
    most = before.rss_kb;
    for (int i = 0; i < UPLOAD_MB; i++) {
        say(fd, block, sizeof(block));
        after = usage();
        if (after.rss_kb > most)
            most = after.rss_kb;
    }
    if (read(fd, block, sizeof(block)) <= 0)
        die("upload");
    after = usage();
    close(fd);
    printf(", \"http_upload_mb_per_cpu_s\": %.0f, \"http_upload_rss_kb\": %ld",
           UPLOAD_MB / (after.cpu_s - before.cpu_s), most - before.rss_kb);
}

static double best(double a, double b)
{
    return a > b ? a : b;
}

static void ratios(const unsigned *ports)
{
    static const char *const names[] = {"inline", "pool", "json"};
    double rates[4] = {0};

    for (int i = 0; i < ROUNDS; i++) {
        char path[16];

        for (int k = 0; k < 3; k++) {
            snprintf(path, sizeof(path), "/%s", names[k]);
            rates[k] = best(rates[k], load(ports[0], path));
        }
        if (ports[1])
            rates[3] = best(rates[3], load(ports[1], "/"));
    }
    if (!rates[0])
        fprintf(stderr, "bench_http: no wrk, so no requests a second\n");
    printf("{\"http_floor_per_cpu_s\": %.0f", rates[3]);
    for (int k = 0; k < 3; k++) {
        printf(", \"http_%s_per_cpu_s\": %.0f", names[k], rates[k]);
        if (rates[3] > 0)
            printf(", \"http_%s_ratio\": %.2f", names[k], rates[k] / rates[3]);
    }
}

/* For others who measure against it: its port, then it serves until nobody listens. */
static int floor_alone(void)
{
    char end;

    printf("%u\n", start_floor());
    fflush(stdout);
    while (read(STDIN_FILENO, &end, 1) > 0)
        ;
    return 0;
}

int main(int argc, char **argv)
{
    char folder[] = "/tmp/kolcast-bench-http-XXXXXX";
    unsigned ports[2];
    int pipe_fds[2];
    pid_t child;

    signal(SIGPIPE, SIG_IGN);
    if (argc > 1 && strcmp(argv[1], "floor") == 0)
        return floor_alone();
    if (!mkdtemp(folder) || socketpair(AF_UNIX, SOCK_STREAM, 0, pipe_fds))
        die("set-up");
    child = fork();
    if (child == 0) {
        close(pipe_fds[0]);
        serve(pipe_fds[1], folder);
    }
    close(pipe_fds[1]);
    control = pipe_fds[0];
    if (child < 0 || read(control, ports, sizeof(ports)) != (ssize_t)sizeof(ports))
        die("the servers' process");
    ratios(ports);
    sockets(ports[0]);
    upload(ports[0]);
    printf("}\n");
    usleep(200000); /* the upload's file is removed behind the reply */
    close(control);
    waitpid(child, NULL, 0);
    rmdir(folder);
    return 0;
}
