/* What the subcommands share: the table of commands, exit codes, the data folder. Each subcommand
 * is one file with one struct option_command; main.c finds and runs it. The commands run one at a
 * time in the main thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/option.h"
#include "store/store.h"

/* Exit codes that scripts can trust. */
enum cmd_exit {
    CMD_DONE = 0,
    CMD_FAILED = 1,
    CMD_BAD_INPUT = 2,  /* options, files, numbers: mend what was given */
    CMD_UNFINISHED = 3, /* paused, or waiting for its calling window: run again to go on */
    CMD_STORE = 4,      /* the data folder or the disk */
    CMD_INTERRUPTED = 130,
};

extern const struct option_command cmd_backup, cmd_blacklist, cmd_campaign, cmd_carrier, cmd_check,
    cmd_completion, cmd_help, cmd_import, cmd_man, cmd_report, cmd_restore, cmd_run, cmd_serve,
    cmd_user, cmd_version;

/* All commands in the order of the help, NULL-terminated (main.c). */
extern const struct option_command *const cmd_table[];
const struct option_command *cmd_find(const char *name); /* NULL: none */

/* Every command takes these. */
#define CMD_OPTIONS_OUTPUT                                                                     \
    {.name = "json", .type = OPTION_FLAG, .help = "Print JSON for programs."},                 \
    {                                                                                          \
        .name = "plain", .type = OPTION_FLAG,                                                  \
        .help = "No colours and no moving display (as with NO_COLOR, or when not a terminal)." \
    }
#define CMD_OPTION_DATA                                                          \
    {                                                                            \
        .name = "data", .letter = 'd', .type = OPTION_STRING, .value = "DIR",    \
        .fallback = "./kolcast-data",                                            \
        .help = "Folder that holds the store, copies of the audio, and reports." \
    }
/* Those that place calls. */
#define CMD_OPTIONS_LINES                                                                 \
    {.name = "lanes",                                                                     \
     .type = OPTION_INT,                                                                  \
     .value = "N",                                                                        \
     .min = 0,                                                                            \
     .max = 64,                                                                           \
     .fallback = "0",                                                                     \
     .help = "Threads that carry calls; 0: one for each processor."},                     \
        {.name = "bind",                                                                  \
         .type = OPTION_STRING,                                                           \
         .value = "ADDRESS",                                                              \
         .help = "Local address for calls; without it the one that leads to the trunk."}, \
        {.name = "dns",                                                                   \
         .type = OPTION_STRING,                                                           \
         .value = "ADDRESS[:PORT]",                                                       \
         .help = "DNS server to ask for trunks, instead of the system's."},               \
    {                                                                                     \
        .name = "no-uring", .type = OPTION_FLAG, .help = "Send audio without io_uring."   \
    }
#define CMD_OPTION_REGION                                                         \
    {                                                                             \
        .name = "region", .type = OPTION_STRING, .value = "CC", .fallback = "IL", \
        .help = "Country of numbers that are written without one (ISO 3166)."     \
    }

/* Prints err for people on standard error (and as JSON on standard output with --json). Returns the
 * exit code that fits err->code. */
int cmd_fail(const struct error *err);
int cmd_fail_as(const struct error *err, int code); /* with this exit code; returns it */
/* The same in one go. rc decides the exit code. */
__attribute__((format(printf, 4, 5))) int cmd_error(int rc, const char *place, const char *remedy,
                                                    const char *format, ...);
/* A failure of the store: always CMD_STORE. */
int cmd_store_error(struct store *s, int rc, const char *doing);

/* ---- the data folder (data.c) --------------------------------------------------------------- */

/* One process at a time may change much (run, import, undo): it holds an flock on DIR/lock, which
 * says who. The others read, or make small changes, beside it. */
struct data {
    char dir[512], db[544], lock_path[544];
    int lock_fd; /* -1: not held */
    struct store *store;
};

enum data_mode {
    DATA_READ,   /* must exist already */
    DATA_PEEK,   /* as READ, but its store is not opened, so not migrated either: for backup */
    DATA_CHANGE, /* made when absent */
    DATA_LOCK,   /* as CHANGE, alone */
    DATA_ALONE,  /* the folder alone, its store is not opened: for restore */
};

/* what: "run", "import": told to whoever finds the folder locked. Returns an exit code; it has
 * printed why when not CMD_DONE. */
int data_open(struct data *d, const struct option_values *v, enum data_mode mode, const char *what);
void data_close(struct data *d); /* NULL-safe parts; releases the lock */
/* Adds to what the lock says: the campaign that runs. */
void data_lock_note(struct data *d, int64_t campaign_id);

struct data_holder {
    int pid;
    char what[32];
    int64_t campaign_id; /* 0: none */
    int64_t since_ms;
};
/* Who holds the lock now? False when nobody does. */
bool data_holder(const struct data *d, struct data_holder *out);
/* Asks the holder to stop cleanly and waits at most timeout_ms until the lock is free. 0, -ESRCH
 * (nobody), -EPERM, -ETIMEDOUT. */
int data_stop_holder(const struct data *d, int timeout_ms);

/* ---- small helpers (parse.c) ---------------------------------------------------------------- */

/* A whole positive number, such as a campaign's. what names it in the message. Returns 0 or -EINVAL
 * with err set. */
int cmd_parse_id(const char *text, const char *what, int64_t *id, struct error *err);
/* A phone number as people write it. */
int cmd_parse_number(const char *text, const char *region, uint64_t *number, struct error *err);
/* "+972501234567"; rotating static buffers, four in one printf. */
const char *cmd_number_text(uint64_t number);
int cmd_parse_region(const char *text, struct error *err);
/* "campaign lsit": says which actions there are, nearest first. Returns CMD_BAD_INPUT. */
int cmd_action_error(const char *command, const char *word, const char *const *actions);
