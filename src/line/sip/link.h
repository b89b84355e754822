/* Streams of the endpoint: TCP and TLS connections, opened for a trunk or taken from outside. A
 * link belongs to its endpoint; trunks and hops name it by a number, so that a stale name finds
 * nobody.
 *
 * connecting -> (handshake) -> up -> gone. What is sent in one turn of the loop leaves together at
 * its end. Whoever's link breaks is told by trunk_unlinked, once; links from outside just go. */
#pragma once

#include "base/buf.h"
#include "base/list.h"
#include "base/loop.h"
#include "line/sip/frame.h"
#include "line/sip/sip.h"

enum {
    LINKS_MAX = 1024,       /* of one endpoint */
    LINK_OUT_MAX = 1 << 20, /* bytes that wait for a far side that does not read */
    LINK_WHY_MAX = 200,
};

/* Where messages go, and whence they come. */
struct hop {
    struct sockaddr_storage addr;
    enum sip_protocol protocol;
    uint32_t link;           /* of a stream; 0: the trunk's */
    struct sip_trunk *trunk; /* whose stream it is; NULL: from outside, or no stream */
};

enum link_state { LINK_CONNECTING, LINK_HANDSHAKE, LINK_UP };

struct ssl_st;
struct sip_link {
    struct sip *sip;
    uint32_t id;
    enum link_state state;
    struct hop hop;          /* whence its messages come */
    struct sip_trunk *trunk; /* whose it is; NULL: from outside */
    struct loop_fd watch;
    struct ssl_st *ssl; /* owned; NULL: TCP */
    char here[80];      /* our end, "192.0.2.1:5060" */
    struct framer framer;
    char *kept; /* owned: the beginning of a message that is not whole */
    size_t kept_len;
    struct buf out;
    struct list_node dirty; /* in links.dirty while `out` waits for the end of the turn */
    bool wants_out;         /* the socket was full: EPOLLOUT is awaited */
    bool broken;            /* it took no more; closed at the end of the turn */
    bool pongs;             /* the far side answers pings: one without an answer is its end */
    bool pong_due;
    bool half_ping;        /* an empty line came: another makes a ping */
    struct timer deadline; /* to be up, or for the rest of a message */
    struct timer ping;
};

struct links {
    struct sip_link *all[LINKS_MAX]; /* by slot; owned */
    uint16_t generation;
    unsigned count;
    struct list dirty;
    struct loop_hook hook;
    struct timer flush; /* for what is sent outside of a turn */
    struct loop_fd tcp, tls;
    struct ssl_ctx_st *server; /* owned */
    char *scratch;             /* owned: what is read now; NULL without streams */
};

/* Listens where the configuration says. */
int links_open(struct sip *s, struct error *err);
void links_close(struct sip *s);
/* Begins to connect; trunk_linked or trunk_unlinked follows, from the loop. */
int link_open(struct sip_trunk *t, const struct hop *to, struct sip_link **out);
/* To the link of this hop, or else to the trunk's; without either it is lost. */
void link_send(struct sip *s, const struct hop *to, const char *data, size_t len);
void link_free(struct sip_link *l); /* tells nobody; NULL-safe */
/* Whose stream it is that a message goes to: NULL when it is gone. */
const struct sip_link *link_of(const struct sip *s, const struct hop *to);
