/* What the files of src/http share. Who owns what: everything belongs to the loop's thread unless a
 * comment says otherwise. A request is lent to a worker between pool_post and its `done` message,
 * and then belongs to that worker alone. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/tls.h"
#include "http/chunk.h"
#include "http/field.h"
#include "http/head.h"
#include "http/server.h"
#include "http/url.h"

enum {
    HEAD_MAX = 16 * 1024,
    SCRATCH = 64 * 1024,      /* read at once */
    SOCKET_BATCH = 16 * 1024, /* bytes of messages to a WebSocket that leave together */
    PULL = 16 * 1024,         /* taken from a reply at once */
    HELD_MAX = 256 * 1024,    /* bytes of a body that wait for the disk or for admit */
    PARAMS_MAX = 8,
    REPLY_FIELDS_MAX = 32,
    PEER_SIZE = 46,
    ID_SIZE = 65,
};

struct conn;
struct pool;
struct spooler;
struct tls;

/* ---- requests ------------------------------------------------------------------------------- */

enum request_state {
    REQUEST_HEAD,  /* its fields arrive */
    REQUEST_ADMIT, /* a worker decides whether its body is taken */
    REQUEST_BODY,
    REQUEST_WORK,  /* waits for a worker, or is with one */
    REQUEST_REPLY, /* the reply is being sent */
    REQUEST_OVER,  /* freed when nobody holds it any more */
};

/* What a worker may ask about the client. LEFT: it sends no more, which is how it looks when it has
 * gone, though it may still read; ABANDONED: nobody is left to reply to. */
enum gone { GONE_NOT, GONE_LEFT, GONE_ABANDONED };

enum job { JOB_ADMIT, JOB_HANDLE, JOB_SOCKET };

struct spool; /* a body on its way to a file */

struct reply {
    int status; /* 0: none yet */
    struct head_field fields[REPLY_FIELDS_MAX];
    unsigned field_count;
    const char *type;
    bool asset;       /* cacheable: its own headers for that */
    bool page;        /* of the application, also when it is told that nothing changed */
    const char *data; /* the body: in memory … */
    char *owned;      /* … to be freed … */
    int fd;           /* … or in a file, from offset on */
    uint64_t offset, length, sent;
    bool has_length; /* false: status without content */
};

struct http_request {
    struct http_server *server;
    struct conn *conn;     /* NULL: the client is gone */
    struct list_node node; /* in conn->requests while it has one, else in server->spare */
    struct arena *arena;
    enum request_state state;
    unsigned holds;                /* jobs and blocks of its body that are out */
    _Atomic(enum gone) gone;       /* told to the worker */
    struct loop_msg done;          /* a worker gives it back */
    struct http_request *next_job; /* the pool's */
    enum job job;
    bool admitted; /* the answer of JOB_ADMIT and JOB_SOCKET; the worker's while out */

    const char *method, *target, *authority;
    bool head, secure;
    struct head_field fields[HEAD_FIELDS_MAX];
    unsigned field_count;
    size_t head_bytes; /* HTTP/2 */
    int head_fault;    /* HTTP/2: the status to refuse it with */
    struct url_path path;
    struct url_query query;
    const struct http_route *route;
    const char *params[PARAMS_MAX]; /* values, in the order of the names in route->path */
    char peer[PEER_SIZE], id[ID_SIZE];
    int32_t stream; /* HTTP/2 */

    int64_t body_total; /* -1: not told */
    uint64_t body_got;
    bool body_ended, body_failed; /* failed: while a worker had the request */
    bool lost;                    /* the client went before the reply was complete */
    struct buf body;              /* in memory */
    struct spool *spool;          /* or in a file; NULL otherwise */
    int64_t progress_us;          /* when progress was told last */

    struct http_socket *socket; /* JOB_SOCKET */
    void *data;                 /* http_set_data */
    void (*data_free)(void *);

    struct reply reply;
    int64_t started_us, phase_us, moved_us; /* first byte; body or reply began; last byte moved */
};

/* request.c: life */
struct http_request *request_new(struct conn *c);
void request_free(struct http_request *r);
/* 0, or the status to refuse the request with (400: a field that must not repeat, 431). Both are in
 * the request's arena. */
int request_put_field(struct http_request *r, const char *name, const char *value);
void request_identify(struct http_request *r); /* peer and id, when all fields are there */
void request_over(struct http_request *r);     /* releases it, at once or when nobody holds it */
void request_hold(struct http_request *r);
void request_release(struct http_request *r);
void request_set_state(struct http_request *r, enum request_state state);
/* The client is gone (or reset the stream): nobody is left to reply to. */
void request_abandon(struct http_request *r);

