/* Compiles the schemas of a document. A schema is compiled when it is first asked for, with what it
 * refers to; one that refers to itself is not known here (none of the contract does). */
#include "api/schema.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/schema_priv.h"
#include "base/json.h"

enum { DEPTH_MAX = 24 };

struct schema_book {
    json_t *document;
    struct schema **list; /* owned, each of its own */
    unsigned count, cap;
};

static int bad(struct error *err, const json_t *json, const char *what)
{
    char *text = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);

    error_set(err, -EINVAL, "schema", NULL, "%s: %.200s", what, text ? text : "?");
    free(text);
    return -EINVAL;
}

static const json_t *follow(const json_t *at, const char *part, size_t len)
{
    char key[256];
    size_t n = 0;

    for (size_t i = 0; i < len && n + 1 < sizeof(key); i++) {
        bool escape = part[i] == '~' && i + 1 < len;

        key[n++] = escape ? (part[++i] == '1' ? '/' : '~') : part[i];
    }
    key[n] = '\0';
    return json_is_array(at) ? json_array_get(at, (size_t)strtoul(key, NULL, 10))
                             : json_object_get(at, key);
}

static const json_t *look_up(const json_t *document, const char *pointer)
{
    const json_t *at = document;

    while (at && *pointer == '/') {
        size_t len = strcspn(++pointer, "/");

        at = follow(at, pointer, len);
        pointer += len;
    }
    return at;
}

static struct schema *new_schema(struct schema_book *b, const json_t *json)
{
    struct schema *s;

    if (b->count == b->cap) {
        unsigned cap = b->cap ? 2 * b->cap : 256;
        struct schema **bigger = realloc(b->list, cap * sizeof(struct schema *));

        if (!bigger)
            return NULL;
        b->list = bigger;
        b->cap = cap;
    }
    s = calloc(1, sizeof(*s));
    if (!s)
        return NULL;
    s->json = json;
    s->minimum = -INFINITY;
    s->maximum = INFINITY;
    s->length_min = s->length_max = s->items_min = s->items_max = s->keys_min = s->keys_max = -1;
    return b->list[b->count++] = s;
}

static int compile(struct schema_book *b, const json_t *json, int depth, const struct schema **out,
                   struct error *err);

static unsigned type_of(const char *name)
{
    static const struct {
        const char *name;
        unsigned type;
    } types[] = {{"null", SCHEMA_NULL},       {"boolean", SCHEMA_BOOLEAN},
                 {"integer", SCHEMA_INTEGER}, {"number", SCHEMA_NUMBER | SCHEMA_INTEGER},
                 {"string", SCHEMA_STRING},   {"array", SCHEMA_ARRAY},
                 {"object", SCHEMA_OBJECT}};

    for (size_t i = 0; name && i < sizeof(types) / sizeof(types[0]); i++)
        if (strcmp(types[i].name, name) == 0)
            return types[i].type;
    return 0;
}

static int read_types(struct schema *s, const json_t *type, struct error *err)
{
    const json_t *one;
    size_t i;

    if (json_is_string(type))
        s->types = type_of(json_string_value(type));
    json_array_foreach(type, i, one)
    {
        unsigned t = type_of(json_string_value(one));

        if (!t)
            return bad(err, s->json, "unknown type");
        s->types |= t;
    }
    return type && !s->types ? bad(err, s->json, "unknown type") : 0;
}

/* int64 and the like are for code generators; int_min is in the schema besides. */
static void read_format(struct schema *s, const char *name)
{
    static const struct {
        const char *name;
        enum schema_format format;
    } formats[] = {{"date-time", SCHEMA_FORMAT_TIME},
                   {"email", SCHEMA_FORMAT_EMAIL},
                   {"e164", SCHEMA_FORMAT_E164},
                   {"text", SCHEMA_FORMAT_TEXT}};

    for (size_t i = 0; name && i < sizeof(formats) / sizeof(formats[0]); i++)
        if (strcmp(formats[i].name, name) == 0)
            s->format = formats[i].format;
}

static void read_limits(struct schema *s)
{
    const struct {
        const char *key;
        int64_t *to;
    } whole[] = {{"minLength", &s->length_min},   {"maxLength", &s->length_max},
                 {"minItems", &s->items_min},     {"maxItems", &s->items_max},
                 {"minProperties", &s->keys_min}, {"maxProperties", &s->keys_max}};
    const json_t *value;

    for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++)
        if ((value = json_object_get(s->json, whole[i].key)))
            *whole[i].to = json_integer_value(value);
    if ((value = json_object_get(s->json, "minimum")))
        s->minimum = json_number_value(value);
    if ((value = json_object_get(s->json, "maximum")))
        s->maximum = json_number_value(value);
}

static int read_pattern(struct schema *s, struct error *err)
{
    const char *text = json_string_value(json_object_get(s->json, "pattern"));

    if (!text)
        return 0;
    s->pattern = malloc(sizeof(*s->pattern));
    if (!s->pattern)
        return -ENOMEM;
    if (regcomp(s->pattern, text, REG_EXTENDED | REG_NOSUB)) {
        free(s->pattern);
        s->pattern = NULL;
        return bad(err, s->json, "the pattern cannot be read");
    }
    s->pattern_text = text;
    return 0;
}

