/* First use, sign-in and its cookies, providers. */
#include "api/sign_in.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "handlers.h"
#include "identity/account.h"
#include "identity/oidc.h"

#define REFRESH_PATH  "/api/sessions/refresh"
#define PROVIDER_PATH "/api/providers"

/* ---- cookies -------------------------------------------------------------------------------- */

static void cookie(struct api_call *c, const char *name, const char *value, const char *path,
                   int64_t seconds, const char *same_site)
{
    char text[OIDC_COOKIE_MAX + 256];

    snprintf(text, sizeof(text), "%s=%s; Path=%s; Max-Age=%lld; HttpOnly; SameSite=%s%s", name,
             value, path, (long long)seconds, same_site, http_secure(c->request) ? "; Secure" : "");
    http_reply_header(c->request, "Set-Cookie", text);
}

void sign_in_device(struct api_call *c, const char *device)
{
    cookie(c, "kolcast_device", device, "/api/sessions", IDENTITY_DEVICE_MS / 1000, "Strict");
}

void sign_in_cookies(struct api_call *c, const struct session_tokens *t, const char *device)
{
    cookie(c, "kolcast_access", t->access, "/", IDENTITY_ACCESS_MS / 1000, "Strict");
    cookie(c, "kolcast_refresh", t->refresh, REFRESH_PATH, IDENTITY_REFRESH_MS / 1000, "Strict");
    if (device && device[0])
        sign_in_device(c, device);
}

void sign_in_forget(struct api_call *c)
{
    cookie(c, "kolcast_access", "", "/", 0, "Strict");
    cookie(c, "kolcast_refresh", "", REFRESH_PATH, 0, "Strict");
}

/* ---- answers -------------------------------------------------------------------------------- */

json_t *sign_in_me(struct api_call *c, const struct principal *p)
{
    json_t *scopes = json_array();
    struct store_user user = {0};
    int rc = store_user_get(c->store, p->user, &user);
    bool factor = user.totp[0] != '\0';

    explicit_bzero(&user, sizeof(user));
    for (int i = 0; i < SCOPE_COUNT; i++)
        if (p->scopes & SCOPE_BIT(i))
            json_array_append_new(scopes, json_string(scope_name((enum scope)i)));
    if (rc) {
        json_decref(scopes);
        return NULL;
    }
    return json_pack("{s:I, s:s, s:s, s:s, s:b, s:o, s:s, s:o, s:b}", "id", (json_int_t)p->user,
                     "email", p->email, "name", p->name, "role", role_name(p->role), "by_key",
                     p->key != 0, "scopes", scopes, "csrf_token", p->csrf, "session_id",
                     p->session ? json_integer(p->session) : json_null(), "second_factor", factor);
}

int sign_in_answer(struct api_call *c, int status, const struct session_tokens *t,
                   const char *device, bool cookies)
{
    struct principal p;
    char expires[25];
    json_t *body, *me;
    int rc = identity_authenticate(c->config->identity, c->store, t->access, &p);

    if (rc)
        return rc;
    me = sign_in_me(c, &p);
    clock_format_iso(t->access_expires_ms, expires, sizeof(expires));
    body = me ? json_pack("{s:o, s:s}", "me", me, "access_expires", expires) : NULL;
    if (!body)
        return -ENOMEM;
    if (cookies) {
        sign_in_cookies(c, t, device);
    } else {
        json_object_set_new(body, "access_token", json_string(t->access));
        json_object_set_new(body, "refresh_token", json_string(t->refresh));
    }
    return api_answer(c, status, body);
}

static int wait_answer(struct api_call *c, int64_t wait_ms, int status, const char *words)
{
    char seconds[24];

    snprintf(seconds, sizeof(seconds), "%lld",
             (long long)(wait_ms > 0 ? (wait_ms + 999) / 1000 : 1));
    http_reply_header(c->request, "Retry-After", seconds);
    return api_refuse(c, status, "", "wait as long as Retry-After says", "%s", words);
}

