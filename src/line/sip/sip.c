/* The endpoint: the pool of calls, which message goes where. See sip.h. */
#include "line/sip/sip.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/rng.h"
#include "line/sip/sip_priv.h"

/* Messages shorter than this are keep-alives. UNREACHABLE_T1: how many T1 a call may go on that the
 * network cannot deliver: the far side may be starting just now. */
enum { MESSAGE_MIN = 20, UNREACHABLE_T1 = 8, PORT_TRIES = 8 };

/* ---- time ----------------------------------------------------------------------------------- */

int64_t sip_t1(const struct sip *s)
{
    return s->config.t1_ms ? s->config.t1_ms : 500;
}

int64_t sip_64t1(const struct sip *s)
{
    return 64 * sip_t1(s);
}

void sip_call_start(struct sip_call *c, struct timer *t, int64_t ms)
{
    timer_start(loop_wheel(c->sip->config.loop), t, ms);
}

uint64_t sip_hash(const struct sip *s, const char *p, size_t len)
{
    return hash_bytes(p, len, s->secret) | 1;
}

/* ---- the pool ------------------------------------------------------------------------------- */

static void on_tell(struct timer *t)
{
    struct sip_call *c = container_of(t, struct sip_call, tell);

    c->told = true;
    if (c->taken && c->handler->ended)
        c->handler->ended(c, c->arg, &c->result);
    c->handler = NULL;
    c->taken = false;
    if (c->state == CALL_OVER)
        sip_call_finish(c);
}

static void on_retry(struct timer *t)
{
    struct sip_call *c = container_of(t, struct sip_call, retry);

    c->sip->stats.retransmitted++;
    sip_transmit(c->sip, c->resend_to, c->wire, c->wire_len);
    c->interval_ms *= 2;
    /* Timer A doubles without a limit, E and G and the one of 2xx up to T2. */
    if (c->state != CALL_CALLING && c->interval_ms > T2_MS)
        c->interval_ms = T2_MS;
    sip_call_start(c, t, c->interval_ms);
}

static void on_over(struct timer *t)
{
    struct sip_call *c = container_of(t, struct sip_call, over);

    timer_stop(&c->retry);
    if (c->incoming && c->state != CALL_BYE)
        callee_timeout(c);
    else
        caller_timeout(c);
}

static void on_ring(struct timer *t)
{
    struct sip_call *c = container_of(t, struct sip_call, ring);

    caller_rang_out(c);
}

/* Sends c->wire now and, where it may get lost, again until the timer `retry` is stopped; after
 * limit_ms `over` fires. */
void sip_resend(struct sip_call *c, const struct hop *to, const char *wire, size_t len,
                int64_t limit_ms)
{
    if (wire != c->wire)
        memcpy(c->wire, wire, len);
    c->wire_len = len;
    c->interval_ms = sip_t1(c->sip);
    c->resend_to = to;
    sip_transmit(c->sip, to, c->wire, len);
    if (to->protocol == SIP_UDP)
        sip_call_start(c, &c->retry, c->interval_ms);
    sip_call_start(c, &c->over, limit_ms);
}

/* Until the ACK, over streams too: what carries it further on may lose it (RFC 3261 13.3.1.4). */
void sip_resend_2xx(struct sip_call *c, size_t len)
{
    sip_resend(c, &c->peer, c->wire, len, sip_64t1(c->sip));
    sip_call_start(c, &c->retry, c->interval_ms);
}

struct sip_call *sip_call_take(struct sip *s)
{
    struct list_node *n = list_pop(&s->idle);
    struct sip_call *c;
    uint32_t slot, generation;

    if (!n)
        return NULL;
    c = list_entry(n, struct sip_call, node);
    slot = c->slot;
    generation = c->generation;
    /* The large texts are written before they are read. */
    memset(c, 0, offsetof(struct sip_call, branch));
    c->branch[0] = c->invite_branch[0] = c->call_id[0] = c->our_tag[0] = c->their_tag[0] = '\0';
    c->early_tag[0] = c->our_uri[0] = c->their_uri[0] = c->target[0] = c->route[0] = '\0';
    c->to_user[0] = c->from_user[0] = c->extra[0] = c->sdp[0] = '\0';
    c->sdp_len = c->wire_len = 0;
    credentials_clear(&c->auth);
    c->can_update = true; /* until they say otherwise */
    c->sip = s;
    c->slot = slot;
    c->generation = generation + 1;
    c->retry.fn = on_retry;
    c->over.fn = on_over;
    c->ring.fn = on_ring;
    c->tell.fn = on_tell;
    c->session.fn = session_due;
    list_append(&s->busy, &c->node);
    s->stats.calls++;
    return c;
}

