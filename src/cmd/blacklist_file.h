/* kolcast blacklist import FILE.csv. */
#pragma once

#include "cmd/cmd.h"

int blacklist_import(struct data *d, const struct option_values *v, const char *path,
                     int64_t expires_ms);
