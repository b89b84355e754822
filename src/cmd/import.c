/* kolcast import: a file of people into a contact list, and its undoing. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "cmd/cmd.h"
#include "cmd/importing.h"
#include "cmd/ui.h"
#include "contacts/header_words.h"

static const char *const encodings[] = {"utf-8", "utf-16le", "utf-16be", "windows-1255", NULL};
static const char *const separators[] = {",", ";", "tab", NULL};

static const struct option_def options[] = {
    {.name = "list",
     .letter = 'l',
     .type = OPTION_STRING,
     .value = "NAME",
     .help = "The contact list to put them into; made when it is new."},
    {.name = "map",
     .letter = 'm',
     .type = OPTION_LIST,
     .value = "FIELD=COLUMN",
     .help = "Which column holds a field, when the header is not recognised: phone=\"Cell no.\". "
             "Phones may be told more than once, in the order to try them."},
    {.name = "no-header",
     .type = OPTION_FLAG,
     .help = "The first row is a person; columns are called A, B, C … (--map name=B)."},
    {.name = "sheet",
     .type = OPTION_STRING,
     .value = "NAME",
     .help = "Excel: the sheet to read; without it the first that has a phone column."},
    {.name = "skip-hidden", .type = OPTION_FLAG, .help = "Excel: leave hidden rows out."},
    {.name = "encoding",
     .type = OPTION_CHOICE,
     .value = "NAME",
     .choices = encodings,
     .help = "CSV: its encoding; without it found by looking."},
    {.name = "separator",
     .type = OPTION_CHOICE,
     .value = "CHAR",
     .choices = separators,
     .help = "CSV: its separator; without it found by looking."},
    CMD_OPTION_REGION,
    {.name = "zone",
     .type = OPTION_STRING,
     .value = "ZONE",
     .help = "Time zone of people whom neither a column nor the number gives one, such as "
             "Asia/Jerusalem; without it the campaign's."},
    {.name = "rejected",
     .type = OPTION_STRING,
     .value = "FILE",
     .help = "Where the rejected rows go, with row and reason (default DIR/reports/…)."},
    {.name = "undo",
     .type = OPTION_STRING,
     .value = "NUMBER",
     .help = "Take back the import of that number."},
    {.name = "history", .type = OPTION_FLAG, .help = "List the imports."},
    CMD_OPTION_DATA,
    CMD_OPTIONS_OUTPUT,
    {NULL},
};

/* ---- history and undo ----------------------------------------------------------------------- */

static void history_row(void *arg, const struct store_import *i)
{
    (void)arg;
    printf("%6lld  %s  %-7s %10s %9s %9s  %s\n", (long long)i->id, ui_local_time(i->started_ms),
           i->state, ui_count(i->accepted), ui_count(i->merged), ui_count(i->rejected), i->file);
}

static void history_json(void *arg, const struct store_import *i)
{
    json_array_append_new(
        arg, json_pack("{s:I,s:s,s:s,s:o,s:o,s:I,s:I,s:I,s:I}", "import", (json_int_t)i->id, "file",
                       i->file, "state", i->state, "started", ui_json_time(i->started_ms),
                       "finished", ui_json_time(i->finished_ms), "rows", (json_int_t)i->rows,
                       "accepted", (json_int_t)i->accepted, "merged", (json_int_t)i->merged,
                       "rejected", (json_int_t)i->rejected));
}

static int history(struct data *d)
{
    json_t *list = ui.json ? json_array() : NULL;
    int rc;

    if (!ui.json)
        printf("%snumber  when                 state     accepted    merged  rejected  file%s\n",
               ui_out(UI_BOLD), ui_out(UI_PLAIN));
    rc = store_import_list(d->store, ui.json ? history_json : history_row, list);
    if (rc) {
        json_decref(list);
        return cmd_store_error(d->store, rc, "list the imports");
    }
    if (ui.json)
        ui_json(json_pack("{s:o}", "imports", list));
    return CMD_DONE;
}

static int undo(struct data *d, const char *text)
{
    struct store_import before;
    struct error err = {0};
    int64_t id, removed, kept;
    int rc = cmd_parse_id(text, "import", &id, &err);

    if (rc)
        return cmd_fail(&err);
    rc = store_import_get(d->store, id, &before);
    if (rc == -ENOENT)
        return cmd_error(rc, text, "kolcast import --history shows the numbers", "no such import");
    if (rc == 0 && strcmp(before.state, "done") != 0)
        return cmd_error(-EINVAL, text, "kolcast import --history shows their states",
                         "this import is %s: there is nothing to take back", before.state);
    if (rc == 0)
        rc = store_import_undo(d->store, id, &removed);
    if (rc == -EBUSY)
        return cmd_error(rc, text, "pause the campaign, then undo",
                         "someone of this import is being called");
    if (rc)
        return cmd_store_error(d->store, rc, "undo the import");
    kept = before.accepted - removed;
    if (ui.json)
        return ui_json(json_pack("{s:I,s:I,s:I}", "undone", (json_int_t)id, "removed",
                                 (json_int_t)removed, "kept", (json_int_t)kept))
                   ? CMD_FAILED
                   : CMD_DONE;
    printf("Import %lld (%s) is taken back: %s people removed. Their call records stay.\n",
           (long long)id, before.file, ui_count(removed));
    if (kept > 0)
        printf("%s more stay: other imports brought them too.\n", ui_count(kept));
    return CMD_DONE;
}

