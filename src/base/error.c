#include "base/error.h"

#include <stdio.h>
#include <string.h>

static void copy(char *out, size_t size, const char *text)
{
    snprintf(out, size, "%s", text ? text : "");
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
    return code;
}

const char *error_text(const struct error *err, char *buf, unsigned size)
{
    snprintf(buf, size, "%s%s%s%s%s%s", err->place, err->place[0] ? ": " : "", err->message,
             err->remedy[0] ? " (" : "", err->remedy, err->remedy[0] ? ")" : "");
    return buf;
}