/* exchange.c: what happens between head and reply. Each may end in conn->proto->reply. */
/* The head is complete: method, target, authority and fields are set; body_total as told. */
void exchange_head(struct http_request *r, bool has_body);
void exchange_body(struct http_request *r, const char *data, size_t len);
void exchange_body_end(struct http_request *r);
void exchange_refuse(struct http_request *r, int status, const char *detail); /* replies, once */
/* Slow or stalled bodies and replies. True: over, the connection or the stream must go. */
bool exchange_stalled(struct http_request *r, int64_t now_us);
void exchange_taken(struct http_request *r, int rc, size_t len); /* by the spooler */
void exchange_done(struct loop_msg *m);                          /* a worker gave it back */
bool exchange_full(const struct http_request *r);                /* no more of its body, for now */

/* route.c */
enum { ROUTE_NONE, ROUTE_FOUND, ROUTE_OTHER_METHOD };
struct router; /* routes by number of segments */
int router_new(struct router **out, const struct http_route *routes, unsigned count,
               struct error *err);
void router_free(struct router *rt);
/* Sets r->route and r->params; other methods go to allow ("GET, HEAD"), at most size. */
int router_match(const struct router *rt, struct http_request *r, char *allow, size_t size);
/* Is this the first segment of any route? Then it is never the application's page. */
bool router_owns(const struct router *rt, const char *segment);
const char *router_param(const struct http_request *r, const char *name);

/* asset.c */
struct assets;
int assets_new(struct assets **out, const struct http_asset *assets, unsigned count);
void assets_free(struct assets *a);
bool assets_have(const struct http_request *r); /* is the path that of an asset? */
/* Replies to GET and HEAD when the path is an asset or the application's page. */
bool assets_serve(struct http_request *r);

/* reply.c, reply_file.c */
/* All header fields of the reply, in sending order, names in small letters; at most max. */
unsigned reply_fields(struct http_request *r, struct head_field *out, unsigned max);
enum { REPLY_ALL_FIELDS_MAX = REPLY_FIELDS_MAX + 24 };
/* The next bytes of the body: their number, 0 at the end, negative errno. */
ssize_t reply_pull(struct http_request *r, char *buf, size_t cap);
void reply_reset(struct reply *p);
/* The body is data, not copied, valid for the server's life. */
void reply_static(struct http_request *r, int status, const char *type, const void *data,
                  size_t len);
/* Takes care of If-None-Match, If-Modified-Since, Range and If-Range for a body of size bytes whose
 * reply has been set up as 200: turns it into 206, 304 or 416. */
void reply_conditions(struct http_request *r, const char *etag, time_t modified, bool ranges);

/* ---- connections ---------------------------------------------------------------------------- */

/* How a connection speaks: h1.c, h2.c, socket.c. */
struct proto {
    const char *name;
    void (*input)(struct conn *c, char *data, size_t len); /* data is the server's scratch */
    void (*eof)(struct conn *c);                           /* the peer sends no more */
    void (*output)(struct conn *c); /* c->out is empty: append more, if there is any */
    void (*reply)(struct conn *c, struct http_request *r); /* r->reply is complete */
    /* The body of r may flow (again); with 100-continue when the client waits for it. */
    void (*flow)(struct conn *c, struct http_request *r, size_t taken);
    void (*timer)(struct conn *c); /* what conn_arm asked for */
    void (*stop)(struct conn *c);  /* finish what is in work, then close */
};
extern const struct proto proto_h1, proto_h2, proto_socket;

enum conn_state {
    CONN_HANDSHAKE, /* TLS */
    CONN_OPEN,
    CONN_FLUSH,  /* what is in out leaves, then it closes */
    CONN_LINGER, /* we have shut down: what still comes is thrown away, so that the reply arrives */
    CONN_DEAD,   /* freed at the end of the loop's turn */
};

struct conn {
    struct loop_fd io;
    struct http_server *server;
    struct list_node node;       /* in server->busy, ->waiting (longest first), ->sockets, ->dead */
    struct list_node again_node; /* in server->again: has had enough for one turn */
    struct timer timer;
    enum conn_state state;
    const struct proto *proto;
    SSL *tls;        /* owned; NULL: plain */
    uint32_t events; /* what epoll tells */
    bool reading;    /* wants input */
    bool blocked;    /* the socket takes no more */
    bool flushing;   /* conn_flush is on the stack */
    bool eof;
    char peer[PEER_SIZE];
    bool from_loopback;
    int64_t since_us; /* waits since, or lingers since */
    int64_t moved_us; /* when bytes left last */
    struct buf out;   /* out_at of it has left */
    size_t out_at;
    struct list requests;
    struct h1 *h1;              /* owned by h1.c */
    struct h2 *h2;              /* h2.c */
    struct http_socket *socket; /* socket.c */
};

