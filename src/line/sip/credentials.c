#include "line/sip/credentials.h"

#include <errno.h>
#include <stdio.h>

#include "line/sip/digest.h"

/* A refused password, and one nonce that had become stale meanwhile. */
enum { TRIES_MAX = 2 };

void credentials_clear(struct credentials *c)
{
    c->line[0][0] = c->line[1][0] = '\0';
    c->tries[0] = c->tries[1] = 0;
}

bool credentials_answer(struct credentials *c, const struct message *m, const char *method,
                        const char *uri, const char *user, const char *password)
{
    bool proxy = m->status == 407;
    enum message_header header = proxy ? HEADER_PROXY_AUTHENTICATE : HEADER_WWW_AUTHENTICATE;
    struct span challenge;

    if (!user || (m->status != 401 && m->status != 407))
        return false;
    for (unsigned i = 0;; i++) {
        challenge = message_header(m, header, i);
        if (!challenge.p)
            return false;
        if (digest_usable(challenge))
            break;
    }
    if ((c->tries[proxy] > 0 && !digest_stale(challenge)) || ++c->tries[proxy] > TRIES_MAX)
        return false;
    /* Each nonce is used once, so its count is always 1. */
    return digest_answer(challenge, proxy, method, uri, user, password ? password : "", 1,
                         c->line[proxy], sizeof(c->line[proxy])) > 0;
}

int credentials_lines(const struct credentials *c, char *out, size_t size)
{
    int n = snprintf(out, size, "%s%s", c->line[0], c->line[1]);

    return n < 0 || (size_t)n >= size ? -ENOSPC : 0;
}
