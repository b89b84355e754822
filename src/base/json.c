#include "base/json.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/nearest.h"

enum { JSON_FILE_MAX = 8 << 20, KEY_MAX = 64 };

int json_load_text(const char *text, size_t len, const char *name, json_t **out, struct error *err)
{
    json_error_t fault;
    json_t *value;

    if (len >= 3 &&
        memcmp(text, "\xef\xbb\xbf", 3) == 0) { /* a byte order mark of Windows editors */
        text += 3;
        len -= 3;
    }
    value = json_loadb(text, len, JSON_REJECT_DUPLICATES, &fault);
    if (!value) {
        char place[ERROR_PLACE_MAX];

        if (json_error_code(&fault) == json_error_out_of_memory)
            return -ENOMEM;
        snprintf(place, sizeof(place), "%s, line %d, column %d", name ? name : "JSON", fault.line,
                 fault.column);
        return error_set(err, -EINVAL, place, "mend the JSON there: a comma, a quote or a bracket",
                         "not valid JSON: %s", fault.text);
    }
    *out = value;
    return 0;
}

int json_load_path(const char *path, json_t **out, struct error *err)
{
    char *text;
    size_t len;
    int rc = file_read(path, JSON_FILE_MAX, &text, &len, err);

    if (rc)
        return rc;
    rc = json_load_text(text, len, path, out, err);
    free(text);
    return rc;
}

struct json_at json_root(const json_t *value, const char *file)
{
    return (struct json_at){.value = value, .file = file};
}

struct json_at json_key(const struct json_at *parent, const char *key)
{
    return (struct json_at){
        .value = json_object_get(parent->value, key),
        .file = parent->file,
        .parent = parent,
        .key = key,
    };
}

struct json_at json_item(const struct json_at *parent, int index)
{
    return (struct json_at){
        .value = json_array_get(parent->value, (size_t)index),
        .file = parent->file,
        .parent = parent,
        .index = index,
    };
}

/* Appends the path of at; returns the length written. */
static unsigned write_path(const struct json_at *at, char *buf, unsigned size)
{
    unsigned n;
    int more;

    if (!at->parent)
        return 0;
    n = write_path(at->parent, buf, size);
    if (n + 1 >= size)
        return n;
    if (at->key)
        more = snprintf(buf + n, size - n, "%s%s", n ? "." : "", at->key);
    else
        more = snprintf(buf + n, size - n, "[%d]", at->index);
    if (more < 0)
        return n;
    return n + (unsigned)more < size ? n + (unsigned)more : size - 1;
}

void json_path(const struct json_at *at, char *buf, unsigned size)
{
    buf[0] = '\0';
    write_path(at, buf, size);
}

int json_fail(const struct json_at *at, struct error *err, const char *remedy, const char *format,
              ...)
{
    char place[ERROR_PLACE_MAX], path[ERROR_PLACE_MAX / 2], message[ERROR_TEXT_MAX];
    va_list ap;

    json_path(at, path, sizeof(path));
    snprintf(place, sizeof(place), "%.120s%s%s", at->file ? at->file : "",
             at->file && path[0] ? ": " : "", path);
    va_start(ap, format);
    vsnprintf(message, sizeof(message), format, ap);
    va_end(ap);
    return error_set(err, -EINVAL, place, remedy, "%s", message);
}

static const char *type_name(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "an object {…}";
    case JSON_ARRAY:
        return "a list […]";
    case JSON_STRING:
        return "a text";
    case JSON_INTEGER:
    case JSON_REAL:
        return "a number";
    case JSON_TRUE:
    case JSON_FALSE:
        return "true or false";
    case JSON_NULL:
        return "null";
    }
    return "something else";
}

static int wrong_type(const struct json_at *at, struct error *err, const char *wanted)
{
    return json_fail(at, err, NULL, "expected %s, found %s", wanted, type_name(at->value));
}

int json_only_keys(const struct json_at *object, const char *const *keys, struct error *err)
{
    const char *key;
    json_t *value;

    if (!json_is_object(object->value))
        return object->value ? wrong_type(object, err, "an object {…}")
                             : json_fail(object, err, NULL, "is missing");
    json_object_foreach((json_t *)object->value, key, value)
    {
        struct json_at at = {.value = value, .file = object->file, .parent = object, .key = key};
        char remedy[ERROR_TEXT_MAX] = "remove it; known here: ";
        const char *near;
        bool known = false;

        for (int i = 0; keys[i] && !known; i++)
            known = strcmp(keys[i], key) == 0;
        if (known)
            continue;
        near = nearest_word(key, keys);
        if (near) {
            snprintf(remedy, sizeof(remedy), "did you mean \"%s\"?", near);
        } else {
            for (int i = 0; keys[i]; i++) {
                size_t n = strlen(remedy);

                snprintf(remedy + n, sizeof(remedy) - n, "%s%s", i ? ", " : "", keys[i]);
            }
        }
        return json_fail(&at, err, remedy, "unknown key \"%.*s\"", KEY_MAX, key);
    }
    return 0;
}

