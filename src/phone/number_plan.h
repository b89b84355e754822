/* Tables made at build time by tools/make-number-plans.py: of which digits depends what the library
 * says of a number. All that is not here is asked of the library itself. */
#pragma once

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { NUMBER_FIRST_DIGITS = 3 };

/* National numbers whose first three digits are below `end` (and not below the run's before):
 * after `depth` digits only their length matters. */
struct number_run {
    uint16_t end;
    uint8_t depth;
};

/* What stands before national numbers: `falls` digits fall away, 0: it is not so simple. */
struct number_prefix {
    char digits[4];
    uint8_t falls;
};

struct number_code {
    uint16_t code; /* the country's */
    uint16_t run, runs, prefix, prefixes;
};

struct number_region {
    char region[3];
    uint16_t code, prefix, prefixes;
    uint16_t abroad, abroads; /* beginnings of what is dialled for calls abroad, but for 00 */
};

/* How many of the first characters of digits ("+" and digits, or digits) decide, together with
 * their number and the region, what the library says; -1: perhaps all. */
int number_deciding_digits(const char *digits, const char *region);

extern const struct number_run number_runs[];
extern const struct number_prefix number_prefixes[]; /* of one: the longer ones first */
extern const char number_abroad[][4];
extern const struct number_code number_codes[];     /* by code */
extern const struct number_region number_regions[]; /* by name */
extern const int number_code_count, number_region_count;

#ifdef __cplusplus
}
#endif
