/* WebSocket frames (RFC 6455 5). Bytes from outside. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum frame_opcode {
    FRAME_CONTINUATION,
    FRAME_TEXT,
    FRAME_BINARY,
    FRAME_CLOSE = 8,
    FRAME_PING,
    FRAME_PONG,
};

enum {
    FRAME_HEADER_MAX = 10,  /* as a server sends it */
    FRAME_CONTROL_MAX = 125 /* payload of a control frame */
};

/* Codes of 7.4.1 that a server uses. */
enum frame_close {
    FRAME_CLOSE_NORMAL = 1000,
    FRAME_CLOSE_AWAY = 1001,
    FRAME_CLOSE_PROTOCOL = 1002,
    FRAME_CLOSE_UNSUPPORTED = 1003,
    FRAME_CLOSE_INVALID = 1007,
    FRAME_CLOSE_TOO_BIG = 1009,
};

struct frame {
    enum frame_opcode opcode;
    bool final;
    uint64_t len;
    uint8_t mask[4];
    unsigned header; /* bytes of the header */
};

/* The header of a frame from a client. Returns its length, 0: more bytes are needed, or the negated
 * close code to end with: not masked, reserved bits, an unknown opcode, a control frame that is
 * long or in parts, a length that is not written in the shortest way. */
int frame_parse(const uint8_t *data, size_t len, struct frame *out);
/* Takes the mask off in place; at: offset of data[0] in the payload. */
void frame_unmask(const struct frame *f, char *data, size_t len, uint64_t at);
/* Writes the header of a server's whole message of len bytes so that it ends at end; returns its
 * start. */
char *frame_header(char *end, enum frame_opcode opcode, size_t len);
/* May a peer send this code? */
bool frame_close_allowed(unsigned code);