/* ---- import --------------------------------------------------------------------------------- */

static int default_rejected(struct data *d, const char *path, char *out, size_t size)
{
    const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    char dir[600];
    struct error err = {0};

    snprintf(dir, sizeof(dir), "%s/reports", d->dir);
    if (file_mkdirs(dir, &err))
        return cmd_fail_as(&err, CMD_STORE);
    snprintf(out, size, "%s/%.*s-rejected.csv", dir, (int)strcspn(base, "."), base);
    return CMD_DONE;
}

static int import(struct data *d, const struct option_values *v, const char *path)
{
    const char *const *map, *separator = option_string(v, "separator");
    char rejected[900];
    struct import_options o = {
        .list = option_string(v, "list"),
        .region = option_string(v, "region"),
        .zone = option_string(v, "zone"),
        .sheet = option_string(v, "sheet"),
        .encoding = option_string(v, "encoding"),
        .skip_hidden = option_flag(v, "skip-hidden"),
        .no_header = option_flag(v, "no-header"),
        .rejected_path = option_string(v, "rejected"),
    };
    struct import_summary summary;
    int rc;

    if (separator)
        o.separator = strcmp(separator, "tab") == 0 ? '\t' : separator[0];
    if (option_list(v, "map", &map) > 0)
        o.map = map;
    if (!o.rejected_path) {
        rc = default_rejected(d, path, rejected, sizeof(rejected));
        if (rc)
            return rc;
        o.rejected_path = rejected;
    }
    rc = importing_file(d, path, &o, &summary);
    if (rc)
        return rc;
    importing_print(d, &summary, o.rejected_path);
    if (ui.json) {
        json_t *out = importing_json(d, &summary, o.rejected_path);

        ui_json_set(out, "list", json_string(o.list));
        ui_json(out);
    } else {
        printf("List \"%s\" is ready. Take it back with: kolcast import --undo %lld\n", o.list,
               (long long)summary.import.id);
    }
    return CMD_DONE;
}

static int check_line(const struct option_values *v, int args)
{
    struct error err = {0};

    if (option_set(v, "undo") || option_flag(v, "history")) {
        if (args == 0 && !(option_set(v, "undo") && option_flag(v, "history")))
            return CMD_DONE;
        return cmd_error(-EINVAL, "import", "kolcast import --help",
                         "--undo and --history stand alone");
    }
    if (args == 0)
        return cmd_error(-EINVAL, "import", "kolcast import people.csv --list NAME",
                         "which file is to be imported?");
    if (!option_string(v, "list") || !option_string(v, "list")[0])
        return cmd_error(-EINVAL, "--list", "add --list NAME: a name of your choice",
                         "which list should these people go into?");
    if (cmd_parse_region(option_string(v, "region"), &err))
        return cmd_fail(&err);
    return CMD_DONE;
}

static int run(struct option_values *v)
{
    const char *const *args;
    int n = option_args(v, &args);
    struct data d;
    int rc = check_line(v, n);

    if (rc)
        return rc;
    rc = data_open(&d, v, option_flag(v, "history") ? DATA_READ : DATA_LOCK, "import");
    if (rc)
        return rc;
    if (option_flag(v, "history"))
        rc = history(&d);
    else if (option_set(v, "undo"))
        rc = undo(&d, option_string(v, "undo"));
    else
        rc = import(&d, v, args[0]);
    data_close(&d);
    return rc;
}

const struct option_command cmd_import = {
    .name = "import",
    .usage = "FILE.(csv|xlsx) --list NAME",
    .summary = "read people from CSV or Excel into a contact list",
    .text =
        "Reads a file of people in any column order: CSV (UTF-8, UTF-16 or Windows-1255; comma, "
        "semicolon or tab) or Excel (.xlsx). The header row is recognised by the words below, in "
        "English and Hebrew; other columns are kept and can be used in texts as {{column}}. "
        "Numbers "
        "are brought to the international form; those that a spreadsheet spoiled are mended where "
        "that is certain. Where a row has several phones the first good one is taken, mobile ones "
        "before others.\n\n"
        "The same number twice is one person: the first row stays, later ones fill in what was "
        "empty. Nothing is stored unless the whole file could be read; Ctrl-C leaves nothing "
        "behind.\n\n"
        "Rows without a usable number are rejected, counted by reason, and written with their row "
        "number and reason to a CSV that can be mended and imported again.\n\n"
        "Headers recognised:\n\n"
        "phone: " HEADER_MOBILE "; then " HEADER_PHONE "; then " HEADER_WORK
        "; and, where there is "
        "no other, " HEADER_WEAK "\n\n"
        "name: " HEADER_NAME "\n\n"
        "first_name: " HEADER_FIRST_NAME "\n\n"
        "last_name: " HEADER_LAST_NAME "\n\n"
        "language: " HEADER_LANGUAGE "\n\n"
        "zone (Asia/Jerusalem): " HEADER_ZONE "\n\n"
        "window (sun-thu 09:00-20:00; fri 09:00-13:00): " HEADER_WINDOW "\n\n"
        "Examples:\n"
        "  kolcast import donors.xlsx --list donors\n"
        "  kolcast import export.csv --list donors --map phone=\"Cell no.\" --region US\n"
        "  kolcast import numbers.csv --list donors --no-header\n"
        "  kolcast import --history\n"
        "  kolcast import --undo 3",
    .options = options,
    .max_args = 1,
    .run = run,
};
