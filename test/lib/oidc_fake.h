/* An OpenID provider in memory: keys, signed tokens, and the exchanges of struct oidc_fetch. It
 * checks what it is sent as a real one would (PKCE, redirect URI, client, code once). */
#pragma once

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "identity/oidc.h"

enum { FAKE_TEXT_MAX = 8192 };

/* ---- keys and tokens ------------------------------------------------------------------------ */

struct fake_key {
    EVP_PKEY *key;
    const char *alg; /* "RS256", "ES256" */
    char kid[32];
};

static inline struct fake_key fake_key_new(const char *alg, const char *kid)
{
    struct fake_key k = {.alg = alg};

    snprintf(k.kid, sizeof(k.kid), "%s", kid);
    k.key = alg[0] == 'R' ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
    return k;
}

static inline void fake_number(EVP_PKEY *key, const char *param, int size, char *out)
{
    unsigned char bytes[512];
    BIGNUM *n = NULL;

    EVP_PKEY_get_bn_param(key, param, &n);
    if (!size)
        size = BN_num_bytes(n);
    BN_bn2binpad(n, bytes, size);
    BN_free(n);
    base64url_encode(bytes, (size_t)size, out);
}

static inline json_t *fake_jwk(const struct fake_key *k)
{
    char a[1024], b[1024];

    if (k->alg[0] == 'R') {
        fake_number(k->key, OSSL_PKEY_PARAM_RSA_N, 0, a);
        fake_number(k->key, OSSL_PKEY_PARAM_RSA_E, 0, b);
        return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s}", "kty", "RSA", "use", "sig", "alg", "RS256",
                         "kid", k->kid, "n", a, "e", b);
    }
    fake_number(k->key, OSSL_PKEY_PARAM_EC_PUB_X, 32, a);
    fake_number(k->key, OSSL_PKEY_PARAM_EC_PUB_Y, 32, b);
    return json_pack("{s:s,s:s,s:s,s:s,s:s}", "kty", "EC", "crv", "P-256", "kid", k->kid, "x", a,
                     "y", b);
}

/* An encoded part of a token. */
static inline size_t fake_part(const char *text, char *out)
{
    base64url_encode(text, strlen(text), out);
    return strlen(out);
}

static inline void fake_sign(const struct fake_key *k, const char *text, char *out)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    unsigned char sig[512], raw[64];
    size_t n = sizeof(sig);

    EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, k->key);
    EVP_DigestSign(ctx, sig, &n, (const unsigned char *)text, strlen(text));
    EVP_MD_CTX_free(ctx);
    if (k->alg[0] == 'E') {
        const unsigned char *p = sig;
        ECDSA_SIG *der = d2i_ECDSA_SIG(NULL, &p, (long)n);

        BN_bn2binpad(ECDSA_SIG_get0_r(der), raw, 32);
        BN_bn2binpad(ECDSA_SIG_get0_s(der), raw + 32, 32);
        ECDSA_SIG_free(der);
        base64url_encode(raw, sizeof(raw), out);
    } else {
        base64url_encode(sig, n, out);
    }
}

/* header NULL: the one that fits the key. */
static inline void fake_token(const struct fake_key *k, const char *header, const json_t *claims,
                              char out[FAKE_TEXT_MAX])
{
    char own[200], *text = json_dumps(claims, JSON_COMPACT);
    size_t n;

    snprintf(own, sizeof(own), "{\"alg\":\"%s\",\"kid\":\"%s\",\"typ\":\"JWT\"}", k->alg, k->kid);
    n = fake_part(header ? header : own, out);
    out[n++] = '.';
    n += fake_part(text, out + n);
    free(text);
    out[n] = '\0';
    {
        char sig[1024];

        fake_sign(k, out, sig);
        snprintf(out + n, FAKE_TEXT_MAX - n, ".%s", sig);
    }
}

/* ---- the provider --------------------------------------------------------------------------- */

#define FAKE_ISSUER "https://id.example.org/realm"
#define FAKE_PUBLIC "https://calls.example.org"

struct fake_provider {
    const struct clock *clock;
    struct fake_key keys[2]; /* the first signs; both are shown */
    json_t *claims;          /* of the person: sub, email, … */
    json_t *userinfo;        /* NULL: it has none */
    json_t *tweak;           /* put over the ID token's claims; NULL values take away */
    const char *access_token;
    bool away, hide_second, tells_iss, bad_document;
    int documents, key_sets, exchanges; /* how often asked */
    /* of the authorization request, taken from the start's URL: */
    char state[64], nonce[64], challenge[64], redirect[256], code[64];
    bool code_spent;
    char authorization[512], form[4096]; /* last token request */
};

/* A parameter of a query or form, decoded. */
static inline const char *fake_param(const char *query, const char *name, char *out, size_t size)
{
    size_t n = strlen(name), k = 0;
    const char *p = query;

    while (p && (strncmp(p, name, n) != 0 || p[n] != '=')) {
        p = strchr(p, '&');
        p = p ? p + 1 : NULL;
    }
    out[0] = '\0';
    if (!p)
        return NULL;
    for (p += n + 1; *p && *p != '&' && k + 1 < size; p++) {
        unsigned int c = (unsigned char)*p;

        if (*p == '%' && sscanf(p + 1, "%2x", &c) == 1)
            p += 2;
        out[k++] = (char)c;
    }
    out[k] = '\0';
    return out;
}

