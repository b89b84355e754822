/* Checks JSON against the schemas of the contract: the part of JSON Schema 2020-12 that
 * tools/gen-openapi.py lets through. Compiled once at start, immutable afterwards: any thread may
 * check. Every fault is told with its place and a remedy in words, up to a limit. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum { SCHEMA_FAULTS_MAX = 20, SCHEMA_POINTER_MAX = 256, SCHEMA_WORDS_MAX = 400 };

struct schema_fault {
    char pointer[SCHEMA_POINTER_MAX]; /* JSON pointer (RFC 6901), "" the whole body */
    char message[SCHEMA_WORDS_MAX], remedy[SCHEMA_WORDS_MAX];
};

struct schema_faults {
    unsigned count, more; /* more: found but not listed */
    struct schema_fault list[SCHEMA_FAULTS_MAX];
};

struct schema;      /* one compiled schema */
struct schema_book; /* a document with many; owns them */

/* json: the OpenAPI document. */
int schema_book_new(struct schema_book **out, const char *json, size_t size, struct error *err);
void schema_book_free(struct schema_book *b);
/* The schema at a JSON pointer into the document, compiled at the first call (not thread safe
 * then). What is not a schema, or uses what is not known here, is an error. */
int schema_book_get(struct schema_book *b, const char *pointer, const struct schema **out,
                    struct error *err);

/* True when value obeys. at: where value stands, "" for a body, "?limit" for a parameter. */
bool schema_check(const struct schema *s, const json_t *value, const char *at,
                  struct schema_faults *faults);
/* The value that a text stands for, by the type the schema wants: "7" is a number where one is
 * wanted. A text that is none stays a text, which the check then refuses. NULL: out of memory. */
json_t *schema_value(const struct schema *s, const char *text);
/* The schema's default; NULL when it has none. Borrowed. */
const json_t *schema_default(const struct schema *s);

__attribute__((format(printf, 4, 5))) void schema_fault(struct schema_faults *faults,
                                                        const char *pointer, const char *remedy,
                                                        const char *format, ...);
