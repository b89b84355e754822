/* kolcast restore: a backup's data into a data folder. Everything is read out, compared and made
 * ready beside the old data before anything of it is touched (replace.h). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/archive.h"
#include "base/clock.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/replace.h"
#include "cmd/ui.h"
#include "store/backup.h"

enum { PATH_LEN = 1200, FORMAT = 1 };

static const struct option_def options[] = {
    {.name = "force",
     .letter = 'f',
     .type = OPTION_FLAG,
     .help = "The folder holds data: put it aside (DIR/replaced-…) and restore."},
    CMD_OPTION_DATA,
    CMD_OPTIONS_OUTPUT,
    {NULL},
};

struct job {
    const char *file;
    struct data data;
    struct archive *archive;
    char made_at[32], fresh[PATH_LEN], store[PATH_LEN + 32], kept[64];
    bool replaces;
    int64_t paused, opt_outs;
    struct ui_progress progress;
};

static int show(void *arg, int64_t done, int64_t total)
{
    struct job *j = arg;
    char line[200];

    if (!ui_progress_due(&j->progress))
        return 0;
    snprintf(line, sizeof(line), "Reading %s %3d %%  %s of %s",
             ui_bar(total ? (double)done / (double)total : 0, 20),
             total ? (int)(100 * done / total) : 0, ui_bytes((uint64_t)done),
             ui_bytes((uint64_t)total));
    ui_progress_line(&j->progress, line);
    return 0;
}

/* ---- is it a backup that this program can use? ----------------------------------------------- */

static bool known_name(const char *name)
{
    static const char *const folders[] = {REPLACE_FOLDERS};

    if (strcmp(name, REPLACE_STORE) == 0)
        return true;
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        size_t n = strlen(folders[i]);

        if (strncmp(name, folders[i], n) == 0 && name[n] == '/')
            return true;
    }
    return false;
}

static int look(struct job *j, struct error *err)
{
    const json_t *m;
    const char *made;
    bool store = false;
    int rc = archive_open(j->file, &j->archive, err);

    if (rc)
        return rc;
    m = archive_manifest(j->archive);
    made = json_string_value(json_object_get(m, "made_at"));
    if (!json_is_integer(json_object_get(m, "format")) || !made)
        return error_set(err, -EBADMSG, j->file, "name a file that kolcast backup wrote",
                         "is no backup of Kolcast");
    if (json_integer_value(json_object_get(m, "format")) > FORMAT)
        return error_set(err, -EPROTO, j->file, "use that newer version of Kolcast",
                         "was written by a newer version of Kolcast");
    for (unsigned i = 0; i < archive_count(j->archive); i++) {
        const char *name = archive_name(j->archive, i);

        if (!known_name(name))
            return error_set(err, -EBADMSG, j->file, "use that version of Kolcast",
                             "holds %s, which this version does not know", name);
        store = store || strcmp(name, REPLACE_STORE) == 0;
    }
    if (!store)
        return error_set(err, -EBADMSG, j->file, "use another copy of the backup",
                         "holds no store");
    snprintf(j->made_at, sizeof(j->made_at), "%s", made);
    return 0;
}

/* ---- making it ready ------------------------------------------------------------------------- */

struct ids {
    int64_t *ids;                /* owned */
    enum campaign_state *states; /* owned */
    unsigned count, cap;
};

static int note_active(void *arg, const struct store_campaign *c)
{
    struct ids *l = arg;

    if (c->state != CAMPAIGN_STATE_RUNNING && c->state != CAMPAIGN_STATE_SCHEDULED)
        return 0;
    if (l->count == l->cap) {
        unsigned cap = l->cap ? l->cap * 2 : 16;
        int64_t *ids = realloc(l->ids, cap * sizeof(*ids));
        enum campaign_state *states = realloc(l->states, cap * sizeof(*states));

        l->ids = ids ? ids : l->ids;
        l->states = states ? states : l->states;
        if (!ids || !states)
            return -ENOMEM;
        l->cap = cap;
    }
    l->ids[l->count] = c->id;
    l->states[l->count++] = c->state;
    return 0;
}

