#include "identity/token.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"

enum { TOKEN_CHARS = 43 };

void token_write(const char *prefix, const unsigned char bits[TOKEN_BYTES],
                 char out[TOKEN_TEXT_MAX])
{
    char text[BASE64URL_ROOM(TOKEN_BYTES)];

    base64url_encode(bits, TOKEN_BYTES, text);
    snprintf(out, TOKEN_TEXT_MAX, "%s%s", prefix, text);
}

int token_formed(const char *text, const char *prefix)
{
    size_t n = strlen(prefix);

    return strncmp(text, prefix, n) == 0 && strnlen(text + n, TOKEN_CHARS + 1) == TOKEN_CHARS;
}

void token_hash(const char *text, char out[TOKEN_HASH_MAX])
{
    unsigned char hash[EVP_MAX_MD_SIZE];

    if (EVP_Digest(text, strlen(text), hash, NULL, EVP_sha256(), NULL) != 1)
        abort(); /* out of memory in the middle of OpenSSL: nothing safe can be done */
    for (int i = 0; i < 32; i++) {
        out[2 * i] = "0123456789abcdef"[hash[i] >> 4];
        out[2 * i + 1] = "0123456789abcdef"[hash[i] & 15];
    }
    out[64] = '\0';
}

void token_follow(const char *text, const char *salt, const char *label, const char *prefix,
                  char out[TOKEN_TEXT_MAX])
{
    unsigned char bits[EVP_MAX_MD_SIZE];
    char input[2 * TOKEN_TEXT_MAX];
    int n = snprintf(input, sizeof(input), "%s:%s", label, text);

    if (!HMAC(EVP_sha256(), salt, (int)strlen(salt), (unsigned char *)input, (size_t)n, bits, NULL))
        abort();
    token_write(prefix, bits, out);
}
