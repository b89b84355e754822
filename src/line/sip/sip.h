/* The SIP user agent core of one lane: transport (UDP, TCP, TLS), transactions (RFC 3261 17, RFC
 * 6026), dialogs (12), sessions with offer and answer (RFC 3264), registration (10), digest (RFC
 * 7616). Built on libre's message codecs only. One instance a lane, nothing shared, no lock. Never
 * blocks.
 *
 * Callbacks run in the loop; a callback may end its own call. After `ended` the call is gone. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/loop.h"
#include "base/rng.h"

struct sip;
struct sip_trunk;
struct sip_call;

enum sip_protocol { SIP_UDP, SIP_TCP, SIP_TLS };

/* Another way out than a UDP socket of the endpoint's own; what comes in goes to sip_receive. */
struct sip_transport {
    void (*send)(void *arg, const struct sockaddr_storage *to, const char *data, size_t len);
};

struct sip_config {
    struct loop *loop;
    struct sockaddr_storage local;         /* bind; port 0: ephemeral */
    const struct sip_transport *transport; /* NULL: a socket bound to `local` */
    void *transport_arg;
    const char *user_agent;
    unsigned calls_max;
    int64_t t1_ms;                     /* 0: 500 */
    int64_t timer_b_ms;                /* no answer at all to an INVITE; 0: 64*T1 */
    bool listen_tcp;                   /* take connections at `local` too */
    const char *tls_cert, *tls_key;    /* PEM files; NULL: no TLS from outside */
    struct sockaddr_storage tls_local; /* where, with tls_cert */
    const char *dns;      /* "192.0.2.1:53": asked in place of the system's servers; NULL */
    int64_t keepalive_ms; /* between pings of a trunk's stream; 0: 120 s */
};

struct sip_stats {
    uint64_t sent, received, retransmitted, malformed, strangers, invites, answered, timeouts;
    unsigned calls; /* in use; also those whose `ended` was told, but whose last request is not
                       answered yet */
};

/* Requests from the far side that start something. Reject by sip_call_reject in the callback;
 * without `incoming` every call is refused. */
struct sip_handler {
    void (*incoming)(struct sip *s, void *arg, struct sip_call *call);
    /* Can be used, or not; status: of the refused registration, else 0. */
    void (*trunk_state)(struct sip_trunk *t, void *arg, bool ready, int status, const char *why);
};

int sip_new(struct sip **out, const struct sip_config *config, const struct sip_handler *h,
            void *arg, struct error *err);
void sip_free(struct sip *s); /* ends nothing politely: end the calls first */
/* One message that came, as a datagram. */
void sip_receive(struct sip *s, const char *data, size_t len, const struct sockaddr_storage *from);
void sip_local(const struct sip *s, struct sockaddr_storage *out);
void sip_local_tls(const struct sip *s, struct sockaddr_storage *out); /* with tls_cert */
void sip_read_stats(const struct sip *s, struct sip_stats *out);

/* How a trunk's TLS is checked. What is shown is checked by the host's name (RFC 5922). */
struct sip_tls {
    const char *ca_file;              /* PEM: who is trusted; NULL: whom the system trusts */
    const char *cert_file, *key_file; /* to show who we are; NULL: nothing is shown */
    bool unverified;                  /* whoever answers is believed */
};

struct sip_trunk_config {
    const char *name;
    const char *host; /* name or address */
    uint16_t port;    /* 0: as DNS says (SRV), else 5060, with TLS 5061 */
    enum sip_protocol protocol;
    bool sips; /* with TLS: "sips:" in all addresses, which asks for TLS all the way */
    struct sip_tls tls;
    const char *user; /* NULL: IP trust */
    const char *password;
    const char *domain; /* of From and To; NULL: host */
    bool do_register;
    int64_t register_s; /* asked expiry; 0: 3600 */
};
/* Asks DNS for a name, again as its answers run out, and goes on to another address when one does
 * not answer (RFC 3263). Connects a stream, and again when it
 * breaks, ever more slowly while that fails. Registers when asked, again before expiry and over
 * each new stream. trunk_state tells. */
int sip_trunk_add(struct sip *s, const struct sip_trunk_config *c, struct sip_trunk **out,
                  struct error *err);
/* Registered, where it must be, and connected. */
bool sip_trunk_ready(const struct sip_trunk *t);

