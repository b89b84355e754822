#include "contacts/encoding.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/utf8.h"

/* ---- looking -------------------------------------------------------------------------------- */

enum { LOOK = 65536, LINES_MAX = 50 };

/* Characters beyond ASCII, and bytes that are none. A character cut by the block's end is left
 * over: its bytes, at most 3, go to *cut. */
static void count_block(const char *p, size_t len, bool last, uint64_t *good, uint64_t *bad,
                        size_t *cut)
{
    *cut = 0;
    for (size_t i = 0; i < len;) {
        size_t n;

        if ((unsigned char)p[i] < 0x80) {
            i++;
            continue;
        }
        n = utf8_character(p + i, len - i);
        if (!n && !last && len - i < 4 && (unsigned char)p[i] >= 0xc2) {
            *cut = len - i;
            return;
        }
        *(n ? good : bad) += 1;
        i += n ? n : 1;
    }
}

/* Hebrew in Windows-1255 hardly ever looks like UTF-8 by chance: the majority decides. */
static bool mostly_utf8(FILE *f, char *block, size_t n)
{
    uint64_t good = 0, bad = 0;
    size_t cut = 0;

    while (n > 0) {
        bool last = n < LOOK;

        count_block(block, n, last, &good, &bad, &cut);
        memmove(block, block + n - cut, cut);
        n = last ? 0 : cut + fread(block + cut, 1, LOOK - cut, f);
        if (n == cut && cut > 0) { /* the file ends within a character */
            bad++;
            break;
        }
    }
    return good >= bad;
}

static enum encoding look(FILE *f, char *block, int *mark)
{
    size_t n = fread(block, 1, LOOK, f), even = 0, odd = 0;

    *mark = 0;
    if (n >= 3 && memcmp(block, "\xef\xbb\xbf", 3) == 0) {
        *mark = 3;
        return ENCODING_UTF8;
    }
    if (n >= 2 && (memcmp(block, "\xff\xfe", 2) == 0 || memcmp(block, "\xfe\xff", 2) == 0)) {
        *mark = 2;
        return block[0] == '\xff' ? ENCODING_UTF16LE : ENCODING_UTF16BE;
    }
    for (size_t i = 0; i < n; i++)
        if (block[i] == 0)
            *(i % 2 ? &odd : &even) += 1;
    if (odd > n / 5 && odd > even)
        return ENCODING_UTF16LE;
    if (even > n / 5)
        return ENCODING_UTF16BE;
    return mostly_utf8(f, block, n) ? ENCODING_UTF8 : ENCODING_WINDOWS_1255;
}

enum encoding encoding_look(FILE *f, int *mark)
{
    char *block = malloc(LOOK);
    enum encoding found = ENCODING_UTF8;

    *mark = 0;
    if (block)
        found = look(f, block, mark);
    free(block);
    rewind(f);
    return found;
}

/* ---- decoding ------------------------------------------------------------------------------- */

/* Windows-1255 from 0x80 on; 0: no character. Points stay apart from their letters, as they are in
 * UTF-8 text elsewhere. */
static const uint16_t windows_1255[128] = {
    0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0,      0x2039,
    0,      0,      0,      0,      0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
    0x02dc, 0x2122, 0,      0x203a, 0,      0,      0,      0,      0x00a0, 0x00a1, 0x00a2, 0x00a3,
    0x20aa, 0x00a5, 0x00a6, 0x00a7, 0x00a8, 0x00a9, 0x00d7, 0x00ab, 0x00ac, 0x00ad, 0x00ae, 0x00af,
    0x00b0, 0x00b1, 0x00b2, 0x00b3, 0x00b4, 0x00b5, 0x00b6, 0x00b7, 0x00b8, 0x00b9, 0x00f7, 0x00bb,
    0x00bc, 0x00bd, 0x00be, 0x00bf, 0x05b0, 0x05b1, 0x05b2, 0x05b3, 0x05b4, 0x05b5, 0x05b6, 0x05b7,
    0x05b8, 0x05b9, 0,      0x05bb, 0x05bc, 0x05bd, 0x05be, 0x05bf, 0x05c0, 0x05c1, 0x05c2, 0x05c3,
    0x05f0, 0x05f1, 0x05f2, 0x05f3, 0x05f4, 0,      0,      0,      0,      0,      0,      0,
    0x05d0, 0x05d1, 0x05d2, 0x05d3, 0x05d4, 0x05d5, 0x05d6, 0x05d7, 0x05d8, 0x05d9, 0x05da, 0x05db,
    0x05dc, 0x05dd, 0x05de, 0x05df, 0x05e0, 0x05e1, 0x05e2, 0x05e3, 0x05e4, 0x05e5, 0x05e6, 0x05e7,
    0x05e8, 0x05e9, 0x05ea, 0,      0,      0x200e, 0x200f, 0,
};

