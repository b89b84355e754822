/* The checker on schemas made for it: what it says and where. Whether it judges rightly is
 * contract.py's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "api/schema.h"

static const char document[] =
    "{\"person\":{\"type\":\"object\",\"required\":[\"name\",\"tags\"],"
    "\"additionalProperties\":false,\"properties\":{"
    "\"name\":{\"$ref\":\"#/short\",\"minLength\":1},"
    "\"a/b~c\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":9,\"default\":3},"
    "\"role\":{\"enum\":[\"Analyst\",\"Administrator\"]},"
    "\"when\":{\"type\":[\"string\",\"null\"],\"format\":\"date-time\"},"
    "\"tags\":{\"type\":\"array\",\"maxItems\":3,\"items\":{\"$ref\":\"#/short\"}},"
    "\"either\":{\"oneOf\":[{\"type\":\"number\",\"minimum\":5},{\"type\":\"string\","
    "\"pattern\":\"^[a-z]+$\",\"examples\":[\"abc\"]}]}}},"
    "\"short\":{\"type\":\"string\",\"maxLength\":4},"
    "\"flag\":{\"type\":\"boolean\"},\"real\":{\"type\":\"number\"},"
    "\"broken\":{\"type\":\"strnig\"},\"lost\":{\"$ref\":\"#/nowhere\"},"
    "\"pattern\":{\"type\":\"string\",\"pattern\":\"(\"},"
    "\"round\":{\"type\":\"object\",\"properties\":{\"x\":{\"$ref\":\"#/short\"}}}}";

static struct schema_book *book;

static int set_up(void **state)
{
    struct error err = {0};

    (void)state;
    return schema_book_new(&book, document, sizeof(document) - 1, &err);
}

static int tear_down(void **state)
{
    (void)state;
    schema_book_free(book);
    return 0;
}

static const struct schema *schema(const char *pointer)
{
    const struct schema *s = NULL;
    struct error err = {0};

    assert_int_equal(schema_book_get(book, pointer, &s, &err), 0);
    return s;
}

/* json is wrong at pointer, and the message holds these words. */
static void wrong(const char *json, const char *pointer, const char *words, const char *remedy)
{
    struct schema_faults faults = {0};
    json_t *value = json_loads(json, JSON_DECODE_ANY, NULL);
    bool found = false;

    assert_non_null(value);
    assert_false(schema_check(schema("/person"), value, "", &faults));
    for (unsigned i = 0; i < faults.count; i++)
        found = found ||
                (strcmp(faults.list[i].pointer, pointer) == 0 &&
                 strstr(faults.list[i].message, words) && strstr(faults.list[i].remedy, remedy));
    if (!found)
        fail_msg("%s: %s %s", json, faults.list[0].pointer, faults.list[0].message);
    json_decref(value);
}

static void words(void **state)
{
    (void)state;
    wrong("{\"tags\":[]}", "/name", "missing", "add");
    wrong("{\"name\":\"\",\"tags\":[]}", "/name", "empty", "write");
    wrong("{\"name\":\"שלום לך\",\"tags\":[]}", "/name", "4 characters", "shorten");
    wrong("{\"name\":1,\"tags\":[]}", "/name", "expected a text, found a whole number", "");
    wrong("{\"name\":\"a\",\"tgas\":[]}", "/tgas", "unknown", "\"tags\"");
    wrong("{\"name\":\"a\",\"tags\":[\"x\",2]}", "/tags/1", "expected a text", "");
    wrong("{\"name\":\"a\",\"tags\":[1,2,3,4]}", "/tags", "more than 3", "");
    wrong("{\"name\":\"a\",\"tags\":[],\"a/b~c\":10}", "/a~1b~0c", "not between 1 and 9", "");
    wrong("{\"name\":\"a\",\"tags\":[],\"a/b~c\":1.5}", "/a~1b~0c", "whole number", "");
    wrong("{\"name\":\"a\",\"tags\":[],\"role\":\"Analist\"}", "/role", "Analist", "\"Analyst\"");
    wrong("{\"name\":\"a\",\"tags\":[],\"when\":\"noon\"}", "/when", "date and time", "2026");
    wrong("{\"name\":\"a\",\"tags\":[],\"either\":1}", "/either", "less than 5", "");
    wrong("{\"name\":\"a\",\"tags\":[],\"either\":\"A\"}", "/either", "right form", "\"abc\"");
    wrong("{\"name\":\"a\",\"tags\":[],\"either\":[]}", "/either", "found a list", "");
    wrong("[]", "", "expected an object", "");
}

static void all_are_told_up_to_a_limit(void **state)
{
    static struct schema_faults faults;
    json_t *value = json_object();

    (void)state;
    for (int i = 0; i < 50; i++) {
        char key[16];

        snprintf(key, sizeof(key), "k%d", i);
        json_object_set_new(value, key, json_null());
    }
    assert_false(schema_check(schema("/person"), value, "", &faults));
    assert_int_equal(faults.count, SCHEMA_FAULTS_MAX);
    assert_int_equal(faults.more, 52 - SCHEMA_FAULTS_MAX);
    json_decref(value);
}

static void long_pointers_are_cut_whole(void **state)
{
    static struct schema_faults faults;
    char key[1001];
    json_t *value = json_object(), *tags = json_array();

    (void)state;
    for (int i = 0; i < 500; i++)
        memcpy(key + 2 * i, "ש", 2);
    key[1000] = '\0';
    json_object_set_new(value, key, tags);
    assert_false(schema_check(schema("/person"), value, "", &faults));
    for (unsigned i = 0; i < faults.count; i++) {
        json_t *text = json_string(faults.list[i].pointer); /* refuses broken UTF-8 */

        assert_non_null(text);
        json_decref(text);
    }
    json_decref(value);
}

static void parameters(void **state)
{
    struct schema_faults faults = {0};
    json_t *value;

    (void)state;
    value = schema_value(schema("/person/properties/a~1b~0c"), "7");
    assert_int_equal(json_integer_value(value), 7);
    json_decref(value);
    value = schema_value(schema("/person/properties/a~1b~0c"), "7x");
    assert_true(json_is_string(value));
    assert_false(schema_check(schema("/person/properties/a~1b~0c"), value, "?n", &faults));
    assert_string_equal(faults.list[0].pointer, "?n");
    json_decref(value);
    value = schema_value(schema("/person/properties/a~1b~0c"), "99999999999999999999");
    assert_true(json_is_string(value));
    json_decref(value);
    value = schema_value(schema("/flag"), "true");
    assert_true(json_is_true(value));
    json_decref(value);
    value = schema_value(schema("/real"), "0.5");
    assert_true(json_real_value(value) == 0.5);
    json_decref(value);
    value = schema_value(schema("/short"), "7");
    assert_true(json_is_string(value));
    json_decref(value);
    assert_int_equal(json_integer_value(schema_default(schema("/person/properties/a~1b~0c"))), 3);
    assert_null(schema_default(schema("/short")));
}

static void what_is_not_known_is_refused(void **state)
{
    static const char *const pointers[] = {"/broken", "/lost", "/pattern", "/nothing",
                                           "/person/required"};

    (void)state;
    for (size_t i = 0; i < sizeof(pointers) / sizeof(pointers[0]); i++) {
        const struct schema *s;
        struct error err = {0};

        assert_true(schema_book_get(book, pointers[i], &s, &err) < 0);
        assert_true(err.message[0]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words),
        cmocka_unit_test(all_are_told_up_to_a_limit),
        cmocka_unit_test(long_pointers_are_cut_whole),
        cmocka_unit_test(parameters),
        cmocka_unit_test(what_is_not_known_is_refused),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
