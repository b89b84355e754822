/* Trunks and their registration (RFC 3261 10). */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "line/sip/digest.h"
#include "line/sip/sip_priv.h"

enum { AGAIN_MS = 30000, EXPIRES_DEFAULT = 3600, EXPIRES_MIN = 10 };

static void send_register(struct sip_trunk *t);

static int resolve(struct sip_trunk *t, struct error *err)
{
    const struct addrinfo hints = {.ai_family = t->sip->local.ss_family,
                                   .ai_socktype = SOCK_DGRAM,
                                   .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found;
    char port[8];
    int rc;

    snprintf(port, sizeof(port), "%u", t->config.port ? t->config.port : 5060U);
    rc = getaddrinfo(t->host, port, &hints, &found);
    if (rc)
        return error_set(err, -EHOSTUNREACH, t->host, "check the trunk's host name",
                         "cannot find this host: %s", gai_strerror(rc));
    memcpy(&t->addr, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    return 0;
}

static void on_retry(struct timer *timer)
{
    struct sip_trunk *t = container_of(timer, struct sip_trunk, retry);

    t->interval_ms = t->interval_ms * 2 < T2_MS ? t->interval_ms * 2 : T2_MS;
    t->sip->stats.retransmitted++;
    sip_transmit(t->sip, &t->addr, t->wire, t->wire_len);
    timer_start(loop_wheel(t->sip->config.loop), &t->retry, t->interval_ms);
}

static void tell(struct sip_trunk *t, bool registered, int status, const char *why)
{
    t->registered = registered;
    if (t->sip->handler && t->sip->handler->trunk_state)
        t->sip->handler->trunk_state(t, t->sip->arg, registered, status, why);
}

/* Time to register (again), or nobody answered. */
static void on_timer(struct timer *timer)
{
    struct sip_trunk *t = container_of(timer, struct sip_trunk, timer);

    if (timer_running(&t->retry)) {
        timer_stop(&t->retry);
        t->branch[0] = '\0';
        t->sip->stats.timeouts++;
        tell(t, false, 0, "no answer");
        timer_start(loop_wheel(t->sip->config.loop), &t->timer, AGAIN_MS);
        return;
    }
    t->tries = 0;
    send_register(t);
}

static void send_register(struct sip_trunk *t)
{
    int64_t expires = t->config.register_s ? t->config.register_s : EXPIRES_DEFAULT;
    int n;

    snprintf(t->branch, sizeof(t->branch), "z9hG4bKr%x.%x.%08x", t->index, ++t->txn, random_u32());
    n = snprintf(t->wire, sizeof(t->wire),
                 "REGISTER sip:%s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=%s;rport\r\n"
                 "Max-Forwards: 70\r\nFrom: <sip:%s@%s>;tag=%s\r\nTo: <sip:%s@%s>\r\n"
                 "Call-ID: %s\r\nCSeq: %u REGISTER\r\nContact: <sip:%s@%s>\r\nExpires: %lld\r\n"
                 "%s%s%s%sContent-Length: 0\r\n\r\n",
                 t->domain, t->here, t->branch, t->user, t->domain, t->tag, t->user, t->domain,
                 t->call_id, ++t->cseq, t->user, t->here, (long long)expires, t->auth,
                 t->sip->config.user_agent ? "User-Agent: " : "",
                 t->sip->config.user_agent ? t->sip->config.user_agent : "",
                 t->sip->config.user_agent ? "\r\n" : "");
    if (n < 0 || (size_t)n >= sizeof(t->wire)) {
        tell(t, false, 0, "the REGISTER is too long");
        return;
    }
    t->wire_len = (size_t)n;
    t->interval_ms = sip_t1(t->sip);
    sip_transmit(t->sip, &t->addr, t->wire, t->wire_len);
    timer_start(loop_wheel(t->sip->config.loop), &t->retry, t->interval_ms);
    timer_start(loop_wheel(t->sip->config.loop), &t->timer, sip_64t1(t->sip));
}

static bool answer_challenge(struct sip_trunk *t, const struct message *m)
{
    bool proxy = m->status == 407;
    char uri[270];

    snprintf(uri, sizeof(uri), "sip:%s", t->domain);
    for (unsigned i = 0; i < 8 && t->config.user; i++) {
        struct span c =
            message_header(m, proxy ? HEADER_PROXY_AUTHENTICATE : HEADER_WWW_AUTHENTICATE, i);

        if (!c.p)
            return false;
        if (!digest_usable(c))
            continue;
        if ((t->tries > 0 && !digest_stale(c)) || ++t->tries > AUTH_TRIES)
            return false;
        return digest_answer(c, proxy, "REGISTER", uri, t->config.user, t->password, 1, t->auth,
                             sizeof(t->auth)) > 0;
    }
    return false;
}

/* How long the registrar keeps us: of our own Contact, else the Expires header. */
static int64_t granted(const struct sip_trunk *t, const struct message *m)
{
    struct span contact, expires = message_header(m, HEADER_EXPIRES, 0);

    for (unsigned i = 0; (contact = message_header(m, HEADER_CONTACT, i)).p; i++) {
        if (!span_has(contact, t->here))
            continue;
        for (size_t k = 0; k + 9 < contact.len; k++)
            if (strncasecmp(contact.p + k, ";expires=", 9) == 0)
                return span_number((struct span){contact.p + k + 9, contact.len - k - 9});
    }
    return expires.p ? span_number(expires) : EXPIRES_DEFAULT;
}

void trunk_response(struct sip_trunk *t, const struct message *m)
{
    struct wheel *w = loop_wheel(t->sip->config.loop);
    struct span after = message_header(m, HEADER_RETRY_AFTER, 0);
    int64_t expires;
    char why[64];

    if (m->status < 200 || !span_is(m->call_id, t->call_id))
        return;
    timer_stop(&t->retry);
    timer_stop(&t->timer);
    t->branch[0] = '\0';
    if (m->status < 300) {
        expires = granted(t, m);
        if (expires < EXPIRES_MIN)
            expires = EXPIRES_MIN;
        t->auth[0] = '\0'; /* a nonce may be used up: asked anew next time */
        timer_start(w, &t->timer, expires * 900);
        tell(t, true, m->status, "");
        return;
    }
    if ((m->status == 401 || m->status == 407) && answer_challenge(t, m)) {
        send_register(t);
        return;
    }
    t->auth[0] = '\0';
    if (span_copy(m->reason, why, sizeof(why)))
        why[0] = '\0';
    timer_start(w, &t->timer, after.p && span_number(after) ? span_number(after) * 1000 : AGAIN_MS);
    tell(t, false, m->status, why);
}

static int copy(char *out, size_t size, const char *text)
{
    return snprintf(out, size, "%s", text ? text : "") < (int)size ? 0 : -ENAMETOOLONG;
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
    t->index = s->trunk_count;
    t->timer.fn = on_timer;
    t->retry.fn = on_retry;
    if (copy(t->name, sizeof(t->name), c->name) || copy(t->host, sizeof(t->host), c->host) ||
        copy(t->user, sizeof(t->user), c->user) ||
        copy(t->password, sizeof(t->password), c->password) ||
        copy(t->domain, sizeof(t->domain), c->domain ? c->domain : c->host))
        rc = error_set(err, -ENAMETOOLONG, c->name, NULL, "a text of the trunk is too long");
    else
        rc = resolve(t, err);
    if (!rc) {
        rc = sip_here(s, &t->addr, t->here, sizeof(t->here));
        if (rc)
            error_set(err, rc, t->host, NULL, "no way to this host: %s", strerror(-rc));
    }
    if (rc) {
        free(t);
        return rc;
    }
    t->config.name = t->name;
    t->config.host = t->host;
    t->config.user = c->user ? t->user : NULL;
    t->config.password = t->password;
    t->config.domain = t->domain;
    random_token(t->call_id, 33);
    random_token(t->tag, 13);
    t->cseq = random_u32() & 0xffff;
    s->trunk_count++;
    list_append(&s->trunks, &t->node);
    if (c->do_register)
        send_register(t);
    *out = t;
    return 0;
}

bool sip_trunk_ready(const struct sip_trunk *t)
{
    return t->registered || !t->config.do_register;
}

void trunk_free(struct sip_trunk *t)
{
    timer_stop(&t->timer);
    timer_stop(&t->retry);
    list_remove(&t->node);
    free(t);
}
