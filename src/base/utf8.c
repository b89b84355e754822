#include "base/utf8.h"

#include <string.h>

size_t utf8_character(const char *text, size_t len)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t n;

    if (len == 0 || (s[0] >= 0x80 && s[0] < 0xc2) || s[0] > 0xf4)
        return 0;
    n = s[0] < 0x80 ? 1 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    if (n > len)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
        (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
        return 0;
    return n;
}

bool utf8_valid(const char *s, size_t len)
{
    for (size_t i = 0; i < len;) {
        size_t n;

        if ((unsigned char)(s[i] - 1) < 0x7f) { /* 1 … 0x7f */
            i++;
            continue;
        }
        n = s[i] ? utf8_character(s + i, len - i) : 0;
        if (!n)
            return false;
        i += n;
    }
    return true;
}

size_t utf8_invisible(const char *text, size_t len)
{
    const unsigned char *s = (const unsigned char *)text;

    if (len >= 2 && s[0] == 0xc2 && s[1] == 0xad) /* soft hyphen */
        return 2;
    if (len < 3)
        return 0;
    if (s[0] == 0xe2 && s[1] == 0x80 && /* U+200B … U+200F, U+202A … U+202E */
        ((s[2] >= 0x8b && s[2] <= 0x8f) || (s[2] >= 0xaa && s[2] <= 0xae)))
        return 3;
    if (s[0] == 0xe2 && s[1] == 0x81 && s[2] >= 0xa0 && s[2] <= 0xaf) /* U+2060 … U+206F */
        return 3;
    return s[0] == 0xef && s[1] == 0xbb && s[2] == 0xbf ? 3 : 0; /* U+FEFF */
}

size_t utf8_space(const char *text, size_t len)
{
    const unsigned char *s = (const unsigned char *)text;

    if (len >= 1 && s[0] && strchr(" \t\r\n\v\f", s[0]))
        return 1;
    if (len >= 2 && s[0] == 0xc2 && s[1] == 0xa0)
        return 2;
    if (len < 3)
        return 0;
    if (s[0] == 0xe2 && s[1] == 0x80 && /* U+2000 … U+200A, line and paragraph ends, U+202F */
        (s[2] <= 0x8a || s[2] == 0xa8 || s[2] == 0xa9 || s[2] == 0xaf))
        return 3;
    return s[0] == 0xe3 && s[1] == 0x80 && s[2] == 0x80 ? 3 : 0; /* U+3000 */
}

size_t utf8_cut(const char *s, size_t len, size_t max)
{
    if (len <= max)
        return len;
    while (max > 0 && ((unsigned char)s[max] & 0xc0) == 0x80)
        max--;
    return max;
}

void utf8_mend_end(char *s)
{
    size_t len = strlen(s), from = len;

    while (from > 0 && len - from < 4 && ((unsigned char)s[from - 1] & 0xc0) == 0x80)
        from--;
    if (from > 0 && (unsigned char)s[from - 1] >= 0xc0 &&
        utf8_character(s + from - 1, len - from + 1) != len - from + 1)
        s[from - 1] = '\0';
}
