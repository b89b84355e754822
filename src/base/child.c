#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { NICER = 5, FIRST_FREE = 3, NO_PROGRAM = 127 };

/* Between fork and exec of a process with threads: only what signal-safety(7) allows. */
static void become(const char *const *argv, int out, int errors, pid_t parent)
{
    sigset_t none;

    sigemptyset(&none);
    for (int sig = 1; sig < NSIG; sig++)
        signal(sig, SIG_DFL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) /* it was gone before that counted */
        _exit(NO_PROGRAM);
    if (nice(NICER) < 0)
        errno = 0; /* as good as before */
    dup2(errors, 0);
    dup2(out, 1);
    dup2(errors, 2);
    close_range(FIRST_FREE, ~0U, 0);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execv(argv[0], (char *const *)argv);
    _exit(NO_PROGRAM);
}

int child_start(const char *const *argv, const char *errors_path, pid_t *pid)
{
    pid_t parent = getpid(), child;
    int errors = open(errors_path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    int out[2], rc = 0;

    if (errors < 0)
        return -errno;
    if (pipe2(out, O_CLOEXEC)) {
        rc = -errno;
        close(errors);
        return rc;
    }
    child = fork();
    if (child == 0)
        become(argv, out[1], errors, parent);
    if (child < 0)
        rc = -errno;
    close(errors);
    close(out[1]);
    if (rc) {
        close(out[0]);
        return rc;
    }
    *pid = child;
    return out[0];
}
