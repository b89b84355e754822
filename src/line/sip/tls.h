/* TLS of SIP: contexts for both sides, and whose certificate it is (RFC 5922). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <openssl/ssl.h>

#include "base/error.h"
#include "line/sip/sip.h"

int sip_tls_client(SSL_CTX **out, const struct sip_tls *c, struct error *err);
int sip_tls_server(SSL_CTX **out, const char *cert_file, const char *key_file, struct error *err);

/* Does the certificate speak for this host, a name or an address (RFC 5922 7.1, 7.2)? A "sip:" URI
 * among its names counts before DNS names; a name with "*" counts for nobody. */
bool sip_tls_is_for(X509 *cert, const char *host);
/* What the far side's certificate is for, for people. */
void sip_tls_names(X509 *cert, char *out, size_t size);
