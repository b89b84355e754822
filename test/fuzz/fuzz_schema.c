/* A request's body: its first byte chooses the schema, the rest is JSON. What is refused is refused
 * with words at a place that is a JSON pointer, both UTF-8; the verdict is the number of faults. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "api/document.h"
#include "api/schema.h"
#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const pointers[] = {
    "/components/schemas/CampaignInput",  "/components/schemas/ContactInput",
    "/components/schemas/BlacklistInput", "/components/schemas/FlowInput",
    "/components/schemas/TrunkInput",     "/components/schemas/KeyInput",
    "/components/schemas/Settings",       "/components/schemas/SignInInput",
};

static void must(bool holds)
{
    if (!holds)
        abort();
}

static const struct schema *schema_of(uint8_t choice)
{
    static struct schema_book *book;
    const struct schema *s;

    if (!book)
        must(schema_book_new(&book, api_document, api_document_size, NULL) == 0);
    must(schema_book_get(book, pointers[choice % 8], &s, NULL) == 0);
    return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct schema_faults faults;
    const struct schema *s;
    struct error err = {0};
    json_t *value, *text;

    if (size == 0)
        return 0;
    s = schema_of(data[0]);
    if (json_load_text((const char *)data + 1, size - 1, "body", &value, &err)) {
        must(err.message[0]);
        return 0;
    }
    memset(&faults, 0, sizeof(faults));
    must(schema_check(s, value, "", &faults) == (faults.count == 0));
    for (unsigned i = 0; i < faults.count; i++) {
        const struct schema_fault *f = &faults.list[i];

        must(f->message[0] && (f->pointer[0] == '\0' || f->pointer[0] == '/'));
        text = json_pack("[s, s, s]", f->pointer, f->message, f->remedy);
        must(text != NULL); /* UTF-8, so that it can be answered */
        json_decref(text);
    }
    json_decref(value);
    return 0;
}
