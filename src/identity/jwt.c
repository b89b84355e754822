/* Signed tokens in compact form: header.claims.signature. */
#include "identity/jwt.h"

#include <errno.h>
#include <math.h>
#include <openssl/ecdsa.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "identity/jwk_priv.h"

enum { JWT_MAX = 64 << 10, SIGNATURE_MAX = 1024, ES256_BYTES = 64, SKEW_S = 120 };

struct part {
    const char *text;
    size_t len;
};

static int malformed(struct error *err)
{
    return error_set(err, -EINVAL, "token", NULL, "this is no signed token");
}

static bool split(const char *text, size_t len, struct part parts[3])
{
    for (int i = 0; i < 3; i++) {
        const char *dot = memchr(text, '.', len);
        size_t n = dot ? (size_t)(dot - text) : len;

        if ((i < 2) != (dot != NULL) || n == 0)
            return false;
        parts[i] = (struct part){text, n};
        text += n + (i < 2);
        len -= n + (i < 2);
    }
    return true;
}

static json_t *decode(const struct part *p)
{
    char *text = malloc(p->len);
    ssize_t n = text ? base64url_decode(p->text, p->len, text, p->len) : -ENOMEM;
    json_t *json = n > 0 ? json_loadb(text, (size_t)n, JSON_REJECT_DUPLICATES, NULL) : NULL;

    free(text);
    if (json && !json_is_object(json)) {
        json_decref(json);
        json = NULL;
    }
    return json;
}

/* r and s side by side (RFC 7518, 3.4) as DER, which OpenSSL wants. */
static size_t es256_der(const unsigned char raw[ES256_BYTES], unsigned char *out, size_t cap)
{
    ECDSA_SIG *sig = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(raw, ES256_BYTES / 2, NULL);
    BIGNUM *s = BN_bin2bn(raw + ES256_BYTES / 2, ES256_BYTES / 2, NULL);
    int n = 0;

    if (sig && r && s && ECDSA_SIG_set0(sig, r, s) == 1) {
        r = s = NULL; /* the signature's now */
        n = i2d_ECDSA_SIG(sig, NULL);
        n = n > 0 && (size_t)n <= cap ? i2d_ECDSA_SIG(sig, &out) : 0;
    }
    BN_free(r);
    BN_free(s);
    ECDSA_SIG_free(sig);
    return n > 0 ? (size_t)n : 0;
}

static bool signed_by(const struct jwk *k, const char *text, size_t len,
                      const unsigned char *signature, size_t size)
{
    unsigned char der[ES256_BYTES + 16];
    EVP_MD_CTX *ctx;
    bool ok;

    if (k->alg == JWT_ES256) {
        size = size == ES256_BYTES ? es256_der(signature, der, sizeof(der)) : 0;
        signature = der;
    }
    if (size == 0)
        return false;
    ctx = EVP_MD_CTX_new();
    ok = ctx && EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, k->key) == 1 &&
         EVP_DigestVerify(ctx, signature, size, (const unsigned char *)text, len) == 1;
    EVP_MD_CTX_free(ctx);
    return ok;
}

/* The keys that the header means are tried: the one it names, or (naming none) all of its kind. */
static int check(const json_t *header, const struct jwks *keys, const char *text, size_t len,
                 const unsigned char *signature, size_t size)
{
    const char *alg = json_string_value(json_object_get(header, "alg"));
    const char *kid = json_string_value(json_object_get(header, "kid"));
    int tried = 0;

    if (!alg || json_object_get(header, "crit") || (strcmp(alg, "RS256") && strcmp(alg, "ES256")))
        return -EINVAL;
    for (int i = 0; i < keys->count; i++) {
        const struct jwk *k = &keys->keys[i];

        if (k->alg != (alg[0] == 'R' ? JWT_RS256 : JWT_ES256) || (kid && strcmp(kid, k->kid) != 0))
            continue;
        tried++;
        if (signed_by(k, text, len, signature, size))
            return 0;
    }
    return tried ? -EACCES : -ENOKEY;
}

