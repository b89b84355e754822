/* Replies that may be asked for in part, or only when they have changed: files and assets
 * (RFC 9110 13 and 14). */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "http/http_priv.h"

static bool unchanged(const struct http_request *r, const char *etag, time_t modified)
{
    const char *none_match = http_header(r, "if-none-match");
    const char *since = http_header(r, "if-modified-since");
    time_t t;

    if (none_match)
        return etag && field_etag_listed(none_match, etag);
    return since && modified && !field_parse_date(since, &t) && modified <= t;
}

/* If-Range: the part is wanted only of the version that the client has. Strong comparison. */
static bool same_version(const struct http_request *r, const char *etag, time_t modified)
{
    const char *if_range = http_header(r, "if-range");
    time_t t;

    if (!if_range)
        return true;
    if (*if_range == '"')
        return etag && !strcmp(if_range, etag);
    return modified && !field_parse_date(if_range, &t) && t == modified;
}

static void apply_range(struct http_request *r, const char *range)
{
    struct reply *p = &r->reply;
    uint64_t first = 0, last = 0;
    char text[80];
    int rc = field_range(range, p->length, &first, &last);

    if (!rc)
        return;
    if (rc < 0) {
        snprintf(text, sizeof(text), "bytes */%llu", (unsigned long long)p->length);
        p->status = 416;
        p->length = 0;
        p->type = NULL;
    } else {
        snprintf(text, sizeof(text), "bytes %llu-%llu/%llu", (unsigned long long)first,
                 (unsigned long long)last, (unsigned long long)p->length);
        p->status = 206;
        p->offset = first;
        p->length = last - first + 1;
    }
    http_reply_header(r, "content-range", text);
}

void reply_conditions(struct http_request *r, const char *etag, time_t modified, bool ranges)
{
    struct reply *p = &r->reply;
    const char *range = http_header(r, "range");
    char date[FIELD_DATE_SIZE];

    if (etag)
        http_reply_header(r, "etag", etag);
    if (modified) {
        field_date(modified, date);
        http_reply_header(r, "last-modified", date);
    }
    if (unchanged(r, etag, modified)) {
        p->status = 304;
        p->has_length = false;
        p->length = 0;
        p->type = NULL;
        return;
    }
    if (!ranges)
        return;
    http_reply_header(r, "accept-ranges", "bytes");
    if (range && !r->head && same_version(r, etag, modified))
        apply_range(r, range);
}

/* RFC 6266: a plain name for old clients, the true one in RFC 8187's form. */
static void attachment(struct http_request *r, const char *name)
{
    static const char hex[] = "0123456789ABCDEF";
    char text[1024], *at = stpcpy(text, "attachment; filename=\""), *end = text + sizeof(text) - 8;

    for (const char *c = name; *c && at < text + 300; c++)
        if ((unsigned char)*c < 0x80) /* one _ for a letter of several bytes is enough */
            *at++ = *c < ' ' || *c == 0x7f || strchr("\"\\/%;", *c) ? '_' : *c;
        else if (((unsigned char)*c & 0xc0) == 0xc0)
            *at++ = '_';
    at = stpcpy(at, "\"; filename*=UTF-8''");
    for (const char *c = name; *c && at < end; c++)
        if ((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') ||
            strchr("-._~", *c)) {
            *at++ = *c;
        } else {
            *at++ = '%';
            *at++ = hex[(unsigned char)*c >> 4];
            *at++ = hex[(unsigned char)*c & 15];
        }
    *at = '\0';
    http_reply_header(r, "content-disposition", text);
}

void http_reply_file(struct http_request *r, const char *path, const char *type,
                     const char *download_name)
{
    char etag[80];
    struct stat st;
    int fd;

    if (r->reply.status)
        return;
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode)) {
        if (fd >= 0)
            close(fd);
        http_reply_problem(r, 404, "The file is not there any more.");
        return;
    }
    reply_static(r, 200, type, NULL, (size_t)st.st_size);
    r->reply.fd = fd;
    if (download_name)
        attachment(r, download_name);
    snprintf(etag, sizeof(etag), "\"%llx-%llx-%lx\"", (unsigned long long)st.st_ino,
             (unsigned long long)st.st_size,
             (unsigned long)st.st_mtim.tv_sec * 1000003UL + (unsigned long)st.st_mtim.tv_nsec);
    reply_conditions(r, etag, st.st_mtim.tv_sec, true);
}
