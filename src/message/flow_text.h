/* The text of a flow's SMS action, with its variables. */
#pragma once

#include <jansson.h>

#include "flow/run.h"

/* What the run learnt comes before what the list says of the contact (an object of its columns, or
 * NULL). Returns and fails as template_render. */
int flow_text_render(const char *text, const struct flow_run *r, const json_t *contact, char *out,
                     size_t size);
