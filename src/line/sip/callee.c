/* Calls that come: INVITE and our answers (RFC 3261 13.3, 17.2.1; RFC 6026). */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "line/sip/sip_priv.h"

static const struct span no_reason = {"", 0};

/* From without its tag, which we add ourselves. */
static int copy_from(struct sip_call *c, const struct message *m)
{
    struct address a;

    if (!message_address(m->from, &a) || a.uri.len + 3 > sizeof(c->their_uri))
        return -EBADMSG;
    snprintf(c->their_uri, sizeof(c->their_uri), "<%.*s>", (int)a.uri.len, a.uri.p);
    return 0;
}

static int copy_record_route(struct sip_call *c, const struct message *m)
{
    size_t n = 0;
    struct span r;

    c->record_route[0] = '\0';
    for (unsigned i = 0; (r = message_header(m, HEADER_RECORD_ROUTE, i)).p; i++) {
        int k = snprintf(c->record_route + n, sizeof(c->record_route) - n, "Record-Route: %.*s\r\n",
                         (int)r.len, r.p);

        if (k < 0 || (size_t)k >= sizeof(c->record_route) - n)
            return -ENOSPC;
        n += (size_t)k;
    }
    return build_routes(m, false, c->route, sizeof(c->route));
}

/* 0, or the status that refuses it. */
static int read_invite(struct sip_call *c, const struct message *m, const struct hop *from)
{
    struct address contact;

    c->peer = c->asked = *from;
    c->incoming = true;
    c->state = CALL_INCOMING;
    c->their_cseq = c->invite_cseq = m->cseq;
    c->their_branch = m->branch.p ? sip_hash(c->sip, m->branch.p, m->branch.len) : 0;
    c->cseq = random_u32() & 0xffff;
    snprintf(c->our_tag, sizeof(c->our_tag), "e%08x%08x", random_u32(), random_u32());
    if (!message_address(message_header(m, HEADER_CONTACT, 0), &contact) || !m->from_tag.p)
        return 400;
    if (span_copy(m->call_id, c->call_id, sizeof(c->call_id)) ||
        span_copy(m->from_tag, c->their_tag, sizeof(c->their_tag)) ||
        span_copy(m->to, c->our_uri, sizeof(c->our_uri)) ||
        span_copy(contact.uri, c->target, sizeof(c->target)) || copy_from(c, m) ||
        build_vias(m, from, c->via, sizeof(c->via)) || copy_record_route(c, m))
        return 513;
    span_copy(m->uri_user.p ? m->uri_user : m->to_user, c->to_user, sizeof(c->to_user));
    span_copy(m->from_user, c->from_user, sizeof(c->from_user));
    if (message_has_sdp(m)) {
        if (m->body.len >= sizeof(c->sdp))
            return 513;
        memcpy(c->sdp, m->body.p, m->body.len);
        c->sdp_len = m->body.len;
        c->sdp[c->sdp_len] = '\0';
    }
    return 0;
}

static void drop(struct sip_call *c)
{
    c->told = true;
    sip_call_finish(c);
}

void callee_invite(struct sip *s, const struct message *m, const struct hop *from)
{
    struct sip_call *c;
    int status;

    if (dialog_unsupported(s, m, from, ""))
        return;
    /* Without a call of its own: who scans the network for telephones takes no line from those who
     * are called. */
    if (!s->handler || !s->handler->incoming) {
        respond(s, m, from, 480, "Temporarily Unavailable", "f", NULL);
        return;
    }
    c = sip_call_take(s);
    if (!c) {
        respond(s, m, from, 503, "Service Unavailable", "f", "Retry-After: 5\r\n");
        return;
    }
    status = read_invite(c, m, from);
    if (status || sip_call_enter(c)) {
        respond(s, m, from, status ? status : 500,
                status == 400 ? "Bad Request"
                : status      ? "Message Too Large"
                              : "Server Error",
                "b", NULL);
        drop(c);
        return;
    }
    s->stats.invites++;
    c->wire_len = build_answer(c, c->wire, sizeof(c->wire), 100, "Trying", NULL, NULL, 0);
    if (c->wire_len)
        sip_transmit(s, &c->peer, c->wire, c->wire_len);
    s->handler->incoming(s, s->arg, c);
    if (c->state == CALL_INCOMING && !c->taken)
        sip_call_reject(c, 480, "Temporarily Unavailable", NULL, 0);
}

void sip_call_accept(struct sip_call *c, const struct sip_call_handler *h, void *arg)
{
    c->handler = h;
    c->arg = arg;
    c->taken = true;
}

