#include <stdio.h>
#include <string.h>

#include "api/imports.h"

static char separator(const char *name)
{
    if (!name)
        return 0;
    return strcmp(name, "tab") == 0 ? '\t' : strcmp(name, "semicolon") == 0 ? ';' : ',';
}

static void split_map(struct imports_reading *r, const char *text)
{
    char *save = NULL;
    int n = 0;

    snprintf(r->map, sizeof(r->map), "%s", text);
    for (char *p = strtok_r(r->map, ";", &save); p && n < IMPORTS_MAPS_MAX;
         p = strtok_r(NULL, ";", &save))
        r->maps[n++] = p;
    r->o.map = n ? r->maps : NULL;
}

void imports_read(const json_t *params, struct imports_reading *out)
{
    const char *map = json_string_value(json_object_get(params, "map"));

    *out = (struct imports_reading){
        .o = {.region = json_string_value(json_object_get(params, "region")),
              .zone = json_string_value(json_object_get(params, "time_zone")),
              .sheet = json_string_value(json_object_get(params, "sheet")),
              .encoding = json_string_value(json_object_get(params, "encoding")),
              .separator = separator(json_string_value(json_object_get(params, "separator"))),
              .skip_hidden = json_is_true(json_object_get(params, "skip_hidden")),
              .no_header = json_is_true(json_object_get(params, "no_header"))}};
    if (map)
        split_map(out, map);
}
