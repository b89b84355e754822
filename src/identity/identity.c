/* The object itself: its parts, settings, changes through the writer, small helpers; and who holds
 * a token. */
#include <ctype.h>
#include <errno.h>
#include <oath.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/json.h"
#include "base/log.h"
#include "base/rng.h"
#include "identity/identity_priv.h"
#include "identity/oidc_priv.h"

enum { HASHES_MAX = 2, HASHES_WAITING_MAX = 1, THROTTLES_MAX = 50000, TIDY_EVERY_MS = 3600 * 1000 };

int identity_new(struct identity **out, const struct identity_config *config, struct error *err)
{
    struct identity *id = calloc(1, sizeof(*id));
    int rc = id ? 0 : -ENOMEM;

    if (!rc) {
        id->config = *config;
        pthread_mutex_init(&id->lock, NULL);
        if (!id->config.random)
            id->config.random = random_bytes;
        if (!id->config.fetch)
            id->config.fetch = oidc_fetch_network;
        if (!id->config.cost.memory_kib)
            id->config.cost = password_cost_default;
        id->cached = metric1(METRIC_TOKEN_LOOKS, "cached");
        id->stored = metric1(METRIC_TOKEN_LOOKS, "stored");
        id->refused = metric1(METRIC_TOKEN_LOOKS, "refused");
        id->config.random(id->seal, sizeof(id->seal));
        rc = hasher_new(
            &id->hasher, &id->config.cost, config->hashes_max ? config->hashes_max : HASHES_MAX,
            config->hashes_waiting_max ? config->hashes_waiting_max : HASHES_WAITING_MAX);
    }
    if (!rc)
        rc = auth_cache_new(&id->cache);
    if (!rc)
        rc = oidc_cache_new(&id->oidc);
    if (!rc)
        rc = identity_settings_read(NULL, &id->settings, err);
    if (!rc && oath_init() != OATH_OK)
        rc = error_set(err, -EIO, NULL, NULL, "the library for second factors does not start");
    if (rc) {
        identity_free(id);
        return rc;
    }
    *out = id;
    return 0;
}

void identity_free(struct identity *id)
{
    if (!id)
        return;
    hasher_free(id->hasher);
    auth_cache_free(id->cache);
    oidc_cache_free(id->oidc);
    identity_settings_unref(id->settings);
    pthread_mutex_destroy(&id->lock);
    explicit_bzero(id, sizeof(*id));
    free(id);
}

/* ---- settings ------------------------------------------------------------------------------- */

int identity_configure(struct identity *id, const json_t *settings, struct error *err)
{
    struct identity_settings *fresh, *old;
    int rc = identity_settings_read(settings, &fresh, err);

    if (rc)
        return rc;
    pthread_mutex_lock(&id->lock);
    old = id->settings;
    id->settings = fresh;
    if (id->config.mailer)
        mailer_configure(id->config.mailer, fresh->has_mail ? &fresh->mail : NULL);
    pthread_mutex_unlock(&id->lock);
    identity_settings_unref(old);
    return 0;
}

struct identity_settings *identity_settings(struct identity *id)
{
    struct identity_settings *s;

    pthread_mutex_lock(&id->lock);
    s = id->settings;
    atomic_fetch_add(&s->refs, 1);
    pthread_mutex_unlock(&id->lock);
    return s;
}

bool identity_mail_way(struct identity *id, struct mail_way *out)
{
    struct identity_settings *s = identity_settings(id);
    bool has = s->has_mail;

    if (has)
        *out = s->mail;
    identity_settings_unref(s);
    return has;
}

struct seal {
    char text[BASE64URL_ROOM(32)]; /* in: a fresh one; out: the one that holds */
};

static int seal_run(struct store *s, void *arg)
{
    struct seal *seal = arg;
    char *kept;
    int rc = store_setting_get(s, "secret.identity", &kept);

    if (rc == -ENOENT)
        return store_setting_put(s, "secret.identity", seal->text);
    if (rc)
        return rc;
    snprintf(seal->text, sizeof(seal->text), "%s", kept);
    free(kept);
    return 0;
}

/* The key is kept, so that a sign-in through a provider survives a restart in its middle, and is
 * the same on every machine. */
static int load_seal(struct identity *id, struct store *s)
{
    unsigned char bits[32];
    struct seal seal;
    int rc;

    id->config.random(bits, sizeof(bits));
    base64url_encode(bits, sizeof(bits), seal.text);
    rc = identity_change(id, s, seal_run, &seal);
    if (rc || base64url_decode(seal.text, strlen(seal.text), bits, sizeof(bits)) != sizeof(bits))
        return rc; /* a key that is no key: the one of this process serves */
    pthread_mutex_lock(&id->lock);
    memcpy(id->seal, bits, sizeof(bits));
    pthread_mutex_unlock(&id->lock);
    return 0;
}