int sip_call_progress(struct sip_call *c, int status, const char *sdp, size_t len)
{
    static const struct {
        int status;
        const char *reason;
    } reasons[] = {{180, "Ringing"}, {181, "Call Is Being Forwarded"}, {182, "Queued"}};
    const char *reason = "Session Progress";

    if (c->state != CALL_INCOMING || status <= 100 || status >= 200)
        return -EINVAL;
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
        if (reasons[i].status == status)
            reason = reasons[i].reason;
    c->wire_len = build_answer(c, c->wire, sizeof(c->wire), status, reason, NULL, sdp, len);
    if (!c->wire_len)
        return -ENOSPC;
    sip_transmit(c->sip, &c->peer, c->wire, c->wire_len);
    return 0;
}

int sip_call_answer(struct sip_call *c, const char *sdp, size_t len)
{
    size_t n;

    if (c->state != CALL_INCOMING)
        return -EINVAL;
    n = build_answer(c, c->wire, sizeof(c->wire), 200, "OK", NULL, sdp, len);
    if (!n)
        return -ENOSPC;
    c->state = CALL_ACCEPTED;
    c->result.answered = true;
    c->result.status = 200;
    c->sip->stats.answered++;
    sip_resend_2xx(c, n);
    return 0;
}

static int reject(struct sip_call *c, int status, const char *reason, const char *headers,
                  enum sip_end end)
{
    size_t n;

    if (c->state != CALL_INCOMING)
        return -EINVAL;
    n = build_answer(c, c->wire, sizeof(c->wire), status, reason, headers, NULL, 0);
    c->state = CALL_REJECTED;
    sip_call_over(c, end, status, (struct span){reason, strlen(reason)});
    sip_resend(c, &c->peer, c->wire, n, sip_64t1(c->sip));
    return 0;
}

int sip_call_reject(struct sip_call *c, int status, const char *reason, const char *contact,
                    int64_t retry_after_s)
{
    char headers[400] = "";

    if (status < 300 || status > 699)
        return -EINVAL;
    if (contact)
        snprintf(headers, sizeof(headers), "Contact: <%.300s>\r\n", contact);
    if (retry_after_s > 0)
        snprintf(headers + strlen(headers), sizeof(headers) - strlen(headers),
                 "Retry-After: %lld\r\n", (long long)retry_after_s);
    return reject(c, status, reason, headers, SIP_END_LOCAL);
}

void callee_ack(struct sip_call *c, const struct message *m, const struct hop *from)
{
    bool sdp = message_has_sdp(m);

    if (!span_is(m->to_tag, c->our_tag) || !dialog_tag_is(m->from_tag, c->their_tag))
        return;
    if (c->reinvite && m->cseq == c->reinvite_cseq) {
        timer_stop(&c->retry);
        timer_stop(&c->over);
        c->reinvite = false;
        if (c->our_offer && sdp && c->taken && c->handler->agreed)
            c->handler->agreed(c, c->arg, m->body.p, m->body.len);
        return;
    }
    if (!c->incoming || m->cseq != c->invite_cseq)
        return;
    dialog_follow(c, from);
    if (c->state == CALL_REJECTED) {
        sip_call_finish(c);
        return;
    }
    if (c->state != CALL_ACCEPTED)
        return;
    timer_stop(&c->retry);
    timer_stop(&c->over);
    c->state = CALL_UP;
    if (c->bye_wanted)
        dialog_bye(c);
    else if (c->taken && c->handler->answered)
        c->handler->answered(c, c->arg, sdp ? m->body.p : NULL, sdp ? m->body.len : 0);
}

void callee_cancel(struct sip_call *c, const struct message *m, const struct hop *from)
{
    if (!c->incoming || m->cseq != c->invite_cseq || !span_is(m->from_tag, c->their_tag)) {
        respond(c->sip, m, from, 481, "Call/Transaction Does Not Exist", "n", NULL);
        return;
    }
    respond(c->sip, m, from, 200, "OK", c->our_tag, NULL);
    reject(c, 487, "Request Terminated", NULL, SIP_END_REMOTE);
}

void callee_hangup(struct sip_call *c)
{
    switch (c->state) {
    case CALL_INCOMING:
        reject(c, 480, "Temporarily Unavailable", NULL, SIP_END_LOCAL);
        break;
    case CALL_ACCEPTED: /* the callee may not say BYE before the ACK (15) */
        c->bye_wanted = true;
        sip_call_over(c, SIP_END_LOCAL, 200, no_reason);
        break;
    case CALL_UP:
        sip_call_over(c, SIP_END_LOCAL, 200, no_reason);
        dialog_bye(c);
        break;
    default:
        break;
    }
}

void callee_timeout(struct sip_call *c)
{
    if (c->state == CALL_ACCEPTED || c->state == CALL_UP) { /* no ACK (13.3.1.4) */
        c->sip->stats.timeouts++;
        sip_call_over(c, SIP_END_TIMEOUT, 0, no_reason);
        dialog_bye(c);
        return;
    }
    sip_call_over(c, SIP_END_TIMEOUT, 0, no_reason);
    sip_call_finish(c);
}
