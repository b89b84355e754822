#include <errno.h>
#include <string.h>

#include "line/line.h"
#include "line/sip/tls.h"

static const char *const names[LINE_TRANSPORTS] = {
    [LINE_UDP] = "udp", [LINE_TCP] = "tcp", [LINE_TLS] = "tls", [LINE_SIPS] = "sips"};

const char *line_transport_name(enum line_transport t)
{
    return names[t];
}

int line_transport_parse(const char *text, enum line_transport *out)
{
    for (int i = 0; i < LINE_TRANSPORTS; i++) {
        if (strcmp(text, names[i]) == 0) {
            *out = (enum line_transport)i;
            return 0;
        }
    }
    return -EINVAL;
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
