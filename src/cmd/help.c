/* kolcast version, help, man and completion: all made from the option tables. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/ui.h"

static const struct option_def output_options[] = {CMD_OPTIONS_OUTPUT, {NULL}};

/* ---- version -------------------------------------------------------------------------------- */

static int run_version(struct option_values *v)
{
    (void)v;
    if (ui.json)
        return ui_json(json_pack("{s:s,s:s}", "name", "kolcast", "version", KOLCAST_VERSION))
                   ? CMD_FAILED
                   : CMD_DONE;
    puts("kolcast " KOLCAST_VERSION);
    return CMD_DONE;
}

const struct option_command cmd_version = {
    .name = "version",
    .usage = "",
    .summary = "print the version",
    .text = "Prints the name and version of this program.",
    .options = output_options,
    .run = run_version,
};

/* ---- help ----------------------------------------------------------------------------------- */

static const char start_here[] =
    "Start here:\n"
    "  kolcast check campaign.json                 is the campaign right? are its prompts there?\n"
    "  kolcast run campaign.json people.xlsx       call them; Ctrl-C pauses, the same line goes "
    "on\n"
    "  kolcast campaign why 1 050-1234567          why is this person not being called?\n"
    "  kolcast carrier --help                      rehearse on a simulated carrier first\n";

static void list_commands(FILE *out)
{
    for (int i = 0; cmd_table[i]; i++)
        fprintf(out, "  %s%-12s%s %s\n", ui_out(UI_BOLD), cmd_table[i]->name, ui_out(UI_PLAIN),
                cmd_table[i]->summary);
}

static int help_json(void)
{
    json_t *list = json_array();

    for (int i = 0; cmd_table[i]; i++)
        json_array_append_new(list,
                              json_pack("{s:s,s:s,s:s}", "name", cmd_table[i]->name, "usage",
                                        cmd_table[i]->usage, "summary", cmd_table[i]->summary));
    return ui_json(json_pack("{s:o}", "commands", list)) ? CMD_FAILED : CMD_DONE;
}

static int no_such_command(const char *name)
{
    return cmd_error(-EINVAL, name, "kolcast help lists the commands", "no such command");
}

static int run_help(struct option_values *v)
{
    const char *const *args;

    if (option_args(v, &args) > 0) {
        const struct option_command *cmd = cmd_find(args[0]);

        if (!cmd)
            return no_such_command(args[0]);
        option_help(cmd, stdout, ui.colour_out);
        return CMD_DONE;
    }
    if (ui.json)
        return help_json();
    printf(
        "%skolcast%s: calls and texts a list of people, acts on the keys they press, and proves\n"
        "what happened.\n\n%sUsage:%s kolcast COMMAND [options] …\n\n%sCommands:%s\n",
        ui_out(UI_BOLD), ui_out(UI_PLAIN), ui_out(UI_BOLD), ui_out(UI_PLAIN), ui_out(UI_BOLD),
        ui_out(UI_PLAIN));
    list_commands(stdout);
    printf("\n%s\n", start_here);
    puts("Exit codes: 0 done, 1 failed, 2 wrong input, 3 paused or not finished, 4 data folder or "
         "disk.\nkolcast COMMAND --help explains a command with examples.");
    return CMD_DONE;
}

const struct option_command cmd_help = {
    .name = "help",
    .usage = "[COMMAND]",
    .summary = "explain the commands, or one of them",
    .text =
        "Without a name: the list of commands. With a name: the same as kolcast COMMAND --help.",
    .options = output_options,
    .max_args = 1,
    .run = run_help,
};

/* ---- man ------------------------------------------------------------------------------------ */

