#include "http/client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <curl/curl.h>

#include "base/buf.h"
#include "http/field.h"

enum { HEADERS_MAX = 64 * 1024, URL_MAX = 4096 };

struct http_client {
    CURL *curl;
};

struct transfer {
    const struct http_call *call;
    struct buf body, headers; /* headers: "name\0value\0" … */
    bool too_large, refused;  /* refused: the address is not public */
    char error[CURL_ERROR_SIZE];
};

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void init(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

int http_client_new(struct http_client **out)
{
    struct http_client *c = calloc(1, sizeof(*c));

    pthread_once(&once, init);
    if (c)
        c->curl = curl_easy_init();
    if (!c || !c->curl) {
        free(c);
        return -ENOMEM;
    }
    *out = c;
    return 0;
}

void http_client_free(struct http_client *c)
{
    if (!c)
        return;
    curl_easy_cleanup(c->curl);
    free(c);
}

/* ---- which addresses are public ------------------------------------------------------------- */

struct net {
    uint32_t prefix;
    unsigned bits;
};

/* RFC 6890 and its like: what leads to this host, its networks or nowhere. */
static const struct net closed[] = {
    {0x00000000, 8},  {0x0a000000, 8},  {0x64400000, 10}, {0x7f000000, 8},  {0xa9fe0000, 16},
    {0xac100000, 12}, {0xc0000000, 24}, {0xc0000200, 24}, {0xc0a80000, 16}, {0xc6120000, 15},
    {0xc6336400, 24}, {0xcb007100, 24}, {0xe0000000, 4},  {0xf0000000, 4},
};

static bool public_v4(uint32_t a)
{
    for (size_t i = 0; i < sizeof(closed) / sizeof(closed[0]); i++)
        if ((a ^ closed[i].prefix) >> (32 - closed[i].bits) == 0)
            return false;
    return true;
}

/* Global unicast is 2000::/3; within it 6to4, Teredo and documentation lead elsewhere. */
static bool public_v6(const struct in6_addr *a)
{
    const uint8_t *b = a->s6_addr;
    uint32_t first = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];

    if (IN6_IS_ADDR_V4MAPPED(a)) {
        uint32_t v4;

        memcpy(&v4, b + 12, sizeof(v4));
        return public_v4(ntohl(v4));
    }
    return b[0] >> 5 == 1 && first >> 16 != 0x2002 && first != 0x20010000 && first != 0x20010db8;
}

static bool public_address(const struct curl_sockaddr *a)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    if (a->family == AF_INET) {
        memcpy(&v4, &a->addr, sizeof(v4));
        return public_v4(ntohl(v4.sin_addr.s_addr));
    }
    if (a->family != AF_INET6 || a->addrlen < sizeof(v6))
        return false;
    /* libcurl's structure holds any address behind its declared size. */
    memcpy(&v6, (const void *)&a->addr, sizeof(v6));
    return public_v6(&v6.sin6_addr);
}

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
    struct transfer *t = arg;

    (void)purpose;
    if (t->call->public_only && !public_address(a)) {
        t->refused = true;
        return CURL_SOCKET_BAD;
    }
    return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

/* ---- the answer ----------------------------------------------------------------------------- */

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
    struct transfer *t = arg;
    int rc = buf_append(&t->body, data, size * count);

    t->too_large = rc == -ENOSPC;
    return rc ? 0 : size * count;
}

static size_t on_header(char *data, size_t size, size_t count, void *arg)
{
    struct transfer *t = arg;
    size_t len = size * count;
    const char *colon = memchr(data, ':', len), *value, *end = data + len;

    if (len >= 5 && !memcmp(data, "HTTP/", 5)) { /* the head of the next answer: forget the last */
        buf_reset(&t->headers);
        return len;
    }
    if (!colon)
        return len;
    value = colon + 1;
    while (value < end && (*value == ' ' || *value == '\t'))
        value++;
    while (end > value && (end[-1] == '\r' || end[-1] == '\n' || end[-1] == ' '))
        end--;
    if (memchr(data, '\0', len) || buf_append(&t->headers, data, (size_t)(colon - data)) ||
        buf_append(&t->headers, "", 1) || buf_append(&t->headers, value, (size_t)(end - value)) ||
        buf_append(&t->headers, "", 1))
        return 0;
    return len;
}

static int on_progress(void *arg, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
                       curl_off_t up)
{
    const struct transfer *t = arg;

    (void)down_total, (void)down, (void)up_total, (void)up;
    return t->call->cancel && atomic_load_explicit(t->call->cancel, memory_order_relaxed);
}

/* ---- the call ------------------------------------------------------------------------------- */

static int check(const struct http_call *call, struct error *err)
{
    if (strncasecmp(call->url, "http://", 7) != 0 && strncasecmp(call->url, "https://", 8) != 0)
        return error_set(err, -EINVAL, call->url, "write https://…", "not a web address");
    if (strlen(call->url) > URL_MAX || !field_value_allowed(call->url, strlen(call->url)))
        return error_set(err, -EINVAL, "url", NULL,
                         "the address is too long or has control "
                         "characters in it");
    if (call->method && !field_token(call->method, strlen(call->method)))
        return error_set(err, -EINVAL, "method", NULL, "not the name of a method");
    for (const char *const *h = call->headers; h && *h; h++) {
        size_t name = strcspn(*h, ":");

        if (!field_token(*h, name) || !(*h)[name] || !field_value_allowed(*h, strlen(*h)))
            return error_set(err, -EINVAL, "headers", "write \"Name: value\"",
                             "not a header field: %.*s", (int)name, *h);
    }
    return 0;
}

