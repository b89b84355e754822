/* kolcast user: who may use the service. Works on the store beside a service that runs, which
 * notices each change before its next answer. */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cmd/secret.h"
#include "cmd/ui.h"
#include "cmd/users.h"

static const struct option_def options[] = {
    {.name = "role",
     .letter = 'r',
     .type = OPTION_STRING,
     .value = "ROLE",
     .fallback = "Analyst",
     .help = "Of a new account: Administrator, CampaignManager or Analyst."},
    {.name = "name",
     .letter = 'n',
     .type = OPTION_STRING,
     .value = "TEXT",
     .help = "Of a new account, or of a key."},
    {.name = "invite",
     .type = OPTION_FLAG,
     .help = "Instead of a password, make a link where the person chooses one, and mail it if "
             "mail is set up."},
    {.name = "link",
     .type = OPTION_FLAG,
     .help = "With reset-password: make a link instead of asking for the new password."},
    {.name = "scope",
     .type = OPTION_LIST,
     .value = "SCOPE",
     .help = "What a key may do, such as campaigns:read; may be repeated."},
    {.name = "expires",
     .type = OPTION_STRING,
     .value = "DATE",
     .help = "A key is good until the end of that day (2027-01-31, UTC); without it for ever."},
    CMD_OPTION_DATA,
    CMD_OPTIONS_OUTPUT,
    {NULL},
};

static const struct {
    const char *name;
    int (*run)(struct users *u, const char *const *words, int n);
    int words;        /* that it needs */
    const char *show; /* how it is written */
    bool looks;       /* changes nothing: the data folder must be there */
} actions[] = {
    {"list", users_list, 0, "list", true},
    {"add", users_add, 1, "add EMAIL"},
    {"role", users_role, 2, "role EMAIL ROLE"},
    {"disable", users_disable, 1, "disable EMAIL"},
    {"enable", users_enable, 1, "enable EMAIL"},
    {"remove", users_remove, 1, "remove EMAIL"},
    {"reset-password", users_reset_password, 1, "reset-password EMAIL"},
    {"no-second-factor", users_no_second_factor, 1, "no-second-factor EMAIL"},
    {"sign-out", users_sign_out, 1, "sign-out EMAIL"},
    {"keys", users_keys, 0, "keys [EMAIL]", true},
    {"key-add", users_key_add, 1, "key-add EMAIL --name TEXT --scope SCOPE"},
    {"key-revoke", users_key_revoke, 1, "key-revoke NUMBER"},
    {"settings", users_settings, 0, "settings [FILE.json]"},
};

enum { ACTIONS = sizeof(actions) / sizeof(actions[0]) };

/* Mail goes out before the command ends: there is nobody to wait for it but the person. */
static int send_mail(void *arg, const char *to, const char *subject, const char *text)
{
    struct users *u = arg;
    struct mail mail = {.to = to, .subject = subject, .text = text};
    struct mail_way way;
    struct error err = {0};
    int rc;

    if (!identity_mail_way(u->id, &way))
        return -ENOTCONN;
    rc = mail_deliver(&way, &mail, clock_wall_ms(&clock_system), 60000, NULL, &err);
    if (rc)
        ui_warn("%s: %s", err.place, err.message);
    return rc;
}

static int open_identity(struct users *u)
{
    struct identity_config config = {.clock = &clock_system, .mail = send_mail, .mail_arg = u};
    const struct passwd *me = getpwuid(getuid());
    struct error err = {0};
    int rc = identity_new(&u->id, &config, &err);

    if (!rc)
        rc = identity_load(u->id, u->data.store, &err);
    snprintf(u->who, sizeof(u->who), "command line (%.60s)", me ? me->pw_name : "?");
    return rc ? cmd_fail(&err) : CMD_DONE;
}

int users_find(struct users *u, const char *email, struct store_user *out)
{
    int rc = store_user_by_email(u->data.store, email, out);

    if (rc == -ENOENT)
        return cmd_error(rc, email, "kolcast user list shows all", "nobody has this address in %s",
                         u->data.dir);
    return rc ? cmd_store_error(u->data.store, rc, "look up the account") : CMD_DONE;
}

int users_password(char *out, size_t size)
{
    struct error err = {0};

    return secret_read("New password", true, out, size, &err) ? cmd_fail(&err) : CMD_DONE;
}

static int run(struct option_values *v)
{
    const char *names[ACTIONS + 1], *const *args;
    int n = option_args(v, &args) - 1, action = 0, rc;
    struct users u = {.v = v};

    for (int i = 0; i < ACTIONS; i++)
        names[i] = actions[i].name;
    names[ACTIONS] = NULL;
    while (action < ACTIONS && strcmp(actions[action].name, args[0]) != 0)
        action++;
    if (action == ACTIONS)
        return cmd_action_error("user", args[0], names);
    if (n < actions[action].words) {
        char remedy[100];

        snprintf(remedy, sizeof(remedy), "kolcast user %s", actions[action].show);
        return cmd_error(-EINVAL, args[0], remedy, "something is missing");
    }
    rc = data_open(&u.data, v, actions[action].looks ? DATA_READ : DATA_CHANGE, "user");
    if (rc)
        return rc;
    rc = open_identity(&u);
    if (!rc)
        rc = actions[action].run(&u, args + 1, n);
    identity_free(u.id);
    data_close(&u.data);
    return rc;
}

const struct option_command cmd_user = {
    .name = "user",
    .usage = "list|add|role|disable|enable|remove|reset-password|keys|settings … …",
    .summary = "accounts, passwords and keys of the service",
    .text =
        "Works beside a service that runs; each change counts at once. Passwords are asked for on "
        "the terminal, or read as one line from standard input; they are never written on the "
        "command line, where others could see them.\n\n"
        "Actions:\n"
        "  list                          all accounts\n"
        "  add EMAIL [--role ROLE]       make one with a password\n"
        "  add EMAIL --invite            make one and a link where the person chooses a password\n"
        "  role EMAIL ROLE               Administrator, CampaignManager or Analyst\n"
        "  disable EMAIL, enable EMAIL   an account that may not be used; its sessions end\n"
        "  remove EMAIL                  with its sessions and keys; the audit trail stays\n"
        "  reset-password EMAIL          set a new one; or --link: the person chooses\n"
        "  no-second-factor EMAIL        for somebody who lost the telephone\n"
        "  sign-out EMAIL                end all sessions\n"
        "  keys [EMAIL]                  API keys, without their secrets\n"
        "  key-add EMAIL --name TEXT --scope SCOPE …\n"
        "  key-revoke NUMBER\n"
        "  settings [FILE.json]          show, or replace, how people sign in and how mail goes\n\n"
        "Examples:\n"
        "  kolcast user add dana@example.org --role Administrator\n"
        "  kolcast user add noa@example.org --role CampaignManager --invite\n"
        "  kolcast user key-add dana@example.org --name Zapier --scope campaigns:read",
    .options = options,
    .min_args = 1,
    .max_args = 3,
    .run = run,
};
