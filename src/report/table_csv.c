/* Tables as CSV (RFC 4180). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "report/table_priv.h"

struct table_csv {
    struct table table;
    FILE *out;
    bool in_row, in_header;
};

static struct table_csv *csv(struct table *t)
{
    return (struct table_csv *)t;
}

static void separate(struct table_csv *w)
{
    if (w->in_row)
        fputc(',', w->out);
    w->in_row = true;
}

static void end_header(struct table_csv *w)
{
    if (!w->in_header)
        return;
    fputs("\r\n", w->out);
    w->in_header = w->in_row = false;
}

static void quoted(struct table_csv *w, const char *text, const char *before)
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

static const char *guard(const char *text)
{
    return text[0] && strchr("=+-@\t\r", text[0]) ? "'" : "";
}

static void csv_sheet(struct table *t, const char *name, const char *const *columns)
{
    for (; *columns; columns++)
        quoted(csv(t), *columns, "");
    csv(t)->in_header = true;
}

static void csv_column(struct table *t, const char *name)
{
    quoted(csv(t), name, guard(name));
}

static void csv_text(struct table *t, const char *text, bool outside)
{
    end_header(csv(t));
    quoted(csv(t), text, outside ? guard(text) : "");
}

static void csv_int(struct table *t, int64_t value)
{
    end_header(csv(t));
    separate(csv(t));
    fprintf(csv(t)->out, "%lld", (long long)value);
}

static void csv_real(struct table *t, double value, int decimals)
{
    end_header(csv(t));
    separate(csv(t));
    fprintf(csv(t)->out, "%.*f", decimals, value);
}

static void csv_time(struct table *t, int64_t wall_ms)
{
    char buf[32];

    csv_text(t, clock_format_iso(wall_ms, buf, sizeof(buf)), false);
}

static void csv_end_row(struct table *t)
{
    fputs("\r\n", csv(t)->out);
    csv(t)->in_row = false;
}

static int csv_close(struct table *t)
{
    struct table_csv *w = csv(t);
    int fd = fileno(w->out), rc = 0;

    end_header(w);
    if (fflush(w->out) || ferror(w->out) || fchmod(fd, 0644) || fsync(fd))
        rc = errno ? -errno : -EIO;
    if (fclose(w->out) && !rc)
        rc = -errno;
    w->out = NULL;
    return rc;
}

static void csv_drop(struct table *t)
{
    if (csv(t)->out)
        fclose(csv(t)->out);
    csv(t)->out = NULL;
}

static const struct table_backend ops = {
    .sheet = csv_sheet,
    .column = csv_column,
    .text = csv_text,
    .integer = csv_int,
    .real = csv_real,
    .time = csv_time,
    .end_row = csv_end_row,
    .close = csv_close,
    .drop = csv_drop,
};

int table_open_csv(const char *path, struct table **out, struct error *err)
{
    struct table_csv *w = calloc(1, sizeof(*w));
    int fd;

    if (!w)
        return -ENOMEM;
    w->table.ops = &ops;
    fd = table_make_temp(&w->table, path, err);
    if (fd >= 0)
        w->out = fdopen(fd, "w");
    if (!w->out) {
        if (fd >= 0)
            close(fd);
        table_abort(&w->table);
        return error_set(err, fd < 0 ? fd : -ENOMEM, path, NULL, "cannot write");
    }
    fputs("\xef\xbb\xbf", w->out);
    *out = &w->table;
    return 0;
}
