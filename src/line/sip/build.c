/* The text of messages. */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/rng.h"
#include "line/sip/sip_priv.h"

struct text {
    char *p;
    size_t size, len;
    bool full;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *t, const char *format, ...)
{
    va_list ap;
    int n;

    if (t->full)
        return;
    va_start(ap, format);
    n = vsnprintf(t->p + t->len, t->size - t->len, format, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= t->size - t->len)
        t->full = true;
    else
        t->len += (size_t)n;
}

static size_t done(const struct text *t)
{
    return t->full ? 0 : t->len;
}

static void add_body(struct text *t, const char *sdp, size_t len)
{
    if (sdp && len)
        add(t, "Content-Type: application/sdp\r\nContent-Length: %zu\r\n\r\n%.*s", len, (int)len,
            sdp);
    else
        add(t, "Content-Length: 0\r\n\r\n");
}

/* The branch leads back to the call without a search: slot, generation, number of the request. What
 * nobody can guess comes last. */
void build_branch(struct sip_call *c)
{
    snprintf(c->branch, sizeof(c->branch), "z9hG4bKc%x.%x.%x.%08x", c->slot, c->generation,
             ++c->txn, random_u32());
}

/* Our address as the far side of this call sees it. */
static const char *here_of(const struct sip_call *c, const struct hop *to, char *buf, size_t size)
{
    const struct sip_link *l = to->protocol == SIP_UDP ? NULL : link_of(c->sip, to);

    if (l)
        return l->here;
    if (c->trunk)
        return c->trunk->here;
    return sip_here(c->sip, &to->addr, buf, size) ? c->sip->here : buf;
}

const char *sip_transport_param(enum sip_protocol p, bool sips)
{
    static const char *const params[] = {"", ";transport=tcp", ";transport=tls"};

    return sips ? "" : params[p];
}

void build_contact(const struct sip_call *c, char *out, size_t size)
{
    bool named = c->trunk && c->from_user[0], sips = c->trunk && c->trunk->config.sips;
    char buf[80];

    snprintf(out, size, "Contact: <%s:%s%s%s%s>\r\n", sips ? "sips" : "sip",
             named ? c->from_user : "", named ? "@" : "", here_of(c, &c->peer, buf, sizeof(buf)),
             sip_transport_param(c->peer.protocol, sips));
}

size_t build_request(struct sip_call *c, char *out, size_t size, const char *method, uint32_t cseq,
                     const char *branch, const char *headers, const char *sdp, size_t sdp_len)
{
    bool plain = strcmp(method, "CANCEL") == 0 || strcmp(method, "ACK") == 0;
    /* Of the INVITE's transaction, which has one Via? */
    const struct hop *to = branch == c->invite_branch ? &c->asked : &c->peer;
    struct text t = {out, size, 0, false};
    char contact[200], here[80];

    add(&t, "%s %s SIP/2.0\r\nVia: SIP/2.0/%s %s;branch=%s;rport\r\nMax-Forwards: 70\r\n", method,
        c->target, sip_protocol_word(to->protocol), here_of(c, to, here, sizeof(here)), branch);
    add(&t, "%s", c->route);
    add(&t, "From: %s;tag=%s\r\nTo: %s%s%s\r\nCall-ID: %s\r\nCSeq: %" PRIu32 " %s\r\n", c->our_uri,
        c->our_tag, c->their_uri, c->their_tag[0] ? ";tag=" : "", c->their_tag, c->call_id, cseq,
        method);
    if (!plain) {
        build_contact(c, contact, sizeof(contact));
        add(&t, "%s", contact);
    }
    if (strcmp(method, "INVITE") == 0)
        add(&t, SIP_ALLOW);
    add(&t, "%s", headers ? headers : "");
    if (c->sip->config.user_agent && strcmp(method, "ACK") != 0)
        add(&t, "User-Agent: %s\r\n", c->sip->config.user_agent);
    add_body(&t, sdp, sdp_len);
    return done(&t);
}

