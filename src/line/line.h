/* The telephony interface: what the desk sees of any driver (own SIP engine, later Asterisk). A
 * driver places calls, runs their flows and reports each exactly once. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/loop.h"
#include "contacts/blackset.h"
#include "flow/flow.h"
#include "flow/run.h"
#include "line/dial_rules.h"
#include "media/prompt.h"
#include "phone/number.h"
#include "store/model.h"
#include "store/writer.h"

/* An INVITE was sent three times over UDP by then (RFC 3261 17.1.1.2). */
enum { LINE_UNHEARD_MS = 2000 };

enum { LINE_TRUNKS_MAX = 16, LINE_NAME_MAX = 32, LINE_TRACE_MAX = 8192, LINE_VARIABLES_MAX = 2048 };

/* How SIP travels to a trunk. SIPS is TLS with "sips:" addresses, which ask for TLS all the way. */
enum line_transport { LINE_UDP, LINE_TCP, LINE_TLS, LINE_SIPS, LINE_TRANSPORTS };
const char *line_transport_name(enum line_transport t);
int line_transport_parse(const char *text, enum line_transport *out); /* -EINVAL */

/* Is the audio encrypted (SRTP, keys by RFC 4568)? Optional: offered, and taken when they have it.
 * Required: nobody is heard in the clear. */
enum line_srtp { LINE_SRTP_OFF, LINE_SRTP_OPTIONAL, LINE_SRTP_REQUIRED, LINE_SRTP_POLICIES };
const char *line_srtp_name(enum line_srtp s);
int line_srtp_parse(const char *text, enum line_srtp *out); /* -EINVAL */

struct line_trunk_config {
    char name[LINE_NAME_MAX];
    char host[256];
    uint16_t port; /* 0: the transport's usual one */
    enum line_transport transport;
    char ca_file[256];   /* of TLS: whom to trust; "": whom the system trusts */
    bool tls_unverified; /* whoever answers is believed */
    enum line_srtp srtp;
    char user[64], password[128], domain[256];
    bool do_register;
    char caller_id[NUMBER_TEXT_MAX];
    unsigned calls_max; /* concurrent cap, 0: campaign's */
    double cps_max;     /* 0: campaign's */
    unsigned order;     /* lower ones are tried first; from 1, 0 is 1 */
    unsigned weight;    /* its share among those of the same order; from 1, 0 is 1 */
    struct dial_rules rules;
};

/* Are there certificates in the file? -EINVAL */
int line_check_ca(const char *path, struct error *err);
uint16_t line_usual_port(enum line_transport t);
uint16_t line_trunk_port(const struct line_trunk_config *t);
enum { LINE_ORDER_MAX = 100, LINE_WEIGHT_MAX = 1000 };

/* Does every address of its host lie on this machine's loopback? */
bool line_trunk_is_loopback(const struct line_trunk_config *t);

/* One campaign's share of what the lanes do. Owned by its desk; counted by the lanes, read by
 * anyone. */
struct line_use {
    atomic_bool ending; /* set by the desk: its calls end at the next recheck */
    atomic_uint calls_up, calls_ringing;
    atomic_ullong keys, opt_outs, texts;
};

/* What all calls of one campaign share. Immutable while any call uses it; owned by the desk. */
struct line_voice {
    int64_t campaign_id;
    struct line_use *use;
    struct flow *flow;
    struct prompt **prompts; /* by the flow's prompt index */
    char caller_name[64];
    char caller_id[NUMBER_TEXT_MAX];
    int64_t ring_timeout_ms;
    int64_t call_max_ms; /* longest call */
};

/* One attempt on its way. Owned by the desk (pooled), lent to a lane from line_dial until `done`.
 */
struct line_call {
    struct loop_msg msg; /* desk → lane, then lane → desk */
    const struct line_voice *voice;
    struct loop *desk; /* where `done` is called */
    int64_t attempt_id, campaign_id, contact_id;
    uint64_t number; /* E.164 digits */
    int trunk;       /* index into the configured trunks */
    void *lane;      /* private to the driver, as is done */
    void (*done)(struct line_call *);
    int64_t open_from_ms, open_until_ms; /* the contact's open window around now (wall): S4 */
    char variables[LINE_VARIABLES_MAX];  /* contact's columns as JSON object text, for templates */
    /* filled by the lane */
    struct call_outcome outcome;
    char trace[LINE_TRACE_MAX]; /* flow_trace_json */
};

/* What happens in calls, as it happens. Opt-outs and texts are told when they are on disk, and only
 * those that were not there yet. */
enum line_event {
    LINE_DIALLED,
    LINE_RINGING,
    LINE_ANSWERED,
    LINE_KEY,     /* detail: the key */
    LINE_OPT_OUT, /* detail: the list */
    LINE_TEXT,    /* detail: the flow's node */
};
typedef void (*line_watch_fn)(void *arg, enum line_event e, const struct line_call *call,
                              const char *detail);

struct line_config {
    const struct clock *clock;
    struct line_trunk_config trunks[LINE_TRUNKS_MAX];
    unsigned trunk_count;
    unsigned lanes;     /* 0: one per core */
    unsigned calls_max; /* all lanes together */
    char dns[64];       /* server asked for trunks' names, "": the system's */
    char bind[64];      /* local address, "" to find out from the route to the trunk */
    struct blackset *blackset;
    struct store_writer *writer; /* for opt-outs and texts */
    line_watch_fn watch;         /* in a lane's thread: must not block; may be NULL */
    void *watch_arg;
    bool no_uring;
};

struct line_stats {
    unsigned calls; /* in the lanes now, of all campaigns */
    uint64_t dialled, answered;
    uint64_t rtp_sent, rtp_late_us_max;
    double load;        /* busiest lane's share of its core, 0…1, recent second */
    unsigned trunks_up; /* a bit for each trunk that every lane can use */
    bool trunks_ready;  /* all of them */
    /* Calls ever that got no answer of any kind from their trunk within LINE_UNHEARD_MS. */
    unsigned unheard[LINE_TRUNKS_MAX];
    char trunk_fault[128]; /* why not, for people */
};

struct line;
struct line_driver {
    const char *name;
    int (*open)(struct line **out, const struct line_config *config, struct error *err);
    void (*close)(struct line *l); /* all calls must be done */
    /* May a call go through this trunk now: registered, where it has to be? */
    bool (*ready)(struct line *l, int trunk);
    /* Hands a call to a lane. done is called on call->desk exactly once. */
    void (*dial)(struct line *l, struct line_call *call, void (*done)(struct line_call *));
    /* The blackset has grown, or a campaign is ending: calls that still ring to a number that is on
     * it now, and all calls of such a campaign, are hung up. Their outcomes follow. */
    void (*recheck)(struct line *l);
    void (*stats)(struct line *l, struct line_stats *out);
};

extern const struct line_driver line_sip;