int sip_call_enter(struct sip_call *c)
{
    return map_put(&c->sip->calls, sip_hash(c->sip, c->call_id, strlen(c->call_id)), c);
}

/* The call's result is settled: the first one holds. `ended` follows from the loop. */
void sip_call_over(struct sip_call *c, enum sip_end end, int status, struct span reason)
{
    size_t n = 0;

    timer_stop(&c->ring);
    if (c->telling || c->told)
        return;
    c->result.end = end;
    if (status)
        c->result.status = status;
    for (size_t i = 0; i < reason.len && n + 1 < sizeof(c->result.reason); i++)
        if ((unsigned char)reason.p[i] >= ' ' && reason.p[i] != '"' && reason.p[i] != '\x7f')
            c->result.reason[n++] = reason.p[i];
    c->result.reason[n] = '\0';
    error_clean(c->result.reason); /* whole UTF-8, though the limit or they may have broken it */
    c->telling = true;
    sip_call_start(c, &c->tell, 0);
}

void sip_call_finish(struct sip_call *c)
{
    uint64_t key = sip_hash(c->sip, c->call_id, strlen(c->call_id));

    c->state = CALL_OVER;
    timer_stop(&c->retry);
    timer_stop(&c->over);
    timer_stop(&c->ring);
    timer_stop(&c->session);
    if (!c->told)
        return;
    if (map_get(&c->sip->calls, key) == c)
        map_del(&c->sip->calls, key);
    c->state = CALL_FREE;
    list_remove(&c->node);
    list_append(&c->sip->idle, &c->node);
    c->sip->stats.calls--;
}

/* ---- which message goes where --------------------------------------------------------------- */

static bool of_call(const struct sip_call *c, const struct message *m)
{
    return span_is(m->call_id, c->call_id);
}

static struct sip_call *find_call(const struct sip *s, const struct message *m)
{
    struct sip_call *c = map_get(&s->calls, sip_hash(s, m->call_id.p, m->call_id.len));

    return c && of_call(c, m) ? c : NULL;
}

static struct sip_trunk *find_trunk(const struct sip *s, struct span branch)
{
    list_for_each(&s->trunks, n)
    {
        struct sip_trunk *t = list_entry(n, struct sip_trunk, node);

        if (t->branch[0] && span_is(branch, t->branch))
            return t;
    }
    return NULL;
}

/* The call that made this branch, by the slot in it. */
static struct sip_call *find_by_branch(struct sip *s, struct span text)
{
    char branch[BRANCH_MAX];
    unsigned slot, generation;
    struct sip_call *c;

    if (span_copy(text, branch, sizeof(branch)) ||
        sscanf(branch, "z9hG4bKc%x.%x.", &slot, &generation) != 2 || slot >= s->config.calls_max)
        return NULL;
    c = &s->pool[slot];
    if (c->state == CALL_FREE || c->generation != generation)
        return NULL;
    return strcmp(branch, c->branch) == 0 || strcmp(branch, c->invite_branch) == 0 ? c : NULL;
}

/* Answers come from where the request went (RFC 3581 4), another port is let pass; or by whatever
 * stream the trunk has now. Whoever else knows the branch is somebody further on, who has to answer
 * through the trunk. */
static bool from_asked(struct sip *s, const struct sip_call *c, const struct hop *from)
{
    char theirs[80], asked[80];

    if (sip_same_host(&from->addr, &c->asked.addr) || sip_same_host(&from->addr, &c->peer.addr) ||
        (from->trunk && from->trunk == c->trunk))
        return true;
    s->stats.strangers++;
    if (log_allow(&s->warned, 10000)) {
        sip_addr_text(&from->addr, theirs, sizeof(theirs));
        sip_addr_text(&c->asked.addr, asked, sizeof(asked));
        log_warn("an answer came from another address than was asked; it is not taken",
                 "from=%s asked=%s", theirs, asked);
    }
    return false;
}