static void man_overview(FILE *out)
{
    fputs(".TH KOLCAST 1 \"\" \"kolcast " KOLCAST_VERSION "\" \"Kolcast manual\"\n"
          ".SH NAME\nkolcast \\- calls and texts a list of people and proves what happened\n"
          ".SH SYNOPSIS\n\\fBkolcast\\fR \\fICOMMAND\\fR [\\fIoptions\\fR] ...\n"
          ".SH DESCRIPTION\nKolcast plays a recorded message to each person of a list, lets them "
          "answer with keys, acts on the answer at once (a text with a link, never call again) and "
          "keeps a record of every call.\n.SH COMMANDS\n",
          out);
    for (int i = 0; cmd_table[i]; i++)
        fprintf(out, ".TP\n\\fBkolcast\\-%s\\fR(1)\n%s\n", cmd_table[i]->name,
                cmd_table[i]->summary);
    fputs(".SH EXIT STATUS\n.TP\n0\ndone\n.TP\n1\nfailed\n.TP\n2\nwrong options or input\n.TP\n3\n"
          "paused or not finished: run again to go on\n.TP\n4\nthe data folder or the disk\n.TP\n"
          "130\ninterrupted\n.SH ENVIRONMENT\n.TP\nNO_COLOR\nno colours when set\n",
          out);
}

static int run_man(struct option_values *v)
{
    const char *const *args;
    const struct option_command *cmd;

    if (option_args(v, &args) == 0) {
        man_overview(stdout);
        return CMD_DONE;
    }
    cmd = cmd_find(args[0]);
    if (!cmd)
        return no_such_command(args[0]);
    option_man(cmd, stdout);
    return CMD_DONE;
}

const struct option_command cmd_man = {
    .name = "man",
    .usage = "[COMMAND]",
    .summary = "print a manual page (troff)",
    .text = "Prints the manual page of the program or of one command.\n\nExamples:\n"
            "  kolcast man run | man -l -\n"
            "  kolcast man run > kolcast-run.1",
    .options = output_options,
    .max_args = 1,
    .run = run_man,
};

/* ---- completion ----------------------------------------------------------------------------- */

static void complete_options(const struct option_command *cmd)
{
    printf("        %s) options='--help", cmd->name);
    for (int i = 0; cmd->options && cmd->options[i].name; i++)
        printf(" --%s", cmd->options[i].name);
    fputs("';;\n", stdout);
}

static void complete_choices(const struct option_command *cmd)
{
    for (int i = 0; cmd->options && cmd->options[i].name; i++) {
        const struct option_def *def = &cmd->options[i];

        if (!def->choices)
            continue;
        printf("        %s:--%s) COMPREPLY=($(compgen -W '", cmd->name, def->name);
        for (int k = 0; def->choices[k]; k++)
            printf("%s%s", k ? " " : "", def->choices[k]);
        puts("' -- \"$word\")); return;;");
    }
}

static int run_completion(struct option_values *v)
{
    (void)v;
    puts("# bash completion for kolcast: put it in /etc/bash_completion.d/ or source it.\n"
         "_kolcast()\n{\n"
         "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} options=\n"
         "    COMPREPLY=()\n"
         "    if [ \"$COMP_CWORD\" -eq 1 ]; then");
    fputs("        COMPREPLY=($(compgen -W '", stdout);
    for (int i = 0; cmd_table[i]; i++)
        printf("%s%s", i ? " " : "", cmd_table[i]->name);
    puts("' -- \"$word\"))\n        return\n    fi\n    case ${COMP_WORDS[1]}:$before in");
    for (int i = 0; cmd_table[i]; i++)
        complete_choices(cmd_table[i]);
    puts("    esac\n    case ${COMP_WORDS[1]} in");
    for (int i = 0; cmd_table[i]; i++)
        complete_options(cmd_table[i]);
    puts("    esac\n"
         "    case $word in\n"
         "        -*) COMPREPLY=($(compgen -W \"$options\" -- \"$word\"));;\n"
         "        *) COMPREPLY=($(compgen -f -- \"$word\"));;\n"
         "    esac\n}\n"
         "complete -o filenames -F _kolcast kolcast");
    return CMD_DONE;
}

const struct option_command cmd_completion = {
    .name = "completion",
    .usage = "",
    .summary = "print completion for bash",
    .text = "Prints a script that lets bash complete commands and options.\n\nExamples:\n"
            "  source <(kolcast completion)",
    .options = output_options,
    .run = run_completion,
};
