#include "report/csv_write.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "phone/number.h"

struct csv_writer {
    FILE *out;
    char path[PATH_MAX], temp[PATH_MAX];
    bool in_row;
};

static int fail(struct error *err, const char *path, int code)
{
    const char *remedy = code == ENOSPC   ? "free space on that disk"
                         : code == EACCES ? "choose a folder you may write into (--out)"
                                          : NULL;

    return error_set(err, -code, path, remedy, "cannot write: %s", strerror(code));
}

int csv_writer_open(const char *path, struct csv_writer **out, struct error *err)
{
    struct csv_writer *w = calloc(1, sizeof(*w));
    int fd = -1;

    if (!w)
        return -ENOMEM;
    snprintf(w->path, sizeof(w->path), "%s", path);
    if ((size_t)snprintf(w->temp, sizeof(w->temp), "%s.XXXXXX", path) >= sizeof(w->temp))
        errno = ENAMETOOLONG;
    else
        fd = mkostemp(w->temp, O_CLOEXEC);
    if (fd >= 0)
        w->out = fdopen(fd, "w");
    if (!w->out) {
        int code = errno;

        if (fd >= 0) {
            close(fd);
            unlink(w->temp);
        }
        free(w);
        return fail(err, path, code);
    }
    fputs("\xef\xbb\xbf", w->out);
    *out = w;
    return 0;
}

static void separate(struct csv_writer *w)
{
    if (w->in_row)
        fputc(',', w->out);
    w->in_row = true;
}

static void quoted(struct csv_writer *w, const char *text, const char *before)
{
    separate(w);
    if (!before[0] && !strpbrk(text, "\",\r\n") && text[0] != ' ') {
        fputs(text, w->out);
        return;
    }
    fprintf(w->out, "\"%s", before);
    for (; *text; text++) {
        if (*text == '"')
            fputc('"', w->out);
        fputc(*text, w->out);
    }
    fputc('"', w->out);
}

void csv_text(struct csv_writer *w, const char *text)
{
    quoted(w, text ? text : "", "");
}

void csv_outside(struct csv_writer *w, const char *text)
{
    text = text ? text : "";
    quoted(w, text, text[0] && strchr("=+-@\t\r", text[0]) ? "'" : "");
}

void csv_int(struct csv_writer *w, int64_t value)
{
    separate(w);
    fprintf(w->out, "%lld", (long long)value);
}

void csv_real(struct csv_writer *w, double value, int decimals)
{
    separate(w);
    fprintf(w->out, "%.*f", decimals, value);
}

void csv_time(struct csv_writer *w, int64_t wall_ms)
{
    char buf[32];

    csv_text(w, wall_ms ? clock_format_iso(wall_ms, buf, sizeof(buf)) : "");
}

void csv_number(struct csv_writer *w, uint64_t number)
{
    char text[NUMBER_TEXT_MAX];

    number_format(number, text);
    csv_text(w, text);
}

void csv_end_row(struct csv_writer *w)
{
    fputs("\r\n", w->out);
    w->in_row = false;
}

int csv_writer_finish(struct csv_writer *w, struct error *err)
{
    int code = 0;

    if (fflush(w->out) || ferror(w->out) || fchmod(fileno(w->out), 0644) || fsync(fileno(w->out)))
        code = errno ? errno : EIO;
    if (fclose(w->out) && !code)
        code = errno;
    w->out = NULL;
    if (!code && rename(w->temp, w->path))
        code = errno;
    if (code)
        fail(err, w->path, code);
    else
        w->temp[0] = '\0';
    csv_writer_abort(w);
    return -code;
}

void csv_writer_abort(struct csv_writer *w)
{
    if (!w)
        return;
    if (w->out)
        fclose(w->out);
    if (w->temp[0])
        unlink(w->temp);
    free(w);
}
