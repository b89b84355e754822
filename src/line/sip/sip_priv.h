/* What the files of the SIP core share: sip.c (dispatch, pool), socket.c, caller.c (calls we make),
 * stray.c (answers whose call is gone, or to a fork), callee.c (calls that come), dialog.c
 * (requests within a call, both ways), session.c (session timers), build.c (text of messages),
 * trunk.c (trunks, registration), link.c (streams), locate.c (where a trunk is), uplink.c (a
 * trunk's own stream). All of one endpoint belongs to its loop's thread. */
#pragma once

#include <netinet/in.h>
#include <stdalign.h>
#include <sys/socket.h>

#include "base/hash.h"
#include "base/list.h"
#include "base/log.h"
#include "line/sip/credentials.h"
#include "line/sip/link.h"
#include "line/sip/message.h"
#include "line/sip/resolve.h"
#include "line/sip/sip.h"

enum {
    SIP_PAGE = 4096,
    WIRE_MAX = 4096, /* a message we build */
    SDP_KEPT = 1400,
    CALL_ID_MAX = 128,
    TAG_MAX = 96,
    URI_MAX = 512,
    ROUTE_MAX = 640,
    BRANCH_MAX = 48,
    T2_MS = 4000,
    TIMER_C_MS = 180000,
    REDIRECTS_MAX = 5,
    ENDED_RING = 4096,
    FORK_RING = 64,
    SIP_BATCH = 32, /* datagrams read at once */
    SIP_DATAGRAM_MAX = 8192,
    SIP_PORT = 5060,
    SIPS_PORT = 5061,
};

#define SIP_METHODS "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO"
#define SIP_ALLOW   "Allow: " SIP_METHODS "\r\n"

enum call_state {
    CALL_FREE,
    CALL_CALLING,    /* out: INVITE sent, nothing came yet */
    CALL_PROCEEDING, /* out: a provisional answer came */
    CALL_CANCELLING, /* out: CANCEL sent, the final answer is awaited */
    CALL_INCOMING,   /* in: no final answer yet */
    CALL_ACCEPTED,   /* in: 2xx sent, ACK awaited */
    CALL_REJECTED,   /* in: 3xx-6xx sent, ACK awaited */
    CALL_UP,
    CALL_BYE,  /* our BYE awaits its answer */
    CALL_OVER, /* nothing more is sent */
};

/* In an order that saves memory: the pool is made for the greatest number of calls, and the kernel
 * gives a page when it is written first. What every call has is on the first page; a caller's
 * messages begin on the second; the rest is a callee's. */
struct sip_call {
    struct list_node node; /* in sip->idle or sip->busy */
    struct sip *sip;
    uint32_t slot, generation;
    enum call_state state;
    bool incoming, taken; /* taken: a handler is set */
    bool told, telling;   /* `ended` was delivered, or will be by the timer `tell` */
    bool cancel_wanted;   /* CANCEL as soon as a provisional answer came */
    bool bye_wanted;      /* BYE as soon as the ACK came */
    bool unreachable;     /* the network could not deliver the INVITE */
    bool reinvite;        /* a 2xx of ours to their re-INVITE awaits its ACK */
    bool our_offer;       /* … which brings the answer to our offer */
    bool refreshing;      /* our UPDATE awaits its answer */
    bool refresher;       /* the session is ours to refresh */
    bool lengthened;      /* a longer interval was asked for (422) since the last refresh */
    bool can_update;      /* the far side takes UPDATE */
    const struct sip_call_handler *handler;
    void *arg;
    struct sip_trunk *trunk;     /* out; NULL: in */
    struct hop peer;             /* where requests go */
    struct hop asked;            /* where the INVITE went: answers come from there */
    const struct hop *resend_to; /* one of the two: of c->wire */
    struct sip_result result;
    struct timer retry, over, ring, tell, session;
    int64_t interval_ms;
    unsigned session_s; /* RFC 4028, 0: none */
    int q850;
    unsigned txn, redirects, moves;    /* moves: to another address of the trunk */
    uint64_t tried[REDIRECTS_MAX + 1]; /* out: hashes of the targets of this call */
    uint64_t their_branch;             /* in: hash of the INVITE's */
    uint32_t cseq, invite_cseq, their_cseq;
    uint32_t reinvite_cseq;  /* the last re-INVITE that was accepted; 0: none */
    char branch[BRANCH_MAX]; /* of the request under way */
    char invite_branch[BRANCH_MAX];
    char call_id[CALL_ID_MAX], our_tag[24], their_tag[TAG_MAX];
    char early_tag[TAG_MAX];                   /* of the last 18x */
    char our_uri[URI_MAX], their_uri[URI_MAX]; /* name-addr without tag */
    char target[URI_MAX];                      /* request URI */
    char route[ROUTE_MAX];                     /* Route lines, or "" */
    char to_user[64], from_user[64];
    char extra[256]; /* further header lines of the INVITE */
    size_t sdp_len, wire_len;

