/* A trunk's stream: connected at the start, kept, and connected again when it breaks (RFC
 * 5626 4.5).
 *
 * Calls outlive their stream. What rings or talks goes on over the next one, which comes from the
 * same port; only an INVITE that nobody answered yet is given up, since nobody knows whether it
 * arrived. */
#include <string.h>

#include "base/rng.h"
#include "line/sip/sip_priv.h"

enum {
    AGAIN_MS = 500, /* doubled at each failure */
    AGAIN_MOST_MS = 60000,
    LASTED_MS = 30000, /* a connection that lived so long was a good one */
    DOUBLINGS_MAX = 7,
};

static int64_t now_ms(const struct sip_trunk *t)
{
    return wheel_now_ms(loop_wheel(t->sip->config.loop));
}

/* Half of the time is drawn: a carrier that comes back is not met by all at once. */
static void later(struct sip_trunk *t)
{
    unsigned n = t->failures < DOUBLINGS_MAX ? t->failures : DOUBLINGS_MAX;
    int64_t ms = (int64_t)AGAIN_MS << n;

    if (ms > AGAIN_MOST_MS)
        ms = AGAIN_MOST_MS;
    t->failures++;
    timer_start(loop_wheel(t->sip->config.loop), &t->again, ms / 2 + random_u32() % (ms / 2 + 1));
}

static void on_again(struct timer *timer)
{
    trunk_connect(container_of(timer, struct sip_trunk, again));
}

void trunk_connect(struct sip_trunk *t)
{
    int rc = link_open(t, &t->hop, &t->link);

    t->again.fn = on_again;
    if (rc)
        trunk_unlinked(t, strerror(-rc));
}

void trunk_linked(struct sip_trunk *t)
{
    t->linked_ms = now_ms(t);
    memcpy(t->here, t->link->here, sizeof(t->here));
    if (t->config.do_register)
        trunk_register(t);
    else
        trunk_tell(t, true, 0, "");
}

/* Calls whose INVITE went out by this trunk and met silence. */
static void give_up_invites(struct sip_trunk *t)
{
    list_for_each_safe(&t->sip->busy, n, next)
    {
        struct sip_call *c = list_entry(n, struct sip_call, node);

        if (c->trunk != t || c->state != CALL_CALLING || c->asked.protocol == SIP_UDP)
            continue;
        c->unreachable = true;
        sip_call_start(c, &c->over, 0);
    }
}

void trunk_unlinked(struct sip_trunk *t, const char *why)
{
    bool lived = t->linked_ms != 0;

    if (lived && now_ms(t) - t->linked_ms > LASTED_MS)
        t->failures = 0;
    t->linked_ms = 0;
    t->link = NULL;
    if (!lived && trunk_fault(t, &t->hop.addr)) /* another may take us, at once */
        timer_start(loop_wheel(t->sip->config.loop), &t->again, 0);
    else
        later(t);
    trunk_halt(t);
    give_up_invites(t);
    trunk_tell(t, false, 0, why);
}
