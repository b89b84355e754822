/* The environment as OpenTelemetry names it (specification, "Environment Variable Specification"
 * and "OTLP Exporter"). What is set and cannot be used is refused: a trace that silently goes
 * nowhere helps nobody. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/hex.h"
#include "event/trace.h"

enum { QUEUE_MAX = 2048, BATCH_MAX = 512, DELAY_MS = 5000, TIMEOUT_MS = 10000 };

struct reader {
    char *(*get)(const char *name);
    struct trace_settings *s;
    struct error *err;
};

/* The specification: what is empty is as if it were not set. */
static const char *look(const struct reader *r, const char *name)
{
    const char *value = r->get(name);

    return value && value[0] ? value : NULL;
}

static int bad(const struct reader *r, const char *name, const char *remedy, const char *value)
{
    return error_set(r->err, -EINVAL, name, remedy, "\"%.80s\" cannot be used", value);
}

/* ---- where to ------------------------------------------------------------------------------- */

static int set_url(const struct reader *r, const char *from, const char *base, const char *path)
{
    size_t len = strlen(base);

    if (strncmp(base, "http://", 7) != 0 && strncmp(base, "https://", 8) != 0)
        return bad(r, from, "write for example http://localhost:4318", base);
    while (path[0] && len && base[len - 1] == '/')
        len--;
    if (len + strlen(path) >= sizeof(r->s->url))
        return bad(r, from, "write a shorter address", base);
    memcpy(r->s->url, base, len);
    memcpy(r->s->url + len, path, strlen(path) + 1);
    return 0;
}

