/* Acts one call: rings, answers or refuses, speaks, listens, presses keys, hangs up. Two timers a
 * call: `step` walks through what the person does, `leave` ends their patience. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "line/carrier/carrier_priv.h"
#include "media/dtmf.h"

enum { KEY_TONE_MS = 120, KEY_GAP_MS = 80, FRAME_US = 20000, GAP_US = 200000, SDP_MAX = 2048 };
enum { Q850_NORMAL = 16 };

/* ---- audio ---------------------------------------------------------------------------------- */

static void on_frame(struct rtp *s, void *arg, const int16_t *pcm, unsigned samples)
{
    struct act *a = arg;
    struct figures *f = a->carrier->figures;
    int64_t now = clock_mono_us(loop_clock(a->carrier->config.loop)), at;

    if (a->frame_us) {
        int64_t apart = now - a->frame_us;

        if (apart > GAP_US)
            f->gaps++;
        else
            spread_add(&f->spacing, llabs(apart - FRAME_US));
    }
    a->frame_us = now;
    if (!ear_hear(&a->ear, pcm, samples, now, &at) || !a->key_us || a->ear.hz == 0)
        return;
    spread_add(&f->key_audio, at - a->key_us);
    a->key_us = 0;
}

static const struct rtp_handler rtp_handler = {.frame = on_frame};

bool person_takes(const struct carrier *c, const struct sdp_audio *theirs)
{
    bool keys = theirs->crypto.suite != SRTP_NONE;

    return theirs->savp ? keys && !c->config.srtp_never : keys || !c->config.srtp_always;
}

/* Our key for theirs: of a suite it is made once. */
static int secure(struct act *a)
{
    const struct sdes_key *theirs = &a->theirs.crypto;

    if (theirs->suite == SRTP_NONE || a->carrier->config.srtp_never) {
        a->key.suite = SRTP_NONE;
        return 0;
    }
    if (a->key.suite != theirs->suite)
        sdes_new(&a->key, theirs->suite, theirs->tag);
    a->key.tag = theirs->tag;
    return rtp_secure(a->rtp, &a->key, theirs);
}

static int open_audio(struct act *a)
{
    int rc = 0;

    if (!a->rtp)
        rc = rtp_open(a->carrier->pump, &rtp_handler, a, &a->rtp, &a->rtp_local);
    return rc ? rc : secure(a);
}

static int connect_audio(struct act *a)
{
    bool fill = !a->carrier->config.quiet && a->person.behaviour != BEHAVIOUR_MUTE;
    int rc = secure(a);

    if (!rc)
        rc = rtp_connect(a->rtp, &a->theirs, fill);
    if (!rc && a->listening && !a->connected)
        rc = rtp_listen(a->rtp, true);
    a->connected = rc == 0;
    return rc;
}

/* Our side of the session, in answer to the caller's offer. Returns its length. */
static int describe(struct act *a, char *buf, size_t size, const char *offer, size_t offer_len)
{
    return sdp_answer(buf, size, offer, offer_len, &a->theirs,
                      (const struct sockaddr *)&a->rtp_local, a->carrier->session, 1,
                      a->key.suite == SRTP_NONE ? NULL : &a->key);
}

/* ---- steps ---------------------------------------------------------------------------------- */

static void refuse(struct act *a, int status, const char *reason, int64_t retry_after_s)
{
    timer_stop(&a->step);
    sip_call_reject(a->sip, status, reason, NULL, retry_after_s);
}

void person_leave(struct act *a)
{
    timer_stop(&a->step);
    timer_stop(&a->leave);
    a->left = true;
    sip_call_hangup(a->sip, Q850_NORMAL);
}

static void on_leave(struct timer *t)
{
    person_leave(container_of(t, struct act, leave));
}

static void start_step(struct act *a, int64_t after_ms)
{
    timer_start(loop_wheel(a->carrier->config.loop), &a->step, after_ms > 0 ? after_ms : 1);
}

