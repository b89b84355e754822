/* HTTP/1.0 and 1.1 on a connection: requests one after another, pipelined ones wait.
 *
 *   HEAD ─▶ BODY ─▶ WAIT (for the reply, and until it is in c->out) ─▶ HEAD, or the end */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http/http_priv.h"

enum {
    IN_MAX = 4 * SCRATCH,
    CHECK_MS = 1000,
};

enum h1_state { H1_HEAD, H1_BODY, H1_WAIT };

struct h1 {
    enum h1_state state;
    struct http_request *request; /* the one being read or answered */
    struct buf in;                /* input that could not be used yet */
    size_t scanned;               /* of a head that is not complete */
    int64_t head_us;              /* when its first byte came; 0: none has */
    bool fresh;                   /* no request came yet */
    bool minor, keep_alive, expects, chunked, stopping;
    struct chunk chunk;
    uint64_t body_left;
};

void h1_free(struct conn *c)
{
    if (!c->h1)
        return;
    buf_free(&c->h1->in);
    free(c->h1);
    c->h1 = NULL;
}

static void wait_for_request(struct conn *c)
{
    conn_move(c, &c->server->waiting);
    conn_arm(c, c->server->c.idle_timeout_ms);
}

void h1_leftover(struct conn *c, struct buf *to)
{
    struct buf *in = &c->h1->in;

    to->data = in->data;
    to->len = in->len;
    to->cap = in->cap;
    *in = (struct buf){0};
}

int h1_start(struct conn *c)
{
    c->h1 = calloc(1, sizeof(*c->h1));
    if (!c->h1)
        return -ENOMEM;
    c->h1->fresh = true;
    c->h1->in.max = IN_MAX;
    c->proto = &proto_h1;
    wait_for_request(c);
    return 0;
}

/* ---- replies -------------------------------------------------------------------------------- */

static void finish(struct conn *c)
{
    struct h1 *h = c->h1;

    request_over(h->request);
    h->request = NULL;
    if (!h->keep_alive || (c->eof && !h->in.len)) {
        conn_close(c);
        return;
    }
    h->state = H1_HEAD;
    h->scanned = 0;
    h->head_us = 0;
    wait_for_request(c);
    conn_read(c, true);
}

/* Moves the reply to out, as far as that should hold. */
static void fill(struct conn *c)
{
    struct http_request *r = c->h1->request;
    char *piece = c->server->pulled;

    while (conn_backlog(c) < SCRATCH) {
        ssize_t n = reply_pull(r, piece, PULL);

        if (!n) {
            finish(c);
            return;
        }
        if (n < 0) {
            log_error("a file cannot be sent on", "id=%s path=%s error=\"%s\"", r->id, http_path(r),
                      strerror((int)-n));
            conn_kill(c); /* the client sees that it is too short */
            return;
        }
        if (conn_append(c, piece, (size_t)n))
            return;
    }
}

static void put_field(struct buf *b, const char *name, const char *value)
{
    buf_puts(b, name);
    buf_append(b, ": ", 2);
    buf_puts(b, value);
    buf_append(b, "\r\n", 2);
}

static void h1_reply(struct conn *c, struct http_request *r)
{
    struct h1 *h = c->h1;
    struct head_field fields[REPLY_ALL_FIELDS_MAX];
    unsigned n = reply_fields(r, fields, REPLY_ALL_FIELDS_MAX);

    if (!r->body_ended || h->stopping || (c->eof && !h->in.len))
        h->keep_alive = false;
    h->state = H1_WAIT;
    if (buf_printf(&c->out, "HTTP/1.1 %d %s\r\n", r->reply.status,
                   http_status_text(r->reply.status))) {
        conn_kill(c);
        return;
    }
    for (unsigned i = 0; i < n; i++)
        put_field(&c->out, fields[i].name, fields[i].value);
    if (r->reply.status == 426)
        put_field(&c->out, "upgrade", "websocket");
    if (!h->keep_alive)
        put_field(&c->out, "connection", "close");
    else if (!h->minor)
        put_field(&c->out, "connection", "keep-alive");
    if (conn_append(c, "\r\n", 2))
        return;
    fill(c);
}

