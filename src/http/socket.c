/* WebSockets (RFC 6455). There is no queue: when out is empty, fill is asked for the next messages,
 * which leave together; so a slow reader is asked less often and costs SOCKET_BATCH and one message
 * of memory at most. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include <openssl/evp.h>
#include <openssl/sha.h>

#include "http/frame.h"
#include "http/http_priv.h"

enum {
    SENDS_MAX = 4,           /* to one socket in a turn */
    SEND_BUFFER = 64 * 1024, /* the kernel's, so that a stalled reader holds little there too */
    CHECK_MS = 1000,
    CLOSE_REASON_MAX = 123,
    KEY_LENGTH = 24, /* 16 bytes in base64 */
};

#define GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

struct http_socket {
    struct http_server *server;
    struct conn *conn; /* NULL until it opens */
    void *user;
    struct buf in;      /* a frame that is not complete */
    struct buf message; /* frames of a message in parts */
    bool in_parts, closing, pinged, heard;
    bool filling;      /* what is filled leaves before the end: */
    unsigned end_code; /* wanted meanwhile; 0: not */
    char end_reason[CLOSE_REASON_MAX + 1];
    int64_t looked_us; /* when it was last looked at whether it lives */
};

/* ---- handshake ------------------------------------------------------------------------------ */

static bool origin_allowed(struct http_request *r)
{
    const struct http_server_config *c = &r->server->c;
    const char *origin = http_header(r, "origin"), *host;

    if (c->socket->origin)
        return c->socket->origin(c->arg, origin, r->authority);
    if (!origin)
        return true;
    for (const char *const *o = c->cors_origins; o && *o; o++)
        if (!strcmp(*o, origin))
            return true;
    host = strstr(origin, "://");
    return host && !strcasecmp(host + 3, r->authority);
}

bool socket_handshake_ok(struct http_request *r)
{
    const char *upgrade = http_header(r, "upgrade"), *connection = http_header(r, "connection");
    const char *key = http_header(r, "sec-websocket-key");
    const char *version = http_header(r, "sec-websocket-version");

    if (r->stream || strcmp(r->method, "GET") != 0 || !upgrade || !connection ||
        !field_list_has(upgrade, "websocket") || !field_list_has(connection, "upgrade") ||
        !version || strcmp(version, "13") != 0) {
        http_reply_header(r, "sec-websocket-version", "13");
        http_reply_problem(r, 426, "This is a WebSocket (RFC 6455, version 13) over HTTP/1.1.");
        return false;
    }
    if (!key || strlen(key) != KEY_LENGTH || strcmp(key + KEY_LENGTH - 2, "==") != 0) {
        http_reply_problem(r, 400, "Sec-WebSocket-Key is missing or malformed.");
        return false;
    }
    if (!origin_allowed(r)) {
        http_reply_problem(r, 403, "Pages of this origin may not connect here.");
        return false;
    }
    return true;
}

static void accept_key(const char *key, char out[32])
{
    unsigned char hash[SHA_DIGEST_LENGTH];
    char text[KEY_LENGTH + sizeof(GUID)];

    stpcpy(stpcpy(text, key), GUID);
    SHA1((const unsigned char *)text, strlen(text), hash);
    EVP_EncodeBlock((unsigned char *)out, hash, sizeof(hash));
}

int socket_new(struct http_request *r)
{
    struct http_socket *s = calloc(1, sizeof(*s));

    if (!s)
        return -ENOMEM;
    s->server = r->server;
    s->message.max = r->server->c.message_max;
    s->in.max = SCRATCH + s->message.max + 16;
    r->socket = s;
    return 0;
}

static void destroy(struct http_socket *s, bool opened)
{
    const struct http_server_config *c = &s->server->c;

    if (opened)
        c->socket->closed(c->arg, s);
    buf_free(&s->in);
    buf_free(&s->message);
    free(s);
}

void socket_refused(struct http_socket *s, bool opened)
{
    destroy(s, opened);
}

void socket_free(struct conn *c)
{
    if (!c->socket)
        return;
    c->server->socket_count--;
    destroy(c->socket, true);
    c->socket = NULL;
}

/* ---- out ------------------------------------------------------------------------------------ */

static void send_control(struct conn *c, enum frame_opcode opcode, const void *data, size_t len)
{
    char frame[FRAME_HEADER_MAX + FRAME_CONTROL_MAX], *payload = frame + FRAME_HEADER_MAX, *start;

    if (conn_backlog(c) > 8 * sizeof(frame))
        return; /* it does not read: no use piling pongs up */
    memcpy(payload, data, len);
    start = frame_header(payload, opcode, len);
    conn_append(c, start, (size_t)(payload + len - start));
}

