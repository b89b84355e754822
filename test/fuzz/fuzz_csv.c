/* CSV from outside: rows of whole, terminated UTF-8 cells in order, or a refusal with words. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "contacts/headers.h"
#include "contacts/table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
    int64_t rows;
    struct headers headers;
};

static int on_row(void *arg, const struct table_info *info, const struct table_row *row)
{
    struct seen *s = arg;

    if (row->number != ++s->rows || row->count > TABLE_COLUMNS_MAX)
        abort();
    for (int i = 0; i < row->count; i++)
        if (row->cells[i].len > TABLE_CELL_MAX || row->cells[i].p[row->cells[i].len])
            abort();
    if (headers_read(row, NULL, &s->headers) && s->headers.column[FIELD_PHONE] >= row->count)
        abort();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fd = memfd_create("csv", 0);
    static struct seen seen;
    struct table_options o = {.row = on_row, .arg = &seen};
    struct table_info info = {0};
    struct error err = {0};
    char path[40];

    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    seen.rows = 0;
    if (table_read_csv(path, &o, &info, &err) && (!err.message[0] || !err.remedy[0]))
        abort();
    close(fd);
    return 0;
}