int identity_load(struct identity *id, struct store *s, struct error *err)
{
    json_t *json = NULL;
    char *text = NULL;
    int rc = load_seal(id, s);

    if (!rc)
        rc = store_setting_get(s, "identity", &text);
    if (rc && rc != -ENOENT)
        return identity_store_error(s, rc, err);
    rc = text ? json_load_text(text, strlen(text), "setting identity", &json, err) : 0;
    free(text);
    if (!rc)
        rc = identity_configure(id, json, err);
    json_decref(json);
    return rc;
}

/* ---- changes -------------------------------------------------------------------------------- */

struct change {
    struct store_job job; /* first */
    int (*fn)(struct store *s, void *arg);
    void *arg;
};

static int change_run(struct store_job *job, struct store *s)
{
    struct change *c = (struct change *)job;

    return c->fn(s, c->arg);
}

int identity_change(struct identity *id, struct store *s, int (*fn)(struct store *s, void *arg),
                    void *arg)
{
    struct change c = {.job = {.run = change_run}, .fn = fn, .arg = arg};
    int rc;

    if (id->config.writer)
        return store_writer_do(id->config.writer, &c.job);
    rc = store_begin(s);
    if (rc)
        return rc;
    rc = fn(s, arg);
    if (!rc)
        return store_commit(s);
    store_rollback(s);
    return rc;
}

int identity_store_error(struct store *s, int rc, struct error *err)
{
    const char *text = store_error_text(s);

    /* What a sign-in answers with must not be mistaken for it. */
    if (rc == -EACCES || rc == -EBUSY || rc == -EAGAIN || rc == -ENOKEY)
        rc = -EIO;
    return error_set(err, rc, "store",
                     rc == -ENOSPC ? "free space on that disk" : "see the log of the service",
                     "cannot read or change accounts: %s",
                     rc == -ENOSPC ? "the disk is full"
                     : text[0]     ? text
                                   : strerror(-rc));
}

static int tidy_run(struct store *s, void *arg)
{
    return store_identity_tidy(s, THROTTLES_MAX);
}

int identity_tidy(struct identity *id, struct store *s)
{
    return identity_change(id, s, tidy_run, NULL);
}

void identity_tidy_sometimes(struct identity *id, struct store *s)
{
    int64_t now = identity_now(id);
    bool due;

    pthread_mutex_lock(&id->lock);
    due = llabs(now - id->tidied_ms) >= TIDY_EVERY_MS;
    if (due)
        id->tidied_ms = now;
    pthread_mutex_unlock(&id->lock);
    if (due && identity_tidy(id, s))
        log_warn("expired sessions could not be removed", "error=\"%s\"", store_error_text(s));
}

/* ---- small helpers -------------------------------------------------------------------------- */

void identity_token(struct identity *id, const char *prefix, char out[TOKEN_TEXT_MAX])
{
    unsigned char bits[TOKEN_BYTES];

    id->config.random(bits, sizeof(bits));
    token_write(prefix, bits, out);
    explicit_bzero(bits, sizeof(bits));
}

bool identity_mail(struct identity *id, const char *to, const char *subject, const char *text)
{
    int rc;

    if (id->config.mail)
        rc = id->config.mail(id->config.mail_arg, to, subject, text);
    else
        rc = id->config.mailer ? mailer_send(id->config.mailer, to, subject, text) : -ENOTCONN;
    if (rc && rc != -ENOTCONN)
        log_error("a mail cannot be sent", "to=%s subject=\"%s\" error=\"%s\"", to, subject,
                  strerror(-rc));
    return rc == 0;
}

bool email_normal(const char *email, char out[STORE_EMAIL_MAX])
{
    size_t n = 0;
    const char *at;

    while (isspace((unsigned char)*email))
        email++;
    for (; email[n] && n < STORE_EMAIL_MAX - 1; n++)
        out[n] = (char)tolower((unsigned char)email[n]);
    out[n] = '\0';
    if (email[n])
        return false;
    while (n > 0 && isspace((unsigned char)out[n - 1]))
        out[--n] = '\0';
    at = strchr(out, '@');
    if (!at || at == out || !at[1] || strchr(at + 1, '@'))
        return false;
    for (const char *p = out; *p; p++)
        if ((unsigned char)*p <= ' ' || *p == 0x7f || strchr("\"(),:;<>[\\]", *p))
            return false;
    return true;
}
