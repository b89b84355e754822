/* One's own account: sessions, password, second factor; passwords by a link. */
#include <errno.h>
#include <string.h>

#include "api/sign_in.h"
#include "base/clock.h"
#include "handlers.h"
#include "identity/account.h"

int api_get_session(struct api_call *c)
{
    json_t *me = sign_in_me(c, &c->who);

    return me ? api_answer(c, 200, me) : -EIO;
}

int api_sign_out(struct api_call *c)
{
    int rc = identity_session_revoke(c->config->identity, c->store, c->who.who, c->who.user,
                                     c->who.session);

    if (rc && rc != -ENOENT)
        return rc;
    if (c->by_cookie)
        sign_in_forget(c);
    return api_answer(c, 204, NULL);
}

int api_list_sessions(struct api_call *c)
{
    struct api_filters f = {0};
    json_t *one;
    size_t i;
    int rc;

    api_filter_number(&f, "user", c->who.user);
    api_filter_number(&f, "living", clock_wall_ms(c->config->clock));
    rc = api_all(c, STORE_VIEW_SESSION, &f);
    if (rc)
        return rc;
    json_array_foreach(json_object_get(c->answer, "items"), i, one)
    {
        json_int_t id = json_integer_value(json_object_get(one, "id"));

        json_object_set_new(one, "current", json_boolean(id == c->who.session));
    }
    return 0;
}

int api_end_session(struct api_call *c)
{
    int rc = identity_session_revoke(c->config->identity, c->store, c->who.who, c->who.user,
                                     api_int(c, "id"));

    return rc ? rc : api_answer(c, 204, NULL);
}

/* ---- password ------------------------------------------------------------------------------- */

static int wrong_password(struct api_call *c, const char *pointer)
{
    return api_refuse(c, 422, pointer, "write the password you sign in with", "is wrong");
}

int api_change_password(struct api_call *c)
{
    struct error err = {0};
    int64_t wait_ms = 0;
    int rc =
        account_password_change(c->config->identity, c->store, &c->who, api_body_text(c, "current"),
                                api_body_text(c, "password"), &wait_ms, &err);

    if (rc == -EACCES)
        return wrong_password(c, "/current");
    return rc ? sign_in_refuse(c, rc, wait_ms, &err) : api_answer(c, 204, NULL);
}

int api_request_password_reset(struct api_call *c)
{
    struct error err = {0};
    int64_t wait_ms = 0;
    int rc = account_reset_request(c->config->identity, c->store, api_body_text(c, "email"),
                                   http_peer(c->request), &wait_ms, &err);

    return rc ? sign_in_refuse(c, rc, wait_ms, &err) : api_answer(c, 202, NULL);
}

static int void_ticket(struct api_call *c)
{
    return api_refuse(c, 422, "/token", "ask for a new link", "the link is not good (any more)");
}

int api_look_password_reset(struct api_call *c)
{
    struct store_user user;
    bool invited;
    int rc = account_ticket_look(c->config->identity, c->store, api_body_text(c, "token"), &user,
                                 &invited);

    if (rc == -ENOENT)
        return void_ticket(c);
    if (!rc)
        rc = api_answer(c, 200,
                        json_pack("{s:s, s:s, s:b}", "email", user.email, "name", user.name,
                                  "invited", invited));
    explicit_bzero(&user, sizeof(user));
    return rc;
}

int api_complete_password_reset(struct api_call *c)
{
    char device[IDENTITY_TOKEN_MAX];
    struct error err = {0};
    int rc = account_ticket_use(c->config->identity, c->store, api_body_text(c, "token"),
                                api_body_text(c, "password"), device, &err);

    if (rc == -ENOENT)
        return void_ticket(c);
    if (rc)
        return sign_in_refuse(c, rc, 0, &err);
    sign_in_device(c, device);
    return api_answer(c, 204, NULL);
}

/* ---- second factor -------------------------------------------------------------------------- */

int api_begin_totp(struct api_call *c)
{
    const char *password = api_body_text(c, "password");
    struct totp_offer offer;
    struct error err = {0};
    int64_t wait_ms = 0;
    int rc = account_totp_offer(c->config->identity, c->store, &c->who, password ? password : "",
                                &offer, &wait_ms, &err);

    if (rc == -EACCES)
        return wrong_password(c, "/password");
    if (rc)
        return sign_in_refuse(c, rc, wait_ms, &err);
    rc = api_answer(c, 201, json_pack("{s:s, s:s}", "secret", offer.secret, "uri", offer.uri));
    explicit_bzero(&offer, sizeof(offer));
    return rc;
}

static int codes_answer(struct api_call *c, int rc, int64_t wait_ms,
                        char codes[ACCOUNT_RECOVERY_CODES][ACCOUNT_RECOVERY_MAX],
                        const struct error *err)
{
    json_t *list;

    if (rc == -EACCES)
        return api_refuse(c, 422, "/code", "write the one that the app shows now", "is wrong");
    if (rc == -ENOENT)
        return api_refuse(c, 409, "", "begin with POST /api/session/totp",
                          "no second factor was begun");
    if (rc)
        return sign_in_refuse(c, rc, wait_ms, err);
    list = json_array();
    for (int i = 0; i < ACCOUNT_RECOVERY_CODES; i++)
        json_array_append_new(list, json_string(codes[i]));
    return api_answer(c, 200, json_pack("{s:o}", "recovery_codes", list));
}

int api_confirm_totp(struct api_call *c)
{
    char codes[ACCOUNT_RECOVERY_CODES][ACCOUNT_RECOVERY_MAX];
    struct error err = {0};
    int64_t wait_ms = 0;
    int rc = account_totp_confirm(c->config->identity, c->store, &c->who, api_body_text(c, "code"),
                                  codes, &wait_ms, &err);

    return codes_answer(c, rc, wait_ms, codes, &err);
}

int api_renew_recovery_codes(struct api_call *c)
{
    char codes[ACCOUNT_RECOVERY_CODES][ACCOUNT_RECOVERY_MAX];
    struct error err = {0};
    int64_t wait_ms = 0;
    int rc = account_recovery_renew(c->config->identity, c->store, &c->who,
                                    api_body_text(c, "code"), codes, &wait_ms, &err);

    return codes_answer(c, rc, wait_ms, codes, &err);
}

int api_remove_totp(struct api_call *c)
{
    struct error err = {0};
    int64_t wait_ms = 0;
    int rc = account_totp_end(c->config->identity, c->store, &c->who, api_body_text(c, "password"),
                              &wait_ms, &err);

    if (rc == -EACCES)
        return wrong_password(c, "/password");
    if (rc == -ENOENT)
        return api_refuse(c, 409, "", NULL, "there is no second factor");
    return rc ? sign_in_refuse(c, rc, wait_ms, &err) : api_answer(c, 204, NULL);
}
