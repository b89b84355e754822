/* HTTP/1.1, HTTP/2 and WebSocket server. It knows nothing of what Kolcast does.
 *
 * One thread, the loop, owns every connection. A request whose head and body are complete goes to a
 * pool of worker threads, where the handler is plain blocking code; its reply goes back to the
 * loop. A request belongs to one thread at a time, so that its accessors need no locks. WebSockets
 * live on the loop's thread alone and have no queue: a socket that can take bytes is asked what to
 * send.
 *
 * Life: http_server_new binds the port, http_server_start makes the threads, http_server_stop ends
 * them gracefully, http_server_free. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

struct http_server;
struct http_request;
struct http_socket;

enum http_route_flag {
    HTTP_ROUTE_SPOOL = 1,  /* the body goes to a file: http_spooled_path */
    HTTP_ROUTE_INLINE = 2, /* cheap and never blocks: runs in the loop's thread, worker is NULL */
    HTTP_ROUTE_QUIET = 4,  /* not in the access log unless it fails (probes) */
};

/* Paths are literal segments and {names}: "/api/campaigns/{id}". A name takes one whole segment
 * that is not empty. A literal segment wins over a name. HEAD is served by the GET route, OPTIONS
 * by the server. */
struct http_route {
    const char *method;
    const char *path;
    uint64_t body_max; /* bytes; 0: a request with a body is refused (413) */
    unsigned flags;    /* enum http_route_flag */
    const void *user;  /* the caller's own */
};

/* A static file in memory, for the server's life. br and gzip hold the same content encoded, or
 * NULL. A path is served for GET and HEAD where no route matches. Paths that are no asset, have no
 * dot in the last segment and do not begin with the first segment of any route get "/index.html"
 * (an application that routes in the browser). */
struct http_asset {
    const char *path; /* "/assets/app.3f2a.js" */
    const char *type; /* media type */
    const void *data;
    size_t len;
    const void *br, *gzip;
    size_t br_len, gzip_len;
    bool immutable; /* its name changes with its content: cached for a year */
};

/* WebSocket at config.socket_path. Text messages only (UTF-8, checked); binary ones close with
 * 1003, longer ones than message_max with 1009. */
struct http_socket_ops {
    /* In a worker thread, before the handshake is answered: may look things up. To refuse, reply
     * (401, 403 …) and return nonzero. On 0 the socket is opened; closed() follows exactly once,
     * even when the client is gone meanwhile. The request ends when this returns. */
    int (*open)(void *arg, void *worker, struct http_socket *s, struct http_request *r);
    /* In the loop's thread, like all that follow: text is not terminated. */
    void (*message)(void *arg, struct http_socket *s, const char *text, size_t len);
    /* Asked when the socket can take bytes: after it opened, after each message from it, after
     * http_socket_wake_all, after what it gave before has left. Writes the next message to buf and
     * returns its length (at most cap, which is message_max), 0: nothing now. */
    size_t (*fill)(void *arg, struct http_socket *s, char *buf, size_t cap);
    void (*closed)(void *arg, struct http_socket *s);
    /* May be NULL: only pages of this host (Origin equals Host) or of cors_origins may connect, and
     * clients that send no Origin (programs). Called in the loop's thread. origin may be NULL. */
    bool (*origin)(void *arg, const char *origin, const char *host);
};

/* A zeroed value means the default that the comment names. */
struct http_server_config {
    const char *address; /* numeric, "127.0.0.1" */
    uint16_t port;       /* 0: any free one, http_server_port tells it */
    int listen_fd;       /* > 0: a socket that is bound already (systemd); owned by the server */
    const char *tls_cert, *tls_key; /* PEM files; chain first. Both or none. Looked at every
                                       tls_watch_ms (5 s): a renewed pair is used from then on */
    int tls_watch_ms;

    unsigned workers;         /* 4 */
    unsigned connections_max; /* 2,000: beyond, the one that waits longest for a request goes */
    unsigned queued_max;      /* 256 requests waiting for a worker: beyond, 503 and Retry-After */
    uint64_t body_memory_max; /* 256 MiB in bodies held in memory, all together: beyond, 503 */
    size_t message_max;       /* 64 KiB: WebSocket messages both ways */
    int head_timeout_ms;      /* 10 s for a request's head or a TLS handshake */
    int idle_timeout_ms;      /* 60 s between requests of a connection */
    int stall_timeout_ms;     /* 30 s without any progress of a body, a reply or a socket; after
                                 that long, bodies and replies also need rate_min */
    unsigned rate_min;        /* 1,024 bytes a second on average */
    int ping_ms;              /* 30 s: a silent WebSocket is pinged; closed when that long silent
                                 again */
    unsigned log_rate;        /* 100 lines of access log a second; the rest is counted */
    bool log_off;             /* no access log */

    const char *spool_dir; /* for bodies in files; old ones of a crashed process are removed */

    const struct http_route *routes; /* for the server's life */
    unsigned route_count;
    const struct http_asset *assets; /* for the server's life */
    unsigned asset_count;

