/* Whole connections of the HTTP server, on the server's own loop, from bytes. The first byte
 * chooses HTTP/1, HTTP/2 or an open WebSocket, the second how the bytes are cut. Whatever comes:
 * when the client has gone, nothing of it is left. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/http_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct http_server *server;
static unsigned opened, closed;

static void handle(void *arg, void *worker, struct http_request *r)
{
    size_t len;
    const char *body = http_body(r, &len);

    (void)arg, (void)worker;
    for (unsigned i = 0; i < http_query_count(r); i++) {
        const char *value, *name = http_query_at(r, i, &value);

        http_reply_header(r, name, value);
    }
    http_cookie(r, "s");
    http_path_param(r, "id");
    http_reply(r, len ? 201 : 200, http_header(r, "accept"), body, len);
}

static int open_socket(void *arg, void *worker, struct http_socket *s, struct http_request *r)
{
    (void)arg, (void)worker, (void)s, (void)r;
    opened++;
    return 0;
}

static void message(void *arg, struct http_socket *s, const char *text, size_t len)
{
    (void)arg;
    if (!url_utf8(text, len))
        abort();
    if (len == 3)
        http_socket_close(s, 4000, text);
}

static size_t fill(void *arg, struct http_socket *s, char *buf, size_t cap)
{
    (void)arg, (void)s, (void)buf, (void)cap;
    return 0;
}

static void socket_closed(void *arg, struct http_socket *s)
{
    (void)arg, (void)s;
    closed++;
}

static const struct http_route routes[] = {
    {"GET", "/", 0, HTTP_ROUTE_INLINE, NULL},
    {"POST", "/", 5000, HTTP_ROUTE_INLINE, NULL},
    {"GET", "/a/{id}", 0, HTTP_ROUTE_INLINE, NULL},
};

static const struct http_asset assets[] = {
    {"/index.html", "text/html", "<!doctype html>", 15, "BR", "GZ", 2, 2, false},
};

static const struct http_socket_ops socket_ops = {
    .open = open_socket,
    .message = message,
    .fill = fill,
    .closed = socket_closed,
};

static void start(void)
{
    const struct http_server_config c = {
        .address = "127.0.0.1",
        .routes = routes,
        .route_count = 3,
        .assets = assets,
        .asset_count = 1,
        .handle = handle,
        .socket = &socket_ops,
        .socket_path = "/live",
        .message_max = 1000,
        .workers = 1,
        .log_off = true,
    };

    if (http_server_new(&server, &c, NULL))
        abort();
    loop_hook_add(server->loop, &server->hook);
    if (pool_start(server->pool, NULL)) /* opens the sockets */
        abort();
    log_set_level(LOG_ERROR + 1);
}

static void turns(int n)
{
    while (n-- > 0)
        loop_turn(server->loop, 0);
}

static void feed(int fd, const void *data, size_t len, size_t step)
{
    char trash[4096];

    for (size_t at = 0; at < len; at += step) {
        if (send(fd, (const char *)data + at, len - at < step ? len - at : step,
                 MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
            return;
        turns(2);
        while (recv(fd, trash, sizeof(trash), MSG_DONTWAIT) > 0)
            turns(1);
    }
}

static void begin(int fd, unsigned kind)
{
    static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0";
    static const char upgrade[] =
        "GET /live HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

    if (kind == 1)
        feed(fd, preface, sizeof(preface), sizeof(preface));
    if (kind != 2)
        return;
    feed(fd, upgrade, sizeof(upgrade) - 1, sizeof(upgrade));
    while (!server->socket_count)
        loop_turn(server->loop, 10);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fds[2];

    if (!server)
        start();
    if (size < 2)
        return 0;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) ||
        !conn_new(server, fds[0], "127.0.0.1", true))
        abort();
    opened = closed = 0;
    begin(fds[1], data[0] % 3);
    feed(fds[1], data + 2, size - 2, data[1] ? data[1] : size);
    close(fds[1]);
    for (int i = 0; i < 1000 && (server->conn_count || server->request_count); i++)
        loop_turn(server->loop, 1);
    if (server->conn_count || server->request_count || opened != closed || server->body_memory)
        abort();
    return 0;
}
