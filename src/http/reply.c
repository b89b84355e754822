/* Replies from memory, and the header fields that every reply has. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "http/http_priv.h"

enum { ARENA_COPY_MAX = 64 * 1024 };

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct {
    int status;
    const char *text;
} statuses[] = {
    {101, "Switching Protocols"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {423, "Locked"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
};

/* Unless the handler says otherwise. */
static const struct head_field defaults[] = {
    {"x-content-type-options", "nosniff"},
    {"x-frame-options", "DENY"},
    {"referrer-policy", "no-referrer"},
    {"cross-origin-opener-policy", "same-origin"},
    {"cross-origin-resource-policy", "same-origin"},
};

/* An API's answer is no page: nothing in it may run. */
#define CSP_DATA "default-src 'none'; frame-ancestors 'none'"
/* Blobs: what the browser records and plays; inline styles: positions that scripts compute. */
#define CSP_PAGE                                                                                \
    "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; style-src 'self' " \
    "'unsafe-inline'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors " \
    "'none'"
#define PERMISSIONS_PAGE "camera=(), geolocation=(), payment=(), usb=(), microphone=(self)"
#define HSTS             "max-age=31536000"

/* What only the server may say. */
static const char *const own_fields[] = {"content-length", "transfer-encoding", "connection",
                                         "date",           "upgrade",           "keep-alive"};

const char *http_status_text(int status)
{
    for (size_t i = 0; i < COUNT(statuses); i++)
        if (statuses[i].status == status)
            return statuses[i].text;
    return "Unknown";
}

static const char *reply_field(const struct reply *p, const char *name)
{
    for (unsigned i = 0; i < p->field_count; i++)
        if (!strcmp(p->fields[i].name, name))
            return p->fields[i].value;
    return NULL;
}

static bool own(const char *name)
{
    for (size_t i = 0; i < COUNT(own_fields); i++)
        if (!strcmp(own_fields[i], name))
            return true;
    return false;
}

static void put_field(struct reply *p, const char *name, const char *value)
{
    if (strcmp(name, "set-cookie") != 0)
        for (unsigned i = 0; i < p->field_count; i++)
            if (!strcmp(p->fields[i].name, name)) {
                p->fields[i].value = value;
                return;
            }
    p->fields[p->field_count++] = (struct head_field){name, value};
}

