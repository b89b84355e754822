#include "cmd/privilege.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

static int fail(struct error *err, int rc, const char *what)
{
    return error_set(err, rc, "--user", NULL, "%s: %s", what, strerror(-rc));
}

/* Only what we make ourselves is given away: a folder that is there belongs to whom it belongs. */
static int make_folder(const char *dir, const struct passwd *p, struct error *err)
{
    struct stat st;
    int rc;

    if (stat(dir, &st) == 0)
        return 0;
    rc = file_mkdirs(dir, err);
    if (rc)
        return rc;
    if (chmod(dir, 0700) || chown(dir, p->pw_uid, p->pw_gid))
        return fail(err, -errno, "the data folder cannot be given to that user");
    return 0;
}

static int become(const struct passwd *p, struct error *err)
{
    if (initgroups(p->pw_name, p->pw_gid) || setresgid(p->pw_gid, p->pw_gid, p->pw_gid) ||
        setresuid(p->pw_uid, p->pw_uid, p->pw_uid))
        return fail(err, -errno, "cannot become that user");
    if (setuid(0) == 0)
        return error_set(err, -EPERM, "--user", NULL, "the way back to root is open");
    /* Who has changed its user may not look into /proc/self, where its own figures are. */
    prctl(PR_SET_DUMPABLE, 1);
    return 0;
}

int privilege_drop(const char *user, const char *data_dir, struct error *err)
{
    const struct passwd *p = getpwnam(user);
    int rc;

    if (!p)
        return error_set(err, -ENOENT, "--user", "make it: useradd --system, or systemd-sysusers",
                         "there is no user \"%.60s\"", user);
    if (p->pw_uid == 0)
        return error_set(err, -EINVAL, "--user", "name another, or leave it out",
                         "\"%.60s\" is root", user);
    if (geteuid() == p->pw_uid)
        return 0;
    if (geteuid() != 0)
        return error_set(err, -EPERM, "--user", "start it as root, or leave it out",
                         "only root can become another user");
    rc = make_folder(data_dir, p, err);
    return rc ? rc : become(p, err);
}
