/* Reads lines "POINTER JSON": is the JSON right by the schema at POINTER of the contract? Prints
 * "1", or "0 PLACE: MESSAGE" of the first fault, for each. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/document.h"
#include "api/schema.h"

static void judge(struct schema_book *book, const char *pointer, const char *json)
{
    struct schema_faults faults = {0};
    struct error err = {0};
    const struct schema *schema;
    json_t *value = json_loads(json, JSON_DECODE_ANY, NULL);
    bool right;

    if (!value || schema_book_get(book, pointer, &schema, &err)) {
        printf("? %s\n", value ? err.message : "not JSON");
        json_decref(value);
        return;
    }
    right = schema_check(schema, value, "", &faults);
    if (right != (faults.count == 0))
        printf("? verdict %d with %u faults\n", right, faults.count);
    else if (right)
        puts("1");
    else
        printf("0 %.*s: %.*s\n", (int)strcspn(faults.list[0].pointer, "\n"), faults.list[0].pointer,
               (int)strcspn(faults.list[0].message, "\n"), faults.list[0].message);
    json_decref(value);
}

int main(void)
{
    struct schema_book *book;
    struct error err = {0};
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;

    if (schema_book_new(&book, api_document, api_document_size, &err)) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    while ((n = getline(&line, &cap, stdin)) > 0) {
        char *space = strchr(line, ' ');

        if (line[n - 1] == '\n')
            line[n - 1] = '\0';
        if (!space)
            continue;
        *space = '\0';
        judge(book, line, space + 1);
    }
    free(line);
    schema_book_free(book);
    return 0;
}
