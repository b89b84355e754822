/* Sign-in through OpenID Connect providers: authorization code flow with PKCE (RFC 7636), state and
 * nonce; discovery and keys are cached and fetched anew when a key is not known. Pure of HTTP
 * routes: the start gives an address to send the browser to and a cookie, the callback takes both
 * back. Threads and conventions as in identity.h. */
#pragma once

#include "identity/identity.h"

enum { OIDC_URL_MAX = 2048, OIDC_COOKIE_MAX = 1024, OIDC_RETURN_MAX = 200 };

/* public_url and this, with the provider's name: to be entered at the provider as redirect URI. */
#define OIDC_CALLBACK_PATH "/api/providers/%s/callback"
#define OIDC_FLOW_MS       INT64_C(600000) /* from start to callback: 10 min */

/* One exchange with a provider: the one way out, so that tests need no network. */
struct oidc_fetch {
    const char *url;
    const char *form;          /* POST of application/x-www-form-urlencoded; NULL: GET */
    const char *authorization; /* header, may be NULL */
    int status;                /* out: 0 while there was no answer */
    char *body;                /* out: malloc'd, NUL-terminated, at most 1 MiB */
    size_t len;
};

/* The providers in settings, for the sign-in page. fn returns nonzero to stop. */
void oidc_each(struct identity *id, int (*fn)(void *arg, const char *name, const char *label),
               void *arg);

struct oidc_start {
    char url[OIDC_URL_MAX];       /* answer with a redirect to this */
    char cookie[OIDC_COOKIE_MAX]; /* sealed; for the callback's path, httpOnly, SameSite=Lax */
};
/* return_to: a path of our own to go to afterwards ("/campaigns/7"); anything else is "/".
 * -ENOENT: no such provider; -EHOSTUNREACH: it does not answer as it should. */
int oidc_start(struct identity *id, const char *provider, const char *return_to,
               struct oidc_start *out, struct error *err);

struct oidc_callback {
    const char *provider;                  /* of the path */
    const char *code, *state, *iss;        /* of the query, decoded; NULL: not there */
    const char *error, *error_description; /* the same */
    const char *cookie;
    struct sign_in_from from;
};
/* 0: signed in. -EACCES: refused (err says why: cancelled, forged, no account, no role, disabled).
 * -EHOSTUNREACH: the provider does not answer as it should. return_to is set with 0. */
int oidc_callback(struct identity *id, struct store *s, const struct oidc_callback *in,
                  struct sign_in_answer *out, char return_to[OIDC_RETURN_MAX], struct error *err);
