/* A message handed over to a mail server: SMTP (RFC 5321) as it is spoken to submit mail (RFC
 * 6409), over libcurl. TLS is demanded, not hoped for: with STARTTLS a server that does not offer
 * it gets neither the password nor the message. */
#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "message/mail_priv.h"

enum { CONNECT_MS = 10000, SAID_MAX = 300, URL_MAX = 600 };

struct submission {
    const struct buf *message;
    size_t read;
    const atomic_bool *cancel;
    char said[SAID_MAX]; /* the last refusal (RFC 5321, 4.2.1); "": none */
    char error[CURL_ERROR_SIZE];
};

static size_t give(char *out, size_t size, size_t count, void *arg)
{
    struct submission *s = arg;
    size_t left = s->message->len - s->read, n = size * count < left ? size * count : left;

    memcpy(out, s->message->data + s->read, n);
    s->read += n;
    return n;
}

static size_t hear(char *line, size_t size, size_t count, void *arg)
{
    struct submission *s = arg;

    if (size * count > 0 && (line[0] == '4' || line[0] == '5'))
        snprintf(s->said, sizeof(s->said), "%.*s", (int)(size * count), line);
    return size * count;
}

static int watch(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    struct submission *s = arg;

    return s->cancel && *s->cancel;
}

/* smtp://HOST:PORT/NAME, where NAME is what we say in EHLO: the sender's domain, since a host's own
 * name is often none that the world knows. */
static void address(const struct mail_way *w, char out[URL_MAX])
{
    const struct mail_server *m = &w->server;
    const char *domain = strrchr(w->from_address, '@') + 1;
    bool plain =
        strspn(domain, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") ==
        strlen(domain);

    snprintf(out, URL_MAX, strchr(m->host, ':') ? "smtp%s://[%s]:%d/%s" : "smtp%s://%s:%d/%s",
             m->security == MAIL_TLS ? "s" : "", m->host, m->port, plain ? domain : "");
}

static struct curl_slist *set(CURL *curl, struct submission *s, const struct mail_way *w,
                              const char *to, int timeout_ms)
{
    struct curl_slist *list = curl_slist_append(NULL, to);
    char url[URL_MAX];

    address(w, url);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_USE_SSL,
                     (long)(w->server.security == MAIL_PLAIN ? CURLUSESSL_NONE : CURLUSESSL_ALL));
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (w->server.ca_file[0])
        curl_easy_setopt(curl, CURLOPT_CAINFO, w->server.ca_file);
    if (w->server.user[0]) {
        curl_easy_setopt(curl, CURLOPT_USERNAME, w->server.user);
        curl_easy_setopt(curl, CURLOPT_PASSWORD, w->server.password);
    }
    curl_easy_setopt(curl, CURLOPT_MAIL_FROM, w->from_address);
    curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, list);
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_CRLF, 1L);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, give);
    curl_easy_setopt(curl, CURLOPT_READDATA, s);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, hear);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, s);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, watch);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, s);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, s->error);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    return list;
}

static int failed(CURLcode code, struct submission *s, const struct mail_way *w, struct error *err)
{
    const char *said = s->said[0] ? s->said : s->error[0] ? s->error : curl_easy_strerror(code);
    char place[320];

    mail_said(s->said);
    snprintf(place, sizeof(place), "mail server %.255s:%d", w->server.host, w->server.port);
    switch (code) {
    case CURLE_ABORTED_BY_CALLBACK:
        return error_set(err, -ECANCELED, place, NULL, "the program ended");
    case CURLE_OPERATION_TIMEDOUT:
        return error_set(err, -ETIMEDOUT, place, "see that it is there and can be reached",
                         "it does not answer in time");
    case CURLE_LOGIN_DENIED:
        return error_set(err, -EPROTO, place, "see user and password in the settings of mail",
                         "it refuses them: %s", said);
    case CURLE_USE_SSL_FAILED:
        return error_set(err, -EPROTO, place,
                         "try security tls with port 465, or ask who runs the server",
                         "it offers no encryption, so nothing was sent");
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
        return error_set(err, -EPROTO, place,
                         "see that the name is the one of its certificate; tls is for port 465, "
                         "starttls for 587",
                         "no safe connection: %s", s->error);
    case CURLE_SSL_CACERT_BADFILE:
        return error_set(err, -EPROTO, w->server.ca_file, "name a PEM file that can be read",
                         "ca_file cannot be used");
    default:
        return error_set(err, -EPROTO, place, "see the settings of mail", "%s", said);
    }
}

int mail_submit(const struct mail_way *w, const char *to, const struct buf *message, int timeout_ms,
                const atomic_bool *cancel, struct error *err)
{
    struct submission s = {.message = message, .cancel = cancel};
    struct curl_slist *list;
    CURLcode code;
    CURL *curl;

    if (strpbrk(to, "<> "))
        return error_set(err, -EINVAL, "mail", "write it as name@example.org",
                         "\"%.60s\" is no address", to);
    curl = curl_easy_init();
    if (!curl)
        return -ENOMEM;
    list = set(curl, &s, w, to, timeout_ms);
    code = list ? curl_easy_perform(curl) : CURLE_OUT_OF_MEMORY;
    curl_easy_cleanup(curl);
    curl_slist_free_all(list);
    return code == CURLE_OK ? 0 : failed(code, &s, w, err);
}