int http_reply_header(struct http_request *r, const char *name, const char *value)
{
    struct reply *p = &r->reply;
    char *lower, *copy;

    if (!field_token(name, strlen(name)) || !field_value_allowed(value, strlen(value)))
        return -EINVAL;
    if (p->field_count == REPLY_FIELDS_MAX)
        return -ENOSPC;
    lower = arena_strdup(r->arena, name);
    copy = arena_strdup(r->arena, value);
    if (!lower || !copy)
        return -ENOMEM;
    for (char *c = lower; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    if (own(lower))
        return -EINVAL;
    put_field(p, lower, copy);
    return 0;
}

static bool has_content(int status)
{
    return status >= 200 && status != 204 && status != 304;
}

void reply_static(struct http_request *r, int status, const char *type, const void *data,
                  size_t len)
{
    struct reply *p = &r->reply;

    if (p->status)
        return;
    p->status = status;
    p->has_length = has_content(status);
    p->type = len ? type : NULL;
    p->data = data;
    p->length = p->has_length ? len : 0;
}

/* The type is the handler's own text, but it may have put a name from outside in it. */
static const char *keep_type(struct http_request *r, const char *type)
{
    if (!type || !field_value_allowed(type, strlen(type)))
        return "application/octet-stream";
    return arena_strdup(r->arena, type);
}

void http_reply(struct http_request *r, int status, const char *type, const void *data, size_t len)
{
    char *copy = NULL;

    if (r->reply.status)
        return;
    if (len) {
        copy = len <= ARENA_COPY_MAX ? arena_alloc(r->arena, len) : NULL;
        if (!copy)
            copy = r->reply.owned = malloc(len);
        if (!copy) {
            reply_static(r, 500, NULL, NULL, 0);
            return;
        }
        memcpy(copy, data, len);
    }
    reply_static(r, status, len ? keep_type(r, type) : NULL, copy, len);
}

static void reply_owned_json(struct http_request *r, int status, const char *type, json_t *json)
{
    char *text = json ? json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

    json_decref(json);
    if (r->reply.status || !text) {
        free(text);
        reply_static(r, 500, NULL, NULL, 0);
        return;
    }
    r->reply.owned = text;
    reply_static(r, status, type, text, strlen(text));
}

void http_reply_json(struct http_request *r, int status, json_t *owned)
{
    reply_owned_json(r, status, "application/json", owned);
}

void http_reply_problem(struct http_request *r, int status, const char *detail)
{
    json_t *p = json_pack("{s:s, s:s, s:i}", "type", "about:blank", "title",
                          http_status_text(status), "status", status);

    if (p && detail)
        json_object_set_new(p, "detail", json_string(detail));
    reply_owned_json(r, status, "application/problem+json", p);
}

bool http_replied(const struct http_request *r)
{
    return r->reply.status != 0;
}

void reply_reset(struct reply *p)
{
    free(p->owned);
    if (p->fd >= 0)
        close(p->fd);
    *p = (struct reply){.fd = -1};
}

ssize_t reply_pull(struct http_request *r, char *buf, size_t cap)
{
    struct reply *p = &r->reply;
    uint64_t left = r->head ? 0 : p->length - p->sent;
    ssize_t n;

    if (left < cap)
        cap = (size_t)left;
    if (!cap)
        return 0;
    if (p->fd < 0) {
        memcpy(buf, p->data + p->offset + p->sent, cap);
        n = (ssize_t)cap;
    } else {
        do
            n = pread(p->fd, buf, cap, (off_t)(p->offset + p->sent));
        while (n < 0 && errno == EINTR);
        if (n <= 0)
            return n < 0 ? -errno : -EIO; /* shorter than it was told */
    }
    p->sent += (uint64_t)n;
    r->moved_us = loop_now_us(r->server->loop);
    return n;
}

/* ---- header fields of every reply ----------------------------------------------------------- */

struct fields {
    struct head_field *out;
    unsigned count, max;
    const struct reply *reply;
};

static void add(struct fields *f, const char *name, const char *value)
{
    if (f->count < f->max)
        f->out[f->count++] = (struct head_field){name, value};
}

static void add_default(struct fields *f, const char *name, const char *value)
{
    if (!reply_field(f->reply, name))
        add(f, name, value);
}

static void add_policy(struct fields *f, const struct reply *p)
{
    add_default(f, "content-security-policy", p->page ? CSP_PAGE : CSP_DATA);
    if (p->page)
        add_default(f, "permissions-policy", PERMISSIONS_PAGE);
    if (!p->asset)
        add_default(f, "cache-control", "no-store");
    for (size_t i = 0; i < COUNT(defaults); i++)
        add_default(f, defaults[i].name, defaults[i].value);
}

static void add_cors(struct fields *f, const struct http_request *r)
{
    const char *const *allowed = r->server->c.cors_origins;
    const char *origin = allowed ? http_header(r, "origin") : NULL;

    if (!allowed)
        return;
    add(f, "vary", "origin");
    for (; origin && *allowed; allowed++)
        if (!strcmp(*allowed, origin)) {
            add(f, "access-control-allow-origin", *allowed);
            add(f, "access-control-allow-credentials", "true");
            add(f, "access-control-expose-headers", "etag, location, retry-after, x-request-id");
            return;
        }
}

static const char *date_now(struct http_server *s)
{
    int64_t now_s = clock_wall_ms(loop_clock(s->loop)) / 1000;

    if (now_s != s->date_s) {
        s->date_s = now_s;
        field_date((time_t)now_s, s->date);
    }
    return s->date;
}

unsigned reply_fields(struct http_request *r, struct head_field *out, unsigned max)
{
    const struct reply *p = &r->reply;
    struct fields f = {.out = out, .max = max, .reply = p};

    if (p->type)
        add(&f, "content-type", p->type);
    if (p->has_length) {
        char *length = arena_alloc(r->arena, 24);

        if (length) {
            snprintf(length, 24, "%llu", (unsigned long long)p->length);
            add(&f, "content-length", length);
        }
    }
    for (unsigned i = 0; i < p->field_count; i++)
        add(&f, p->fields[i].name, p->fields[i].value);
    add(&f, "date", date_now(r->server));
    add(&f, "x-request-id", r->id);
    add_policy(&f, p);
    add_cors(&f, r);
    if (r->secure)
        add_default(&f, "strict-transport-security", HSTS);
    return f.count;
}
