/* kolcast backup: the store as it is at one moment, with the recordings and reports, in one file.
 * The file appears whole and verified or not at all. What is unfinished lies in FILE.part/work: the
 * libraries put files of their own beside it, which a kill leaves there. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/archive.h"
#include "base/clock.h"
#include "base/file.h"
#include "cmd/cmd.h"
#include "cmd/replace.h"
#include "cmd/ui.h"
#include "store/backup.h"

enum { PATH_LEN = 1200 };

static const struct option_def options[] = {
    {.name = "force", .letter = 'f', .type = OPTION_FLAG, .help = "Replace FILE if it is there."},
    CMD_OPTION_DATA,
    CMD_OPTIONS_OUTPUT,
    {NULL},
};

struct job {
    const char *named; /* as the user did */
    char file[PATH_MAX], part[PATH_LEN], lock[PATH_LEN + 32];
    char work[PATH_LEN + 32], store[PATH_LEN + 32], zip[PATH_LEN + 32];
    int lock_fd;
    struct ui_progress progress;
    const char *doing;
};

static int show(void *arg, int64_t done, int64_t total)
{
    struct job *j = arg;
    char line[200];

    if (!ui_progress_due(&j->progress))
        return 0;
    snprintf(line, sizeof(line), "%s %s %3d %%", j->doing,
             ui_bar(total ? (double)done / (double)total : 0, 20),
             total ? (int)(100 * done / total) : 0);
    ui_progress_line(&j->progress, line);
    return 0;
}

