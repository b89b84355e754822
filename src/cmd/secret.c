#include "cmd/secret.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { KEY_INTERRUPT = 3, KEY_END = 4, KEY_BACKSPACE = 8, KEY_CLEAR = 21, KEY_DELETE = 127 };

/* One key at a time, so that an interrupt finds the terminal as it was. */
static int read_keys(char *out, size_t size)
{
    size_t n = 0;

    for (;;) {
        unsigned char key;
        ssize_t got = read(STDIN_FILENO, &key, 1);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0 || key == KEY_INTERRUPT || (key == KEY_END && n == 0))
            return -ECANCELED;
        if (key == '\n' || key == '\r')
            break;
        if (key == KEY_BACKSPACE || key == KEY_DELETE) {
            while (n > 0 && ((unsigned char)out[--n] & 0xc0) == 0x80)
                ; /* a whole character of UTF-8 */
        } else if (key == KEY_CLEAR) {
            n = 0;
        } else if (n + 1 < size) {
            out[n++] = (char)key;
        } else {
            return -E2BIG;
        }
    }
    out[n] = '\0';
    return 0;
}

static int ask(const char *prompt, char *out, size_t size)
{
    struct termios before, quiet;
    int rc;

    if (tcgetattr(STDIN_FILENO, &before))
        return -errno;
    quiet = before;
    quiet.c_lflag &= ~(tcflag_t)(ECHO | ICANON | ISIG);
    quiet.c_cc[VMIN] = 1;
    quiet.c_cc[VTIME] = 0;
    if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet))
        return -errno;
    fprintf(stderr, "%s: ", prompt);
    rc = read_keys(out, size);
    fputc('\n', stderr);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    return rc;
}

static int read_line(char *out, size_t size)
{
    size_t n;

    if (!fgets(out, (int)size, stdin))
        return -ECANCELED;
    n = strcspn(out, "\r\n");
    if (!out[n] && n + 1 == size)
        return -E2BIG;
    out[n] = '\0';
    return 0;
}

int secret_read(const char *prompt, int confirm, char *out, size_t size, struct error *err)
{
    char again[1024], second[80];
    int rc, differ;

    if (!isatty(STDIN_FILENO)) {
        rc = read_line(out, size);
        return rc == -ECANCELED
                   ? error_set(err, -EINVAL, "standard input",
                               "echo … | kolcast user …, or use a terminal", "no password came")
               : rc ? error_set(err, -EINVAL, "password", NULL, "too long")
                    : 0;
    }
    rc = ask(prompt, out, size);
    if (!rc && confirm) {
        snprintf(second, sizeof(second), "%.60s, again", prompt);
        rc = ask(second, again, sizeof(again));
        differ = !rc && strcmp(out, again) != 0;
        explicit_bzero(again, sizeof(again));
        if (differ)
            return error_set(err, -EINVAL, "password", "type it again", "the two differ");
    }
    return rc == -ECANCELED ? error_set(err, rc, "password", NULL, "not given")
           : rc ? error_set(err, -EINVAL, "password", NULL, "cannot be read: %s", strerror(-rc))
                : 0;
}
