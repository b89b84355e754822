#include "base/error.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

char *error_clean(char *text)
{
    unsigned char *from = (unsigned char *)text, *to = from, *end = from + strlen(text);

    while (from < end) {
        size_t n = utf8_character((const char *)from, (size_t)(end - from));
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
