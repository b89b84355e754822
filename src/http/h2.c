/* HTTP/2 on a connection: nghttp2 does the framing and holds the peer to the protocol; here its
 * streams become requests and its windows follow what has really been taken. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <nghttp2/nghttp2.h>

#include "http/http_priv.h"

enum {
    STREAMS_MAX = 64,
    UPLOAD_WINDOW = 1 << 20, /* of a stream whose body goes to a file, once it is admitted */
    CHECK_MS = 1000,
    FIELD_OVERHEAD = 32, /* RFC 9113 6.5.2 */
};

struct h2 {
    nghttp2_session *session;
    unsigned streams;
    bool stopping;
};

static struct http_request *of_stream(nghttp2_session *session, int32_t id)
{
    return nghttp2_session_get_stream_user_data(session, id);
}

/* ---- requests ------------------------------------------------------------------------------- */

static bool is_request(const nghttp2_frame *f)
{
    return f->hd.type == NGHTTP2_HEADERS && f->headers.cat == NGHTTP2_HCAT_REQUEST;
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *f, void *user)
{
    struct conn *c = user;
    struct http_request *r;

    if (!is_request(f))
        return 0;
    r = request_new(c);
    if (!r)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    r->stream = f->hd.stream_id;
    nghttp2_session_set_stream_user_data(session, r->stream, r);
    if (!c->h2->streams++)
        conn_move(c, &c->server->busy);
    conn_arm(c, CHECK_MS);
    return 0;
}

static const char **pseudo_field(struct http_request *r, const char *name)
{
    if (!strcmp(name, ":method"))
        return &r->method;
    if (!strcmp(name, ":path"))
        return &r->target;
    if (!strcmp(name, ":authority"))
        return &r->authority;
    return NULL;
}

static void take_field(struct http_request *r, const char *name, size_t name_len, const char *value,
                       size_t value_len)
{
    const char **pseudo;
    char *copy;

    r->head_bytes += name_len + value_len + FIELD_OVERHEAD;
    if (r->head_bytes > HEAD_MAX) {
        r->head_fault = 431;
        return;
    }
    copy = arena_strndup(r->arena, value, value_len);
    if (name[0] == ':') {
        pseudo = pseudo_field(r, name);
        if (pseudo)
            *pseudo = copy;
        return;
    }
    name = arena_strndup(r->arena, name, name_len);
    if (!r->head_fault)
        r->head_fault = copy && name ? request_put_field(r, name, copy) : 431;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *f, const uint8_t *name,
                     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                     void *user)
{
    struct http_request *r = of_stream(session, f->hd.stream_id);

    (void)flags, (void)user;
    if (r && is_request(f)) /* not trailers */
        take_field(r, (const char *)name, name_len, (const char *)value, value_len);
    return 0;
}

static bool target_fits(struct http_request *r)
{
    if (!r->authority)
        r->authority = http_header(r, "host");
    else if (!http_header(r, "host"))
        request_put_field(r, "host", r->authority);
    return r->method && strlen(r->method) <= HEAD_METHOD_MAX && r->target && r->authority &&
           field_host_allowed(r->authority) && field_target_allowed(r->target) &&
           (r->target[0] == '/' || !strcmp(r->target, "*"));
}

