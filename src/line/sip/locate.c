/* Where a trunk is (RFC 3263): DNS asked without waiting, again as its answers run out; which of
 * several addresses is asked, and which are down. */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/rng.h"
#include "line/sip/sip_priv.h"

enum { ASK_AGAIN_MS = 5000, ASK_AGAIN_MOST_MS = 60000 };

static int64_t now_ms(const struct sip_trunk *t)
{
    return wheel_now_ms(loop_wheel(t->sip->config.loop));
}

/* ---- which one ------------------------------------------------------------------------------ */

static void aim(struct sip_trunk *t)
{
    t->hop.addr = targets_pick(&t->targets, now_ms(t), random_u32())->addr;
}

/* A stream and a registration stay where they are: what belongs to them is there. */
void trunk_choose(struct sip_trunk *t)
{
    if (t->targets.count > 1 && t->hop.protocol == SIP_UDP && !t->config.do_register)
        aim(t);
}

bool trunk_has_other(const struct sip_trunk *t)
{
    return targets_other(&t->targets, &t->hop.addr, now_ms(t));
}

bool trunk_fault(struct sip_trunk *t, const struct sockaddr_storage *addr)
{
    bool other = targets_other(&t->targets, addr, now_ms(t));

    targets_down(&t->targets, addr, now_ms(t));
    if (other)
        aim(t);
    return other;
}

/* ---- DNS ------------------------------------------------------------------------------------ */

void trunk_begin(struct sip_trunk *t)
{
    struct sip *s = t->sip;

    t->found = true;
    aim(t);
    if (sip_here(s, &t->hop.addr, t->here, sizeof(t->here)))
        snprintf(t->here, sizeof(t->here), "%s", s->here);
    if (t->hop.protocol != SIP_UDP)
        trunk_connect(t);
    else if (t->config.do_register)
        trunk_register(t);
    else if (!t->fixed)
        trunk_tell(t, true, 0, "");
}

static void ask_later(struct sip_trunk *t, int64_t ms)
{
    timer_start(loop_wheel(t->sip->config.loop), &t->ask, ms);
}

/* What was known before stays, while DNS does not answer. */
static void on_found(struct lookup *l, const char *fault)
{
    struct sip_trunk *t = container_of(l, struct sip_trunk, lookup);
    char why[300];

    if (fault) {
        ask_later(t, t->found ? ASK_AGAIN_MOST_MS : ASK_AGAIN_MS);
        snprintf(why, sizeof(why), "cannot find %.150s: %s", t->host, fault);
        if (!t->found)
            trunk_tell(t, false, 0, why);
        return;
    }
    targets_renew(&t->targets, &l->found);
    ask_later(t, l->ttl_s * 1000LL);
    if (!t->found)
        trunk_begin(t);
}

static void on_ask(struct timer *timer)
{
    struct sip_trunk *t = container_of(timer, struct sip_trunk, ask);

    resolve(t->sip->resolver, &t->lookup);
}

/* RFC 6761 6.3: such a name is this machine, whatever DNS says. */
static bool is_localhost(const char *host)
{
    size_t n = strlen(host), m = strlen("localhost");

    return n >= m && strcasecmp(host + n - m, "localhost") == 0 &&
           (n == m || host[n - m - 1] == '.');
}

static bool numeric(struct sip_trunk *t)
{
    struct sockaddr_storage addr;

    if (!sip_numeric(t->host, &addr))
        return false;
    sip_set_port(&addr, t->config.port);
    targets_add(&t->targets, &addr, 0, 0);
    return true;
}

int trunk_locate(struct sip_trunk *t, struct error *err)
{
    static const char *const services[] = {"_sip._udp", "_sip._tcp", "_sips._tcp"};
    struct sip *s = t->sip;
    bool named = t->lookup.port != 0; /* the port: then there is no SRV (RFC 3263 4.2) */
    int rc = 0;

    t->ask.fn = on_ask;
    t->fixed = numeric(t);
    if (t->fixed && t->targets.list[0].addr.ss_family != s->local.ss_family)
        return error_set(err, -EAFNOSUPPORT, t->host, "bind to an address of the same kind",
                         "cannot be reached from %s", s->here);
    if (t->fixed) {
        trunk_begin(t);
        return 0;
    }
    if (!s->resolver)
        rc = resolver_new(&s->resolver, s->config.loop, s->config.dns, err);
    if (rc)
        return rc;
    t->lookup = (struct lookup){
        .host = t->host,
        .service = named || is_localhost(t->host) ? NULL : services[t->hop.protocol],
        .port = t->config.port,
        .family = s->local.ss_family,
        .done = on_found};
    resolve(s->resolver, &t->lookup);
    return 0;
}
