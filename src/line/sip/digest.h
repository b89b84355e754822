/* Digest authentication (RFC 7616, RFC 8760) as a client. Pure but for the client nonce. */
#pragma once

#include "line/sip/message.h"

/* Is this a challenge we can answer: Digest with MD5, SHA-256 or SHA-512-256, qop auth or
 * none? */
bool digest_usable(struct span challenge);
bool digest_stale(struct span challenge);
/* Writes "Authorization: Digest …\r\n" (proxy: Proxy-Authorization). Returns its length, -EINVAL,
 * -ENOSPC. */
int digest_answer(struct span challenge, bool proxy, const char *method, const char *uri,
                  const char *user, const char *password, unsigned nc, char *out, size_t size);
