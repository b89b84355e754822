/* The access log: a line a request, at most log_rate a second, the rest told as a number. */
#include <stdio.h>
#include <string.h>

#include "http/http_priv.h"

enum { VALUE_MAX = 200, SECOND_US = 1000000 };

/* Quoted when it must be; what could end the quotes is replaced. */
static const char *value(const char *text, char out[VALUE_MAX + 3])
{
    size_t n = 0;
    bool plain = text[0] != '\0';

    out[n++] = '"';
    for (; *text && n < VALUE_MAX; text++) {
        char c = (unsigned char)*text <= ' ' || *text == '"' || *text == '\\' ? '_' : *text;

        if (*text == ' ')
            c = ' ';
        if (*text == ' ' || *text == '"' || *text == '=' || *text == '\\')
            plain = false;
        out[n++] = c;
    }
    out[n++] = '"';
    out[n] = '\0';
    if (plain) {
        out[n - 1] = '\0';
        return out + 1;
    }
    return out;
}

void access_flush(struct http_server *s, bool now)
{
    struct access_log *a = &s->access;
    int64_t us = loop_now_us(s->loop);

    if (!now && us - a->second_us < SECOND_US)
        return;
    if (a->held)
        log_info("requests not logged", "count=%u", a->held);
    *a = (struct access_log){.second_us = us};
}

void access_log(struct http_request *r)
{
    struct http_server *s = r->server;
    char path[VALUE_MAX + 3], agent[VALUE_MAX + 3];
    const char *user_agent = http_header(r, "user-agent");
    int status = r->lost ? 499 : r->reply.status;

    if (s->c.log_off || !r->method ||
        (r->route && (r->route->flags & HTTP_ROUTE_QUIET) && status < 400))
        return;
    access_flush(s, false);
    if (s->access.lines >= s->c.log_rate) {
        s->access.held++;
        return;
    }
    s->access.lines++;
    /* Without the query: it may hold a token. 499: the client went away. */
    log_info("request", "id=%s peer=%s method=%s path=%s status=%d bytes=%llu ms=%.1f agent=%s",
             r->id, r->peer, r->method, value(http_path(r), path), status,
             (unsigned long long)r->reply.sent,
             (double)(loop_now_us(s->loop) - r->started_us) / 1000,
             value(user_agent ? user_agent : "", agent));
}
