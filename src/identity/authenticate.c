/* Who holds a token: the cache when the store has not changed, else one look into the store. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "identity/identity_priv.h"

/* That a session or key was used, written down without waiting. */
struct seen {
    struct store_job job; /* first */
    int64_t session, key, at_ms;
};

static int seen_run(struct store_job *job, struct store *s)
{
    struct seen *n = (struct seen *)job;

    return n->session ? store_session_seen(s, n->session, n->at_ms)
                      : store_key_used(s, n->key, n->at_ms);
}

static void seen_done(struct store_job *job, int rc)
{
    free(job);
}

/* Best effort: a store that cannot write now must not keep people from reading. */
static void write_seen(struct identity *id, struct store *s, const struct principal *p)
{
    struct seen n = {.job = {.run = seen_run, .done = seen_done},
                     .session = p->session,
                     .key = p->key,
                     .at_ms = identity_now(id)};
    struct seen *kept;

    if (!id->config.writer) {
        if (seen_run(&n.job, s))
            log_debug("a use was not noted", "error=\"%s\"", store_error_text(s));
        return;
    }
    kept = malloc(sizeof(*kept));
    if (!kept)
        return;
    *kept = n;
    store_writer_post(id->config.writer, &kept->job);
}

static void fill_principal(struct principal *p, const struct store_auth *a)
{
    memset(p, 0, sizeof(*p));
    p->user = a->user;
    p->session = a->session;
    p->key = a->key;
    p->role = a->role;
    p->scopes = a->session ? SCOPE_ALL : a->scopes;
    snprintf(p->email, sizeof(p->email), "%s", a->email);
    snprintf(p->name, sizeof(p->name), "%s", a->name);
    snprintf(p->csrf, sizeof(p->csrf), "%s", a->csrf);
    if (a->key)
        snprintf(p->who, sizeof(p->who), "%.90s, key %.60s", a->email, a->name);
    else
        snprintf(p->who, sizeof(p->who), "%.159s", a->email);
}

static int look(struct identity *id, struct store *s, const char *hash, int64_t epoch,
                struct principal *out, bool *write)
{
    int64_t now = identity_now(id);
    struct auth_cached found;
    struct store_auth a;
    int rc = store_auth_find(s, hash, &a);

    if (rc == -ENOENT || (!rc && a.expires_ms && a.expires_ms <= now))
        return -EACCES;
    if (rc)
        return rc == -EACCES ? -EIO : rc; /* the file's permissions are not the caller's */
    fill_principal(&found.principal, &a);
    found.expires_ms = a.expires_ms;
    found.seen_ms = a.seen_ms;
    *write = auth_seen_due(a.seen_ms, now);
    if (*write)
        found.seen_ms = now;
    auth_cache_put(id->cache, hash, epoch, &found);
    *out = found.principal;
    return 0;
}

int identity_authenticate(struct identity *id, struct store *s, const char *token,
                          struct principal *out)
{
    char hash[TOKEN_HASH_MAX];
    bool write = false;
    int64_t epoch;
    int rc;

    if (!token || (!token_formed(token, "ka_") && !token_formed(token, "kc_")))
        return -EACCES;
    token_hash(token, hash);
    /* Before the row: what changes between the two looks makes the entry void. */
    rc = store_identity_epoch(s, &epoch);
    if (rc)
        return rc == -EACCES ? -EIO : rc;
    if (auth_cache_get(id->cache, hash, epoch, identity_now(id), out, &write)) {
        metric_add(id->cached, 1);
    } else {
        rc = look(id, s, hash, epoch, out, &write);
        metric_add(rc ? id->refused : id->stored, 1);
    }
    if (!rc && write)
        write_seen(id, s, out);
    return rc;
}