    /* In a worker thread (or inline): replies before it returns. */
    void (*handle)(void *arg, void *worker, struct http_request *r);
    /* In a worker thread when the head of a HTTP_ROUTE_SPOOL request is complete, before any of its
     * body is taken: may this client upload? To refuse, reply and return false. May be NULL. */
    bool (*admit)(void *arg, void *worker, struct http_request *r);
    /* In the loop's thread, at most each 100 ms while a spooled body arrives, each second when it
     * stalls, and once at the end: bytes so far and the total (0: not known). false cancels the
     * upload: the client gets 409, handle is not called. May be NULL. */
    bool (*progress)(void *arg, struct http_request *r, uint64_t bytes, uint64_t total);
    /* Each worker thread's own state. May be NULL. A failure makes http_server_start fail. */
    int (*worker_open)(void *arg, void **worker);
    void (*worker_close)(void *arg, void *worker);
    /* In the loop's thread when a request is over: for metrics. us: from its first byte to the last
     * one of the reply. status 0: the client went away before there was any. May be NULL. */
    void (*observe)(void *arg, struct http_request *r, int status, uint64_t bytes, int64_t us);
    void *arg; /* for all of the above and the socket's */

    const struct http_socket_ops *socket; /* or NULL */
    const char *socket_path;              /* "/api/live" */
    const char *socket_protocol;          /* selected when the client offers it; or NULL */

    bool trust_forwarded; /* X-Forwarded-For, -Proto and X-Request-Id of a proxy on loopback */
    const char *const *cors_origins; /* NULL-terminated, "https://app.example.org"; NULL: off */
};

/* Binds a port for config.listen_fd, before a program gives up the power that low ports need. */
int http_listen(const char *address, uint16_t port, int *fd, struct error *err);
/* Errors: -EADDRINUSE and the like, -EINVAL for the configuration; err has the words. */
int http_server_new(struct http_server **out, const struct http_server_config *c,
                    struct error *err);
uint16_t http_server_port(const struct http_server *s);
int http_server_start(struct http_server *s, struct error *err);
/* No new connections; requests in work are finished, at most grace_ms long; sockets are closed with
 * 1001. Returns when all threads have ended. Once. */
void http_server_stop(struct http_server *s, int grace_ms);
void http_server_free(struct http_server *s); /* stops first, without grace, when still running */

/* Any thread. Looks at the certificate now; a bad pair is logged and the old one kept. */
void http_server_reload_tls(struct http_server *s);

struct http_server_stats {
    uint64_t requests, refused_busy, connections_total;
    int64_t turned_us; /* monotonic time of the loop's last turn: one that hangs has an old one */
    unsigned connections, sockets, queued;
};
void http_server_stats(const struct http_server *s, struct http_server_stats *out); /* any thread */

/* ---- a request ------------------------------------------------------------------------------ */

const char *http_method(const struct http_request *r);
const char *http_path(const struct http_request *r); /* decoded, valid UTF-8, no "." or ".." */
const struct http_route *http_route(const struct http_request *r);
/* All return NULL when absent, else text that lives as long as the request. */
const char *http_path_param(const struct http_request *r, const char *name);
const char *http_query(const struct http_request *r, const char *name); /* the first of that name */
unsigned http_query_count(const struct http_request *r);
const char *http_query_at(const struct http_request *r, unsigned i, const char **value); /* name */
/* name in small letters. Repeated list headers are joined by ", ". */
const char *http_header(const struct http_request *r, const char *name);
const char *http_cookie(const struct http_request *r, const char *name);
const char *http_peer(const struct http_request *r); /* the client's address, never NULL */
const char *http_id(const struct http_request *r);   /* as in the X-Request-Id of the reply */
bool http_secure(const struct http_request *r);      /* came by TLS, to us or to a trusted proxy */

const void *http_body(const struct http_request *r, size_t *len); /* NUL-terminated; "" if none */
/* The body's file; removed when the request ends, unless it was renamed away. */
const char *http_spooled_path(const struct http_request *r);
uint64_t http_spooled_size(const struct http_request *r);

struct arena *http_arena(struct http_request *r); /* freed when the request ends */
/* The caller's own pointer, from admit to handle, progress and observe. fn (may be NULL) disposes
 * of it in the loop's thread when the request ends, whatever its fate. */
void http_set_data(struct http_request *r, void *data, void (*fn)(void *data));
void *http_data(const struct http_request *r);
/* The client went away, or looks so: long work may stop. */
bool http_gone(const struct http_request *r);

/* ---- its reply ------------------------------------------------------------------------------ */

/* Before http_reply…: adds a header (Set-Cookie may repeat, others replace). Returns -EINVAL for a
 * name that is no token or a value with control characters: nothing is sent of it. */
int http_reply_header(struct http_request *r, const char *name, const char *value);
/* Copies data. type may be NULL when len is 0. The first reply counts. */
void http_reply(struct http_request *r, int status, const char *type, const void *data, size_t len);
void http_reply_json(struct http_request *r, int status, json_t *owned);
/* RFC 9457: {"type":"about:blank","title","status","detail"}. detail may be NULL. */
void http_reply_problem(struct http_request *r, int status, const char *detail);
/* A file: GET with Range and If-Range, HEAD, ETag, 304; streamed. download_name (UTF-8) or NULL: as
 * an attachment. 404 when it cannot be opened. */
void http_reply_file(struct http_request *r, const char *path, const char *type,
                     const char *download_name);
bool http_replied(const struct http_request *r);
const char *http_status_text(int status);

/* ---- WebSockets ----------------------------------------------------------------------------- */

void http_socket_set_user(struct http_socket *s, void *user); /* in open */
void *http_socket_user(const struct http_socket *s);
/* Loop's thread: ends it with a close code (RFC 6455 7.4, 4000 to 4999 for the application) after
 * what has been filled before. */
void http_socket_close(struct http_socket *s, unsigned code, const char *reason);
/* Any thread: every socket is asked to fill soon. Many calls become one. */
void http_socket_wake_all(struct http_server *s);