static void take_response(struct sip *s, const struct message *m, const struct hop *from)
{
    struct sip_call *c = find_by_branch(s, m->branch);
    struct sip_trunk *t = c ? NULL : find_trunk(s, m->branch);

    if (!c && !t) {
        stray_response(s, m, from);
    } else if (t) {
        trunk_response(t, m, from);
    } else if (!of_call(c, m) || !span_is(m->from_tag, c->our_tag)) {
        s->stats.strangers++;
    } else if (!from_asked(s, c, from)) {
        return;
    } else if (span_is(m->cseq_method, "INVITE")) {
        if (m->cseq == c->invite_cseq && span_is(m->branch, c->invite_branch))
            caller_response(c, m, from);
    } else if (span_is(m->cseq_method, "CANCEL")) {
        if (c->state == CALL_CANCELLING && m->status >= 200)
            timer_stop(&c->retry); /* the INVITE's own answer decides */
    } else if (m->cseq == c->cseq && span_is(m->branch, c->branch)) {
        dialog_response(c, m);
    }
}

/* The network could not deliver a message of ours: "INVITE … branch=…". */
void sip_undelivered(struct sip *s, const char *text)
{
    const char *branch = strstr(text, ";branch=");
    struct sip_trunk *t;
    struct sip_call *c;
    struct span b;

    if (!branch || strncmp(text, "SIP/2.0", 7) == 0)
        return;
    b = (struct span){branch + 8, strcspn(branch + 8, ";,\r\n \t")};
    c = find_by_branch(s, b);
    t = c ? NULL : find_trunk(s, b);
    if (t)
        trunk_undelivered(t);
    if (!c)
        return;
    if (c->state == CALL_BYE && span_is(b, c->branch)) {
        sip_call_finish(c); /* nobody is left to hear it */
    } else if (c->state == CALL_CALLING && !c->unreachable) {
        c->unreachable = true;
        sip_call_start(c, &c->over, trunk_has_other(c->trunk) ? 0 : UNREACHABLE_T1 * sip_t1(s));
    }
}

/* A BYE whose 200 was lost comes again after its call is gone. */
static bool ended_lately(const struct sip *s, const struct message *m)
{
    uint64_t h = sip_hash(s, m->branch.p ? m->branch.p : "", m->branch.len);

    for (unsigned i = 0; i < ENDED_RING; i++)
        if (s->ended[i] == h)
            return true;
    return false;
}

static void take_other(struct sip *s, const struct message *m, const struct hop *from)
{
    if (span_is(m->method, "OPTIONS"))
        respond(s, m, from, 200, "OK", "o", SIP_ALLOW "Accept: application/sdp\r\n");
    else if (span_is(m->method, "BYE") && ended_lately(s, m))
        respond(s, m, from, 200, "OK", NULL, NULL);
    else if (span_is(m->method, "BYE") || span_is(m->method, "CANCEL") || m->to_tag.p)
        respond(s, m, from, 481, "Call/Transaction Does Not Exist", "n", NULL);
    else
        respond(s, m, from, 405, "Method Not Allowed", "n", SIP_ALLOW);
}

static void take_request(struct sip *s, const struct message *m, const struct hop *from)
{
    struct sip_call *c = find_call(s, m);
    bool ack = span_is(m->method, "ACK");

    if (m->method.len != m->cseq_method.len ||
        memcmp(m->method.p, m->cseq_method.p, m->method.len) != 0) {
        s->stats.malformed++;
        if (!ack) /* RFC 3261 8.1.1.5 */
            respond(s, m, from, 400, "CSeq Does Not Match", "m", NULL);
        return;
    }
    if (ack && c)
        callee_ack(c, m, from);
    else if (ack)
        return;
    else if (c && span_is(m->method, "CANCEL"))
        callee_cancel(c, m, from);
    else if (c)
        dialog_request(c, m, from);
    else if (span_is(m->method, "INVITE") && !m->to_tag.p)
        callee_invite(s, m, from);
    else
        take_other(s, m, from);
}

void sip_receive(struct sip *s, const char *data, size_t len, const struct sockaddr_storage *from)
{
    sip_take(s, data, len, &(struct hop){.addr = *from});
}

void sip_take(struct sip *s, const char *data, size_t len, const struct hop *from)
{
    struct message m;

    s->stats.received++;
    if (len < MESSAGE_MIN)
        return;
    if (message_parse(data, len, &m)) {
        s->stats.malformed++;
        return;
    }
    if (m.request)
        take_request(s, &m, from);
    else
        take_response(s, &m, from);
    message_free(&m);
}