/* What happened after the backup is not known to it: nobody is called before someone has looked. */
static int pause_all(struct job *j, struct store *s)
{
    struct ids l = {0};
    char reason[STORE_REASON_MAX];
    int rc = store_campaign_list(s, note_active, &l);

    snprintf(reason, sizeof(reason),
             "restored from a backup of %s: what happened since is not in it", j->made_at);
    for (unsigned i = 0; !rc && i < l.count; i++)
        rc = store_campaign_set_state(s, l.ids[i],
                                      l.states[i] == CAMPAIGN_STATE_RUNNING ? CAMPAIGN_STATE_PAUSED
                                                                            : CAMPAIGN_STATE_DRAFT,
                                      reason);
    j->paused = l.count;
    free(l.ids);
    free(l.states);
    return rc;
}

struct keeping {
    struct job *j;
    struct store *to;
    int rc;
};

static int keep_one(void *arg, const struct store_black *b)
{
    struct keeping *k = arg;
    bool added = false;

    k->rc = store_black_add(k->to, b, &added);
    k->j->opt_outs += added;
    return k->rc;
}

/* Who asked, after the backup, never to be called again is not called again (S2). */
static int keep_opt_outs(struct job *j, struct store *to)
{
    struct keeping k = {.j = j, .to = to};
    struct store *from;
    struct error err = {0};
    char text[1024];
    int rc;

    if (!j->replaces)
        return 0;
    rc = store_open(j->data.db, &clock_system, &from, &err);
    if (!rc) {
        rc = store_black_each(from, NULL, NULL, keep_one, &k);
        store_close(from);
    }
    if (rc && !k.rc) {
        ui_warn(
            "The do-not-call lists of the replaced data cannot be read: who opted out after the "
            "backup may be called. %s",
            error_text(&err, text, sizeof(text)));
        return 0;
    }
    return k.rc;
}

static int settle(struct job *j, struct error *err)
{
    char detail[160];
    struct store *s;
    int rc = store_open(j->store, &clock_system, &s, err);

    if (rc)
        return rc;
    rc = pause_all(j, s);
    if (!rc)
        rc = store_begin(s);
    if (!rc)
        rc = keep_opt_outs(j, s);
    snprintf(detail, sizeof(detail), "backup of %s; %lld opt-outs of the replaced data kept",
             j->made_at, (long long)j->opt_outs);
    if (!rc)
        rc = store_audit(s, "kolcast restore", "restore", "store", detail);
    if (!rc)
        rc = store_commit(s);
    if (rc)
        error_set(err, rc, j->store, NULL, "cannot prepare the store: %s", store_error_text(s));
    store_close(s);
    return rc;
}

static int make_ready(struct job *j, struct error *err)
{
    int schema, rc = replace_begin(j->data.dir, j->fresh, sizeof(j->fresh), err);

    if (!rc)
        rc = archive_check(j->archive, j->fresh, show, j, err);
    ui_progress_end(&j->progress);
    snprintf(j->store, sizeof(j->store), "%s/" REPLACE_STORE, j->fresh);
    if (!rc)
        rc = store_check(j->store, &schema, err);
    return rc ? rc : settle(j, err);
}

/* ---- the command ----------------------------------------------------------------------------- */

