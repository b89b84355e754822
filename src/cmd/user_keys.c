/* kolcast user: API keys, and the settings of sign-in and mail. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/nearest.h"
#include "cmd/ui.h"
#include "cmd/users.h"

/* ---- keys ----------------------------------------------------------------------------------- */

static json_t *scopes_json(uint64_t scopes)
{
    json_t *list = json_array();

    for (int i = 0; i < SCOPE_COUNT; i++)
        if (scopes & SCOPE_BIT(i))
            json_array_append_new(list, json_string(scope_name((enum scope)i)));
    return list;
}

static int key_row(void *arg, const struct store_key *k)
{
    struct users *u = arg;
    struct store_user user = {0};

    store_user_get(u->data.store, k->user, &user);
    if (ui.json)
        return ui_json(json_pack("{s:I,s:s,s:s,s:s,s:o,s:o,s:o,s:o}", "id", (json_int_t)k->id,
                                 "email", user.email, "name", k->name, "prefix", k->prefix,
                                 "scopes", scopes_json(k->scopes), "created",
                                 ui_json_time(k->created_ms), "expires",
                                 ui_json_time(k->expires_ms), "used", ui_json_time(k->used_ms)));
    printf("%4lld  %s…  ", (long long)k->id, k->prefix);
    ui_pad(stdout, k->name, 20);
    ui_pad(stdout, user.email, 30);
    printf("%s%s%s\n", k->used_ms ? "used " : "never used",
           k->used_ms ? ui_local_time(k->used_ms) : "", k->expires_ms ? "  expires" : "");
    if (k->expires_ms)
        printf("      until %s\n", ui_local_time(k->expires_ms));
    return ferror(stdout);
}

int users_keys(struct users *u, const char *const *words, int n)
{
    struct store_user user = {0};
    int rc = n > 0 ? users_find(u, words[0], &user) : CMD_DONE;

    if (rc)
        return rc;
    rc = store_key_each(u->data.store, user.id, 0, key_row, u);
    return rc < 0 ? cmd_store_error(u->data.store, rc, "list the keys") : CMD_DONE;
}

static int parse_scopes(const struct option_values *v, uint64_t *out)
{
    const char *names[SCOPE_COUNT + 1], *const *given, *near;
    int n = option_list(v, "scope", &given);

    for (int i = 0; i < SCOPE_COUNT; i++)
        names[i] = scope_name((enum scope)i);
    names[SCOPE_COUNT] = NULL;
    for (int i = 0; i < n; i++) {
        int scope = scope_from_name(given[i]);

        if (scope < 0) {
            near = nearest_word(given[i], names);
            return cmd_error(-EINVAL, "--scope", near ? near : "campaigns:read, reports:read …",
                             "\"%.40s\" is no scope", given[i]);
        }
        *out |= SCOPE_BIT(scope);
    }
    return CMD_DONE;
}

static int parse_key(struct users *u, struct store_key *k)
{
    const char *name = option_string(u->v, "name"), *date = option_string(u->v, "expires");
    char iso[40];

    if (!name || strlen(name) >= sizeof(k->name))
        return cmd_error(-EINVAL, "--name", "say what uses the key", "the key needs a short name");
    snprintf(k->name, sizeof(k->name), "%s", name);
    snprintf(iso, sizeof(iso), "%.20sT23:59:59.999Z", date ? date : "");
    if (date && clock_parse_iso(iso, &k->expires_ms))
        return cmd_error(-EINVAL, "--expires", "write it as 2027-01-31", "\"%.20s\" is not a date",
                         date);
    return parse_scopes(u->v, &k->scopes);
}

int users_key_add(struct users *u, const char *const *words, int n)
{
    char text[IDENTITY_TOKEN_MAX];
    struct store_key k = {0};
    struct error err = {0};
    struct store_user user;
    int64_t id;
    int rc = users_find(u, words[0], &user);

    if (!rc)
        rc = parse_key(u, &k);
    if (rc)
        return rc;
    k.user = user.id;
    rc = account_key_add(u->id, u->data.store, u->who, &k, text, &id, &err);
    if (rc)
        return cmd_fail(&err);
    if (ui.json)
        return ui_json(json_pack("{s:I,s:s}", "id", (json_int_t)id, "key", text)) ? CMD_FAILED
                                                                                  : CMD_DONE;
    printf("%s\n", text);
    ui_note("This is key %lld; it is shown this once. Send it as Authorization: Bearer %.9s…",
            (long long)id, text);
    return CMD_DONE;
}

int users_key_revoke(struct users *u, const char *const *words, int n)
{
    struct error err = {0};
    int64_t id;

    if (cmd_parse_id(words[0], "key", &id, &err) ||
        account_key_revoke(u->id, u->data.store, u->who, 0, id, &err))
        return cmd_fail(&err);
    if (ui.json)
        return ui_json(json_pack("{s:I,s:b}", "id", (json_int_t)id, "revoked", true)) ? CMD_FAILED
                                                                                      : CMD_DONE;
    printf("key %lld is revoked\n", (long long)id);
    return CMD_DONE;
}

/* ---- settings ------------------------------------------------------------------------------- */

static int show_settings(struct users *u)
{
    struct error err = {0};
    json_t *settings;
    int rc;

    if (identity_settings_show(u->data.store, &settings, &err))
        return cmd_fail(&err);
    if (ui.json)
        return ui_json(settings) ? CMD_FAILED : CMD_DONE;
    rc = json_dumpf(settings, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(settings);
    return rc ? CMD_FAILED : CMD_DONE;
}

int users_settings(struct users *u, const char *const *words, int n)
{
    struct error err = {0};
    json_t *settings;
    int rc;

    if (n == 0)
        return show_settings(u);
    if (json_load_path(words[0], &settings, &err))
        return cmd_fail(&err);
    rc = identity_settings_change(u->id, u->data.store, u->who, settings, NULL, &err);
    json_decref(settings);
    if (rc)
        return cmd_fail(&err);
    ui_note("These settings hold; a service that runs reads them at its next start or reload.");
    return CMD_DONE;
}
