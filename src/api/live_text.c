#include "api/live_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { KEPT = 512 }; /* a power of two; readers that are woken together are rarely further apart */

struct entry {
    uint64_t seq; /* 0: none */
    char *text;   /* owned */
    size_t len;
};

struct live_texts {
    struct entry entries[2][KEPT]; /* in full, and with the numbers hidden */
};

int live_texts_new(struct live_texts **out)
{
    *out = calloc(1, sizeof(**out));
    return *out ? 0 : -ENOMEM;
}

void live_texts_free(struct live_texts *t)
{
    for (int i = 0; t && i < 2 * KEPT; i++)
        free(t->entries[i / KEPT][i % KEPT].text);
    free(t);
}

const char *live_text(struct live_texts *t, const struct event *e, bool hide, size_t *len)
{
    struct entry *at = &t->entries[hide][e->seq % KEPT];

    if (at->seq != e->seq || !at->text) {
        json_t *json = event_json(e, hide);

        free(at->text);
        at->text = json ? json_dumps(json, JSON_COMPACT) : NULL;
        at->len = at->text ? strlen(at->text) : 0;
        at->seq = e->seq;
        json_decref(json);
    }
    *len = at->len;
    return at->text;
}