int sign_in_refuse(struct api_call *c, int rc, int64_t wait_ms, const struct error *err)
{
    char pointer[64];

    switch (rc) {
    case -EAGAIN:
        return wait_answer(c, wait_ms, 429, "too many tries");
    case -EBUSY:
        return wait_answer(c, 1000, 503, "too many people sign in at this moment");
    case -EINVAL:
        /* Places are keys of the body. */
        snprintf(pointer, sizeof(pointer), "%s%.60s", err->place[0] ? "/" : "", err->place);
        return api_refuse(c, 422, pointer, err->remedy, "%s", err->message);
    case -EEXIST:
    case -EPERM:
    case -ESTALE:
        return api_refuse(c, 409, "", err->remedy, "%s",
                          err->message[0] ? err->message : "it is so already");
    default:
        return rc;
    }
}

/* ---- first use ------------------------------------------------------------------------------ */

int api_get_setup(struct api_call *c)
{
    bool needed;
    int rc = account_setup_needed(c->store, &needed);

    return rc ? rc : api_answer(c, 200, json_pack("{s:b}", "needed", needed));
}

static struct sign_in_from from(struct api_call *c)
{
    return (struct sign_in_from){.address = http_peer(c->request),
                                 .agent = http_header(c->request, "user-agent"),
                                 .device = http_cookie(c->request, "kolcast_device")};
}

int api_complete_setup(struct api_call *c)
{
    const struct account_new account = {.email = api_body_text(c, "email"),
                                        .name = api_body_text(c, "name"),
                                        .password = api_body_text(c, "password")};
    const struct sign_in in = {
        .email = account.email, .password = account.password, .from = from(c)};
    struct sign_in_answer answer = {0};
    struct error err = {0};
    bool needed = true;
    int64_t user;
    int rc = account_setup(c->config->identity, c->store, api_body_text(c, "token"), &account,
                           &user, &err);

    if (rc == -ENOENT && account_setup_needed(c->store, &needed) == 0 && !needed)
        return api_refuse(c, 409, "", "sign in with POST /api/sessions",
                          "there is an administrator already");
    if (rc == -ENOENT)
        return api_refuse(c, 422, "/token", "restart kolcast serve, which prints a new one",
                          "the token is not good (any more)");
    if (rc)
        return sign_in_refuse(c, rc, 0, &err);
    rc = identity_sign_in(c->config->identity, c->store, &in, &answer, &err);
    if (rc)
        return rc == -EACCES ? -EIO : sign_in_refuse(c, rc, answer.wait_ms, &err);
    rc = sign_in_answer(c, 201, &answer.tokens, answer.device, api_body_flag(c, "cookies"));
    explicit_bzero(&answer, sizeof(answer));
    return rc;
}

/* ---- sign-in -------------------------------------------------------------------------------- */

static int by_password(struct api_call *c, struct sign_in_answer *answer, struct error *err)
{
    const struct sign_in in = {.email = api_body_text(c, "email"),
                               .password = api_body_text(c, "password"),
                               .code = api_body_text(c, "code"),
                               .from = from(c)};

    return identity_sign_in(c->config->identity, c->store, &in, answer, err);
}

static int by_ticket(struct api_call *c, struct sign_in_answer *answer, struct error *err)
{
    const struct sign_in_from where = from(c);

    return identity_sign_in_code(c->config->identity, c->store, api_body_text(c, "ticket"),
                                 api_body_text(c, "code"), &where, answer, err);
}

