/* A store in a folder of its own with an identity on virtual time, seeded randomness, cheap
 * Argon2 and a mailbox: what tests of identity/ start from. */
#pragma once

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/rng.h"
#include "identity/account.h"

#define IDENTITY_START_MS INT64_C(1795000000000)
#define GOOD_PASSWORD     "four unlikely green hats"
#define OTHER_PASSWORD    "seven brisk owls humming"

enum { MAILS_MAX = 16 };

struct mailbox {
    int count;
    struct {
        char to[256], subject[128], text[2048];
    } mails[MAILS_MAX];
};

struct identity_fixture {
    char folder[64], path[96];
    struct clock_virtual clock;
    struct store *store;
    struct store_writer *writer;
    struct identity *id;
    struct mailbox box;
};

static struct rng identity_rng; /* one a process: the hook has no argument */

static inline void identity_fixture_random(void *buf, size_t size)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    unsigned char *p = buf;

    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < size; i++)
        p[i] = (unsigned char)rng_next(&identity_rng);
    pthread_mutex_unlock(&lock);
}

static inline int identity_fixture_mail(void *arg, const char *to, const char *subject,
                                        const char *text)
{
    struct mailbox *b = arg;

    if (b->count == MAILS_MAX)
        return -ENOSPC;
    snprintf(b->mails[b->count].to, sizeof(b->mails[0].to), "%s", to);
    snprintf(b->mails[b->count].subject, sizeof(b->mails[0].subject), "%s", subject);
    snprintf(b->mails[b->count++].text, sizeof(b->mails[0].text), "%s", text);
    return 0;
}

static inline struct identity_config identity_fixture_config(struct identity_fixture *f)
{
    return (struct identity_config){
        .clock = &f->clock.clock,
        .writer = f->writer,
        .random = identity_fixture_random,
        .cost = {.memory_kib = 64, .passes = 1, .lanes = 1},
        .hashes_max = 8,
        .hashes_waiting_max = 64,
        .mail = identity_fixture_mail,
        .mail_arg = &f->box,
    };
}

/* change may alter the configuration; NULL: as it is. */
static inline int identity_fixture_open(struct identity_fixture *f, bool with_writer,
                                        void (*change)(struct identity_config *c, void *arg),
                                        void *arg)
{
    struct identity_config config;
    struct error err = {0};
    int rc;

    memset(f, 0, sizeof(*f));
    rng_seed(&identity_rng, 1);
    clock_virtual_init(&f->clock, IDENTITY_START_MS);
    snprintf(f->folder, sizeof(f->folder), "/tmp/kolcast-test-XXXXXX");
    if (!mkdtemp(f->folder))
        return -errno;
    snprintf(f->path, sizeof(f->path), "%s/kolcast.db", f->folder);
    rc = store_open(f->path, &f->clock.clock, &f->store, &err);
    if (!rc && with_writer)
        rc = store_writer_new(&f->writer, f->path, &f->clock.clock, &err);
    config = identity_fixture_config(f);
    if (change)
        change(&config, arg);
    if (!rc)
        rc = identity_new(&f->id, &config, &err);
    if (rc)
        fprintf(stderr, "# %s: %s\n", f->path, err.message);
    return rc;
}

static inline void identity_fixture_close(struct identity_fixture *f)
{
    static const char *const tails[] = {"", "-wal", "-shm"};

    store_writer_free(f->writer);
    identity_free(f->id);
    store_close(f->store);
    for (int i = 0; i < 3; i++) {
        char path[128];

        snprintf(path, sizeof(path), "%s%s", f->path, tails[i]);
        unlink(path);
    }
    rmdir(f->folder);
}

static inline void identity_fixture_wait(struct identity_fixture *f, int64_t ms)
{
    clock_virtual_advance(&f->clock, ms * 1000);
}

/* An account with GOOD_PASSWORD; 0 when it could not be made. */
static inline int64_t identity_fixture_user(struct identity_fixture *f, const char *email,
                                            enum role role)
{
    struct account_new a = {.email = email, .role = role, .password = GOOD_PASSWORD};
    struct error err = {0};
    int64_t user = 0;

    if (account_add(f->id, f->store, "test", &a, &user, &err))
        fprintf(stderr, "# %s: %s\n", email, err.message);
    return user;
}

static inline int identity_fixture_sign_in(struct identity_fixture *f, const char *email,
                                           const char *password, const char *device,
                                           struct sign_in_answer *out)
{
    struct sign_in in = {.email = email,
                         .password = password,
                         .from = {.address = "192.0.2.7", .agent = "test", .device = device}};

    return identity_sign_in(f->id, f->store, &in, out, NULL);
}
