/* Signed tokens: what is taken, and everything that must not be. */
#include "identity/jwt.h"

#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "oidc_fake.h"

static struct fake_key rsa, rsa_other, ec;

static int make_keys(void **state)
{
    rsa = fake_key_new("RS256", "r");
    rsa_other = fake_key_new("RS256", "r");
    ec = fake_key_new("ES256", "e");
    return 0;
}

static int free_keys(void **state)
{
    EVP_PKEY_free(rsa.key);
    EVP_PKEY_free(rsa_other.key);
    EVP_PKEY_free(ec.key);
    return 0;
}

static struct jwks *set_of(json_t *list)
{
    json_t *json = json_pack("{s:o}", "keys", list);
    char *text = json_dumps(json, 0);
    struct jwks *keys;

    assert_int_equal(jwks_read(text, strlen(text), &keys, NULL), 0);
    free(text);
    json_decref(json);
    return keys;
}

static struct jwks *both(void)
{
    return set_of(json_pack("[o,o]", fake_jwk(&rsa), fake_jwk(&ec)));
}

static int verify(const char *token, const struct jwks *keys)
{
    json_t *claims = NULL;
    int rc = jwt_verify(token, strlen(token), keys, &claims, NULL);

    json_decref(claims);
    return rc;
}

static void test_good(void **state)
{
    json_t *claims = json_pack("{s:s}", "sub", "שלום"), *got;
    struct jwks *keys = both();
    char token[FAKE_TEXT_MAX];

    assert_int_equal(jwks_count(keys), 2);
    for (int i = 0; i < 2; i++) {
        fake_token(i ? &ec : &rsa, NULL, claims, token);
        assert_int_equal(jwt_verify(token, strlen(token), keys, &got, NULL), 0);
        assert_string_equal(json_string_value(json_object_get(got, "sub")), "שלום");
        json_decref(got);
    }
    /* A header that names no key: those of its kind are tried. */
    fake_token(&ec, "{\"alg\":\"ES256\"}", claims, token);
    assert_int_equal(verify(token, keys), 0);
    json_decref(claims);
    jwks_unref(keys);
}

static void test_tampered(void **state)
{
    json_t *claims = json_pack("{s:s}", "sub", "dana");
    struct jwks *keys = both();
    char token[FAKE_TEXT_MAX];

    for (int i = 0; i < 2; i++) {
        size_t len;

        fake_token(i ? &ec : &rsa, NULL, claims, token);
        len = strlen(token);
        for (size_t at = 0; at < len; at++) { /* each bit counts */
            char kept = token[at];

            token[at] = kept == 'A' ? 'B' : 'A';
            assert_int_not_equal(verify(token, keys), 0);
            token[at] = kept;
        }
        for (size_t cut = 0; cut < len; cut++) {
            char kept = token[cut];

            token[cut] = '\0';
            assert_int_not_equal(verify(token, keys), 0);
            token[cut] = kept;
        }
        strcat(token, "=");
        assert_int_equal(verify(token, keys), -EINVAL);
    }
    json_decref(claims);
    jwks_unref(keys);
}

static void test_other_key(void **state)
{
    json_t *claims = json_pack("{s:s}", "sub", "dana");
    struct jwks *keys = both();
    char token[FAKE_TEXT_MAX];

    fake_token(&rsa_other, NULL, claims, token); /* the same kid */
    assert_int_equal(verify(token, keys), -EACCES);
    fake_token(&rsa, "{\"alg\":\"RS256\",\"kid\":\"unknown\"}", claims, token);
    assert_int_equal(verify(token, keys), -ENOKEY);
    fake_token(&rsa, "{\"alg\":\"RS256\",\"kid\":\"e\"}", claims, token); /* of another kind */
    assert_int_equal(verify(token, keys), -ENOKEY);
    json_decref(claims);
    jwks_unref(keys);
}

/* A token must not choose how it is checked. */
static void test_algorithms(void **state)
{
    static const char *const headers[] = {
        "{\"alg\":\"none\",\"kid\":\"r\"}",
        "{\"alg\":\"None\",\"kid\":\"r\"}",
        "{\"alg\":\"HS256\",\"kid\":\"r\"}",
        "{\"alg\":\"RS512\",\"kid\":\"r\"}",
        "{\"alg\":\"RS1\",\"kid\":\"r\"}",
        "{\"kid\":\"r\"}",
        "{\"alg\":7,\"kid\":\"r\"}",
        "{\"alg\":\"RS256\",\"kid\":\"r\",\"crit\":[\"exp\"],\"exp\":1}",
        "{\"alg\":\"RS256\",\"alg\":\"none\",\"kid\":\"r\"}",
        "[\"RS256\"]",
        "",
    };
    json_t *claims = json_pack("{s:s}", "sub", "dana");
    struct jwks *keys = both();
    char token[FAKE_TEXT_MAX], pem[2048], sig[100];
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned int mac_len;
    BIO *bio = BIO_new(BIO_s_mem());
    int n;

    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        fake_token(&rsa, headers[i], claims, token);
        assert_int_equal(verify(token, keys), -EINVAL);
    }
    /* Unsigned: with and without the last dot. */
    fake_token(&rsa, headers[0], claims, token);
    n = (int)(strrchr(token, '.') - token);
    token[n + 1] = '\0';
    assert_int_equal(verify(token, keys), -EINVAL);
    token[n] = '\0';
    assert_int_equal(verify(token, keys), -EINVAL);
    /* The public key as a shared secret. */
    PEM_write_bio_PUBKEY(bio, rsa.key);
    n = BIO_read(bio, pem, sizeof(pem));
    BIO_free(bio);
    fake_token(&rsa, headers[2], claims, token);
    *strrchr(token, '.') = '\0';
    HMAC(EVP_sha256(), pem, n, (unsigned char *)token, strlen(token), mac, &mac_len);
    base64url_encode(mac, mac_len, sig);
    strcat(strcat(token, "."), sig);
    assert_int_equal(verify(token, keys), -EINVAL);
    /* An empty ECDSA signature (r = s = 0). */
    fake_token(&ec, NULL, claims, token);
    memset(strrchr(token, '.') + 1, 'A', 86);
    assert_int_equal(verify(token, keys), -EACCES);
    json_decref(claims);
    jwks_unref(keys);
}

