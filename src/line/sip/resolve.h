/* Where a host is, asked without waiting (c-ares): SRV, then A or AAAA (RFC 3263 4.2). One resolver
 * an endpoint, in its loop; answers come from the loop, or at once. */
#pragma once

#include "base/error.h"
#include "base/loop.h"
#include "line/sip/target.h"

enum { RESOLVE_TTL_MIN_S = 30, RESOLVE_TTL_MAX_S = 3600 };

struct resolver;

/* One question, embedded in who asks. Owned by the resolver until done. */
struct lookup {
    const char *host;    /* a name, or an address */
    const char *service; /* "_sip._udp": SRV first; NULL: addresses only */
    uint16_t port;       /* where SRV names none */
    int family;
    void (*done)(struct lookup *l, const char *fault); /* fault: NULL, or why nothing was found */
    /* filled */
    struct targets found;
    unsigned ttl_s; /* how long it holds */
    unsigned pending;
    const char *fault;
    struct resolver *resolver;
};

/* server: "192.0.2.1:53" in place of the system's; NULL. */
int resolver_new(struct resolver **out, struct loop *loop, const char *server, struct error *err);
void resolver_free(struct resolver *r); /* questions under way are forgotten */
void resolve(struct resolver *r, struct lookup *l);
