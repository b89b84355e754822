/* Calls we make: INVITE and what comes back (RFC 3261 9, 13, 17.1.1; RFC 6026).
 *
 * calling -> proceeding -> (cancelling) -> up -> bye -> over. A challenge or a redirection begins
 * anew with the next CSeq. Timer A and B run while calling; Timer C is the ring timeout; Timer D is
 * stray.c's: a final answer that comes again is acknowledged without a call. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/rng.h"
#include "line/sip/sip_priv.h"

static const struct span no_reason = {"", 0};

enum { MOVE_ON_T1 = 8 };

/* What goes into a header must not end it. */
static bool harmless(const char *text, const char *also_not)
{
    for (; text && *text; text++)
        if (iscntrl((unsigned char)*text) || strchr(also_not, *text))
            return false;
    return true;
}

static uint64_t target_hash(const struct sip_call *c, struct span uri)
{
    return sip_hash(c->sip, uri.p, uri.len);
}

/* How long silence is borne: less where another address may be asked. */
static int64_t patience(const struct sip_call *c)
{
    int64_t ms = c->sip->config.timer_b_ms ? c->sip->config.timer_b_ms : sip_64t1(c->sip);
    int64_t less = MOVE_ON_T1 * sip_t1(c->sip);

    return less < ms && c->redirects == 0 && trunk_has_other(c->trunk) ? less : ms;
}

static void send_invite(struct sip_call *c)
{
    char headers[2 * CREDENTIALS_LINE_MAX + sizeof(c->extra)];
    size_t n = 0;

    c->invite_cseq = ++c->cseq;
    build_branch(c);
    memcpy(c->invite_branch, c->branch, sizeof(c->branch));
    c->state = CALL_CALLING;
    c->unreachable = false;
    c->early_tag[0] = '\0';
    c->asked = c->peer;
    if (credentials_lines(&c->auth, headers, sizeof(headers)) == 0) {
        strcat(headers, c->extra);
        n = build_request(c, c->wire, sizeof(c->wire), "INVITE", c->cseq, c->invite_branch, headers,
                          c->sdp, c->sdp_len);
    }
    if (n == 0) {
        sip_call_over(c, SIP_END_PROTOCOL, 0, (struct span){"the INVITE is too long", 22});
        sip_call_finish(c);
        return;
    }
    sip_resend(c, &c->asked, c->wire, n, patience(c));
}

/* Nobody has said anything to the INVITE: the trunk's next address gets it (RFC 3263 4.3). */
static bool move_on(struct sip_call *c)
{
    struct sip_trunk *t = c->trunk;

    if (c->asked.protocol != SIP_UDP || c->redirects > 0 || c->cancel_wanted || c->telling ||
        !trunk_fault(t, &c->asked.addr) || c->moves++ >= TARGETS_MAX)
        return false;
    c->peer = t->hop;
    send_invite(c);
    return true;
}

static bool acceptable(const struct sip_invite *i)
{
    const struct sip_trunk *t = i->trunk;
    size_t name = i->display ? strlen(i->display) : 0;

    return i->to && i->from && harmless(i->to, "<>@;?\" ") && harmless(i->from, "<>@;?\" ") &&
           harmless(i->display, "\"\\") && i->sdp_len < SDP_KEPT &&
           (!i->header || strlen(i->header) < sizeof(((struct sip_call *)0)->extra)) &&
           strlen(i->to) < sizeof(((struct sip_call *)0)->to_user) &&
           strlen(i->from) < sizeof(((struct sip_call *)0)->from_user) &&
           strlen(i->from) + strlen(t->domain) + name < 400;
}

