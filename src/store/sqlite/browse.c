/* Pages of views by keys: builds the query of the views' own fragments, binds what comes from
 * outside, and turns rows into JSON. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/buf.h"
#include "store/sqlite/service_priv.h"
#include "store/sqlite/views.h"

enum { SQL_MAX = 8192, VALUES_MAX = 64, DIGITS_MAX = 15 };

struct value {
    bool is_text;
    int64_t number;
    const char *text;
};

struct query {
    struct buf sql;
    struct value values[VALUES_MAX];
    unsigned count;
    int rc; /* of appending */
};

__attribute__((format(printf, 2, 3))) static void add(struct query *q, const char *format, ...)
{
    char text[1024];
    va_list ap;
    int n;

    va_start(ap, format);
    n = vsnprintf(text, sizeof(text), format, ap);
    va_end(ap);
    assert(n >= 0 && (size_t)n < sizeof(text)); /* fragments of ours */
    if (!q->rc)
        q->rc = buf_puts(&q->sql, text);
}

static void value_number(struct query *q, int64_t number)
{
    assert(q->count < VALUES_MAX);
    q->values[q->count++] = (struct value){.number = number};
}

static void value_text(struct query *q, const char *text)
{
    assert(q->count < VALUES_MAX);
    q->values[q->count++] = (struct value){.is_text = true, .text = text};
}

/* ---- filters -------------------------------------------------------------------------------- */

/* Numbers of each length that begin with these digits are one range. */
static void add_prefix(struct query *q, const char *column, const char *digits)
{
    int64_t from, to;
    size_t len;

    digits += *digits == '+';
    len = strspn(digits, "0123456789");
    from = strtoll(digits, NULL, 10);
    to = from;
    if (!len || len > DIGITS_MAX || digits[0] == '0') {
        add(q, " AND false");
        return;
    }
    add(q, " AND (");
    for (size_t n = len; n <= DIGITS_MAX; n++, from *= 10, to = to * 10 + 9) {
        add(q, "%s%s BETWEEN ? AND ?", n == len ? "" : " OR ", column);
        value_number(q, from);
        value_number(q, to);
    }
    add(q, ")");
}

static void add_filter(struct query *q, const struct view *v, const struct store_filter *f)
{
    const struct view_filter *known = v->filters;

    while (known->name && strcmp(known->name, f->name) != 0)
        known++;
    assert(known->name);
    if (known->prefix_of) {
        add_prefix(q, known->prefix_of, f->text);
        return;
    }
    add(q, " AND %s", known->condition);
    if (f->text)
        value_text(q, f->text);
    else
        value_number(q, f->number);
}

/* ---- order and cursor ----------------------------------------------------------------------- */

struct order {
    const struct view_sort *sort;
    bool backwards;
    unsigned keys;
    char name[40]; /* as the cursor carries it */
};

static int find_order(const struct view *v, const char *name, struct order *out)
{
    const struct view_sort *s = v->sorts;
    bool backwards = name ? *name == '-' : v->backwards;

    name = name ? name + backwards : s->name;
    while (s->name && strcmp(s->name, name) != 0)
        s++;
    if (!s->name)
        return -EINVAL;
    *out = (struct order){.sort = s, .backwards = backwards};
    while (out->keys < VIEW_KEYS_MAX && s->keys[out->keys])
        out->keys++;
    snprintf(out->name, sizeof(out->name), "%s%s", backwards ? "-" : "", s->name);
    return 0;
}

/* A cursor is the sort's name and the keys of the last row, as JSON in base64url. */
static json_t *read_cursor(const struct order *o, const char *text)
{
    char json[STORE_CURSOR_MAX];
    size_t len = strlen(text);
    ssize_t n = len < sizeof(json) ? base64url_decode(text, len, json, sizeof(json)) : -1;
    json_t *cursor = n > 0 ? json_loadb(json, (size_t)n, 0, NULL) : NULL;
    const char *name = json_string_value(json_array_get(cursor, 0));
    bool right = name && strcmp(name, o->name) == 0 && json_array_size(cursor) == o->keys + 1;

    for (unsigned i = 1; right && i <= o->keys; i++)
        right =
            json_is_integer(json_array_get(cursor, i)) || json_is_string(json_array_get(cursor, i));
    if (right)
        return cursor;
    json_decref(cursor);
    return NULL;
}

