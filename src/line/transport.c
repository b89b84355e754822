#include <errno.h>
#include <string.h>

#include "line/line.h"
#include "line/sip/tls.h"

static const char *const names[LINE_TRANSPORTS] = {
    [LINE_UDP] = "udp", [LINE_TCP] = "tcp", [LINE_TLS] = "tls", [LINE_SIPS] = "sips"};
static const char *const policies[LINE_SRTP_POLICIES] = {
    [LINE_SRTP_OFF] = "off", [LINE_SRTP_OPTIONAL] = "optional", [LINE_SRTP_REQUIRED] = "required"};

/* The place of a word among others, -EINVAL. */
static int place(const char *const *words, int count, const char *text)
{
    for (int i = 0; i < count; i++)
        if (strcmp(text, words[i]) == 0)
            return i;
    return -EINVAL;
}

const char *line_transport_name(enum line_transport t)
{
    return names[t];
}

int line_transport_parse(const char *text, enum line_transport *out)
{
    int i = place(names, LINE_TRANSPORTS, text);

    if (i < 0)
        return i;
    *out = (enum line_transport)i;
    return 0;
}

const char *line_srtp_name(enum line_srtp s)
{
    return policies[s];
}

int line_srtp_parse(const char *text, enum line_srtp *out)
{
    int i = place(policies, LINE_SRTP_POLICIES, text);

    if (i < 0)
        return i;
    *out = (enum line_srtp)i;
    return 0;
}

int line_check_ca(const char *path, struct error *err)
{
    const struct sip_tls tls = {.ca_file = path};
    SSL_CTX *x;
    int rc = sip_tls_client(&x, &tls, err);

    if (!rc)
        SSL_CTX_free(x);
    return rc;
}

uint16_t line_usual_port(enum line_transport t)
{
    return t >= LINE_TLS ? 5061 : 5060; /* RFC 3261 19.1.2 */
}

uint16_t line_trunk_port(const struct line_trunk_config *t)
{
    return t->port ? t->port : line_usual_port(t->transport);
}