/* ---- head ----------------------------------------------------------------------------------- */

/* What is wrong with the message itself: whatever follows cannot be trusted. */
static void refuse(struct conn *c, int status, const char *detail)
{
    struct http_request *r = c->h1->request;

    c->h1->keep_alive = false;
    if (!r->method)
        r->method = "-";
    if (!r->id[0])
        request_identify(r);
    exchange_refuse(r, status, detail);
}

static const char *head_fault(int status)
{
    switch (status) {
    case 431:
        return "The header has too many fields.";
    case 505:
        return "HTTP/1.1 and HTTP/2 are spoken here.";
    default:
        return "The request is malformed.";
    }
}

/* "/path", "*", or "http://host/path" as it is sent to a proxy (RFC 9112 3.2). */
static bool read_target(struct http_request *r, const char *target)
{
    const char *host = http_header(r, "host"), *path;
    size_t scheme = !strncasecmp(target, "http://", 7)    ? 7
                    : !strncasecmp(target, "https://", 8) ? 8
                                                          : 0;

    if (!host || !field_host_allowed(host))
        return false;
    r->authority = host;
    r->target = target;
    if (!scheme)
        return target[0] == '/' || !strcmp(target, "*");
    target += scheme;
    path = target + strcspn(target, "/?");
    r->authority = arena_strndup(r->arena, target, (size_t)(path - target));
    r->target = *path == '/' ? path : arena_alloc(r->arena, strlen(path) + 2);
    if (!r->authority || !r->target || !*r->authority || !field_host_allowed(r->authority))
        return false;
    if (*path != '/')
        stpcpy(stpcpy((char *)r->target, "/"), path);
    return true;
}

/* RFC 9112 6: how long the body is. What could be read in two ways is refused. */
static int read_framing(struct h1 *h, struct http_request *r, const char **detail)
{
    const char *coding = http_header(r, "transfer-encoding");
    const char *length = http_header(r, "content-length");

    h->chunked = coding != NULL;
    h->body_left = 0;
    if (coding && (length || !h->minor)) {
        *detail = "Transfer-Encoding together with Content-Length, or in HTTP/1.0.";
        return 400;
    }
    if (coding && strcasecmp(coding, "chunked") != 0) {
        *detail = "No Transfer-Encoding but chunked is understood.";
        return 501;
    }
    if (length && field_number(length, strlen(length), &h->body_left)) {
        *detail = "Content-Length is no number.";
        return 400;
    }
    if (length)
        r->body_total = (int64_t)h->body_left;
    return 0;
}

static int read_connection(struct h1 *h, struct http_request *r, const char **detail)
{
    const char *connection = http_header(r, "connection"), *expect = http_header(r, "expect");

    h->keep_alive = connection && field_list_has(connection, "close") ? false
                    : h->minor                                        ? true
                               : connection && field_list_has(connection, "keep-alive");
    h->expects = h->minor && expect && !strcasecmp(expect, "100-continue");
    if (h->minor && expect && !h->expects) {
        *detail = "No expectation but 100-continue is understood.";
        return 417;
    }
    return 0;
}

/* Puts what the head says into the request. 0, or a status and detail to refuse it with. */
static int read_head(struct conn *c, struct http_request *r, const char *text, size_t len,
                     const char **detail)
{
    struct h1 *h = c->h1;
    char *copy = arena_alloc(r->arena, len + 1);
    struct head head;
    int status = copy ? head_parse(memcpy(copy, text, len), len, &head) : 503;

    *detail = head_fault(status);
    if (status)
        return status;
    r->method = head.method;
    h->minor = head.minor > 0;
    *detail = "A header field comes twice that may come once only, or there are too many.";
    for (unsigned i = 0; i < head.count && !status; i++)
        status = request_put_field(r, head.fields[i].name, head.fields[i].value);
    if (status)
        return status;
    if (!h->minor && !http_header(r, "host"))
        request_put_field(r, "host", "");
    *detail = "The target or the Host field is missing or malformed.";
    if (!read_target(r, head.target))
        return 400;
    status = read_framing(h, r, detail);
    return status ? status : read_connection(h, r, detail);
}

