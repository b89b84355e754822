/* Accounts and API keys, for administrators. The changes write their own lines in the audit. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "api/sign_in.h"
#include "base/clock.h"
#include "handlers.h"
#include "identity/account.h"

int api_list_users(struct api_call *c)
{
    return api_page(c, STORE_VIEW_USER, &(struct api_filters){0}, NULL);
}

int api_get_user(struct api_call *c)
{
    return api_one(c, STORE_VIEW_USER, true);
}

static json_t *invitation(bool mailed, const char *link, int64_t expires_ms)
{
    char expires[25];

    clock_format_iso(expires_ms, expires, sizeof(expires));
    return json_pack("{s:b, s:s?, s:s}", "mailed", mailed, "link", mailed ? NULL : link, "expires",
                     expires);
}

int api_invite_user(struct api_call *c)
{
    const char *name = api_body_text(c, "name");
    const struct account_new account = {.email = api_body_text(c, "email"),
                                        .name = name && name[0] ? name : NULL,
                                        .role =
                                            (enum role)role_from_name(api_body_text(c, "role"))};
    char link[ACCOUNT_LINK_MAX];
    struct error err = {0};
    bool mailed = false;
    json_t *user;
    int64_t id;
    int rc = account_invite(c->config->identity, c->store, c->who.who, &account, &id, link, &mailed,
                            &err);

    if (rc)
        return sign_in_refuse(c, rc, 0, &err);
    rc = store_look_id(c->store, STORE_VIEW_USER, id, &user);
    if (rc)
        return rc;
    rc = api_answer_tagged(c, 201, json_incref(user)); /* the tag is the user's */
    api_answer(
        c, 201,
        json_pack("{s:o, s:o}", "user", user, "invitation",
                  invitation(mailed, link, clock_wall_ms(c->config->clock) + ACCOUNT_INVITE_MS)));
    api_location(c, "/api/users/%lld", (long long)id);
    return rc;
}

int api_invite_user_again(struct api_call *c)
{
    char link[ACCOUNT_LINK_MAX];
    struct error err = {0};
    bool mailed = false;
    int64_t expires_ms;
    int rc = account_link_again(c->config->identity, c->store, c->who.who, api_int(c, "id"), true,
                                link, &mailed, &expires_ms, &err);

    if (rc)
        return sign_in_refuse(c, rc, 0, &err);
    return api_answer(c, 200, invitation(mailed, link, expires_ms));
}

int api_update_user(struct api_call *c)
{
    struct store_user user;
    struct error err = {0};
    json_t *current;
    int rc = store_user_get(c->store, api_int(c, "id"), &user);

    if (!rc)
        rc = store_look_id(c->store, STORE_VIEW_USER, api_int(c, "id"), &current);
    if (rc)
        return rc;
    if (api_match(c, current)) {
        snprintf(user.email, sizeof(user.email), "%s", api_body_text(c, "email"));
        snprintf(user.name, sizeof(user.name), "%s", api_body_text(c, "name"));
        user.role = (enum role)role_from_name(api_body_text(c, "role"));
        user.disabled = api_body_flag(c, "disabled");
        /* The version that was just read: nobody came in between. */
        rc = account_update(c->config->identity, c->store, c->who.who, &user, user.version, &err);
        if (rc == -ESTALE)
            api_refuse(c, 412, "If-Match", "read it again", "somebody changed it just now");
        else if (rc)
            rc = sign_in_refuse(c, rc, 0, &err);
        else
            rc = api_one(c, STORE_VIEW_USER, true);
    }
    explicit_bzero(&user, sizeof(user));
    return rc == -ESTALE ? 0 : rc;
}

int api_delete_user(struct api_call *c)
{
    struct error err = {0};
    int rc = account_remove(c->config->identity, c->store, c->who.who, api_int(c, "id"), &err);

    return rc ? sign_in_refuse(c, rc, 0, &err) : api_answer(c, 204, NULL);
}

int api_remove_user_totp(struct api_call *c)
{
    struct error err = {0};
    int rc = account_totp_clear(c->config->identity, c->store, c->who.who, api_int(c, "id"), &err);

    return rc ? sign_in_refuse(c, rc, 0, &err) : api_answer(c, 204, NULL);
}

/* ---- keys ----------------------------------------------------------------------------------- */

static int name_scopes(struct api_call *c, json_t *key)
{
    uint64_t bits = (uint64_t)json_integer_value(json_object_get(key, "scopes"));
    json_t *names = json_array();

    (void)c;
    for (int i = 0; i < SCOPE_COUNT; i++)
        if (bits & SCOPE_BIT(i))
            json_array_append_new(names, json_string(scope_name((enum scope)i)));
    return json_object_set_new(key, "scopes", names) ? -ENOMEM : 0;
}

int api_list_keys(struct api_call *c)
{
    struct api_filters f = {0};

    api_filter_number(&f, "revoked", 0);
    return api_page(c, STORE_VIEW_KEY, &f, name_scopes);
}

int api_create_key(struct api_call *c)
{
    struct store_key key = {.user = c->who.user, .expires_ms = api_body_time(c, "expires")};
    const json_t *scopes = json_object_get(c->body, "scopes"), *one;
    char secret[IDENTITY_TOKEN_MAX];
    struct error err = {0};
    json_t *shown;
    int64_t id;
    size_t i;
    int rc;

    snprintf(key.name, sizeof(key.name), "%s", api_body_text(c, "name"));
    json_array_foreach(scopes, i, one) key.scopes |=
        SCOPE_BIT(scope_from_name(json_string_value(one)));
    rc = account_key_add(c->config->identity, c->store, c->who.who, &key, secret, &id, &err);
    if (rc)
        return sign_in_refuse(c, rc, 0, &err);
    rc = store_look_id(c->store, STORE_VIEW_KEY, id, &shown);
    if (!rc)
        rc = name_scopes(c, shown);
    if (rc)
        return rc;
    rc = api_answer(c, 201, json_pack("{s:o, s:s}", "key", shown, "secret", secret));
    explicit_bzero(secret, sizeof(secret));
    return rc;
}

int api_revoke_key(struct api_call *c)
{
    struct error err = {0};
    int rc =
        account_key_revoke(c->config->identity, c->store, c->who.who, 0, api_int(c, "id"), &err);

    return rc ? sign_in_refuse(c, rc, 0, &err) : api_answer(c, 204, NULL);
}
