/* The installation's settings, where a request leaves something out. */
#pragma once

#include "api/call.h"

struct settings {
    char organization[128], region[3], zone[64], currency[4];
};

/* Those of the store, each with its default where it is not set. */
int defaults_read(struct store *s, struct settings *out);
/* For the call's life. */
const char *defaults_region(struct api_call *c);
const char *defaults_zone(struct api_call *c);
/* A number as people write it; region NULL: the settings'. False: answered with 422 at pointer. */
bool defaults_number(struct api_call *c, const char *text, const char *region, const char *pointer,
                     struct number *out);
