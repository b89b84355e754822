/* The data folder: DIR/kolcast.db, DIR/audio, DIR/reports, and DIR/lock held by flock(2) while one
 * process changes much. The lock's text says who holds it; the kernel frees it when that process
 * ends, however it ends. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "cmd/cmd.h"
#include "cmd/replace.h"
#include "cmd/ui.h"

static int read_holder(const char *path, struct data_holder *out)
{
    char text[256];
    long long campaign = 0, since = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n;

    if (fd < 0)
        return -errno;
    n = read(fd, text, sizeof(text) - 1);
    close(fd);
    text[n > 0 ? n : 0] = '\0';
    memset(out, 0, sizeof(*out));
    if (sscanf(text, "pid=%d what=%31s since=%lld campaign=%lld", &out->pid, out->what, &since,
               &campaign) < 3)
        return -EBADMSG;
    out->since_ms = since;
    out->campaign_id = campaign;
    return 0;
}

static void write_holder(struct data *d, const struct data_holder *h)
{
    char text[256];
    int n = snprintf(text, sizeof(text), "pid=%d what=%s since=%lld campaign=%lld\n", h->pid,
                     h->what, (long long)h->since_ms, (long long)h->campaign_id);

    /* Only information: the lock itself is the kernel's. One write, so that it is read whole. */
    if (pwrite(d->lock_fd, text, (size_t)n, 0) == n && ftruncate(d->lock_fd, n) == 0)
        return;
    ui_warn("%s: cannot note who holds the lock: %s", d->lock_path, strerror(errno));
}

bool data_holder(const struct data *d, struct data_holder *out)
{
    int fd = open(d->lock_path, O_RDONLY | O_CLOEXEC);
    bool held;

    if (fd < 0)
        return false;
    /* A shared try: it fails exactly while someone holds it exclusively. */
    held = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    close(fd);
    if (held && read_holder(d->lock_path, out))
        memset(out, 0, sizeof(*out));
    return held;
}

int data_stop_holder(const struct data *d, int timeout_ms)
{
    struct data_holder h;
    int fd, rc = 0;

    if (!data_holder(d, &h) || h.pid <= 0)
        return -ESRCH;
    /* The descriptor pins the process: if it still holds the lock now, the signal cannot reach a
     * stranger that got the same pid. */
    fd = (int)syscall(SYS_pidfd_open, h.pid, 0);
    if (fd < 0)
        return -errno;
    if (!data_holder(d, &h))
        rc = -ESRCH;
    else if (syscall(SYS_pidfd_send_signal, fd, SIGTERM, NULL, 0))
        rc = -errno;
    close(fd);
    for (int waited = 0; rc == 0 && data_holder(d, &h); waited += 50) {
        if (waited >= timeout_ms)
            return -ETIMEDOUT;
        usleep(50000);
    }
    return rc;
}

void data_lock_note(struct data *d, int64_t campaign_id)
{
    struct data_holder h;

    if (d->lock_fd < 0 || read_holder(d->lock_path, &h))
        return;
    h.campaign_id = campaign_id;
    write_holder(d, &h);
}

static int lock_taken(const struct data *d)
{
    struct data_holder h;

    if (!data_holder(d, &h) || h.pid == 0)
        return cmd_error(-EWOULDBLOCK, d->dir, "wait until it ends, or use another --data folder",
                         "in use by another process");
    return cmd_error(-EWOULDBLOCK, d->dir,
                     "wait until it ends, pause it (kolcast campaign pause), or use another --data "
                     "folder",
                     "in use by kolcast %s (process %d, since %s)", h.what, h.pid,
                     ui_local_time(h.since_ms));
}

