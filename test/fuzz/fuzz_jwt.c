/* What a provider sends: key sets, signed tokens, claims; and the cookie that comes back from a
 * browser. Nothing is taken that was not signed, whatever it looks like: the private keys of the
 * set below are gone, so the two tokens of the corpus are all there can be. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "identity/oidc_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char known_keys[] =
    "{\"keys\": [{\"kty\": \"RSA\", \"use\": \"sig\", \"alg\": \"RS256\", \"kid\": \"r\", \"n"
    "\": \"vKUjP5ayr0mf5jNZaniOtpTXPw2Ny8xRqqZAkeaOgbD605ZA-1Z_sL3N1Q3kqY3CKxPAWvVv9Ct3CCQNK0"
    "2VFrL4u2Q_DSVD_OfZHWT7JEqlGnle1ZHd0AWg_WmCJfJRy-gvlZOJCZm7O0bPlZa7rSNM0-hzQhrT7NMIOD8OL9"
    "ZW7ttCYk0TYHSjl_uXQVfyK9A9cDx6MVl-mKAVP3MkzzX-j5lcPNm4iYna6njkppwi35dY_mY4surXlDxANUEudP"
    "SItpsQ1wPv93fQAm4vKZN5AgtPTYCqFgZvA7bQEZvEVr0wXSjsR5-daqfUVoZqltQjFq8CbK984gO1P9oGxw\", "
    "\"e\": \"AQAB\"}, {\"kty\": \"EC\", \"crv\": \"P-256\", \"kid\": \"e\", \"x\": \"SjuzJYn"
    "Ald_Vr8ueAJmJ8etRuIocS78W3H2OXABIBYs\", \"y\": \"ubhQaaP0z9MydIg3ebbLcwsRvN-zfKiOhL29a1I"
    "PE2s\"}]}";
static const char known_rs256[] =
    "eyJhbGciOiJSUzI1NiIsImtpZCI6InIiLCJ0eXAiOiJKV1QifQ.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUub"
    "3JnIiwiYXVkIjoibWUiLCJub25jZSI6Im4iLCJzdWIiOiJkYW5hIiwiZW1haWwiOiJEYW5hQEV4YW1wbGUub3JnI"
    "iwiZW1haWxfdmVyaWZpZWQiOnRydWUsIm5hbWUiOiLXk9eg15Qg15zXldeZIiwiZ3JvdXBzIjpbImEiLCJiIl0sI"
    "mlhdCI6MTc5NTAwMDAwMCwiZXhwIjoxNzk1MDAwMzAwfQ";
static const char known_es256[] =
    "eyJhbGciOiJFUzI1NiIsImtpZCI6ImUiLCJ0eXAiOiJKV1QifQ.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUub"
    "3JnIiwiYXVkIjoibWUiLCJub25jZSI6Im4iLCJzdWIiOiJkYW5hIiwiZW1haWwiOiJEYW5hQEV4YW1wbGUub3JnI"
    "iwiZW1haWxfdmVyaWZpZWQiOnRydWUsIm5hbWUiOiLXk9eg15Qg15zXldeZIiwiZ3JvdXBzIjpbImEiLCJiIl0sI"
    "mlhdCI6MTc5NTAwMDAwMCwiZXhwIjoxNzk1MDAwMzAwfQ";

static struct provider provider = {
    .name = "p", .issuer = "https://id.example.org", .groups_claim = "groups", .role_count = 1};

static void must(bool holds)
{
    if (!holds)
        abort();
}

static char *text_of(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);

    must(text != NULL);
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    return text;
}

static bool begins(const uint8_t *data, size_t size, const char *with)
{
    size_t n = strlen(with);

    return size > n && memcmp(data, with, n) == 0 && data[n] == '.';
}

static bool utf8(const char *s)
{
    json_t *text = json_string(s);
    bool ok = text != NULL;

    json_decref(text);
    return ok;
}

static void check_claims(const json_t *claims)
{
    struct id_token_wanted w = {.issuer = "https://id.example.org",
                                .client_id = "me",
                                .nonce = "n",
                                .access_token = "t",
                                .now_ms = INT64_C(1795000000000)};
    struct oidc_person who;
    char again[STORE_EMAIL_MAX];

    if (id_token_check(claims, &w, NULL))
        return;
    oidc_read_person(&provider, claims, &who);
    must(who.subject[0] && strlen(who.subject) < sizeof(who.subject));
    must(!who.email[0] || (email_normal(who.email, again) && strcmp(again, who.email) == 0));
    must(utf8(who.name) && strlen(who.name) < sizeof(who.name));
    must(who.role < ROLE_COUNT);
}

static void check_token(const uint8_t *data, size_t size, const struct jwks *keys)
{
    json_t *claims = NULL;

    if (jwt_verify((const char *)data, size, keys, &claims, NULL))
        return;
    must(begins(data, size, known_rs256) || begins(data, size, known_es256));
    must(json_is_object(claims));
    check_claims(claims);
    json_decref(claims);
}

static void check_key_set(const uint8_t *data, size_t size)
{
    struct jwks *keys;

    if (jwks_read((const char *)data, size, &keys, NULL))
        return;
    must(jwks_count(keys) >= 0 && jwks_count(keys) <= 32);
    check_token((const uint8_t *)known_rs256, sizeof(known_rs256) - 1, keys); /* unsigned */
    jwks_unref(keys);
}

static void check_cookie(const uint8_t *data, size_t size)
{
    static struct identity *id;
    struct identity_config config = {.clock = &clock_system};
    char *text = text_of(data, size);
    struct oidc_flow flow;

    if (!id)
        must(identity_new(&id, &config, NULL) == 0);
    must(oidc_unseal(id, text, &flow) == -EACCES);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct jwks *keys;
    json_t *claims;

    if (!keys) {
        must(jwks_read(known_keys, sizeof(known_keys) - 1, &keys, NULL) == 0);
        snprintf(provider.roles[0].group, sizeof(provider.roles[0].group), "a");
        provider.roles[0].role = ROLE_ANALYST;
    }
    check_token(data, size, keys);
    check_key_set(data, size);
    check_cookie(data, size);
    claims = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
    if (json_is_object(claims))
        check_claims(claims);
    json_decref(claims);
    return 0;
}
