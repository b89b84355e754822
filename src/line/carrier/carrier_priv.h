/* Shared by carrier.c (doors, limits, log) and person.c (acting one call). */
#pragma once

#include "base/hash.h"
#include "line/carrier/carrier.h"
#include "line/carrier/ear.h"
#include "line/carrier/sounds.h"
#include "line/sip/sip.h"
#include "media/pump.h"
#include "media/sdp.h"

/* One call; from a pool, in carrier->up while it lives. */
struct act {
    struct list_node node;
    struct carrier *carrier;
    struct sip_call *sip;
    struct rtp *rtp; /* NULL until audio is opened */
    struct sockaddr_storage rtp_local;
    struct sdp_audio theirs;
    struct sdes_key key; /* ours, of SRTP; without a suite: plain */
    struct person person;
    uint64_t number;
    unsigned nth; /* call to this number, from 0 */
    struct timer step, leave;
    unsigned pressed;
    bool ringing, connected, answered, left, listening;
    int64_t came_us, answered_us; /* 200 sent */
    int64_t frame_us, key_us;     /* last frame heard; last key whose effect is awaited */
    struct ear ear;
};

struct carrier {
    struct carrier_config config;
    struct sip *sip;
    struct pump *pump;
    struct sounds sounds;
    struct figures *figures;
    struct map numbers; /* number → calls so far */
    struct act *acts;   /* the pool */
    struct list free, up;
    int64_t opened_us;
    bool closing; /* takes no more calls */
    uint64_t session;
};

/* person.c: may the audio be as they offer it, encrypted or not? */
bool person_takes(const struct carrier *c, const struct sdp_audio *theirs);
int64_t carrier_now_us(const struct carrier *c);
/* person.c: takes a call whose offer is in a->theirs and whose person is drawn. */
void person_begin(struct act *a);
void person_leave(struct act *a);
/* carrier.c */
void carrier_log_invite(struct carrier *c, const struct act *a);
void carrier_log_end(struct carrier *c, const struct act *a, const struct sip_result *r);
void carrier_release(struct act *a);
