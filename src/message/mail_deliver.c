/* A message on its way: to a mail server (mail_submit.c); to a webhook; or to a command, with the
 * message in a memory file as its standard input and what it says in another, so that neither side
 * waits for a pipe. */
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

#include "http/client.h"
#include "message/mail_priv.h"

enum { MESSAGE_MAX = 256 << 10, SAID_MAX = 300, SLICE_MS = 100 };

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
    char text[sizeof(w->command)], *argv[MAIL_WORDS_MAX + 1] = {text};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t none, all;
    int rc;

    memcpy(text, w->command, sizeof(text));
    for (int i = 1; i < w->words; i++)
        argv[i] = argv[i - 1] + strlen(argv[i - 1]) + 1;

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
    rc = -posix_spawn(pid, text, &files, &attr, argv, environ);
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&files);
    return rc;
}

/* Its exit status, or -ETIMEDOUT, -ECANCELED: then it and its children are killed. */
static int wait_for(pid_t pid, int timeout_ms, const atomic_bool *cancel, int *status)
{
    struct pollfd p = {.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN};
    int rc = -ETIMEDOUT;

    for (int waited = 0; waited < timeout_ms && rc == -ETIMEDOUT && p.fd >= 0; waited += SLICE_MS) {
        if (poll(&p, 1, SLICE_MS) > 0)
            rc = 0;
        else if (cancel && *cancel)
            rc = -ECANCELED;
    }
    if (rc)
        kill(-pid, SIGKILL);
    while (waitpid(pid, status, 0) < 0 && errno == EINTR)
        ;
    if (p.fd >= 0)
        close(p.fd);
    return rc;
}

void mail_said(char *text)
{
    size_t n = strlen(text);
    char *line;

    while (n > 0 && (unsigned char)text[n - 1] <= ' ')
        n--;
    text[n] = '\0';
    line = strrchr(text, '\n');
    if (line)
        memmove(text, line + 1, strlen(line + 1) + 1);
    for (char *p = text; *p; p++)
        if (*p < ' ' || *p > '~')
            *p = '?';
}

static void read_said(int fd, char out[SAID_MAX])
{
    off_t size = lseek(fd, 0, SEEK_END);
    ssize_t n = pread(fd, out, SAID_MAX - 1, size > SAID_MAX - 1 ? size - (SAID_MAX - 1) : 0);

    out[n > 0 ? n : 0] = '\0';
    mail_said(out);
}

static int by_command(const struct mail_way *w, const struct buf *message, int timeout_ms,
                      const atomic_bool *cancel, struct error *err)
{
    int in = memory_file(message->data, message->len), said = memory_file("", 0), status = 0, rc;
    char words[SAID_MAX] = "";
    pid_t pid;

    rc = in < 0 ? in : said < 0 ? said : start(w, in, said, &pid);
    if (rc) {
        error_set(err, rc, w->command, "see that the program is there and may be run",
                  "the mail command does not start: %s", strerror(-rc));
    } else {
        rc = wait_for(pid, timeout_ms, cancel, &status);
        read_said(said, words);
        if (rc)
            error_set(err, rc, w->command, "try it by hand", "it did not end in time");
        else if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
            rc = error_set(err, -EPROTO, w->command, "try it by hand", "it failed (%s %d)%s%s",
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

static int by_webhook(const struct mail_way *w, const struct mail *m, int timeout_ms,
                      const atomic_bool *cancel, struct error *err)
{
    static const char *const headers[] = {"Content-Type: application/json", NULL};
    json_t *json = json_pack("{s:s,s:s,s:s,s:s}", "from", w->from, "to", m->to, "subject",
                             m->subject, "text", m->text);
    char *body = json ? json_dumps(json, JSON_COMPACT) : NULL;
    struct http_call call = {.url = w->webhook,
                             .headers = headers,
                             .body = body,
                             .timeout_ms = timeout_ms,
                             .cancel = cancel};
    struct http_answer answer = {0};
    struct http_client *client = NULL;
    int rc = body ? http_client_new(&client) : -ENOMEM;

    json_decref(json);
    if (!rc) {
        call.body_len = strlen(body);
        rc = http_client_call(client, &call, &answer, err);
    }
    if (!rc && (answer.status < 200 || answer.status > 299))
        rc = error_set(err, -EPROTO, w->webhook, "see its log", "it answered %d", answer.status);
    http_answer_free(&answer);
    http_client_free(client);
    free(body);
    return rc;
}

int mail_deliver(const struct mail_way *w, const struct mail *m, int64_t now_ms, int timeout_ms,
                 const atomic_bool *cancel, struct error *err)
{
    struct buf message = {.max = MESSAGE_MAX};
    int rc = mail_write(w, m, now_ms, &message);

    if (rc)
        error_set(err, rc, "mail", NULL, "cannot be written: %s", strerror(-rc));
    else if (w->server.host[0])
        rc = mail_submit(w, m->to, &message, timeout_ms, cancel, err);
    else if (w->words)
        rc = by_command(w, &message, timeout_ms, cancel, err);
    else
        rc = by_webhook(w, m, timeout_ms, cancel, err);
    buf_free(&message);
    return rc;
}
