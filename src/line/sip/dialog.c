/* Requests within a call, both ways: BYE, re-INVITE, UPDATE, INFO, OPTIONS (RFC 3261 12, 14, 15;
 * RFC 3311, RFC 4028, RFC 6086). */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/rng.h"
#include "line/sip/sip_priv.h"

static bool is_sdp(const struct message *m)
{
    return m->body.len && span_is_nocase(m->content_type, "application/sdp");
}

/* ---- ours ----------------------------------------------------------------------------------- */

void dialog_bye(struct sip_call *c)
{
    char headers[800] = "";
    size_t n;

    if (c->q850)
        snprintf(headers, sizeof(headers), "Reason: Q.850;cause=%d\r\n", c->q850);
    c->state = CALL_BYE;
    c->reinvite = false;
    build_branch(c);
    n = build_request(c, c->wire, sizeof(c->wire), "BYE", ++c->cseq, c->branch, headers, NULL, 0);
    sip_resend(c, c->wire, n, sip_64t1(c->sip));
}

void dialog_response(struct sip_call *c, const struct message *m)
{
    if (c->state == CALL_BYE && m->status >= 200)
        sip_call_finish(c); /* 401, 481, 408: over all the same */
}

/* ---- theirs --------------------------------------------------------------------------------- */

static void take_bye(struct sip_call *c, const struct message *m,
                     const struct sockaddr_storage *from)
{
    struct sip *s = c->sip;
    struct span reason = message_header(m, HEADER_REASON, 0);

    respond(s, m, from, 200, "OK", c->our_tag, NULL);
    s->ended[s->ended_next++ % ENDED_RING] =
        sip_hash(s, m->branch.p ? m->branch.p : "", m->branch.len);
    sip_call_over(c, SIP_END_REMOTE, 0, reason.p ? reason : (struct span){"", 0});
    sip_call_finish(c);
}

static void refresh_target(struct sip_call *c, const struct message *m)
{
    struct span uri, host;
    uint16_t port;

    if (message_uri(message_header(m, HEADER_CONTACT, 0), &uri, &host, &port) &&
        uri.len < sizeof(c->target))
        span_copy(uri, c->target, sizeof(c->target));
}

/* Our session in answer to theirs; without an offer our session as it is (14.2). Returns its length
 * or a negative errno. */
static int negotiate(struct sip_call *c, const struct message *m, char *out, size_t size)
{
    int n;

    if (!is_sdp(m))
        return snprintf(out, size, "%s", c->ours);
    if (!c->taken || !c->handler->offered)
        return -1;
    n = c->handler->offered(c, c->arg, m->body.p, m->body.len, out, size);
    if (n > 0 && (size_t)n < sizeof(c->ours)) {
        memcpy(c->ours, out, (size_t)n);
        c->ours[n] = '\0';
    }
    return n;
}

/* A far side that refreshes the session goes on doing so. */
static void session_headers(const struct sip_call *c, const struct message *m, char *out,
                            size_t size)
{
    struct span expires = message_header(m, HEADER_SESSION_EXPIRES, 0);
    const char *here = c->trunk ? c->trunk->here : c->sip->here;

    snprintf(out, size, "Contact: <sip:%s>\r\n", here);
    if (expires.p && span_number(expires))
        snprintf(out + strlen(out), size - strlen(out),
                 "Session-Expires: %u;refresher=uac\r\nRequire: timer\r\n", span_number(expires));
}

static void take_reinvite(struct sip_call *c, const struct message *m,
                          const struct sockaddr_storage *from)
{
    char sdp[SDP_KEPT], headers[256];
    size_t len;
    int n;

    if (c->reinvite && m->cseq == c->reinvite_cseq) {
        sip_transmit(c->sip, from, c->wire, c->wire_len);
        return;
    }
    if (c->state != CALL_UP || c->reinvite) {
        respond(c->sip, m, from, 491, "Request Pending", c->our_tag, NULL);
        return;
    }
    n = negotiate(c, m, sdp, sizeof(sdp));
    if (c->state != CALL_UP) /* hung up in the handler */
        return;
    if (n <= 0) {
        respond(c->sip, m, from, 488, "Not Acceptable Here", c->our_tag, NULL);
        return;
    }
    refresh_target(c, m);
    session_headers(c, m, headers, sizeof(headers));
    len = build_response(c->sip, c->wire, sizeof(c->wire), m, from, 200, "OK", c->our_tag, headers,
                         sdp, (size_t)n);
    if (!len) {
        respond(c->sip, m, from, 500, "Server Internal Error", c->our_tag, NULL);
        return;
    }
    c->reinvite = true;
    c->reinvite_cseq = m->cseq;
    sip_resend(c, c->wire, len, sip_64t1(c->sip));
}

