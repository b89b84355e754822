/* A store in a folder of its own with one list, its contacts and one running campaign: what tests
 * of the store start from. */
#pragma once

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/store.h"

#define FIXTURE_FIRST 972501000000ull

struct fixture {
    char folder[64], path[96];
    struct store *store;
    int64_t list, campaign, group;
};

static inline int fixture_people(struct fixture *f, int from, int to)
{
    int64_t import;
    struct store_import done;
    int rc = store_import_begin(f->store, f->list, "people.csv", &import);

    if (!rc)
        rc = store_begin(f->store);
    for (int i = from; i < to && !rc; i++) {
        struct store_contact c = {.number = FIXTURE_FIRST + (uint64_t)i,
                                  .name = "דנה",
                                  .zone = "Asia/Jerusalem",
                                  .zone_origin = 'n',
                                  .row = i + 2};

        rc = store_import_row(f->store, import, &c);
    }
    if (!rc)
        rc = store_commit(f->store);
    return rc ? rc : store_import_finish(f->store, import, &done);
}

static inline int fixture_group(void *arg, const struct store_group *g)
{
    *(int64_t *)arg = g->id;
    return 1;
}

static inline int fixture_open_in(struct fixture *f, const struct clock *clock, int people)
{
    struct store_campaign c = {.name = "test", .kind = "voice"};
    struct error err = {0};
    int64_t added;
    int rc;

    snprintf(f->path, sizeof(f->path), "%s/kolcast.db", f->folder);
    rc = store_open(f->path, clock, &f->store, &err);
    if (rc) {
        fprintf(stderr, "# %s: %s\n", f->path, err.message);
        return rc;
    }
    rc = store_list_ensure(f->store, "people", &f->list);
    if (!rc)
        rc = fixture_people(f, 0, people);
    c.list_id = f->list;
    if (!rc)
        rc = store_campaign_create(f->store, &c, "{}", &f->campaign);
    if (!rc)
        rc = store_target_fill(f->store, f->campaign, &added);
    if (!rc && added != people)
        rc = -EINVAL;
    return rc ? rc : store_group_each(f->store, f->campaign, fixture_group, &f->group);
}

static inline int fixture_open(struct fixture *f, const struct clock *clock, int people)
{
    snprintf(f->folder, sizeof(f->folder), "/tmp/kolcast-test-XXXXXX");
    return mkdtemp(f->folder) ? fixture_open_in(f, clock, people) : -errno;
}

/* Closes and removes the database's files; the folder too. */
static inline void fixture_close(struct fixture *f)
{
    static const char *const tails[] = {"", "-wal", "-shm"};

    store_close(f->store);
    for (int i = 0; i < 3; i++) {
        char path[128];

        snprintf(path, sizeof(path), "%s%s", f->path, tails[i]);
        unlink(path);
    }
    rmdir(f->folder);
}
