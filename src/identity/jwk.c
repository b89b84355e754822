/* Key sets: public keys of JSON Web Key form as OpenSSL's. */
#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "identity/jwk_priv.h"

enum { TEXT_MAX = 256 << 10, KEY_BYTES_MAX = 1024, RSA_BITS_MIN = 2048, P256_BYTES = 32 };

static const char *text_of(const json_t *key, const char *name)
{
    return json_string_value(json_object_get(key, name));
}

/* A base64url member; its length, or 0. */
static size_t bytes_of(const json_t *key, const char *name, unsigned char out[KEY_BYTES_MAX])
{
    const char *text = text_of(key, name);
    ssize_t n = text ? base64url_decode(text, strlen(text), out, KEY_BYTES_MAX) : -EINVAL;

    return n > 0 ? (size_t)n : 0;
}

static EVP_PKEY *from_params(const char *kind, OSSL_PARAM_BLD *build)
{
    OSSL_PARAM *params = build ? OSSL_PARAM_BLD_to_param(build) : NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, kind, NULL);
    EVP_PKEY *key = NULL;

    if (params && ctx && EVP_PKEY_fromdata_init(ctx) == 1 &&
        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
        key = NULL;
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
    return key;
}

static EVP_PKEY *read_rsa(const json_t *json)
{
    unsigned char n_bytes[KEY_BYTES_MAX], e_bytes[KEY_BYTES_MAX];
    size_t n_len = bytes_of(json, "n", n_bytes), e_len = bytes_of(json, "e", e_bytes);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    BIGNUM *n = BN_bin2bn(n_bytes, (int)n_len, NULL), *e = BN_bin2bn(e_bytes, (int)e_len, NULL);
    EVP_PKEY *key = NULL;

    /* A huge exponent would only make checking slow. */
    if (n_len > 0 && e_len > 0 && e_len <= 8 && build && n && e && BN_num_bits(n) >= RSA_BITS_MIN &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e) == 1)
        key = from_params("RSA", build);
    BN_free(n);
    BN_free(e);
    OSSL_PARAM_BLD_free(build);
    return key;
}

static bool on_curve(EVP_PKEY *key)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    bool ok = ctx && EVP_PKEY_public_check(ctx) == 1;

    EVP_PKEY_CTX_free(ctx);
    return ok;
}

static EVP_PKEY *read_ec(const json_t *json)
{
    unsigned char x[KEY_BYTES_MAX], y[KEY_BYTES_MAX], point[1 + 2 * P256_BYTES] = {4};
    const char *curve = text_of(json, "crv");
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    EVP_PKEY *key = NULL;

    if (build && curve && strcmp(curve, "P-256") == 0 && bytes_of(json, "x", x) == P256_BYTES &&
        bytes_of(json, "y", y) == P256_BYTES) {
        memcpy(point + 1, x, P256_BYTES);
        memcpy(point + 1 + P256_BYTES, y, P256_BYTES);
        if (OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) ==
                1 &&
            OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point,
                                             sizeof(point)) == 1)
            key = from_params("EC", build);
    }
    OSSL_PARAM_BLD_free(build);
    if (key && !on_curve(key)) {
        EVP_PKEY_free(key);
        key = NULL;
    }
    return key;
}

/* False for a key that is not for us. */
static bool read_key(const json_t *json, struct jwk *out)
{
    const char *kind = text_of(json, "kty"), *use = text_of(json, "use"),
               *alg = text_of(json, "alg"), *kid = text_of(json, "kid");

    memset(out, 0, sizeof(*out));
    if (!kind || (use && strcmp(use, "sig") != 0) || (kid && strlen(kid) >= sizeof(out->kid)))
        return false;
    if (strcmp(kind, "RSA") == 0 && (!alg || strcmp(alg, "RS256") == 0)) {
        out->alg = JWT_RS256;
        out->key = read_rsa(json);
    } else if (strcmp(kind, "EC") == 0 && (!alg || strcmp(alg, "ES256") == 0)) {
        out->alg = JWT_ES256;
        out->key = read_ec(json);
    }
    if (kid)
        memcpy(out->kid, kid, strlen(kid) + 1);
    return out->key != NULL;
}

int jwks_read(const char *text, size_t len, struct jwks **out, struct error *err)
{
    json_t *json = len <= TEXT_MAX ? json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL) : NULL;
    json_t *list = json_object_get(json, "keys"), *one;
    struct jwks *k;
    size_t i;

    if (!json_is_array(list)) {
        json_decref(json);
        return error_set(err, -EINVAL, "keys", NULL, "this is no key set");
    }
    k = calloc(1, sizeof(*k));
    if (!k) {
        json_decref(json);
        return -ENOMEM;
    }
    k->refs = 1;
    json_array_foreach(list, i, one)
    {
        if (k->count < JWKS_MAX && read_key(one, &k->keys[k->count]))
            k->count++;
    }
    json_decref(json);
    *out = k;
    return 0;
}

struct jwks *jwks_ref(struct jwks *k)
{
    if (k)
        atomic_fetch_add(&k->refs, 1);
    return k;
}

void jwks_unref(struct jwks *k)
{
    if (!k || atomic_fetch_sub(&k->refs, 1) != 1)
        return;
    for (int i = 0; i < k->count; i++)
        EVP_PKEY_free(k->keys[i].key);
    free(k);
}

int jwks_count(const struct jwks *k)
{
    return k->count;
}