static const char *const names[] = {
    [ENCODING_UTF8] = "utf-8",
    [ENCODING_UTF16LE] = "utf-16le",
    [ENCODING_UTF16BE] = "utf-16be",
    [ENCODING_WINDOWS_1255] = "windows-1255",
};

const char *encoding_name(enum encoding e)
{
    return names[e];
}

int encoding_find(const char *name)
{
    for (int i = 0; i < ENCODING_COUNT; i++)
        if (strcasecmp(names[i], name) == 0)
            return i;
    return -1;
}

/* 0 stands for what is no character. */
static char *put(char *out, uint32_t c)
{
    if (c == 0) {
        *out++ = '\xff';
    } else if (c < 0x80) {
        *out++ = (char)c;
    } else if (c < 0x800) {
        *out++ = (char)(0xc0 | c >> 6);
        *out++ = (char)(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        *out++ = (char)(0xe0 | c >> 12);
        *out++ = (char)(0x80 | (c >> 6 & 0x3f));
        *out++ = (char)(0x80 | (c & 0x3f));
    } else {
        *out++ = (char)(0xf0 | c >> 18);
        *out++ = (char)(0x80 | (c >> 12 & 0x3f));
        *out++ = (char)(0x80 | (c >> 6 & 0x3f));
        *out++ = (char)(0x80 | (c & 0x3f));
    }
    return out;
}

static uint32_t unit(const unsigned char *p, bool big)
{
    return big ? (uint32_t)p[0] << 8 | p[1] : (uint32_t)p[1] << 8 | p[0];
}

/* RFC 2781. A half of a pair without the other is no character. */
static char *decode_utf16(const unsigned char *in, size_t *len, bool big, bool last, char *out)
{
    size_t i = 0;

    while (*len - i >= 2) {
        uint32_t c = unit(in + i, big), low;

        if (c < 0xd800 || c > 0xdfff) {
            out = put(out, c);
            i += 2;
            continue;
        }
        if (c < 0xdc00 && *len - i < 4 && !last)
            break;
        low = c < 0xdc00 && *len - i >= 4 ? unit(in + i + 2, big) : 0;
        if (low >= 0xdc00 && low <= 0xdfff) {
            out = put(out, 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00));
            i += 4;
        } else {
            out = put(out, 0);
            i += 2;
        }
    }
    if (last && i < *len) {
        out = put(out, 0);
        i = *len;
    }
    *len = i;
    return out;
}

static char *decode_1255(const unsigned char *in, size_t len, char *out)
{
    for (size_t i = 0; i < len; i++)
        out = put(out, in[i] < 0x80 ? in[i] : windows_1255[in[i] - 0x80]);
    return out;
}

size_t encoding_decode(enum encoding e, const void *in, size_t *len, bool last, char *out)
{
    char *end = out;

    if (e == ENCODING_WINDOWS_1255)
        end = decode_1255(in, *len, out);
    else if (e == ENCODING_UTF16LE || e == ENCODING_UTF16BE)
        end = decode_utf16(in, len, e == ENCODING_UTF16BE, last, out);
    else if (*len)
        end = (char *)memcpy(out, in, *len) + *len;
    return (size_t)(end - out);
}

/* ---- separators ----------------------------------------------------------------------------- */

enum { TIMES_MAX = 64 };

struct tally {
    unsigned lines[TIMES_MAX]; /* lines that have it so many times */
    size_t in_line;
};

static void end_line(struct tally tally[3])
{
    for (int i = 0; i < 3; i++) {
        if (tally[i].in_line > 0)
            tally[i].lines[tally[i].in_line < TIMES_MAX ? tally[i].in_line : TIMES_MAX - 1]++;
        tally[i].in_line = 0;
    }
}

/* How many lines have it equally often, and how often: a table's lines do. */
static size_t steadiness(const struct tally *t)
{
    size_t best = 0;

    for (size_t times = 1; times < TIMES_MAX; times++)
        if (t->lines[times] * TIMES_MAX + times > best)
            best = t->lines[times] * TIMES_MAX + times;
    return best;
}

char encoding_separator(const char *text, size_t len)
{
    static const char candidates[] = ",;\t";
    struct tally tally[3] = {0};
    bool quoted = false;
    int lines = 0, best = 0;

    for (size_t i = 0; i < len && lines < LINES_MAX; i++) {
        const char *c;

        if (text[i] == '"')
            quoted = !quoted;
        if (quoted || !text[i])
            continue;
        if (text[i] == '\n' || text[i] == '\r') {
            end_line(tally);
            lines++;
        } else if ((c = strchr(candidates, text[i]))) {
            tally[c - candidates].in_line++;
        }
    }
    end_line(tally);
    for (int i = 1; i < 3; i++)
        if (steadiness(&tally[i]) > steadiness(&tally[best]))
            best = i;
    return candidates[best];
}