static void take_head(struct conn *c, const char *text, size_t len)
{
    struct h1 *h = c->h1;
    struct http_request *r = h->request;
    const char *detail;
    int status = read_head(c, r, text, len, &detail);
    bool has_body = h->chunked || h->body_left;

    if (status) {
        refuse(c, status, detail);
        return;
    }
    h->chunk = (struct chunk){0};
    h->state = has_body ? H1_BODY : H1_WAIT;
    r->body_ended = !has_body;
    exchange_head(r, has_body);
}

/* HTTP/2 without TLS, by a client or proxy that knows (RFC 9113 3.3). */
static bool speaks_h2(struct conn *c, const char *data, long end)
{
    static const char preface[] = "PRI * HTTP/2.0\r\n\r\n";

    return c->h1->fresh && !c->tls && end == sizeof(preface) - 1 &&
           !memcmp(data, preface, sizeof(preface) - 1);
}

static size_t switch_to_h2(struct conn *c, char *data, size_t len)
{
    if (h2_start(c))
        conn_kill(c);
    else
        c->proto->input(c, data, len);
    return len;
}

static bool begin(struct conn *c)
{
    struct h1 *h = c->h1;

    h->request = request_new(c);
    if (!h->request) {
        conn_kill(c);
        return false;
    }
    h->chunked = false;
    h->body_left = 0;
    return true;
}

/* Bytes used of a head; 0: more must come first. */
static size_t work_head(struct conn *c, char *data, size_t len)
{
    struct h1 *h = c->h1;
    long end;

    if (!h->head_us)
        h->head_us = conn_now(c);
    end = head_find_end(data, len, &h->scanned);
    if (!end && len <= HEAD_MAX) {
        conn_arm(c, c->server->c.head_timeout_ms);
        return 0;
    }
    if (speaks_h2(c, data, end))
        return switch_to_h2(c, data, len);
    if (!begin(c))
        return len;
    h->fresh = false;
    h->request->started_us = h->head_us;
    conn_move(c, &c->server->busy);
    if (end < 0)
        refuse(c, 400, head_fault(400));
    else if (!end || end > HEAD_MAX)
        refuse(c, 431, "The header is too large.");
    else
        take_head(c, data, (size_t)end);
    return end > 0 ? (size_t)end : len;
}

/* ---- body ----------------------------------------------------------------------------------- */

static size_t work_plain_body(struct conn *c, const char *data, size_t len)
{
    struct h1 *h = c->h1;
    struct http_request *r = h->request;
    size_t n = len < h->body_left ? len : (size_t)h->body_left;

    h->body_left -= n;
    exchange_body(r, data, n);
    if (!h->body_left && h->state == H1_BODY && c->state == CONN_OPEN) {
        h->state = H1_WAIT;
        exchange_body_end(r);
    }
    return n;
}

static size_t work_chunk(struct conn *c, const char *data, size_t len)
{
    struct h1 *h = c->h1;
    struct http_request *r = h->request;
    const char *piece;
    size_t used = 0, n;
    int rc = chunk_read(&h->chunk, data, len, &used, &piece, &n);

    if (rc < 0) {
        if (r->state == REQUEST_BODY)
            refuse(c, 400, "The chunked body is malformed.");
        else
            conn_kill(c);
        return len;
    }
    if (n)
        exchange_body(r, piece, n);
    if (rc > 0 && h->state == H1_BODY && c->state == CONN_OPEN) {
        h->state = H1_WAIT;
        exchange_body_end(r);
    }
    return used;
}

/* ---- input ---------------------------------------------------------------------------------- */

/* Uses what can be used; returns how much that was. */
static size_t work(struct conn *c, char *data, size_t len)
{
    size_t at = 0, n = 1;

    while (at < len && n && c->state == CONN_OPEN && c->proto == &proto_h1) {
        struct h1 *h = c->h1;

        if (h->state == H1_WAIT || conn_backlog(c) >= SCRATCH)
            break;
        if (h->state == H1_HEAD)
            n = work_head(c, data + at, len - at);
        else if (exchange_full(h->request))
            break;
        else
            n = h->chunked ? work_chunk(c, data + at, len - at)
                           : work_plain_body(c, data + at, len - at);
        at += n;
    }
    return at;
}

