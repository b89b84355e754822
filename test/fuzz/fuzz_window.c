/* Calling hours from outside: what is taken is in order, and its own text gives the same again. */
#include <stdlib.h>
#include <string.h>

#include "phone/window.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct window_week w, again;
    char *text = malloc(size + 1), back[1024];
    struct error err = {0};
    int rc;

    if (!text)
        abort();
    memcpy(text, data, size);
    text[size] = '\0';
    rc = window_parse(text, &w, &err);
    free(text);
    if (rc) {
        if (!err.message[0] || !err.remedy[0])
            abort();
        return 0;
    }
    for (int d = 0; d < 7; d++)
        for (int i = 0; i < w.days[d].count; i++)
            if (w.days[d].spans[i].from_min >= w.days[d].spans[i].to_min ||
                w.days[d].spans[i].to_min > 1440 ||
                (i && w.days[d].spans[i].from_min < w.days[d].spans[i - 1].to_min))
                abort();
    window_format(&w, back, sizeof(back));
    if (window_parse(back, &again, NULL))
        abort();
    for (int d = 0; d < 7; d++)
        if (again.days[d].count != w.days[d].count ||
            memcmp(again.days[d].spans, w.days[d].spans,
                   w.days[d].count * sizeof(w.days[d].spans[0])) != 0)
            abort();
    return 0;
}
