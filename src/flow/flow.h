/* A call flow: what a person hears and what their keys do. JSON (schema/flow.schema.json) is
 * validated as a graph and compiled once into a program that any number of calls run at the same
 * time without allocating. Immutable after flow_load. */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "base/error.h"
#include "base/json.h"

enum {
    FLOW_NODES_MAX = 256,
    FLOW_PROMPTS_MAX = 256,
    FLOW_NAME_MAX = 48, /* of nodes and variables: a letter, then letters, digits, _ and - */
    FLOW_VARIABLES_MAX = 32,
    FLOW_VALUE_MAX = 64,  /* bytes */
    FLOW_TEXT_MAX = 1600, /* bytes of a text message's template */
    FLOW_END = -1,        /* "next" that ends the call */
};

enum flow_node_type { FLOW_PLAY, FLOW_MENU, FLOW_CAPTURE, FLOW_ACTION };
enum flow_action_type {
    FLOW_ACTION_OPT_OUT, /* never call again: durable before it is confirmed */
    FLOW_ACTION_SMS,     /* a text into the durable outbox */
    FLOW_ACTION_SET,     /* set a variable */
    FLOW_ACTION_HANG_UP,
};

struct flow; /* opaque: nodes, prompt names, strings */

/* at: the JSON object. Prompts are names of audio files; the caller resolves them by index. */
int flow_load(const struct json_at *at, struct flow **out, struct error *err);
void flow_free(struct flow *f);

int flow_node_count(const struct flow *f);
const char *flow_node_name(const struct flow *f, int node);
enum flow_node_type flow_node_type(const struct flow *f, int node);
int flow_prompt_count(const struct flow *f);
const char *flow_prompt_name(const struct flow *f, int prompt); /* "welcome.wav" */
/* How long a usual run lasts, in ms, given each prompt's length by index: a person hears prompts to
 * the end, chooses each key of a menu equally often, and does not go back. For estimates. */
int64_t flow_typical_ms(const struct flow *f, const uint32_t *prompt_ms);
const char *flow_type_name(enum flow_node_type t);
const char *flow_action_name(enum flow_action_type t);
