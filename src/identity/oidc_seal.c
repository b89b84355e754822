/* The cookie that a browser carries through a sign-in at a provider. It holds what the server must
 * not forget (state, nonce, PKCE verifier, where to go back), so the server keeps nothing of flows
 * that anybody may begin; sealed, so that the browser can neither read nor change it. */
#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "identity/oidc_priv.h"

enum { NONCE_BYTES = 12, TAG_BYTES = 16, PLAIN_MAX = 640 };

static const unsigned char purpose[] = "kolcast sign-in through a provider, 1";

static void copy_key(struct identity *id, unsigned char key[32])
{
    pthread_mutex_lock(&id->lock);
    memcpy(key, id->seal, 32);
    pthread_mutex_unlock(&id->lock);
}

/* AES-256-GCM, in place of both: enc writes tag, !enc checks it. */
static bool gcm(bool enc, const unsigned char key[32], const unsigned char nonce[NONCE_BYTES],
                const unsigned char *in, int len, unsigned char *out, unsigned char tag[TAG_BYTES])
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int n = 0;
    bool ok = ctx && EVP_CipherInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, nonce, enc) == 1 &&
              EVP_CipherUpdate(ctx, NULL, &n, purpose, sizeof(purpose)) == 1 &&
              EVP_CipherUpdate(ctx, out, &n, in, len) == 1 &&
              (enc || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, TAG_BYTES, tag) == 1) &&
              EVP_CipherFinal_ex(ctx, out + n, &n) == 1 &&
              (!enc || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TAG_BYTES, tag) == 1);

    EVP_CIPHER_CTX_free(ctx);
    return ok;
}

int oidc_seal(struct identity *id, const struct oidc_flow *f, char out[OIDC_COOKIE_MAX])
{
    unsigned char key[32], sealed[NONCE_BYTES + TAG_BYTES + PLAIN_MAX];
    json_t *json =
        json_pack("{s:s,s:s,s:s,s:s,s:s,s:I}", "p", f->provider, "s", f->state, "n", f->nonce, "v",
                  f->verifier, "r", f->return_to, "e", (json_int_t)f->expires_ms);
    char plain[PLAIN_MAX];
    size_t n = json ? json_dumpb(json, plain, sizeof(plain), JSON_COMPACT | JSON_ENSURE_ASCII) : 0;
    bool ok;

    json_decref(json);
    if (n == 0 || n > sizeof(plain))
        return -EINVAL;
    copy_key(id, key);
    id->config.random(sealed, NONCE_BYTES);
    ok = gcm(true, key, sealed, (unsigned char *)plain, (int)n, sealed + NONCE_BYTES + TAG_BYTES,
             sealed + NONCE_BYTES);
    explicit_bzero(key, sizeof(key));
    explicit_bzero(plain, sizeof(plain));
    if (!ok)
        return -EIO;
    base64url_encode(sealed, NONCE_BYTES + TAG_BYTES + n, out);
    return 0;
}

static int read_flow(const json_t *json, struct oidc_flow *out)
{
    const char *p, *s, *n, *v, *r;
    json_int_t e;

    if (!json || json_unpack((json_t *)json, "{s:s,s:s,s:s,s:s,s:s,s:I}", "p", &p, "s", &s, "n", &n,
                             "v", &v, "r", &r, "e", &e))
        return -EACCES;
    snprintf(out->provider, sizeof(out->provider), "%s", p);
    snprintf(out->state, sizeof(out->state), "%s", s);
    snprintf(out->nonce, sizeof(out->nonce), "%s", n);
    snprintf(out->verifier, sizeof(out->verifier), "%s", v);
    snprintf(out->return_to, sizeof(out->return_to), "%s", r);
    out->expires_ms = e;
    return 0;
}

int oidc_unseal(struct identity *id, const char *text, struct oidc_flow *out)
{
    unsigned char key[32], sealed[NONCE_BYTES + TAG_BYTES + PLAIN_MAX], plain[PLAIN_MAX];
    ssize_t n = base64url_decode(text, strlen(text), sealed, sizeof(sealed));
    json_t *json = NULL;
    int rc;

    if (n <= NONCE_BYTES + TAG_BYTES)
        return -EACCES;
    n -= NONCE_BYTES + TAG_BYTES;
    copy_key(id, key);
    if (gcm(false, key, sealed, sealed + NONCE_BYTES + TAG_BYTES, (int)n, plain,
            sealed + NONCE_BYTES))
        json = json_loadb((char *)plain, (size_t)n, 0, NULL);
    explicit_bzero(key, sizeof(key));
    rc = read_flow(json, out);
    json_decref(json);
    explicit_bzero(plain, sizeof(plain));
    return rc ? rc : out->expires_ms > identity_now(id) ? 0 : -EACCES;
}
