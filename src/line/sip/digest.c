/* Digest answers. See digest.h. */
#include "line/sip/digest.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <openssl/evp.h>

#include "base/rng.h"

enum { HEX_MAX = 65, VALUE_MAX = 256, MIX_MAX = 1200 };

/* A parameter's value without its quotes; NULL when absent. Commas within quotes do not part. */
static struct span param(struct span c, const char *name)
{
    size_t n = strlen(name);
    const char *p = c.p, *end = p ? p + c.len : p;

    while (p < end) {
        const char *key = p, *value;
        size_t key_len, len;

        while (key < end && (isspace((unsigned char)*key) || *key == ','))
            key++;
        for (p = key; p < end && *p != '=' && *p != ',';)
            p++;
        key_len = (size_t)(p - key);
        if (p >= end || *p == ',')
            continue;
        while (key_len > 0 && isspace((unsigned char)key[key_len - 1]))
            key_len--;
        for (p++; p < end && isspace((unsigned char)*p);)
            p++;
        value = p;
        if (p < end && *p == '"') {
            value = ++p;
            while (p < end && *p != '"')
                p += *p == '\\' && p + 1 < end ? 2 : 1;
            len = (size_t)((p < end ? p : end) - value);
            p++;
        } else {
            while (p < end && *p != ',' && !isspace((unsigned char)*p))
                p++;
            len = (size_t)(p - value);
        }
        if (key_len == n && strncasecmp(key, name, n) == 0)
            return (struct span){value, len};
    }
    return (struct span){NULL, 0};
}

/* Without the word "Digest"; NULL when it is another scheme. */
static struct span params_of(struct span c)
{
    while (c.len && isspace((unsigned char)*c.p))
        c.p++, c.len--;
    if (c.len < 7 || strncasecmp(c.p, "Digest", 6) != 0 || !isspace((unsigned char)c.p[6]))
        return (struct span){NULL, 0};
    return (struct span){c.p + 7, c.len - 7};
}

static const EVP_MD *hash_of(struct span c)
{
    struct span algorithm = param(c, "algorithm");

    if (!algorithm.p || span_is_nocase(algorithm, "MD5"))
        return EVP_md5();
    if (span_is_nocase(algorithm, "SHA-256"))
        return EVP_sha256();
    return span_is_nocase(algorithm, "SHA-512-256") ? EVP_sha512_256() : NULL;
}

/* Is "auth" one of the words of qop? "auth-int" is not. */
static bool offers_auth(struct span qop)
{
    size_t n;

    for (size_t i = 0; i < qop.len; i += n + 1) {
        for (n = 0; i + n < qop.len && qop.p[i + n] != ',' && qop.p[i + n] != ' ';)
            n++;
        if (span_is_nocase((struct span){qop.p + i, n}, "auth"))
            return true;
    }
    return false;
}

bool digest_usable(struct span challenge)
{
    struct span c = params_of(challenge), qop;

    if (!c.p || !hash_of(c) || !param(c, "realm").p || !param(c, "nonce").p)
        return false;
    qop = param(c, "qop");
    return !qop.p || offers_auth(qop);
}

bool digest_stale(struct span challenge)
{
    struct span c = params_of(challenge);

    return c.p && span_is_nocase(param(c, "stale"), "true");
}

__attribute__((format(printf, 3, 4))) static int hash_hex(const EVP_MD *md, char out[HEX_MAX],
                                                          const char *format, ...)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    char text[MIX_MAX];
    unsigned len = 0;
    va_list ap;
    int n;

    va_start(ap, format);
    n = vsnprintf(text, sizeof(text), format, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= sizeof(text))
        return -ENOSPC;
    if (!EVP_Digest(text, (size_t)n, digest, &len, md, NULL) || len * 2 >= HEX_MAX)
        return -EINVAL;
    for (unsigned i = 0; i < len; i++)
        snprintf(out + (size_t)i * 2, 3, "%02x", digest[i]);
    return 0;
}

int digest_answer(struct span challenge, bool proxy, const char *method, const char *uri,
                  const char *user, const char *password, unsigned nc, char *out, size_t size)
{
    struct span c = params_of(challenge), opaque = param(c, "opaque");
    const EVP_MD *md = c.p ? hash_of(c) : NULL;
    char realm[VALUE_MAX], nonce[VALUE_MAX], a1[HEX_MAX], a2[HEX_MAX], answer[HEX_MAX];
    char cnonce[17], tail[2 * VALUE_MAX] = "";
    bool qop = param(c, "qop").p != NULL;
    int rc, n;

    if (!digest_usable(challenge))
        return -EINVAL;
    rc = span_copy(param(c, "realm"), realm, sizeof(realm));
    if (!rc)
        rc = span_copy(param(c, "nonce"), nonce, sizeof(nonce));
    if (!rc && opaque.len > VALUE_MAX)
        rc = -ENOSPC;
    random_token(cnonce, sizeof(cnonce));
    if (!rc)
        rc = hash_hex(md, a1, "%s:%s:%s", user, realm, password);
    if (!rc)
        rc = hash_hex(md, a2, "%s:%s", method, uri);
    if (!rc && qop)
        rc = hash_hex(md, answer, "%s:%s:%08x:%s:auth:%s", a1, nonce, nc, cnonce, a2);
    else if (!rc)
        rc = hash_hex(md, answer, "%s:%s:%s", a1, nonce, a2);
    if (rc)
        return rc;
    if (qop)
        snprintf(tail, sizeof(tail), ", qop=auth, nc=%08x, cnonce=\"%s\"", nc, cnonce);
    if (opaque.p)
        snprintf(tail + strlen(tail), sizeof(tail) - strlen(tail), ", opaque=\"%.*s\"",
                 (int)opaque.len, opaque.p);
    n = snprintf(out, size,
                 "%s: Digest username=\"%s\", realm=\"%s\", nonce=\"%s\", uri=\"%s\", "
                 "response=\"%s\", algorithm=%s%s\r\n",
                 proxy ? "Proxy-Authorization" : "Authorization", user, realm, nonce, uri, answer,
                 md == EVP_md5()      ? "MD5"
                 : md == EVP_sha256() ? "SHA-256"
                                      : "SHA-512-256",
                 tail);
    return n < 0 || (size_t)n >= size ? -ENOSPC : n;
}