static int list_headers(const struct http_call *call, struct curl_slist **out)
{
    struct curl_slist *list = curl_slist_append(NULL, "Expect:"); /* no round trip for 100 */

    for (const char *const *h = call->headers; list && h && *h; h++) {
        struct curl_slist *longer = curl_slist_append(list, *h);

        if (!longer)
            curl_slist_free_all(list);
        list = longer;
    }
    *out = list;
    return list ? 0 : -ENOMEM;
}

static void set_options(CURL *curl, struct transfer *t)
{
    const struct http_call *call = t->call;

    curl_easy_reset(curl); /* connections stay */
    curl_easy_setopt(curl, CURLOPT_URL, call->url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "Kolcast/" KOLCAST_VERSION);
    curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, NULL);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)(call->timeout_ms ? call->timeout_ms : 10000));
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
                     (long)(call->connect_timeout_ms ? call->connect_timeout_ms : 5000));
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, call->redirects_max ? 1L : 0L);
    curl_easy_setopt(curl, CURLOPT_MAXREDIRS, (long)call->redirects_max);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, t->error);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, t);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, t);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, t);
    if (call->ca_file)
        curl_easy_setopt(curl, CURLOPT_CAINFO, call->ca_file);
    if (call->public_only) {
        curl_easy_setopt(curl, CURLOPT_PROXY, "");
        /* A connection from before was not asked about its address. */
        curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L);
    }
}

static void set_method(CURL *curl, const struct http_call *call)
{
    bool body = call->body_len > 0 || (call->method && !strcmp(call->method, "POST"));

    if (body) {
        curl_easy_setopt(curl, CURLOPT_POST, 1L);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, call->body_len ? call->body : "");
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body_len);
    }
    if (call->method && !strcmp(call->method, "HEAD"))
        curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    else if (call->method)
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call->method);
}

/* The failure as errno and words; the URL's host is place enough, its query may hold secrets. */
static int explain(const struct transfer *t, CURLcode code, struct error *err)
{
    const char *url = t->call->url, *host = strstr(url, "://");
    size_t len = host ? (size_t)(host - url) + 3 + strcspn(host + 3, "/?#") : strcspn(url, "/?#");
    char place[200];
    int rc = code == CURLE_OPERATION_TIMEDOUT     ? -ETIMEDOUT
             : code == CURLE_COULDNT_RESOLVE_HOST ? -EHOSTUNREACH
             : code == CURLE_COULDNT_CONNECT      ? -ECONNREFUSED
             : code == CURLE_ABORTED_BY_CALLBACK  ? -ECANCELED
             : code == CURLE_OUT_OF_MEMORY        ? -ENOMEM
             : code == CURLE_URL_MALFORMAT        ? -EINVAL
             : code == CURLE_UNSUPPORTED_PROTOCOL ? -EINVAL
                                                  : -EPROTO;
    const char *text = t->error[0] ? t->error : curl_easy_strerror(code);

    if (t->too_large)
        rc = -EFBIG, text = "the answer is too long";
    if (t->refused)
        rc = -EACCES, text = "the address is not a public one";
    if (len >= sizeof(place))
        len = sizeof(place) - 1;
    memcpy(place, url, len);
    place[len] = '\0';
    return error_set(err, rc, place, NULL, "%s", text);
}

static void take_answer(CURL *curl, struct transfer *t, struct http_answer *out)
{
    long status = 0;

    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    *out = (struct http_answer){
        .status = (int)status,
        .body = t->body.data,
        .len = t->body.len,
        .headers = t->headers.data,
        .headers_len = t->headers.len,
    };
    t->body = t->headers = (struct buf){0};
}

int http_client_call(struct http_client *c, const struct http_call *call, struct http_answer *out,
                     struct error *err)
{
    struct transfer t = {.call = call, .headers.max = HEADERS_MAX};
    struct curl_slist *headers;
    CURLcode code;
    int rc = check(call, err);

    if (!rc)
        rc = list_headers(call, &headers);
    if (rc)
        return rc;
    t.body.max = call->reply_max ? call->reply_max : 1 << 20;
    set_options(c->curl, &t);
    set_method(c->curl, call);
    curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, headers);
    code = curl_easy_perform(c->curl);
    if (code == CURLE_OK && buf_append(&t.body, "", 0)) /* an empty body is text too */
        code = CURLE_OUT_OF_MEMORY;
    if (code == CURLE_OK)
        take_answer(c->curl, &t, out);
    else
        rc = explain(&t, code, err);
    buf_free(&t.body);
    buf_free(&t.headers);
    curl_slist_free_all(headers);
    return rc;
}

void http_answer_free(struct http_answer *a)
{
    free(a->body);
    free(a->headers);
    *a = (struct http_answer){0};
}

const char *http_answer_header(const struct http_answer *a, const char *name)
{
    const char *found = NULL;

    for (const char *p = a->headers, *end = p + a->headers_len; p && p < end;) {
        const char *value = p + strlen(p) + 1;

        if (!strcasecmp(p, name))
            found = value;
        p = value + strlen(value) + 1;
    }
    return found;
}
