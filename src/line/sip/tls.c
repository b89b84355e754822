#include "line/sip/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <openssl/x509v3.h>

#include "base/tls.h"

#define CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES"

static SSL_CTX *new_context(const SSL_METHOD *method)
{
    SSL_CTX *x = SSL_CTX_new(method);

    if (!x)
        return NULL;
    SSL_CTX_set_min_proto_version(x, TLS1_2_VERSION);
    SSL_CTX_set_options(x, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                               SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(x, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                            SSL_MODE_RELEASE_BUFFERS);
    if (SSL_CTX_set_cipher_list(x, CIPHERS) == 1)
        return x;
    SSL_CTX_free(x);
    return NULL;
}

static int trust(SSL_CTX *x, const struct sip_tls *c, struct error *err)
{
    if (c->unverified) {
        SSL_CTX_set_verify(x, SSL_VERIFY_NONE, NULL);
        return 0;
    }
    SSL_CTX_set_verify(x, SSL_VERIFY_PEER, NULL);
    if (!c->ca_file) {
        if (SSL_CTX_set_default_verify_paths(x) == 1)
            return 0;
        return tls_fault("ca_file", "the system's certificates cannot be read",
                         "install the package ca-certificates, or name a file", err);
    }
    if (SSL_CTX_load_verify_file(x, c->ca_file) == 1)
        return 0;
    return tls_fault(c->ca_file, "no certificate authority can be read",
                     "give a PEM file with the certificates that are trusted", err);
}

int sip_tls_client(SSL_CTX **out, const struct sip_tls *c, struct error *err)
{
    SSL_CTX *x = new_context(TLS_client_method());
    int rc;

    if (!x)
        return tls_fault("tls", "TLS cannot be set up", NULL, err);
    rc = trust(x, c, err);
    if (!rc && c->cert_file)
        rc = tls_load_pair(x, c->cert_file, c->key_file ? c->key_file : c->cert_file, err);
    if (rc) {
        SSL_CTX_free(x);
        return rc;
    }
    *out = x;
    return 0;
}

int sip_tls_server(SSL_CTX **out, const char *cert_file, const char *key_file, struct error *err)
{
    SSL_CTX *x = new_context(TLS_server_method());
    int rc;

    if (!x)
        return tls_fault("tls", "TLS cannot be set up", NULL, err);
    rc = tls_load_pair(x, cert_file, key_file, err);
    if (rc) {
        SSL_CTX_free(x);
        return rc;
    }
    *out = x;
    return 0;
}

/* ---- whose certificate ---------------------------------------------------------------------- */

/* A name's bytes, when they are text without a NUL inside. */
static bool text_of(const ASN1_STRING *s, char *out, size_t size)
{
    size_t len = (size_t)ASN1_STRING_length(s);
    const unsigned char *p = ASN1_STRING_get0_data(s);

    if (len == 0 || len >= size || memchr(p, '\0', len))
        return false;
    memcpy(out, p, len);
    out[len] = '\0';
    return true;
}

/* The host of "sip:example.org"; NULL: another scheme, or one person's (7.1). */
static const char *sip_domain(const char *uri)
{
    if (strncasecmp(uri, "sip:", 4) != 0 || strchr(uri, '@'))
        return NULL;
    return uri + 4;
}

static bool same_address(const ASN1_STRING *ip, const char *host)
{
    unsigned char bytes[16];
    int len = ASN1_STRING_length(ip);

    if ((len != 4 || inet_pton(AF_INET, host, bytes) != 1) &&
        (len != 16 || inet_pton(AF_INET6, host, bytes) != 1))
        return false;
    return memcmp(bytes, ASN1_STRING_get0_data(ip), (size_t)len) == 0;
}

static bool common_name(X509 *cert, char *out, size_t size)
{
    X509_NAME *name = X509_get_subject_name(cert);
    int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);

    return at >= 0 && text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)), out, size);
}

bool sip_tls_is_for(X509 *cert, const char *host)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    bool sip = false, dns = false, uri = false;
    char text[256];

    if (!names)
        return common_name(cert, text, sizeof(text)) && strcasecmp(text, host) == 0;
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *n = sk_GENERAL_NAME_value(names, i);

        if (n->type == GEN_URI && text_of(n->d.uniformResourceIdentifier, text, sizeof(text)) &&
            sip_domain(text)) {
            uri = true;
            sip = sip || strcasecmp(sip_domain(text), host) == 0;
        } else if (n->type == GEN_DNS && text_of(n->d.dNSName, text, sizeof(text))) {
            dns = dns || strcasecmp(text, host) == 0;
        } else if (n->type == GEN_IPADD) {
            dns = dns || same_address(n->d.iPAddress, host);
        }
    }
    GENERAL_NAMES_free(names);
    return uri ? sip : dns;
}

static void add_name(char *out, size_t size, const char *name)
{
    size_t n = strlen(out);

    snprintf(out + n, size - n, "%s%s", n ? ", " : "", name);
}

void sip_tls_names(X509 *cert, char *out, size_t size)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    char text[256], ip[INET6_ADDRSTRLEN];

    out[0] = '\0';
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *n = sk_GENERAL_NAME_value(names, i);

        if ((n->type == GEN_DNS && text_of(n->d.dNSName, text, sizeof(text))) ||
            (n->type == GEN_URI && text_of(n->d.uniformResourceIdentifier, text, sizeof(text))))
            add_name(out, size, text);
        else if (n->type == GEN_IPADD &&
                 inet_ntop(ASN1_STRING_length(n->d.iPAddress) == 16 ? AF_INET6 : AF_INET,
                           ASN1_STRING_get0_data(n->d.iPAddress), ip, sizeof(ip)))
            add_name(out, size, ip);
    }
    if (!names && common_name(cert, text, sizeof(text)))
        add_name(out, size, text);
    GENERAL_NAMES_free(names);
}
