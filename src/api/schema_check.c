/* The check itself. Goes on after a fault, so that a person mends all of them at once. */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/schema_priv.h"
#include "base/clock.h"
#include "base/nearest.h"

/* Where one is, as a chain on the stack: written out only when there is a fault. */
struct place {
    const struct place *parent;
    const char *root, *key;
    size_t index;
};

static void write_key(const char *key, char *buf, size_t size, size_t *n)
{
    for (; *key && *n + 3 < size; key++) {
        if (*key == '~' || *key == '/') {
            buf[(*n)++] = '~';
            buf[(*n)++] = *key == '~' ? '0' : '1';
        } else {
            buf[(*n)++] = *key;
        }
    }
}

static void write_place(const struct place *p, char *buf, size_t size, size_t *n)
{
    if (!p->parent) {
        *n = (size_t)snprintf(buf, size, "%.*s", (int)size - 1, p->root);
        return;
    }
    write_place(p->parent, buf, size, n);
    if (*n + 24 >= size)
        return;
    buf[(*n)++] = '/';
    if (p->key)
        write_key(p->key, buf, size, n);
    else
        *n += (size_t)snprintf(buf + *n, size - *n, "%zu", p->index);
    buf[*n] = '\0';
}

static void add(struct schema_faults *faults, const char *pointer, const char *remedy,
                const char *format, va_list ap)
{
    struct schema_fault *f;

    if (faults->count == SCHEMA_FAULTS_MAX) {
        faults->more++;
        return;
    }
    f = &faults->list[faults->count++];
    snprintf(f->pointer, sizeof(f->pointer), "%s", pointer);
    snprintf(f->remedy, sizeof(f->remedy), "%s", remedy ? remedy : "");
    vsnprintf(f->message, sizeof(f->message), format, ap);
    error_clean(f->pointer);
    error_clean(f->remedy);
    error_clean(f->message);
}

void schema_fault(struct schema_faults *faults, const char *pointer, const char *remedy,
                  const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    add(faults, pointer, remedy, format, ap);
    va_end(ap);
}

__attribute__((format(printf, 4, 5))) static bool fault(struct schema_faults *faults,
                                                        const struct place *p, const char *remedy,
                                                        const char *format, ...)
{
    char pointer[SCHEMA_POINTER_MAX] = "";
    size_t n = 0;
    va_list ap;

    write_place(p, pointer, sizeof(pointer), &n);
    va_start(ap, format);
    add(faults, pointer, remedy, format, ap);
    va_end(ap);
    return false;
}

static unsigned type_of(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return SCHEMA_OBJECT;
    case JSON_ARRAY:
        return SCHEMA_ARRAY;
    case JSON_STRING:
        return SCHEMA_STRING;
    case JSON_INTEGER:
        return SCHEMA_INTEGER;
    case JSON_REAL: /* 2.0 is a whole number too */
        return json_real_value(value) == trunc(json_real_value(value)) &&
                       fabs(json_real_value(value)) < 9e15
                   ? SCHEMA_NUMBER | SCHEMA_INTEGER
                   : SCHEMA_NUMBER;
    case JSON_TRUE:
    case JSON_FALSE:
        return SCHEMA_BOOLEAN;
    default:
        return SCHEMA_NULL;
    }
}

static const char *type_words(unsigned types)
{
    if (types & SCHEMA_OBJECT)
        return "an object {…}";
    if (types & SCHEMA_ARRAY)
        return "a list […]";
    if (types & SCHEMA_STRING)
        return "a text";
    if (types & SCHEMA_NUMBER)
        return "a number";
    if (types & SCHEMA_INTEGER)
        return "a whole number";
    if (types & SCHEMA_BOOLEAN)
        return "true or false";
    return "null";
}

static bool check(const struct schema *s, const json_t *value, const struct place *at,
                  struct schema_faults *faults);

/* ---- texts ---------------------------------------------------------------------------------- */