/* The top Via gets what RFC 3581 asks for. */
static void add_top_via(struct text *t, struct span via, const struct hop *from)
{
    char host[INET6_ADDRSTRLEN] = "";
    unsigned port = sip_port(&from->addr);
    size_t i;

    if (from->addr.ss_family == AF_INET6)
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)&from->addr)->sin6_addr, host,
                  sizeof(host));
    else
        inet_ntop(AF_INET, &((const struct sockaddr_in *)&from->addr)->sin_addr, host,
                  sizeof(host));
    for (i = 0; i + 6 <= via.len; i++)
        if (strncasecmp(via.p + i, ";rport", 6) == 0 &&
            (i + 6 == via.len || strchr("; \t,", via.p[i + 6])))
            break;
    if (i + 6 <= via.len)
        add(t, "Via: %.*s;received=%s;rport=%u%.*s\r\n", (int)i, via.p, host, port,
            (int)(via.len - i - 6), via.p + i + 6);
    else
        add(t, "Via: %.*s;received=%s\r\n", (int)via.len, via.p, host);
}

static void add_vias(struct text *t, const struct message *m, const struct hop *from)
{
    struct span via = message_header(m, HEADER_VIA, 0);

    add_top_via(t, via, from);
    for (unsigned i = 1; (via = message_header(m, HEADER_VIA, i)).p; i++)
        add(t, "Via: %.*s\r\n", (int)via.len, via.p);
}

int build_vias(const struct message *m, const struct hop *from, char *out, size_t size)
{
    struct text t = {out, size, 0, false};

    add_vias(&t, m, from);
    return t.full ? -ENOSPC : 0;
}

size_t build_response(struct sip *s, char *out, size_t size, const struct message *m,
                      const struct hop *from, int status, const char *reason, const char *tag,
                      const char *headers, const char *sdp, size_t sdp_len)
{
    struct text t = {out, size, 0, false};

    add(&t, "SIP/2.0 %d %s\r\n", status, reason);
    add_vias(&t, m, from);
    add(&t, "From: %.*s\r\nTo: %.*s%s%s\r\nCall-ID: %.*s\r\nCSeq: %" PRIu32 " %.*s\r\n",
        (int)m->from.len, m->from.p, (int)m->to.len, m->to.p, tag && !m->to_tag.p ? ";tag=" : "",
        tag && !m->to_tag.p ? tag : "", (int)m->call_id.len, m->call_id.p, m->cseq,
        (int)m->cseq_method.len, m->cseq_method.p);
    add(&t, "%s", headers ? headers : "");
    if (s->config.user_agent)
        add(&t, "Server: %s\r\n", s->config.user_agent);
    add_body(&t, sdp, sdp_len);
    return done(&t);
}

void respond(struct sip *s, const struct message *m, const struct hop *from, int status,
             const char *reason, const char *tag, const char *headers)
{
    char out[WIRE_MAX];
    size_t n = build_response(s, out, sizeof(out), m, from, status, reason, tag, headers, NULL, 0);

    if (n)
        sip_transmit(s, from, out, n);
}

size_t build_answer(struct sip_call *c, char *out, size_t size, int status, const char *reason,
                    const char *headers, const char *sdp, size_t sdp_len)
{
    struct text t = {out, size, 0, false};
    char contact[200];

    add(&t, "SIP/2.0 %d %s\r\n%s", status, reason, c->via);
    if (status > 100 && status < 300)
        add(&t, "%s", c->record_route);
    add(&t, "From: %s;tag=%s\r\nTo: %s", c->their_uri, c->their_tag, c->our_uri);
    if (status > 100)
        add(&t, ";tag=%s", c->our_tag);
    add(&t, "\r\nCall-ID: %s\r\nCSeq: %" PRIu32 " INVITE\r\n", c->call_id, c->invite_cseq);
    if (status > 100 && status < 300) {
        build_contact(c, contact, sizeof(contact));
        add(&t, "%s" SIP_ALLOW, contact);
    }
    add(&t, "%s", headers ? headers : "");
    if (c->sip->config.user_agent)
        add(&t, "Server: %s\r\n", c->sip->config.user_agent);
    add_body(&t, sdp, sdp_len);
    return done(&t);
}

int build_routes(const struct message *m, bool reversed, char *out, size_t size)
{
    struct text t = {out, size, 0, false};
    unsigned n = 0;

    while (message_header(m, HEADER_RECORD_ROUTE, n).p)
        n++;
    out[0] = '\0';
    for (unsigned i = 0; i < n; i++) {
        struct span r = message_header(m, HEADER_RECORD_ROUTE, reversed ? n - 1 - i : i);

        add(&t, "Route: %.*s\r\n", (int)r.len, r.p);
    }
    if (t.full)
        out[0] = '\0';
    return t.full ? -ENOSPC : 0;
}
