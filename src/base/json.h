/* Checked reading of JSON through jansson: each reader names the place (`pace.calls_per_second`),
 * says what was expected and refuses what it does not know. All set err once and return negative
 * errno. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* A value and its path, for messages. The path is built on the stack as one descends. */
struct json_at {
    const json_t *value;
    const char *file; /* for messages; may be NULL */
    const struct json_at *parent;
    const char *key; /* or NULL when an array element */
    int index;
};

/* Parses a file (size-limited, UTF-8, duplicate keys refused); message has line and column. */
int json_load_path(const char *path, json_t **out, struct error *err);
int json_load_text(const char *text, size_t len, const char *name, json_t **out, struct error *err);

void json_path(const struct json_at *at, char *buf, unsigned size);
struct json_at json_root(const json_t *value, const char *file);
struct json_at json_key(const struct json_at *parent,
                        const char *key); /* .value NULL when absent */
struct json_at json_item(const struct json_at *parent, int index);

__attribute__((format(printf, 4, 5))) int json_fail(const struct json_at *at, struct error *err,
                                                    const char *remedy, const char *format, ...);

/* Refuses keys outside the NULL-terminated list, suggesting the nearest. */
int json_only_keys(const struct json_at *object, const char *const *keys, struct error *err);
/* Absent optional values leave *out as it was (its default). required: absence is an error. */
int json_get_string(const struct json_at *object, const char *key, bool required, const char **out,
                    struct error *err);
int json_get_int(const struct json_at *object, const char *key, bool required, int64_t min,
                 int64_t max, int64_t *out, struct error *err);
int json_get_real(const struct json_at *object, const char *key, bool required, double min,
                  double max, double *out, struct error *err);
int json_get_bool(const struct json_at *object, const char *key, bool required, bool *out,
                  struct error *err);
/* "30s", "10m", "2h", "1d", "500ms" or a number of seconds; *out_ms in milliseconds. */
int json_get_duration(const struct json_at *object, const char *key, bool required, int64_t min_ms,
                      int64_t max_ms, int64_t *out_ms, struct error *err);
