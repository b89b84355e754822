/* Chunked bodies (RFC 9112 7.1), strictly; extensions and trailers are read past. Bytes from
 * outside. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CHUNK_LINE_MAX = 256, CHUNK_TRAILER_MAX = 8192 };

struct chunk { /* zeroed before the first byte */
    int state;
    uint64_t left;         /* of this chunk's data */
    unsigned digits, line; /* read of the size; of the line */
    unsigned trailer;      /* bytes */
    bool first_of_line;    /* of a trailer */
};

/* Reads up to len bytes. *used: how many were taken. *data and *data_len: a piece of the body among
 * them (data_len 0: none). Returns 1 at the end of the body, 0 for more (call again with what is
 * left, if anything), -EINVAL. */
int chunk_read(struct chunk *c, const char *text, size_t len, size_t *used, const char **data,
               size_t *data_len);
