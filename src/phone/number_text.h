/* Texts to digits: what the parser does before it looks at the numbering plan. */
#pragma once

#include "phone/number.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { NUMBER_DIGITS_MAX = 17 }; /* more are too long for a number in any country */

/* To digits, with a leading "+" perhaps. *spoiled becomes true where a spreadsheet's work was
 * undone, and is left alone otherwise. */
enum number_fault number_clean(const char *text, size_t len, char out[NUMBER_DIGITS_MAX + 2],
                               bool *spoiled);

#ifdef __cplusplus
}
#endif
