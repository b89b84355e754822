/* base64url without padding (RFC 4648, section 5). */
#pragma once

#include <stddef.h>
#include <sys/types.h>

/* What base64url_encode writes for size bytes, with the terminator. */
#define BASE64URL_ROOM(size) (((size)*4 + 2) / 3 + 1)

void base64url_encode(const void *data, size_t size, char *out);
/* Strict: only the alphabet, no padding, no bits left over (each value has one spelling). Returns
 * the bytes written, -EINVAL, or -ENOSPC when they do not fit. */
ssize_t base64url_decode(const char *text, size_t len, void *out, size_t cap);
