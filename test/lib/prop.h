/* Property tests: run a check on many generated cases. A failure prints the seed of its case; set
 * PROP_SEED to run just that one, PROP_CASES to run more. */
#pragma once

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/rng.h"

/* check returns NULL when the property holds, else what was seen (static or leaked text). */
static inline bool prop_check(const char *name, int cases,
                              const char *(*check)(struct rng *r, void *arg), void *arg)
{
    const char *seed_text = getenv("PROP_SEED"), *cases_text = getenv("PROP_CASES");
    uint64_t seed = seed_text ? strtoull(seed_text, NULL, 0) : (uint64_t)time(NULL) * 2654435761u;

    if (cases_text)
        cases = atoi(cases_text);
    if (seed_text)
        cases = 1;
    for (int i = 0; i < cases; i++) {
        struct rng r;
        const char *fault;

        rng_seed(&r, seed + (uint64_t)i);
        fault = check(&r, arg);
        if (fault) {
            fprintf(stderr, "# %s failed, PROP_SEED=0x%" PRIx64 ": %s\n", name, seed + (uint64_t)i,
                    fault);
            return false;
        }
    }
    return true;
}
