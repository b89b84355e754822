/* What both back-ends share: the temporary file and its move into place. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "phone/number.h"
#include "report/table_priv.h"

int table_fail(struct error *err, const char *path, int code)
{
    const char *remedy = code == ENOSPC   ? "free space on that disk"
                         : code == EACCES ? "choose a folder you may write into (--out)"
                                          : NULL;

    return error_set(err, -code, path, remedy, "cannot write: %s", strerror(code));
}

int table_make_temp(struct table *t, const char *path, struct error *err)
{
    int fd = -1, rc = file_target(path, t->path, err);

    if (rc)
        return rc;
    if ((size_t)snprintf(t->temp, sizeof(t->temp), "%s.XXXXXX", t->path) >= sizeof(t->temp))
        errno = ENAMETOOLONG;
    else
        fd = mkostemp(t->temp, O_CLOEXEC);
    if (fd < 0) {
        int code = errno;

        t->temp[0] = '\0';
        return table_fail(err, path, code);
    }
    return fd;
}

void table_sheet(struct table *t, const char *name, const char *const *columns)
{
    t->ops->sheet(t, name, columns);
}

void table_column(struct table *t, const char *name)
{
    t->ops->column(t, name);
}

void table_text(struct table *t, const char *text)
{
    t->ops->text(t, text ? text : "", false);
}

void table_outside(struct table *t, const char *text)
{
    t->ops->text(t, text ? text : "", true);
}

void table_int(struct table *t, int64_t value)
{
    t->ops->integer(t, value);
}

void table_real(struct table *t, double value, int decimals)
{
    t->ops->real(t, value, decimals);
}

void table_time(struct table *t, int64_t wall_ms)
{
    if (wall_ms)
        t->ops->time(t, wall_ms);
    else
        t->ops->text(t, "", false);
}

void table_number(struct table *t, uint64_t number)
{
    char text[NUMBER_TEXT_MAX];

    number_format(number, text);
    t->ops->text(t, text, false);
}

void table_end_row(struct table *t)
{
    t->ops->end_row(t);
}

int table_finish(struct table *t, struct error *err)
{
    int rc = t->ops->close(t);

    if (!rc && rename(t->temp, t->path))
        rc = -errno;
    if (rc)
        table_fail(err, t->path, -rc);
    else
        t->temp[0] = '\0';
    table_abort(t);
    return rc;
}

void table_abort(struct table *t)
{
    if (!t)
        return;
    t->ops->drop(t);
    if (t->temp[0])
        unlink(t->temp);
    free(t);
}
