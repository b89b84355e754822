/* The target of a request: its path's segments and its query, decoded. Bytes from outside. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

enum { URL_SEGMENTS_MAX = 32, URL_PAIRS_MAX = 128 };

struct url_path {
    const char *text; /* decoded, "/a/b" */
    const char *segments[URL_SEGMENTS_MAX];
    unsigned count; /* "/": 0; "/a/": 2, the last one empty */
};

struct url_pair {
    const char *name, *value;
};

struct url_query {
    struct url_pair *pairs; /* in the arena */
    unsigned count;
};

/* raw: as it came, "/a/%D7%A9", without the query. -EINVAL: no slash in front, a bad escape, "." or
 * ".." as a segment (also escaped), an escaped slash, backslash or control character, bytes that
 * are no UTF-8, more than URL_SEGMENTS_MAX segments. -ENOMEM. *out is written on success only. */
int url_parse_path(struct arena *a, const char *raw, size_t len, struct url_path *out);

/* "a=1&b=%26+x"; + is a space. Empty parts are passed over. -EINVAL: a bad escape, NUL, no UTF-8,
 * more than URL_PAIRS_MAX. */
int url_parse_query(struct arena *a, const char *raw, size_t len, struct url_query *out);

/* Well formed UTF-8 (RFC 3629)? */
bool url_utf8(const char *s, size_t len);