static int take_lock(struct data *d, const char *what)
{
    struct data_holder h = {.pid = getpid(), .since_ms = clock_wall_ms(&clock_system)};
    struct error err = {0};

    d->lock_fd = open(d->lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (d->lock_fd < 0) {
        error_set(&err, -errno, d->lock_path, "check the permissions of the folder",
                  "cannot open: %s", strerror(errno));
        return cmd_fail_as(&err, CMD_STORE);
    }
    if (flock(d->lock_fd, LOCK_EX | LOCK_NB)) {
        int rc = errno;

        close(d->lock_fd);
        d->lock_fd = -1;
        if (rc == EWOULDBLOCK)
            return lock_taken(d);
        error_set(&err, -rc, d->lock_path, "use a --data folder on a local disk", "cannot lock: %s",
                  strerror(rc));
        return cmd_fail_as(&err, CMD_STORE);
    }
    snprintf(h.what, sizeof(h.what), "%s", what);
    write_holder(d, &h);
    return CMD_DONE;
}

static int make_dir(const char *dir)
{
    struct error err = {0};
    struct stat st;
    bool fresh = stat(dir, &st) != 0;

    if (file_mkdirs(dir, &err))
        return cmd_fail_as(&err, CMD_STORE);
    if (fresh)
        chmod(dir, 0700); /* it holds people's names and numbers */
    if (access(dir, W_OK | X_OK)) {
        error_set(&err, -errno, dir, "use another --data folder, or change its permissions",
                  "cannot write into it: %s", strerror(errno));
        return cmd_fail_as(&err, CMD_STORE);
    }
    return CMD_DONE;
}

/* A restore that was interrupted after its moment of change. */
static int finish_restore(struct data *d)
{
    bool own = d->lock_fd < 0;
    struct error err = {0};
    int rc = own ? take_lock(d, "restore") : CMD_DONE;

    if (rc)
        return rc;
    rc = replace_finish(d->dir, &err);
    if (own) {
        close(d->lock_fd);
        d->lock_fd = -1;
    }
    return rc ? cmd_fail_as(&err, CMD_STORE) : CMD_DONE;
}

int data_open(struct data *d, const struct option_values *v, enum data_mode mode, const char *what)
{
    const char *dir = option_string(v, "data");
    bool must_exist = mode == DATA_READ || mode == DATA_PEEK;
    struct error err = {0};
    int rc;

    memset(d, 0, sizeof(*d));
    d->lock_fd = -1;
    if (dir[0] == '\0' || strlen(dir) >= sizeof(d->dir) - 1)
        return cmd_error(-EINVAL, "--data", "give the name of a folder", "not a usable name");
    snprintf(d->dir, sizeof(d->dir), "%s", dir);
    snprintf(d->db, sizeof(d->db), "%s/kolcast.db", d->dir);
    snprintf(d->lock_path, sizeof(d->lock_path), "%s/lock", d->dir);
    if (must_exist && access(d->db, F_OK) && !replace_pending(d->dir))
        return cmd_error(
            -ENOENT, d->dir,
            "kolcast import FILE --list NAME, or kolcast run; or name the right --data "
            "folder",
            "holds no store yet");
    if (!must_exist && (rc = make_dir(d->dir)))
        return rc;
    if ((mode == DATA_LOCK || mode == DATA_ALONE) && (rc = take_lock(d, what)))
        return rc;
    if (replace_pending(d->dir) && (rc = finish_restore(d))) {
        data_close(d);
        return rc;
    }
    if (mode == DATA_ALONE || mode == DATA_PEEK)
        return CMD_DONE;
    rc = store_open(d->db, &clock_system, &d->store, &err);
    if (rc) {
        if (!err.code)
            error_set(&err, rc, d->db, NULL, "cannot open: %s", strerror(-rc));
        data_close(d);
        return cmd_fail_as(&err, CMD_STORE);
    }
    return CMD_DONE;
}

void data_close(struct data *d)
{
    store_close(d->store);
    d->store = NULL;
    if (d->lock_fd >= 0) {
        if (ftruncate(d->lock_fd, 0)) {
            /* stale text does no harm: only the kernel's lock counts */
        }
        close(d->lock_fd);
    }
    d->lock_fd = -1;
}

int cmd_store_error(struct store *s, int rc, const char *doing)
{
    const char *text = s ? store_error_text(s) : NULL;
    struct error err = {0};

    error_set(&err, rc, "store",
              rc == -ENOSPC ? "free space on that disk, then run it again"
                            : "see that the data folder is on a healthy disk and writable",
              "cannot %s: %s", doing, text && text[0] ? text : strerror(-rc));
    return cmd_fail_as(&err, CMD_STORE);
}