static void end_with(struct conn *c, unsigned code, const char *reason)
{
    char data[2 + CLOSE_REASON_MAX];
    size_t len = reason ? strnlen(reason, CLOSE_REASON_MAX) : 0;

    if (c->socket->closing || c->state != CONN_OPEN)
        return;
    c->socket->closing = true;
    data[0] = (char)(code >> 8);
    data[1] = (char)code;
    if (len)
        memcpy(data + 2, reason, len);
    send_control(c, FRAME_CLOSE, data, 2 + len);
    conn_close(c);
}

/* Frames, one behind the other, until there are SOCKET_BATCH bytes or nothing more to say. */
static size_t fill_batch(struct conn *c, char *out)
{
    const struct http_server_config *cfg = &c->server->c;
    struct http_socket *s = c->socket;
    size_t at = 0;

    s->filling = true;
    while (at < SOCKET_BATCH && !s->end_code) {
        char *payload = out + at + FRAME_HEADER_MAX, *start;
        size_t len = cfg->socket->fill(cfg->arg, s, payload, cfg->message_max);

        if (!len)
            break;
        start = frame_header(payload, FRAME_TEXT, len);
        len += (size_t)(payload - start);
        memmove(out + at, start, len); /* headers are not all of one length */
        at += len;
    }
    s->filling = false;
    return at;
}

static void ask(struct conn *c)
{
    struct http_socket *s = c->socket;
    size_t len = 1;
    int i;

    for (i = 0; len && i < SENDS_MAX && c->state == CONN_OPEN && !conn_backlog(c); i++) {
        len = fill_batch(c, c->server->messages);
        if (len)
            conn_send(c, c->server->messages, len);
        if (s->end_code)
            end_with(c, s->end_code, s->end_reason);
    }
    if (len && i == SENDS_MAX)
        conn_again(c);
}

static void socket_output(struct conn *c)
{
    ask(c);
}

/* ---- in ------------------------------------------------------------------------------------- */

static void deliver(struct conn *c, const char *text, size_t len)
{
    const struct http_server_config *cfg = &c->server->c;

    if (!url_utf8(text, len)) {
        end_with(c, FRAME_CLOSE_INVALID, "the text is no UTF-8");
        return;
    }
    cfg->socket->message(cfg->arg, c->socket, text, len);
}

static void peer_closes(struct conn *c, const char *data, size_t len)
{
    unsigned code = len >= 2 ? (unsigned)(uint8_t)data[0] << 8 | (uint8_t)data[1]
                             : (unsigned)FRAME_CLOSE_NORMAL;

    if (len == 1 || (len >= 2 && (!frame_close_allowed(code) || !url_utf8(data + 2, len - 2))))
        code = FRAME_CLOSE_PROTOCOL;
    end_with(c, code, NULL);
}

static void take_data(struct conn *c, const struct frame *f, const char *data)
{
    struct http_socket *s = c->socket;

    if (f->opcode == FRAME_BINARY) {
        end_with(c, FRAME_CLOSE_UNSUPPORTED, "text is spoken here");
    } else if ((f->opcode == FRAME_CONTINUATION) != s->in_parts) {
        end_with(c, FRAME_CLOSE_PROTOCOL, "a message in parts was interrupted");
    } else if (f->final && !s->in_parts) {
        deliver(c, data, (size_t)f->len);
    } else if (buf_append(&s->message, data, (size_t)f->len)) {
        end_with(c, FRAME_CLOSE_TOO_BIG, "the message is too long");
    } else if (f->final) {
        s->in_parts = false;
        deliver(c, s->message.data ? s->message.data : "", s->message.len);
        buf_free(&s->message);
    } else {
        s->in_parts = true;
    }
}

static void take_frame(struct conn *c, const struct frame *f, const char *data)
{
    switch (f->opcode) {
    case FRAME_PING:
        send_control(c, FRAME_PONG, data, (size_t)f->len);
        break;
    case FRAME_PONG:
        break; /* heard is all it says */
    case FRAME_CLOSE:
        peer_closes(c, data, (size_t)f->len);
        break;
    default:
        take_data(c, f, data);
    }
}

/* Takes whole frames; returns the bytes used. */
static size_t take_frames(struct conn *c, char *data, size_t len)
{
    size_t at = 0;

    while (c->state == CONN_OPEN) {
        struct frame f;
        int n = frame_parse((const uint8_t *)data + at, len - at, &f);

        if (n < 0) {
            end_with(c, (unsigned)-n, NULL);
        } else if (n > 0 && f.len > c->server->c.message_max) {
            end_with(c, FRAME_CLOSE_TOO_BIG, "the message is too long");
        } else if (!n || len - at - (size_t)n < f.len) {
            break;
        } else {
            char *payload = data + at + n;

            frame_unmask(&f, payload, (size_t)f.len, 0);
            at += (size_t)n + (size_t)f.len;
            take_frame(c, &f, payload);
        }
    }
    return at;
}

