/* A growing byte buffer with a stated maximum. A zeroed struct with .max set is ready to use. */
#pragma once

#include <stdarg.h>
#include <stddef.h>

struct buf {
    char *data; /* owned; always followed by a NUL when len > 0 */
    size_t len, cap, max;
};

void buf_free(struct buf *b);
void buf_reset(struct buf *b);
int buf_append(struct buf *b, const void *data, size_t len); /* -ENOSPC past max, -ENOMEM */
int buf_puts(struct buf *b, const char *s);
__attribute__((format(printf, 2, 3))) int buf_printf(struct buf *b, const char *format, ...);
