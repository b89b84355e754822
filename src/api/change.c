/* Changes: one transaction with their line in the audit and the answer that is kept for an
 * Idempotency-Key. So a change that was acknowledged is on disk with all three, and a repeated
 * request finds either nothing or the answer. */
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/api_priv.h"
#include "base/list.h"
#include "store/work.h"

void api_object(struct api_call *c, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    vsnprintf(c->object, sizeof(c->object), format, ap);
    va_end(ap);
    error_clean(c->object);
}

void api_detail(struct api_call *c, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    vsnprintf(c->detail, sizeof(c->detail), format, ap);
    va_end(ap);
    error_clean(c->detail);
}

bool api_path(struct api_call *c, char *out, size_t size, const char *format, ...)
{
    int n = snprintf(out, size, "%s/", c->config->data_dir), more;
    va_list ap;

    if (n > 0 && (size_t)n < size) {
        va_start(ap, format);
        more = vsnprintf(out + n, size - (size_t)n, format, ap);
        va_end(ap);
        if (more > 0 && (size_t)(n + more) < size)
            return true;
    }
    api_fault(c, -ENAMETOOLONG);
    return false;
}

/* ---- kept answers --------------------------------------------------------------------------- */

static struct store_answer answer_of(const struct api_call *c, char who[64])
{
    snprintf(who, 64, "%s %lld", c->who.key ? "key" : "user",
             (long long)(c->who.key ? c->who.key : c->who.user));
    return (struct store_answer){
        .who = who, .operation = c->op->id, .key = c->idempotency, .request = c->request_hash};
}

/* Gives the first answer again, or refuses another request under the same key. */
static void replay(struct api_call *c, struct store_answer *kept)
{
    json_t *headers = json_loads(kept->headers, 0, NULL);

    if (strcmp(kept->kept_request, c->request_hash) != 0) {
        api_refuse(c, 422, "Idempotency-Key", "use a new key for each new request",
                   "this key was used for another request");
    } else {
        api_answer(c, (int)kept->status,
                   kept->body[0] ? json_loads(kept->body, JSON_DECODE_ANY, NULL) : NULL);
        snprintf(c->tag, sizeof(c->tag), "%s",
                 json_is_string(json_object_get(headers, "tag"))
                     ? json_string_value(json_object_get(headers, "tag"))
                     : "");
        snprintf(c->location, sizeof(c->location), "%s",
                 json_is_string(json_object_get(headers, "location"))
                     ? json_string_value(json_object_get(headers, "location"))
                     : "");
        http_reply_header(c->request, "Idempotency-Replayed", "true");
    }
    json_decref(headers);
    free(kept->headers);
    free(kept->body);
}

static int find_kept(struct api_call *c, struct store *s)
{
    char who[64];
    struct store_answer a = answer_of(c, who);
    int rc = store_answer_get(s, &a);

    if (!rc)
        replay(c, &a);
    return rc;
}

static int keep(struct api_call *c, struct store *s)
{
    char who[64], *body = c->answer ? json_dumps(c->answer, JSON_COMPACT) : strdup("");
    json_t *headers = json_pack("{s:s, s:s}", "tag", c->tag, "location", c->location);
    char *text = json_dumps(headers, JSON_COMPACT);
    struct store_answer a = answer_of(c, who);
    int rc = -ENOMEM;

    a.status = c->status;
    a.headers = text;
    a.body = body;
    if (text && body)
        rc = store_answer_put(s, &a);
    json_decref(headers);
    free(text);
    free(body);
    return rc;
}

static int hash_file(EVP_MD_CTX *ctx, const char *path)
{
    char block[65536];
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    ssize_t n = -1;

    if (fd < 0)
        return -EIO;
    while ((n = read(fd, block, sizeof(block))) > 0)
        EVP_DigestUpdate(ctx, block, (size_t)n);
    close(fd);
    return n < 0 ? -EIO : 0;
}

/* What makes a request the same one: path, query, body. */
static int hash_request(struct api_call *c)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    unsigned char digest[EVP_MAX_MD_SIZE];
    const char *path = http_path(c->request), *value;
    unsigned len = 0, queries = http_query_count(c->request);
    size_t size = 0;
    const void *body = c->op->spool ? NULL : http_body(c->request, &size);
    int rc = ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) ? 0 : -ENOMEM;

    if (!rc)
        EVP_DigestUpdate(ctx, path, strlen(path) + 1);
    for (unsigned i = 0; !rc && i < queries; i++) {
        const char *name = http_query_at(c->request, i, &value);

        EVP_DigestUpdate(ctx, name, strlen(name) + 1);
        EVP_DigestUpdate(ctx, value, strlen(value) + 1);
    }
    if (!rc && c->op->spool)
        rc = hash_file(ctx, http_spooled_path(c->request));
    else if (!rc && body)
        EVP_DigestUpdate(ctx, body, size);
    if (!rc)
        EVP_DigestFinal_ex(ctx, digest, &len);
    for (unsigned i = 0; !rc && i < 32; i++)
        snprintf(c->request_hash + 2 * i, 3, "%02x", digest[i]);
    EVP_MD_CTX_free(ctx);
    return rc;
}

bool api_new_request(struct api_call *c)
{
    int rc;

    if (!c->idempotency)
        return true;
    rc = hash_request(c);
    if (!rc)
        rc = find_kept(c, c->store);
    if (rc && rc != -ENOENT)
        api_fault(c, rc);
    return rc == -ENOENT;
}

/* ---- the change ----------------------------------------------------------------------------- */

struct change {
    struct store_job job;
    struct api_call *c;
    int (*fn)(struct api_call *c, struct store *s);
};

static int note(struct api_call *c, struct store *s)
{
    int rc = 0;

    if (c->op->audit)
        rc = store_audit(s, c->who.who, c->op->audit, c->object, c->detail);
    return !rc && c->idempotency ? keep(c, s) : rc;
}

static int run(struct store_job *job, struct store *s)
{
    struct change *change = container_of(job, struct change, job);
    struct api_call *c = change->c;
    int rc;

    /* The same request may have come twice at the same moment: here they are one after the other.
     */
    if (c->idempotency && find_kept(c, s) == 0)
        return -ECANCELED;
    rc = change->fn ? change->fn(c, s) : 0;
    if (rc)
        return rc;
    /* A refusal leaves nothing. */
    return c->status >= 400 ? -ECANCELED : note(c, s);
}

int api_change(struct api_call *c, int (*fn)(struct api_call *c, struct store *s))
{
    struct change change = {.job = {.run = run}, .c = c, .fn = fn};
    int rc = store_writer_do(c->config->writer, &change.job);

    return rc == -ECANCELED && c->status ? 0 : rc;
}

int api_changed(struct api_call *c)
{
    return api_change(c, NULL);
}
