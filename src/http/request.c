/* A request's life: made when its first byte comes, filled by its protocol, released when its reply
 * has left or its client is gone, and nobody (worker, spooler) holds it any more. Used again with
 * its arena. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "http/http_priv.h"

enum { SPARE_MAX = 64, ARENA_MAX = 16 << 20, ID_LENGTH = 20 };

/* Fields that may come once only: two of them would be read differently by different servers. */
static const char *const singletons[] = {
    "authorization", "content-encoding",  "content-length", "content-type", "expect",
    "host",          "idempotency-key",   "if-range",       "origin",       "range",
    "referer",       "sec-websocket-key", "traceparent",    "upgrade",      "transfer-encoding",
    "x-csrf-token",  "if-modified-since", "user-agent",     "x-request-id", "sec-websocket-version",
};

static struct http_request *take_spare(struct http_server *s)
{
    struct list_node *n = list_pop(&s->spare);
    struct http_request *r;
    struct arena *arena;

    if (n) {
        s->spare_count--;
        r = list_entry(n, struct http_request, node);
        arena = r->arena;
        memset(r, 0, sizeof(*r));
        r->arena = arena;
        return r;
    }
    r = calloc(1, sizeof(*r));
    if (r && arena_new(&r->arena, ARENA_MAX)) {
        free(r);
        return NULL;
    }
    return r;
}

struct http_request *request_new(struct conn *c)
{
    struct http_server *s = c->server;
    struct http_request *r = take_spare(s);

    if (!r)
        return NULL;
    s->request_count++;
    r->server = s;
    r->conn = c;
    r->done.fn = exchange_done;
    r->body_total = -1;
    r->body.max = SIZE_MAX / 2;
    r->reply.fd = -1;
    r->secure = c->tls != NULL;
    memcpy(r->peer, c->peer, sizeof(r->peer));
    r->started_us = r->phase_us = r->moved_us = loop_now_us(s->loop);
    list_append(&c->requests, &r->node);
    return r;
}

static bool singleton(const char *name)
{
    for (size_t i = 0; i < sizeof(singletons) / sizeof(singletons[0]); i++)
        if (!strcmp(singletons[i], name))
            return true;
    return false;
}

static struct head_field *find(struct http_request *r, const char *name)
{
    for (unsigned i = 0; i < r->field_count; i++)
        if (!strcmp(r->fields[i].name, name))
            return &r->fields[i];
    return NULL;
}

/* RFC 9110 5.3: repeated fields are one list; cookies are joined their own way (RFC 6265 5.4). */
static int append_value(struct http_request *r, struct head_field *f, const char *value)
{
    const char *comma = strcmp(f->name, "cookie") ? ", " : "; ";
    char *joined = arena_alloc(r->arena, strlen(f->value) + strlen(value) + 3);

    if (!joined)
        return 431;
    stpcpy(stpcpy(stpcpy(joined, f->value), comma), value);
    f->value = joined;
    return 0;
}

int request_put_field(struct http_request *r, const char *name, const char *value)
{
    struct head_field *before = find(r, name);

    if (before)
        return singleton(name) ? 400 : append_value(r, before, value);
    if (r->field_count == HEAD_FIELDS_MAX)
        return 431;
    r->fields[r->field_count++] = (struct head_field){name, value};
    return 0;
}

/* Is this client's word about who it speaks for taken? */
static bool trusted(const struct http_request *r)
{
    return r->server->c.trust_forwarded && r->conn->from_loopback;
}

static bool id_allowed(const char *id)
{
    size_t len = strlen(id);

    return len > 0 && len < ID_SIZE &&
           strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") == len;
}

/* The proxy appends the address it saw: the last one is the only one that is not the client's own
 * claim. */
static void take_forwarded(struct http_request *r)
{
    const char *list = http_header(r, "x-forwarded-for"), *last;
    const char *proto = http_header(r, "x-forwarded-proto");
    size_t len;

    if (proto)
        r->secure = !strcmp(proto, "https");
    if (!list)
        return;
    last = strrchr(list, ',');
    last = last ? last + 1 : list;
    last += strspn(last, " \t");
    len = strspn(last, "0123456789abcdefABCDEF.:");
    if (len && len < sizeof(r->peer) && !last[len]) {
        memcpy(r->peer, last, len);
        r->peer[len] = '\0';
    }
}