int api_sign_in(struct api_call *c)
{
    bool ticket = api_body_text(c, "ticket") != NULL;
    struct sign_in_answer answer = {0};
    struct error err = {0};
    int rc;

    if (ticket ? !api_body_text(c, "code")
               : !api_body_text(c, "email") || !api_body_text(c, "password"))
        return api_refuse(c, 422, "", "send email and password, or ticket and code",
                          "something is missing");
    rc = ticket ? by_ticket(c, &answer, &err) : by_password(c, &answer, &err);
    if (rc == -EACCES)
        rc = api_refuse(c, 401, "", ticket ? "sign in from the beginning" : "try again",
                        ticket ? "the code is wrong, or too late"
                               : "there is no such account, or the password is wrong");
    else if (rc == -ENOKEY)
        rc = api_answer(c, 200,
                        json_pack("{s:b, s:s}", "code_needed", 1, "ticket", answer.challenge));
    else if (rc)
        rc = sign_in_refuse(c, rc, answer.wait_ms, &err);
    else
        rc = sign_in_answer(c, 201, &answer.tokens, answer.device, api_body_flag(c, "cookies"));
    explicit_bzero(&answer, sizeof(answer));
    return rc;
}

int api_refresh_session(struct api_call *c)
{
    const char *given = api_body_text(c, "refresh_token");
    const char *token = given ? given : http_cookie(c->request, "kolcast_refresh");
    struct session_tokens tokens;
    int rc;

    if (!token)
        return api_refuse(c, 422, "/refresh_token", "send it, or the cookie", "is missing");
    rc = identity_refresh(c->config->identity, c->store, token, &tokens);
    if (rc == -EACCES) {
        if (!given)
            sign_in_forget(c);
        return api_refuse(c, 401, "", "sign in again", "the refresh token is not good (any more)");
    }
    if (!rc)
        rc = sign_in_answer(c, 200, &tokens, NULL, !given);
    explicit_bzero(&tokens, sizeof(tokens));
    return rc;
}

/* ---- providers ------------------------------------------------------------------------------ */

static int add_provider(void *arg, const char *name, const char *label)
{
    return json_array_append_new(arg, json_pack("{s:s, s:s}", "name", name, "label", label));
}

int api_list_providers(struct api_call *c)
{
    json_t *items = json_array();

    oidc_each(c->config->identity, add_provider, items);
    return api_answer(c, 200, json_pack("{s:o}", "items", items));
}

static int provider_fault(struct api_call *c, int rc, const struct error *err)
{
    if (rc == -EHOSTUNREACH)
        return api_refuse(c, 502, "", err->remedy, "%s: %s", err->place, err->message);
    if (rc == -EACCES)
        return api_refuse(c, 403, "", err->remedy, "%s", err->message);
    return rc;
}

int api_start_oidc(struct api_call *c)
{
    struct oidc_start start;
    struct error err = {0};
    int rc = oidc_start(c->config->identity, api_text(c, "provider"), api_text(c, "return_to"),
                        &start, &err);

    if (rc)
        return provider_fault(c, rc, &err);
    /* Lax: the provider's page sends the browser back. */
    cookie(c, "kolcast_oidc", start.cookie, PROVIDER_PATH, OIDC_FLOW_MS / 1000, "Lax");
    http_reply_header(c->request, "Location", start.url);
    return api_answer(c, 303, NULL);
}

int api_finish_oidc(struct api_call *c)
{
    const struct oidc_callback in = {.provider = api_text(c, "provider"),
                                     .code = api_text(c, "code"),
                                     .state = api_text(c, "state"),
                                     .iss = api_text(c, "iss"),
                                     .error = api_text(c, "error"),
                                     .error_description = api_text(c, "error_description"),
                                     .cookie = http_cookie(c->request, "kolcast_oidc"),
                                     .from = from(c)};
    char return_to[OIDC_RETURN_MAX];
    struct sign_in_answer answer = {0};
    struct error err = {0};
    int rc = oidc_callback(c->config->identity, c->store, &in, &answer, return_to, &err);

    cookie(c, "kolcast_oidc", "", PROVIDER_PATH, 0, "Lax");
    if (rc)
        return provider_fault(c, rc, &err);
    sign_in_cookies(c, &answer.tokens, answer.device);
    http_reply_header(c->request, "Location", return_to);
    explicit_bzero(&answer, sizeof(answer));
    return api_answer(c, 303, NULL);
}
