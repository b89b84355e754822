/* A file of numbers onto a blacklist: columns phone, reason, expires. All rows that can be read are
 * taken in one transaction; the others are told, each with its row. */
#include "cmd/blacklist_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "cmd/ui.h"
#include "contacts/headers.h"
#include "phone/number.h"

enum { TELL_MAX = 20 };

struct loading {
    struct data *d;
    const struct option_values *v;
    const char *path;
    struct number_parser *numbers;
    struct headers headers;
    bool found;
    int reason, expires; /* columns, -1 */
    int64_t default_expiry, rows, added, known, rejected;
    json_t *faults;
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
    if (++l->rejected <= TELL_MAX)
        ui_warn("%s: row %lld: %s", l->path, (long long)row->number, why);
    json_array_append_new(l->faults,
                          json_pack("{s:I,s:s}", "row", (json_int_t)row->number, "reason", why));
    return 0;
}

static int take(struct loading *l, const struct table_row *row)
{
    const char *phone = cell(row, l->headers.column[FIELD_PHONE]), *until = cell(row, l->expires);
    struct store_black b = {.expires_ms = l->default_expiry};
    struct number number;
    enum number_fault fault;
    bool added;
    int rc;

    if (!*phone)
        return 0;
    l->rows++;
    fault = number_parse(l->numbers, phone, strlen(phone), option_string(l->v, "region"), &number);
    if (fault)
        return reject(l, row, number_fault_text(fault));
    if (*until) {
        char iso[40];

        snprintf(iso, sizeof(iso), "%.10sT23:59:59.999Z", until);
        if (clock_parse_iso(iso, &b.expires_ms))
            return reject(l, row, "expires is not a date such as 2027-01-31");
    }
    b.number = number.key;
    snprintf(b.list, sizeof(b.list), "%s",
             option_string(l->v, "list") ? option_string(l->v, "list") : "opt-out");
    snprintf(b.reason, sizeof(b.reason), "%s",
             *cell(row, l->reason)           ? cell(row, l->reason)
             : option_string(l->v, "reason") ? option_string(l->v, "reason")
                                             : "");
    snprintf(b.source, sizeof(b.source), "file %.32s row %lld", l->path, (long long)row->number);
    b.added_ms = clock_wall_ms(&clock_system);
    rc = store_black_add(l->d->store, &b, &added);
    if (!rc)
        *(added ? &l->added : &l->known) += 1;
    return rc;
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

static int read_file(struct loading *l, struct error *err)
{
    struct table_options o = {.row = on_row, .arg = l};
    struct table_info info;
    int rc = table_read(l->path, &o, &info, err);

    if ((rc == 0 || rc == TABLE_SKIP) && !l->found)
        return error_set(err, -EINVAL, l->path,
                         "its first row must name the columns: phone, "
                         "reason, expires",
                         "no column with phone numbers was found");
    return rc;
}

static void report(const struct loading *l)
{
    if (ui.json)
        ui_json(json_pack("{s:I,s:I,s:I,s:I,s:O}", "rows", (json_int_t)l->rows, "added",
                          (json_int_t)l->added, "known", (json_int_t)l->known, "rejected",
                          (json_int_t)l->rejected, "faults", l->faults));
    else
        printf("%s rows: %s added, %s were there already, %s rejected\n", ui_count(l->rows),
               ui_count(l->added), ui_count(l->known), ui_count(l->rejected));
}

int blacklist_import(struct data *d, const struct option_values *v, const char *path,
                     int64_t expires_ms)
{
    static struct loading l; /* its headers are large; one import a process */
    struct error err = {0};
    int rc, code = CMD_DONE;

    l = (struct loading){.d = d, .v = v, .path = path, .default_expiry = expires_ms};
    rc = number_parser_new(&l.numbers);
    if (rc)
        return cmd_fail(&err);
    l.faults = json_array();
    rc = store_begin(d->store);
    if (!rc) {
        rc = read_file(&l, &err);
        if (rc)
            store_rollback(d->store);
        else
            rc = store_commit(d->store);
    }
    if (rc)
        code = err.code ? cmd_fail(&err) : cmd_store_error(d->store, rc, "fill the blacklist");
    else
        report(&l);
    json_decref(l.faults);
    number_parser_free(l.numbers);
    return code;
}
