/* Growing delays: the first failures are free, each further one doubles the time until the next
 * try, up to a maximum; failures are forgotten one by one. Pure. */
#pragma once

#include "store/identity.h"

struct throttle_policy {
    int free;          /* failures without a delay */
    int64_t first_ms;  /* delay after the next one */
    int64_t max_ms;    /* never longer: nobody is kept out for ever */
    int64_t forget_ms; /* one failure is forgotten in this time */
};

extern const struct throttle_policy throttle_account, throttle_address, throttle_code,
    throttle_reset, throttle_reset_address;

/* How long to wait before the next try; 0: now. */
int64_t throttle_wait(const struct store_throttle *t, int64_t now_ms);
/* One more failure. */
void throttle_count(struct store_throttle *t, const struct throttle_policy *p, int64_t now_ms);
/* Takes back a failure that was none; counted: t->count as it was after counting it. */
void throttle_refund(struct store_throttle *t, const struct throttle_policy *p, int64_t counted,
                     int64_t now_ms);
