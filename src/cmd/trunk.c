#include "cmd/trunk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"

static const char example[] = "write it as sip:user:password@host:port, or sip:host";

/* Copies with %XX undone. False: too long, or a broken escape. */
static bool unescape(const char *from, size_t len, char *out, size_t size)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        char c = from[i];

        if (c == '%') {
            if (len - i < 3 || hex_digit(from[i + 1]) < 0 || hex_digit(from[i + 2]) < 0)
                return false;
            c = (char)(hex_digit(from[i + 1]) << 4 | hex_digit(from[i + 2]));
            i += 2;
        }
        if (c == '\0' || n + 1 >= size)
            return false;
        out[n++] = c;
    }
    out[n] = '\0';
    return true;
}

static int parse_user(const char *p, size_t len, struct line_trunk_config *t, struct error *err)
{
    const char *colon = memchr(p, ':', len);
    size_t user = colon ? (size_t)(colon - p) : len;

    if (!unescape(p, user, t->user, sizeof(t->user)) || !t->user[0])
        return error_set(err, -EINVAL, "--trunk", example, "the user name cannot be used");
    if (!colon)
        return 0;
    if (!unescape(colon + 1, len - user - 1, t->password, sizeof(t->password)))
        return error_set(err, -EINVAL, "--trunk", example, "the password cannot be used");
    if (t->password[0] == '$') {
        const char *secret = getenv(t->password + 1);

        if (!secret || strlen(secret) >= sizeof(t->password))
            return error_set(err, -EINVAL, "--trunk", "set it in the environment first",
                             "%.60s is not set", t->password);
        snprintf(t->password, sizeof(t->password), "%s", secret);
    }
    return 0;
}

static int parse_host(const char *p, struct line_trunk_config *t, struct error *err)
{
    const char *end, *port = NULL;
    char *rest;
    long number;

    if (p[0] == '[') {
        p++;
        end = strchr(p, ']');
        if (!end || (end[1] && end[1] != ':'))
            return error_set(err, -EINVAL, "--trunk", example, "the address lacks its ]");
        port = end[1] ? end + 2 : NULL;
    } else {
        end = p + strcspn(p, ":");
        port = *end ? end + 1 : NULL;
    }
    if (end == p || (size_t)(end - p) >= sizeof(t->host) ||
        strcspn(p, " /?;\t") < (size_t)(end - p))
        return error_set(err, -EINVAL, "--trunk", example, "which host?");
    memcpy(t->host, p, (size_t)(end - p));
    t->host[end - p] = '\0';
    t->port = 5060;
    if (!port)
        return 0;
    number = strtol(port, &rest, 10);
    if (rest == port || *rest || number < 1 || number > 65535)
        return error_set(err, -EINVAL, "--trunk", example, "\"%.20s\" is not a port", port);
    t->port = (uint16_t)number;
    return 0;
}

int trunk_parse(const char *uri, struct line_trunk_config *out, struct error *err)
{
    struct line_trunk_config t = {.name = "trunk"};
    const char *p = uri, *at;
    int rc;

    if (strncmp(p, "sips:", 5) == 0)
        return error_set(err, -ENOTSUP, "--trunk", "use sip: over a private network or VPN",
                         "TLS trunks are not supported yet");
    if (strncmp(p, "sip:", 4) == 0)
        p += 4;
    at = strrchr(p, '@'); /* a password may hold one */
    if (at) {
        rc = parse_user(p, (size_t)(at - p), &t, err);
        if (rc)
            return rc;
        p = at + 1;
    }
    rc = parse_host(p, &t, err);
    if (rc)
        return rc;
    snprintf(t.domain, sizeof(t.domain), "%s", t.host);
    *out = t;
    return 0;
}
