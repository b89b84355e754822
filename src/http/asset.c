/* Static files in memory: the web application. Found by their path, sent in the smallest encoding
 * that the client takes. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/sha.h>

#include "http/http_priv.h"

enum { TAG = 16 }; /* bytes of the hash that make an ETag */

struct entry {
    const struct http_asset *asset;
    char etag[2 * TAG + 8]; /* without the closing quote: -br or -gzip may follow */
};

struct assets {
    struct entry *entries; /* by path; owned */
    unsigned count;
    const struct entry *index;
};

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct entry *)a)->asset->path, ((const struct entry *)b)->asset->path);
}

static void make_etag(struct entry *e)
{
    unsigned char hash[SHA256_DIGEST_LENGTH];
    char *at = stpcpy(e->etag, "\"");

    SHA256(e->asset->data, e->asset->len, hash);
    for (int i = 0; i < TAG; i++)
        at += sprintf(at, "%02x", hash[i]);
}

static const struct entry *find(const struct assets *a, const char *path)
{
    const struct http_asset asset = {.path = path};
    const struct entry key = {.asset = &asset};

    return a->count ? bsearch(&key, a->entries, a->count, sizeof(key), by_path) : NULL;
}

int assets_new(struct assets **out, const struct http_asset *assets, unsigned count)
{
    struct assets *a = calloc(1, sizeof(*a));

    if (a && count)
        a->entries = calloc(count, sizeof(*a->entries));
    if (!a || (count && !a->entries)) {
        free(a);
        return -ENOMEM;
    }
    a->count = count;
    for (unsigned i = 0; i < count; i++) {
        a->entries[i].asset = &assets[i];
        make_etag(&a->entries[i]);
    }
    if (count)
        qsort(a->entries, count, sizeof(*a->entries), by_path);
    a->index = find(a, "/index.html");
    *out = a;
    return 0;
}

void assets_free(struct assets *a)
{
    if (!a)
        return;
    free(a->entries);
    free(a);
}

/* A path that the application shows by itself: no file, and not below what the routes own. */
static bool is_page(const struct http_request *r)
{
    const struct url_path *p = &r->path;

    if (!p->count)
        return true;
    return !strchr(p->segments[p->count - 1], '.') &&
           !router_owns(r->server->router, p->segments[0]);
}

/* A part of the file is a part of it as it is. */
static void choose_encoding(struct http_request *r, const struct entry *e)
{
    const struct http_asset *a = e->asset;
    unsigned accepted =
        http_header(r, "range") ? 0 : field_accepts(http_header(r, "accept-encoding"));
    const char *suffix = "";
    char etag[sizeof(e->etag) + 8];

    if (a->br && (accepted & FIELD_BR)) {
        reply_static(r, 200, a->type, a->br, a->br_len);
        http_reply_header(r, "content-encoding", "br");
        suffix = "-br";
    } else if (a->gzip && (accepted & FIELD_GZIP)) {
        reply_static(r, 200, a->type, a->gzip, a->gzip_len);
        http_reply_header(r, "content-encoding", "gzip");
        suffix = "-gzip";
    } else {
        reply_static(r, 200, a->type, a->data, a->len);
    }
    if (a->br || a->gzip)
        http_reply_header(r, "vary", "accept-encoding");
    snprintf(etag, sizeof(etag), "%s%s\"", e->etag, suffix);
    reply_conditions(r, etag, 0, !*suffix);
}

bool assets_have(const struct http_request *r)
{
    return find(r->server->assets, r->path.text) != NULL;
}

bool assets_serve(struct http_request *r)
{
    const struct assets *a = r->server->assets;
    const struct entry *e = find(a, r->path.text);

    if (!r->head && strcmp(r->method, "GET") != 0)
        return false;
    if (!e && is_page(r))
        e = a->index;
    if (!e)
        return false;
    r->reply.asset = true;
    /* Browsers take the policy of a 304 for the page that they kept: it must be the page's own. */
    r->reply.page = !strncmp(e->asset->type, "text/html", 9);
    http_reply_header(r, "cache-control",
                      e->asset->immutable ? "public, max-age=31536000, immutable" : "no-cache");
    choose_encoding(r, e);
    return true;
}