/* 1 when the value is there, 0 when absent and allowed to be. */
static int present(const struct json_at *at, bool required, struct error *err)
{
    if (at->value)
        return 1;
    return required ? json_fail(at, err, "add it", "is missing") : 0;
}

int json_get_string(const struct json_at *object, const char *key, bool required, const char **out,
                    struct error *err)
{
    struct json_at at = json_key(object, key);
    int rc = present(&at, required, err);

    if (rc <= 0)
        return rc;
    if (!json_is_string(at.value))
        return wrong_type(&at, err, "a text");
    *out = json_string_value(at.value);
    return 0;
}

int json_get_int(const struct json_at *object, const char *key, bool required, int64_t min,
                 int64_t max, int64_t *out, struct error *err)
{
    struct json_at at = json_key(object, key);
    int rc = present(&at, required, err);

    if (rc <= 0)
        return rc;
    if (!json_is_integer(at.value))
        return wrong_type(&at, err, "a whole number");
    if (json_integer_value(at.value) < min || json_integer_value(at.value) > max)
        return json_fail(&at, err, NULL, "%lld is not between %lld and %lld",
                         (long long)json_integer_value(at.value), (long long)min, (long long)max);
    *out = json_integer_value(at.value);
    return 0;
}

int json_get_real(const struct json_at *object, const char *key, bool required, double min,
                  double max, double *out, struct error *err)
{
    struct json_at at = json_key(object, key);
    int rc = present(&at, required, err);
    double value;

    if (rc <= 0)
        return rc;
    if (!json_is_number(at.value))
        return wrong_type(&at, err, "a number");
    value = json_number_value(at.value);
    if (!(value >= min && value <= max))
        return json_fail(&at, err, NULL, "%g is not between %g and %g", value, min, max);
    *out = value;
    return 0;
}

int json_get_bool(const struct json_at *object, const char *key, bool required, bool *out,
                  struct error *err)
{
    struct json_at at = json_key(object, key);
    int rc = present(&at, required, err);

    if (rc <= 0)
        return rc;
    if (!json_is_boolean(at.value))
        return wrong_type(&at, err, "true or false");
    *out = json_is_true(at.value);
    return 0;
}

/* Milliseconds in one of a unit, 0 when unknown. */
static double unit_ms(const char *unit)
{
    static const struct {
        const char *name;
        double ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60e3}, {"h", 3600e3}, {"d", 86400e3}, {"", 1000}};

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (strcmp(unit, units[i].name) == 0)
            return units[i].ms;
    return 0;
}

/* What follows digits, or digits with a fraction; NULL: there are none. strtod alone would take
 * "inf", "nan", exponents and hexadecimal too. */
static const char *after_decimal(const char *text)
{
    size_t whole = strspn(text, "0123456789"), fraction;

    if (whole == 0)
        return NULL;
    if (text[whole] != '.')
        return text + whole;
    fraction = strspn(text + whole + 1, "0123456789");
    return fraction ? text + whole + 1 + fraction : NULL;
}

int json_get_duration(const struct json_at *object, const char *key, bool required, int64_t min_ms,
                      int64_t max_ms, int64_t *out_ms, struct error *err)
{
    static const char remedy[] = "write a time such as \"500ms\", \"30s\", \"10m\", \"2h\", \"1d\"";
    struct json_at at = json_key(object, key);
    int rc = present(&at, required, err);
    double ms;

    if (rc <= 0)
        return rc;
    if (json_is_number(at.value)) {
        ms = json_number_value(at.value) * 1000;
    } else if (json_is_string(at.value)) {
        const char *text = json_string_value(at.value), *end = after_decimal(text);

        if (!end || unit_ms(end + strspn(end, " ")) == 0)
            return json_fail(&at, err, remedy, "\"%.40s\" is not a time span", text);
        ms = strtod(text, NULL) * unit_ms(end + strspn(end, " "));
    } else {
        return wrong_type(&at, err, "a time span");
    }
    if (!(ms >= (double)min_ms && ms <= (double)max_ms))
        return json_fail(&at, err, NULL, "%g s is not between %g s and %g s", ms / 1000,
                         (double)min_ms / 1000, (double)max_ms / 1000);
    *out_ms = llround(ms);
    return 0;
}
