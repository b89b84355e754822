/* Digest answers: the examples of RFC 7616 as far as a client nonce of our own allows, and
 * challenges as they come. */
#include "line/sip/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>

static struct span span(const char *text)
{
    return (struct span){text, strlen(text)};
}

static void value_of(const char *line, const char *name, char *out, size_t size)
{
    char key[32];
    const char *p;

    snprintf(key, sizeof(key), " %s=", name);
    p = strstr(line, key);
    assert_non_null(p);
    p += strlen(key);
    p += *p == '"';
    snprintf(out, size, "%.*s", (int)strcspn(p, "\",\r"), p);
}

static void hash(const EVP_MD *md, const char *text, char out[65])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len;

    assert_true(EVP_Digest(text, strlen(text), digest, &len, md, NULL));
    for (unsigned i = 0; i < len; i++)
        sprintf(out + (size_t)i * 2, "%02x", digest[i]);
}

/* RFC 7616 3.9.1, the hashes of user and of method worked out there by hand. */
static void test_with_qop(void **state)
{
    static const struct {
        const char *algorithm, *a1;
        const EVP_MD *(*md)(void);
    } rows[] = {
        {"MD5", "3d78807defe7de2157e2b0b6573a855f", EVP_md5},
        {"SHA-256", "7987c64c30e25f1b74be53f966b49b90f2808aa92faf9a00262392d7b4794232", EVP_sha256},
        {"SHA-512-256", NULL, EVP_sha512_256},
    };
    char challenge[300], line[700], cnonce[64], response[128], text[400], a1[65], a2[65], want[65];

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        snprintf(challenge, sizeof(challenge),
                 "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=%s, "
                 "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", "
                 "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"",
                 rows[i].algorithm);
        assert_true(digest_answer(span(challenge), false, "GET", "/dir/index.html", "Mufasa",
                                  "Circle of Life", 1, line, sizeof(line)) > 0);
        hash(rows[i].md(), "Mufasa:http-auth@example.org:Circle of Life", a1);
        if (rows[i].a1)
            assert_string_equal(a1, rows[i].a1);
        hash(rows[i].md(), "GET:/dir/index.html", a2);
        value_of(line, "cnonce", cnonce, sizeof(cnonce));
        snprintf(text, sizeof(text),
                 "%s:7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v:00000001:%s:auth:%s", a1, cnonce,
                 a2);
        hash(rows[i].md(), text, want);
        value_of(line, "response", response, sizeof(response));
        assert_string_equal(response, want);
        assert_non_null(strstr(line, "qop=auth, nc=00000001"));
        assert_non_null(
            strstr(line, "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"\r\n"));
    }
}

/* RFC 2069's example as its errata have it: no qop, no client nonce. */
static void test_without_qop(void **state)
{
    char line[700], response[128];

    assert_true(digest_answer(span("Digest realm=\"testrealm@host.com\", "
                                   "nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\""),
                              true, "GET", "/dir/index.html", "Mufasa", "CircleOfLife", 1, line,
                              sizeof(line)) > 0);
    value_of(line, "response", response, sizeof(response));
    assert_string_equal(response, "1949323746fe6a43ef61f9606e7febea");
    assert_int_equal(strncmp(line, "Proxy-Authorization: Digest ", 28), 0);
    assert_null(strstr(line, "cnonce"));
}

static void test_challenges(void **state)
{
    static const struct {
        const char *text;
        bool usable, stale;
    } rows[] = {
        {"Digest realm=\"r\",nonce=\"n\"", true, false},
        {"digest  realm = \"r\" , nonce\t=\t\"n\" ,stale=TRUE", true, true},
        {"Digest nonce=n, realm=r, qop=auth", true, false},
        {"Digest realm=\"a, nonce=\\\"x\", nonce=\"n\", stale=false", true, false},
        {"Digest realm=\"r\", nonce=\"n\", qop=\"auth-int\"", false, false},
        {"Digest realm=\"r\", nonce=\"n\", qop=\"\"", false, false},
        {"Digest realm=\"r\", nonce=\"n\", qop=\"auth-int,auth\"", true, false},
        {"Digest realm=\"r\", nonce=\"n\", algorithm=MD5-sess", false, false},
        {"Digest realm=\"r\", nonce=\"n\", algorithm=AKAv1-MD5", false, false},
        {"Digest realm=\"r\"", false, false},
        {"Digest nonce=\"n\"", false, false},
        {"Digest realm=\"r\", nonce=\"n", true, false},
        {"Digest", false, false},
        {"Digest ", false, false},
        {"Digest =,=,\"", false, false},
        {"Basic realm=\"r\", nonce=\"n\"", false, false},
        {"", false, false},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (digest_usable(span(rows[i].text)) != rows[i].usable)
            fail_msg("usable? %s", rows[i].text);
        if (digest_stale(span(rows[i].text)) != rows[i].stale)
            fail_msg("stale? %s", rows[i].text);
    }
}

static void test_too_long(void **state)
{
    char challenge[600], line[100], longer[700];

    snprintf(challenge, sizeof(challenge), "Digest realm=\"%0300d\", nonce=\"n\"", 1);
    assert_int_equal(
        digest_answer(span(challenge), false, "A", "b", "u", "p", 1, longer, sizeof(longer)),
        -36 /* ENAMETOOLONG */);
    assert_true(digest_answer(span("Digest realm=\"r\", nonce=\"n\""), false, "A", "b", "u", "p", 1,
                              line, sizeof(line)) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_with_qop),
        cmocka_unit_test(test_without_qop),
        cmocka_unit_test(test_challenges),
        cmocka_unit_test(test_too_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
