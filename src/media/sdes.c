#include "media/sdes.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/base64.h"
#include "base/rng.h"

enum { KEY_TEXT = SRTP_KEY_SIZE * 4 / 3 };

static const char *const suites[] = {
    [SRTP_HMAC_SHA1_80] = "AES_CM_128_HMAC_SHA1_80",
    [SRTP_HMAC_SHA1_32] = "AES_CM_128_HMAC_SHA1_32",
};

void sdes_new(struct sdes_key *k, enum srtp_suite suite, uint32_t tag)
{
    k->suite = suite;
    k->tag = tag;
    random_bytes(k->key, sizeof(k->key));
}

int sdes_write(const struct sdes_key *k, char out[SDES_TEXT_MAX])
{
    char key[BASE64URL_ROOM(SRTP_KEY_SIZE)];

    base64url_encode(k->key, sizeof(k->key), key);
    for (char *p = key; *p; p++) /* 6.1 wants the usual alphabet; 30 bytes need no padding */
        *p = *p == '-' ? '+' : *p == '_' ? '/' : *p;
    return snprintf(out, SDES_TEXT_MAX, "%u %s inline:%s", k->tag, suites[k->suite], key);
}

/* The next word; "" at the end. */
static size_t word(const char **p, const char *end)
{
    const char *q;

    while (*p < end && *(*p) == ' ')
        (*p)++;
    for (q = *p; q < end && *q != ' ';)
        q++;
    return (size_t)(q - *p);
}

static int read_tag(const char *p, size_t len, uint32_t *out)
{
    uint32_t n = 0;

    if (len == 0 || len > 9)
        return -EBADMSG;
    for (size_t i = 0; i < len; i++) {
        if (!isdigit((unsigned char)p[i]))
            return -EBADMSG;
        n = n * 10 + (uint32_t)(p[i] - '0');
    }
    *out = n;
    return 0;
}

static enum srtp_suite suite_of(const char *p, size_t len)
{
    for (enum srtp_suite s = SRTP_HMAC_SHA1_80; s <= SRTP_HMAC_SHA1_32; s++)
        if (len == strlen(suites[s]) && strncasecmp(p, suites[s], len) == 0)
            return s;
    return SRTP_NONE;
}

/* "inline:" key ["|" lifetime]. A lifetime is longer than any call of ours; a key identifier (MKI)
 * would make packets longer, and several keys need one: neither is taken. */
static int read_key(const char *p, size_t len, uint8_t key[SRTP_KEY_SIZE])
{
    char text[KEY_TEXT];
    const char *rest;

    if (len < 7 + KEY_TEXT || strncasecmp(p, "inline:", 7) != 0)
        return -EBADMSG;
    memcpy(text, p + 7, KEY_TEXT);
    for (unsigned i = 0; i < KEY_TEXT; i++) {
        if (text[i] == '-' || text[i] == '_')
            return -EBADMSG;
        text[i] = text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i];
    }
    if (base64url_decode(text, KEY_TEXT, key, SRTP_KEY_SIZE) != SRTP_KEY_SIZE)
        return -EBADMSG;
    rest = p + 7 + KEY_TEXT;
    len -= 7 + KEY_TEXT;
    if (len > 0 && rest[0] != '|')
        return -EBADMSG;
    return memchr(rest, ':', len) || memchr(rest, ';', len) ? -ENOTSUP : 0;
}

/* Session parameters change what is sent (6.3): only the hint about the window does not. */
static int read_params(const char *p, const char *end)
{
    size_t n;

    for (; (n = word(&p, end)) > 0; p += n)
        if (n < 4 || strncasecmp(p, "WSH=", 4) != 0)
            return -ENOTSUP;
    return 0;
}

int sdes_read(const char *text, size_t len, struct sdes_key *out)
{
    const char *p = text, *end = text + len;
    struct sdes_key k;
    size_t n = word(&p, end);
    int rc = read_tag(p, n, &k.tag);

    if (rc)
        return rc;
    p += n;
    n = word(&p, end);
    k.suite = suite_of(p, n);
    if (k.suite == SRTP_NONE)
        return -ENOTSUP;
    p += n;
    n = word(&p, end);
    rc = read_key(p, n, k.key);
    if (!rc)
        rc = read_params(p + n, end);
    if (!rc)
        *out = k;
    return rc;
}
