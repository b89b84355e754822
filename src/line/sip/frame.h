/* Where messages end in a stream of bytes (RFC 3261 18.3): each is as long as its Content-Length
 * says. Pure; reads nothing twice but a head that came in pieces. */
#pragma once

#include <stddef.h>

enum {
    FRAME_HEAD_MAX = 16384, /* start line and headers */
    FRAME_MAX = 65535,      /* a message; RFC 3261 18.1.1 */
};

enum frame_kind {
    FRAME_MORE,    /* not whole yet */
    FRAME_LINE,    /* an empty line between messages: two are a ping, one a pong (RFC 5626 4.4.1) */
    FRAME_MESSAGE, /* with its body */
};

struct framer {
    size_t seen;  /* of the head that is not whole yet: holds no end */
    size_t whole; /* length of the message under way once its head is known, else 0 */
};

/* What data begins with, and its length (0 while more is needed). After anything but FRAME_MORE the
 * next call begins behind it; after FRAME_MORE with the same bytes and more. -EBADMSG: no SIP, two
 * lengths, or beyond the limits: the stream has no message boundaries any more. */
int frame_next(struct framer *f, const char *data, size_t len, enum frame_kind *kind, size_t *used);