static bool is_required(const json_t *schema, const char *name)
{
    const json_t *one;
    size_t i;

    json_array_foreach(json_object_get(schema, "required"), i,
                       one) if (strcmp(json_string_value(one), name) == 0) return true;
    return false;
}

/* A key that is required but not described may hold anything. */
static int read_properties(struct schema_book *b, struct schema *s, int depth, struct error *err)
{
    const json_t *properties = json_object_get(s->json, "properties"), *child;
    const json_t *required = json_object_get(s->json, "required");
    size_t most = json_object_size(properties) + json_array_size(required), i;
    const char *name;
    int rc = 0;

    if (most == 0)
        return 0;
    s->properties = calloc(most, sizeof(*s->properties));
    if (!s->properties)
        return -ENOMEM;
    json_object_foreach((json_t *)properties, name, child)
    {
        struct schema_property *p = &s->properties[s->property_count++];

        p->name = name;
        p->required = is_required(s->json, name);
        if ((rc = compile(b, child, depth, &p->schema, err)))
            return rc;
    }
    json_array_foreach(required, i, child)
    {
        name = json_string_value(child);
        if (!json_object_get(properties, name))
            s->properties[s->property_count++] =
                (struct schema_property){.name = name, .required = true};
    }
    return 0;
}

static int read_branches(struct schema_book *b, struct schema *s, int depth, struct error *err)
{
    const json_t *list = json_object_get(s->json, "oneOf"), *one;
    size_t i;

    if (!list)
        return 0;
    s->branches = calloc(json_array_size(list), sizeof(*s->branches)); /* NOLINT: of pointers */
    if (!s->branches)
        return -ENOMEM;
    json_array_foreach(list, i, one)
    {
        int rc = compile(b, one, depth, &s->branches[s->branch_count++], err);

        if (rc)
            return rc;
    }
    return 0;
}

static int read_children(struct schema_book *b, struct schema *s, int depth, struct error *err)
{
    const json_t *rest = json_object_get(s->json, "additionalProperties");
    const json_t *items = json_object_get(s->json, "items");
    const json_t *keys = json_object_get(s->json, "propertyNames");
    int rc = read_properties(b, s, depth, err);

    s->closed = json_is_false(rest);
    if (!rc && json_is_object(rest))
        rc = compile(b, rest, depth, &s->rest, err);
    if (!rc && items)
        rc = compile(b, items, depth, &s->items, err);
    if (!rc && keys)
        rc = compile(b, keys, depth, &s->key_schema, err);
    return rc ? rc : read_branches(b, s, depth, err);
}

static int read_reference(struct schema_book *b, struct schema *s, int depth, struct error *err)
{
    const char *ref = json_string_value(json_object_get(s->json, "$ref"));
    const json_t *target;

    if (!ref)
        return 0;
    target = ref[0] == '#' ? look_up(b->document, ref + 1) : NULL;
    return target ? compile(b, target, depth, &s->also, err)
                  : bad(err, s->json, "nothing is where it refers to");
}

static int compile(struct schema_book *b, const json_t *json, int depth, const struct schema **out,
                   struct error *err)
{
    struct schema *s;
    int rc;

    for (unsigned i = 0; i < b->count; i++)
        if (b->list[i]->json == json) {
            *out = b->list[i];
            return 0;
        }
    if (!json_is_object(json) || depth > DEPTH_MAX)
        return bad(err, json, "not a schema, or too deep");
    s = new_schema(b, json);
    if (!s)
        return -ENOMEM;
    rc = read_types(s, json_object_get(json, "type"), err);
    s->description = json_string_value(json_object_get(json, "description"));
    s->fallback = json_object_get(json, "default");
    *out = s;
    /* What a loader of its own reads and explains needs only its type here. */
    if (rc || json_object_get(json, "x-loader"))
        return rc;
    read_format(s, json_string_value(json_object_get(json, "format")));
    read_limits(s);
    s->values = json_object_get(json, "enum");
    s->constant = json_object_get(json, "const");
    rc = read_pattern(s, err);
    if (!rc)
        rc = read_reference(b, s, depth + 1, err);
    return rc ? rc : read_children(b, s, depth + 1, err);
}

int schema_book_new(struct schema_book **out, const char *json, size_t size, struct error *err)
{
    struct schema_book *b = calloc(1, sizeof(*b));
    int rc;

    if (!b)
        return -ENOMEM;
    rc = json_load_text(json, size, "the contract", &b->document, err);
    if (rc) {
        free(b);
        return rc;
    }
    *out = b;
    return 0;
}

void schema_book_free(struct schema_book *b)
{
    if (!b)
        return;
    for (unsigned i = 0; i < b->count; i++) {
        struct schema *s = b->list[i];

        if (s->pattern)
            regfree(s->pattern);
        free(s->pattern);
        free(s->properties);
        free(s->branches);
        free(s);
    }
    free(b->list);
    json_decref(b->document);
    free(b);
}

int schema_book_get(struct schema_book *b, const char *pointer, const struct schema **out,
                    struct error *err)
{
    const json_t *json = look_up(b->document, pointer);

    if (!json)
        return error_set(err, -ENOENT, pointer, NULL, "there is no such schema in the contract");
    return compile(b, json, 0, out, err);
}

const json_t *schema_default(const struct schema *s)
{
    while (s && !s->fallback)
        s = s->also;
    return s ? s->fallback : NULL;
}
