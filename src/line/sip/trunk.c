/* Trunks and their registration (RFC 3261 10). */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "line/sip/sip_priv.h"
#include "line/sip/tls.h"

enum { EXPIRES_DEFAULT = 3600, EXPIRES_MIN = 10 };
enum {
    AGAIN_MS = 30000,
    AGAIN_UNREACHABLE_MS = 4000,
    AGAIN_OTHER_MS = 100,
    AGAIN_LEAST_MS = 2000,
    AGAIN_MOST_S = 3600
};

static void on_retry(struct timer *timer)
{
    struct sip_trunk *t = container_of(timer, struct sip_trunk, retry);

    t->interval_ms = t->interval_ms * 2 < T2_MS ? t->interval_ms * 2 : T2_MS;
    t->sip->stats.retransmitted++;
    sip_transmit(t->sip, &t->hop, t->wire, t->wire_len);
    timer_start(loop_wheel(t->sip->config.loop), &t->retry, t->interval_ms);
}

static int64_t now_ms(const struct sip_trunk *t)
{
    return wheel_now_ms(loop_wheel(t->sip->config.loop));
}

static void wait(struct sip_trunk *t, int64_t ms)
{
    timer_start(loop_wheel(t->sip->config.loop), &t->timer, ms);
}

void trunk_tell(struct sip_trunk *t, bool registered, int status, const char *why)
{
    t->registered = registered;
    if (t->sip->handler && t->sip->handler->trunk_state)
        t->sip->handler->trunk_state(t, t->sip->arg, registered, status, why);
}

void trunk_halt(struct sip_trunk *t)
{
    timer_stop(&t->retry);
    timer_stop(&t->timer);
    t->branch[0] = '\0';
    t->lengthened = false;
    credentials_clear(&t->auth);
}

/* A refresh that fails leaves the old registration standing as long as it was granted: it is tried
 * again before that. */
static void failed(struct sip_trunk *t, int status, const char *why, int64_t again_ms)
{
    int64_t left = t->registered ? t->valid_until - now_ms(t) : 0;

    trunk_halt(t);
    if (left > AGAIN_LEAST_MS && status != 403) {
        wait(t, again_ms < left / 2 ? again_ms : left / 2);
        return;
    }
    wait(t, again_ms);
    trunk_tell(t, false, status, why);
}

/* Time to register (again), or nobody answered. */
static void on_timer(struct timer *timer)
{
    struct sip_trunk *t = container_of(timer, struct sip_trunk, timer);

    if (t->branch[0]) {
        t->sip->stats.timeouts++;
        failed(t, 0, "no answer", trunk_fault(t, &t->hop.addr) ? AGAIN_OTHER_MS : AGAIN_MS);
        return;
    }
    trunk_register(t);
}

void trunk_undelivered(struct sip_trunk *t)
{
    failed(t, 0, "nobody is there",
           trunk_fault(t, &t->hop.addr) ? AGAIN_OTHER_MS : AGAIN_UNREACHABLE_MS);
}

void trunk_register(struct sip_trunk *t)
{
    const char *agent = t->sip->config.user_agent;
    char auth[2 * CREDENTIALS_LINE_MAX];
    int n;

    snprintf(t->branch, sizeof(t->branch), "z9hG4bKr%x.%x.%08x", t->index, ++t->txn, random_u32());
    if (credentials_lines(&t->auth, auth, sizeof(auth)))
        auth[0] = '\0';
    n = snprintf(t->wire, sizeof(t->wire),
                 "REGISTER %s:%s SIP/2.0\r\nVia: SIP/2.0/%s %s;branch=%s;rport\r\n"
                 "Max-Forwards: 70\r\nFrom: <%s:%s@%s>;tag=%s\r\nTo: <%s:%s@%s>\r\n"
                 "Call-ID: %s\r\nCSeq: %u REGISTER\r\nContact: <%s:%s@%s%s>\r\nExpires: %lld\r\n"
                 "%s%s%s%sContent-Length: 0\r\n\r\n",
                 t->scheme, t->domain, sip_protocol_word(t->hop.protocol), t->here, t->branch,
                 t->scheme, t->user, t->domain, t->tag, t->scheme, t->user, t->domain, t->call_id,
                 ++t->cseq, t->scheme, t->user, t->here,
                 sip_transport_param(t->hop.protocol, t->config.sips), (long long)t->expires_s,
                 auth, agent ? "User-Agent: " : "", agent ? agent : "", agent ? "\r\n" : "");
    if (n < 0 || (size_t)n >= sizeof(t->wire)) {
        failed(t, 0, "the REGISTER is too long", AGAIN_MS);
        return;
    }
    t->wire_len = (size_t)n;
    t->interval_ms = sip_t1(t->sip);
    sip_transmit(t->sip, &t->hop, t->wire, t->wire_len);
    if (t->hop.protocol == SIP_UDP)
        timer_start(loop_wheel(t->sip->config.loop), &t->retry, t->interval_ms);
    wait(t, trunk_has_other(t) ? 8 * sip_t1(t->sip) : sip_64t1(t->sip));
}