static void test_key_sets(void **state)
{
    static const char *const none[] = {"", "{}", "[]", "{\"keys\":{}}", "{\"keys\":[]", "null"};
    struct fake_key weak = {.alg = "RS256", .kid = "w", .key = EVP_RSA_gen(1024)};
    json_t *off = fake_jwk(&ec), *enc = fake_jwk(&rsa), *exponent = fake_jwk(&rsa);
    struct jwks *keys;

    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
        assert_int_equal(jwks_read(none[i], strlen(none[i]), &keys, NULL), -EINVAL);
    /* Passed over: too weak, for encryption, off its curve, a costly exponent, shared secrets. */
    json_object_set_new(off, "x", json_string("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"));
    json_object_set_new(enc, "use", json_string("enc"));
    json_object_set_new(exponent, "e", json_string("AQABAQABAQABAQABAQABAQABAQABAQABAQABAQABAQAB"));
    keys = set_of(json_pack("[o,o,o,o,{s:s,s:s},n,s,i,{}]", fake_jwk(&weak), off, enc, exponent,
                            "kty", "oct", "k", "c2VjcmV0", "x", 7));
    assert_int_equal(jwks_count(keys), 0);
    jwks_unref(keys);
    EVP_PKEY_free(weak.key);
}

/* ---- what an ID token says ------------------------------------------------------------------ */

static const struct id_token_wanted wanted = {.issuer = "https://id.example.org",
                                              .client_id = "me",
                                              .nonce = "n",
                                              .access_token = "token",
                                              .now_ms = INT64_C(1795000000000)};

static json_t *good_claims(void)
{
    return json_pack("{s:s,s:s,s:s,s:s,s:I,s:I}", "iss", wanted.issuer, "aud", "me", "nonce", "n",
                     "sub", "dana", "iat", (json_int_t)1795000000, "exp", (json_int_t)1795000300);
}

static int check_with(const char *key, json_t *value)
{
    json_t *claims = good_claims();
    int rc;

    if (json_is_null(value))
        json_object_del(claims, key);
    else
        json_object_set(claims, key, value);
    json_decref(value);
    rc = id_token_check(claims, &wanted, NULL);
    json_decref(claims);
    return rc;
}

static void test_claims(void **state)
{
    assert_int_equal(check_with("extra", json_true()), 0);
    assert_int_equal(check_with("aud", json_pack("[s]", "me")), 0);
    assert_int_equal(check_with("azp", json_string("me")), 0);
    assert_int_equal(check_with("exp", json_real(1794999999.5)), 0); /* within the skew */
    assert_int_equal(check_with("at_hash", json_string("PEaenWxYddN6Q_NT1PiOYQ")), 0);

    assert_int_equal(check_with("iss", json_string("https://id.example.org/")), -EACCES);
    assert_int_equal(check_with("iss", json_null()), -EACCES);
    assert_int_equal(check_with("aud", json_string("you")), -EACCES);
    assert_int_equal(check_with("aud", json_pack("[s,s]", "me", "you")), -EACCES); /* no azp */
    assert_int_equal(check_with("aud", json_array()), -EACCES);
    assert_int_equal(check_with("aud", json_integer(1)), -EACCES);
    assert_int_equal(check_with("azp", json_string("you")), -EACCES);
    assert_int_equal(check_with("exp", json_integer(1794999879)), -EACCES);
    assert_int_equal(check_with("exp", json_string("1795000300")), -EACCES);
    assert_int_equal(check_with("exp", json_null()), -EACCES);
    assert_int_equal(check_with("iat", json_integer(1795000200)), -EACCES);
    assert_int_equal(check_with("iat", json_null()), -EACCES);
    assert_int_equal(check_with("nbf", json_integer(1795000200)), -EACCES);
    assert_int_equal(check_with("nbf", json_string("soon")), -EACCES);
    assert_int_equal(check_with("nonce", json_string("m")), -EACCES);
    assert_int_equal(check_with("nonce", json_null()), -EACCES);
    assert_int_equal(check_with("sub", json_string("")), -EACCES);
    assert_int_equal(check_with("sub", json_integer(5)), -EACCES);
    assert_int_equal(check_with("at_hash", json_string("AAAAAAAAAAAAAAAAAAAAAA")), -EACCES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),      cmocka_unit_test(test_tampered),
        cmocka_unit_test(test_other_key), cmocka_unit_test(test_algorithms),
        cmocka_unit_test(test_key_sets),  cmocka_unit_test(test_claims),
    };

    return cmocka_run_group_tests_name("jwt", tests, make_keys, free_keys);
}
