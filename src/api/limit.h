/* How many requests a caller may make: a bucket of tokens each, in a table of fixed size that
 * forgets whoever was away longest. Thread safe. */
#pragma once

#include <stdint.h>

struct limiter;

int limiter_new(struct limiter **out);
void limiter_free(struct limiter *l);
/* Takes a token of who's bucket: burst tokens at most, per_second new ones. 0: taken, else the
 * milliseconds until there is one. */
int64_t limiter_take(struct limiter *l, const char *who, double per_second, unsigned burst,
                     int64_t now_us);
