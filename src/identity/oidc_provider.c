/* What a provider says of itself: its document (OpenID Connect Discovery) and its keys, cached.
 * Fetched outside the lock; two threads may fetch the same, the later one counts. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "identity/oidc_priv.h"

#define DOC_FRESH_MS  INT64_C(3600000)
#define DOC_STALE_MS  INT64_C(86400000)
#define KEYS_FRESH_MS INT64_C(3600000)

enum { KEYS_AGAIN_MS = 5000, FAILED_MS = 10000 };

struct cached {
    char issuer[256]; /* "": free */
    struct oidc_provider_doc *doc;
    struct jwks *keys;
    int64_t keys_ms;
    int64_t failed_ms; /* when the document could not be had; 0: it could */
};

struct oidc_cache {
    pthread_mutex_t lock;
    struct cached entries[PROVIDERS_MAX]; /* by issuer; the oldest goes */
    int next;
};

int oidc_cache_new(struct oidc_cache **out)
{
    struct oidc_cache *c = calloc(1, sizeof(*c));

    if (!c)
        return -ENOMEM;
    pthread_mutex_init(&c->lock, NULL);
    *out = c;
    return 0;
}

static void drop(struct cached *e)
{
    oidc_doc_unref(e->doc);
    jwks_unref(e->keys);
    memset(e, 0, sizeof(*e));
}

