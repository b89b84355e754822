/* How people sign in and how mail goes: the setting of identity/, shown without its secrets. */
#include <errno.h>
#include <string.h>

#include "api/call.h"
#include "base/clock.h"
#include "handlers.h"
#include "message/mail.h"

enum { TEST_MAIL_MS = 20000 };

int api_get_sign_in_settings(struct api_call *c)
{
    struct error err = {0};
    json_t *settings;
    int rc = identity_settings_show(c->store, &settings, &err);

    return rc ? rc : api_answer_tagged(c, 200, settings);
}

/* Who administrates the service does not by that run programs on its machine, or look for files. */
static bool refused(struct api_call *c, const json_t *now)
{
    const json_t *was = json_object_get(now, "mail"), *mail = json_object_get(c->body, "mail");
    const json_t *command = json_object_get(mail, "command");
    const json_t *file = json_object_get(json_object_get(mail, "smtp"), "ca_file");
    const char *pointer = NULL;

    if (command && !json_equal(command, json_object_get(was, "command")))
        pointer = "/mail/command";
    if (file && !json_equal(file, json_object_get(json_object_get(was, "smtp"), "ca_file")))
        pointer = "/mail/smtp/ca_file";
    if (pointer)
        api_refuse(c, 422, pointer, "kolcast user settings FILE.json, on the server",
                   "can only be set there, since it names something that is there");
    return pointer != NULL;
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
    if (!refused(c, now) && api_match(c, json_incref(now)))
        rc = change(c, now);
    json_decref(now);
    return rc;
}

/* At once, past the queue: so that the answer says what the other side said. */
int api_send_test_mail(struct api_call *c)
{
    const struct mail mail = {.to = c->who.email,
                              .subject = "Kolcast: mail works",
                              .text = "This mail was sent from the settings of Kolcast, to see "
                                      "that invitations and new passwords arrive.\n"};
    struct mail_way way;
    struct error err = {0};
    int rc;

    if (!identity_mail_way(c->config->identity, &way))
        return api_refuse(c, 409, "", "set mail in the settings of sign-in first",
                          "it is not said how mail goes");
    rc = mail_deliver(&way, &mail, clock_wall_ms(c->config->clock), TEST_MAIL_MS, NULL, &err);
    explicit_bzero(&way, sizeof(way));
    if (rc)
        return api_refuse(c, 502, "", err.remedy, "%s: %s", err.place, err.message);
    api_object(c, "settings");
    api_detail(c, "to %s", c->who.email);
    api_answer(c, 204, NULL);
    return api_changed(c);
}
