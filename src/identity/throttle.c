#include "identity/throttle.h"

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE };

/* About 110 guesses a day at one account from everywhere, about 500 a day from one address; a code
 * of six digits, of which three are right at a time, about 35 a day (1 in 10,000). */
const struct throttle_policy throttle_account = {5, SECOND, 15 * MINUTE, 30 * MINUTE};
const struct throttle_policy throttle_address = {20, SECOND, 15 * MINUTE, 3 * MINUTE};
const struct throttle_policy throttle_code = {5, 2 * SECOND, HOUR, 2 * HOUR};
const struct throttle_policy throttle_reset = {3, MINUTE, HOUR, 20 * MINUTE};
const struct throttle_policy throttle_reset_address = {20, 10 * SECOND, HOUR, 3 * MINUTE};

int64_t throttle_wait(const struct store_throttle *t, int64_t now_ms)
{
    return t->next_ms > now_ms ? t->next_ms - now_ms : 0;
}

static int64_t delay(const struct throttle_policy *p, int64_t count)
{
    int64_t ms = p->first_ms;

    if (count < p->free)
        return 0;
    for (int64_t i = p->free; i < count && ms < p->max_ms; i++)
        ms *= 2;
    return ms < p->max_ms ? ms : p->max_ms;
}

/* What was forgotten since; the rest of the time goes on counting. */
static void forget(struct store_throttle *t, const struct throttle_policy *p, int64_t now_ms)
{
    int64_t gone = now_ms > t->last_ms ? (now_ms - t->last_ms) / p->forget_ms : 0;

    if (gone < t->count) {
        t->count -= gone;
        t->last_ms += gone * p->forget_ms;
    } else {
        t->count = 0;
        t->last_ms = now_ms;
    }
}

void throttle_count(struct store_throttle *t, const struct throttle_policy *p, int64_t now_ms)
{
    forget(t, p, now_ms);
    t->count++;
    t->next_ms = now_ms + delay(p, t->count);
}

void throttle_refund(struct store_throttle *t, const struct throttle_policy *p, int64_t counted,
                     int64_t now_ms)
{
    if (t->count == counted) /* nobody else has tried since */
        t->next_ms = now_ms;
    forget(t, p, now_ms);
    t->count -= t->count > 0;
}
