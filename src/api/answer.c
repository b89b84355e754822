/* Answers: JSON, problems (RFC 9457), ETags; and pages of what the store shows. */
#include <errno.h>
#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api_priv.h"
#include "base/base64.h"
#include "base/log.h"

enum {
    TAG_BYTES = 15,
    REAL_DIGITS = 12, /* 9.98, not 9.9800000000000004 */
};

int api_answer(struct api_call *c, int status, json_t *owned)
{
    json_decref(c->answer);
    c->status = status;
    c->answer = owned;
    c->problem = false;
    return 0;
}

/* The tag of a content: its SHA-256, cut; the same content has the same tag. */
static int tag_of(const json_t *value, char out[32])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    char *text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS), coded[BASE64URL_ROOM(TAG_BYTES)];
    unsigned len = 0;
    int rc = text && EVP_Digest(text, strlen(text), digest, &len, EVP_sha256(), NULL) ? 0 : -ENOMEM;

    free(text);
    if (rc)
        return rc;
    base64url_encode(digest, TAG_BYTES, coded);
    snprintf(out, 32, "\"%s\"", coded);
    return 0;
}

/* Is tag in a list such as W/"a", "b"? Weak ones count only where told. */
static bool in_list(const char *list, const char *tag, bool weak)
{
    for (const char *p = list; p && (p = strstr(p, tag)); p += strlen(tag))
        if (weak || p < list + 2 || strncmp(p - 2, "W/", 2) != 0)
            return true;
    return list && strcmp(list, "*") == 0;
}

int api_answer_tagged(struct api_call *c, int status, json_t *owned)
{
    char tag[32];
    int rc = owned ? tag_of(owned, tag) : -ENOMEM;

    if (rc) {
        json_decref(owned);
        return rc;
    }
    if (status == 200 && strcmp(c->op->method, "GET") == 0 &&
        in_list(http_header(c->request, "if-none-match"), tag, true)) {
        json_decref(owned);
        owned = NULL;
        status = 304;
    }
    api_answer(c, status, owned);
    memcpy(c->tag, tag, sizeof(c->tag));
    return 0;
}

bool api_match(struct api_call *c, json_t *owned)
{
    char tag[32];
    int rc = owned ? tag_of(owned, tag) : -ENOMEM;

    json_decref(owned);
    if (rc) {
        api_fault(c, rc);
        return false;
    }
    if (in_list(api_text(c, "If-Match"), tag, false))
        return true;
    api_refuse(c, 412, "If-Match", "read it again, and change what is there now",
               "somebody changed it since you read it");
    return false;
}

int api_removed(struct api_call *c, int rc, const char *what, const char *used, const char *remedy)
{
    api_object(c, "%s %lld", what, (long long)api_int(c, "id"));
    if (rc == -EBUSY)
        return api_refuse(c, 409, "", remedy, "%s", used);
    return rc ? rc : api_answer(c, 204, NULL);
}

void api_location(struct api_call *c, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    vsnprintf(c->location, sizeof(c->location), format, ap);
    va_end(ap);
}

/* ---- problems ------------------------------------------------------------------------------- */

static json_t *problem(int status, const char *detail, const char *remedy, json_t *errors)
{
    json_t *p =
        json_pack("{s:s, s:s, s:i, s:s, s:o}", "type", "about:blank", "title",
                  http_status_text(status), "status", status, "detail", detail, "errors", errors);

    if (p && remedy && remedy[0])
        json_object_set_new(p, "remedy", json_string(remedy));
    return p;
}

static json_t *fault_json(const struct schema_fault *f)
{
    return json_pack("{s:s, s:s, s:s}", "pointer", f->pointer, "message", f->message, "remedy",
                     f->remedy);
}

int api_refuse_faults(struct api_call *c, int status)
{
    const struct schema_fault *first = &c->faults.list[0];
    char detail[SCHEMA_POINTER_MAX + SCHEMA_WORDS_MAX + 64];
    json_t *errors = json_array();
    unsigned others = c->faults.count + c->faults.more - 1;

    for (unsigned i = 0; i < c->faults.count; i++)
        json_array_append_new(errors, fault_json(&c->faults.list[i]));
    snprintf(detail, sizeof(detail), "%s%s%s", first->pointer, first->pointer[0] ? ": " : "",
             first->message);
    if (others)
        snprintf(detail + strlen(detail), sizeof(detail) - strlen(detail), " (and %u more)",
                 others);
    api_answer(c, status, problem(status, detail, first->remedy, errors));
    c->problem = true;
    return 0;
}

int api_refuse(struct api_call *c, int status, const char *pointer, const char *remedy,
               const char *format, ...)
{
    char message[SCHEMA_WORDS_MAX];
    va_list ap;

    va_start(ap, format);
    vsnprintf(message, sizeof(message), format, ap);
    va_end(ap);
    memset(&c->faults, 0, sizeof(c->faults));
    schema_fault(&c->faults, pointer, remedy, "%s", message);
    if (pointer[0])
        return api_refuse_faults(c, status);
    api_answer(c, status, problem(status, c->faults.list[0].message, remedy, json_array()));
    c->problem = true;
    return 0;
}

