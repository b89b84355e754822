/* Errors for people. Functions below the edges return 0 or a negative errno; what a person must
 * read (a file is bad, an option is wrong) is also put in a struct error by whoever knows the
 * place. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>

enum { ERROR_PLACE_MAX = 256, ERROR_TEXT_MAX = 512 };

/* A zeroed struct error means "none yet". The first error set wins: the cause, not its echo. */
struct error {
    int code;                     /* negative errno, 0 while unset */
    char place[ERROR_PLACE_MAX];  /* where: file, line or JSON path, option name; may be empty */
    char message[ERROR_TEXT_MAX]; /* what is wrong, in words */
    char remedy[ERROR_TEXT_MAX];  /* what to do about it; may be empty */
};

/* Sets *err (which may be NULL) unless it is set already. Returns code, so that a caller can write
 * `return error_set(err, -EINVAL, place, remedy, "…", …);`. place and remedy may be NULL. */
__attribute__((format(printf, 5, 6))) int error_set(struct error *err, int code, const char *place,
                                                    const char *remedy, const char *format, ...);

/* "place: message (remedy)" on one line, always terminated. Returns buf. */
const char *error_text(const struct error *err, char *buf, unsigned size);

/* Texts quote files and arguments: nothing in them may steer the terminal or break the JSON output,
 * and a limit may have cut a character in two. Leaves one line of whole UTF-8, in place; returns
 * text. */
char *error_clean(char *text);