/* How long the registrar keeps us: of our own Contact, else the Expires header (10.2.4). */
static int64_t granted(const struct sip_trunk *t, const struct message *m)
{
    struct span contact, s = message_header(m, HEADER_EXPIRES, 0);
    int64_t expires = s.p ? span_number(s) : EXPIRES_DEFAULT;

    for (unsigned i = 0; (contact = message_header(m, HEADER_CONTACT, i)).p; i++) {
        s = span_param(contact, "expires");
        if (s.p && span_has(contact, t->here))
            expires = span_number(s);
    }
    return expires < EXPIRES_MIN ? EXPIRES_MIN : expires;
}

static void registered(struct sip_trunk *t, const struct message *m)
{
    int64_t expires = granted(t, m);

    credentials_clear(&t->auth); /* a nonce may be used up: asked anew next time */
    t->lengthened = false;
    t->valid_until = now_ms(t) + expires * 1000;
    wait(t, expires * 900);
    trunk_tell(t, true, m->status, "");
}

/* A challenge is answered; 423 asks for a longer time (10.2.8). */
static bool try_again(struct sip_trunk *t, const struct message *m)
{
    struct span least = message_header(m, HEADER_MIN_EXPIRES, 0);
    char uri[280];

    if (m->status == 423 && !t->lengthened && least.p && span_number(least) > t->expires_s) {
        t->lengthened = true; /* once: not for ever */
        t->expires_s = span_number(least);
        return true;
    }
    snprintf(uri, sizeof(uri), "%s:%s", t->scheme, t->domain);
    return credentials_answer(&t->auth, m, "REGISTER", uri, t->config.user, t->password);
}

void trunk_response(struct sip_trunk *t, const struct message *m, const struct hop *from)
{
    struct span after = message_header(m, HEADER_RETRY_AFTER, 0);
    unsigned after_s = after.p ? span_number(after) : 0;
    char why[64];

    if (!span_is(m->call_id, t->call_id) || !span_is(m->cseq_method, "REGISTER") ||
        m->cseq != t->cseq || (from->trunk != t && !sip_same_host(&from->addr, &t->hop.addr))) {
        t->sip->stats.strangers++;
        return;
    }
    if (m->status < 200)
        return;
    timer_stop(&t->retry);
    timer_stop(&t->timer);
    t->branch[0] = '\0';
    if (m->status < 300) {
        registered(t, m);
        return;
    }
    if (try_again(t, m)) {
        trunk_register(t);
        return;
    }
    if (span_copy(m->reason, why, sizeof(why)))
        why[0] = '\0';
    after_s = after_s < AGAIN_MOST_S ? after_s : AGAIN_MOST_S;
    failed(t, m->status, error_clean(why), after_s ? after_s * 1000LL : AGAIN_MS);
}

static int copy(char *out, size_t size, const char *text)
{
    return snprintf(out, size, "%s", text ? text : "") < (int)size ? 0 : -ENAMETOOLONG;
}

static uint16_t usual_port(enum sip_protocol p)
{
    return p == SIP_TLS ? SIPS_PORT : SIP_PORT;
}