/* FILE.part: one backup into a file at a time; what a dead one left goes. */
static int begin(struct job *j)
{
    int rc;

    if (snprintf(j->part, sizeof(j->part), "%s.part", j->file) >= (int)sizeof(j->part))
        return cmd_error(-ENAMETOOLONG, j->file, "shorten it", "the name is too long");
    snprintf(j->work, sizeof(j->work), "%s/work", j->part);
    snprintf(j->store, sizeof(j->store), "%s/work/" REPLACE_STORE, j->part);
    snprintf(j->zip, sizeof(j->zip), "%s/work/backup.zip", j->part);
    snprintf(j->lock, sizeof(j->lock), "%s/lock", j->part);
    if (mkdir(j->part, 0700) && errno != EEXIST)
        return cmd_error(-errno, j->part, "check the folder and its permissions",
                         "cannot write there: %s", strerror(errno));
    j->lock_fd = open(j->lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (j->lock_fd < 0)
        return cmd_error(-errno, j->lock, NULL, "cannot write there: %s", strerror(errno));
    if (flock(j->lock_fd, LOCK_EX | LOCK_NB)) {
        close(j->lock_fd);
        j->lock_fd = -1; /* what lies there is the other's */
        return cmd_error(-EWOULDBLOCK, j->file, "wait until it ends, or name another file",
                         "another backup is being written to it");
    }
    rc = file_remove_all(j->work);
    if (!rc && mkdir(j->work, 0700))
        rc = -errno;
    return rc ? cmd_error(rc, j->work, NULL, "cannot write there: %s", strerror(-rc)) : CMD_DONE;
}

static void end(struct job *j)
{
    ui_progress_end(&j->progress);
    if (j->lock_fd < 0)
        return;
    file_remove_all(j->work);
    unlink(j->lock);
    rmdir(j->part);
    close(j->lock_fd);
}

static int collect(const struct job *j, const char *dir, struct archive_files *files,
                   struct error *err)
{
    static const char *const folders[] = {REPLACE_FOLDERS};
    char path[PATH_LEN];
    int rc = archive_add(files, REPLACE_STORE, j->store);

    for (size_t i = 0; !rc && i < sizeof(folders) / sizeof(folders[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", dir, folders[i]);
        rc = archive_add_folder(files, folders[i], path, err);
    }
    return rc;
}

/* Written, read back and compared. */
static int pack(struct job *j, const char *dir, int schema, struct archive_files *files,
                struct error *err)
{
    char when[32];
    json_t *manifest =
        json_pack("{s:i,s:s,s:i,s:s}", "format", 1, "kolcast", KOLCAST_VERSION, "schema", schema,
                  "made_at", clock_format_iso(clock_wall_ms(&clock_system), when, sizeof(when)));
    struct archive *back = NULL;
    int rc = collect(j, dir, files, err);

    j->doing = "Packing";
    if (!rc)
        rc = archive_write(j->zip, files, manifest, show, j, err);
    json_decref(manifest);
    j->doing = "Verifying";
    if (!rc)
        rc = archive_open(j->zip, &back, err);
    if (!rc)
        rc = archive_check(back, NULL, show, j, err);
    archive_close(back);
    return rc;
}

static int publish(struct job *j, bool force, struct error *err)
{
    if (!force && renameat2(AT_FDCWD, j->zip, AT_FDCWD, j->file, RENAME_NOREPLACE) &&
        errno != EINVAL && errno != ENOSYS)
        return error_set(err, -errno, j->file, "name another file, or add --force",
                         errno == EEXIST ? "is there already" : "cannot write: %s",
                         strerror(errno));
    if (access(j->zip, F_OK) == 0 && rename(j->zip, j->file))
        return error_set(err, -errno, j->file, NULL, "cannot write: %s", strerror(errno));
    return file_sync_folder(j->file, err);
}

static int tell(const struct job *j, const struct archive_files *files)
{
    struct stat st = {0};

    if (stat(j->file, &st))
        return cmd_error(-errno, j->file, NULL, "is gone again: %s", strerror(errno));
    if (ui.json)
        return ui_json(json_pack("{s:s,s:I,s:I,s:b}", "backup", j->file, "bytes",
                                 (json_int_t)st.st_size, "files", (json_int_t)files->count,
                                 "verified", 1))
                   ? CMD_FAILED
                   : CMD_DONE;
    printf("%s: %s, %s files, verified. It holds people's numbers and passwords' hashes: keep it "
           "as safe as the data.\n",
           j->file, ui_bytes((uint64_t)st.st_size), ui_count(files->count));
    return CMD_DONE;
}

static int run_job(struct job *j, struct data *d, bool force)
{
    struct archive_files files = {0};
    struct error err = {0};
    int schema = 0, rc;

    rc = file_target(j->named, j->file, &err);
    if (rc)
        return cmd_fail(&err);
    if (!force && access(j->file, F_OK) == 0)
        return cmd_error(-EEXIST, j->file, "name another file, or add --force", "is there already");
    rc = begin(j);
    if (rc)
        return rc;
    j->doing = "Copying the store";
    rc = store_copy(d->db, j->store, show, j, &err);
    if (!rc)
        rc = store_check(j->store, &schema, &err);
    if (!rc)
        rc = pack(j, d->dir, schema, &files, &err);
    if (!rc)
        rc = publish(j, force, &err);
    ui_progress_end(&j->progress);
    if (rc) {
        error_set(&err, rc, j->file, NULL, "cannot be written: %s", strerror(-rc));
        rc = rc == -EEXIST ? cmd_fail(&err) : cmd_fail_as(&err, CMD_STORE);
    } else {
        rc = tell(j, &files);
    }
    archive_files_free(&files);
    return rc;
}

static int run(struct option_values *v)
{
    struct job j = {.lock_fd = -1};
    const char *const *args;
    struct data d;
    int rc;

    option_args(v, &args);
    j.named = args[0];
    rc = data_open(&d, v, DATA_PEEK, "backup");
    if (rc)
        return rc;
    rc = run_job(&j, &d, option_flag(v, "force"));
    end(&j);
    data_close(&d);
    return rc;
}

const struct option_command cmd_backup = {
    .name = "backup",
    .usage = "FILE",
    .summary = "write the whole data folder into one file, while it is in use",
    .text =
        "Writes the store as it is at one moment, the recordings and the reports into FILE (a zip "
        "archive with a list of checksums), reads it back and compares. Campaigns go on meanwhile. "
        "FILE appears whole or not at all; one that is there is kept unless --force is given.\n\n"
        "Passwords of trunks and people's numbers are in it: keep it as safe as the data.\n\n"
        "Examples:\n"
        "  kolcast backup /mnt/backup/kolcast-$(date +%F).zip -d /var/lib/kolcast\n"
        "  kolcast restore /mnt/backup/kolcast-2026-11-25.zip -d /var/lib/kolcast",
    .options = options,
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
