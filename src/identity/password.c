/* Argon2id with a bound on how many run at once: callers wait their turn outside every other lock,
 * and only a few of them, so that a flood of sign-ins cannot hold all threads of a service. */
#include "identity/password.h"

#include <argon2.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/metric.h"

enum { HASH_BYTES = 32, MEMORY_MAX_KIB = 1 << 20 };

const struct password_cost password_cost_default = {.memory_kib = 65536, .passes = 3, .lanes = 1};

struct hasher {
    struct password_cost cost;
    unsigned max, waiting_max;
    pthread_mutex_t lock;
    pthread_cond_t turn;
    /* under lock */
    unsigned running, waiting;
};

int hasher_new(struct hasher **out, const struct password_cost *cost, unsigned max,
               unsigned waiting_max)
{
    struct hasher *h = calloc(1, sizeof(*h));

    if (!h)
        return -ENOMEM;
    h->cost = *cost;
    h->max = max;
    h->waiting_max = waiting_max;
    pthread_mutex_init(&h->lock, NULL);
    pthread_cond_init(&h->turn, NULL);
    *out = h;
    return 0;
}

void hasher_free(struct hasher *h)
{
    if (!h)
        return;
    pthread_cond_destroy(&h->turn);
    pthread_mutex_destroy(&h->lock);
    free(h);
}

static int enter(struct hasher *h)
{
    int rc = 0;

    pthread_mutex_lock(&h->lock);
    if (h->running >= h->max && h->waiting >= h->waiting_max) {
        rc = -EBUSY;
    } else {
        h->waiting++;
        while (h->running >= h->max)
            pthread_cond_wait(&h->turn, &h->lock);
        h->waiting--;
        h->running++;
    }
    pthread_mutex_unlock(&h->lock);
    if (!rc)
        metric_add(metric(METRIC_PASSWORD_HASHES), 1);
    return rc;
}

static void leave(struct hasher *h)
{
    pthread_mutex_lock(&h->lock);
    h->running--;
    pthread_cond_signal(&h->turn);
    pthread_mutex_unlock(&h->lock);
}

static int to_errno(int rc)
{
    return rc == ARGON2_OK                        ? 0
           : rc == ARGON2_VERIFY_MISMATCH         ? -EACCES
           : rc == ARGON2_MEMORY_ALLOCATION_ERROR ? -ENOMEM
                                                  : -EINVAL;
}

int hasher_hash(struct hasher *h, const char *password, const unsigned char salt[PASSWORD_SALT],
                char out[PASSWORD_TEXT_MAX])
{
    int rc = enter(h);

    if (rc)
        return rc;
    rc = argon2id_hash_encoded(h->cost.passes, h->cost.memory_kib, h->cost.lanes, password,
                               strlen(password), salt, PASSWORD_SALT, HASH_BYTES, out,
                               PASSWORD_TEXT_MAX);
    leave(h);
    return to_errno(rc);
}

static bool read_cost(const char *text, struct password_cost *cost)
{
    int used = 0;

    return sscanf(text, "$argon2id$v=19$m=%u,t=%u,p=%u$%n", &cost->memory_kib, &cost->passes,
                  &cost->lanes, &used) == 3 &&
           used > 0 && cost->memory_kib <= MEMORY_MAX_KIB;
}

/* As long as a real check, and wrong. */
static int check_nothing(const struct hasher *h, const char *password)
{
    static const unsigned char salt[PASSWORD_SALT];
    unsigned char hash[HASH_BYTES];
    int rc = argon2id_hash_raw(h->cost.passes, h->cost.memory_kib, h->cost.lanes, password,
                               strlen(password), salt, sizeof(salt), hash, sizeof(hash));

    return rc == ARGON2_OK ? ARGON2_VERIFY_MISMATCH : rc;
}

int hasher_check(struct hasher *h, const char *text, const char *password, bool *stale)
{
    struct password_cost cost;
    bool real = text && strlen(password) <= PASSWORD_BYTES_MAX && read_cost(text, &cost);
    int rc = enter(h);

    if (rc)
        return rc;
    rc = real ? argon2id_verify(text, password, strlen(password)) : check_nothing(h, password);
    leave(h);
    if (rc == ARGON2_OK && stale)
        *stale = memcmp(&cost, &h->cost, sizeof(cost)) != 0;
    rc = to_errno(rc);
    return rc == -EINVAL ? -EACCES : rc; /* a broken text is nobody's password */
}
