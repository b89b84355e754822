/* kolcast campaign resume: kolcast run with the campaign's file as it was noted, and no people. */
#include <errno.h>
#include <stdio.h>

#include "cmd/campaigns.h"
#include "cmd/ui.h"

static int find_file(struct option_values *v, const char *word, char *out, size_t size)
{
    struct store_campaign c;
    struct data d;
    int rc = data_open(&d, v, DATA_READ, "campaign");

    if (rc)
        return rc;
    rc = campaigns_find(&d, word, &c);
    if (!rc)
        snprintf(out, size, "%s", campaigns_noted(&d, c.id, "file"));
    data_close(&d);
    if (!rc && !out[0])
        rc = cmd_error(-ENOENT, word, "kolcast run CAMPAIGN.json goes on with it",
                       "where the campaign's file lies is not known");
    return rc;
}

int campaigns_resume(struct option_values *v, const char *word)
{
    char file[4096] = "";
    char *argv[10] = {(char *)"run", file, (char *)"--data", (char *)option_string(v, "data")};
    struct option_values *again;
    struct error err = {0};
    int argc = 4, rc = find_file(v, word, file, sizeof(file));

    if (rc)
        return rc;
    if (option_set(v, "trunk")) {
        argv[argc++] = (char *)"--trunk";
        argv[argc++] = (char *)option_string(v, "trunk");
    }
    if (option_flag(v, "ignore-windows"))
        argv[argc++] = (char *)"--ignore-windows";
    if (option_parse(&cmd_run, argc, argv, &again, &err))
        return cmd_fail(&err);
    rc = cmd_run.run(again);
    option_free(again);
    return rc;
}
