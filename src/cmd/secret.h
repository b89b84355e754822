/* Passwords from a person: never from the command line, which other users of the machine see. */
#pragma once

#include <stddef.h>

#include "base/error.h"

/* On a terminal: asks without showing what is typed, twice when confirm. Else the first line of
 * standard input. -ECANCELED: Ctrl-C or end of input; -EINVAL with err. */
int secret_read(const char *prompt, int confirm, char *out, size_t size, struct error *err);
