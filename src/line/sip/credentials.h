/* Answers to digest challenges of one request and its repetitions: one for the server (401) and one
 * for the proxy (407) may both be needed (RFC 3261 22.3). */
#pragma once

#include "line/sip/message.h"

enum { CREDENTIALS_LINE_MAX = 700 };

struct credentials {
    char line[2][CREDENTIALS_LINE_MAX]; /* "Authorization: …\r\n", "Proxy-Authorization: …\r\n" */
    unsigned tries[2];
};

void credentials_clear(struct credentials *c);
/* Takes up the challenge of m, a 401 or 407: the topmost one we can answer, which is the one they
 * like best (RFC 8760 2.4). False: none, or the same password was refused already. user: NULL for
 * none. */
bool credentials_answer(struct credentials *c, const struct message *m, const char *method,
                        const char *uri, const char *user, const char *password);
/* The header lines to send; "" before a challenge. -ENOSPC. */
int credentials_lines(const struct credentials *c, char *out, size_t size);
