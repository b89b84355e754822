/* Command-line options: one table drives parsing, --help, the man page and shell completion. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"

enum option_type {
    OPTION_FLAG,
    OPTION_STRING,
    OPTION_INT,
    OPTION_REAL,
    OPTION_CHOICE,
    OPTION_LIST
};

struct option_def {
    const char *name; /* long name without dashes */
    char letter;      /* short name, 0 for none */
    enum option_type type;
    const char *value;          /* placeholder in help: "DIR" */
    const char *unit;           /* "calls/s", may be NULL */
    const char *fallback;       /* default as text, NULL for none */
    double min, max;            /* range of INT and REAL when max > min */
    const char *const *choices; /* of CHOICE, NULL-terminated */
    const char *help;           /* one sentence */
};

struct option_values;

/* text is light markup: paragraphs with a blank line between; a line that starts with two spaces is
 * kept as it is (examples); a line that ends with a colon and stands alone is a heading. */
struct option_command {
    const char *name;    /* "run" */
    const char *usage;   /* "CAMPAIGN.json PEOPLE.(csv|xlsx)" */
    const char *summary; /* one line for the list of commands */
    const char *text;    /* paragraphs that teach, with examples; for --help and the manual */
    const struct option_def *options;         /* ends with name == NULL */
    int min_args, max_args;                   /* positional; max -1: any number */
    int (*run)(struct option_values *values); /* exit code */
};

/* argv[0] is the command's own name and passed over. Options and positionals may mix, `--` ends the
 * options, the last of a repeated option holds. --help (-h) is always known: with it nothing else
 * is demanded, and option_flag(v, "help") tells the caller to print the help. The strings in *out
 * point into argv and the table. Returns -EINVAL with err set for what the user did wrong. */
int option_parse(const struct option_command *cmd, int argc, char **argv,
                 struct option_values **out, struct error *err);
void option_free(struct option_values *v);

/* Asking for a name that is not in the table is a bug and asserts. Without a default an option that
 * was not given is NULL, 0 or false. */
bool option_set(const struct option_values *v, const char *name); /* given by the user */
const char *option_string(const struct option_values *v, const char *name);
int64_t option_int(const struct option_values *v, const char *name);
double option_real(const struct option_values *v, const char *name);
bool option_flag(const struct option_values *v, const char *name);
/* Returns how many; *items is NULL-terminated. */
int option_list(const struct option_values *v, const char *name, const char *const **items);
int option_args(const struct option_values *v, const char *const **args);

const struct option_command *option_command(const struct option_values *v);

void option_help(const struct option_command *cmd, FILE *out, bool colour);
void option_man(const struct option_command *cmd, FILE *out); /* troff */
