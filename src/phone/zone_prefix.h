/* Table made at build time from the phonenumbers data: number prefix to time zone. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { ZONE_PREFIX_DIGITS = 10 };

struct zone_prefix {
    uint64_t prefix;
    uint16_t zone; /* index into zone_names */
    bool certain;
};

extern const struct zone_prefix zone_prefixes[]; /* by prefix */
extern const size_t zone_prefix_count;
extern const char *const zone_names[];

#ifdef __cplusplus
}
#endif
