/* kolcast blacklist: who must never be called. Works beside a running campaign, which hears of each
 * change before its next dial. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cmd/blacklist_file.h"
#include "cmd/cmd.h"
#include "cmd/ui.h"
#include "phone/zone.h"

static const struct option_def options[] = {
    {.name = "list",
     .letter = 'l',
     .type = OPTION_STRING,
     .value = "NAME",
     .help = "Which list: opt-out (people who asked us), national, or a name of your choice "
             "(default opt-out when adding, all when looking)."},
    {.name = "reason",
     .letter = 'r',
     .type = OPTION_STRING,
     .value = "TEXT",
     .help = "Why; kept with the entry and in its history."},
    {.name = "expires",
     .type = OPTION_STRING,
     .value = "DATE",
     .help = "The entry counts until the end of that day (2027-01-31, UTC); without it for ever."},
    CMD_OPTION_REGION,
    CMD_OPTION_DATA,
    CMD_OPTIONS_OUTPUT,
    {NULL},
};

static const char *list_to_change(const struct option_values *v)
{
    return option_string(v, "list") ? option_string(v, "list") : "opt-out";
}

static int parse_expiry(const char *date, int64_t *ms, struct error *err)
{
    char iso[40];

    *ms = 0;
    if (!date)
        return 0;
    snprintf(iso, sizeof(iso), "%.20sT23:59:59.999Z", date);
    if (clock_parse_iso(iso, ms))
        return error_set(err, -EINVAL, "--expires", "write it as 2027-01-31",
                         "\"%.20s\" is not a date", date);
    if (*ms < clock_wall_ms(&clock_system))
        return error_set(err, -EINVAL, "--expires", "give a day that is yet to come",
                         "%.20s has passed", date);
    return 0;
}

/* All the words, or none: a wrong one must not leave the command half done. */
static int parse_numbers(const struct option_values *v, const char *const *words, int n,
                         uint64_t **out)
{
    struct error err = {0};
    uint64_t *numbers;

    if (n == 0)
        return cmd_error(-EINVAL, "blacklist", "kolcast blacklist add 050-1234567",
                         "which number?");
    numbers = calloc((size_t)n, sizeof(*numbers));
    if (!numbers)
        return cmd_fail(&err);
    for (int i = 0; i < n; i++)
        if (cmd_parse_number(words[i], option_string(v, "region"), &numbers[i], &err)) {
            free(numbers);
            return cmd_fail(&err);
        }
    *out = numbers;
    return CMD_DONE;
}

/* ---- add, remove ---------------------------------------------------------------------------- */

static void fill_entry(struct store_black *b, const struct option_values *v, int64_t expires_ms)
{
    memset(b, 0, sizeof(*b));
    snprintf(b->list, sizeof(b->list), "%s", list_to_change(v));
    snprintf(b->reason, sizeof(b->reason), "%s",
             option_string(v, "reason") ? option_string(v, "reason") : "");
    snprintf(b->source, sizeof(b->source), "operator");
    b->added_ms = clock_wall_ms(&clock_system);
    b->expires_ms = expires_ms;
}

static int change_all(struct data *d, const struct option_values *v, const uint64_t *numbers, int n,
                      bool add, int64_t expires_ms, json_t *done)
{
    int rc = store_begin(d->store);

    for (int i = 0; rc == 0 && i < n; i++) {
        struct store_black b;
        bool changed = false;

        fill_entry(&b, v, expires_ms);
        b.number = numbers[i];
        rc = add ? store_black_add(d->store, &b, &changed)
                 : store_black_remove(d->store, b.list, numbers[i],
                                      b.reason[0] ? b.reason : "operator", &changed);
        if (rc == 0)
            json_array_append_new(done, json_pack("{s:s,s:b}", "number",
                                                  cmd_number_text(numbers[i]), "changed", changed));
    }
    if (rc == 0)
        return store_commit(d->store);
    store_rollback(d->store);
    return rc;
}

static int add_or_remove(struct data *d, const struct option_values *v, const char *const *words,
                         int n, bool add)
{
    struct error err = {0};
    json_t *done, *one;
    uint64_t *numbers;
    int64_t expires_ms;
    size_t i;
    int rc;

    if (parse_expiry(option_string(v, "expires"), &expires_ms, &err))
        return cmd_fail(&err);
    rc = parse_numbers(v, words, n, &numbers);
    if (rc)
        return rc;
    done = json_array();
    rc = change_all(d, v, numbers, n, add, expires_ms, done);
    free(numbers);
    if (rc) {
        json_decref(done);
        return cmd_store_error(d->store, rc, "change the blacklist");
    }
    if (ui.json)
        return ui_json(json_pack("{s:s,s:s,s:o}", "action", add ? "add" : "remove", "list",
                                 list_to_change(v), "numbers", done))
                   ? CMD_FAILED
                   : CMD_DONE;
    json_array_foreach(done, i, one)
    {
        bool changed = json_is_true(json_object_get(one, "changed"));

        printf(
            "%s %s %s\n", json_string_value(json_object_get(one, "number")),
            add ? (changed ? "will not be called again: added to" : "was there already: stays on")
                : (changed ? "is taken off" : "was not on"),
            list_to_change(v));
    }
    json_decref(done);
    return CMD_DONE;
}

