#include "base/error.h"

#include <stdio.h>
#include <string.h>

/* Bytes of the UTF-8 character at s, 0 when it is none or is cut short. */
static size_t character(const unsigned char *s)
{
    size_t n = s[0] < 0x80 ? 1 : s[0] >= 0xc2 && s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;

    if ((s[0] >= 0x80 && s[0] < 0xc2) || s[0] > 0xf4)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
        (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
        return 0;
    return n;
}

char *error_clean(char *text)
{
    unsigned char *from = (unsigned char *)text, *to = from;

    while (*from) {
        size_t n = character(from);
        bool control =
            *from < 0x20 || *from == 0x7f || (n == 2 && from[0] == 0xc2 && from[1] < 0xa0);

        if (control)
            *to++ = ' ';
        else
            for (size_t i = 0; i < n; i++)
                *to++ = from[i];
        from += n ? n : 1;
    }
    *to = '\0';
    return text;
}

static void copy(char *out, size_t size, const char *text)
{
    snprintf(out, size, "%s", text ? text : "");
    error_clean(out);
}

int error_set(struct error *err, int code, const char *place, const char *remedy,
              const char *format, ...)
{
    va_list ap;

    if (!err || err->code)
        return code;
    err->code = code;
    copy(err->place, sizeof(err->place), place);
    copy(err->remedy, sizeof(err->remedy), remedy);
    va_start(ap, format);
    vsnprintf(err->message, sizeof(err->message), format, ap);
    va_end(ap);
    error_clean(err->message);
    return code;
}

const char *error_text(const struct error *err, char *buf, unsigned size)
{
    snprintf(buf, size, "%s%s%s%s%s%s", err->place, err->place[0] ? ": " : "", err->message,
             err->remedy[0] ? " (" : "", err->remedy, err->remedy[0] ? ")" : "");
    return buf;
}
