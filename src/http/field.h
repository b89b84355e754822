/* Values of header fields: checks and readers. Bytes from outside; nothing here allocates. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/arena.h"

bool field_token(const char *s, size_t len);         /* RFC 9110 5.6.2, not empty */
bool field_value_allowed(const char *s, size_t len); /* no control characters but tab */

bool field_host_allowed(const char *host);     /* the characters of host and port */
bool field_target_allowed(const char *target); /* printable ASCII, no blank, no # */

/* Does the comma-separated list hold this token, in any case? */
bool field_list_has(const char *list, const char *token);

/* The value of one cookie, in the arena; quotes around it are dropped. NULL: not there. */
const char *field_cookie(struct arena *a, const char *header, const char *name);

enum { FIELD_BR = 1, FIELD_GZIP = 2 };
unsigned field_accepts(const char *accept_encoding); /* NULL: 0. q=0 means no */

/* RFC 9110 14: one range of a body of size bytes. 1: *first and *last are set (both included);
 * 0: none asked, several, or not understood: send all; -ERANGE: none of it exists (416). */
int field_range(const char *value, uint64_t size, uint64_t *first, uint64_t *last);

/* If-None-Match: is etag (with its quotes) in the list? Weak comparison; "*" is any. */
bool field_etag_listed(const char *list, const char *etag);

enum { FIELD_DATE_SIZE = 30 };
void field_date(time_t t, char out[FIELD_DATE_SIZE]); /* "Sun, 06 Nov 1994 08:49:37 GMT" */
int field_parse_date(const char *s, time_t *out);     /* that form only; -EINVAL */

/* A number of at most 18 digits and nothing else. -EINVAL. */
int field_number(const char *s, size_t len, uint64_t *out);
