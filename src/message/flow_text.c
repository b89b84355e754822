#include "message/flow_text.h"

#include <string.h>

#include "message/template.h"

struct values {
    const struct flow_run *run;
    const json_t *contact;
};

static const char *lookup(void *arg, const char *name, size_t len)
{
    const struct values *v = arg;
    char key[128];
    const char *value;

    if (len >= sizeof(key))
        return NULL;
    memcpy(key, name, len);
    key[len] = '\0';
    value = flow_value(v->run, key);
    return value && *value ? value : json_string_value(json_object_get(v->contact, key));
}

int flow_text_render(const char *text, const struct flow_run *r, const json_t *contact, char *out,
                     size_t size)
{
    struct values v = {.run = r, .contact = contact};

    return template_render(text, lookup, &v, out, size);
}