static int tell(const struct job *j)
{
    if (ui.json)
        return ui_json(json_pack("{s:s,s:s,s:I,s:I,s:s*}", "restored", j->data.dir, "made_at",
                                 j->made_at, "campaigns_paused", (json_int_t)j->paused,
                                 "opt_outs_kept", (json_int_t)j->opt_outs, "replaced",
                                 j->replaces ? j->kept : NULL))
                   ? CMD_FAILED
                   : CMD_DONE;
    printf("%s holds the backup of %s.\n", j->data.dir, j->made_at);
    if (j->paused)
        printf("%s campaigns that ran or waited for their start are stopped: calls made after the "
               "backup are not in it, so some people would be called again. Look before you go "
               "on.\n",
               ui_count(j->paused));
    if (j->opt_outs)
        printf("%s opt-outs of the replaced data were kept.\n", ui_count(j->opt_outs));
    if (j->replaces)
        printf("What was there lies in %s/%s; remove it when you are sure.\n", j->data.dir,
               j->kept);
    return CMD_DONE;
}

/* A name that is not taken: an earlier restore may have been in the same second. */
static void name_kept(struct job *j)
{
    time_t now = (time_t)(clock_wall_ms(&clock_system) / 1000);
    char when[32], path[PATH_LEN];
    struct tm tm;
    unsigned n = 1;

    gmtime_r(&now, &tm);
    strftime(when, sizeof(when), "%Y%m%d-%H%M%S", &tm);
    snprintf(j->kept, sizeof(j->kept), "replaced-%s", when);
    for (;;) {
        snprintf(path, sizeof(path), "%s/%s", j->data.dir, j->kept);
        if (access(path, F_OK))
            return;
        snprintf(j->kept, sizeof(j->kept), "replaced-%s-%u", when, ++n);
    }
}

static int restore(struct job *j, struct error *err)
{
    int rc = make_ready(j, err);

    if (rc) {
        replace_abandon(j->data.dir);
        return rc;
    }
    name_kept(j);
    rc = replace_commit(j->data.dir, j->kept, err);
    return rc ? rc : replace_finish(j->data.dir, err);
}

static int run_job(struct job *j, struct option_values *v)
{
    struct error err = {0};
    int rc = look(j, &err);

    if (rc)
        return cmd_fail_as(&err, CMD_BAD_INPUT);
    rc = data_open(&j->data, v, DATA_ALONE, "restore");
    if (rc)
        return rc;
    j->replaces = access(j->data.db, F_OK) == 0;
    if (j->replaces && !option_flag(v, "force")) {
        rc = cmd_error(-EEXIST, j->data.dir,
                       "name an empty --data folder, or add --force: then the data there is put "
                       "aside",
                       "holds data already");
    } else {
        rc = restore(j, &err);
        if (rc) {
            error_set(&err, rc, j->file, NULL, "cannot be restored: %s", strerror(-rc));
            rc = rc == -EBADMSG || rc == -EPROTO ? cmd_fail_as(&err, CMD_BAD_INPUT)
                                                 : cmd_fail_as(&err, CMD_STORE);
        } else {
            rc = tell(j);
        }
    }
    data_close(&j->data);
    return rc;
}

static int run(struct option_values *v)
{
    struct job j = {0};
    const char *const *args;
    int rc;

    option_args(v, &args);
    j.file = args[0];
    rc = run_job(&j, v);
    ui_progress_end(&j.progress);
    archive_close(j.archive);
    return rc;
}

const struct option_command cmd_restore = {
    .name = "restore",
    .usage = "FILE",
    .summary = "put the data of a backup into a data folder",
    .text =
        "Reads FILE, which kolcast backup wrote, compares every part with its checksum, and puts "
        "the data into the folder. Data that is there is kept unless --force is given, and then it "
        "is put aside, not removed. A folder that is in use, a damaged file and one of a newer "
        "version are refused. Interrupted at any moment, the folder holds the old data or the new, "
        "never a mixture.\n\n"
        "Calls made after the backup are not in it. So campaigns that ran then are paused, "
        "scheduled ones become drafts, and opt-outs of the replaced data are kept.\n\n"
        "Examples:\n"
        "  systemctl stop kolcast\n"
        "  kolcast restore /mnt/backup/kolcast-2026-11-25.zip -d /var/lib/kolcast --force\n"
        "  systemctl start kolcast",
    .options = options,
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