static int write_cursor(const struct order *o, sqlite3_stmt *q, int first, char *out)
{
    json_t *cursor = json_pack("[s]", o->name);
    char *text;
    int rc = 0;

    for (unsigned i = 0; i < o->keys; i++) {
        int column = first + (int)i;

        json_array_append_new(cursor,
                              sqlite3_column_type(q, column) == SQLITE_TEXT
                                  ? json_string((const char *)sqlite3_column_text(q, column))
                                  : json_integer(sqlite3_column_int64(q, column)));
    }
    text = json_dumps(cursor, JSON_COMPACT);
    json_decref(cursor);
    if (!text)
        return -ENOMEM;
    if (BASE64URL_ROOM(strlen(text)) > STORE_CURSOR_MAX)
        rc = -E2BIG;
    else
        base64url_encode(text, strlen(text), out);
    free(text);
    return rc;
}

static void add_after(struct query *q, const struct order *o, const json_t *cursor)
{
    add(q, " AND (");
    for (unsigned i = 0; i < o->keys; i++)
        add(q, "%s%s", i ? ", " : "", o->sort->keys[i]);
    add(q, ") %s (", o->backwards ? "<" : ">");
    for (unsigned i = 0; i < o->keys; i++) {
        const json_t *key = json_array_get(cursor, i + 1);

        add(q, "%s?", i ? ", " : "");
        if (json_is_string(key))
            value_text(q, json_string_value(key));
        else
            value_number(q, json_integer_value(key));
    }
    add(q, ")");
}

/* ---- rows to JSON --------------------------------------------------------------------------- */

static json_t *time_json(int64_t ms)
{
    char text[25];

    return ms ? json_string(clock_format_iso(ms, text, sizeof(text))) : json_null();
}

static json_t *number_json(int64_t number)
{
    char text[NUMBER_TEXT_MAX];

    number_format((uint64_t)number, text);
    return json_string(text);
}

static json_t *text_json(sqlite3_stmt *q, int i)
{
    const char *text = (const char *)sqlite3_column_text(q, i);
    json_t *value = json_string(text ? text : "");

    /* What a file brought long ago may not be UTF-8. */
    return value ? value : json_string("?");
}

static json_t *embedded_json(sqlite3_stmt *q, int i, json_t *absent)
{
    const char *text = (const char *)sqlite3_column_text(q, i);
    json_t *value = text && text[0] ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;

    if (!value)
        return absent;
    json_decref(absent);
    return value;
}

static json_t *origin_json(sqlite3_stmt *q, int i)
{
    const char *text = (const char *)sqlite3_column_text(q, i);

    return json_string(text && *text == 'c'                     ? "column"
                       : text && (*text == 'n' || *text == 'u') ? "number"
                                                                : "default");
}

static json_t *word_json(enum view_kind kind, int64_t n)
{
    switch (kind) {
    case VIEW_NUMBER_KIND:
        return json_string(number_kind_name((enum number_kind)n));
    case VIEW_TARGET:
        return json_string(target_state_name((enum target_state)n));
    case VIEW_TARGET_TEXT:
        return json_string(target_state_text((enum target_state)n));
    case VIEW_OUTCOME:
        return json_string(disposition_name((enum disposition)n));
    case VIEW_OUTCOME_OR_NULL:
        return n ? json_string(disposition_name((enum disposition)n)) : json_null();
    default:
        return json_string(disposition_text((enum disposition)n));
    }
}

static json_t *column_json(sqlite3_stmt *q, int i, enum view_kind kind)
{
    bool null = sqlite3_column_type(q, i) == SQLITE_NULL;
    int64_t n = sqlite3_column_int64(q, i);

    switch (kind) {
    case VIEW_INT:
        return json_integer(n);
    case VIEW_INT_OR_NULL:
        return n ? json_integer(n) : json_null();
    case VIEW_REAL:
        return json_real(sqlite3_column_double(q, i));
    case VIEW_REAL_OR_NULL:
        return sqlite3_column_double(q, i) != 0 ? json_real(sqlite3_column_double(q, i))
                                                : json_null();
    case VIEW_BOOL:
        return json_boolean(n);
    case VIEW_TEXT:
        return text_json(q, i);
    case VIEW_TEXT_OR_NULL:
        return null ? json_null() : text_json(q, i);
    case VIEW_TIME:
        return time_json(n);
    case VIEW_NUMBER:
        return number_json(n);
    case VIEW_JSON:
        return embedded_json(q, i, json_null());
    case VIEW_JSON_OR_EMPTY:
        return embedded_json(q, i, json_object());
    case VIEW_ORIGIN:
        return origin_json(q, i);
    default:
        return word_json(kind, n);
    }
}

static json_t *row_json(const struct view *v, sqlite3_stmt *q)
{
    json_t *row = json_object();

    for (int i = 0; v->columns[i].name; i++)
        if (json_object_set_new_nocheck(row, v->columns[i].name,
                                        column_json(q, i, v->columns[i].kind))) {
            json_decref(row);
            return NULL;
        }
    return row;
}

