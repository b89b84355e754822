/* A file of numbers onto a blacklist, all in one transaction. */
#include "cmd/blacklist_file.h"

#include "base/clock.h"
#include "cmd/ui.h"
#include "contacts/blackfile.h"

enum { TELL_MAX = 20 };

struct told {
    const char *path;
    int64_t count;
    json_t *faults;
};

static void on_rejected(void *arg, int64_t row, const char *why)
{
    struct told *t = arg;

    if (++t->count <= TELL_MAX)
        ui_warn("%s: row %lld: %s", t->path, (long long)row, why);
    json_array_append_new(t->faults, json_pack("{s:I,s:s}", "row", (json_int_t)row, "reason", why));
}

static void report(const struct blackfile_summary *s, json_t *faults)
{
    if (ui.json)
        ui_json(json_pack("{s:I,s:I,s:I,s:I,s:O}", "rows", (json_int_t)s->rows, "added",
                          (json_int_t)s->added, "known", (json_int_t)s->known, "rejected",
                          (json_int_t)s->rejected, "faults", faults));
    else
        printf("%s rows: %s added, %s were there already, %s rejected\n", ui_count(s->rows),
               ui_count(s->added), ui_count(s->known), ui_count(s->rejected));
}

int blacklist_import(struct data *d, const struct option_values *v, const char *path,
                     int64_t expires_ms)
{
    struct told told = {.path = path, .faults = json_array()};
    const struct blackfile_options o = {
        .list = option_string(v, "list") ? option_string(v, "list") : "opt-out",
        .region = option_string(v, "region"),
        .reason = option_string(v, "reason"),
        .name = path,
        .expires_ms = expires_ms,
        .now_ms = clock_wall_ms(&clock_system),
        .rejected = on_rejected,
        .arg = &told,
    };
    struct blackfile_summary summary;
    struct error err = {0};
    int rc = blackfile_import(d->store, path, &o, &summary, &err), code = CMD_DONE;

    if (rc)
        code = err.code ? cmd_fail(&err) : cmd_store_error(d->store, rc, "fill the blacklist");
    else
        report(&summary, told.faults);
    json_decref(told.faults);
    return code;
}
