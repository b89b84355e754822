/* Passwords: what may be one, and Argon2id (RFC 9106) with a bound on its memory. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum {
    PASSWORD_MIN = 12,        /* characters, unless settings say otherwise */
    PASSWORD_BYTES_MAX = 512, /* what is taken to be hashed */
    PASSWORD_SALT = 16,
    PASSWORD_TEXT_MAX = 160, /* as kept: "$argon2id$v=19$m=65536,t=3,p=1$…" */
};

/* At least that many characters, not one of the common ones in any of their usual disguises, not
 * the person's own address or name. email and name may be NULL. -EINVAL with err. */
int password_rules(const char *password, int min, const char *email, const char *name,
                   struct error *err);

struct password_cost {
    uint32_t memory_kib, passes, lanes;
};
/* 64 MiB, 3 passes, 1 lane: the second recommended option of RFC 9106, section 4, with one lane
 * (a run stays in its thread). */
extern const struct password_cost password_cost_default;

/* Runs Argon2, at most max at once: thread safe. Each run takes memory_kib while it lasts. */
struct hasher;

int hasher_new(struct hasher **out, const struct password_cost *cost, unsigned max,
               unsigned waiting_max);
void hasher_free(struct hasher *h);
/* -EBUSY: max runs and waiting_max callers are there already. */
int hasher_hash(struct hasher *h, const char *password, const unsigned char salt[PASSWORD_SALT],
                char out[PASSWORD_TEXT_MAX]);
/* One run whatever text is: NULL, "" or broken ones are checked against nothing with the cost of a
 * real one, and are wrong. 0: right; -EACCES: wrong; -EBUSY. *stale (may be NULL): right, but kept
 * with another cost than today's: hash it anew. */
int hasher_check(struct hasher *h, const char *text, const char *password, bool *stale);