static void head_complete(struct http_request *r, bool has_body)
{
    const char *length = http_header(r, "content-length");
    uint64_t n;

    r->body_ended = !has_body;
    if (!r->head_fault && !target_fits(r))
        r->head_fault = 400;
    if (r->head_fault) {
        if (!r->method)
            r->method = "-";
        request_identify(r);
        exchange_refuse(r, r->head_fault,
                        r->head_fault == 431
                            ? "The header is too large."
                            : "The target is malformed, or a header field comes twice that may "
                              "come once only.");
        return;
    }
    if (length && !field_number(length, strlen(length), &n))
        r->body_total = (int64_t)n;
    exchange_head(r, has_body);
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *f, void *user)
{
    struct http_request *r = of_stream(session, f->hd.stream_id);
    bool end = f->hd.flags & NGHTTP2_FLAG_END_STREAM;

    (void)user;
    if (!r)
        return 0;
    if (is_request(f))
        head_complete(r, !end);
    else if ((f->hd.type == NGHTTP2_DATA || f->hd.type == NGHTTP2_HEADERS) && end)
        exchange_body_end(r);
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data,
                   size_t len, void *user)
{
    struct http_request *r = of_stream(session, id);

    (void)flags, (void)user;
    /* The connection's window never closes: each stream's own holds it back (h2_flow). */
    nghttp2_session_consume_connection(session, len);
    if (r)
        exchange_body(r, (const char *)data, len);
    return 0;
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t code, void *user)
{
    struct conn *c = user;
    struct http_request *r = of_stream(session, id);

    if (!r || c->state == CONN_DEAD)
        return 0;
    nghttp2_session_set_stream_user_data(session, id, NULL);
    if (r->state == REQUEST_REPLY && code == NGHTTP2_NO_ERROR)
        request_over(r);
    else
        request_abandon(r);
    if (!--c->h2->streams && c->state == CONN_OPEN) {
        conn_move(c, &c->server->waiting);
        conn_arm(c, c->server->c.idle_timeout_ms);
    }
    return 0;
}

/* A reply that is complete before the body: the rest of that is not wanted (RFC 9113 8.1). */
static int on_sent(nghttp2_session *session, const nghttp2_frame *f, void *user)
{
    struct http_request *r = of_stream(session, f->hd.stream_id);

    (void)user;
    if (r && !r->body_ended && (f->hd.flags & NGHTTP2_FLAG_END_STREAM) &&
        (f->hd.type == NGHTTP2_DATA || f->hd.type == NGHTTP2_HEADERS))
        nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, r->stream, NGHTTP2_NO_ERROR);
    return 0;
}

/* ---- replies -------------------------------------------------------------------------------- */

static ssize_t read_reply(nghttp2_session *session, int32_t id, uint8_t *buf, size_t len,
                          uint32_t *flags, nghttp2_data_source *source, void *user)
{
    struct http_request *r = source->ptr;
    ssize_t n = reply_pull(r, (char *)buf, len);

    (void)session, (void)id, (void)user;
    if (n < 0) {
        log_error("a file cannot be sent on", "id=%s path=%s error=\"%s\"", r->id, http_path(r),
                  strerror((int)-n));
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    if (!n || r->reply.sent == r->reply.length)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return n;
}

static nghttp2_nv pair(const char *name, const char *value)
{
    return (nghttp2_nv){(uint8_t *)name, (uint8_t *)value, strlen(name), strlen(value),
                        NGHTTP2_NV_FLAG_NONE};
}

static void h2_reply(struct conn *c, struct http_request *r)
{
    struct head_field fields[REPLY_ALL_FIELDS_MAX];
    nghttp2_nv nva[REPLY_ALL_FIELDS_MAX + 1];
    nghttp2_data_provider body = {.source.ptr = r, .read_callback = read_reply};
    unsigned n = reply_fields(r, fields, REPLY_ALL_FIELDS_MAX);
    char status[12];

    snprintf(status, sizeof(status), "%d", r->reply.status);
    nva[0] = pair(":status", status);
    for (unsigned i = 0; i < n; i++)
        nva[i + 1] = pair(fields[i].name, fields[i].value);
    if (nghttp2_submit_response(c->h2->session, r->stream, nva, n + 1,
                                r->reply.length && !r->head ? &body : NULL))
        nghttp2_submit_rst_stream(c->h2->session, NGHTTP2_FLAG_NONE, r->stream,
                                  NGHTTP2_INTERNAL_ERROR);
    conn_arm(c, CHECK_MS);
}

static void h2_flow(struct conn *c, struct http_request *r, size_t taken)
{
    nghttp2_session *session = c->h2->session;
    const char *expect = r->body_got ? NULL : http_header(r, "expect");
    nghttp2_nv go_on = pair(":status", "100");

    if (taken) {
        nghttp2_session_consume_stream(session, r->stream, taken);
        return;
    }
    if (r->spool)
        nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, r->stream, UPLOAD_WINDOW);
    if (expect && !strcasecmp(expect, "100-continue"))
        nghttp2_submit_headers(session, NGHTTP2_FLAG_NONE, r->stream, NULL, &go_on, 1, NULL);
}

/* ---- the connection ------------------------------------------------------------------------- */

