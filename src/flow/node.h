/* The compiled flow and what a kind of node is. Private to src/flow: load.c fills these structs
 * once, check.c looks at them as a graph, run.c walks them. A kind (node/play.c …) knows its JSON
 * and its behaviour; it gets what it needs from the loader's and the interpreter's helpers below.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "flow/flow.h"
#include "flow/run.h"

enum {
    FLOW_KEYS = 16, /* 0-9 * # A-D */
    FLOW_NONE = -2, /* no node: a key without meaning, a link that the kind has not */
    FLOW_PLAYLIST_MAX = 1024,
    FLOW_LIST_MAX = 16, /* prompts played in order */
    FLOW_LIMIT_MAX = 10,
    FLOW_VISITS_MAX = 500, /* nodes a call may enter: ends a caller who goes round for ever */
    FLOW_TRAILING_MS = 2000,
};

/* What happens on a wrong key or on silence: up to `limit` times the prompts here are played and
 * then the node's own again; after that the call goes on at `next`. */
struct flow_again {
    struct flow_span prompts;
    int64_t after_ms; /* of silence: how long nothing was pressed */
    uint8_t limit;
    int16_t next;
};

struct flow_node {
    const char *name;
    const struct flow_kind *kind;
    struct flow_span prompts;
    bool barge_in;                      /* a key may interrupt the prompts */
    int16_t next, failed;               /* node, FLOW_END, FLOW_NONE */
    int16_t keys[FLOW_KEYS];            /* MENU: node by key, FLOW_NONE: invalid */
    struct flow_again invalid, silence; /* MENU, CAPTURE; next is FLOW_NONE elsewhere */
    int16_t variable;                   /* CAPTURE and SET: index */
    uint8_t min, max;                   /* CAPTURE: digits */
    char finish;                        /* CAPTURE: key that ends the input, 0: none */
    struct flow_action action;
};

struct flow {
    struct arena *arena; /* owns all below, and this */
    struct flow_node *nodes;
    int16_t node_count, prompt_count, variable_count, start;
    const char *prompts[FLOW_PROMPTS_MAX];
    const char *variables[FLOW_VARIABLES_MAX], *initial[FLOW_VARIABLES_MAX];
    uint16_t playlist_count;
    uint16_t playlist[FLOW_PLAYLIST_MAX]; /* prompt indexes; spans point here */
};

/* ---- kinds ----------------------------------------------------------------------------------- */

struct flow_loader;

struct flow_kind {
    enum flow_node_type type;
    const char *name;
    int (*load)(struct flow_loader *l, const struct json_at *at, struct flow_node *n,
                struct error *err);
    void (*enter)(struct flow_run *r, const struct flow_node *n);
    /* The rest may be NULL: such an event means nothing to the kind. */
    void (*played)(struct flow_run *r, const struct flow_node *n); /* all prompts were heard */
    void (*key)(struct flow_run *r, const struct flow_node *n, char key);
    void (*silent)(struct flow_run *r, const struct flow_node *n);
    void (*done)(struct flow_run *r, const struct flow_node *n, bool ok); /* of an action */
};

extern const struct flow_kind flow_kind_play, flow_kind_menu, flow_kind_capture, flow_kind_action;

int flow_key_index(char key); /* 0-15, -1: not a key */

/* ---- the loader's helpers (load.c) ------------------------------------------------------------
 */

/* A link to a node. Absent: FLOW_END. */
int flow_load_link(struct flow_loader *l, const struct json_at *object, const char *key,
                   int16_t *out, struct error *err);
/* A prompt, or a list of prompts. Absent and not required: an empty span. */
int flow_load_prompts(struct flow_loader *l, const struct json_at *object, bool required,
                      struct flow_span *out, struct error *err);
/* "invalid" and "silence" of a node. */
int flow_load_again(struct flow_loader *l, const struct json_at *node, struct flow_node *n,
                    struct error *err);
int flow_load_variable(struct flow_loader *l, const struct json_at *object, int16_t *out,
                       struct error *err);
enum flow_text_flags {
    FLOW_TEXT_REQUIRED = 1,
    FLOW_TEXT_EMPTY = 2, /* may be "" */
    FLOW_TEXT_LINES = 4, /* may hold line breaks; no other control character ever */
};

/* A text of at most max bytes, kept by the flow. */
int flow_load_text(struct flow_loader *l, const struct json_at *object, const char *key,
                   unsigned flags, size_t max, const char **out, struct error *err);
/* Fails with "there is no <what> <name>" and the nearest of the known names. */
int flow_unknown(const struct json_at *at, struct error *err, const char *what, const char *name,
                 const char *const *known);

/* Faults of the graph as a whole (check.c). */
int flow_check(const struct flow *f, const struct json_at *at, struct error *err);

/* ---- the interpreter's helpers (run.c) --------------------------------------------------------
 */

enum flow_phase { FLOW_PHASE_IDLE, FLOW_PHASE_PLAYING, FLOW_PHASE_WAITING, FLOW_PHASE_ACTING };

void flow_go(struct flow_run *r,
             int16_t node); /* leaves this node; entered once the event is over */
/* Plays `before` (may be NULL), then the node's prompts; the kind's `played` follows. */
void flow_say(struct flow_run *r, const struct flow_span *before);
void flow_wait(struct flow_run *r, int64_t ms); /* stops what plays; `silent` follows */
void flow_note(struct flow_run *r, enum flow_step_kind kind, char key);
/* A wrong key, or silence: says it again or goes on, as the node has it. */
void flow_again(struct flow_run *r, const struct flow_again *again, uint8_t *tries);
void flow_set(struct flow_run *r, int16_t variable, const char *value);
