#include "cmd/trunk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"

static const char example[] = "write it as sip:user:password@host:port;transport=tls, or sip:host";

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

/* p: without parameters. */
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
    if (!port)
        return 0;
    number = strtol(port, &rest, 10);
    if (rest == port || *rest || number < 1 || number > 65535)
        return error_set(err, -EINVAL, "--trunk", example, "\"%.20s\" is not a port", port);
    t->port = (uint16_t)number;
    return 0;
}

static int set_transport(struct line_trunk_config *t, const char *value)
{
    enum line_transport asked;

    if (line_transport_parse(value, &asked) || (t->transport == LINE_SIPS && asked != LINE_TLS))
        return -EINVAL;
    if (t->transport != LINE_SIPS)
        t->transport = asked;
    return 0;
}

static int set_ca(struct line_trunk_config *t, const char *value)
{
    return snprintf(t->ca_file, sizeof(t->ca_file), "%s", value) < (int)sizeof(t->ca_file)
               ? 0
               : -EINVAL;
}

static int set_verify(struct line_trunk_config *t, const char *value)
{
    t->tls_unverified = strcmp(value, "no") == 0;
    return t->tls_unverified || strcmp(value, "yes") == 0 ? 0 : -EINVAL;
}

static int set_srtp(struct line_trunk_config *t, const char *value)
{
    return line_srtp_parse(value, &t->srtp);
}

static const struct {
    const char *name;
    int (*set)(struct line_trunk_config *t, const char *value);
    const char *remedy;
} params[] = {
    {"transport", set_transport, "it is udp, tcp or tls; sips: is always tls"},
    {"ca", set_ca, "give a shorter path of a PEM file"},
    {"verify", set_verify, "it is yes or no"},
    {"srtp", set_srtp, "it is off, optional or required"},
};

/* ";name=value;…" from the end of the host on. */
static int parse_params(const char *p, struct line_trunk_config *t, struct error *err)
{
    char value[256];

    while (*p == ';') {
        size_t len = strcspn(++p, ";"), name = strcspn(p, ";="), i = 0;
        const char *from = p + name + (p[name] == '=');

        while (i < sizeof(params) / sizeof(params[0]) &&
               (strlen(params[i].name) != name || strncmp(params[i].name, p, name) != 0))
            i++;
        if (i == sizeof(params) / sizeof(params[0]))
            return error_set(err, -EINVAL, "--trunk",
                             "there are transport=, ca=, verify= and srtp=",
                             "\"%.*s\" is not known", (int)(name < 40 ? name : 40), p);
        if (!unescape(from, (size_t)(p + len - from), value, sizeof(value)) ||
            params[i].set(t, value))
            return error_set(err, -EINVAL, "--trunk", params[i].remedy, "%s cannot be \"%.*s\"",
                             params[i].name, (int)(len < 60 ? len : 60), from);
        p += len;
    }
    return 0;
}

int trunk_parse(const char *uri, struct line_trunk_config *out, struct error *err)
{
    struct line_trunk_config t = {.name = "trunk"};
    const char *p = uri, *at;
    char host[300];
    size_t len;
    int rc;

    if (strncmp(p, "sips:", 5) == 0) {
        t.transport = LINE_SIPS;
        p += 5;
    } else if (strncmp(p, "sip:", 4) == 0) {
        p += 4;
    }
    at = strrchr(p, '@'); /* a password may hold one */
    if (at) {
        rc = parse_user(p, (size_t)(at - p), &t, err);
        if (rc)
            return rc;
        p = at + 1;
    }
    len = strcspn(p, ";");
    if (len >= sizeof(host))
        return error_set(err, -EINVAL, "--trunk", example, "the host is too long");
    memcpy(host, p, len);
    host[len] = '\0';
    rc = parse_host(host, &t, err);
    if (!rc)
        rc = parse_params(p + len, &t, err);
    if (!rc && t.ca_file[0])
        rc = line_check_ca(t.ca_file, err);
    if (rc)
        return rc;
    snprintf(t.domain, sizeof(t.domain), "%s", t.host);
    *out = t;
    return 0;
}
