#include "contacts/blackfile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "contacts/headers.h"
#include "phone/number.h"

struct loading {
    struct store *store;
    const struct blackfile_options *o;
    struct number_parser *numbers;
    struct headers headers;
    bool found, only_look;
    int reason, expires; /* columns, -1 */
    unsigned in_batch;
    struct blackfile_summary sum;
};

static int column_named(const struct headers *h, const char *name)
{
    for (int i = 0; i < h->columns; i++)
        if (strcasecmp(h->title[i], name) == 0)
            return i;
    return -1;
}

static const char *cell(const struct table_row *row, int column)
{
    return column >= 0 && column < row->count ? row->cells[column].p : "";
}

static int reject(struct loading *l, const struct table_row *row, const char *why)
{
    l->sum.rejected++;
    if (l->o->rejected)
        l->o->rejected(l->o->arg, row->number, why);
    return 0;
}

static int add(struct loading *l, const struct store_black *b)
{
    bool added;
    int rc = store_black_add(l->store, b, &added);

    if (rc)
        return rc;
    *(added ? &l->sum.added : &l->sum.known) += 1;
    if (!l->o->batch || ++l->in_batch < l->o->batch)
        return 0;
    l->in_batch = 0;
    rc = store_commit(l->store);
    return rc ? rc : store_begin(l->store);
}

static int take(struct loading *l, const struct table_row *row)
{
    const char *phone = cell(row, l->headers.column[FIELD_PHONE]), *until = cell(row, l->expires);
    const char *reason = cell(row, l->reason);
    struct store_black b = {.expires_ms = l->o->expires_ms, .added_ms = l->o->now_ms};
    struct number number;
    enum number_fault fault;

    if (!*phone || l->only_look)
        return 0;
    l->sum.rows++;
    fault = number_parse(l->numbers, phone, strlen(phone), l->o->region, &number);
    if (fault)
        return reject(l, row, number_fault_text(fault));
    if (*until) {
        char iso[40];

        snprintf(iso, sizeof(iso), "%.10sT23:59:59.999Z", until);
        if (clock_parse_iso(iso, &b.expires_ms))
            return reject(l, row, "expires is not a date such as 2027-01-31");
    }
    b.number = number.key;
    snprintf(b.list, sizeof(b.list), "%s", l->o->list);
    snprintf(b.reason, sizeof(b.reason), "%s", *reason ? reason : l->o->reason ? l->o->reason : "");
    snprintf(b.source, sizeof(b.source), "file %.32s row %lld", l->o->name, (long long)row->number);
    error_clean(b.reason);
    error_clean(b.source);
    return add(l, &b);
}

static int on_row(void *arg, const struct table_info *info, const struct table_row *row)
{
    struct loading *l = arg;

    (void)info;
    if (l->found)
        return take(l, row);
    if (!headers_read(row, NULL, &l->headers))
        return row->number < 20 ? 0 : TABLE_SKIP;
    l->found = true;
    l->reason = column_named(&l->headers, "reason");
    l->expires = column_named(&l->headers, "expires");
    return 0;
}

static int on_progress(void *arg, uint64_t done, uint64_t total)
{
    struct loading *l = arg;

    return l->o->progress ? l->o->progress(l->o->arg, done, total, l->sum.rows) : 0;
}

static int read_file(struct loading *l, const char *path, struct error *err)
{
    struct table_options o = {.row = on_row, .progress = on_progress, .arg = l};
    struct table_info info;
    int rc;

    l->found = false;
    rc = table_read(path, &o, &info, err);
    if ((rc == 0 || rc == TABLE_SKIP) && !l->found)
        return error_set(err, -EINVAL, path,
                         "its first row must name the columns: phone, reason, expires",
                         "no column with phone numbers was found");
    return rc;
}

static int load(struct loading *l, const char *path, struct error *err)
{
    int rc = 0;

    if (l->o->batch) {
        l->only_look = true;
        rc = read_file(l, path, err);
        l->only_look = false;
    }
    if (!rc)
        rc = store_begin(l->store);
    if (rc)
        return rc;
    rc = read_file(l, path, err);
    if (!rc)
        return store_commit(l->store);
    store_rollback(l->store);
    return rc;
}

int blackfile_import(struct store *s, const char *path, const struct blackfile_options *o,
                     struct blackfile_summary *out, struct error *err)
{
    struct loading *l = calloc(1, sizeof(*l));
    int rc;

    if (!l)
        return -ENOMEM;
    l->store = s;
    l->o = o;
    rc = number_parser_new(&l->numbers);
    if (!rc)
        rc = load(l, path, err);
    if (!rc)
        *out = l->sum;
    number_parser_free(l->numbers);
    free(l);
    return rc > 0 ? -EINVAL : rc;
}