struct conn *conn_new(struct http_server *s, int fd, const char *peer, bool loopback);
void conn_kill(struct conn *c); /* closes now; the memory goes at the end of the turn */
void conn_free_dead(struct http_server *s);
void conn_close(struct conn *c);                               /* after what is in out has left */
int conn_append(struct conn *c, const void *data, size_t len); /* to out; kills on failure */
size_t conn_backlog(const struct conn *c);                     /* bytes in out that have not left */
void conn_flush(struct conn *c); /* sends out, asks proto->output for more */
/* Sends what can be sent at once, the rest goes to out, which is empty. */
void conn_send(struct conn *c, const char *data, size_t len);
void conn_read(struct conn *c, bool on);
void conn_move(struct conn *c, struct list *list); /* one of the server's */
void conn_arm(struct conn *c, int64_t ms);         /* proto->timer within ms, or sooner */
void conn_again(struct conn *c);                   /* proto->input (0 bytes) and output next turn */
void conn_run_again(struct http_server *s);        /* the server's hook */
int64_t conn_now(const struct conn *c);            /* microseconds */

int h1_start(struct conn *c);
/* Input that h1 has not used, for the next protocol. */
void h1_leftover(struct conn *c, struct buf *to);
void h1_free(struct conn *c); /* these three: at the end, whatever was started */
int h2_start(struct conn *c);
void h2_free(struct conn *c);
/* c speaks WebSocket from now on; the request is over. */
void socket_start(struct conn *c, struct http_request *r);
bool socket_handshake_ok(struct http_request *r); /* or has replied 400, 403, 426 */
int socket_new(struct http_request *r);
void socket_refused(struct http_socket *s, bool opened); /* no connection comes of it */
void socket_wake(struct http_server *s);
void socket_free(struct conn *c);

/* tls.c */
int tls_new(struct tls **out, const struct http_server_config *c, struct error *err);
void tls_free(struct tls *t);
void tls_watch(struct tls *t, bool now); /* reloads when the files have changed */
SSL *tls_accept(struct tls *t, int fd);
bool tls_chose_h2(SSL *ssl);

/* ---- threads -------------------------------------------------------------------------------- */

int pool_new(struct pool **out, struct http_server *s);
int pool_start(struct pool *p, struct error *err);
void pool_stop(struct pool *p); /* joins */
void pool_free(struct pool *p);
/* Holds the request until exchange_done. -EBUSY: the queue is full. */
int pool_post(struct pool *p, struct http_request *r, enum job job);
unsigned pool_queued(struct pool *p);

int spooler_new(struct spooler **out, struct http_server *s);
int spooler_clean(const char *dir); /* removes what a crashed process left */
int spooler_start(struct spooler *sp);
void spooler_stop(struct spooler *sp); /* joins */
void spooler_free(struct spooler *sp);
int spool_new(struct http_request *r);
int spool_open(struct http_request *r); /* in a worker: makes the file */
int spool_append(struct http_request *r, const char *data, size_t len);
void spool_write(struct http_request *r, bool all); /* full blocks go to the disk, or all */
size_t spool_held(const struct spool *s);
const char *spool_path(const struct spool *s);
void spool_free(struct spool *s); /* removes the file */

/* ---- the server ----------------------------------------------------------------------------- */

/* listen.c */
int listen_open(struct http_server *s, struct error *err);
int listen_start(struct http_server *s);
void listen_stop(struct http_server *s); /* harmless when it has stopped */

struct access_log {
    int64_t second_us;
    unsigned lines, held;
};
void access_log(struct http_request *r);
void access_flush(struct http_server *s, bool now); /* tells what was held back */

struct http_server {
    struct http_server_config c; /* with defaults filled in */
    struct loop *loop;
    struct loop_fd listener;
    struct timer accept_timer, watch_timer;
    uint16_t port;
    struct loop_hook hook;
    struct list busy, waiting, sockets, dead, again;
    unsigned conn_count, socket_count;
    struct list spare;                   /* requests for use again */
    unsigned spare_count, request_count; /* the count: of those that are not over and released */
    uint64_t body_memory;
    struct router *router;
    struct assets *assets;
    struct tls *tls; /* NULL: plain */
    struct pool *pool;
    struct spooler *spooler;
    struct access_log access;
    char date[FIELD_DATE_SIZE];
    int64_t date_s;
    char scratch[SCRATCH]; /* one read */
    char pulled[PULL];     /* a piece of a reply */
    char *messages;        /* to a WebSocket: SOCKET_BATCH and one more with its header */
    pthread_t thread;
    bool started, stopping;
    struct timer grace;
    struct loop_msg stop_msg, wake_msg, reload_msg;
    int grace_ms;
    atomic_bool wake_posted, reload_posted;
    _Atomic uint64_t requests, refused_busy, connections_total;
    _Atomic unsigned stat_conns, stat_sockets;
    atomic_llong turned_us;
};
