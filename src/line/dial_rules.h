/* How a trunk wants numbers written, and which number the called person sees. Read from JSON, as
 * part of a trunk; pure otherwise. */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "base/json.h"
#include "phone/number.h"

enum {
    DIAL_TEXT_MAX = 20, /* a beginning, or what stands in its place */
    DIAL_REWRITES_MAX = 16,
    DIAL_CALLERS_MAX = 64,
    DIAL_CALLED_MAX = 2 * DIAL_TEXT_MAX,
};

struct dial_rules {
    unsigned rewrite_count, caller_count;
    struct {
        char from[DIAL_TEXT_MAX], to[DIAL_TEXT_MAX];
    } rewrites[DIAL_REWRITES_MAX];
    struct {
        char prefix[DIAL_TEXT_MAX]; /* of called numbers; "": all */
        char number[NUMBER_TEXT_MAX];
    } callers[DIAL_CALLERS_MAX]; /* those of one pool stand together */
};

/* "rewrite" and "caller_numbers" of an object; without them there are no rules. */
int dial_rules_read(const struct json_at *object, struct dial_rules *out, struct error *err);
/* The number as the trunk wants it: of the rules whose beginning it has, the longest holds. */
void dial_rules_called(const struct dial_rules *r, uint64_t number, char out[DIAL_CALLED_MAX]);
/* The number to show: one of the pool with the longest prefix that the called number has, the same
 * one for the same person each time. NULL: there is no such pool. */
const char *dial_rules_caller(const struct dial_rules *r, uint64_t number);