static void h2_output(struct conn *c)
{
    nghttp2_session *session = c->h2->session;

    while (conn_backlog(c) < SCRATCH) {
        const uint8_t *data;
        ssize_t n = nghttp2_session_mem_send(session, &data);

        if (n < 0)
            conn_kill(c);
        if (n <= 0 || conn_append(c, data, (size_t)n))
            break;
    }
    if (c->state == CONN_OPEN && !conn_backlog(c) && !nghttp2_session_want_read(session) &&
        !nghttp2_session_want_write(session))
        conn_close(c);
}

static void h2_input(struct conn *c, char *data, size_t len)
{
    if (len && nghttp2_session_mem_recv(c->h2->session, (const uint8_t *)data, len) < 0)
        conn_kill(c); /* not HTTP/2 at all, flooded, or no memory; else a GOAWAY waits to leave */
}

static void h2_eof(struct conn *c)
{
    conn_kill(c);
}

static void check_requests(struct conn *c, int64_t now)
{
    int64_t head_us = (int64_t)c->server->c.head_timeout_ms * 1000;

    list_for_each(&c->requests, n)
    {
        struct http_request *r = list_entry(n, struct http_request, node);

        if (r->state == REQUEST_HEAD && now - r->started_us > head_us)
            nghttp2_session_terminate_session(c->h2->session, NGHTTP2_ENHANCE_YOUR_CALM);
        else if (exchange_stalled(r, now))
            nghttp2_submit_rst_stream(c->h2->session, NGHTTP2_FLAG_NONE, r->stream, NGHTTP2_CANCEL);
    }
}

static void h2_timer(struct conn *c)
{
    const struct http_server_config *s = &c->server->c;
    int64_t now = conn_now(c), idle_ms = s->idle_timeout_ms - (now - c->since_us) / 1000;

    if (conn_backlog(c) && now - c->moved_us > (int64_t)s->stall_timeout_ms * 1000) {
        conn_kill(c);
        return;
    }
    if (c->h2->streams)
        check_requests(c, now);
    else if (idle_ms <= 0)
        nghttp2_session_terminate_session(c->h2->session, NGHTTP2_NO_ERROR);
    conn_arm(c, c->h2->streams || idle_ms < CHECK_MS ? CHECK_MS : idle_ms);
    conn_flush(c);
}

static void h2_stop(struct conn *c)
{
    nghttp2_session *session = c->h2->session;

    c->h2->stopping = true;
    nghttp2_submit_goaway(session, NGHTTP2_FLAG_NONE,
                          nghttp2_session_get_last_proc_stream_id(session), NGHTTP2_NO_ERROR, NULL,
                          0);
}

void h2_free(struct conn *c)
{
    if (!c->h2)
        return;
    nghttp2_session_del(c->h2->session);
    free(c->h2);
    c->h2 = NULL;
}

static int new_session(struct conn *c)
{
    nghttp2_session_callbacks *callbacks = NULL;
    nghttp2_option *option = NULL;
    int rc = nghttp2_session_callbacks_new(&callbacks) || nghttp2_option_new(&option);

    if (!rc) {
        nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
        nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
        nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
        nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
        nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_sent);
        nghttp2_option_set_no_auto_window_update(option, 1);
        nghttp2_option_set_no_closed_streams(option, 1);
        rc = nghttp2_session_server_new2(&c->h2->session, callbacks, c, option);
    }
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
    return rc ? -ENOMEM : 0;
}

int h2_start(struct conn *c)
{
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, STREAMS_MAX},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, HEAD_MAX},
    };

    c->h2 = calloc(1, sizeof(*c->h2));
    if (!c->h2 || new_session(c) ||
        nghttp2_submit_settings(c->h2->session, NGHTTP2_FLAG_NONE, settings,
                                sizeof(settings) / sizeof(settings[0])))
        return -ENOMEM;
    c->proto = &proto_h2;
    conn_move(c, &c->server->waiting);
    conn_arm(c, c->server->c.idle_timeout_ms);
    return 0;
}

const struct proto proto_h2 = {
    .name = "HTTP/2",
    .input = h2_input,
    .eof = h2_eof,
    .output = h2_output,
    .reply = h2_reply,
    .flow = h2_flow,
    .timer = h2_timer,
    .stop = h2_stop,
};
