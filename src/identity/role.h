/* Who may do what: roles, the scopes of API keys, and the principal a request acts as. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/identity.h"

/* name, what a key with it may do. "write" does not hold "read". */
#define SCOPE_TABLE(X)                                                           \
    X(CAMPAIGNS_READ, "campaigns:read", "see campaigns and their progress")      \
    X(CAMPAIGNS_WRITE, "campaigns:write", "make, change, start, stop campaigns") \
    X(CONTACTS_READ, "contacts:read", "see lists, imports and contacts")         \
    X(CONTACTS_WRITE, "contacts:write", "import and undo imports")               \
    X(BLACKLIST_READ, "blacklist:read", "see the do-not-call lists")             \
    X(BLACKLIST_WRITE, "blacklist:write", "add to and take off those lists")     \
    X(FLOWS_READ, "flows:read", "see call flows")                                \
    X(FLOWS_WRITE, "flows:write", "make and change call flows")                  \
    X(AUDIO_READ, "audio:read", "hear the audio library")                        \
    X(AUDIO_WRITE, "audio:write", "add and remove audio")                        \
    X(CALLS_READ, "calls:read", "see call records")                              \
    X(MESSAGES_READ, "messages:read", "see texts")                               \
    X(MESSAGES_WRITE, "messages:write", "send texts")                            \
    X(REPORTS_READ, "reports:read", "see and make reports and comparisons")      \
    X(LIVE_READ, "live:read", "follow live figures")                             \
    X(TRUNKS_READ, "trunks:read", "see trunks")                                  \
    X(TRUNKS_WRITE, "trunks:write", "make and change trunks")                    \
    X(USERS_READ, "users:read", "see accounts, sessions and keys")               \
    X(USERS_WRITE, "users:write", "make and change accounts, sessions and keys") \
    X(SETTINGS_READ, "settings:read", "see settings")                            \
    X(SETTINGS_WRITE, "settings:write", "change settings")                       \
    X(AUDIT_READ, "audit:read", "see who did what")

enum scope {
#define X(id, name, text) SCOPE_##id,
    SCOPE_TABLE(X)
#undef X
        SCOPE_COUNT
};

#define SCOPE_BIT(scope) (UINT64_C(1) << (scope))
#define SCOPE_ALL        (SCOPE_BIT(SCOPE_COUNT) - 1)

const char *scope_name(enum scope s);
const char *scope_text(enum scope s);
int scope_from_name(const char *name); /* -1: none of them */

/* What a request acts as. */
struct principal {
    int64_t user, session, key; /* session or key is 0 */
    enum role role;
    uint64_t scopes; /* a session: all */
    char who[160];   /* for the audit: "dana@example.org", "dana@example.org, key Zapier" */
    char email[STORE_EMAIL_MAX], name[STORE_USER_NAME_MAX];
    char csrf[44]; /* of a session; cookies demand it on changes */
};

/* Everything a route asks for: at least this role, and that scope of a key. scope -1: none (what
 * every signed-in user may, such as signing out: no key may). */
bool principal_may(const struct principal *p, enum role role, int scope);
/* Is this the session's CSRF token? In constant time; false for NULL and for keys. */
bool principal_csrf(const struct principal *p, const char *given);