/* "stored campaign: pace.holidays[2]" → "/pace/holidays/2". What is no path stays out of it. */
static void pointer_of(const char *under, const char *place, char *out, size_t size)
{
    const char *path = strstr(place, ": ");
    size_t n = (size_t)snprintf(out, size, "%s", under);

    path = path ? path + 2 : "";
    if (*path)
        out[n++] = '/';
    for (; *path && n + 3 < size; path++) {
        if (*path == '.' || *path == '[')
            out[n++] = '/';
        else if (*path == '~' || *path == '/')
            n += (size_t)snprintf(out + n, size - n, "~%c", *path == '~' ? '0' : '1');
        else if (*path != ']')
            out[n++] = *path;
    }
    out[n] = '\0';
}

int api_refuse_error(struct api_call *c, int status, const char *under, const struct error *err)
{
    char pointer[SCHEMA_POINTER_MAX];

    pointer_of(under, err->place, pointer, sizeof(pointer));
    return api_refuse(c, status, pointer, err->remedy, "%s",
                      err->message[0] ? err->message : "out of memory");
}

int api_missing(struct api_call *c)
{
    return api_refuse(c, 404, "", NULL, "there is no such thing");
}

int api_fault(struct api_call *c, int rc)
{
    char words[128] = "";

    if (rc == -ENOENT)
        return api_missing(c);
    if (store_writer_failing(c->config->writer, words, sizeof(words)) || rc == -ENOSPC) {
        http_reply_header(c->request, "Retry-After", "10");
        return api_refuse(c, 503, "", "try again when that is mended", "%s",
                          words[0] ? words : "the disk is full");
    }
    log_error("a request failed", "operation=%s request=%s error=\"%s\"", c->op->id,
              http_id(c->request), strerror(-rc));
    return api_refuse(c, 500, "", "the log has more under this request's X-Request-Id",
                      "something went wrong here: %s", strerror(-rc));
}

void api_send(struct api_call *c)
{
    char *text;

    if (c->sent)
        return;
    if (!c->status)
        api_fault(c, -EBADMSG); /* a handler that did not answer */
    http_reply_header(c->request, "Cache-Control", "no-store");
    if (c->tag[0] && !c->problem)
        http_reply_header(c->request, "ETag", c->tag);
    if (c->location[0] && !c->problem)
        http_reply_header(c->request, "Location", c->location);
    if (!c->answer) {
        http_reply(c->request, c->status, NULL, NULL, 0);
        return;
    }
    text = json_dumps(c->answer, JSON_COMPACT | JSON_REAL_PRECISION(REAL_DIGITS));
    if (!text) {
        http_reply_problem(c->request, 500, "out of memory");
        return;
    }
    http_reply(c->request, c->status, c->problem ? "application/problem+json" : "application/json",
               text, strlen(text));
    free(text);
}

/* ---- pages ---------------------------------------------------------------------------------- */

void api_filter_number(struct api_filters *f, const char *name, int64_t number)
{
    if (f->count < API_FILTERS_MAX)
        f->list[f->count++] = (struct store_filter){.name = name, .number = number};
}

void api_filter_text(struct api_filters *f, const char *name, const char *text)
{
    if (f->count < API_FILTERS_MAX)
        f->list[f->count++] = (struct store_filter){.name = name, .text = text};
}

void api_filter_ints(struct api_filters *f, const struct api_call *c, const char *name)
{
    if (api_has(c, name))
        api_filter_number(f, name, api_int(c, name));
}

void api_filter_texts(struct api_filters *f, const struct api_call *c, const char *name)
{
    if (api_has(c, name))
        api_filter_text(f, name, api_text(c, name));
}

void api_filter_times(struct api_filters *f, const struct api_call *c)
{
    if (api_has(c, "from"))
        api_filter_number(f, "from", api_time(c, "from"));
    if (api_has(c, "until"))
        api_filter_number(f, "until", api_time(c, "until"));
}

int api_page(struct api_call *c, enum store_view view, const struct api_filters *f,
             int (*each)(struct api_call *c, json_t *item))
{
    struct store_page page = {.limit = (unsigned)api_int(c, "limit"),
                              .sort = api_text(c, "sort"),
                              .cursor = api_text(c, "cursor")};
    json_t *items = json_array(), *one;
    int rc = store_browse(c->store, view, f->list, f->count, &page, items);
    size_t i;

    if (!rc && each)
        json_array_foreach(items, i, one) if (!rc) rc = each(c, one);
    if (!rc)
        return api_answer(
            c, 200,
            json_pack("{s:o, s:s?}", "items", items, "next", page.next[0] ? page.next : NULL));
    json_decref(items);
    if (rc == -EINVAL && page.cursor)
        return api_refuse(c, 422, "?cursor", "begin again without it, or keep to its sort",
                          "is not a cursor of this list in this order");
    return rc;
}

static int collect(void *arg, const json_t *one)
{
    return json_array_append(arg, (json_t *)one);
}

int api_all(struct api_call *c, enum store_view view, const struct api_filters *f)
{
    json_t *items = json_array();
    int rc = store_show_all(c->store, view, f->list, f->count, collect, items);

    if (!rc)
        return api_answer(c, 200, json_pack("{s:o}", "items", items));
    json_decref(items);
    return rc;
}

int api_one(struct api_call *c, enum store_view view, bool tagged)
{
    json_t *one;
    int rc = store_look_id(c->store, view, api_int(c, "id"), &one);

    if (rc)
        return rc;
    return tagged ? api_answer_tagged(c, 200, one) : api_answer(c, 200, one);
}
