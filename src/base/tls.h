/* What every user of TLS shares: a certificate with its key from PEM files, and reading and writing
 * without blocking. Contexts and their policies are their owners'. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <openssl/ssl.h>

#include "base/error.h"

/* Sets err from OpenSSL's error queue, and empties it. Returns -EINVAL. */
int tls_fault(const char *place, const char *what, const char *remedy, struct error *err);
/* The certificate with its chain and the key that belongs to it. */
int tls_load_pair(SSL_CTX *x, const char *cert, const char *key, struct error *err);

/* Bytes, 0: the far side has ended, -EAGAIN, other negative errno. */
ssize_t tls_read(SSL *ssl, void *buf, size_t len);
ssize_t tls_write(SSL *ssl, const void *buf, size_t len); /* -EPIPE: the far side is gone */
int tls_handshake(SSL *ssl, uint32_t *events); /* 0: done, -EAGAIN: wait for events (POLLIN …) */