/* Uses data, or what was kept before and data; keeps the rest. */
static void use(struct conn *c, char *data, size_t len)
{
    struct buf *in = &c->h1->in;
    size_t used = 0;

    if (!in->len) {
        used = work(c, data, len);
        if (used < len && c->state == CONN_OPEN && buf_append(in, data + used, len - used))
            conn_kill(c);
        return;
    }
    if (buf_append(in, data, len)) {
        conn_kill(c);
        return;
    }
    used = work(c, in->data, in->len);
    memmove(in->data, in->data + used, in->len - used);
    in->len -= used;
    if (!in->len)
        buf_free(in);
}

static void h1_input(struct conn *c, char *data, size_t len)
{
    struct h1 *h = c->h1;

    use(c, data, len);
    if (c->state != CONN_OPEN || c->proto != &proto_h1)
        return;
    conn_read(c, h->in.len < SCRATCH);
    if (h->state == H1_BODY)
        conn_arm(c, CHECK_MS);
    if (c->eof && h->state == H1_HEAD)
        conn_close(c);
}

/* A client may end its side when it has asked: it still gets the reply. */
static void h1_eof(struct conn *c)
{
    struct h1 *h = c->h1;

    if (h->state == H1_BODY || (h->state == H1_HEAD && h->in.len))
        conn_kill(c);
    else if (h->state == H1_HEAD)
        conn_close(c);
    else
        atomic_store_explicit(&h->request->gone, GONE_LEFT, memory_order_relaxed);
}

static void h1_output(struct conn *c)
{
    struct h1 *h = c->h1;

    if (h->request && h->request->state == REQUEST_REPLY)
        fill(c);
    if (c->state == CONN_OPEN && h->state == H1_HEAD && h->in.len)
        h1_input(c, NULL, 0);
}

static void h1_flow(struct conn *c, struct http_request *r, size_t taken)
{
    struct h1 *h = c->h1;

    (void)taken;
    if (h->expects && !r->body_got && !h->in.len)
        conn_append(c, "HTTP/1.1 100 Continue\r\n\r\n", 25);
    h->expects = false;
    if (c->state != CONN_OPEN || (c->reading && !h->in.len) || exchange_full(r))
        return;
    conn_read(c, true);
    conn_again(c);
}

/* ---- time ----------------------------------------------------------------------------------- */

static void check_head(struct conn *c, int64_t now)
{
    const struct http_server_config *s = &c->server->c;
    int64_t since = c->h1->head_us ? c->h1->head_us : c->since_us;
    int64_t left =
        (c->h1->head_us ? s->head_timeout_ms : s->idle_timeout_ms) - (now - since) / 1000;

    if (left > 0) {
        conn_arm(c, left);
    } else if (!c->h1->head_us || !begin(c)) {
        conn_kill(c);
    } else {
        refuse(c, 408, "The header did not arrive in time.");
        conn_flush(c);
    }
}

static void h1_timer(struct conn *c)
{
    struct h1 *h = c->h1;
    int64_t now = conn_now(c);

    if (h->state == H1_HEAD) {
        check_head(c, now);
    } else if (exchange_stalled(h->request, now)) {
        conn_kill(c);
    } else {
        conn_flush(c); /* an upload may have been cancelled */
        if (h->state != H1_HEAD)
            conn_arm(c, CHECK_MS);
    }
}

static void h1_stop(struct conn *c)
{
    c->h1->stopping = true;
    c->h1->keep_alive = false;
    if (c->h1->state == H1_HEAD && conn_backlog(c))
        conn_close(c);
    else if (c->h1->state == H1_HEAD)
        conn_kill(c);
}

const struct proto proto_h1 = {
    .name = "HTTP/1.1",
    .input = h1_input,
    .eof = h1_eof,
    .output = h1_output,
    .reply = h1_reply,
    .flow = h1_flow,
    .timer = h1_timer,
    .stop = h1_stop,
};
