/* Requests within a call, both ways: BYE, re-INVITE, UPDATE, INFO, OPTIONS (RFC 3261 12, 14, 15;
 * RFC 3311, RFC 4028, RFC 6086). */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/rng.h"
#include "line/sip/sip_priv.h"

/* ---- ours ----------------------------------------------------------------------------------- */

/* With what a challenge asked for, when there was one. Under way is one request at a time: BYE
 * takes the place of all others, and an UPDATE is not begun beside another transaction. */
static void send_own(struct sip_call *c, const char *method, const char *headers)
{
    char all[2 * CREDENTIALS_LINE_MAX + 128];
    size_t n;

    if (credentials_lines(&c->auth, all, sizeof(all) - 128))
        all[0] = '\0';
    strcat(all, headers);
    build_branch(c);
    n = build_request(c, c->wire, sizeof(c->wire), method, ++c->cseq, c->branch, all, NULL, 0);
    if (n) {
        sip_resend(c, &c->peer, c->wire, n, sip_64t1(c->sip));
        return;
    }
    sip_call_over(c, SIP_END_PROTOCOL, 0, (struct span){"a request is too long", 21});
    sip_call_finish(c);
}

static void send_bye(struct sip_call *c)
{
    char reason[48] = "";

    if (c->q850)
        snprintf(reason, sizeof(reason), "Reason: Q.850;cause=%d\r\n", c->q850);
    send_own(c, "BYE", reason);
}

void dialog_bye(struct sip_call *c)
{
    c->state = CALL_BYE;
    c->reinvite = c->refreshing = false;
    timer_stop(&c->session);
    credentials_clear(&c->auth);
    send_bye(c);
}

static void send_update(struct sip_call *c)
{
    char headers[96];

    session_header(c, headers, sizeof(headers));
    send_own(c, "UPDATE", headers);
}

void dialog_update(struct sip_call *c)
{
    c->refreshing = true;
    credentials_clear(&c->auth);
    send_update(c);
}

/* RFC 4028 10: 408 and 481 tell that the call is gone, anything else may pass. */
static void take_refreshed(struct sip_call *c, const struct message *m)
{
    timer_stop(&c->retry);
    timer_stop(&c->over);
    c->refreshing = false;
    if (m->status == 422 && session_too_short(c, m)) {
        dialog_update(c);
    } else if (m->status < 300) {
        session_granted(c, m);
    } else if (m->status == 408 || m->status == 481) {
        sip_call_over(c, SIP_END_SESSION_EXPIRED, 0, (struct span){"", 0});
        dialog_bye(c);
    } else {
        session_again(c);
    }
}

void dialog_response(struct sip_call *c, const struct message *m)
{
    const struct sip_trunk *t = c->trunk;
    bool bye = span_is(m->cseq_method, "BYE") && c->state == CALL_BYE;
    bool update = span_is(m->cseq_method, "UPDATE") && c->refreshing;

    if (m->status < 200 || (!bye && !update))
        return;
    if (t && credentials_answer(&c->auth, m, bye ? "BYE" : "UPDATE", c->target, t->config.user,
                                t->password)) {
        if (bye)
            send_bye(c);
        else
            send_update(c);
    } else if (bye) {
        sip_call_finish(c); /* 481, 408, even 403: over all the same */
    } else {
        take_refreshed(c, m);
    }
}

/* ---- theirs --------------------------------------------------------------------------------- */

static void refuse(struct sip_call *c, const struct message *m, const struct hop *from, int status,
                   const char *reason)
{
    respond(c->sip, m, from, status, reason, c->our_tag, NULL);
}

static void take_bye(struct sip_call *c, const struct message *m, const struct hop *from)
{
    struct sip *s = c->sip;
    struct span reason = message_header(m, HEADER_REASON, 0);

    respond(s, m, from, 200, "OK", c->our_tag, NULL);
    s->ended[s->ended_next++ % ENDED_RING] =
        sip_hash(s, m->branch.p ? m->branch.p : "", m->branch.len);
    sip_call_over(c, SIP_END_REMOTE, 0, reason.p ? reason : (struct span){"", 0});
    sip_call_finish(c);
}

/* 12.2.2. Only once the call is up: before, CANCEL must name the target of the INVITE. */
static void refresh_target(struct sip_call *c, const struct message *m)
{
    struct address contact;

    if (c->state == CALL_UP && message_address(message_header(m, HEADER_CONTACT, 0), &contact) &&
        contact.uri.len < sizeof(c->target)) {
        span_copy(contact.uri, c->target, sizeof(c->target));
        if (!c->route[0])
            sip_aim(&contact, &c->peer);
    }
}

/* Our session in answer to theirs, or our offer when they sent none (14.2). Returns its length or a
 * negative errno. */
static int negotiate(struct sip_call *c, const struct message *m, char *out, size_t size)
{
    bool sdp = message_has_sdp(m);

    if (!c->taken || !c->handler->offered)
        return -ENOTSUP;
    return c->handler->offered(c, c->arg, sdp ? m->body.p : NULL, sdp ? m->body.len : 0, out, size);
}