static void take_update(struct sip_call *c, const struct message *m,
                        const struct sockaddr_storage *from)
{
    char sdp[SDP_KEPT], headers[256], out[WIRE_MAX];
    int n = 0;
    size_t len;

    if (is_sdp(m))
        n = c->state == CALL_UP ? negotiate(c, m, sdp, sizeof(sdp)) : -1;
    if (n < 0 || (is_sdp(m) && n == 0)) {
        respond(c->sip, m, from, c->state == CALL_UP ? 488 : 491,
                c->state == CALL_UP ? "Not Acceptable Here" : "Request Pending", c->our_tag, NULL);
        return;
    }
    refresh_target(c, m);
    session_headers(c, m, headers, sizeof(headers));
    len = build_response(c->sip, out, sizeof(out), m, from, 200, "OK", c->our_tag, headers, sdp,
                         (size_t)n);
    if (len)
        sip_transmit(c->sip, from, out, len);
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
        key = p < end ? *p : 0;
    } else if (span_is_nocase(m->content_type, "application/dtmf-relay")) {
        for (; p < end; p++) {
            if (p + 7 <= end && strncasecmp(p, "Signal=", 7) == 0) {
                for (p += 7; p < end && *p == ' ';)
                    p++;
                key = p < end ? *p : 0;
            } else if (p + 9 <= end && strncasecmp(p, "Duration=", 9) == 0) {
                *duration_ms = span_number((struct span){p + 9, (size_t)(end - p - 9)});
            }
        }
    }
    key = (char)toupper((unsigned char)key);
    return key && strchr("0123456789*#ABCD", key) ? key : 0;
}

static void take_info(struct sip_call *c, const struct message *m,
                      const struct sockaddr_storage *from)
{
    unsigned ms;
    char key = m->body.len ? info_key(m, &ms) : 0;

    respond(c->sip, m, from, 200, "OK", c->our_tag, NULL);
    if (key && c->state == CALL_UP && c->taken && c->handler->key)
        c->handler->key(c, c->arg, key, ms);
}

static bool in_dialog(const struct sip_call *c, const struct message *m)
{
    return span_is(m->to_tag, c->our_tag) && span_is(m->from_tag, c->their_tag);
}

void dialog_request(struct sip_call *c, const struct message *m,
                    const struct sockaddr_storage *from)
{
    bool invite = span_is(m->method, "INVITE"), repeated;

    if (invite && c->incoming && !m->to_tag.p && m->cseq == c->invite_cseq) {
        if (c->state <= CALL_REJECTED && c->wire_len)
            sip_transmit(c->sip, &c->peer, c->wire, c->wire_len);
        return;
    }
    if (!in_dialog(c, m) || (c->state == CALL_OVER && !span_is(m->method, "BYE"))) {
        respond(c->sip, m, from, 481, "Call/Transaction Does Not Exist", "n", NULL);
        return;
    }
    repeated = c->their_cseq && m->cseq == c->their_cseq;
    if (c->their_cseq && m->cseq < c->their_cseq) {
        respond(c->sip, m, from, 500, "Server Internal Error", c->our_tag, NULL);
        return;
    }
    if (!repeated)
        c->their_cseq = m->cseq;
    if (span_is(m->method, "BYE"))
        take_bye(c, m, from);
    else if (invite)
        take_reinvite(c, m, from);
    else if (span_is(m->method, "UPDATE"))
        take_update(c, m, from);
    else if (span_is(m->method, "INFO") && repeated)
        respond(c->sip, m, from, 200, "OK", c->our_tag, NULL); /* a key is pressed once */
    else if (span_is(m->method, "INFO"))
        take_info(c, m, from);
    else if (span_is(m->method, "OPTIONS"))
        respond(c->sip, m, from, 200, "OK", c->our_tag, NULL);
    else
        respond(c->sip, m, from, 405, "Method Not Allowed", c->our_tag,
                "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO\r\n");
}
