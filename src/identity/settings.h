/* The setting "identity", read and checked:
 *
 *   {"public_url": "https://calls.example.org",
 *    "passwords": {"min_length": 12}, "lockout": {"free_tries": 5, "longest_wait": "15m"},
 *    "mail": {"from": "Kolcast <calls@example.org>", "command": ["/usr/sbin/sendmail", "-i",
 * "-t"]}, "providers": [{"name": "staff", "label": "Staff account", "issuer":
 * "https://id.example.org", "client_id": "…", "client_secret": "…", "groups_claim": "groups",
 *                   "roles": {"callers-admin": "Administrator"}, "default_role": "Analyst"}]}
 *
 * Immutable and counted: whoever uses it holds a reference. */
#pragma once

#include <jansson.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/error.h"
#include "identity/throttle.h"
#include "message/mail.h"
#include "store/identity.h"

enum { PROVIDERS_MAX = 8, PROVIDER_ROLES_MAX = 64 };

enum provider_auth { PROVIDER_AUTH_BASIC, PROVIDER_AUTH_POST, PROVIDER_AUTH_NONE };

struct provider {
    char name[32];  /* in addresses: [a-z0-9-] */
    char label[64]; /* on the button */
    char issuer[256], client_id[256], client_secret[512];
    char scope[256];        /* "openid email profile" and more, with spaces */
    char groups_claim[128]; /* "groups", "cognito:groups"; "": roles do not come from there */
    enum provider_auth auth;
    struct {
        char group[128];
        enum role role;
    } roles[PROVIDER_ROLES_MAX];
    int role_count;
    enum role default_role; /* who is in none of the groups; ROLE_NONE: may not come in */
    bool create_users;      /* who has no account gets one */
    bool link_by_email;     /* an account with the address that the provider has verified */
    bool trust_email;       /* who does not say whether it is verified has verified it */
};

struct identity_settings {
    atomic_int refs;
    char public_url[200];           /* without the last slash; "": not set */
    int password_min;               /* characters */
    struct throttle_policy lockout; /* of the passwords of an account */
    bool has_mail;
    struct mail_way mail;
    struct provider providers[PROVIDERS_MAX];
    int provider_count;
};

/* json NULL: the defaults. */
int identity_settings_read(const json_t *json, struct identity_settings **out, struct error *err);
void identity_settings_unref(struct identity_settings *s);
/* https, or http to this machine itself; nothing in it that could end or split it. */
bool settings_is_url(const char *text);
const struct provider *provider_find(const struct identity_settings *s, const char *name);
