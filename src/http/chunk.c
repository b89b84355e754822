#include "http/chunk.h"

#include <errno.h>

#include "base/hex.h"

enum { SIZE, EXTENSION, SIZE_LF, DATA, DATA_CR, DATA_LF, TRAILER, TRAILER_LF, END };

static int size_char(struct chunk *c, char ch)
{
    int digit = hex_digit(ch);

    if (digit >= 0) {
        if (++c->digits > 15)
            return -EINVAL;
        c->left = c->left << 4 | (unsigned)digit;
        return 0;
    }
    if (!c->digits)
        return -EINVAL;
    if (ch == '\r')
        c->state = SIZE_LF;
    else if (ch == ';' || ch == ' ' || ch == '\t')
        c->state = EXTENSION;
    else
        return -EINVAL;
    return 0;
}

static int trailer_char(struct chunk *c, char ch)
{
    if (++c->trailer > CHUNK_TRAILER_MAX)
        return -EINVAL;
    if (c->state == TRAILER_LF) {
        if (ch != '\n')
            return -EINVAL;
        c->state = c->first_of_line ? END : TRAILER;
        c->first_of_line = true;
        return 0;
    }
    if (ch == '\r') {
        c->state = TRAILER_LF;
        return 0;
    }
    c->first_of_line = false;
    return ch == '\n' || !ch ? -EINVAL : 0;
}

/* Everything but data. */
static int frame_char(struct chunk *c, char ch)
{
    switch (c->state) {
    case SIZE:
        return size_char(c, ch);
    case EXTENSION:
        if (++c->line > CHUNK_LINE_MAX || ch == '\n' || !ch)
            return -EINVAL;
        if (ch == '\r')
            c->state = SIZE_LF;
        return 0;
    case SIZE_LF:
        if (ch != '\n')
            return -EINVAL;
        c->state = c->left ? DATA : TRAILER;
        c->first_of_line = true;
        c->digits = c->line = 0;
        return 0;
    case DATA_CR:
        c->state = DATA_LF;
        return ch == '\r' ? 0 : -EINVAL;
    case DATA_LF:
        c->state = SIZE;
        return ch == '\n' ? 0 : -EINVAL;
    default:
        return trailer_char(c, ch);
    }
}

int chunk_read(struct chunk *c, const char *text, size_t len, size_t *used, const char **data,
               size_t *data_len)
{
    size_t at = 0;

    *data_len = 0;
    while (at < len && c->state != END) {
        if (c->state == DATA) {
            size_t n = len - at < c->left ? len - at : (size_t)c->left;

            *data = text + at;
            *data_len = n;
            c->left -= n;
            if (!c->left)
                c->state = DATA_CR;
            *used = at + n;
            return 0;
        }
        if (frame_char(c, text[at++]))
            return -EINVAL;
    }
    *used = at;
    return c->state == END;
}