static void describe(struct sip_call *c, const struct sip_invite *i)
{
    const struct sip_trunk *t = i->trunk;
    bool named = i->display && i->display[0];

    snprintf(c->target, sizeof(c->target), "%s:%s@%s", t->scheme, i->to, t->at);
    snprintf(c->their_uri, sizeof(c->their_uri), "<%s:%s@%s>", t->scheme, i->to, t->domain);
    snprintf(c->our_uri, sizeof(c->our_uri), "%s%s%s<%s:%s@%s>", named ? "\"" : "",
             named ? i->display : "", named ? "\" " : "", t->scheme, i->from, t->domain);
    snprintf(c->to_user, sizeof(c->to_user), "%s", i->to);
    snprintf(c->from_user, sizeof(c->from_user), "%s", i->from);
    snprintf(c->extra, sizeof(c->extra), "%s", i->header ? i->header : "");
    memcpy(c->sdp, i->sdp, i->sdp_len);
    c->sdp_len = i->sdp_len;
}

int sip_call_invite(struct sip *s, const struct sip_invite *i, const struct sip_call_handler *h,
                    void *arg, struct sip_call **out)
{
    struct sip_call *c;

    if (!acceptable(i))
        return -EINVAL;
    if (!i->trunk->found || (i->trunk->hop.protocol != SIP_UDP && !i->trunk->linked_ms))
        return -ENOTCONN;
    c = sip_call_take(s);
    if (!c)
        return -EBUSY;
    c->trunk = i->trunk;
    trunk_choose(i->trunk);
    c->peer = i->trunk->hop;
    c->handler = h;
    c->arg = arg;
    c->taken = true;
    random_token(c->call_id, 33);
    stray_tag(s, (struct span){c->call_id, strlen(c->call_id)}, c->our_tag);
    describe(c, i);
    c->tried[0] = target_hash(c, (struct span){c->target, strlen(c->target)});
    c->cseq = random_u32() & 0xffff;
    if (sip_call_enter(c)) {
        c->told = true;
        sip_call_finish(c);
        return -ENOMEM;
    }
    s->stats.invites++;
    send_invite(c);
    sip_call_start(c, &c->ring, i->ring_timeout_ms > 0 ? i->ring_timeout_ms : TIMER_C_MS);
    *out = c;
    return 0;
}

/* ---- CANCEL --------------------------------------------------------------------------------- */

static void send_cancel(struct sip_call *c)
{
    char reason[48] = "";
    size_t n;

    if (c->q850)
        snprintf(reason, sizeof(reason), "Reason: Q.850;cause=%d\r\n", c->q850);
    c->cancel_wanted = true;
    c->state = CALL_CANCELLING;
    n = build_request(c, c->wire, sizeof(c->wire), "CANCEL", c->invite_cseq, c->invite_branch,
                      reason, NULL, 0);
    sip_resend(c, &c->asked, c->wire, n, sip_64t1(c->sip));
}

/* A CANCEL may not leave before a provisional answer came (9.1): until then, or until timer B, the
 * INVITE goes on. Who hangs up need not wait for that; what rings out does: only the end tells
 * whether it rang at all. */
void caller_hangup(struct sip_call *c)
{
    switch (c->state) {
    case CALL_CALLING:
        c->cancel_wanted = true;
        sip_call_over(c, SIP_END_LOCAL, 0, no_reason);
        break;
    case CALL_PROCEEDING:
        send_cancel(c);
        break;
    case CALL_UP:
        sip_call_over(c, SIP_END_LOCAL, 0, no_reason);
        dialog_bye(c);
        break;
    default:
        break;
    }
}

void caller_rang_out(struct sip_call *c)
{
    if (c->state == CALL_CALLING)
        c->cancel_wanted = true;
    else if (c->state == CALL_PROCEEDING)
        send_cancel(c);
}

void caller_timeout(struct sip_call *c)
{
    switch (c->state) {
    case CALL_CALLING:
        c->sip->stats.timeouts++;
        if (move_on(c))
            break;
        sip_call_over(c, c->unreachable ? SIP_END_TRANSPORT : SIP_END_TIMEOUT, 0, no_reason);
        sip_call_finish(c);
        break;
    case CALL_CANCELLING:
        sip_call_over(c, SIP_END_LOCAL, 0, no_reason);
        sip_call_finish(c);
        break;
    case CALL_UP: /* no ACK to our 2xx to a re-INVITE, no answer to our UPDATE */
        c->sip->stats.timeouts++;
        sip_call_over(c, SIP_END_TIMEOUT, 0, no_reason);
        dialog_bye(c);
        break;
    default: /* BYE without an answer */
        sip_call_over(c, SIP_END_TIMEOUT, 0, no_reason);
        sip_call_finish(c);
    }
}