    alignas(SIP_PAGE) char sdp[SDP_KEPT]; /* out: our offer; in: theirs */
    struct credentials auth;              /* of the last request of ours */
    char wire[WIRE_MAX];                  /* what retry sends again */
    char via[700];                        /* in: the Via lines of their INVITE, for late answers */
    char record_route[ROUTE_MAX];         /* in */
};
_Static_assert(offsetof(struct sip_call, sdp) == SIP_PAGE, "what every call has fits one page");

struct sip_trunk {
    struct list_node node;
    struct sip *sip;
    struct sip_trunk_config config; /* strings are owned copies, below */
    char name[32], host[256], user[64], password[128];
    char domain[260]; /* an IPv6 address in brackets */
    char at[270];     /* host and port of request URIs */
    struct hop hop;   /* the address that is asked now */
    bool found;       /* it is known */
    bool fixed;       /* … for good: no name */
    struct targets targets;
    struct lookup lookup;
    struct timer ask;   /* DNS, again */
    const char *scheme; /* "sip" or "sips" */
    char here[80];      /* our address and port, as seen from it: "192.0.2.1:5060" */
    unsigned index;
    bool registered;
    bool lengthened;        /* a longer expiry was asked for (423) since the last end */
    struct sip_link *link;  /* of a stream; NULL while there is none */
    struct ssl_ctx_st *tls; /* owned */
    char ca_file[256], cert_file[256], key_file[256];
    unsigned failures;  /* to keep a connection, in a row */
    int64_t linked_ms;  /* since when it is up; 0: it is not */
    struct timer again; /* to connect */
    struct timer timer, retry;
    int64_t interval_ms;
    uint32_t cseq;
    int64_t expires_s;   /* asked for */
    int64_t valid_until; /* of the registration, monotonic ms */
    unsigned txn;
    struct credentials auth;
    char call_id[48], tag[24], branch[BRANCH_MAX];
    char wire[WIRE_MAX];
    size_t wire_len;
};

struct sip {
    struct sip_config config;
    const struct sip_handler *handler;
    void *arg;
    struct loop_fd watch;
    struct sockaddr_storage local;
    char here[80];
    struct sip_stats stats;
    uint64_t secret;  /* keys the tags and the hash of Call-IDs */
    struct map calls; /* Call-ID hash → call */
    struct list idle, busy, trunks;
    struct sip_call *pool;
    unsigned trunk_count;
    uint64_t ended[ENDED_RING]; /* hashes of BYE branches answered lately */
    uint64_t forks[FORK_RING];  /* hashes of the answers of forks that were let go lately */
    unsigned ended_next, fork_next;
    struct log_limit warned;
    char *buffers; /* of recvmmsg */
    struct links links;
    struct resolver *resolver; /* NULL until a name is asked for */
};

/* socket.c */
int sip_open_socket(struct sip *s, struct error *err);
void sip_close_socket(struct sip *s);
socklen_t sip_addr_len(const struct sockaddr_storage *a);
void sip_set_port(struct sockaddr_storage *a, uint16_t port);
/* Is the text an address (IPv6 without brackets)? Its port is 0 then. */
bool sip_numeric(const char *text, struct sockaddr_storage *out);
void sip_transmit(struct sip *s, const struct hop *to, const char *data, size_t len);
bool sip_same_host(const struct sockaddr_storage *a, const struct sockaddr_storage *b);
uint16_t sip_port(const struct sockaddr_storage *a);
void sip_addr_text(const struct sockaddr_storage *a, char *out, size_t size);
/* Our address and port as the peer sees them. */
int sip_here(const struct sip *s, const struct sockaddr_storage *peer, char *out, size_t size);
/* Where a Contact or Route leads, when that is an address of the kind at hand; names stay with the
 * trunk: `to` is left as it is. So is a stream: what it reaches goes through the far end of it, and
 * nobody makes us open connections. */
void sip_aim(const struct address *a, struct hop *to);
const char *sip_protocol_word(enum sip_protocol p); /* of a Via */

/* sip.c */
void sip_undelivered(struct sip *s, const char *text); /* the beginning of a message of ours */
uint64_t sip_hash(const struct sip *s, const char *p, size_t len);
struct sip_call *sip_call_take(struct sip *s); /* NULL: all in use */
int sip_call_enter(struct sip_call *c);        /* into the map of Call-IDs */
void sip_call_over(struct sip_call *c, enum sip_end end, int status, struct span reason);
void sip_call_finish(struct sip_call *c); /* nothing more to send: free it once told */
void sip_call_start(struct sip_call *c, struct timer *t, int64_t ms);
int64_t sip_t1(const struct sip *s);
int64_t sip_64t1(const struct sip *s);
void sip_resend(struct sip_call *c, const struct hop *to, const char *wire, size_t len,
                int64_t limit_ms);
void sip_resend_2xx(struct sip_call *c, size_t len); /* to an INVITE of theirs; it is in c->wire */
void sip_take(struct sip *s, const char *data, size_t len, const struct hop *from);