static void socket_input(struct conn *c, char *data, size_t len)
{
    struct http_socket *s = c->socket;
    size_t used;

    if (len)
        s->heard = true;
    if (!s->in.len) {
        used = take_frames(c, data, len);
        if (c->state == CONN_OPEN && buf_append(&s->in, data + used, len - used))
            conn_kill(c);
        return;
    }
    if (buf_append(&s->in, data, len)) {
        conn_kill(c);
        return;
    }
    used = take_frames(c, s->in.data, s->in.len);
    memmove(s->in.data, s->in.data + used, s->in.len - used);
    s->in.len -= used;
    if (!s->in.len)
        buf_free(&s->in);
}

static void socket_eof(struct conn *c)
{
    conn_kill(c);
}

/* ---- life ----------------------------------------------------------------------------------- */

void socket_start(struct conn *c, struct http_request *r)
{
    const struct http_server_config *cfg = &c->server->c;
    const char *offered = http_header(r, "sec-websocket-protocol");
    int size = SEND_BUFFER;
    char key[32];

    accept_key(http_header(r, "sec-websocket-key"), key);
    buf_printf(&c->out,
               "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
               "sec-websocket-accept: %s\r\nx-request-id: %s\r\n",
               key, r->id);
    if (offered && cfg->socket_protocol && field_list_has(offered, cfg->socket_protocol))
        buf_printf(&c->out, "sec-websocket-protocol: %s\r\n", cfg->socket_protocol);
    r->reply.status = 101;
    c->socket = r->socket;
    c->socket->conn = c;
    c->socket->heard = true; /* just now */
    c->socket->looked_us = conn_now(c);
    r->socket = NULL;
    c->server->socket_count++;
    request_over(r);
    setsockopt(c->io.fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
    c->proto = &proto_socket;
    conn_move(c, &c->server->sockets);
    conn_arm(c, cfg->ping_ms);
    if (c->eof)
        conn_kill(c); /* half a connection is none here */
    if (c->state == CONN_DEAD || conn_append(c, "\r\n", 2))
        return;
    h1_leftover(c, &c->socket->in); /* frames that came with the handshake */
    conn_read(c, true);
    conn_again(c);
}

/* Once every ping_ms: has anything come from it? */
static void look(struct conn *c)
{
    struct http_socket *s = c->socket;

    if (s->heard) {
        s->heard = s->pinged = false;
    } else if (s->pinged) {
        conn_kill(c);
    } else {
        s->pinged = true;
        send_control(c, FRAME_PING, "", 0);
        conn_flush(c);
    }
}

static void socket_timer(struct conn *c)
{
    struct http_socket *s = c->socket;
    const struct http_server_config *cfg = &c->server->c;
    int64_t now = conn_now(c), ping_us = (int64_t)cfg->ping_ms * 1000;

    if (conn_backlog(c) && now - c->moved_us > (int64_t)cfg->stall_timeout_ms * 1000) {
        conn_kill(c);
        return;
    }
    if (now - s->looked_us >= ping_us) {
        s->looked_us = now;
        look(c);
    }
    conn_arm(c, conn_backlog(c) && cfg->ping_ms > CHECK_MS
                    ? CHECK_MS
                    : (s->looked_us + ping_us - now) / 1000 + 1);
}

static void socket_stop(struct conn *c)
{
    end_with(c, FRAME_CLOSE_AWAY, "the server stops");
}

void http_socket_wake_all(struct http_server *s)
{
    if (!atomic_exchange_explicit(&s->wake_posted, true, memory_order_acq_rel))
        loop_post(s->loop, &s->wake_msg);
}

void socket_wake(struct http_server *s)
{
    for (struct list_node *n = s->sockets.head.next, *next; n != &s->sockets.head; n = next) {
        struct conn *c = list_entry(n, struct conn, node);

        next = n->next;
        if (!conn_backlog(c) && !c->blocked)
            ask(c);
    }
}

void http_socket_set_user(struct http_socket *s, void *user)
{
    s->user = user;
}

void *http_socket_user(const struct http_socket *s)
{
    return s->user;
}

void http_socket_close(struct http_socket *s, unsigned code, const char *reason)
{
    if (s->filling) {
        s->end_code = code;
        snprintf(s->end_reason, sizeof(s->end_reason), "%s", reason ? reason : "");
    } else if (s->conn) {
        end_with(s->conn, code, reason);
    }
}

const struct proto proto_socket = {
    .name = "WebSocket",
    .input = socket_input,
    .eof = socket_eof,
    .output = socket_output,
    .timer = socket_timer,
    .stop = socket_stop,
};
