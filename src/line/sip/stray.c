/* Answers to our INVITEs that no call waits for: repeated ones after the call is gone (timer D of
 * RFC 3261 17.1.1.2), late ones, and those of further branches of a fork (13.2.2.4). They are
 * acknowledged; a telephone that was answered in vain is hung up again. */
#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "line/sip/sip_priv.h"

enum { CSEQ_AHEAD = 1000 }; /* beyond whatever the call itself sent */

/* The tag is made from the Call-ID, so that an answer can be known for one of ours without its
 * call, and a stranger cannot make us send. */
void stray_tag(const struct sip *s, struct span call_id, char out[24])
{
    snprintf(out, 24, "k%016llx",
             (unsigned long long)hash_bytes(call_id.p, call_id.len, ~s->secret));
}

/* The trunk an answer came from: of several at one host the one with this port. */
static struct sip_trunk *trunk_at(const struct sip *s, const struct hop *from)
{
    struct sip_trunk *host = from->trunk;

    if (host)
        return host;
    list_for_each(&s->trunks, n)
    {
        struct sip_trunk *t = list_entry(n, struct sip_trunk, node);

        if (!targets_has(&t->targets, &from->addr))
            continue;
        if (sip_port(&t->hop.addr) == sip_port(&from->addr))
            return t;
        host = host ? host : t;
    }
    return host;
}

/* The ACK of a rejection. Its Via is the INVITE's, as the answer brings it back; its request URI
 * is made as the INVITE's was, unless that was redirected. */
static void acknowledge_rejection(struct sip *s, const struct message *m, const struct hop *from)
{
    const struct sip_trunk *t = trunk_at(s, from);
    char uri[URI_MAX], out[WIRE_MAX];
    struct address to;
    int n;

    if (!message_address(m->to, &to))
        return;
    if (t)
        snprintf(uri, sizeof(uri), "%s:%.*s@%s", t->scheme, (int)to.user.len, to.user.p, t->at);
    else if (span_copy(to.uri, uri, sizeof(uri)))
        return;
    n = snprintf(out, sizeof(out),
                 "ACK %s SIP/2.0\r\nVia: SIP/2.0/%s %.*s;branch=%.*s;rport\r\n"
                 "Max-Forwards: 70\r\nFrom: %.*s\r\nTo: %.*s\r\nCall-ID: %.*s\r\nCSeq: %u ACK\r\n"
                 "Content-Length: 0\r\n\r\n",
                 uri, sip_protocol_word(from->protocol), (int)m->sent_by.len, m->sent_by.p,
                 (int)m->branch.len, m->branch.p, (int)m->from.len, m->from.p, (int)m->to.len,
                 m->to.p, (int)m->call_id.len, m->call_id.p, m->cseq);
    if (n > 0 && (size_t)n < sizeof(out))
        sip_transmit(s, from, out, (size_t)n);
}

/* A header value without its tag parameter. */
static int without_tag(struct span value, char *out, size_t size)
{
    struct address a;

    if (!message_address(value, &a) || a.uri.len + 3 > size)
        return -1;
    snprintf(out, size, "<%.*s>", (int)a.uri.len, a.uri.p);
    return 0;
}

/* The dialog that the answer made, without anybody to tell of it. */
static int fill(struct sip_call *c, const struct message *m, const struct hop *from)
{
    c->told = c->telling = true;
    c->trunk = trunk_at(c->sip, from);
    c->peer = c->asked = *from;
    c->invite_cseq = m->cseq;
    c->cseq = m->cseq + CSEQ_AHEAD;
    if (span_copy(m->call_id, c->call_id, sizeof(c->call_id)) ||
        span_copy(m->from_tag, c->our_tag, sizeof(c->our_tag)) ||
        without_tag(m->from, c->our_uri, sizeof(c->our_uri)) ||
        without_tag(m->to, c->their_uri, sizeof(c->their_uri)) || caller_adopt(c, m) ||
        !c->target[0])
        return -1;
    return 0;
}

/* Each time the answer comes it is acknowledged, but hung up once: the BYE looks after itself. The
 * far side has 64*T1 to repeat it; the ring is longer than the forks that may answer in that time,
 * and one BYE too many does no harm. */
static void let_go(struct sip *s, const struct message *m, const struct hop *from)
{
    struct sip_call *c = sip_call_take(s);
    char text[CALL_ID_MAX + TAG_MAX];
    uint64_t key;
    int n = snprintf(text, sizeof(text), "%.*s %.*s", (int)m->call_id.len, m->call_id.p,
                     (int)m->to_tag.len, m->to_tag.p ? m->to_tag.p : "");

    if (!c) /* it comes again */
        return;
    if (n < 0 || (size_t)n >= sizeof(text) || fill(c, m, from)) {
        c->told = true;
        sip_call_finish(c);
        return;
    }
    caller_ack(c);
    key = sip_hash(s, text, (size_t)n);
    for (unsigned i = 0; i < FORK_RING; i++) {
        if (s->forks[i] == key) {
            sip_call_finish(c);
            return;
        }
    }
    s->forks[s->fork_next++ % FORK_RING] = key;
    dialog_bye(c);
}

void stray_response(struct sip *s, const struct message *m, const struct hop *from)
{
    char tag[24];

    stray_tag(s, m->call_id, tag);
    if (!span_is(m->from_tag, tag)) {
        s->stats.strangers++;
        return;
    }
    if (!span_is(m->cseq_method, "INVITE") || m->status < 200)
        return;
    if (m->status >= 300)
        acknowledge_rejection(s, m, from);
    else
        let_go(s, m, from);
}
