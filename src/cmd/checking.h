/* What `check` and `run` share: looking at prompts. And the population file of the carrier. */
#pragma once

#include <jansson.h>

#include "flow/flow.h"
#include "media/prompt.h"

/* To standard output, or appended to json when it is not NULL. */
void checking_prompts(const struct flow *f, struct prompt *const *prompts, json_t *json);
void checking_free_prompts(const struct flow *f, struct prompt **prompts);
/* Returns an exit code. */
int checking_population(const char *path, const json_t *root);
