/* The numbered files of store/migrations, embedded at build time, in order. */
#pragma once

struct migration {
    const char *name, *sql;
};

extern const struct migration migrations[];
extern const int migration_count;
