/* TLS: a context from two PEM files, renewed when they change. A context belongs to the connections
 * that began with it, so that a renewal drops none. The loop's thread alone uses it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "http/http_priv.h"

/* HTTP/2 forbids older suites (RFC 9113 9.2.2), and nobody needs them. TLS 1.3 has its own. */
#define CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20"

struct stamp { /* tells whether a file is another than before */
    struct timespec modified;
    ino_t inode;
    off_t size;
};

struct tls {
    const char *cert, *key;             /* the configuration's */
    SSL_CTX *context;                   /* owned */
    struct stamp cert_stamp, key_stamp; /* of what was tried last */
};

static const unsigned char alpn[] = "\x02h2\x08http/1.1";

/* HTTP/2 when the client has it. */
static int choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                       const unsigned char *offered, unsigned offered_len, void *arg)
{
    unsigned char *chosen = NULL;

    (void)ssl, (void)arg;
    if (SSL_select_next_proto(&chosen, out_len, alpn, sizeof(alpn) - 1, offered, offered_len) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static SSL_CTX *new_context(void)
{
    SSL_CTX *x = SSL_CTX_new(TLS_server_method());

    if (!x)
        return NULL;
    SSL_CTX_set_min_proto_version(x, TLS1_2_VERSION);
    SSL_CTX_set_options(x, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                               SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
                               SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(x, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                            SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_alpn_select_cb(x, choose_alpn, NULL);
    SSL_CTX_set_session_id_context(x, (const unsigned char *)"kolcast", 7);
    if (SSL_CTX_set_cipher_list(x, CIPHERS) != 1) {
        SSL_CTX_free(x);
        return NULL;
    }
    return x;
}

static int load(const struct tls *t, SSL_CTX **out, struct error *err)
{
    SSL_CTX *x = new_context();
    int rc;

    if (!x)
        return tls_fault("tls", "TLS cannot be set up", NULL, err);
    rc = tls_load_pair(x, t->cert, t->key, err);
    if (rc) {
        SSL_CTX_free(x);
        return rc;
    }
    *out = x;
    return 0;
}

static struct stamp look(const char *path)
{
    struct stat st;

    if (stat(path, &st))
        return (struct stamp){0};
    return (struct stamp){st.st_mtim, st.st_ino, st.st_size};
}

static bool same(const struct stamp *a, const struct stamp *b)
{
    return a->modified.tv_sec == b->modified.tv_sec && a->modified.tv_nsec == b->modified.tv_nsec &&
           a->inode == b->inode && a->size == b->size;
}

int tls_new(struct tls **out, const struct http_server_config *c, struct error *err)
{
    struct tls *t = calloc(1, sizeof(*t));
    int rc;

    if (!t)
        return -ENOMEM;
    t->cert = c->tls_cert;
    t->key = c->tls_key;
    t->cert_stamp = look(t->cert);
    t->key_stamp = look(t->key);
    rc = load(t, &t->context, err);
    if (rc) {
        tls_free(t);
        return rc;
    }
    *out = t;
    return 0;
}

void tls_free(struct tls *t)
{
    if (!t)
        return;
    SSL_CTX_free(t->context);
    free(t);
}

void tls_watch(struct tls *t, bool now)
{
    struct stamp cert = look(t->cert), key = look(t->key);
    struct error err = {0};
    SSL_CTX *fresh;
    char text[600];

    if (!now && same(&cert, &t->cert_stamp) && same(&key, &t->key_stamp))
        return;
    t->cert_stamp = cert;
    t->key_stamp = key;
    /* Half of a pair may have been replaced so far: the other half's change comes back here. */
    if (load(t, &fresh, &err)) {
        log_warn("the new certificate is not usable, the one before stays", "error=\"%s\"",
                 error_text(&err, text, sizeof(text)));
        return;
    }
    SSL_CTX_free(t->context);
    t->context = fresh;
    log_info("certificate reloaded", "file=%s", t->cert);
}

SSL *tls_accept(struct tls *t, int fd)
{
    SSL *ssl = SSL_new(t->context);

    if (ssl && SSL_set_fd(ssl, fd) != 1) {
        SSL_free(ssl);
        return NULL;
    }
    if (ssl)
        SSL_set_accept_state(ssl);
    return ssl;
}

bool tls_chose_h2(SSL *ssl)
{
    const unsigned char *name;
    unsigned len;

    SSL_get0_alpn_selected(ssl, &name, &len);
    return len == 2 && !memcmp(name, "h2", 2);
}