/* ---- find, list, export, history ------------------------------------------------------------ */

static json_t *entry_json(const struct store_black *b)
{
    return json_pack("{s:s,s:s,s:s,s:s,s:o,s:o}", "number", cmd_number_text(b->number), "list",
                     b->list, "reason", b->reason, "source", b->source, "added",
                     ui_json_time(b->added_ms), "expires", ui_json_time(b->expires_ms));
}

static void print_entry(const struct store_black *b)
{
    printf("%-16s %-12s since %s%s%s  %s%s%s\n", cmd_number_text(b->number), b->list,
           ui_local_time(b->added_ms), b->expires_ms ? " until " : "",
           b->expires_ms ? ui_local_time(b->expires_ms) : "", b->reason,
           b->source[0] ? ", by " : "", b->source);
}

static int find(struct data *d, const struct option_values *v, const char *const *words, int n)
{
    uint64_t *numbers;
    bool all = true;
    json_t *list;
    int rc = parse_numbers(v, words, n, &numbers);

    if (rc)
        return rc;
    list = json_array();
    for (int i = 0; i < n; i++) {
        struct store_black b;

        rc = store_black_find(d->store, numbers[i], &b);
        if (rc && rc != -ENOENT)
            break;
        all = all && rc == 0;
        if (ui.json)
            json_array_append_new(
                list, rc ? json_pack("{s:s,s:n}", "number", cmd_number_text(numbers[i]), "list")
                         : entry_json(&b));
        else if (rc)
            printf("%-16s is on no list\n", cmd_number_text(numbers[i]));
        else
            print_entry(&b);
        rc = 0;
    }
    free(numbers);
    if (rc) {
        json_decref(list);
        return cmd_store_error(d->store, rc, "look up the blacklist");
    }
    if (ui.json)
        ui_json(json_pack("{s:o}", "entries", list));
    else
        json_decref(list);
    return all ? CMD_DONE : CMD_FAILED;
}

static int list_row(void *arg, const struct store_black *b)
{
    ++*(int64_t *)arg;
    if (ui.json)
        return ui_json(entry_json(b)); /* one line an entry: there may be millions */
    print_entry(b);
    return ferror(stdout);
}

/* "050-12" or "+97250": what is stored begins with the country. */
static void digits_of(const char *word, char *out, size_t size)
{
    size_t n = 0;

    for (; *word && n + 1 < size; word++)
        if (*word >= '0' && *word <= '9')
            out[n++] = *word;
    out[n] = '\0';
}

static int list(struct data *d, const struct option_values *v, const char *const *words, int n)
{
    char prefix[20] = "";
    int64_t count = 0;
    int rc;

    if (n > 0)
        digits_of(words[0], prefix, sizeof(prefix));
    rc = store_black_each(d->store, option_string(v, "list"), prefix[0] ? prefix : NULL, list_row,
                          &count);
    if (rc < 0)
        return cmd_store_error(d->store, rc, "list the blacklist");
    ui_note("%s entries", ui_count(count));
    return CMD_DONE;
}