static int64_t code_points(const char *text)
{
    int64_t n = 0;

    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

static bool is_email(const char *text)
{
    const char *at = strchr(text, '@');

    if (!at || at == text || strchr(at + 1, '@') || !at[1] || at[1] == '.' ||
        text[strlen(text) - 1] == '.')
        return false;
    for (; *text; text++)
        if ((unsigned char)*text <= ' ' || strchr("<>\",;:\\()[]\x7f", *text))
            return false;
    return true;
}

static bool is_number(const char *text)
{
    size_t n = strlen(text);

    return n >= 6 && n <= 16 && text[0] == '+' && text[1] != '0' &&
           strspn(text + 1, "0123456789") == n - 1;
}

static bool check_format(const struct schema *s, const char *text, const struct place *at,
                         struct schema_faults *faults)
{
    int64_t ms;

    switch (s->format) {
    case SCHEMA_FORMAT_TIME:
        return clock_parse_iso(text, &ms) == 0 ||
               fault(faults, at, "write it as 2026-11-23T21:05:00Z",
                     "\"%.40s\" is not a date and time", text);
    case SCHEMA_FORMAT_EMAIL:
        return is_email(text) || fault(faults, at, "write it as name@example.org",
                                       "\"%.60s\" is not an e-mail address", text);
    case SCHEMA_FORMAT_E164:
        return is_number(text) ||
               fault(faults, at, "write it with + and the country: +972501234567",
                     "\"%.40s\" is not a full phone number", text);
    case SCHEMA_FORMAT_TEXT:
        for (; *text; text++)
            if ((unsigned char)*text < 0x20 || *text == 0x7f)
                return fault(faults, at, "remove it", "holds a control character");
        return true;
    default:
        return true;
    }
}

static bool check_string(const struct schema *s, const char *text, const struct place *at,
                         struct schema_faults *faults)
{
    int64_t n = code_points(text);

    if (s->length_min > 0 && n == 0)
        return fault(faults, at, "write it", "is empty");
    if (s->length_min >= 0 && n < s->length_min)
        return fault(faults, at, "make it longer", "is shorter than %lld characters",
                     (long long)s->length_min);
    if (s->length_max >= 0 && n > s->length_max)
        return fault(faults, at, "shorten it", "is longer than %lld characters",
                     (long long)s->length_max);
    if (!check_format(s, text, at, faults))
        return false;
    if (s->pattern && regexec(s->pattern, text, 0, NULL, 0)) {
        char remedy[SCHEMA_WORDS_MAX];
        const json_t *example = json_array_get(json_object_get(s->json, "examples"), 0);

        if (json_is_string(example))
            snprintf(remedy, sizeof(remedy), "write it like \"%s\"", json_string_value(example));
        else
            snprintf(remedy, sizeof(remedy), "it must match %.160s", s->pattern_text);
        return fault(faults, at, remedy, "\"%.40s\" does not have the right form", text);
    }
    return true;
}

/* ---- numbers, values ------------------------------------------------------------------------ */

static bool check_number(const struct schema *s, double n, const struct place *at,
                         struct schema_faults *faults)
{
    if (n >= s->minimum && n <= s->maximum)
        return true;
    if (isfinite(s->minimum) && isfinite(s->maximum))
        return fault(faults, at, "choose one within", "%.15g is not between %.15g and %.15g", n,
                     s->minimum, s->maximum);
    return isfinite(s->minimum)
               ? fault(faults, at, "make it greater", "%.15g is less than %.15g", n, s->minimum)
               : fault(faults, at, "make it less", "%.15g is more than %.15g", n, s->maximum);
}

static bool check_enum(const struct schema *s, const json_t *value, const struct place *at,
                       struct schema_faults *faults)
{
    char remedy[SCHEMA_WORDS_MAX] = "one of:";
    const char *words[64] = {NULL}, *near = NULL;
    const json_t *one;
    size_t i, n = 0, used;

    json_array_foreach(s->values, i, one)
    {
        if (json_equal(one, value))
            return true;
        if (json_is_string(one) && n < 63)
            words[n++] = json_string_value(one);
    }
    if (json_is_string(value))
        near = nearest_word(json_string_value(value), words);
    if (near)
        snprintf(remedy, sizeof(remedy), "did you mean \"%s\"?", near);
    for (i = 0, used = strlen(remedy); !near && i < n && used + 1 < sizeof(remedy); i++) {
        snprintf(remedy + used, sizeof(remedy) - used, " %s", words[i]);
        used = strlen(remedy);
    }
    if (json_is_string(value))
        return fault(faults, at, remedy, "\"%.40s\" is not one of its values",
                     json_string_value(value));
    return fault(faults, at, remedy, "is not one of its values");
}

/* ---- lists, objects ------------------------------------------------------------------------- */

static bool check_array(const struct schema *s, const json_t *value, const struct place *at,
                        struct schema_faults *faults)
{
    int64_t n = (int64_t)json_array_size(value);
    bool right = true;

    if (s->items_min >= 0 && n < s->items_min)
        right = fault(faults, at, "add some", "has fewer than %lld items", (long long)s->items_min);
    if (s->items_max >= 0 && n > s->items_max)
        return fault(faults, at, "remove some", "has more than %lld items",
                     (long long)s->items_max);
    for (size_t i = 0; s->items && i < (size_t)n; i++) {
        struct place here = {.parent = at, .index = i};

        if (!check(s->items, json_array_get(value, i), &here, faults))
            right = false;
    }
    return right;
}

static const struct schema_property *property(const struct schema *s, const char *name)
{
    for (unsigned i = 0; i < s->property_count; i++)
        if (strcmp(s->properties[i].name, name) == 0)
            return &s->properties[i];
    return NULL;
}

static bool unknown_key(const struct schema *s, const char *key, const struct place *at,
                        struct schema_faults *faults)
{
    char remedy[SCHEMA_WORDS_MAX] = "remove it";
    const char *words[128] = {NULL}, *near;

    for (unsigned i = 0; i < s->property_count && i < 127; i++)
        words[i] = s->properties[i].name;
    near = nearest_word(key, words);
    if (near)
        snprintf(remedy, sizeof(remedy), "did you mean \"%s\"?", near);
    return fault(faults, at, remedy, "unknown key");
}

static bool check_key(const struct schema *s, const char *key, const json_t *value,
                      const struct place *at, struct schema_faults *faults)
{
    const struct schema_property *p = property(s, key);
    bool right = true;

    if (s->key_schema) {
        json_t *name = json_string(key);

        right = name && check(s->key_schema, name, at, faults);
        json_decref(name);
    }
    if (p)
        return (!p->schema || check(p->schema, value, at, faults)) && right;
    if (s->closed)
        return unknown_key(s, key, at, faults);
    return (!s->rest || check(s->rest, value, at, faults)) && right;
}

static bool check_object(const struct schema *s, const json_t *value, const struct place *at,
                         struct schema_faults *faults)
{
    int64_t n = (int64_t)json_object_size(value);
    bool right = true;
    const char *key;
    json_t *child;

    if (s->keys_min >= 0 && n < s->keys_min)
        right = fault(faults, at, "add some", "has fewer than %lld keys", (long long)s->keys_min);
    if (s->keys_max >= 0 && n > s->keys_max)
        return fault(faults, at, "remove some", "has more than %lld keys", (long long)s->keys_max);
    json_object_foreach((json_t *)value, key, child)
    {
        struct place here = {.parent = at, .key = key};

        if (!check_key(s, key, child, &here, faults))
            right = false;
    }
    for (unsigned i = 0; i < s->property_count; i++) {
        struct place here = {.parent = at, .key = s->properties[i].name};

        if (s->properties[i].required && !json_object_get(value, s->properties[i].name))
            right = fault(faults, &here, "add it", "is missing");
    }
    return right;
}

/* ---- all of it ------------------------------------------------------------------------------ */

static unsigned types_of_schema(const struct schema *s)
{
    for (; s; s = s->also)
        if (s->types)
            return s->types;
    return 0;
}

/* The branch whose type fits is the one that was meant: its faults are told. */
static bool check_branches(const struct schema *s, const json_t *value, const struct place *at,
                           struct schema_faults *faults)
{
    const struct schema *meant = NULL;
    unsigned types = 0;

    for (unsigned i = 0; i < s->branch_count; i++) {
        struct schema_faults quiet = {0};
        unsigned t = types_of_schema(s->branches[i]);

        if (check(s->branches[i], value, at, &quiet))
            return true;
        types |= t;
        if (!meant && (!t || (t & type_of(value))))
            meant = s->branches[i];
    }
    if (meant)
        return check(meant, value, at, faults);
    return fault(faults, at, NULL, "expected %s, found %s", type_words(types),
                 type_words(type_of(value)));
}

static bool check(const struct schema *s, const json_t *value, const struct place *at,
                  struct schema_faults *faults)
{
    unsigned type = type_of(value);
    bool right = true;

    if (s->types && !(s->types & type))
        return fault(faults, at, NULL, "expected %s, found %s", type_words(s->types),
                     type_words(type));
    if (s->also && !check(s->also, value, at, faults))
        right = false;
    if (s->constant && !json_equal(s->constant, value))
        right = fault(faults, at, NULL, "is not the value it must have");
    if (s->values && !check_enum(s, value, at, faults))
        right = false;
    if (s->branch_count && !check_branches(s, value, at, faults))
        right = false;
    if (!right)
        return false;
    if (type == SCHEMA_STRING)
        return check_string(s, json_string_value(value), at, faults);
    if (type & (SCHEMA_NUMBER | SCHEMA_INTEGER))
        return check_number(s, json_number_value(value), at, faults);
    if (type == SCHEMA_ARRAY)
        return check_array(s, value, at, faults);
    if (type == SCHEMA_OBJECT)
        return check_object(s, value, at, faults);
    return true;
}

bool schema_check(const struct schema *s, const json_t *value, const char *at,
                  struct schema_faults *faults)
{
    struct place root = {.root = at};

    return check(s, value, &root, faults);
}

json_t *schema_value(const struct schema *s, const char *text)
{
    unsigned types = types_of_schema(s);
    char *end;

    if ((types & SCHEMA_BOOLEAN) && strcmp(text, "true") == 0)
        return json_true();
    if ((types & SCHEMA_BOOLEAN) && strcmp(text, "false") == 0)
        return json_false();
    if ((types & SCHEMA_INTEGER) && text[0] && strspn(text, "-0123456789") == strlen(text)) {
        long long n;

        errno = 0;
        n = strtoll(text, &end, 10);
        if (!errno && !*end)
            return json_integer(n);
    }
    if ((types & SCHEMA_NUMBER) && text[0] && strspn(text, "-+.0123456789eE") == strlen(text)) {
        double n = strtod(text, &end);

        if (!*end && isfinite(n))
            return json_real(n);
    }
    return json_string(text);
}