/* ---- answers -------------------------------------------------------------------------------- */

/* Within the transaction: same branch, same request URI, To as in the answer (17.1.1.3). */
static void ack_rejection(struct sip_call *c, const struct message *m)
{
    char tag[TAG_MAX], out[WIRE_MAX];
    size_t n;

    memcpy(tag, c->their_tag, sizeof(tag));
    if (span_copy(m->to_tag, c->their_tag, sizeof(c->their_tag)))
        c->their_tag[0] = '\0';
    n = build_request(c, out, sizeof(out), "ACK", m->cseq, c->invite_branch, NULL, NULL, 0);
    memcpy(c->their_tag, tag, sizeof(tag));
    if (n)
        sip_transmit(c->sip, &c->asked, out, n);
}

/* A transaction of its own (13.2.2.4), with the credentials of the INVITE (22.1). */
void caller_ack(struct sip_call *c)
{
    char branch[BRANCH_MAX], out[WIRE_MAX], auth[2 * CREDENTIALS_LINE_MAX];
    size_t n;

    snprintf(branch, sizeof(branch), "z9hG4bKa%08x%08x", random_u32(), random_u32());
    if (credentials_lines(&c->auth, auth, sizeof(auth)))
        auth[0] = '\0';
    n = build_request(c, out, sizeof(out), "ACK", c->invite_cseq, branch, auth, NULL, 0);
    if (n)
        sip_transmit(c->sip, &c->peer, out, n);
}

/* Loose routers only (16.12): strict ones are of RFC 2543. */
int caller_adopt(struct sip_call *c, const struct message *m)
{
    struct address contact, route;
    unsigned last = 0;

    if (span_copy(m->to_tag, c->their_tag, sizeof(c->their_tag)) ||
        build_routes(m, true, c->route, sizeof(c->route)))
        return -EBADMSG;
    if (strcmp(c->their_tag, c->early_tag) != 0)
        c->their_cseq = 0; /* another telephone than the one that rang */
    if (message_address(message_header(m, HEADER_CONTACT, 0), &contact)) {
        span_copy(contact.uri, c->target, sizeof(c->target));
        if (!c->route[0])
            sip_aim(&contact, &c->peer);
    }
    if (!c->route[0])
        return 0;
    while (message_header(m, HEADER_RECORD_ROUTE, last + 1).p)
        last++;
    if (message_address(message_header(m, HEADER_RECORD_ROUTE, last), &route))
        sip_aim(&route, &c->peer);
    return 0;
}

static void take_answer(struct sip_call *c, const struct message *m)
{
    bool wanted = !c->cancel_wanted && !c->telling, sdp = message_has_sdp(m);

    timer_stop(&c->retry);
    timer_stop(&c->over);
    timer_stop(&c->ring);
    if (caller_adopt(c, m)) {
        /* Its repetition is a stray one: acknowledged and ended without us. */
        sip_call_over(c, SIP_END_PROTOCOL, m->status, m->reason);
        sip_call_finish(c);
        return;
    }
    caller_ack(c);
    c->result.answered = true;
    c->result.status = m->status;
    c->state = CALL_UP;
    if (!wanted) { /* our CANCEL crossed their 200 */
        sip_call_over(c, SIP_END_LOCAL, m->status, no_reason);
        dialog_bye(c);
        return;
    }
    c->sip->stats.answered++;
    session_granted(c, m);
    if (c->handler->answered)
        c->handler->answered(c, c->arg, sdp ? m->body.p : NULL, sdp ? m->body.len : 0);
}

/* A q of a Contact, in thousandths; 1 without. */
static unsigned preference(struct span contact)
{
    struct span q = span_param(contact, "q");
    unsigned value = 0;

    if (!q.p || q.p[0] != '0')
        return 1000;
    for (size_t i = 0; i < 3; i++)
        value = value * 10 + (i + 2 < q.len ? (unsigned)(q.p[i + 2] - '0') % 10 : 0);
    return value;
}

