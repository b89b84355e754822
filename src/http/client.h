/* HTTP client over libcurl: one request at a time, blocking, for worker threads (webhooks, traces,
 * OpenID Connect, providers). HTTP and HTTPS only, certificates are checked. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* Keeps connections open between calls. One thread at a time. */
struct http_client;

int http_client_new(struct http_client **out);
void http_client_free(struct http_client *c);

/* A zeroed value means the default that the comment names. */
struct http_call {
    const char *method; /* GET, or POST when there is a body */
    const char *url;
    const char *const *headers; /* "Name: value" …, NULL-terminated; or NULL */
    const void *body;
    size_t body_len;
    int timeout_ms;         /* 10 s, for all of it */
    int connect_timeout_ms; /* 5 s */
    size_t reply_max;       /* 1 MiB */
    unsigned redirects_max; /* 0: a redirection is the answer. Headers go to the same host only */
    const char *ca_file;    /* PEM; NULL: the system's */
    /* The address that is really connected to, redirections included, must be public: neither this
     * host nor its networks. For URLs that come from users. Proxies are not used then. */
    bool public_only;
    const atomic_bool *cancel; /* looked at about each second; or NULL */
};

struct http_answer {
    int status;
    char *body; /* owned, NUL-terminated */
    size_t len;
    char *headers; /* owned; see http_answer_header */
    size_t headers_len;
};

/* 0: there is an answer, whatever its status. Else *out is untouched, and err has the words:
 * -EINVAL (URL, method or a header), -EHOSTUNREACH (no such name), -ECONNREFUSED (or not reached),
 * -ETIMEDOUT, -EACCES (not a public address), -EPROTO (TLS, broken answer), -EFBIG (longer than
 * reply_max), -ECANCELED, -ENOMEM. */
int http_client_call(struct http_client *c, const struct http_call *call, struct http_answer *out,
                     struct error *err);
void http_answer_free(struct http_answer *a); /* and zeroes it */

/* The value of the last header field of that name, in any case; NULL: there is none. */
const char *http_answer_header(const struct http_answer *a, const char *name);
