/* Encodings and separators of CSV files: found by looking, as no file says; decoded. Pure, but for
 * the file that is looked at. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum encoding {
    ENCODING_UTF8,
    ENCODING_UTF16LE,
    ENCODING_UTF16BE,
    ENCODING_WINDOWS_1255,
    ENCODING_COUNT
};

const char *encoding_name(enum encoding e); /* "utf-8", "utf-16le", "utf-16be", "windows-1255" */
int encoding_find(const char *name);        /* -1: none of these */

/* Bytes of a mark to skip go to *mark. Reads the file through where nothing at its beginning
 * decides, and goes back to its beginning. A few bytes that are no UTF-8 in a file that otherwise
 * is do not make it another encoding. */
enum encoding encoding_look(FILE *f, int *mark);
/* To UTF-8: out has room for three bytes for each of in's. *len becomes what was used: the rest, at
 * most 3 bytes, comes again with what follows it. What is no character becomes a byte 0xff, which
 * is none in UTF-8 either. Returns the bytes written. */
size_t encoding_decode(enum encoding e, const void *in, size_t *len, bool last, char *out);
/* , ; or tab: the one that most of the first lines have equally often, outside quotes. text:
 * UTF-8. */
char encoding_separator(const char *text, size_t len);
