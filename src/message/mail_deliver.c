/* A message on its way: to a command, with the message in a memory file as its standard input and
 * what it says in another, so that neither side waits for a pipe. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "message/mail.h"

enum { MESSAGE_MAX = 256 << 10, SAID_MAX = 300 };

static int memory_file(const void *data, size_t len)
{
    int fd = memfd_create("mail", MFD_CLOEXEC);

    if (fd < 0)
        return -errno;
    for (size_t done = 0; done < len;) {
        ssize_t n = write(fd, (const char *)data + done, len - done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            int rc = -errno;

            close(fd);
            return rc;
        }
        done += (size_t)n;
    }
    lseek(fd, 0, SEEK_SET);
    return fd;
}

/* In a process group of its own, with the default signals and nothing else of ours open. */
static int start(const struct mail_way *w, int in, int said, pid_t *pid)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t none, all;
    int rc;

    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, in, 0);
    posix_spawn_file_actions_adddup2(&files, said, 1);
    posix_spawn_file_actions_adddup2(&files, said, 2);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                        POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &all);
    rc = -posix_spawn(pid, w->command[0], &files, &attr, w->command, environ);
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&files);
    return rc;
}

/* Its exit status, or -ETIMEDOUT: then it and its children are killed. */
static int wait_for(pid_t pid, int timeout_ms, int *status)
{
    struct pollfd p = {.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN};
    int rc;

    if (p.fd < 0)
        return waitpid(pid, status, 0) == pid ? 0 : -errno;
    do
        rc = poll(&p, 1, timeout_ms);
    while (rc < 0 && errno == EINTR);
    if (rc == 0)
        kill(-pid, SIGKILL);
    while (waitpid(pid, status, 0) < 0 && errno == EINTR)
        ;
    close(p.fd);
    return rc == 0 ? -ETIMEDOUT : 0;
}

/* The last line of what it said, as plain text. */
static void read_said(int fd, char out[SAID_MAX])
{
    off_t size = lseek(fd, 0, SEEK_END);
    ssize_t n = pread(fd, out, SAID_MAX - 1, size > SAID_MAX - 1 ? size - (SAID_MAX - 1) : 0);
    char *line;

    n = n > 0 ? n : 0;
    while (n > 0 && (unsigned char)out[n - 1] <= ' ')
        n--;
    out[n] = '\0';
    line = strrchr(out, '\n');
    if (line)
        memmove(out, line + 1, strlen(line + 1) + 1);
    for (char *p = out; *p; p++)
        if (*p < ' ' || *p > '~')
            *p = '?';
}

static int by_command(const struct mail_way *w, const struct buf *message, int timeout_ms,
                      struct error *err)
{
    int in = memory_file(message->data, message->len), said = memory_file("", 0), status = 0, rc;
    char words[SAID_MAX] = "";
    pid_t pid;

    rc = in < 0 ? in : said < 0 ? said : start(w, in, said, &pid);
    if (rc) {
        error_set(err, rc, w->command[0], "see that the program is there and may be run",
                  "the mail command does not start: %s", strerror(-rc));
    } else {
        rc = wait_for(pid, timeout_ms, &status);
        read_said(said, words);
        if (rc)
            error_set(err, rc, w->command[0], "try it by hand", "it did not end within %d s",
                      timeout_ms / 1000);
        else if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
            rc = error_set(err, -EPROTO, w->command[0], "try it by hand", "it failed (%s %d)%s%s",
                           WIFEXITED(status) ? "exit code" : "signal",
                           WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status),
                           words[0] ? ": " : "", words);
    }
    if (in >= 0)
        close(in);
    if (said >= 0)
        close(said);
    return rc;
}

int mail_deliver(const struct mail_way *w, const char *to, const char *subject, const char *text,
                 int64_t now_ms, int timeout_ms, struct error *err)
{
    struct buf message = {.max = MESSAGE_MAX};
    int rc = mail_write(w, to, subject, text, now_ms, &message);

    if (rc)
        error_set(err, rc, "mail", NULL, "cannot be written: %s", strerror(-rc));
    else
        rc = by_command(w, &message, timeout_ms, err);
    buf_free(&message);
    return rc;
}
