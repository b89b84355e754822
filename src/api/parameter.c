/* Parameters and bodies, held against the contract. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "api/api_priv.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/nearest.h"

enum { HEADER_NAME_MAX = 64 };

/* ---- parameters ----------------------------------------------------------------------------- */

static const char *raw(const struct api_call *c, const struct api_parameter *p)
{
    char small[HEADER_NAME_MAX];
    size_t i;

    if (p->place == API_IN_PATH)
        return http_path_param(c->request, p->name);
    if (p->place == API_IN_QUERY)
        return http_query(c->request, p->name);
    for (i = 0; p->name[i] && i + 1 < sizeof(small); i++)
        small[i] = (char)(p->name[i] >= 'A' && p->name[i] <= 'Z' ? p->name[i] + 32 : p->name[i]);
    small[i] = '\0';
    return http_header(c->request, small);
}

static void place_of(const struct api_parameter *p, char *out, size_t size)
{
    snprintf(out, size, "%s%s", p->place == API_IN_QUERY ? "?" : "", p->name);
}

static void read_one(struct api_call *c, const struct api_parameter *p, const struct schema *schema)
{
    const char *text = raw(c, p);
    char place[HEADER_NAME_MAX + 2];
    json_t *value;

    place_of(p, place, sizeof(place));
    if (!text) {
        const json_t *fallback = schema_default(schema);

        if (fallback)
            json_object_set(c->parameters, p->name, (json_t *)fallback);
        else if (p->required && strcmp(p->name, "If-Match") != 0) /* that is a 428 of its own */
            schema_fault(&c->faults, place, "add it", "is missing");
        return;
    }
    value = schema_value(schema, text);
    if (!value) {
        schema_fault(&c->faults, place, "write it in UTF-8", "cannot be read");
        return;
    }
    if (schema_check(schema, value, place, &c->faults))
        json_object_set(c->parameters, p->name, value);
    json_decref(value);
}

/* A misspelt parameter would be passed over in silence. */
static void refuse_unknown(struct api_call *c)
{
    unsigned count = http_query_count(c->request);

    for (unsigned i = 0; i < count; i++) {
        const char *value, *name = http_query_at(c->request, i, &value), *near;
        const char *words[32] = {NULL};
        char remedy[SCHEMA_WORDS_MAX] = "remove it", place[SCHEMA_POINTER_MAX];
        unsigned known = 0;
        bool found = false;

        for (unsigned p = 0; p < c->op->parameter_count && known < 31; p++)
            if (c->op->parameters[p].place == API_IN_QUERY) {
                words[known++] = c->op->parameters[p].name;
                found = found || strcmp(c->op->parameters[p].name, name) == 0;
            }
        if (found)
            continue;
        near = nearest_word(name, words);
        if (near)
            snprintf(remedy, sizeof(remedy), "did you mean \"%s\"?", near);
        snprintf(place, sizeof(place), "?%.200s", name);
        schema_fault(&c->faults, place, remedy, "there is no such parameter");
    }
}

static void read_place(struct api_call *c, bool path)
{
    unsigned op = api_operation_index(c->op);

    for (unsigned i = 0; i < c->op->parameter_count; i++)
        if ((c->op->parameters[i].place == API_IN_PATH) == path)
            read_one(c, &c->op->parameters[i], c->api->parameters[op][i]);
}

bool api_read_parameters(struct api_call *c)
{
    read_place(c, true);
    if (c->faults.count) { /* nothing has such an id */
        api_refuse_faults(c, 404);
        return false;
    }
    read_place(c, false);
    if (!c->op->any_query)
        refuse_unknown(c);
    if (c->faults.count) {
        api_refuse_faults(c, 400);
        return false;
    }
    if (c->op->if_match && !api_has(c, "If-Match")) {
        api_refuse(c, 428, "If-Match", "send the ETag of what you have read, or * to be bold",
                   "a change must say what it changes");
        return false;
    }
    if (c->op->idempotent)
        c->idempotency = api_text(c, "Idempotency-Key");
    return true;
}

/* ---- the body ------------------------------------------------------------------------------- */

static bool right_type(struct api_call *c)
{
    const char *type = http_header(c->request, "content-type");
    char remedy[SCHEMA_WORDS_MAX] = "send Content-Type:";
    size_t len = type ? strcspn(type, "; ") : 0;

    for (const char *const *t = c->op->body_types; *t; t++) {
        if (type ? strlen(*t) == len && strncasecmp(*t, type, len) == 0 : c->op->spool)
            return true;
        snprintf(remedy + strlen(remedy), sizeof(remedy) - strlen(remedy), "%s %s",
                 t == c->op->body_types ? "" : " or", *t);
    }
    api_refuse(c, 415, "Content-Type", remedy, "a body of type %.60s is not taken here",
               type ? type : "(none)");
    return false;
}

bool api_read_body(struct api_call *c)
{
    const struct schema *schema = c->api->bodies[api_operation_index(c->op)];
    struct error err = {0};
    size_t len = 0;
    const char *text;

    if (!c->op->body_types)
        return true;
    if (c->op->spool && http_spooled_size(c->request))
        return right_type(c);
    text = http_body(c->request, &len);
    if (len == 0) {
        if (!c->op->body_required)
            return true;
        api_refuse(c, 400, "", c->op->spool ? "send the file as the body" : "send a JSON body",
                   "the body is missing");
        return false;
    }
    if (!right_type(c))
        return false;
    if (json_load_text(text, len, "body", &c->body, &err)) {
        api_refuse_error(c, 400, "", &err);
        return false;
    }
    if (schema_check(schema, c->body, "", &c->faults))
        return true;
    api_refuse_faults(c, 422);
    return false;
}

/* ---- for handlers --------------------------------------------------------------------------- */

bool api_has(const struct api_call *c, const char *parameter)
{
    return json_object_get(c->parameters, parameter) != NULL;
}

int64_t api_int(const struct api_call *c, const char *parameter)
{
    const json_t *value = json_object_get(c->parameters, parameter);

    return json_is_real(value) ? (int64_t)json_real_value(value) : json_integer_value(value);
}

const char *api_text(const struct api_call *c, const char *parameter)
{
    return json_string_value(json_object_get(c->parameters, parameter));
}

bool api_flag(const struct api_call *c, const char *parameter)
{
    return json_is_true(json_object_get(c->parameters, parameter));
}

static int64_t time_of(const char *text)
{
    int64_t ms = 0;

    return text && clock_parse_iso(text, &ms) == 0 ? ms : 0;
}

int64_t api_time(const struct api_call *c, const char *parameter)
{
    return time_of(api_text(c, parameter));
}

uint64_t api_number(const struct api_call *c, const char *parameter)
{
    const char *text = api_text(c, parameter);

    return text ? strtoull(text + (*text == '+'), NULL, 10) : 0;
}

const char *api_body_text(const struct api_call *c, const char *key)
{
    return json_string_value(json_object_get(c->body, key));
}

int64_t api_body_int(const struct api_call *c, const char *key, int64_t fallback)
{
    const json_t *value = json_object_get(c->body, key);

    return json_is_number(value) ? (int64_t)json_number_value(value) : fallback;
}

bool api_body_flag(const struct api_call *c, const char *key)
{
    return json_is_true(json_object_get(c->body, key));
}

int64_t api_body_time(const struct api_call *c, const char *key)
{
    return time_of(api_body_text(c, key));
}
