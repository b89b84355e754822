/* Randomness, passed in. struct rng (xoshiro256**) is seeded and repeatable: simulation, jitter,
 * tests. random_bytes is for what an attacker must not guess (tags, branches, SSRC, nonces): a
 * buffered getrandom(2), one buffer a thread. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct rng {
    uint64_t s[4];
};

void rng_seed(struct rng *r, uint64_t seed);
uint64_t rng_next(struct rng *r);
uint64_t rng_below(struct rng *r, uint64_t n); /* 0 … n-1, without bias; n > 0 */
double rng_unit(struct rng *r);                /* [0, 1) */

void random_bytes(void *buf, size_t size);
uint32_t random_u32(void);
uint64_t random_u64(void);
/* Fills buf with size-1 characters of [0-9a-z] and a terminator. */
void random_token(char *buf, size_t size);
