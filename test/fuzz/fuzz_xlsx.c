/* Workbooks from outside: rows of terminated cells, or a refusal with words. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "contacts/table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int on_row(void *arg, const struct table_info *info, const struct table_row *row)
{
    if (row->count < 0 || row->count > TABLE_COLUMNS_MAX)
        abort();
    for (int i = 0; i < row->count; i++)
        if (row->cells[i].p[row->cells[i].len] || memchr(row->cells[i].p, 0, row->cells[i].len))
            abort();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fd = memfd_create("xlsx", 0);
    struct table_options o = {.row = on_row};
    struct table_info info = {0};
    struct error err = {0};
    char path[40];
    int rc;

    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    rc = table_read_xlsx(path, &o, &info, &err);
    if (rc && !err.message[0])
        abort();
    close(fd);
    return 0;
}
