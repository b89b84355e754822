/* A server for server.py: every kind of route, asset and socket there is. Options come as
 * name=value (times are short there); it prints its port and serves until its standard input ends.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "http/server.h"

struct kept { /* of an upload */
    atomic_bool cancelled;
    unsigned told;
};

static atomic_uint worker_count, ticks, slow_now, sockets_open, sockets_closed, uploads_over;
static atomic_ulong observed, lost;

static int worker_open(void *arg, void **worker)
{
    (void)arg;
    *worker = malloc(sizeof(unsigned));
    if (!*worker)
        return -ENOMEM;
    *(unsigned *)*worker = atomic_fetch_add(&worker_count, 1);
    return 0;
}

static void worker_close(void *arg, void *worker)
{
    (void)arg;
    free(worker);
}

static void echo(struct http_request *r)
{
    json_t *query = json_array(), *o;
    const char *names[] = {"x-test", "x-csrf-token", "cookie", "accept", "host", "content-type"};
    const char *value, *name;
    size_t len;
    const char *body = http_body(r, &len);

    for (unsigned i = 0; i < http_query_count(r); i++) {
        name = http_query_at(r, i, &value);
        json_array_append_new(query, json_pack("[s, s]", name, value));
    }
    o = json_pack("{s:s, s:s, s:s?, s:s, s:s, s:b, s:o, s:I, s:s?, s:s?}", "method", http_method(r),
                  "path", http_path(r), "id", http_path_param(r, "id"), "peer", http_peer(r),
                  "request_id", http_id(r), "secure", http_secure(r), "query", query, "body_len",
                  (json_int_t)len, "session", http_cookie(r, "session"), "route",
                  http_route(r)->path);
    json_object_set_new(o, "body", json_stringn(body, len < 1000 ? len : 1000));
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (http_header(r, names[i]))
            json_object_set_new(o, names[i], json_string(http_header(r, names[i])));
    http_reply_json(r, 200, o);
}

static void upload_done(void *data)
{
    atomic_fetch_add(&uploads_over, 1);
    free(data);
}

static bool admit(void *arg, void *worker, struct http_request *r)
{
    struct kept *k;

    (void)arg, (void)worker;
    if (http_header(r, "authorization") && strcmp(http_header(r, "authorization"), "no") == 0) {
        http_reply_problem(r, 401, "Who are you?");
        return false;
    }
    if (http_query(r, "slow"))
        usleep(200000);
    k = calloc(1, sizeof(*k));
    if (k && http_query(r, "cancel"))
        atomic_store(&k->cancelled, true);
    http_set_data(r, k, upload_done);
    return true;
}

static bool progress(void *arg, struct http_request *r, uint64_t bytes, uint64_t total)
{
    struct kept *k = http_data(r);

    (void)arg, (void)bytes, (void)total;
    k->told++;
    return !atomic_load(&k->cancelled);
}

static uint64_t sum_of(const char *path, uint64_t *size)
{
    FILE *f = fopen(path, "rb");
    static _Thread_local unsigned char block[65536];
    uint64_t hash = 1469598103934665603u;
    size_t n;

    *size = 0;
    while (f && (n = fread(block, 1, sizeof(block), f)) > 0) {
        *size += n;
        for (size_t i = 0; i < n; i += 64)
            hash = (hash ^ block[i]) * 1099511628211u;
    }
    if (f)
        fclose(f);
    return hash;
}

static void upload(struct http_request *r)
{
    uint64_t size, hash = sum_of(http_spooled_path(r), &size);
    const struct kept *k = http_data(r);

    http_reply_json(r, 201,
                    json_pack("{s:I, s:I, s:I, s:b, s:s}", "size", (json_int_t)size, "spooled",
                              (json_int_t)http_spooled_size(r), "hash",
                              (json_int_t)(hash & INT64_MAX), "progress", k->told > 0, "path",
                              http_spooled_path(r)));
}

