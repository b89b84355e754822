/* The head of an HTTP/1 request, strictly by RFC 9112: what another server could read differently
 * is refused, since that is how requests are smuggled past a proxy. Bytes from outside. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum { HEAD_FIELDS_MAX = 100, HEAD_METHOD_MAX = 32 };

struct head_field {
    const char *name, *value; /* terminated; name in small letters */
};

struct head {
    const char *method, *target; /* terminated, in the caller's text */
    int minor;                   /* HTTP/1.minor: 0 or 1 */
    struct head_field fields[HEAD_FIELDS_MAX];
    unsigned count;
};

/* Looks for the end of a head in text, from *scanned on (0 at first; kept for the next call when
 * there is more). Returns its length with the empty line, 0: not yet, -EINVAL: a line ends without
 * a carriage return. */
long head_find_end(const char *text, size_t len, size_t *scanned);

/* Parses a whole head in place. Returns 0 or the HTTP status to refuse it with: 400, 431 (too many
 * fields), 505. */
int head_parse(char *text, size_t len, struct head *out);