/* ---- life ----------------------------------------------------------------------------------- */

/* Where any port will do, the one that UDP got may be taken for TCP: another is tried then. */
static int open_transports(struct sip *s, struct error *err)
{
    for (int i = 1;; i++) {
        struct error own = {0};
        int rc = sip_open_socket(s, &own);

        if (!rc)
            rc = links_open(s, &own);
        if (!rc)
            return 0;
        if (rc != -EADDRINUSE || sip_port(&s->config.local) || i == PORT_TRIES)
            return error_set(err, rc, own.place, own.remedy, "%s", own.message);
        links_close(s);
        sip_close_socket(s);
    }
}

/* Zeroed pages, which are there once they are written. */
static struct sip_call *make_pool(unsigned calls_max)
{
    void *pool = mmap(NULL, calls_max * sizeof(struct sip_call), PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return pool == MAP_FAILED ? NULL : pool;
}

int sip_new(struct sip **out, const struct sip_config *config, const struct sip_handler *h,
            void *arg, struct error *err)
{
    struct sip *s = calloc(1, sizeof(*s));
    int rc;

    if (!s)
        return error_set(err, -ENOMEM, "sip", NULL, "out of memory");
    s->config = *config;
    s->handler = h;
    s->arg = arg;
    s->watch.fd = -1;
    random_bytes(&s->secret, sizeof(s->secret));
    list_init(&s->idle);
    list_init(&s->busy);
    list_init(&s->trunks);
    s->pool = make_pool(config->calls_max);
    if (!config->transport)
        s->buffers = malloc((size_t)SIP_BATCH * SIP_DATAGRAM_MAX);
    if (!s->pool || (!s->buffers && !config->transport)) {
        rc = error_set(err, -ENOMEM, "sip", "fewer calls at once", "out of memory");
        goto fail;
    }
    for (unsigned i = 0; i < config->calls_max; i++) {
        s->pool[i].slot = i;
        list_append(&s->idle, &s->pool[i].node);
    }
    s->local = config->local;
    sip_addr_text(&s->local, s->here, sizeof(s->here));
    rc = config->transport ? links_open(s, err) : open_transports(s, err);
    if (rc)
        goto fail;
    *out = s;
    return 0;
fail:
    sip_free(s);
    return rc;
}

void sip_free(struct sip *s)
{
    if (!s)
        return;
    list_for_each_safe(&s->busy, n, next)
    {
        struct sip_call *c = list_entry(n, struct sip_call, node);

        timer_stop(&c->retry);
        timer_stop(&c->over);
        timer_stop(&c->ring);
        timer_stop(&c->session);
        timer_stop(&c->tell);
    }
    links_close(s);
    resolver_free(s->resolver);
    list_for_each_safe(&s->trunks, n, next) trunk_free(list_entry(n, struct sip_trunk, node));
    sip_close_socket(s);
    map_free(&s->calls);
    if (s->pool)
        munmap(s->pool, s->config.calls_max * sizeof(*s->pool));
    free(s->buffers);
    free(s);
}

void sip_local(const struct sip *s, struct sockaddr_storage *out)
{
    *out = s->local;
}

void sip_local_tls(const struct sip *s, struct sockaddr_storage *out)
{
    *out = s->config.tls_local;
}

void sip_read_stats(const struct sip *s, struct sip_stats *out)
{
    *out = s->stats;
}

/* ---- what both kinds of call share ---------------------------------------------------------- */

void sip_call_hangup(struct sip_call *c, int reason_q850)
{
    c->q850 = reason_q850;
    if (c->telling || c->told)
        return;
    if (c->incoming)
        callee_hangup(c);
    else
        caller_hangup(c);
}

bool sip_call_heard(const struct sip_call *c)
{
    return c->state != CALL_CALLING;
}

const char *sip_call_id(const struct sip_call *c)
{
    return c->call_id;
}

const char *sip_call_to_user(const struct sip_call *c)
{
    return c->to_user;
}

const char *sip_call_from_user(const struct sip_call *c)
{
    return c->from_user;
}

const char *sip_call_offer(const struct sip_call *c, size_t *len)
{
    *len = c->sdp_len;
    return c->sdp_len ? c->sdp : NULL;
}
