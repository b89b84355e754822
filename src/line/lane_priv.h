/* What the own SIP engine's driver files share: driver.c (the desk's side), lane.c (threads),
 * call.c (one call), redirect.c, secure.c (SRTP), action.c (what a flow asks of the store). */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "line/line.h"
#include "line/outcome.h"
#include "line/sip/sip.h"
#include "media/pump.h"
#include "media/sdp.h"
#include "store/store.h"

enum { LANES_MAX = 64, TEXT_MAX = 1600, FAULT_MAX = 128 };

struct lane;

/* One call of one lane, pooled. Owned by its lane's thread; while `job_pending` the writer's thread
 * reads `job` and what it needs, and nothing else. */
struct call {
    struct list_node node; /* in lane->idle or lane->active */
    struct lane *lane;
    struct line_call *lc; /* the desk's; NULL while idle */
    struct sip_call *sip; /* NULL before the INVITE and after `ended` */
    struct rtp *rtp;
    struct outcome_facts facts;
    struct timer flow_timer, max_timer;
    struct sockaddr_storage local; /* of RTP */
    struct sdp_audio early;        /* from a 18x, used when the 200 brings none */
    struct sdp_keys keys; /* of SRTP that we offered; the first without a suite: none yet */
    uint64_t session_id, session_version;
    int64_t answered_us;
    bool has_early, ended, flowing, counted_ringing, counted_up;
    bool secured;              /* SRTP was agreed */
    char key_source, last_key; /* 'r' RTP, 'i' INFO: the first to speak is believed */
    uint8_t plays;             /* prompts begun, to see what an event brought */
    uint8_t depth;             /* calls into the flow on the stack: not released meanwhile */
    struct flow_run run;
    /* The action under way. */
    bool job_pending;
    int job_rc;
    enum flow_action_type action_type;
    bool action_new; /* it changed the store: the number, the text was not there yet */
    struct store_job job;
    struct loop_msg job_done;
    union {
        struct store_black black;
        struct {
            struct store_text row;
            char node[FLOW_NAME_MAX];
            char body[TEXT_MAX];
        } text;
    } action;
};

/* Written by the lane, read by anyone. */
struct lane_counters {
    atomic_uint in_flight;
    atomic_ullong dialled, answered, rtp_sent, rtp_late_us_max;
    atomic_uint load_permille;
    atomic_uint ready; /* trunks, a bit each */
    atomic_uint unheard[LINE_TRUNKS_MAX];
};

struct lane {
    struct line *line;
    pthread_t thread;
    bool started;
    struct loop *loop;
    struct sip *sip;
    struct pump *pump;
    struct sip_trunk *trunks[LINE_TRUNKS_MAX];
    struct call *calls; /* owned, calls_max */
    unsigned calls_max;
    struct list idle, active;
    struct timer second;
    int64_t busy_us, second_us;
    uint64_t rtp_counted;
    struct lane_counters counters;
    struct loop_msg recheck_msg;
    atomic_bool recheck_posted;
};

struct line {
    struct line_config config;
    struct sockaddr_storage local;
    struct lane lanes[LANES_MAX];
    unsigned lane_count;
    pthread_mutex_t fault_lock;
    char fault[FAULT_MAX];
};

/* lane.c */
int lane_open(struct lane *lane, struct line *line, unsigned calls_max, struct error *err);
int lane_start(struct lane *lane, struct error *err);
void lane_close(struct lane *lane);
void lane_fault(struct lane *lane, const char *text);

/* call.c, in the lane's thread */
void call_begin(struct lane *lane, struct line_call *lc);
void call_hangup(struct call *c, enum outcome_cause cause);
void call_release(struct call *c); /* when all is over: reports and goes back to the pool */
int64_t call_now_ms(const struct call *c);

/* secure.c: keys to offer, NULL: plain. */
const struct sdp_keys *secure_offer(struct call *c);
/* Their answer to it. -EPROTO: plain, or with keys that were not offered, against the policy. */
int secure_answered(struct call *c, const struct sdp_audio *theirs);
/* Their offer: fills the key of ours for the answer, without a suite when it is to be plain. */
int secure_offered(struct call *c, const struct sdp_audio *theirs, struct sdes_key *ours);

/* redirect.c: may a call be passed on to this user part of a SIP address (S1)? */
bool redirect_allowed(const struct line_config *config, uint64_t called, const char *user);

/* watch.c: counts what happened and tells whoever watches. */
void watch_event(struct call *c, enum line_event e, const char *detail);
void watch_action(enum flow_action_type type, bool done);
void watch_ended(const struct line_call *lc); /* measured; its record is complete */

/* action.c: flow_host's `action`; flow_action_done follows, at once or from the writer. */
void action_start(struct call *c, const struct flow_action *a);
