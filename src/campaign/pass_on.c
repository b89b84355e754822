/* Calls that a trunk failed: tried at once through another one.
 *
 * Only where nobody was disturbed, and by the trunk's doing: 503 and its like, or no answer of any
 * kind. Whoever declined (603, 607, 608), was busy, or rang is left to the retry rules. What goes
 * on is an attempt of its own, begun in the transaction that ends the last (S3, S6). It keeps what
 * it was claimed by, and is looked at once more before it is dialled (S1, S4). */
#include <string.h>

#include "campaign/desk_priv.h"

enum { WAIT_US = 5000000 }; /* for another trunk; then the retry rules decide */

static bool trunk_failed(const struct call_outcome *o)
{
    if (!o->dialled_ms || o->ringing_ms || o->answered_ms)
        return false;
    return o->disposition == DISPOSITION_CONGESTION ||
           (o->disposition == DISPOSITION_FAILED && o->sip_status == 0);
}

bool pass_on_wanted(struct attempt *a)
{
    struct desk *d = a->desk;
    uint32_t left;

    if (!trunk_failed(&a->call.outcome) || desk_stopping(d))
        return false;
    a->tried |= 1u << a->call.trunk;
    left = d->trunks & ~a->tried;
    return left && exchange_usable(d->exchange, left, desk_mono_us(d), WAIT_US);
}

void pass_on_take(struct attempt *a)
{
    struct desk *d = a->desk;
    struct line_call *lc = &a->call;

    memset(&lc->outcome, 0, sizeof(lc->outcome));
    lc->trace[0] = '\0';
    lc->attempt_id = a->again_id;
    a->released_us = 0;
    a->passed_us = desk_mono_us(d);
    list_append(&d->passed, &a->node);
    d->passed_count++;
}

static void give_up(struct attempt *a, enum disposition disposition, const char *why)
{
    list_remove(&a->node);
    a->desk->passed_count--;
    dispatch_drop(a, disposition, why);
}

void pass_on_release(struct desk *d)
{
    if (d->passed_count == 0 || exchange_refresh(d->exchange))
        return; /* not without a look at the lists */
    list_for_each_safe(&d->passed, n, next)
    {
        struct attempt *a = list_entry(n, struct attempt, node);

        if (exchange_blacklisted(d->exchange, a->call.number, desk_wall_ms(d)))
            give_up(a, DISPOSITION_BLACKLISTED, "put on a do-not-call list before it was dialled");
        else if (dispatch_dial(a))
            d->passed_count--;
        else if (desk_mono_us(d) - a->passed_us > WAIT_US)
            give_up(a, DISPOSITION_CANCELLED, "no other trunk had room");
    }
}

void pass_on_give_back(struct desk *d)
{
    list_for_each_safe(&d->passed, n, next) give_up(
        list_entry(n, struct attempt, node), DISPOSITION_CANCELLED, "paused before it was dialled");
}
