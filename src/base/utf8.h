/* UTF-8 by RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Bytes of the character at s, of which len are there; 0 when it is none or is cut short. */
size_t utf8_character(const char *s, size_t len);
/* Is all of it UTF-8, without a NUL? */
bool utf8_valid(const char *s, size_t len);
/* Characters a terminal shows nothing of and people do not see: marks of direction and order, a
 * byte order mark, soft hyphen, zero-width space. Bytes of the one at s, 0 when it is none. */
size_t utf8_invisible(const char *s, size_t len);
/* White space: ASCII's, and the no-break and wide spaces. Bytes of the one at s, 0: none. */
size_t utf8_space(const char *s, size_t len);
/* The largest cut of s, at most max bytes, that does not end within a character. */
size_t utf8_cut(const char *s, size_t len, size_t max);
/* Takes off a character at the end of s that a limit has cut short. */
void utf8_mend_end(char *s);
