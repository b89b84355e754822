#include "cmd/campaigns.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "cmd/ui.h"

int campaigns_find(struct data *d, const char *word, struct store_campaign *out)
{
    bool number = word[0] && strspn(word, "0123456789") == strlen(word);
    struct error err = {0};
    int64_t id;
    int rc;

    if (number && cmd_parse_id(word, "campaign", &id, &err))
        return cmd_fail(&err);
    rc = number ? store_campaign_get(d->store, id, out) : store_campaign_find(d->store, word, out);
    if (rc == -ENOENT)
        return cmd_error(rc, word, "kolcast campaign list shows all", "no such campaign in %s",
                         d->dir);
    return rc ? cmd_store_error(d->store, rc, "find the campaign") : CMD_DONE;
}

json_t *campaigns_json(const struct store_campaign *c)
{
    return json_pack("{s:I,s:s,s:s,s:s,s:s,s:I,s:o,s:o,s:o}", "campaign", (json_int_t)c->id, "name",
                     c->name, "kind", c->kind, "state", campaign_state_name(c->state), "reason",
                     c->state_reason, "list", (json_int_t)c->list_id, "created",
                     ui_json_time(c->created_ms), "started", ui_json_time(c->started_ms), "ended",
                     ui_json_time(c->ended_ms));
}

void campaigns_json_figures(struct store *s, int64_t id, json_t *object)
{
    struct store_target_counts targets = {0};
    struct store_call_totals calls = {0};
    json_t *people = json_object(), *by = json_object();

    store_target_counts(s, id, &targets);
    store_call_totals(s, id, &calls);
    ui_json_set(people, "total", json_integer(targets.total));
    for (int i = 0; i < TARGET_STATE_COUNT; i++)
        ui_json_set(people, target_state_name(i), json_integer(targets.by_state[i]));
    for (int i = 1; i < DISPOSITION_COUNT; i++)
        ui_json_set(by, disposition_name(i), json_integer(calls.by_disposition[i]));
    ui_json_set(object, "people", people);
    ui_json_set(object, "calls",
                json_pack("{s:I,s:o,s:f,s:I,s:f}", "total", (json_int_t)calls.calls, "by_outcome",
                          by, "talk_s", (double)calls.talk_ms / 1000, "keys",
                          (json_int_t)calls.keys, "cost", calls.cost));
}

static void note_path(const struct data *d, int64_t id, char *out, size_t size)
{
    snprintf(out, size, "%s/campaign-%lld.json", d->dir, (long long)id);
}

void campaigns_note(const struct data *d, int64_t id, const char *file, const char *audio)
{
    char path[600], *full = realpath(file, NULL), *folder = realpath(audio, NULL), *text = NULL;
    json_t *note = full && folder ? json_pack("{s:s,s:s}", "file", full, "audio", folder) : NULL;
    struct error err = {0};

    if (note)
        text = json_dumps(note, JSON_INDENT(1));
    note_path(d, id, path, sizeof(path));
    if (text && file_write_atomic(path, text, strlen(text), &err))
        ui_warn("%s: %s: kolcast campaign resume will not find the campaign's file.", err.place,
                err.message);
    free(text);
    json_decref(note);
    free(full);
    free(folder);
}

const char *campaigns_noted(const struct data *d, int64_t id, const char *what)
{
    static char found[4096];
    char path[600];
    json_t *note;
    const char *text;

    found[0] = '\0';
    note_path(d, id, path, sizeof(path));
    if (json_load_path(path, &note, NULL))
        return found;
    text = json_string_value(json_object_get(note, what));
    snprintf(found, sizeof(found), "%s", text ? text : "");
    json_decref(note);
    return found;
}

void campaigns_audit(struct data *d, int64_t id, const char *action, const char *detail)
{
    struct passwd *user = getpwuid(getuid());
    char who[64], object[32];
    int rc;

    if (user)
        snprintf(who, sizeof(who), "command line: %s", user->pw_name);
    else
        snprintf(who, sizeof(who), "command line: user %u", (unsigned)getuid());
    snprintf(object, sizeof(object), "campaign %lld", (long long)id);
    rc = store_audit(d->store, who, action, object, detail);
    if (rc)
        ui_warn("the audit trail could not be written: %s", store_error_text(d->store));
}