static void next_press(struct act *a)
{
    if (a->pressed < a->person.presses)
        start_step(a, a->person.press[a->pressed].after_ms);
}

static void press(struct act *a)
{
    char key[2] = {a->person.press[a->pressed].key, '\0'};

    a->pressed++;
    if (a->theirs.te_pt >= 0 && rtp_send_keys(a->rtp, key, KEY_TONE_MS, KEY_GAP_MS) == 0) {
        a->carrier->figures->keys_pressed[dtmf_event_of(key[0])]++;
        a->key_us = carrier_now_us(a->carrier);
    }
    next_press(a);
}

static void ring_early(struct act *a)
{
    char sdp[SDP_MAX];
    const char *offer;
    size_t len;
    int n;

    offer = sip_call_offer(a->sip, &len);
    n = open_audio(a) ? -EIO : describe(a, sdp, sizeof(sdp), offer, len);
    if (n < 0 || sip_call_progress(a->sip, 183, sdp, (size_t)n)) {
        refuse(a, 500, "Server Internal Error", 0);
        return;
    }
    if (connect_audio(a) == 0)
        rtp_play(a->rtp, a->carrier->sounds.ringing, -1);
}

/* Audio and a key come before the 200. */
static void speak_early(struct act *a)
{
    if (open_audio(a) || connect_audio(a))
        return;
    rtp_play(a->rtp, a->carrier->sounds.hello, 0);
    if (a->theirs.te_pt >= 0)
        rtp_send_keys(a->rtp, "5", KEY_TONE_MS, KEY_GAP_MS);
}

static void ring(struct act *a)
{
    a->ringing = true;
    if (a->person.early_media) {
        ring_early(a);
    } else {
        sip_call_progress(a->sip, 180, NULL, 0);
        if (a->person.behaviour == BEHAVIOUR_WRONG_ORDER)
            speak_early(a);
    }
}

static void speak(struct act *a)
{
    const struct sounds *s = &a->carrier->sounds;

    rtp_stop(a->rtp);
    if (a->person.behaviour == BEHAVIOUR_MACHINE)
        rtp_play(a->rtp, sounds_greeting(s, a->person.greeting_ms), 0);
    else if (a->person.behaviour != BEHAVIOUR_MUTE)
        rtp_play(a->rtp, s->hello, 0);
}

static void answer(struct act *a)
{
    struct figures *f = a->carrier->figures;
    char sdp[SDP_MAX];
    const char *offer;
    size_t len;
    int n;

    offer = sip_call_offer(a->sip, &len);
    n = open_audio(a) ? -EIO : describe(a, sdp, sizeof(sdp), offer, len);
    if (n < 0 || (!a->connected && connect_audio(a))) {
        refuse(a, 500, "Server Internal Error", 0);
        return;
    }
    a->answered_us = carrier_now_us(a->carrier);
    if (sip_call_answer(a->sip, sdp, (size_t)n)) {
        refuse(a, 500, "Server Internal Error", 0);
        return;
    }
    a->answered = true;
    f->answered++;
    if (++f->talking > f->talking_max)
        f->talking_max = f->talking;
    speak(a);
    timer_start(loop_wheel(a->carrier->config.loop), &a->leave, a->person.hang_up_ms);
    next_press(a);
}

/* The person has made up their mind. */
static void decide(struct act *a)
{
    switch (a->person.behaviour) {
    case BEHAVIOUR_BUSY:
        refuse(a, 486, "Busy Here", 0);
        break;
    case BEHAVIOUR_REJECT:
        refuse(a, 603, "Decline", 0);
        break;
    case BEHAVIOUR_UNKNOWN:
        refuse(a, 404, "Not Found", 0);
        break;
    case BEHAVIOUR_CONGESTION:
        refuse(a, 503, "Service Unavailable", a->person.retry_after_s);
        break;
    case BEHAVIOUR_NO_ANSWER: /* until the caller gives up */
    case BEHAVIOUR_STUCK:
    case BEHAVIOUR_COUNT:
        break;
    case BEHAVIOUR_ANSWER:
    case BEHAVIOUR_MACHINE:
    case BEHAVIOUR_MUTE:
    case BEHAVIOUR_ABRUPT:
    case BEHAVIOUR_WRONG_ORDER:
        answer(a);
    }
}