void request_identify(struct http_request *r)
{
    const char *id = trusted(r) ? http_header(r, "x-request-id") : NULL;

    if (trusted(r))
        take_forwarded(r);
    if (id && id_allowed(id))
        stpcpy(r->id, id);
    else
        random_token(r->id, ID_LENGTH + 1);
}

void request_set_state(struct http_request *r, enum request_state state)
{
    r->state = state;
    if (state == REQUEST_BODY || state == REQUEST_REPLY)
        r->phase_us = r->moved_us = loop_now_us(r->server->loop);
}

static void destroy(struct http_request *r)
{
    struct http_server *s = r->server;

    s->request_count--;
    access_log(r);
    if (s->c.observe)
        s->c.observe(s->c.arg, r, r->lost ? 0 : r->reply.status, r->reply.sent,
                     loop_now_us(s->loop) - r->started_us);
    if (r->data_free)
        r->data_free(r->data);
    s->body_memory -= r->body.len;
    buf_free(&r->body);
    spool_free(r->spool);
    reply_reset(&r->reply);
    arena_reset(r->arena);
    if (s->spare_count < SPARE_MAX) {
        list_append(&s->spare, &r->node);
        s->spare_count++;
        return;
    }
    request_free(r);
}

void request_free(struct http_request *r)
{
    arena_free(r->arena);
    free(r);
}

void request_over(struct http_request *r)
{
    list_remove(&r->node);
    r->conn = NULL;
    request_set_state(r, REQUEST_OVER);
    if (!r->holds)
        destroy(r);
}

void request_abandon(struct http_request *r)
{
    atomic_store_explicit(&r->gone, GONE_ABANDONED, memory_order_relaxed);
    r->lost = true;
    request_over(r);
}

void request_hold(struct http_request *r)
{
    r->holds++;
}

void request_release(struct http_request *r)
{
    if (!--r->holds && r->state == REQUEST_OVER)
        destroy(r);
}

/* ---- accessors ------------------------------------------------------------------------------ */

const char *http_method(const struct http_request *r)
{
    return r->method;
}

const char *http_path(const struct http_request *r)
{
    return r->path.text ? r->path.text : "";
}

const struct http_route *http_route(const struct http_request *r)
{
    return r->route;
}

const char *http_path_param(const struct http_request *r, const char *name)
{
    return router_param(r, name);
}

const char *http_query(const struct http_request *r, const char *name)
{
    for (unsigned i = 0; i < r->query.count; i++)
        if (!strcmp(r->query.pairs[i].name, name))
            return r->query.pairs[i].value;
    return NULL;
}

unsigned http_query_count(const struct http_request *r)
{
    return r->query.count;
}

const char *http_query_at(const struct http_request *r, unsigned i, const char **value)
{
    if (value)
        *value = r->query.pairs[i].value;
    return r->query.pairs[i].name;
}

const char *http_header(const struct http_request *r, const char *name)
{
    for (unsigned i = 0; i < r->field_count; i++)
        if (!strcmp(r->fields[i].name, name))
            return r->fields[i].value;
    return NULL;
}

const char *http_cookie(const struct http_request *r, const char *name)
{
    const char *header = http_header(r, "cookie");

    return header ? field_cookie(r->arena, header, name) : NULL;
}

const char *http_peer(const struct http_request *r)
{
    return r->peer;
}

const char *http_id(const struct http_request *r)
{
    return r->id;
}

bool http_secure(const struct http_request *r)
{
    return r->secure;
}

const void *http_body(const struct http_request *r, size_t *len)
{
    if (len)
        *len = r->body.len;
    return r->body.data ? r->body.data : "";
}

const char *http_spooled_path(const struct http_request *r)
{
    return r->spool ? spool_path(r->spool) : NULL;
}

uint64_t http_spooled_size(const struct http_request *r)
{
    return r->spool ? r->body_got : 0;
}

struct arena *http_arena(struct http_request *r)
{
    return r->arena;
}

void http_set_data(struct http_request *r, void *data, void (*fn)(void *data))
{
    r->data = data;
    r->data_free = fn;
}

void *http_data(const struct http_request *r)
{
    return r->data;
}

bool http_gone(const struct http_request *r)
{
    return atomic_load_explicit(&r->gone, memory_order_relaxed) != GONE_NOT;
}
