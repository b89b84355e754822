/* Calls we make: INVITE and what comes back (RFC 3261 9, 13, 17.1.1; RFC 6026). */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "line/sip/digest.h"
#include "line/sip/sip_priv.h"

static const struct span no_reason = {"", 0};

static void make_tag(const struct sip *s, const char *call_id, size_t len, char out[24])
{
    snprintf(out, 24, "k%016llx", (unsigned long long)hash_bytes(call_id, len, ~s->secret));
}

/* What goes into a header must not end it. */
static bool harmless(const char *text, const char *also_not)
{
    for (; text && *text; text++)
        if (iscntrl((unsigned char)*text) || strchr(also_not, *text))
            return false;
    return true;
}

static void send_invite(struct sip_call *c)
{
    char headers[960];
    size_t n;

    c->invite_cseq = ++c->cseq;
    build_branch(c);
    memcpy(c->invite_branch, c->branch, sizeof(c->branch));
    snprintf(headers, sizeof(headers), "%s%s", c->auth, c->extra);
    c->state = CALL_CALLING;
    n = build_request(c, c->wire, sizeof(c->wire), "INVITE", c->cseq, c->branch, headers, c->sdp,
                      c->sdp_len);
    if (n == 0) {
        sip_call_over(c, SIP_END_PROTOCOL, 0, (struct span){"the INVITE is too long", 22});
        sip_call_finish(c);
        return;
    }
    sip_resend(c, c->wire, n,
               c->sip->config.timer_b_ms ? c->sip->config.timer_b_ms : sip_64t1(c->sip));
}