static bool rings(const struct person *p)
{
    return p->behaviour != BEHAVIOUR_BUSY && p->behaviour != BEHAVIOUR_UNKNOWN &&
           p->behaviour != BEHAVIOUR_CONGESTION && p->behaviour != BEHAVIOUR_ABRUPT &&
           p->behaviour != BEHAVIOUR_STUCK;
}

static void on_step(struct timer *t)
{
    struct act *a = container_of(t, struct act, step);

    if (a->answered) {
        press(a);
    } else if (!a->ringing && rings(&a->person)) {
        start_step(a, a->person.answer_ms - a->person.ring_ms);
        ring(a);
    } else {
        decide(a);
    }
}

/* ---- what the caller does ------------------------------------------------------------------- */

static int on_offered(struct sip_call *call, void *arg, const char *sdp, size_t len, char *buf,
                      size_t size)
{
    struct act *a = arg;
    struct sdp_audio theirs;
    int rc = sdp_read(sdp, len, &theirs);

    if (rc || !a->rtp || !person_takes(a->carrier, &theirs))
        return rc ? rc : -ENOTSUP;
    a->theirs = theirs;
    rc = connect_audio(a);
    return rc ? rc : describe(a, buf, size, sdp, len);
}

static void count_end(struct act *a, const struct sip_result *r)
{
    struct figures *f = a->carrier->figures;

    if (!a->answered) {
        if (r->end == SIP_END_REMOTE)
            f->cancelled++;
        else if (r->end == SIP_END_TIMEOUT || r->end == SIP_END_TRANSPORT)
            f->lost_calls++;
        return;
    }
    f->talking--;
    if (a->left)
        f->hung_up_by_person++;
    else if (r->end == SIP_END_REMOTE)
        f->hung_up_by_caller++;
    else
        f->lost_calls++;
}

static void count_audio(struct act *a)
{
    struct figures *f = a->carrier->figures;
    struct rtp_stats s;

    if (!a->rtp)
        return;
    rtp_read_stats(a->rtp, &s);
    f->rtp_sent += s.sent;
    f->rtp_received += s.received;
    f->rtp_lost += a->listening ? s.lost : 0; /* behind the filter everything else looks lost */
    if (!a->answered)
        return;
    if (s.first_received_us)
        spread_add(&f->answer_audio, s.first_received_us - a->answered_us);
    else if (carrier_now_us(a->carrier) - a->answered_us > 1000000)
        f->no_audio++;
}

static void on_ended(struct sip_call *call, void *arg, const struct sip_result *r)
{
    struct act *a = arg;

    timer_stop(&a->step);
    timer_stop(&a->leave);
    count_end(a, r);
    count_audio(a);
    carrier_log_end(a->carrier, a, r);
    rtp_close(a->rtp);
    a->rtp = NULL;
    carrier_release(a);
}

static const struct sip_call_handler call_handler = {.offered = on_offered, .ended = on_ended};

void person_begin(struct act *a)
{
    a->step.fn = on_step;
    a->leave.fn = on_leave;
    sip_call_accept(a->sip, &call_handler, a);
    if (a->person.behaviour == BEHAVIOUR_ABRUPT || a->person.behaviour == BEHAVIOUR_CONGESTION)
        start_step(a, 0);
    else if (rings(&a->person))
        start_step(a, a->person.ring_ms);
    else
        start_step(a, a->person.answer_ms);
}