static int read_url(const struct reader *r, const char *endpoint)
{
    const char *traces = look(r, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
    const char *all = look(r, "OTEL_EXPORTER_OTLP_ENDPOINT");

    if (endpoint)
        return set_url(r, "--otlp-endpoint", endpoint, "/v1/traces");
    if (traces)
        return set_url(r, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", traces, "");
    return all ? set_url(r, "OTEL_EXPORTER_OTLP_ENDPOINT", all, "/v1/traces") : 0;
}

static int read_protocol(const struct reader *r)
{
    const char *name = "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", *value = look(r, name);

    if (!value) {
        name = "OTEL_EXPORTER_OTLP_PROTOCOL";
        value = look(r, name);
    }
    return !value || strcmp(value, "http/json") == 0
               ? 0
               : bad(r, name, "only http/json is spoken; collectors take it at the same address",
                     value);
}

/* ---- lists: "key=value,key=value", values may be percent-encoded ------------------------------
 */

static void decode(char *text)
{
    char *to = text;

    for (const char *p = text; *p; p++) {
        int high = *p == '%' ? hex_digit(p[1]) : -1, low = high >= 0 ? hex_digit(p[2]) : -1;

        if (low >= 0 && (high || low)) {
            *to++ = (char)(high << 4 | low);
            p += 2;
        } else {
            *to++ = *p;
        }
    }
    *to = '\0';
}

static char *trim(char *text)
{
    char *end;

    text += strspn(text, " \t");
    end = text + strlen(text);
    while (end > text && (end[-1] == ' ' || end[-1] == '\t'))
        *--end = '\0';
    return text;
}

static int read_list(const struct reader *r, const char *name,
                     int (*add)(const struct reader *r, char *key, char *value))
{
    const char *value = look(r, name);
    char *copy = value ? strdup(value) : NULL, *rest = copy, *one;
    int rc = value && !copy ? -ENOMEM : 0;

    while (!rc && (one = strsep(&rest, ","))) {
        char *equals = strchr(one, '=');

        one = trim(one);
        if (!one[0])
            continue;
        if (equals)
            *equals = '\0';
        if (!equals || !trim(one)[0]) {
            rc = bad(r, name, "write key=value,key=value", one);
            break;
        }
        decode(equals + 1);
        rc = add(r, trim(one), trim(equals + 1));
        if (rc)
            rc = bad(r, name, "write fewer or shorter ones", one);
    }
    free(copy);
    return rc;
}

static int add_header(const struct reader *r, char *key, char *value)
{
    struct trace_settings *s = r->s;

    if (s->header_count == TRACE_HEADERS_MAX || strpbrk(value, "\r\n") ||
        strlen(key) + strlen(value) + 3 > sizeof(s->headers[0]))
        return -EINVAL;
    snprintf(s->headers[s->header_count++], sizeof(s->headers[0]), "%s: %s", key, value);
    return 0;
}

static int add_resource(const struct reader *r, char *key, char *value)
{
    struct trace_settings *s = r->s;
    unsigned i = 0;

    if (strlen(key) >= sizeof(s->resources[0].key) ||
        strlen(value) >= sizeof(s->resources[0].value))
        return -EINVAL;
    while (i < s->resource_count && strcmp(s->resources[i].key, key) != 0)
        i++;
    if (i == TRACE_RESOURCES_MAX)
        return -EINVAL;
    s->resource_count += i == s->resource_count;
    snprintf(s->resources[i].key, sizeof(s->resources[i].key), "%s", key);
    snprintf(s->resources[i].value, sizeof(s->resources[i].value), "%s", error_clean(value));
    return 0;
}

static int read_resources(const struct reader *r)
{
    char version[] = KOLCAST_VERSION, service[] = "kolcast", *name = NULL;
    const char *own = look(r, "OTEL_SERVICE_NAME");
    int rc = add_resource(r, (char[]){"service.name"}, service);

    if (!rc)
        rc = add_resource(r, (char[]){"service.version"}, version);
    if (!rc)
        rc = read_list(r, "OTEL_RESOURCE_ATTRIBUTES", add_resource);
    if (rc || !own)
        return rc;
    name = strdup(own);
    if (!name)
        return -ENOMEM;
    if (add_resource(r, (char[]){"service.name"}, name))
        rc = bad(r, "OTEL_SERVICE_NAME", "write a shorter one", own);
    free(name);
    return rc;
}

static int read_headers(const struct reader *r)
{
    const char *own = "OTEL_EXPORTER_OTLP_TRACES_HEADERS";

    return read_list(r, look(r, own) ? own : "OTEL_EXPORTER_OTLP_HEADERS", add_header);
}

/* ---- how many ------------------------------------------------------------------------------- */

static int read_sampler(const struct reader *r)
{
    static const struct {
        const char *name;
        enum trace_sampler sampler;
        bool parent_based;
    } samplers[] = {
        {"parentbased_always_on", TRACE_ALWAYS_ON, true},
        {"parentbased_always_off", TRACE_ALWAYS_OFF, true},
        {"parentbased_traceidratio", TRACE_RATIO, true},
        {"always_on", TRACE_ALWAYS_ON, false},
        {"always_off", TRACE_ALWAYS_OFF, false},
        {"traceidratio", TRACE_RATIO, false},
    };
    const char *name = look(r, "OTEL_TRACES_SAMPLER"), *arg = look(r, "OTEL_TRACES_SAMPLER_ARG");
    char *end = NULL;
    size_t i = 0, count = sizeof(samplers) / sizeof(samplers[0]);

    while (name && i < count && strcmp(samplers[i].name, name) != 0)
        i++;
    if (i == count)
        return bad(r, "OTEL_TRACES_SAMPLER", "write for example parentbased_traceidratio", name);
    r->s->sampler = samplers[i].sampler;
    r->s->parent_based = samplers[i].parent_based;
    r->s->ratio = arg ? strtod(arg, &end) : 1;
    if (r->s->sampler == TRACE_RATIO && arg && (*end || !(r->s->ratio >= 0 && r->s->ratio <= 1)))
        return bad(r, "OTEL_TRACES_SAMPLER_ARG", "write a share from 0 to 1", arg);
    return 0;
}

static int read_number(const struct reader *r, const char *name, long least, long most, long usual,
                       long *out)
{
    const char *value = look(r, name);
    char *end = NULL;

    *out = value ? strtol(value, &end, 10) : usual;
    if (value && (*end || *out < least || *out > most))
        return bad(r, name, "write a whole number that is neither too small nor too large", value);
    return 0;
}

static int read_sizes(const struct reader *r)
{
    const char *own = "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT";
    long queue, batch, delay, timeout;
    int rc = read_number(r, "OTEL_BSP_MAX_QUEUE_SIZE", 1, 1000000, QUEUE_MAX, &queue);

    if (!rc)
        rc = read_number(r, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 1, 100000, BATCH_MAX, &batch);
    if (!rc)
        rc = read_number(r, "OTEL_BSP_SCHEDULE_DELAY", 1, 3600000, DELAY_MS, &delay);
    if (!rc)
        rc = read_number(r, look(r, own) ? own : "OTEL_EXPORTER_OTLP_TIMEOUT", 1, 600000,
                         TIMEOUT_MS, &timeout);
    if (rc)
        return rc;
    r->s->queue_max = (unsigned)queue;
    r->s->batch_max = (unsigned)(batch < queue ? batch : queue);
    r->s->delay_ms = (int)delay;
    r->s->timeout_ms = (int)timeout;
    return 0;
}

/* ---- all of it ------------------------------------------------------------------------------ */

static int read_exporter(const struct reader *r, bool *off)
{
    const char *disabled = look(r, "OTEL_SDK_DISABLED");
    const char *exporter = look(r, "OTEL_TRACES_EXPORTER");

    *off = (disabled && strcasecmp(disabled, "true") == 0) ||
           (exporter && strcmp(exporter, "none") == 0);
    return *off || !exporter || strcmp(exporter, "otlp") == 0
               ? 0
               : bad(r, "OTEL_TRACES_EXPORTER", "write otlp or none", exporter);
}

int trace_settings_read(const char *endpoint, char *(*get)(const char *name),
                        struct trace_settings *out, struct error *err)
{
    struct trace_settings s = {.url = ""};
    const struct reader r = {.get = get, .s = &s, .err = err};
    bool off;
    int rc = read_exporter(&r, &off);

    if (!rc && !off)
        rc = read_url(&r, endpoint);
    if (!rc && s.url[0])
        rc = read_protocol(&r);
    if (!rc && s.url[0])
        rc = read_headers(&r);
    if (!rc && s.url[0])
        rc = read_resources(&r);
    if (!rc && s.url[0])
        rc = read_sampler(&r);
    if (!rc && s.url[0])
        rc = read_sizes(&r);
    if (!rc)
        *out = s;
    explicit_bzero(&s, sizeof(s)); /* headers may hold a key */
    return rc;
}
