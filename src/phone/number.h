/* Phone numbers: text as people write it (or as Excel spoiled it) to E.164. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { NUMBER_TEXT_MAX = 20 }; /* "+" and at most 15 digits, terminator */

enum number_kind {
    NUMBER_KIND_UNKNOWN,
    NUMBER_KIND_MOBILE,
    NUMBER_KIND_LANDLINE,
    NUMBER_KIND_VOIP,
    NUMBER_KIND_TOLL_FREE,
    NUMBER_KIND_PREMIUM,
    NUMBER_KIND_OTHER,
};

/* Why a text is not a number that can be called. Texts for people: number_fault_text(). */
enum number_fault {
    NUMBER_OK,
    NUMBER_EMPTY,
    NUMBER_NOT_A_NUMBER, /* letters, nothing that looks like a number */
    NUMBER_TOO_SHORT,
    NUMBER_TOO_LONG,
    NUMBER_BAD_COUNTRY,
    NUMBER_NOT_IN_USE,  /* right length, but no such range in the numbering plan */
    NUMBER_DATE,        /* its digits may be somebody's number, but it is none */
    NUMBER_DIGITS_LOST, /* a spreadsheet rounded it away: 9.72E+11 */
};

struct number {
    uint64_t key;               /* the E.164 digits as an integer: the number's identity */
    char e164[NUMBER_TEXT_MAX]; /* "+972501234567" */
    char region[3];             /* "IL", or "001" never: "ZZ" when unknown */
    enum number_kind kind;
    bool repaired; /* a lost leading zero or the like was put back */
};

/* One parser a thread: holds the cache keyed by country, length and first digits (see
 * ARCHITECTURE). */
struct number_parser;
int number_parser_new(struct number_parser **out);
void number_parser_free(struct number_parser *p);

/* text: UTF-8, any usual punctuation, Hebrew direction marks, "tel:", "00" and "+" prefixes, ".0"
 * and exponent forms of spreadsheets. region: default ISO 3166 region ("IL"). */
enum number_fault number_parse(struct number_parser *p, const char *text, size_t len,
                               const char *region, struct number *out);
const char *number_fault_text(enum number_fault fault);
const char *number_kind_name(enum number_kind kind); /* "mobile" … */
bool number_region_known(const char *region);
void number_format(uint64_t key, char out[NUMBER_TEXT_MAX]); /* "+" digits */

#ifdef __cplusplus
}
#endif
