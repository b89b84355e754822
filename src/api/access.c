/* Who asks, and may they: the token or cookie, the role and scope of the table, the CSRF token, the
 * rate. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "api/api_priv.h"

/* The token of the request: a bearer's, else the cookie's. */
static const char *token_of(struct api_call *c)
{
    const char *header = http_header(c->request, "authorization");

    if (header && strncasecmp(header, "Bearer ", 7) == 0)
        return header + 7 + strspn(header + 7, " ");
    if (header)
        return ""; /* another way of signing in: nobody */
    c->by_cookie = http_cookie(c->request, "kolcast_access") != NULL;
    return http_cookie(c->request, "kolcast_access");
}

static bool too_often(struct api_call *c)
{
    const struct api_rate *rate = &api_rates[c->op->rate];
    char who[160], seconds[24];
    int64_t wait_ms;

    if (c->config->no_rates)
        return false;
    if (c->who.user)
        snprintf(who, sizeof(who), "%s %lld %lld", rate->name, (long long)c->who.user,
                 (long long)c->who.key);
    else
        snprintf(who, sizeof(who), "%s %.64s", rate->name, http_peer(c->request));
    wait_ms = limiter_take(c->api->limiter, who, rate->per_second, rate->burst,
                           clock_mono_us(c->config->clock));
    if (!wait_ms)
        return false;
    snprintf(seconds, sizeof(seconds), "%lld", (long long)(wait_ms + 999) / 1000);
    http_reply_header(c->request, "Retry-After", seconds);
    api_refuse(c, 429, "", "wait as long as Retry-After says", "too many requests");
    return true;
}

static bool refuse_stranger(struct api_call *c, const char *token)
{
    http_reply_header(c->request, "WWW-Authenticate", "Bearer");
    api_refuse(c, 401, "", "sign in with POST /api/sessions, or use an API key",
               token ? "the token is not good (any more)" : "this needs somebody who is signed in");
    return false;
}

static bool refuse_role(struct api_call *c)
{
    if (c->who.role < c->op->role)
        api_refuse(c, 403, "", "ask an administrator", "this needs the role %s",
                   role_name(c->op->role));
    else if (c->op->scope < 0)
        api_refuse(c, 403, "", "sign in for it", "no API key may do this");
    else
        api_refuse(c, 403, "", "make a key that has it", "the API key has not the scope %s",
                   scope_name((enum scope)c->op->scope));
    return false;
}

bool api_admit(struct api_call *c, bool count)
{
    const char *token = token_of(c);
    int rc = -EACCES;

    if (token)
        rc = identity_authenticate(c->config->identity, c->store, token, &c->who);
    if (rc && rc != -EACCES) {
        api_fault(c, rc);
        return false;
    }
    if (rc)
        memset(&c->who, 0, sizeof(c->who));
    if (count && too_often(c))
        return false;
    if (c->op->role == ROLE_NONE)
        return true;
    if (rc)
        return refuse_stranger(c, token);
    if (!principal_may(&c->who, c->op->role, c->op->scope))
        return refuse_role(c);
    /* A browser sends its cookie whoever made it ask. */
    if (c->by_cookie && strcmp(c->op->method, "GET") != 0 &&
        !principal_csrf(&c->who, http_header(c->request, "x-csrf-token"))) {
        api_refuse(c, 403, "X-CSRF-Token", "send the csrf_token of GET /api/session",
                   "is missing or wrong");
        return false;
    }
    return true;
}

bool api_admit_socket(struct api *a, void *worker, struct http_request *r,
                      const struct api_operation *op, struct principal *who, const char **token)
{
    struct api_worker *w = worker;
    struct api_call c = {
        .api = a, .config = &a->config, .worker = w, .store = w->store, .request = r, .op = op};
    bool right = api_admit(&c, true);

    if (right) {
        *who = c.who;
        *token = token_of(&c);
    } else {
        api_send(&c);
    }
    json_decref(c.answer);
    return right;
}