/* caller.c */
void caller_response(struct sip_call *c, const struct message *m, const struct hop *from);
void caller_hangup(struct sip_call *c);
void caller_rang_out(struct sip_call *c);
void caller_timeout(struct sip_call *c); /* timer B, or no final answer after CANCEL */
/* To: tag, route set, target and next hop of the answer. */
int caller_adopt(struct sip_call *c, const struct message *m);
void caller_ack(struct sip_call *c);

/* stray.c */
void stray_tag(const struct sip *s, struct span call_id, char out[24]); /* our tag of a Call-ID */
void stray_response(struct sip *s, const struct message *m, const struct hop *from);

/* callee.c */
void callee_invite(struct sip *s, const struct message *m, const struct hop *from);
void callee_ack(struct sip_call *c, const struct message *m, const struct hop *from);
void callee_cancel(struct sip_call *c, const struct message *m, const struct hop *from);
void callee_hangup(struct sip_call *c);
void callee_timeout(struct sip_call *c);

/* dialog.c */
void dialog_request(struct sip_call *c, const struct message *m, const struct hop *from);
void dialog_bye(struct sip_call *c);
void dialog_update(struct sip_call *c);                             /* refreshes the session */
void dialog_response(struct sip_call *c, const struct message *m);  /* to our BYE or UPDATE */
bool dialog_tag_is(struct span tag, const char *kept);              /* "": none */
bool dialog_has(const struct sip_call *c, const struct message *m); /* a request: by its tags */
/* A call that came by a stream which broke goes on over the one by which a request of it comes. */
void dialog_follow(struct sip_call *c, const struct hop *from);
/* 420 when it requires what we do not have (RFC 3261 8.2.2.3); true then. */
bool dialog_unsupported(struct sip *s, const struct message *m, const struct hop *from,
                        const char *ours);

/* session.c */
/* Of a request of theirs: the header lines of our 2xx, and the timer starts. 422 when the interval
 * is too short, else 0. */
int session_asked(struct sip_call *c, const struct message *m, char *out, size_t size);
void session_granted(struct sip_call *c, const struct message *m); /* a 2xx to a request of ours */
bool session_too_short(struct sip_call *c, const struct message *m);   /* 422: ask again? */
void session_header(const struct sip_call *c, char *out, size_t size); /* of our UPDATE */
void session_again(struct sip_call *c); /* a refresh failed: later once more */
void session_due(struct timer *t);

/* build.c */
const char *sip_transport_param(enum sip_protocol p, bool sips); /* of a Contact of ours */
void build_branch(struct sip_call *c);
void build_contact(const struct sip_call *c, char *out, size_t size); /* a whole header line */
/* A request within or before the dialog. Returns length; 0 does not fit. */
size_t build_request(struct sip_call *c, char *out, size_t size, const char *method, uint32_t cseq,
                     const char *branch, const char *headers, const char *sdp, size_t sdp_len);
/* An answer to m; our tag is added to To when it has none. */
size_t build_response(struct sip *s, char *out, size_t size, const struct message *m,
                      const struct hop *from, int status, const char *reason, const char *tag,
                      const char *headers, const char *sdp, size_t sdp_len);
/* The Via lines of a request as an answer carries them (RFC 3581). */
int build_vias(const struct message *m, const struct hop *from, char *out, size_t size);
/* An answer to the INVITE kept in c (callee). */
size_t build_answer(struct sip_call *c, char *out, size_t size, int status, const char *reason,
                    const char *headers, const char *sdp, size_t sdp_len);
/* Record-Route values as Route lines; reversed for the caller. */
int build_routes(const struct message *m, bool reversed, char *out, size_t size);
void respond(struct sip *s, const struct message *m, const struct hop *from, int status,
             const char *reason, const char *tag, const char *headers);

/* trunk.c */
void trunk_response(struct sip_trunk *t, const struct message *m, const struct hop *from);
void trunk_undelivered(struct sip_trunk *t);
void trunk_register(struct sip_trunk *t); /* now */
void trunk_halt(struct sip_trunk *t);     /* the REGISTER under way */
void trunk_tell(struct sip_trunk *t, bool registered, int status, const char *why);

/* locate.c: where a trunk is. */
int trunk_locate(struct sip_trunk *t, struct error *err);
void trunk_begin(struct sip_trunk *t); /* its address is known: connects, registers, or is ready */
/* The address did not answer: true when there is another, which is asked from now on. */
bool trunk_fault(struct sip_trunk *t, const struct sockaddr_storage *addr);
/* Of several addresses the one for the next call. */
void trunk_choose(struct sip_trunk *t);
bool trunk_has_other(const struct sip_trunk *t);

/* uplink.c: a trunk's stream. */
void trunk_connect(struct sip_trunk *t);
void trunk_linked(struct sip_trunk *t);
void trunk_unlinked(struct sip_trunk *t, const char *why);
void trunk_free(struct sip_trunk *t);