/* What a 2xx to a request that changes the session carries; false: 422 was sent. */
static bool session_headers(struct sip_call *c, const struct message *m, const struct hop *from,
                            char *out, size_t size)
{
    char timer[96];

    if (session_asked(c, m, timer, sizeof(timer))) {
        respond(c->sip, m, from, 422, "Session Interval Too Small", c->our_tag, timer);
        return false;
    }
    build_contact(c, out, size);
    strncat(out, timer, size - strlen(out) - 1);
    strncat(out, SIP_ALLOW, size - strlen(out) - 1);
    return true;
}

static void take_reinvite(struct sip_call *c, const struct message *m, const struct hop *from)
{
    char sdp[SDP_KEPT], headers[400];
    size_t len;
    int n;

    if (c->reinvite_cseq &&
        m->cseq == c->reinvite_cseq) { /* once acknowledged, RFC 6026 absorbs it */
        if (c->reinvite)
            sip_transmit(c->sip, from, c->wire, c->wire_len);
        return;
    }
    if (c->state == CALL_BYE || c->state == CALL_OVER) {
        refuse(c, m, from, 481, "Call/Transaction Does Not Exist");
        return;
    }
    if (c->state != CALL_UP || c->reinvite) {
        refuse(c, m, from, 491, "Request Pending");
        return;
    }
    if (!session_headers(c, m, from, headers, sizeof(headers)))
        return;
    n = negotiate(c, m, sdp, sizeof(sdp));
    if (c->state != CALL_UP) { /* hung up in the handler */
        refuse(c, m, from, 487, "Request Terminated");
        return;
    }
    if (n <= 0) {
        refuse(c, m, from, 488, "Not Acceptable Here");
        return;
    }
    refresh_target(c, m);
    len = build_response(c->sip, c->wire, sizeof(c->wire), m, from, 200, "OK", c->our_tag, headers,
                         sdp, (size_t)n);
    if (!len) {
        refuse(c, m, from, 500, "Server Internal Error");
        return;
    }
    c->refreshing = false; /* this refreshes too */
    c->reinvite = true;
    c->our_offer = !message_has_sdp(m);
    c->reinvite_cseq = m->cseq;
    sip_resend_2xx(c, len);
}

static void take_update(struct sip_call *c, const struct message *m, const struct hop *from)
{
    char sdp[SDP_KEPT], headers[400], out[WIRE_MAX];
    bool offer = message_has_sdp(m);
    int n = 0;
    size_t len;

    if (offer && (c->state != CALL_UP || (c->reinvite && c->our_offer))) {
        refuse(c, m, from, 491, "Request Pending"); /* an offer of ours is open (RFC 3311 5.2) */
        return;
    }
    if (!session_headers(c, m, from, headers, sizeof(headers)))
        return;
    if (offer)
        n = negotiate(c, m, sdp, sizeof(sdp));
    if (offer && n <= 0) {
        refuse(c, m, from, 488, "Not Acceptable Here");
        return;
    }
    refresh_target(c, m);
    len = build_response(c->sip, out, sizeof(out), m, from, 200, "OK", c->our_tag, headers, sdp,
                         (size_t)n);
    if (len)
        sip_transmit(c->sip, from, out, len);
}

/* A number above 9, as some gateways write the others: 10 is *, 11 #, 12 A … */
static char numbered_key(const char *p, const char *end)
{
    unsigned n = span_number((struct span){p, (size_t)(end - p)});

    if (end - p >= 2 && isdigit((unsigned char)p[0]) && isdigit((unsigned char)p[1]))
        return n >= 10 && n < 16 ? "*#ABCD"[n - 10] : 0;
    return p < end ? *p : 0;
}

/* "Signal=5\r\nDuration=160" (dtmf-relay), or the key alone (dtmf). */
static char info_key(const struct message *m, unsigned *duration_ms)
{
    const char *p = m->body.p, *end = p + m->body.len;
    char key = 0;

    *duration_ms = 0;
    if (span_is_nocase(m->content_type, "application/dtmf")) {
        while (p < end && isspace((unsigned char)*p))
            p++;
        key = numbered_key(p, end);
    } else if (span_is_nocase(m->content_type, "application/dtmf-relay")) {
        for (; p < end; p++) {
            if (p + 7 <= end && strncasecmp(p, "Signal=", 7) == 0) {
                for (p += 7; p < end && *p == ' ';)
                    p++;
                key = numbered_key(p, end);
            } else if (p + 9 <= end && strncasecmp(p, "Duration=", 9) == 0) {
                *duration_ms = span_number((struct span){p + 9, (size_t)(end - p - 9)});
            }
        }
    }
    key = (char)toupper((unsigned char)key);
    return key && strchr("0123456789*#ABCD", key) ? key : 0;
}

