/* Where a trunk may be reached: what DNS said, and what is known to be down (RFC 3263 4.2, RFC
 * 2782). Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

enum { TARGETS_MAX = 16, TARGET_DOWN_MS = 60000 };

struct target {
    struct sockaddr_storage addr;
    uint16_t priority, weight;
    int64_t down_until_ms; /* monotonic */
};

struct targets {
    struct target list[TARGETS_MAX];
    unsigned count;
};

/* Beyond TARGETS_MAX, and what is there already, is left out. */
void targets_add(struct targets *t, const struct sockaddr_storage *addr, uint16_t priority,
                 uint16_t weight);
/* Takes fresh in place of t; what is down in t and is still there stays down. */
void targets_renew(struct targets *t, const struct targets *fresh);
/* The next to ask: of those that are up the ones of lowest priority, by weight and the random
 * number; when none is up, the one that has been down longest. There must be one. */
const struct target *targets_pick(const struct targets *t, int64_t now_ms, uint32_t random);
/* It did not answer: not asked again for a while, if there is another. */
void targets_down(struct targets *t, const struct sockaddr_storage *addr, int64_t now_ms);
/* Is there one that is up, beside this? */
bool targets_other(const struct targets *t, const struct sockaddr_storage *addr, int64_t now_ms);
/* Is it one of them, by its host? */
bool targets_has(const struct targets *t, const struct sockaddr_storage *addr);