static bool was_tried(const struct sip_call *c, uint64_t target)
{
    for (unsigned i = 0; i <= c->redirects; i++)
        if (c->tried[i] == target)
            return true;
    return false;
}

/* The likeliest of the Contacts that was not tried yet (8.1.3.4): no loops, and not for ever. */
static bool follow(struct sip_call *c, const struct message *m)
{
    struct address best = {0}, a;
    unsigned best_q = 0;
    struct span contact;
    char user[64];

    if (c->redirects == REDIRECTS_MAX)
        return false;
    for (unsigned i = 0; (contact = message_header(m, HEADER_CONTACT, i)).p; i++) {
        unsigned q = preference(contact);

        if (!message_address(contact, &a) || a.uri.len >= sizeof(c->target) || a.uri.len < 4 ||
            strncasecmp(a.uri.p, "sip:", 4) != 0 || was_tried(c, target_hash(c, a.uri)))
            continue;
        if (best.uri.p && q <= best_q)
            continue;
        best = a;
        best_q = q;
    }
    if (!best.uri.p || span_copy(best.user, user, sizeof(user)))
        return false;
    if (c->handler->redirected && !c->handler->redirected(c, c->arg, user))
        return false;
    c->tried[++c->redirects] = target_hash(c, best.uri);
    span_copy(best.uri, c->target, sizeof(c->target));
    sip_aim(&best, &c->peer);
    credentials_clear(&c->auth); /* they were made for another target */
    return true;
}

static bool try_again(struct sip_call *c, const struct message *m)
{
    const struct sip_trunk *t = c->trunk;

    if (c->cancel_wanted || c->telling)
        return false;
    if (m->status == 401 || m->status == 407)
        return credentials_answer(&c->auth, m, "INVITE", c->target, t->config.user, t->password);
    return m->status < 400 && follow(c, m);
}

static void take_rejection(struct sip_call *c, const struct message *m)
{
    struct span after = message_header(m, HEADER_RETRY_AFTER, 0);

    timer_stop(&c->retry);
    timer_stop(&c->over);
    ack_rejection(c, m);
    if (try_again(c, m)) {
        send_invite(c);
        return;
    }
    if (after.p)
        c->result.retry_after_s = span_number(after);
    sip_call_over(c, c->cancel_wanted ? SIP_END_LOCAL : SIP_END_REJECTED, m->status, m->reason);
    sip_call_finish(c);
}

static void take_progress(struct sip_call *c, const struct message *m)
{
    bool sdp = message_has_sdp(m);

    if (c->state == CALL_CALLING) {
        timer_stop(&c->retry);
        timer_stop(&c->over);
        c->state = CALL_PROCEEDING;
        if (c->cancel_wanted) {
            send_cancel(c);
            return;
        }
    }
    if (c->state != CALL_PROCEEDING || m->status == 100)
        return;
    if (!span_is(m->to_tag, c->early_tag)) {
        c->their_cseq = 0;
        if (span_copy(m->to_tag, c->early_tag, sizeof(c->early_tag)))
            c->early_tag[0] = '\0';
    }
    if (c->taken && c->handler->progress)
        c->handler->progress(c, c->arg, m->status, sdp ? m->body.p : NULL, sdp ? m->body.len : 0);
}

void caller_response(struct sip_call *c, const struct message *m, const struct hop *from)
{
    bool pending =
        c->state == CALL_CALLING || c->state == CALL_PROCEEDING || c->state == CALL_CANCELLING;

    if (m->status < 200) {
        if (pending)
            take_progress(c, m);
    } else if (m->status < 300) {
        if (pending)
            take_answer(c, m);
        else if (c->result.answered && dialog_tag_is(m->to_tag, c->their_tag))
            caller_ack(c); /* our ACK was lost */
        else
            stray_response(c->sip, m, from); /* another branch of a fork answered too */
    } else if (pending) {
        take_rejection(c, m);
    } else if (c->result.answered) {
        stray_response(c->sip, m, from); /* of another branch: the target is another one's now */
    } else {
        ack_rejection(c, m);
    }
}
