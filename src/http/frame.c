#include "http/frame.h"

#include <string.h>

static bool known(unsigned opcode)
{
    return opcode <= FRAME_BINARY || (opcode >= FRAME_CLOSE && opcode <= FRAME_PONG);
}

static uint64_t big_endian(const uint8_t *p, unsigned n)
{
    uint64_t v = 0;

    while (n--)
        v = v << 8 | *p++;
    return v;
}

int frame_parse(const uint8_t *data, size_t len, struct frame *out)
{
    struct frame f = {0};
    unsigned extra, opcode;

    if (len < 2)
        return 0;
    opcode = data[0] & 15;
    f.opcode = (enum frame_opcode)opcode;
    f.final = data[0] & 0x80;
    f.len = data[1] & 0x7f;
    if ((data[0] & 0x70) || !known(opcode) || !(data[1] & 0x80))
        return -FRAME_CLOSE_PROTOCOL;
    if (opcode >= FRAME_CLOSE && (!f.final || f.len > FRAME_CONTROL_MAX))
        return -FRAME_CLOSE_PROTOCOL;
    extra = f.len == 126 ? 2 : f.len == 127 ? 8 : 0;
    f.header = 2 + extra + 4;
    if (len < f.header)
        return 0;
    if (extra)
        f.len = big_endian(data + 2, extra);
    if ((extra == 2 && f.len < 126) || (extra == 8 && (f.len <= UINT16_MAX || f.len >> 63)))
        return -FRAME_CLOSE_PROTOCOL;
    memcpy(f.mask, data + 2 + extra, 4);
    *out = f;
    return (int)f.header;
}

void frame_unmask(const struct frame *f, char *data, size_t len, uint64_t at)
{
    for (size_t i = 0; i < len; i++)
        data[i] = (char)((uint8_t)data[i] ^ f->mask[(at + i) & 3]);
}

char *frame_header(char *end, enum frame_opcode opcode, size_t len)
{
    unsigned extra = len < 126 ? 0 : len <= UINT16_MAX ? 2 : 8;
    uint8_t *p = (uint8_t *)end - extra - 2;

    p[0] = (uint8_t)(0x80 | opcode);
    p[1] = extra == 8 ? 127 : extra == 2 ? 126 : (uint8_t)len;
    for (unsigned i = 0; i < extra; i++)
        p[2 + i] = (uint8_t)((uint64_t)len >> 8 * (extra - 1 - i));
    return (char *)p;
}

bool frame_close_allowed(unsigned code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}
