#include "base/tls.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>

#include <openssl/err.h>
#include <openssl/x509err.h>

int tls_fault(const char *place, const char *what, const char *remedy, struct error *err)
{
    unsigned long code = ERR_get_error();
    char text[200] = "no reason given";

    if (code)
        ERR_error_string_n(code, text, sizeof(text));
    ERR_clear_error();
    return error_set(err, -EINVAL, place, remedy, "%s: %s", what, text);
}

static bool mismatch(unsigned long code)
{
    return ERR_GET_LIB(code) == ERR_LIB_X509 &&
           (ERR_GET_REASON(code) == X509_R_KEY_VALUES_MISMATCH ||
            ERR_GET_REASON(code) == X509_R_KEY_TYPE_MISMATCH);
}

static int load_key(SSL_CTX *x, const char *key, struct error *err)
{
    if (SSL_CTX_use_PrivateKey_file(x, key, SSL_FILETYPE_PEM) == 1 &&
        SSL_CTX_check_private_key(x) == 1)
        return 0;
    if (mismatch(ERR_peek_error()))
        return tls_fault(key, "the key does not belong to the certificate",
                         "give the two files of one pair", err);
    return tls_fault(key, "no private key can be read",
                     "give the PEM file of the certificate's key, without a password", err);
}

int tls_load_pair(SSL_CTX *x, const char *cert, const char *key, struct error *err)
{
    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(x, cert) == 1)
        return load_key(x, key, err);
    return tls_fault(cert, "no certificate can be read",
                     "give a PEM file with the certificate and its chain", err);
}

/* What OpenSSL wants after a call that returned rc; its error queue is left empty. */
static ssize_t result(SSL *ssl, int rc)
{
    int error = rc > 0 ? SSL_ERROR_NONE : SSL_get_error(ssl, rc);

    ERR_clear_error();
    switch (error) {
    case SSL_ERROR_NONE:
        return rc;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        return -EAGAIN;
    default:
        return -EPROTO;
    }
}

ssize_t tls_read(SSL *ssl, void *buf, size_t len)
{
    return result(ssl, SSL_read(ssl, buf, (int)len));
}

ssize_t tls_write(SSL *ssl, const void *buf, size_t len)
{
    ssize_t n = result(ssl, SSL_write(ssl, buf, (int)len));

    return n ? n : -EPIPE;
}

int tls_handshake(SSL *ssl, uint32_t *events)
{
    int rc = SSL_do_handshake(ssl);

    *events = SSL_want_write(ssl) ? POLLOUT : POLLIN;
    if (rc == 1)
        return 0;
    return (int)result(ssl, rc) == -EAGAIN ? -EAGAIN : -EPROTO;
}
