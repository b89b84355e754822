/* kolcast: entry point. Finds the subcommand, parses its line, runs it. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/nearest.h"
#include "cmd/cmd.h"
#include "cmd/ui.h"

/* The order of the help: what a new user needs first: run, check, import, campaign, blacklist,
 * report, serve, carrier, then what explains the program itself. */
const struct option_command *const cmd_table[] = {
    &cmd_run,   &cmd_check,   &cmd_import,     &cmd_campaign, &cmd_blacklist, &cmd_report,
    &cmd_serve, &cmd_carrier, &cmd_user,       &cmd_backup,   &cmd_restore,   &cmd_version,
    &cmd_help,  &cmd_man,     &cmd_completion, NULL,
};

const struct option_command *cmd_find(const char *name)
{
    for (int i = 0; cmd_table[i]; i++)
        if (strcmp(cmd_table[i]->name, name) == 0)
            return cmd_table[i];
    return NULL;
}

static int unknown_command(const char *name)
{
    enum { MAX = 32 };
    const char *names[MAX + 1], *near;
    char remedy[128];
    int n = 0;

    for (; n < MAX && cmd_table[n]; n++)
        names[n] = cmd_table[n]->name;
    names[n] = NULL;
    near = nearest_word(name, names);
    if (near)
        snprintf(remedy, sizeof(remedy), "did you mean kolcast %s?", near);
    else
        snprintf(remedy, sizeof(remedy), "kolcast help lists the commands");
    return cmd_error(-EINVAL, name, remedy, "no such command");
}

/* Is the flag among the words? Before parsing, so that errors of parsing obey it too. */
static bool has_word(int argc, char **argv, const char *word)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], word) == 0)
            return true;
    return false;
}

static int run_command(const struct option_command *cmd, int argc, char **argv)
{
    struct option_values *values;
    struct error err = {0};
    int rc = option_parse(cmd, argc, argv, &values, &err);

    if (rc)
        return cmd_fail(&err);
    if (option_flag(values, "help")) {
        option_help(cmd, stdout, ui.colour_out);
        rc = CMD_DONE;
    } else {
        rc = cmd->run(values);
    }
    option_free(values);
    return rc;
}

int main(int argc, char **argv)
{
    const struct option_command *cmd;
    const char *name = argc > 1 ? argv[1] : "help";
    int rc;

    signal(SIGXFSZ, SIG_IGN); /* a file at its limit is a failed write, not the end of all calls */
    signal(SIGPIPE, SIG_IGN); /* `kolcast … | head` ends by a write error, not in mid-change */
    ui_start(has_word(argc, argv, "--json"), has_word(argc, argv, "--plain"));
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        name = "help";
    if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0)
        name = "version";
    cmd = cmd_find(name);
    if (!cmd)
        return unknown_command(name);
    rc = argc > 1 ? run_command(cmd, argc - 1, argv + 1)
                  : run_command(cmd, 1, (char *[]){(char *)"help", NULL});
    /* What was printed must have arrived: a full disk behind > is a failure. A reader that has left
     * (| head) is not. */
    if (fflush(stdout) && errno != EPIPE && rc == CMD_DONE)
        rc = cmd_error(-EIO, "standard output", NULL, "cannot write: %s", strerror(errno));
    return rc;
}
