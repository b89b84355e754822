/* What a subscription may be, and how a message is signed. */
#include <arpa/inet.h>
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "event/webhook.h"

#define PREFIX "whsec_"

/* Progress of an import is for eyes. */
bool webhook_event_known(const char *name)
{
    int t = event_from_name(name);

    return t >= 0 && t != EVENT_IMPORT_PROGRESS;
}

static int fault(struct error *err, const char *field, const char *remedy, const char *text)
{
    return error_set(err, -EINVAL, field, remedy, "%s", text);
}

/* What stands for a host, without brackets. */
static int host_of(const char *url, char *out, size_t size)
{
    const char *p = strstr(url, "://"), *end;

    if (!p)
        return -EINVAL;
    p += 3;
    end = p + strcspn(p, "/?#");
    for (const char *c = p; c < end; c++)
        if (*c == '@')
            return -EACCES;
    if (*p == '[') {
        p++;
        end = p + strcspn(p, "]/?#");
        if (*end != ']')
            return -EINVAL;
    } else {
        end = p + strcspn(p, ":/?#");
    }
    if (end == p || (size_t)(end - p) >= size)
        return -EINVAL;
    snprintf(out, size, "%.*s", (int)(end - p), p);
    return 0;
}

static int check_url(const char *url, bool allow_private, struct error *err)
{
    char host[256];
    int rc;

    if (strncmp(url, "https://", 8) != 0 && strncmp(url, "http://", 7) != 0)
        return fault(err, "url", "write it as https://crm.example.org/kolcast",
                     "is no address of http or https");
    for (const char *p = url; *p; p++)
        if ((unsigned char)*p <= ' ' || *p == 0x7f)
            return fault(err, "url", "remove it", "holds a space or a control character");
    rc = host_of(url, host, sizeof(host));
    if (rc == -EACCES)
        return fault(err, "url", "leave it out: each message is signed with the secret",
                     "holds a user name or password");
    if (rc)
        return fault(err, "url", "write it as https://crm.example.org/kolcast", "names no host");
    if (!allow_private &&
        (strcmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0 || !strcmp(host, "::1")))
        return fault(err, "url",
                     "name a host outside, or start kolcast serve with --webhooks-private",
                     "leads to this machine");
    return 0;
}

int webhook_check(const struct store_webhook *w, bool allow_private, struct error *err)
{
    if (!w->name[0])
        return fault(err, "name", "write who gets the messages", "is empty");
    if (w->event_count == 0)
        return fault(err, "events", "such as call.ended", "is empty: nothing would ever be sent");
    for (unsigned i = 0; i < w->event_count; i++)
        if (!webhook_event_known(w->events[i]))
            return error_set(err, -EINVAL, "events", "docs/webhooks.md lists the events",
                             "there is no event \"%s\"", w->events[i]);
    return check_url(w->url, allow_private, err);
}

void webhook_secret(char out[WEBHOOK_SECRET_MAX])
{
    unsigned char bytes[32];

    random_bytes(bytes, sizeof(bytes));
    memcpy(out, PREFIX, sizeof(PREFIX));
    EVP_EncodeBlock((unsigned char *)out + strlen(PREFIX), bytes, sizeof(bytes));
    explicit_bzero(bytes, sizeof(bytes));
}

/* Returns the length, or -EINVAL. */
static int secret_bytes(const char *secret, unsigned char *out, size_t size)
{
    const char *text = secret + strlen(PREFIX);
    size_t len = strlen(secret);
    int n;

    if (strncmp(secret, PREFIX, strlen(PREFIX)) != 0)
        return -EINVAL;
    len -= strlen(PREFIX);
    if (len == 0 || len % 4 != 0 || len / 4 * 3 > size)
        return -EINVAL;
    n = EVP_DecodeBlock(out, (const unsigned char *)text, (int)len);
    if (n < 0)
        return -EINVAL;
    return n - (text[len - 1] == '=') - (text[len - 2] == '=');
}

int webhook_sign(const char *secret, const char *id, int64_t timestamp_s, const char *body,
                 size_t len, char out[WEBHOOK_SIGNATURE_MAX])
{
    unsigned char key[128], mac[EVP_MAX_MD_SIZE];
    char head[128];
    size_t mac_len = 0;
    EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *ctx = hmac ? EVP_MAC_CTX_new(hmac) : NULL;
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string("digest", (char *)"SHA256", 0),
                           OSSL_PARAM_construct_end()};
    int n = secret_bytes(secret, key, sizeof(key)), rc = n < 0 ? n : 0;

    snprintf(head, sizeof(head), "%s.%lld.", id, (long long)timestamp_s);
    if (!rc && (!ctx || !EVP_MAC_init(ctx, key, (size_t)n, params) ||
                !EVP_MAC_update(ctx, (const unsigned char *)head, strlen(head)) ||
                !EVP_MAC_update(ctx, (const unsigned char *)body, len) ||
                !EVP_MAC_final(ctx, mac, &mac_len, sizeof(mac))))
        rc = -EIO;
    if (!rc) {
        memcpy(out, "v1,", 4);
        EVP_EncodeBlock((unsigned char *)out + 3, mac, (int)mac_len);
    }
    explicit_bzero(key, sizeof(key));
    EVP_MAC_CTX_free(ctx);
    EVP_MAC_free(hmac);
    return rc;
}