enum sip_end {
    SIP_END_LOCAL,           /* we hung up or cancelled */
    SIP_END_REMOTE,          /* BYE from the far side */
    SIP_END_REJECTED,        /* final answer 3xx (after following), 4xx, 5xx, 6xx */
    SIP_END_TIMEOUT,         /* no answer to a request (timers B, C, F, H) */
    SIP_END_TRANSPORT,       /* the network says that nobody is there (ICMP) */
    SIP_END_PROTOCOL,        /* unusable answer (no SDP, no codec) */
    SIP_END_SESSION_EXPIRED, /* RFC 4028 */
};

struct sip_result {
    enum sip_end end;
    int status;            /* last final SIP status, 0 when none */
    int64_t retry_after_s; /* of the rejection, 0 when absent */
    char reason[64];       /* reason phrase, or Reason header's text: safe characters only */
    bool answered;         /* a 2xx was seen and acknowledged */
};

struct sip_call_handler {
    /* 18x. sdp is NULL without a body: early media when present. */
    void (*progress)(struct sip_call *c, void *arg, int status, const char *sdp, size_t len);
    /* 2xx to our INVITE, already acknowledged; or ACK to our 2xx (then sdp may be NULL). */
    void (*answered)(struct sip_call *c, void *arg, const char *sdp, size_t len);
    /* A re-INVITE or UPDATE with an offer: write an answer into buf and return its length, or a
     * negative errno for 488. sdp NULL: a re-INVITE without an offer, write ours; their answer
     * comes by `agreed`. Without this handler it is answered 488. */
    int (*offered)(struct sip_call *c, void *arg, const char *sdp, size_t len, char *buf,
                   size_t size);
    /* Their answer to the offer of ours that they asked for. */
    void (*agreed)(struct sip_call *c, void *arg, const char *sdp, size_t len);
    /* A 3xx leads to another person, user part `user`: false ends the call with that status.
     * Without this handler it is followed. */
    bool (*redirected)(struct sip_call *c, void *arg, const char *user);
    /* SIP INFO with application/dtmf-relay or application/dtmf. */
    void (*key)(struct sip_call *c, void *arg, char key, unsigned duration_ms);
    /* Once, last. The call is freed after it returns. */
    void (*ended)(struct sip_call *c, void *arg, const struct sip_result *r);
};

struct sip_invite {
    struct sip_trunk *trunk;
    const char *to;      /* user part: "+972501234567" */
    const char *from;    /* caller id, user part */
    const char *display; /* caller's name, may be NULL */
    const char *sdp;     /* offer */
    size_t sdp_len;
    int64_t ring_timeout_ms; /* then CANCEL; 0: 180 s (Timer C) */
    const char *header;      /* further header lines, each ended by CRLF; may be NULL */
};

/* -EINVAL: a text that cannot stand in a message or is too long; -ENOTCONN: the trunk's address is
 * not known yet, or its stream is down; -EBUSY: calls_max; -ENOMEM. */
int sip_call_invite(struct sip *s, const struct sip_invite *i, const struct sip_call_handler *h,
                    void *arg, struct sip_call **out);
/* Ends a call in whatever state it is: CANCEL, BYE, or a final answer. `ended` follows.
 * reason_q850: a Q.850 cause for the Reason header (RFC 3326), 0 for none. */
void sip_call_hangup(struct sip_call *c, int reason_q850);
const char *sip_call_id(const struct sip_call *c);
/* Has anything come to our INVITE, be it only 100? */
bool sip_call_heard(const struct sip_call *c);

/* For calls from the far side. */
const char *sip_call_to_user(const struct sip_call *c);
const char *sip_call_from_user(const struct sip_call *c);
const char *sip_call_offer(const struct sip_call *c, size_t *len); /* NULL: offerless INVITE */
void sip_call_accept(struct sip_call *c, const struct sip_call_handler *h, void *arg); /* take it */
int sip_call_progress(struct sip_call *c, int status, const char *sdp, size_t len);
int sip_call_answer(struct sip_call *c, const char *sdp, size_t len);
/* 3xx to 6xx. contact: of a 3xx, may be NULL. retry_after_s: 0 for none. */
int sip_call_reject(struct sip_call *c, int status, const char *reason, const char *contact,
                    int64_t retry_after_s);