static void take_info(struct sip_call *c, const struct message *m, const struct hop *from)
{
    unsigned ms;
    char key = m->body.len ? info_key(m, &ms) : 0;

    respond(c->sip, m, from, 200, "OK", c->our_tag, NULL);
    if (key && c->state == CALL_UP && c->taken && c->handler->key)
        c->handler->key(c, c->arg, key, ms);
}

bool dialog_tag_is(struct span tag, const char *kept)
{
    return kept[0] ? span_is(tag, kept) : tag.len == 0;
}

/* A call of ours that rings has an early dialog with whoever rang last (12.1). */
static bool early(const struct sip_call *c)
{
    return !c->incoming && (c->state == CALL_PROCEEDING || c->state == CALL_CANCELLING);
}

bool dialog_has(const struct sip_call *c, const struct message *m)
{
    if (!span_is(m->to_tag, c->our_tag) || c->state == CALL_CALLING)
        return false;
    return early(c) ? c->early_tag[0] && span_is(m->from_tag, c->early_tag)
                    : dialog_tag_is(m->from_tag, c->their_tag);
}

void dialog_follow(struct sip_call *c, const struct hop *from)
{
    if (c->incoming && from->protocol != SIP_UDP && c->peer.protocol != SIP_UDP &&
        !link_of(c->sip, &c->peer))
        c->peer = *from;
}

bool dialog_unsupported(struct sip *s, const struct message *m, const struct hop *from,
                        const char *ours)
{
    char headers[256] = "Unsupported: ";
    size_t n = strlen(headers);
    struct span r;

    for (unsigned i = 0; (r = message_header(m, HEADER_REQUIRE, i)).p; i++) {
        if (r.len == 0 || span_is_nocase(r, ours) || n + r.len + 5 > sizeof(headers))
            continue;
        n += (size_t)snprintf(headers + n, sizeof(headers) - n, "%s%.*s",
                              n > strlen("Unsupported: ") ? ", " : "", (int)r.len, r.p);
    }
    if (n == strlen("Unsupported: "))
        return false;
    snprintf(headers + n, sizeof(headers) - n, "\r\n");
    respond(s, m, from, 420, "Bad Extension", "u", headers);
    return true;
}

/* In order, or the last one again (12.2.2). */
static bool in_order(struct sip_call *c, const struct message *m, bool *repeated)
{
    *repeated = c->their_cseq && m->cseq == c->their_cseq;
    if (c->their_cseq && m->cseq < c->their_cseq)
        return false;
    c->their_cseq = m->cseq;
    return true;
}

static void take(struct sip_call *c, const struct message *m, const struct hop *from, bool repeated)
{
    dialog_follow(c, from);
    if (span_is(m->method, "INVITE"))
        take_reinvite(c, m, from);
    else if (span_is(m->method, "UPDATE"))
        take_update(c, m, from);
    else if (span_is(m->method, "INFO") && repeated)
        respond(c->sip, m, from, 200, "OK", c->our_tag, NULL); /* a key is pressed once */
    else if (span_is(m->method, "INFO"))
        take_info(c, m, from);
    else if (span_is(m->method, "OPTIONS"))
        respond(c->sip, m, from, 200, "OK", c->our_tag, SIP_ALLOW "Accept: application/sdp\r\n");
    else
        respond(c->sip, m, from, 405, "Method Not Allowed", c->our_tag, SIP_ALLOW);
}

/* An INVITE without a To tag whose Call-ID is known: the one that made the call comes again, or it
 * came to us by two ways, or is our own (8.2.2.2). */
static void take_first_invite(struct sip_call *c, const struct message *m, const struct hop *from)
{
    uint64_t branch = m->branch.p ? sip_hash(c->sip, m->branch.p, m->branch.len) : 0;

    if (!c->incoming || m->cseq != c->invite_cseq || branch != c->their_branch ||
        !span_is(m->from_tag, c->their_tag))
        respond(c->sip, m, from, 482, "Loop Detected", "l", NULL);
    else if (c->state <= CALL_REJECTED && c->wire_len)
        sip_transmit(c->sip, &c->peer, c->wire, c->wire_len);
}

void dialog_request(struct sip_call *c, const struct message *m, const struct hop *from)
{
    bool bye = span_is(m->method, "BYE"), repeated;

    if (span_is(m->method, "INVITE") && !m->to_tag.p) {
        take_first_invite(c, m, from);
    } else if (!dialog_has(c, m) || (c->state == CALL_OVER && !bye) || (bye && early(c))) {
        /* Nobody hangs up by BYE who was not answered yet (15). */
        respond(c->sip, m, from, 481, "Call/Transaction Does Not Exist", "n", NULL);
    } else if (!in_order(c, m, &repeated)) {
        refuse(c, m, from, 500, "Server Internal Error");
    } else if (bye) {
        take_bye(c, m, from);
    } else if (!dialog_unsupported(c->sip, m, from, "timer")) {
        take(c, m, from, repeated);
    }
}
