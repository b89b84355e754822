/* How people sign in and how mail goes: the setting of identity/, shown without its secrets. */
#include <errno.h>

#include "api/call.h"
#include "handlers.h"

int api_get_sign_in_settings(struct api_call *c)
{
    struct error err = {0};
    json_t *settings;
    int rc = identity_settings_show(c->store, &settings, &err);

    return rc ? rc : api_answer_tagged(c, 200, settings);
}

/* Who administrates the service does not by that run programs on its machine. */
static bool same_command(const json_t *now, const json_t *wanted)
{
    json_t *a = json_object_get(json_object_get(now, "mail"), "command");
    json_t *b = json_object_get(json_object_get(wanted, "mail"), "command");

    return !b || json_equal(a, b);
}

static int change(struct api_call *c, const json_t *now)
{
    struct error err = {0};
    json_t *after;
    int rc =
        identity_settings_change(c->config->identity, c->store, c->who.who, c->body, now, &err);

    if (rc == -EINVAL)
        return api_refuse_error(c, 422, "", &err);
    if (rc == -ESTALE)
        return api_refuse(c, 412, "If-Match", err.remedy, "%s", err.message);
    if (!rc)
        rc = identity_settings_show(c->store, &after, &err);
    return rc ? rc : api_answer_tagged(c, 200, after);
}

int api_update_sign_in_settings(struct api_call *c)
{
    struct error err = {0};
    json_t *now;
    int rc = identity_settings_show(c->store, &now, &err);

    if (rc)
        return rc;
    if (!same_command(now, c->body))
        api_refuse(c, 422, "/mail/command", "kolcast user settings FILE.json, on the server",
                   "can only be set on the command line: it runs a program there");
    else if (api_match(c, now))
        rc = change(c, now);
    json_decref(now);
    return rc;
}