/* A name, or an address: an IPv6 one in the brackets it needs in a URI. */
static int copy_host(char *out, size_t size, const char *host)
{
    bool bare = strchr(host, ':') && host[0] != '[';
    int n = snprintf(out, size, "%s%s%s", bare ? "[" : "", host, bare ? "]" : "");

    return n < (int)size ? 0 : -ENAMETOOLONG;
}

/* May it stand in a URI or in a quoted string as it is? */
static bool harmless(const char *text)
{
    for (; text && *text; text++)
        if (iscntrl((unsigned char)*text) || strchr("<>\"\\ ", *text))
            return false;
    return true;
}

static int copy_texts(struct sip_trunk *t, const struct sip_trunk_config *c, struct error *err)
{
    const char *domain = c->domain && c->domain[0] ? c->domain : c->host;
    size_t n;

    if (!harmless(c->host) || !harmless(c->user) || !harmless(domain))
        return error_set(err, -EINVAL, c->name, "remove spaces, quotes and brackets",
                         "the trunk's host, user or domain cannot stand in a SIP address");
    if (copy(t->name, sizeof(t->name), c->name) || copy(t->host, sizeof(t->host), c->host) ||
        copy(t->user, sizeof(t->user), c->user) ||
        copy(t->password, sizeof(t->password), c->password) ||
        copy_host(t->domain, sizeof(t->domain), domain) ||
        copy_host(t->at, sizeof(t->at), c->host) ||
        copy(t->ca_file, sizeof(t->ca_file), c->tls.ca_file) ||
        copy(t->cert_file, sizeof(t->cert_file), c->tls.cert_file) ||
        copy(t->key_file, sizeof(t->key_file), c->tls.key_file))
        return error_set(err, -ENAMETOOLONG, c->name, NULL, "a text of the trunk is too long");
    n = strlen(t->at);
    if (t->config.port != usual_port(c->protocol))
        snprintf(t->at + n, sizeof(t->at) - n, ":%u", t->config.port);
    return 0;
}

int sip_trunk_add(struct sip *s, const struct sip_trunk_config *c, struct sip_trunk **out,
                  struct error *err)
{
    struct sip_trunk *t = calloc(1, sizeof(*t));
    int rc;

    if (!t)
        return error_set(err, -ENOMEM, c->name, NULL, "out of memory");
    t->sip = s;
    t->config = *c;
    if (!c->port)
        t->config.port = usual_port(c->protocol);
    t->hop.protocol = c->protocol;
    t->hop.trunk = c->protocol == SIP_UDP ? NULL : t;
    t->scheme = c->sips ? "sips" : "sip";
    t->index = s->trunk_count;
    t->timer.fn = on_timer;
    t->retry.fn = on_retry;
    t->expires_s = c->register_s ? c->register_s : EXPIRES_DEFAULT;
    rc = copy_texts(t, c, err);
    if (!rc && c->protocol == SIP_TLS)
        rc = sip_tls_client(&t->tls, &c->tls, err);
    if (rc) {
        free(t);
        return rc;
    }
    t->config.name = t->name;
    t->config.host = t->host;
    t->config.user = c->user ? t->user : NULL;
    t->config.password = t->password;
    t->config.domain = t->domain;
    t->config.tls = (struct sip_tls){t->ca_file, t->cert_file, t->key_file, c->tls.unverified};
    random_token(t->call_id, 33);
    random_token(t->tag, 13);
    t->cseq = random_u32() & 0xffff;
    s->trunk_count++;
    list_append(&s->trunks, &t->node);
    t->lookup.port = c->port;
    *out = t;
    rc = trunk_locate(t, err);
    if (rc) {
        *out = NULL;
        trunk_free(t);
    }
    return rc;
}

bool sip_trunk_ready(const struct sip_trunk *t)
{
    if (!t->found || (t->hop.protocol != SIP_UDP && !t->linked_ms))
        return false;
    return !t->config.do_register || (t->registered && now_ms(t) < t->valid_until);
}

void trunk_free(struct sip_trunk *t)
{
    timer_stop(&t->timer);
    timer_stop(&t->retry);
    timer_stop(&t->again);
    timer_stop(&t->ask);
    list_remove(&t->node);
    SSL_CTX_free(t->tls);
    free(t);
}