int jwt_verify(const char *text, size_t len, const struct jwks *keys, json_t **claims,
               struct error *err)
{
    unsigned char signature[SIGNATURE_MAX];
    struct part parts[3];
    json_t *header;
    ssize_t size;
    int rc;

    if (len > JWT_MAX || !split(text, len, parts))
        return malformed(err);
    size = base64url_decode(parts[2].text, parts[2].len, signature, sizeof(signature));
    header = decode(&parts[0]);
    if (size <= 0 || !header) {
        json_decref(header);
        return malformed(err);
    }
    rc = check(header, keys, text, parts[0].len + 1 + parts[1].len, signature, (size_t)size);
    json_decref(header);
    if (rc == -EINVAL)
        return error_set(err, rc, "token", "let the provider sign with RS256 or ES256",
                         "it is signed in a way that is not taken");
    if (rc)
        return error_set(err, rc, "token", NULL,
                         rc == -ENOKEY ? "it is signed with a key that the provider does not show"
                                       : "its signature is wrong");
    *claims = decode(&parts[1]);
    return *claims ? 0 : malformed(err);
}

/* ---- what an ID token says ------------------------------------------------------------------ */

static bool says(const json_t *claims, const char *name, const char *value)
{
    const char *text = json_string_value(json_object_get(claims, name));

    return text && strcmp(text, value) == 0;
}

static bool for_client(const json_t *claims, const char *client)
{
    const json_t *aud = json_object_get(claims, "aud"), *one;
    bool found = json_is_string(aud) && strcmp(json_string_value(aud), client) == 0;
    size_t i;

    json_array_foreach((json_t *)aud, i,
                       one) if (json_is_string(one) && strcmp(json_string_value(one), client) == 0)
        found = true;
    /* Made for several: it must name us as the one it was given to. */
    if (json_object_get(claims, "azp") || json_array_size(aud) > 1)
        found = found && says(claims, "azp", client);
    return found;
}

/* Seconds; NAN: absent or no number. */
static double moment(const json_t *claims, const char *name)
{
    const json_t *value = json_object_get(claims, name);

    return json_is_number(value) ? json_number_value(value) : NAN;
}

/* The left half of its SHA-256 (Core, 3.1.3.6). */
static bool of_access_token(const json_t *claims, const char *token)
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    char text[BASE64URL_ROOM(16)];

    if (!token || !json_object_get(claims, "at_hash"))
        return true;
    if (EVP_Digest(token, strlen(token), hash, NULL, EVP_sha256(), NULL) != 1)
        return false;
    base64url_encode(hash, 16, text);
    return says(claims, "at_hash", text);
}

int id_token_check(const json_t *claims, const struct id_token_wanted *w, struct error *err)
{
    const char *subject = json_string_value(json_object_get(claims, "sub"));
    double now = (double)w->now_ms / 1000, begins = moment(claims, "nbf");
    const char *wrong = NULL;

    if (!says(claims, "iss", w->issuer))
        wrong = "iss: it is of another issuer";
    else if (!for_client(claims, w->client_id))
        wrong = "aud: it is for another client";
    else if (!(moment(claims, "exp") > now - SKEW_S))
        wrong = "exp: it has expired";
    else if (!(moment(claims, "iat") < now + SKEW_S) ||
             (json_object_get(claims, "nbf") && !(begins < now + SKEW_S)))
        wrong = "iat: it is of the future (is this machine's clock right?)";
    else if (!says(claims, "nonce", w->nonce))
        wrong = "nonce: it belongs to another sign-in";
    else if (!subject || !subject[0] || strlen(subject) > 255)
        wrong = "sub: it does not say who it is";
    else if (!of_access_token(claims, w->access_token))
        wrong = "at_hash: it belongs to another access token";
    return wrong ? error_set(err, -EACCES, "ID token", NULL, "%s", wrong) : 0;
}