static void stats(struct http_request *r)
{
    struct rusage u;
    char line[256];
    long rss = 0;
    FILE *f = fopen("/proc/self/status", "r");

    while (f && fgets(line, sizeof(line), f))
        sscanf(line, "VmRSS: %ld", &rss);
    if (f)
        fclose(f);
    getrusage(RUSAGE_SELF, &u);
    http_reply_json(
        r, 200,
        json_pack("{s:I, s:i, s:i, s:i, s:i, s:I, s:I, s:f}", "rss_kb", (json_int_t)rss, "slow",
                  (int)atomic_load(&slow_now), "open", (int)atomic_load(&sockets_open), "closed",
                  (int)atomic_load(&sockets_closed), "uploads_over",
                  (int)atomic_load(&uploads_over), "observed", (json_int_t)atomic_load(&observed),
                  "lost", (json_int_t)atomic_load(&lost), "cpu_s",
                  (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
                      (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6));
}

static void inject(struct http_request *r)
{
    int rc[4] = {
        http_reply_header(r, "x-bad", "one\r\nx-injected: 1"),
        http_reply_header(r, "x bad", "1"),
        http_reply_header(r, "Content-Length", "1"),
        http_reply_header(r, "x-good", http_query(r, "v") ? http_query(r, "v") : "fine"),
    };

    http_reply_json(r, 200, json_pack("[i, i, i, i]", rc[0], rc[1], rc[2], rc[3]));
}

static void big(struct http_request *r)
{
    size_t len = (size_t)atol(http_path_param(r, "size"));
    char *data = malloc(len + 1);

    for (size_t i = 0; data && i < len; i++)
        data[i] = (char)('a' + i % 26);
    http_reply(r, 200, "text/plain", data, len);
    free(data);
}

static void slow(struct http_request *r)
{
    unsigned ms = (unsigned)atoi(http_path_param(r, "ms"));

    atomic_fetch_add(&slow_now, 1);
    for (unsigned i = 0; i < ms; i += 5)
        usleep(5000);
    atomic_fetch_sub(&slow_now, 1);
    http_reply(r, 200, "text/plain", "slow", 4);
}

typedef void (*route_fn)(struct http_request *r);

static void hello(struct http_request *r)
{
    http_reply(r, 200, "text/plain", "hello", 5);
}

static void empty(struct http_request *r)
{
    http_reply(r, 204, NULL, NULL, 0);
}

static void silent(struct http_request *r)
{
    (void)r;
}

static void file(struct http_request *r)
{
    const char *path = http_query(r, "path"), *name = http_query(r, "name");

    http_reply_file(r, path ? path : "/nowhere", "application/octet-stream", name);
}

static void cookies(struct http_request *r)
{
    http_reply_header(r, "Set-Cookie", "a=1; HttpOnly; SameSite=Strict");
    http_reply_header(r, "Set-Cookie", "b=2; HttpOnly; SameSite=Strict");
    http_reply(r, 200, "text/plain", "ok", 2);
}

static void tick(struct http_request *r);

#define ROUTE(m, p, max, f, fn)   \
    {                             \
        m, p, max, f, &(route_fn) \
        {                         \
            fn                    \
        }                         \
    }
static const struct http_route routes[] = {
    ROUTE("GET", "/inline", 0, HTTP_ROUTE_INLINE, hello),
    ROUTE("GET", "/healthz", 0, HTTP_ROUTE_INLINE | HTTP_ROUTE_QUIET, hello),
    ROUTE("GET", "/api/hello", 0, 0, hello),
    ROUTE("DELETE", "/api/hello", 0, 0, empty),
    ROUTE("GET", "/api/echo", 0, 0, echo),
    ROUTE("POST", "/api/echo", 1 << 20, 0, echo),
    ROUTE("POST", "/api/small", 100, 0, echo),
    ROUTE("GET", "/api/items/{id}", 0, 0, echo),
    ROUTE("PUT", "/api/items/{id}", 1000, 0, echo),
    ROUTE("GET", "/api/items/mine", 0, 0, echo),
    ROUTE("GET", "/api/items/{id}/parts/{part}", 0, 0, echo),
    ROUTE("POST", "/api/upload", (uint64_t)8 << 30, HTTP_ROUTE_SPOOL, upload),
    ROUTE("POST", "/api/upload-small", 100000, HTTP_ROUTE_SPOOL, upload),
    ROUTE("GET", "/api/stats", 0, 0, stats),
    ROUTE("GET", "/api/inject", 0, 0, inject),
    ROUTE("GET", "/api/big/{size}", 0, 0, big),
    ROUTE("GET", "/api/slow/{ms}", 0, 0, slow),
    ROUTE("GET", "/api/silent", 0, 0, silent),
    ROUTE("GET", "/api/file", 0, 0, file),
    ROUTE("GET", "/api/cookies", 0, 0, cookies),
    ROUTE("POST", "/api/tick", 0, 0, tick),
};

static void handle(void *arg, void *worker, struct http_request *r)
{
    (void)arg, (void)worker;
    (*(const route_fn *)http_route(r)->user)(r);
}

static void observe(void *arg, struct http_request *r, int status, uint64_t bytes, int64_t us)
{
    (void)arg, (void)r, (void)bytes, (void)us;
    atomic_fetch_add(&observed, 1);
    if (!status)
        atomic_fetch_add(&lost, 1);
}

/* ---- sockets: each says the tick it has seen last; "echo …" is said again ------------------- */

struct listener {
    unsigned seen;
    char reply[70000];
    size_t reply_len;
    bool flood;
};

static struct http_server *server;

static void tick(struct http_request *r)
{
    atomic_fetch_add(&ticks, 1);
    http_socket_wake_all(server);
    http_reply(r, 204, NULL, NULL, 0);
}

static int socket_open(void *arg, void *worker, struct http_socket *s, struct http_request *r)
{
    struct listener *l;

    (void)arg, (void)worker;
    if (http_query(r, "slow"))
        usleep(100000);
    if (http_query(r, "refuse")) {
        http_reply_problem(r, 401, "Sign in first.");
        return -EACCES;
    }
    l = calloc(1, sizeof(*l));
    if (!l)
        return -ENOMEM;
    l->seen = atomic_load(&ticks);
    l->flood = http_query(r, "flood") != NULL;
    http_socket_set_user(s, l);
    atomic_fetch_add(&sockets_open, 1);
    return 0;
}

static void socket_message(void *arg, struct http_socket *s, const char *text, size_t len)
{
    struct listener *l = http_socket_user(s);

    (void)arg;
    if (len == 3 && !memcmp(text, "bye", 3)) {
        http_socket_close(s, 4001, "as you like");
        return;
    }
    l->reply_len = len < sizeof(l->reply) ? len : sizeof(l->reply);
    memcpy(l->reply, text, l->reply_len);
}

static size_t socket_fill(void *arg, struct http_socket *s, char *buf, size_t cap)
{
    struct listener *l = http_socket_user(s);
    unsigned now = atomic_load(&ticks);
    size_t len = l->reply_len;

    (void)arg;
    if (len) {
        memcpy(buf, l->reply, len);
        l->reply_len = 0;
        return len;
    }
    if (l->flood) {
        memset(buf, 'x', cap);
        return cap;
    }
    if (l->seen == now)
        return 0;
    l->seen = now;
    return (size_t)snprintf(buf, cap, "{\"tick\":%u,\"active_calls\":1234,\"answered\":56789}",
                            now);
}

static void socket_closed(void *arg, struct http_socket *s)
{
    (void)arg;
    free(http_socket_user(s));
    atomic_fetch_add(&sockets_closed, 1);
}

static const struct http_socket_ops socket_ops = {
    .open = socket_open,
    .message = socket_message,
    .fill = socket_fill,
    .closed = socket_closed,
};

/* ---- main ----------------------------------------------------------------------------------- */

static const char script[] = "console.log('hello, hello, hello, hello')";
static const struct http_asset assets[] = {
    {"/index.html", "text/html; charset=utf-8", "<!doctype html>app", 18},
    {"/app.js", "text/javascript", script, sizeof(script) - 1, "BROTLI", "GZIP", 6, 4, true},
    {"/logo.svg", "image/svg+xml", "<svg/>", 6},
};

static const char *const cors[] = {"https://app.example.org", NULL};

static void option(struct http_server_config *c, char *text)
{
    char *value = strchr(text, '=');
    unsigned n;

    if (!value)
        exit(2);
    *value++ = '\0';
    n = (unsigned)strtoul(value, NULL, 10);
    if (!strcmp(text, "spool"))
        c->spool_dir = value;
    else if (!strcmp(text, "cert"))
        c->tls_cert = value;
    else if (!strcmp(text, "key"))
        c->tls_key = value;
    else if (!strcmp(text, "watch"))
        c->tls_watch_ms = (int)n;
    else if (!strcmp(text, "workers"))
        c->workers = n;
    else if (!strcmp(text, "queue"))
        c->queued_max = n;
    else if (!strcmp(text, "connections"))
        c->connections_max = n;
    else if (!strcmp(text, "head"))
        c->head_timeout_ms = (int)n;
    else if (!strcmp(text, "idle"))
        c->idle_timeout_ms = (int)n;
    else if (!strcmp(text, "stall"))
        c->stall_timeout_ms = (int)n;
    else if (!strcmp(text, "rate"))
        c->rate_min = n;
    else if (!strcmp(text, "ping"))
        c->ping_ms = (int)n;
    else if (!strcmp(text, "log"))
        c->log_rate = n;
    else if (!strcmp(text, "body"))
        c->body_memory_max = n;
    else if (!strcmp(text, "cors"))
        c->cors_origins = cors;
    else if (!strcmp(text, "fd"))
        c->listen_fd = (int)n;
    else if (!strcmp(text, "trust"))
        c->trust_forwarded = true;
    else
        exit(2);
}

int main(int argc, char **argv)
{
    struct http_server_config c = {
        .address = "127.0.0.1",
        .routes = routes,
        .route_count = sizeof(routes) / sizeof(routes[0]),
        .assets = assets,
        .asset_count = sizeof(assets) / sizeof(assets[0]),
        .handle = handle,
        .admit = admit,
        .progress = progress,
        .observe = observe,
        .worker_open = worker_open,
        .worker_close = worker_close,
        .socket = &socket_ops,
        .socket_path = "/api/live",
        .socket_protocol = "kolcast.v1",
    };
    struct error err = {0};
    char line[64], text[600];
    int grace = 5000;

    for (int i = 1; i < argc; i++)
        option(&c, argv[i]);
    if (http_server_new(&server, &c, &err) || http_server_start(server, &err)) {
        fprintf(stderr, "served: %s\n", error_text(&err, text, sizeof(text)));
        http_server_free(server);
        return 1;
    }
    printf("%u\n", http_server_port(server));
    fflush(stdout);
    while (fgets(line, sizeof(line), stdin)) {
        if (!strcmp(line, "reload\n"))
            http_server_reload_tls(server);
        if (sscanf(line, "stop %d", &grace) == 1)
            break;
    }
    http_server_stop(server, grace);
    http_server_free(server);
    return 0;
}