void oidc_cache_free(struct oidc_cache *c)
{
    if (!c)
        return;
    for (int i = 0; i < PROVIDERS_MAX; i++)
        drop(&c->entries[i]);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

/* Under the lock. */
static struct cached *entry(struct oidc_cache *c, const char *issuer)
{
    struct cached *e;

    for (int i = 0; i < PROVIDERS_MAX; i++)
        if (strcmp(c->entries[i].issuer, issuer) == 0)
            return &c->entries[i];
    e = &c->entries[c->next++ % PROVIDERS_MAX];
    drop(e);
    snprintf(e->issuer, sizeof(e->issuer), "%s", issuer);
    return e;
}

/* ---- exchanges ------------------------------------------------------------------------------ */

int oidc_exchange(struct identity *id, const struct provider *p, const char *what,
                  struct oidc_fetch *f, struct error *err)
{
    struct error cause = {0};
    int rc = id->config.fetch(id->config.fetch_arg, f, &cause);

    if (!rc && f->status >= 200 && f->status < 300 && f->body)
        return 0;
    if (rc)
        error_set(err, -EHOSTUNREACH, p->name, "see that this machine reaches the provider",
                  "cannot get %s: %s", what, cause.message[0] ? cause.message : strerror(-rc));
    else
        error_set(err, -EHOSTUNREACH, p->name, "see the provider's log, and the settings here",
                  "cannot get %s: it answered %d", what, f->status);
    free(f->body);
    f->body = NULL;
    return -EHOSTUNREACH;
}

int oidc_form_add(struct buf *b, const char *name, const char *value)
{
    int rc = buf_printf(b, "%s%s=", b->len ? "&" : "", name);

    for (; *value && !rc; value++) {
        unsigned char c = (unsigned char)*value;
        bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                     strchr("-._~", c);

        rc = buf_printf(b, plain ? "%c" : "%%%02X", c);
    }
    return rc;
}

/* ---- the document --------------------------------------------------------------------------- */

static int read_text(const json_t *json, const char *key, char *out, size_t size)
{
    const char *text = json_string_value(json_object_get(json, key));

    if (!text || strlen(text) >= size)
        return -EINVAL;
    snprintf(out, size, "%s", text);
    return 0;
}

static int read_endpoint(const json_t *json, const char *key, char *out, size_t size)
{
    int rc = read_text(json, key, out, size);

    return rc ? rc : settings_is_url(out) ? 0 : -EINVAL;
}

static int read_doc(const struct provider *p, const char *text, size_t len,
                    struct oidc_provider_doc *d, struct error *err)
{
    json_t *json = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
    const char *fault = NULL;

    if (read_text(json, "issuer", d->issuer, sizeof(d->issuer)) || strcmp(d->issuer, p->issuer))
        fault = "issuer (it must be what the settings say, to the letter)";
    else if (read_endpoint(json, "authorization_endpoint", d->authorize, sizeof(d->authorize)))
        fault = "authorization_endpoint";
    else if (read_endpoint(json, "token_endpoint", d->token, sizeof(d->token)))
        fault = "token_endpoint";
    else if (read_endpoint(json, "jwks_uri", d->jwks, sizeof(d->jwks)))
        fault = "jwks_uri";
    else if (json_object_get(json, "userinfo_endpoint") &&
             read_endpoint(json, "userinfo_endpoint", d->userinfo, sizeof(d->userinfo)))
        fault = "userinfo_endpoint";
    d->tells_iss =
        json_is_true(json_object_get(json, "authorization_response_iss_parameter_supported"));
    json_decref(json);
    return fault ? error_set(err, -EHOSTUNREACH, p->name, "is the issuer's address right?",
                             "its document lacks a usable %s", fault)
                 : 0;
}

static int fetch_doc(struct identity *id, const struct provider *p, struct oidc_provider_doc **out,
                     struct error *err)
{
    struct oidc_provider_doc *d = calloc(1, sizeof(*d));
    size_t n = strlen(p->issuer);
    struct oidc_fetch f = {0};
    char url[sizeof(p->issuer) + 40];
    int rc;

    if (!d)
        return -ENOMEM;
    d->refs = 1;
    d->at_ms = identity_now(id);
    snprintf(url, sizeof(url), "%.*s/.well-known/openid-configuration",
             (int)(n > 0 && p->issuer[n - 1] == '/' ? n - 1 : n), p->issuer);
    f.url = url;
    rc = oidc_exchange(id, p, "its document", &f, err);
    if (!rc)
        rc = read_doc(p, f.body, f.len, d, err);
    free(f.body);
    if (rc) {
        free(d);
        return rc;
    }
    *out = d;
    return 0;
}

void oidc_doc_unref(struct oidc_provider_doc *d)
{
    if (d && atomic_fetch_sub(&d->refs, 1) == 1)
        free(d);
}

static struct oidc_provider_doc *doc_ref(struct oidc_provider_doc *d)
{
    if (d)
        atomic_fetch_add(&d->refs, 1);
    return d;
}

/* Under the lock. Just now it did not answer: callers do not all wait for it in vain. */
static bool is_away(const struct cached *e, int64_t now_ms)
{
    return e->failed_ms && llabs(now_ms - e->failed_ms) < FAILED_MS;
}

static void keep_doc(struct identity *id, const struct provider *p, struct oidc_provider_doc *fresh)
{
    struct oidc_cache *c = id->oidc;
    struct oidc_provider_doc *old = NULL;
    struct cached *e;

    pthread_mutex_lock(&c->lock);
    e = entry(c, p->issuer);
    e->failed_ms = fresh ? 0 : identity_now(id);
    if (fresh) {
        old = e->doc;
        e->doc = doc_ref(fresh);
    }
    pthread_mutex_unlock(&c->lock);
    oidc_doc_unref(old);
}

int oidc_doc(struct identity *id, const struct provider *p, struct oidc_provider_doc **out,
             struct error *err)
{
    struct oidc_cache *c = id->oidc;
    struct oidc_provider_doc *kept, *fresh = NULL;
    struct error why = {0};
    int64_t age;
    bool away;
    int rc;

    pthread_mutex_lock(&c->lock);
    kept = doc_ref(entry(c, p->issuer)->doc);
    away = is_away(entry(c, p->issuer), identity_now(id));
    pthread_mutex_unlock(&c->lock);
    age = kept ? llabs(identity_now(id) - kept->at_ms) : INT64_MAX;
    if (age < DOC_FRESH_MS || (away && age < DOC_STALE_MS)) {
        *out = kept;
        return 0;
    }
    if (away) {
        oidc_doc_unref(kept);
        return error_set(err, -EHOSTUNREACH, p->name, "try again in a moment",
                         "the provider does not answer");
    }
    rc = fetch_doc(id, p, &fresh, &why);
    keep_doc(id, p, fresh);
    if (rc && age < DOC_STALE_MS) {
        *out = kept;
        return 0;
    }
    oidc_doc_unref(kept);
    if (rc)
        return error_set(err, rc, why.place, why.remedy, "%s", why.message);
    *out = fresh;
    return 0;
}

/* ---- keys ----------------------------------------------------------------------------------- */

static int fetch_keys(struct identity *id, const struct provider *p,
                      const struct oidc_provider_doc *d, struct jwks **out, struct error *err)
{
    struct oidc_fetch f = {.url = d->jwks};
    int rc = oidc_exchange(id, p, "its keys", &f, err);

    if (!rc && jwks_read(f.body, f.len, out, NULL))
        rc = error_set(err, -EHOSTUNREACH, p->name, NULL, "its keys are no key set");
    free(f.body);
    return rc;
}

int oidc_keys(struct identity *id, const struct provider *p, const struct oidc_provider_doc *d,
              bool fresh, struct jwks **out, struct error *err)
{
    struct oidc_cache *c = id->oidc;
    struct jwks *kept, *got = NULL;
    int64_t age;
    int rc;

    pthread_mutex_lock(&c->lock);
    kept = jwks_ref(entry(c, p->issuer)->keys);
    age = kept ? llabs(identity_now(id) - entry(c, p->issuer)->keys_ms) : INT64_MAX;
    pthread_mutex_unlock(&c->lock);
    if (age < (fresh ? KEYS_AGAIN_MS : KEYS_FRESH_MS)) {
        *out = kept;
        return 0;
    }
    rc = fetch_keys(id, p, d, &got, err);
    jwks_unref(kept);
    if (rc)
        return rc;
    pthread_mutex_lock(&c->lock);
    kept = entry(c, p->issuer)->keys;
    entry(c, p->issuer)->keys = jwks_ref(got);
    entry(c, p->issuer)->keys_ms = identity_now(id);
    pthread_mutex_unlock(&c->lock);
    jwks_unref(kept);
    *out = got;
    return 0;
}