int sip_call_invite(struct sip *s, const struct sip_invite *i, const struct sip_call_handler *h,
                    void *arg, struct sip_call **out)
{
    struct sip_trunk *t = i->trunk;
    struct sip_call *c;
    char at[80];

    if (!harmless(i->to, "<>@; ") || !harmless(i->from, "<>@; ") || !harmless(i->display, "\"\\") ||
        i->sdp_len >= SDP_KEPT || !i->to || !i->from || strlen(i->to) + strlen(t->domain) > 400 ||
        strlen(i->from) + strlen(t->domain) + (i->display ? strlen(i->display) : 0) > 400)
        return -EINVAL;
    c = sip_call_take(s);
    if (!c)
        return -EBUSY;
    c->trunk = t;
    c->peer = t->addr;
    c->handler = h;
    c->arg = arg;
    c->taken = true;
    random_token(c->call_id, 33);
    make_tag(s, c->call_id, strlen(c->call_id), c->our_tag);
    sip_addr_text(&t->addr, at, sizeof(at));
    snprintf(c->target, sizeof(c->target), "sip:%s@%s", i->to, at);
    snprintf(c->their_uri, sizeof(c->their_uri), "<sip:%s@%s>", i->to, t->domain);
    if (i->display)
        snprintf(c->our_uri, sizeof(c->our_uri), "\"%s\" <sip:%s@%s>", i->display, i->from,
                 t->domain);
    else
        snprintf(c->our_uri, sizeof(c->our_uri), "<sip:%s@%s>", i->from, t->domain);
    snprintf(c->to_user, sizeof(c->to_user), "%s", i->to);
    snprintf(c->from_user, sizeof(c->from_user), "%s", i->from);
    snprintf(c->extra, sizeof(c->extra), "%s", i->header ? i->header : "");
    memcpy(c->sdp, i->sdp, i->sdp_len);
    c->sdp_len = i->sdp_len;
    snprintf(c->ours, sizeof(c->ours), "%.*s", (int)i->sdp_len, i->sdp);
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

static void reason_header(const struct sip_call *c, char *out, size_t size)
{
    out[0] = '\0';
    if (c->q850)
        snprintf(out, size, "Reason: Q.850;cause=%d\r\n", c->q850);
}

static void send_cancel(struct sip_call *c)
{
    char headers[48];
    size_t n;

    reason_header(c, headers, sizeof(headers));
    c->cancel_wanted = true;
    c->state = CALL_CANCELLING;
    n = build_request(c, c->wire, sizeof(c->wire), "CANCEL", c->invite_cseq, c->invite_branch,
                      headers, NULL, 0);
    sip_resend(c, c->wire, n, sip_64t1(c->sip));
}

void caller_hangup(struct sip_call *c)
{
    switch (c->state) {
    case CALL_CALLING: /* a CANCEL may not leave before a provisional answer came (9.1) */
        c->cancel_wanted = true;
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

void caller_timeout(struct sip_call *c)
{
    switch (c->state) {
    case CALL_CALLING:
        c->sip->stats.timeouts++;
        sip_call_over(c, c->cancel_wanted ? SIP_END_LOCAL : SIP_END_TIMEOUT, 0, no_reason);
        sip_call_finish(c);
        break;
    case CALL_CANCELLING:
        sip_call_over(c, SIP_END_LOCAL, 0, no_reason);
        sip_call_finish(c);
        break;
    case CALL_UP: /* no ACK to our 2xx to a re-INVITE */
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

/* Within the transaction: same branch, same request URI (17.1.1.3). */
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
        sip_transmit(c->sip, &c->peer, out, n);
}

static void ack_answer(struct sip_call *c)
{
    char branch[BRANCH_MAX], out[WIRE_MAX];
    size_t n;

    snprintf(branch, sizeof(branch), "z9hG4bKa%08x%08x", random_u32(), random_u32());
    n = build_request(c, out, sizeof(out), "ACK", c->invite_cseq, branch, c->auth, NULL, 0);
    if (n)
        sip_transmit(c->sip, &c->peer, out, n);
}

static bool numeric_address(struct span host, uint16_t port, struct sockaddr_storage *out)
{
    struct sockaddr_in *in = (struct sockaddr_in *)out;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;
    char text[64];

    if (span_copy(host, text, sizeof(text)))
        return false;
    memset(out, 0, sizeof(*out));
    if (inet_pton(AF_INET, text, &in->sin_addr) == 1) {
        in->sin_family = AF_INET;
        in->sin_port = htons(port ? port : 5060);
        return true;
    }
    if (inet_pton(AF_INET6, text, &in6->sin6_addr) == 1) {
        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons(port ? port : 5060);
        return true;
    }
    return false;
}

/* Where the address of a Contact or Route leads; names stay with the trunk. */
static void aim(struct sip_call *c, struct span address)
{
    struct sockaddr_storage to;
    struct span uri, host;
    uint16_t port;

    if (message_uri(address, &uri, &host, &port) && numeric_address(host, port, &to) &&
        to.ss_family == c->peer.ss_family)
        c->peer = to;
}

static int adopt(struct sip_call *c, const struct message *m)
{
    struct span contact = message_header(m, HEADER_CONTACT, 0), uri, host;
    unsigned last = 0;
    uint16_t port;

    if (span_copy(m->to_tag, c->their_tag, sizeof(c->their_tag)) ||
        build_routes(m, true, c->route, sizeof(c->route)))
        return -EBADMSG;
    if (message_uri(contact, &uri, &host, &port) && uri.len < sizeof(c->target))
        span_copy(uri, c->target, sizeof(c->target));
    if (!c->route[0]) {
        aim(c, contact);
        return 0;
    }
    while (message_header(m, HEADER_RECORD_ROUTE, last + 1).p)
        last++;
    aim(c, message_header(m, HEADER_RECORD_ROUTE, last));
    return 0;
}

static bool is_sdp(const struct message *m)
{
    return m->body.len && span_is_nocase(m->content_type, "application/sdp");
}

static void take_answer(struct sip_call *c, const struct message *m)
{
    bool wanted = !c->cancel_wanted && !c->telling;

    timer_stop(&c->retry);
    timer_stop(&c->over);
    timer_stop(&c->ring);
    if (adopt(c, m)) {
        sip_call_over(c, SIP_END_PROTOCOL, m->status, m->reason);
        sip_call_finish(c);
        return;
    }
    ack_answer(c);
    c->result.answered = true;
    c->result.status = m->status;
    c->state = CALL_UP;
    if (!wanted) { /* our CANCEL crossed their 200 */
        sip_call_over(c, SIP_END_LOCAL, m->status, no_reason);
        dialog_bye(c);
        return;
    }
    c->sip->stats.answered++;
    if (c->handler->answered)
        c->handler->answered(c, c->arg, is_sdp(m) ? m->body.p : NULL, is_sdp(m) ? m->body.len : 0);
}

/* The first challenge we can answer, as their preference goes. */
static bool answer_challenge(struct sip_call *c, const struct message *m, const char *method)
{
    bool proxy = m->status == 407;
    struct span challenge;
    const struct sip_trunk *t = c->trunk;

    if (!t || !t->config.user)
        return false;
    for (unsigned i = 0;; i++) {
        challenge =
            message_header(m, proxy ? HEADER_PROXY_AUTHENTICATE : HEADER_WWW_AUTHENTICATE, i);
        if (!challenge.p)
            return false;
        if (digest_usable(challenge))
            break;
    }
    if (c->auth_tries > 0 && !digest_stale(challenge))
        return false; /* the same credentials would fail again */
    if (++c->auth_tries > AUTH_TRIES)
        return false;
    return digest_answer(challenge, proxy, method, c->target, t->config.user,
                         t->config.password ? t->config.password : "", 1, c->auth,
                         sizeof(c->auth)) > 0;
}

static bool follow(struct sip_call *c, const struct message *m)
{
    struct span contact = message_header(m, HEADER_CONTACT, 0), uri, host;
    uint16_t port;

    if (!message_uri(contact, &uri, &host, &port) || ++c->redirects > REDIRECTS_MAX ||
        uri.len >= sizeof(c->target) || uri.len < 4 || memcmp(uri.p, "sip:", 4) != 0)
        return false;
    span_copy(uri, c->target, sizeof(c->target));
    aim(c, contact);
    return true;
}

static void take_rejection(struct sip_call *c, const struct message *m)
{
    struct span after = message_header(m, HEADER_RETRY_AFTER, 0);
    bool again = false;

    timer_stop(&c->retry);
    timer_stop(&c->over);
    ack_rejection(c, m);
    if (!c->cancel_wanted && !c->telling) {
        if (m->status == 401 || m->status == 407)
            again = answer_challenge(c, m, "INVITE");
        else if (m->status >= 300 && m->status < 400)
            again = follow(c, m);
    }
    if (again) {
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
    if (c->state == CALL_CALLING) {
        timer_stop(&c->retry);
        timer_stop(&c->over);
        c->state = CALL_PROCEEDING;
        if (c->cancel_wanted) {
            send_cancel(c);
            return;
        }
    }
    if (c->state == CALL_PROCEEDING && m->status > 100 && !c->cancel_wanted && c->taken &&
        c->handler->progress)
        c->handler->progress(c, c->arg, m->status, is_sdp(m) ? m->body.p : NULL,
                             is_sdp(m) ? m->body.len : 0);
}

void caller_response(struct sip_call *c, const struct message *m)
{
    bool pending =
        c->state == CALL_CALLING || c->state == CALL_PROCEEDING || c->state == CALL_CANCELLING;

    if (m->status < 200) {
        if (pending)
            take_progress(c, m);
    } else if (m->status < 300) {
        if (pending)
            take_answer(c, m);
        else if (span_is(m->to_tag, c->their_tag))
            ack_answer(c); /* our ACK was lost */
        else
            caller_stray(c->sip, m, &c->peer); /* another branch of a fork answered too */
    } else if (pending) {
        take_rejection(c, m);
    } else {
        ack_rejection(c, m);
    }
}

/* ---- answers whose call is gone, or forked ones --------------------------------------------- */

/* An ACK or BYE made from the response alone. */
static void stray_request(struct sip *s, const struct message *m, const struct sockaddr_storage *to,
                          const char *method, uint32_t cseq, struct span uri, struct span branch,
                          const char *routes)
{
    char out[WIRE_MAX];
    int n = snprintf(out, sizeof(out),
                     "%s %.*s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=%.*s;rport\r\n"
                     "Max-Forwards: 70\r\n%sFrom: %.*s\r\nTo: %.*s\r\nCall-ID: %.*s\r\n"
                     "CSeq: %u %s\r\nContent-Length: 0\r\n\r\n",
                     method, (int)uri.len, uri.p, s->here, (int)branch.len, branch.p, routes,
                     (int)m->from.len, m->from.p, (int)m->to.len, m->to.p, (int)m->call_id.len,
                     m->call_id.p, cseq, method);

    if (n > 0 && (size_t)n < sizeof(out))
        sip_transmit(s, to, out, (size_t)n);
}

/* Only what carries a tag that we made for this Call-ID is answered: a stranger cannot make us
 * send. */
void caller_stray(struct sip *s, const struct message *m, const struct sockaddr_storage *from)
{
    struct span contact = message_header(m, HEADER_CONTACT, 0), uri, host;
    char tag[24], routes[ROUTE_MAX], branch[BRANCH_MAX];
    uint16_t port;

    make_tag(s, m->call_id.p, m->call_id.len, tag);
    if (!span_is(m->from_tag, tag) || !span_is(m->cseq_method, "INVITE") || m->status < 200) {
        if (!span_is(m->from_tag, tag))
            s->stats.strangers++;
        return;
    }
    if (m->status >= 300) {
        if (message_uri(m->to, &uri, &host, &port))
            stray_request(s, m, from, "ACK", m->cseq, uri, m->branch, "");
        return;
    }
    if (!message_uri(contact, &uri, &host, &port) || build_routes(m, true, routes, sizeof(routes)))
        return;
    snprintf(branch, sizeof(branch), "z9hG4bKs%08x%08x", random_u32(), random_u32());
    stray_request(s, m, from, "ACK", m->cseq, uri, (struct span){branch, strlen(branch)}, routes);
    snprintf(branch, sizeof(branch), "z9hG4bKs%08x%08x", random_u32(), random_u32());
    stray_request(s, m, from, "BYE", m->cseq + 1000, uri, (struct span){branch, strlen(branch)},
                  routes);
}
