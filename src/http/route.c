#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "http/http_priv.h"

/* A route's path, split once. */
struct pattern {
    const struct http_route *route;
    const char *segments[URL_SEGMENTS_MAX]; /* in text; a {name} keeps its braces */
    unsigned count, names;
    char *text;           /* owned */
    struct pattern *next; /* of as many segments */
};

struct router {
    struct pattern *patterns; /* owned */
    unsigned count;
    struct pattern *by_count[URL_SEGMENTS_MAX + 1];
};

static bool is_name(const char *segment)
{
    return segment[0] == '{';
}

static int split(struct pattern *p, struct error *err)
{
    char *save, *s;

    p->text = strdup(p->route->path);
    if (!p->text)
        return -ENOMEM;
    if (p->text[0] != '/')
        goto bad;
    for (s = strtok_r(p->text, "/", &save); s; s = strtok_r(NULL, "/", &save)) {
        if (p->count == URL_SEGMENTS_MAX)
            goto bad;
        if (is_name(s)) {
            if (s[strlen(s) - 1] != '}' || p->names == PARAMS_MAX)
                goto bad;
            p->names++;
        }
        p->segments[p->count++] = s;
    }
    return 0;
bad:
    return error_set(err, -EINVAL, p->route->path, NULL, "no path of a route");
}

/* Literal segments before names: so the first that matches is the one that is meant. */
static bool more_literal(const struct pattern *a, const struct pattern *b)
{
    for (unsigned i = 0; i < a->count; i++)
        if (is_name(a->segments[i]) != is_name(b->segments[i]))
            return is_name(b->segments[i]);
    return false;
}

static void insert(struct router *rt, struct pattern *p)
{
    struct pattern **at = &rt->by_count[p->count];

    while (*at && !more_literal(p, *at))
        at = &(*at)->next;
    p->next = *at;
    *at = p;
}

int router_new(struct router **out, const struct http_route *routes, unsigned count,
               struct error *err)
{
    struct router *rt = calloc(1, sizeof(*rt));
    int rc = 0;

    if (rt && count)
        rt->patterns = calloc(count, sizeof(*rt->patterns));
    if (!rt || (count && !rt->patterns)) {
        router_free(rt);
        return -ENOMEM;
    }
    rt->count = count;
    for (unsigned i = 0; i < count && !rc; i++) {
        rt->patterns[i].route = &routes[i];
        rc = split(&rt->patterns[i], err);
        if (!rc)
            insert(rt, &rt->patterns[i]);
    }
    if (rc) {
        router_free(rt);
        return rc;
    }
    *out = rt;
    return 0;
}

void router_free(struct router *rt)
{
    if (!rt)
        return;
    for (unsigned i = 0; i < rt->count && rt->patterns; i++)
        free(rt->patterns[i].text);
    free(rt->patterns);
    free(rt);
}

static bool matches(const struct pattern *p, const struct url_path *path, const char **params)
{
    unsigned n = 0;

    for (unsigned i = 0; i < p->count; i++) {
        if (!is_name(p->segments[i])) {
            if (strcmp(p->segments[i], path->segments[i]) != 0)
                return false;
        } else if (!path->segments[i][0]) {
            return false;
        } else {
            params[n++] = path->segments[i];
        }
    }
    return true;
}

static void add_method(char *allow, size_t size, const char *method)
{
    size_t len = strlen(allow);

    if (field_list_has(allow, method) || len + strlen(method) + 3 > size)
        return;
    if (len)
        stpcpy(stpcpy(allow + len, ", "), method);
    else
        stpcpy(allow, method);
}

int router_match(const struct router *rt, struct http_request *r, char *allow, size_t size)
{
    const char *method = r->head ? "GET" : r->method;
    const char *params[PARAMS_MAX];
    const struct pattern *meant = NULL;

    allow[0] = '\0';
    for (const struct pattern *p = rt->by_count[r->path.count]; p; p = p->next) {
        if (!matches(p, &r->path, params))
            continue;
        if (!meant)
            meant = p;
        else if (more_literal(meant, p))
            break; /* a path that is named has its own methods alone: OpenAPI 3.1, 4.8.8.2 */
        if (!strcmp(p->route->method, method)) {
            r->route = p->route;
            memcpy(r->params, params, p->names * sizeof(params[0]));
            return ROUTE_FOUND;
        }
        add_method(allow, size, p->route->method);
        if (!strcmp(p->route->method, "GET"))
            add_method(allow, size, "HEAD");
    }
    if (!allow[0])
        return ROUTE_NONE;
    add_method(allow, size, "OPTIONS");
    return ROUTE_OTHER_METHOD;
}

bool router_owns(const struct router *rt, const char *segment)
{
    for (unsigned i = 0; i < rt->count; i++)
        if (rt->patterns[i].count && !is_name(rt->patterns[i].segments[0]) &&
            !strcmp(rt->patterns[i].segments[0], segment))
            return true;
    return false;
}

const char *router_param(const struct http_request *r, const char *name)
{
    size_t len = strlen(name);
    unsigned i = 0;

    if (!r->route)
        return NULL;
    for (const char *p = strchr(r->route->path, '{'); p; p = strchr(p + 1, '{'), i++)
        if (!strncmp(p + 1, name, len) && p[len + 1] == '}')
            return r->params[i];
    return NULL;
}