/* ---- the query ------------------------------------------------------------------------------ */

static void build(struct query *q, const struct view *v, const struct order *o,
                  const struct store_filter *filters, unsigned count, const json_t *cursor,
                  unsigned limit)
{
    add(q, "SELECT ");
    for (const struct view_column *c = v->columns; c->name; c++)
        add(q, "%s%s", c == v->columns ? "" : ", ", c->sql);
    for (unsigned i = 0; i < o->keys; i++)
        add(q, ", %s", o->sort->keys[i]);
    add(q, " FROM %s WHERE true", v->from);
    for (unsigned i = 0; i < count; i++)
        add_filter(q, v, &filters[i]);
    if (cursor)
        add_after(q, o, cursor);
    if (v->group)
        add(q, " GROUP BY %s", v->group);
    add(q, " ORDER BY");
    for (unsigned i = 0; i < o->keys; i++)
        add(q, "%s %s%s", i ? "," : "", o->sort->keys[i], o->backwards ? " DESC" : "");
    if (limit) {
        add(q, " LIMIT ?");
        value_number(q, limit);
    }
}

static int prepare(struct store *s, struct query *q, sqlite3_stmt **out)
{
    int rc = q->rc;
    sqlite3_stmt *stmt = rc ? NULL : sqlite_query_text(s, &rc, q->sql.data);

    for (unsigned i = 0; stmt && i < q->count; i++) {
        const struct value *v = &q->values[i];
        int fault = v->is_text ? sqlite3_bind_text(stmt, (int)i + 1, v->text, -1, SQLITE_STATIC)
                               : sqlite3_bind_int64(stmt, (int)i + 1, v->number);

        if (fault) {
            rc = sqlite_fail(s, fault);
            sqlite_done(stmt);
            return rc;
        }
    }
    if (stmt)
        *out = stmt;
    return rc;
}

struct reading {
    struct store_page *page; /* NULL: all */
    json_t *items;
    int (*fn)(void *arg, const json_t *one);
    void *arg;
};

static int read_rows(struct store *s, const struct view *v, const struct order *o, sqlite3_stmt *q,
                     const struct reading *r)
{
    unsigned columns = 0, n = 0;
    char last[STORE_CURSOR_MAX] = "";
    int rc;

    while (v->columns[columns].name)
        columns++;
    while ((rc = sqlite_step(s, q)) == 1) {
        json_t *row;

        if (r->page && n == r->page->limit) { /* one more is there: the page has a next */
            memcpy(r->page->next, last, sizeof(last));
            return 0;
        }
        row = row_json(v, q);
        if (!row)
            return -ENOMEM;
        n++;
        if (r->page && n == r->page->limit && (rc = write_cursor(o, q, (int)columns, last))) {
            json_decref(row);
            return rc;
        }
        if (r->fn) {
            rc = r->fn(r->arg, row);
            json_decref(row);
            if (rc)
                return 0;
        } else if (json_array_append_new(r->items, row)) {
            return -ENOMEM;
        }
    }
    return rc;
}

static int browse(struct store *s, enum store_view view, const struct store_filter *filters,
                  unsigned count, const struct reading *r)
{
    const struct view *v = &sqlite_views[view];
    struct query q = {.sql = {.max = SQL_MAX}};
    struct order order;
    sqlite3_stmt *stmt = NULL;
    json_t *cursor = NULL;
    int rc = find_order(v, r->page ? r->page->sort : NULL, &order);

    if (!rc && r->page && r->page->cursor) {
        cursor = read_cursor(&order, r->page->cursor);
        rc = cursor ? 0 : -EINVAL;
    }
    if (!rc) {
        build(&q, v, &order, filters, count, cursor, r->page ? r->page->limit + 1 : 0);
        rc = prepare(s, &q, &stmt);
    }
    if (!rc)
        rc = read_rows(s, v, &order, stmt, r);
    sqlite_done(stmt);
    json_decref(cursor);
    buf_free(&q.sql);
    return rc;
}

int sqlite_browse(struct store *s, enum store_view view, const struct store_filter *filters,
                  unsigned count, struct store_page *page, json_t *items)
{
    page->next[0] = '\0';
    return browse(s, view, filters, count, &(struct reading){.page = page, .items = items});
}

int sqlite_show_all(struct store *s, enum store_view view, const struct store_filter *filters,
                    unsigned count, int (*fn)(void *arg, const json_t *one), void *arg)
{
    return browse(s, view, filters, count, &(struct reading){.fn = fn, .arg = arg});
}
