/* Phone numbers from outside: what is taken is E.164, and is taken again as itself. */
#include <stdlib.h>
#include <string.h>

#include "phone/number.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct number_parser *p;
    struct number n, again;
    char text[NUMBER_TEXT_MAX];
    size_t digits;

    if (!p && number_parser_new(&p))
        abort();
    if (number_parse(p, (const char *)data, size, "IL", &n))
        return 0;
    digits = strspn(n.e164 + 1, "0123456789");
    number_format(n.key, text);
    if (n.e164[0] != '+' || n.e164[1 + digits] || digits > 15 || strcmp(text, n.e164) != 0)
        abort();
    if (number_parse(p, n.e164, strlen(n.e164), "IL", &again) || again.key != n.key)
        abort();
    return 0;
}
