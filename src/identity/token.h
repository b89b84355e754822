/* Random tokens and their hashes. */
#pragma once

#include <stddef.h>

enum { TOKEN_TEXT_MAX = 52, TOKEN_HASH_MAX = 65, TOKEN_BYTES = 32 };

/* prefix ("ka_") and 43 characters for 256 bits. */
void token_write(const char *prefix, const unsigned char bits[TOKEN_BYTES],
                 char out[TOKEN_TEXT_MAX]);
/* Has it the prefix and the form of a token? */
int token_formed(const char *text, const char *prefix);
void token_hash(const char *text, char out[TOKEN_HASH_MAX]); /* SHA-256 in hex */
/* The token that follows from text: HMAC-SHA-256 keyed by salt over label and text. Who does not
 * know both text and salt cannot tell it. */
void token_follow(const char *text, const char *salt, const char *label, const char *prefix,
                  char out[TOKEN_TEXT_MAX]);