/* The person signs in there: the code that the browser comes back with. */
static inline const char *fake_authorize(struct fake_provider *p, const char *url)
{
    const char *query = strchr(url, '?') + 1;

    fake_param(query, "state", p->state, sizeof(p->state));
    fake_param(query, "nonce", p->nonce, sizeof(p->nonce));
    fake_param(query, "code_challenge", p->challenge, sizeof(p->challenge));
    fake_param(query, "redirect_uri", p->redirect, sizeof(p->redirect));
    snprintf(p->code, sizeof(p->code), "code-%.20s", p->state);
    p->code_spent = false;
    return p->code;
}

static inline json_t *fake_document(struct fake_provider *p)
{
    p->documents++;
    return json_pack("{s:s,s:s,s:s,s:s,s:s*,s:b}", "issuer",
                     p->bad_document ? "https://other.example.org" : FAKE_ISSUER,
                     "authorization_endpoint", FAKE_ISSUER "/authorize?tenant=1", "token_endpoint",
                     FAKE_ISSUER "/token", "jwks_uri", FAKE_ISSUER "/keys", "userinfo_endpoint",
                     p->userinfo ? FAKE_ISSUER "/me" : NULL,
                     "authorization_response_iss_parameter_supported", p->tells_iss);
}

static inline json_t *fake_key_set(struct fake_provider *p)
{
    json_t *list = json_array();

    p->key_sets++;
    for (int i = 0; i < (p->hide_second ? 1 : 2); i++)
        if (p->keys[i].key)
            json_array_append_new(list, fake_jwk(&p->keys[i]));
    return json_pack("{s:o}", "keys", list);
}

static inline bool fake_request_is_right(struct fake_provider *p, const struct oidc_fetch *f)
{
    char text[512], challenge[64];
    unsigned char hash[EVP_MAX_MD_SIZE];

    snprintf(p->form, sizeof(p->form), "%s", f->form ? f->form : "");
    snprintf(p->authorization, sizeof(p->authorization), "%s",
             f->authorization ? f->authorization : "");
    if (!f->form || p->code_spent || !fake_param(f->form, "code", text, sizeof(text)) ||
        strcmp(text, p->code) != 0)
        return false;
    p->code_spent = true;
    fake_param(f->form, "code_verifier", text, sizeof(text));
    EVP_Digest(text, strlen(text), hash, NULL, EVP_sha256(), NULL);
    base64url_encode(hash, 32, challenge);
    if (strcmp(challenge, p->challenge) != 0)
        return false;
    fake_param(f->form, "redirect_uri", text, sizeof(text));
    return strcmp(text, p->redirect) == 0;
}

static inline json_t *fake_tokens(struct fake_provider *p)
{
    long long now = clock_wall_ms(p->clock) / 1000;
    json_t *claims = json_deep_copy(p->claims), *value;
    char token[FAKE_TEXT_MAX];
    const char *key;

    json_object_set_new(claims, "iss", json_string(FAKE_ISSUER));
    json_object_set_new(claims, "aud", json_string("kolcast client"));
    json_object_set_new(claims, "nonce", json_string(p->nonce));
    json_object_set_new(claims, "iat", json_integer(now));
    json_object_set_new(claims, "exp", json_integer(now + 300));
    json_object_foreach(p->tweak, key, value)
    {
        if (json_is_null(value))
            json_object_del(claims, key);
        else
            json_object_set(claims, key, value);
    }
    fake_token(&p->keys[0], NULL, claims, token);
    json_decref(claims);
    return json_pack("{s:s,s:s,s:s}", "access_token", p->access_token, "token_type", "Bearer",
                     "id_token", token);
}

/* identity_config.fetch; arg is a struct fake_provider. */
static inline int fake_fetch(void *arg, struct oidc_fetch *f, struct error *err)
{
    struct fake_provider *p = arg;
    json_t *json = NULL;
    char bearer[200];

    if (p->away)
        return error_set(err, -ECONNREFUSED, f->url, NULL, "no answer");
    f->status = 200;
    if (strcmp(f->url, FAKE_ISSUER "/.well-known/openid-configuration") == 0) {
        json = fake_document(p);
    } else if (strcmp(f->url, FAKE_ISSUER "/keys") == 0) {
        json = fake_key_set(p);
    } else if (strcmp(f->url, FAKE_ISSUER "/token") == 0) {
        p->exchanges++;
        json = fake_request_is_right(p, f) ? fake_tokens(p) : NULL;
    } else if (strcmp(f->url, FAKE_ISSUER "/me") == 0) {
        snprintf(bearer, sizeof(bearer), "Bearer %s", p->access_token);
        if (f->authorization && strcmp(f->authorization, bearer) == 0)
            json = json_incref(p->userinfo);
    }
    if (!json) {
        f->status = 400;
        json = json_pack("{s:s}", "error", "invalid_grant");
    }
    f->body = json_dumps(json, 0);
    f->len = strlen(f->body);
    json_decref(json);
    return 0;
}

static inline void fake_provider_open(struct fake_provider *p, const struct clock *clock)
{
    memset(p, 0, sizeof(*p));
    p->clock = clock;
    p->keys[0] = fake_key_new("RS256", "one");
    p->claims =
        json_pack("{s:s,s:s,s:b,s:s,s:[s]}", "sub", "subject-1", "email", "Dana@Example.org",
                  "email_verified", 1, "name", "דנה", "groups", "callers");
    p->access_token = "opaque-access";
}

static inline void fake_provider_close(struct fake_provider *p)
{
    for (int i = 0; i < 2; i++)
        EVP_PKEY_free(p->keys[i].key);
    json_decref(p->claims);
    json_decref(p->userinfo);
    json_decref(p->tweak);
}
