#include "line/sip/resolve.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "line/sip/sip_priv.h"

enum { SOCKETS_MAX = 16, ASK_MS = 2000, TRIES = 3, QUERY_MAX = 300 };

struct wire { /* a socket of c-ares */
    struct loop_fd watch;
    struct resolver *resolver;
    bool used;
};

struct resolver {
    struct loop *loop;
    ares_channel channel;
    struct wire wires[SOCKETS_MAX];
    struct timer timeout;
    bool closing;
};

/* One target of an SRV record whose address is asked for. */
struct one {
    struct lookup *lookup;
    uint16_t priority, weight;
};

static void rearm(struct resolver *r)
{
    struct timeval wait, *w = r->closing ? NULL : ares_timeout(r->channel, NULL, &wait);

    if (w)
        timer_start(loop_wheel(r->loop), &r->timeout, w->tv_sec * 1000 + w->tv_usec / 1000 + 1);
    else
        timer_stop(&r->timeout);
}

static void on_timeout(struct timer *t)
{
    struct resolver *r = container_of(t, struct resolver, timeout);

    ares_process_fd(r->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    rearm(r);
}

static void on_socket(struct loop_fd *w, uint32_t events)
{
    struct resolver *r = container_of(w, struct wire, watch)->resolver;
    bool in = events & (EPOLLIN | EPOLLERR | EPOLLHUP);

    ares_process_fd(r->channel, in ? w->fd : ARES_SOCKET_BAD,
                    events & EPOLLOUT ? w->fd : ARES_SOCKET_BAD);
    rearm(r);
}

static struct wire *wire_of(struct resolver *r, ares_socket_t fd, bool make)
{
    struct wire *spare = NULL;

    for (unsigned i = 0; i < SOCKETS_MAX; i++) {
        if (r->wires[i].used && r->wires[i].watch.fd == fd)
            return &r->wires[i];
        if (!r->wires[i].used)
            spare = &r->wires[i];
    }
    return make ? spare : NULL;
}

/* c-ares opens and closes sockets, and says what it waits for. */
static void on_state(void *arg, ares_socket_t fd, int readable, int writable)
{
    struct resolver *r = arg;
    uint32_t events = (readable ? EPOLLIN : 0u) | (writable ? EPOLLOUT : 0u);
    struct wire *w = wire_of(r, fd, events != 0);

    if (!w) /* too many: their questions run out of time */
        return;
    if (!events) {
        loop_fd_del(&w->watch);
        w->used = false;
    } else if (w->used) {
        loop_fd_mod(&w->watch, events);
    } else {
        *w = (struct wire){.watch = {.fd = fd, .fn = on_socket}, .resolver = r, .used = true};
        w->used = loop_fd_add(r->loop, &w->watch, events) == 0;
    }
}

/* ---- answers -------------------------------------------------------------------------------- */

static void finish(struct lookup *l)
{
    if (--l->pending > 0)
        return;
    if (l->ttl_s < RESOLVE_TTL_MIN_S)
        l->ttl_s = RESOLVE_TTL_MIN_S;
    if (l->ttl_s > RESOLVE_TTL_MAX_S)
        l->ttl_s = RESOLVE_TTL_MAX_S;
    l->done(l, l->found.count ? NULL : l->fault ? l->fault : "no address");
}

static void on_addresses(void *arg, int status, int timeouts, struct ares_addrinfo *info)
{
    struct one *o = arg;
    struct lookup *l = o->lookup;

    (void)timeouts;
    if (status == ARES_EDESTRUCTION || l->resolver->closing) {
        ares_freeaddrinfo(info);
        free(o);
        return;
    }
    if (status != ARES_SUCCESS)
        l->fault = ares_strerror(status);
    for (const struct ares_addrinfo_node *n = info ? info->nodes : NULL; n; n = n->ai_next) {
        struct sockaddr_storage addr = {0};

        if (n->ai_addrlen > sizeof(addr))
            continue;
        memcpy(&addr, n->ai_addr, n->ai_addrlen);
        targets_add(&l->found, &addr, o->priority, o->weight);
        if ((unsigned)n->ai_ttl < l->ttl_s)
            l->ttl_s = n->ai_ttl > 0 ? (unsigned)n->ai_ttl : 0;
    }
    ares_freeaddrinfo(info);
    free(o);
    finish(l);
}

static void ask_addresses(struct lookup *l, const char *host, uint16_t port, uint16_t priority,
                          uint16_t weight)
{
    const struct ares_addrinfo_hints hints = {.ai_family = l->family,
                                              .ai_socktype = SOCK_DGRAM,
                                              .ai_flags = ARES_AI_NUMERICSERV | ARES_AI_NOSORT};
    struct one *o = calloc(1, sizeof(*o));
    char service[8];

    l->pending++;
    if (!o) {
        l->fault = "out of memory";
        finish(l);
        return;
    }
    *o = (struct one){.lookup = l, .priority = priority, .weight = weight};
    snprintf(service, sizeof(service), "%u", port);
    ares_getaddrinfo(l->resolver->channel, host, service, &hints, on_addresses, o);
}

/* Without such records the host itself is asked for. A single "." says that there is no service. */
static void on_srv(void *arg, int status, int timeouts, unsigned char *data, int len)
{
    struct ares_srv_reply *all = NULL;
    struct lookup *l = arg;

    (void)timeouts;
    if (status == ARES_EDESTRUCTION || l->resolver->closing)
        return;
    if (status == ARES_SUCCESS)
        status = ares_parse_srv_reply(data, len, &all);
    if (status != ARES_SUCCESS || !all)
        ask_addresses(l, l->host, l->port, 0, 0);
    for (const struct ares_srv_reply *s = all; s; s = s->next) {
        if (s->host[0] && strcmp(s->host, ".") != 0 && s->port)
            ask_addresses(l, s->host, s->port, s->priority, s->weight);
        else
            l->fault = "the domain offers no such service";
    }
    if (all)
        ares_free_data(all);
    finish(l);
}

void resolve(struct resolver *r, struct lookup *l)
{
    char name[QUERY_MAX];

    l->resolver = r;
    l->found.count = 0;
    l->ttl_s = RESOLVE_TTL_MAX_S;
    l->fault = NULL;
    l->pending = 1; /* this function itself, or the answer for SRV */
    if (l->service &&
        snprintf(name, sizeof(name), "%s.%s", l->service, l->host) < (int)sizeof(name)) {
        ares_query(r->channel, name, C_IN, T_SRV, on_srv, l);
    } else {
        ask_addresses(l, l->host, l->port, 0, 0);
        finish(l);
    }
    rearm(r);
}

/* ---- life ----------------------------------------------------------------------------------- */

static void init_library(void)
{
    ares_library_init(ARES_LIB_INIT_ALL);
}

/* "192.0.2.1", "192.0.2.1:53", "2001:db8::1", "[2001:db8::1]:53": c-ares passes over what it does
 * not understand. */
static bool is_server(const char *text)
{
    const char *colon = strrchr(text, ':'), *end = text + strlen(text);
    struct sockaddr_storage any;
    char host[64];

    if (text[0] == '[' && strchr(text, ']'))
        end = strchr(text++, ']');
    else if (colon && colon == strchr(text, ':'))
        end = colon;
    if (end - text >= (long)sizeof(host))
        return false;
    memcpy(host, text, (size_t)(end - text));
    host[end - text] = '\0';
    return sip_numeric(host, &any);
}

int resolver_new(struct resolver **out, struct loop *loop, const char *server, struct error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct ares_options o = {
        .timeout = ASK_MS, .tries = TRIES, .sock_state_cb = on_state, .flags = ARES_FLAG_NOSEARCH};
    struct resolver *r = calloc(1, sizeof(*r));
    int status;

    if (!r)
        return error_set(err, -ENOMEM, "dns", NULL, "out of memory");
    pthread_once(&once, init_library);
    r->loop = loop;
    r->timeout.fn = on_timeout;
    o.sock_state_cb_data = r;
    status = ares_init_options(&r->channel, &o,
                               ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB |
                                   ARES_OPT_FLAGS);
    if (status != ARES_SUCCESS) {
        free(r);
        return error_set(err, -EINVAL, "dns", "see /etc/resolv.conf",
                         "names cannot be resolved: %s", ares_strerror(status));
    }
    if (server &&
        (!is_server(server) || ares_set_servers_ports_csv(r->channel, server) != ARES_SUCCESS)) {
        resolver_free(r);
        return error_set(err, -EINVAL, "dns", "such as 192.0.2.1 or 192.0.2.1:53",
                         "\"%s\" is no address of a DNS server", server);
    }
    *out = r;
    return 0;
}

void resolver_free(struct resolver *r)
{
    if (!r)
        return;
    r->closing = true;
    ares_destroy(r->channel);
    timer_stop(&r->timeout);
    free(r);
}