/* A CSV field, in quotes when it must be. */
static void csv_field(FILE *out, const char *text)
{
    if (!strpbrk(text, "\",\r\n")) {
        fputs(text, out);
        return;
    }
    fputc('"', out);
    for (; *text; text++) {
        if (*text == '"')
            fputc('"', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

struct export
{
    FILE *out;
    int64_t count;
};

static int export_row(void *arg, const struct store_black *b)
{
    struct export *e = arg;
    char when[32];

    e->count++;
    fprintf(e->out, "%s,", cmd_number_text(b->number));
    csv_field(e->out, b->list);
    fputc(',', e->out);
    csv_field(e->out, b->reason);
    fputc(',', e->out);
    csv_field(e->out, b->source);
    fprintf(e->out, ",%s,", clock_format_iso(b->added_ms, when, sizeof(when)));
    fprintf(e->out, "%s\r\n",
            b->expires_ms ? clock_format_iso(b->expires_ms, when, sizeof(when)) : "");
    return ferror(e->out);
}

static int export(struct data *d, const struct option_values *v, const char *const *words, int n)
{
    bool to_file = n > 0 && strcmp(words[0], "-") != 0;
    struct export e = {.out = stdout};
    int rc;

    if (to_file)
        e.out = fopen(words[0], "we");
    if (!e.out)
        return cmd_error(-errno, words[0], "choose a folder you may write into", "cannot write: %s",
                         strerror(errno));
    fputs("phone,list,reason,source,added,expires\r\n", e.out);
    rc = store_black_each(d->store, option_string(v, "list"), NULL, export_row, &e);
    if (to_file && fclose(e.out) && rc == 0)
        return cmd_error(-errno, words[0], "free space on that disk", "cannot write: %s",
                         strerror(errno));
    if (rc < 0)
        return cmd_store_error(d->store, rc, "export the blacklist");
    if (to_file && ui.json)
        ui_json(json_pack("{s:s,s:I}", "file", words[0], "entries", (json_int_t)e.count));
    else if (to_file)
        printf("%s entries written to %s\n", ui_count(e.count), words[0]);
    return CMD_DONE;
}

static int history_row(void *arg, const struct store_black *b, const char *action)
{
    if (ui.json) {
        json_t *one = entry_json(b);

        ui_json_set(one, "action", json_string(action));
        return json_array_append_new(arg, one);
    }
    printf("%s  %-8s %-12s %s%s%s\n", ui_local_time(b->added_ms), action, b->list, b->reason,
           b->source[0] ? ", by " : "", b->source);
    return 0;
}

static int history(struct data *d, const struct option_values *v, const char *const *words, int n)
{
    json_t *list_out;
    uint64_t *numbers;
    int rc = parse_numbers(v, words, n > 1 ? 1 : n, &numbers);

    if (rc)
        return rc;
    list_out = json_array();
    rc = store_black_history(d->store, numbers[0], history_row, list_out);
    if (rc < 0)
        rc = cmd_store_error(d->store, rc, "read the history");
    else if (ui.json)
        rc = ui_json(
                 json_pack("{s:s,s:O}", "number", cmd_number_text(numbers[0]), "history", list_out))
                 ? CMD_FAILED
                 : CMD_DONE;
    free(numbers);
    json_decref(list_out);
    return rc;
}

/* ---- import --------------------------------------------------------------------------------- */

static int import(struct data *d, const struct option_values *v, const char *const *words, int n)
{
    struct error err = {0};
    int64_t expires_ms;

    if (n == 0)
        return cmd_error(-EINVAL, "blacklist import", "kolcast blacklist import dnc.csv",
                         "which file?");
    if (parse_expiry(option_string(v, "expires"), &expires_ms, &err))
        return cmd_fail(&err);
    return blacklist_import(d, v, words[0], expires_ms);
}

static int run(struct option_values *v)
{
    static const char *const actions[] = {"add",    "remove", "find",    "list",
                                          "import", "export", "history", NULL};
    const char *const *args;
    int n = option_args(v, &args) - 1, action = 0, rc;
    struct error err = {0};
    struct data d;

    while (actions[action] && strcmp(actions[action], args[0]) != 0)
        action++;
    if (!actions[action])
        return cmd_action_error("blacklist", args[0], actions);
    if (cmd_parse_region(option_string(v, "region"), &err))
        return cmd_fail(&err);
    rc = data_open(&d, v, DATA_CHANGE, "blacklist");
    if (rc)
        return rc;
    args++;
    switch (action) {
    case 0:
    case 1:
        rc = add_or_remove(&d, v, args, n, action == 0);
        break;
    case 2:
        rc = find(&d, v, args, n);
        break;
    case 3:
        rc = list(&d, v, args, n);
        break;
    case 4:
        rc = import(&d, v, args, n);
        break;
    case 5:
        rc = export(&d, v, args, n);
        break;
    case 6:
        rc = history(&d, v, args, n);
        break;
    }
    data_close(&d);
    return rc;
}

const struct option_command cmd_blacklist = {
    .name = "blacklist",
    .usage = "add|remove|find|list|import|export|history …",
    .summary = "numbers that must never be called",
    .text =
        "A number on any list that has not expired is not called and gets no text; it is looked at "
        "just before each dial, so a change counts at once, also for a campaign that runs. Every "
        "change is kept in a history with its time, reason and source.\n\n"
        "Actions:\n"
        "  add NUMBER …       put numbers on a list\n"
        "  remove NUMBER …    take them off one list; the history stays\n"
        "  find NUMBER …      is it on a list? exit code 1 when one is not\n"
        "  list [PREFIX]      all entries, or those whose number begins so (97250)\n"
        "  import FILE.csv    columns phone, reason, expires (header needed)\n"
        "  export [FILE.csv]  to a file, or to standard output\n"
        "  history NUMBER     everything that ever happened to it\n\n"
        "Examples:\n"
        "  kolcast blacklist add 050-1234567 --reason \"asked by e-mail\"\n"
        "  kolcast blacklist import dnc.csv --list national --expires 2027-12-31\n"
        "  kolcast blacklist find +972501234567 && echo do not call",
    .options = options,
    .min_args = 1,
    .max_args = -1,
    .run = run,
};
