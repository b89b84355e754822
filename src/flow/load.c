/* From JSON to a compiled flow: names become indexes, every text is copied into one arena, and each
 * fault is told with its place. Faults of the graph as a whole are found by check.c. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/nearest.h"
#include "flow/node.h"

enum { ARENA_MAX = 4 << 20, PROMPT_NAME_MAX = 255, AFTER_MIN_MS = 500, AFTER_MAX_MS = 60000 };

static const struct flow_kind *const kinds[] = {&flow_kind_play, &flow_kind_menu,
                                                &flow_kind_capture, &flow_kind_action};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

/* What only loading needs. */
struct flow_loader {
    struct flow *flow;
    const char *node_names[FLOW_NODES_MAX + 1];         /* NULL-terminated, for suggestions */
    const char *variable_names[FLOW_VARIABLES_MAX + 1]; /* the same */
};

int flow_key_index(char key)
{
    static const char keys[] = "0123456789*#ABCD";
    const char *at = key ? strchr(keys, key) : NULL;

    return at ? (int)(at - keys) : -1;
}

static int find(const char *const *words, const char *word)
{
    for (int i = 0; words[i]; i++)
        if (strcmp(words[i], word) == 0)
            return i;
    return -1;
}

int flow_unknown(const struct json_at *at, struct error *err, const char *what, const char *name,
                 const char *const *known)
{
    const char *near = nearest_word(name, known);
    char remedy[ERROR_TEXT_MAX];
    int n = 0;

    if (near) {
        snprintf(remedy, sizeof(remedy), "did you mean \"%s\"?", near);
    } else {
        n = snprintf(remedy, sizeof(remedy), "known here: ");
        for (int i = 0; known[i] && n < (int)sizeof(remedy) - FLOW_NAME_MAX - 8; i++)
            n += snprintf(remedy + n, sizeof(remedy) - (size_t)n, "%s%s", i ? ", " : "", known[i]);
        if (!known[0])
            snprintf(remedy, sizeof(remedy), "there is none yet: add it");
    }
    return json_fail(at, err, remedy, "there is no %s \"%.60s\"", what, name);
}

/* ---- texts and names --------------------------------------------------------------------------
 */

static bool has_control(const char *s, const char *but)
{
    for (; *s; s++)
        if (((unsigned char)*s < 0x20 || *s == 0x7f) && !strchr(but, *s))
            return true;
    return false;
}

static int keep(struct flow_loader *l, const char *text, const char **out)
{
    char *copy = arena_strdup(l->flow->arena, text);

    if (!copy)
        return -ENOMEM;
    *out = copy;
    return 0;
}

/* A letter, then letters, digits, _ and -: what templates and reports can show without quoting. */
static int check_name(const struct json_at *at, const char *name, struct error *err)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static const char rest[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    size_t n = strlen(name);

    if (n == 0 || !strchr(letters, name[0]) || strspn(name, rest) != n)
        return json_fail(at, err, "use a letter, then letters, digits, _ and -",
                         "\"%.60s\" cannot be a name", name);
    if (n > FLOW_NAME_MAX)
        return json_fail(at, err, "shorten it", "the name is longer than %d letters",
                         FLOW_NAME_MAX);
    return 0;
}

int flow_load_text(struct flow_loader *l, const struct json_at *object, const char *key,
                   unsigned flags, size_t max, const char **out, struct error *err)
{
    struct json_at at = json_key(object, key);
    const char *text = NULL;
    int rc = json_get_string(object, key, flags & FLOW_TEXT_REQUIRED, &text, err);

    if (rc || !text)
        return rc;
    if (!text[0] && !(flags & FLOW_TEXT_EMPTY))
        return json_fail(&at, err, "write a text", "is empty");
    if (strlen(text) > max)
        return json_fail(&at, err, "shorten it", "is longer than %zu bytes", max);
    if (has_control(text, flags & FLOW_TEXT_LINES ? "\n" : ""))
        return json_fail(&at, err, "remove it", "holds a control character");
    return keep(l, text, out);
}

/* ---- links ------------------------------------------------------------------------------------
 */

int flow_load_link(struct flow_loader *l, const struct json_at *object, const char *key,
                   int16_t *out, struct error *err)
{
    struct json_at at = json_key(object, key);
    const char *name = NULL;
    int rc = json_get_string(object, key, false, &name, err), node;

    if (rc)
        return rc;
    if (!name) {
        *out = FLOW_END;
        return 0;
    }
    node = find(l->node_names, name);
    if (node < 0)
        return flow_unknown(&at, err, "node", name, l->node_names);
    *out = (int16_t)node;
    return 0;
}

int flow_load_variable(struct flow_loader *l, const struct json_at *object, int16_t *out,
                       struct error *err)
{
    struct json_at at = json_key(object, "variable");
    const char *name = NULL;
    int rc = json_get_string(object, "variable", true, &name, err), index;

    if (rc)
        return rc;
    index = find(l->variable_names, name);
    if (index < 0)
        return flow_unknown(&at, err, "variable", name, l->variable_names);
    *out = (int16_t)index;
    return 0;
}

/* ---- prompts ----------------------------------------------------------------------------------
 */

/* A file inside the folder of audio: what leads out of it could read any file of the machine. */
static int check_prompt_name(const struct json_at *at, const char *name, struct error *err)
{
    size_t n = strlen(name);

    if (n == 0)
        return json_fail(at, err, "write the name of an audio file", "is empty");
    if (n > PROMPT_NAME_MAX)
        return json_fail(at, err, "shorten it", "is longer than %d bytes", PROMPT_NAME_MAX);
    if (has_control(name, ""))
        return json_fail(at, err, "remove it", "holds a control character");
    if (name[0] == '/' || strchr(name, '\\') || strstr(name, ".."))
        return json_fail(at, err, "write its name inside the folder of audio, as \"welcome.wav\"",
                         "\"%.60s\" is not a plain file name", name);
    return 0;
}

static int intern_prompt(struct flow_loader *l, const struct json_at *at, const char *name,
                         uint16_t *out, struct error *err)
{
    struct flow *f = l->flow;
    int rc;

    for (int i = 0; i < f->prompt_count; i++) {
        if (strcmp(f->prompts[i], name) == 0) {
            *out = (uint16_t)i;
            return 0;
        }
    }
    if (f->prompt_count == FLOW_PROMPTS_MAX)
        return json_fail(at, err, "use fewer", "more than %d different prompts", FLOW_PROMPTS_MAX);
    rc = keep(l, name, &f->prompts[f->prompt_count]);
    if (!rc)
        *out = (uint16_t)f->prompt_count++;
    return rc;
}

static int add_prompt(struct flow_loader *l, const struct json_at *at, struct error *err)
{
    struct flow *f = l->flow;
    int rc;

    if (!json_is_string(at->value))
        return json_fail(at, err, "write for example \"welcome.wav\"",
                         "expected the name of an audio file");
    if (f->playlist_count == FLOW_PLAYLIST_MAX)
        return json_fail(at, err, "use fewer", "more than %d prompts in all", FLOW_PLAYLIST_MAX);
    rc = check_prompt_name(at, json_string_value(at->value), err);
    if (!rc)
        rc = intern_prompt(l, at, json_string_value(at->value), &f->playlist[f->playlist_count],
                           err);
    if (!rc)
        f->playlist_count++;
    return rc;
}

int flow_load_prompts(struct flow_loader *l, const struct json_at *object, bool required,
                      struct flow_span *out, struct error *err)
{
    struct json_at at = json_key(object, "prompt");
    uint16_t start = l->flow->playlist_count;
    int count = (int)json_array_size(at.value), rc = 0; /* 0 when it is not a list */

    if (!at.value && required)
        return json_fail(&at, err, "write for example \"prompt\": \"welcome.wav\"", "is missing");
    if (json_is_array(at.value) && (count == 0 || count > FLOW_LIST_MAX))
        return json_fail(&at, err, NULL, "a list of prompts has 1 to %d of them", FLOW_LIST_MAX);
    if (json_is_array(at.value)) {
        for (int i = 0; i < count && !rc; i++) {
            struct json_at one = json_item(&at, i);

            rc = add_prompt(l, &one, err);
        }
    } else if (at.value) {
        rc = add_prompt(l, &at, err);
    }
    if (!rc)
        *out = (struct flow_span){.at = start, .end = l->flow->playlist_count};
    return rc;
}

static int load_one_again(struct flow_loader *l, const struct json_at *at, const char *const *keys,
                          struct flow_again *out, struct error *err)
{
    int64_t limit = out->limit;
    int rc;

    if (!at->value)
        return 0;
    rc = json_only_keys(at, keys, err);
    if (!rc)
        rc = flow_load_prompts(l, at, false, &out->prompts, err);
    if (!rc)
        rc = json_get_int(at, "limit", false, 0, FLOW_LIMIT_MAX, &limit, err);
    if (!rc)
        rc = json_get_duration(at, "after", false, AFTER_MIN_MS, AFTER_MAX_MS, &out->after_ms, err);
    out->limit = (uint8_t)limit;
    return rc ? rc : flow_load_link(l, at, "next", &out->next, err);
}

int flow_load_again(struct flow_loader *l, const struct json_at *node, struct flow_node *n,
                    struct error *err)
{
    static const char *const invalid_keys[] = {"note", "prompt", "limit", "next", NULL};
    static const char *const silence_keys[] = {"note", "after", "prompt", "limit", "next", NULL};
    struct json_at invalid = json_key(node, "invalid"), silence = json_key(node, "silence");
    int rc;

    n->invalid = (struct flow_again){.limit = 2, .next = FLOW_END};
    n->silence = (struct flow_again){.limit = 2, .next = FLOW_END, .after_ms = 5000};
    rc = load_one_again(l, &invalid, invalid_keys, &n->invalid, err);
    return rc ? rc : load_one_again(l, &silence, silence_keys, &n->silence, err);
}

/* ---- the parts of a flow ----------------------------------------------------------------------
 */

static int load_variables(struct flow_loader *l, const struct json_at *root, struct error *err)
{
    struct json_at at = json_key(root, "variables");
    struct flow *f = l->flow;
    const char *key;
    json_t *value;

    if (!at.value)
        return 0;
    if (!json_is_object(at.value))
        return json_fail(&at, err, "write for example {\"choice\": \"\"}",
                         "expected names and first values");
    json_object_foreach((json_t *)at.value, key, value)
    {
        struct json_at one = json_key(&at, key);
        const char *initial = json_string_value(value);
        int rc = check_name(&one, key, err);

        if (rc)
            return rc;
        if (f->variable_count == FLOW_VARIABLES_MAX)
            return json_fail(&one, err, "use fewer", "more than %d variables", FLOW_VARIABLES_MAX);
        if (!initial)
            return json_fail(&one, err, "write it in quotes; \"\" when it starts empty",
                             "the first value is a text");
        if (strlen(initial) > FLOW_VALUE_MAX || has_control(initial, ""))
            return json_fail(&one, err, "shorten it",
                             "a value has at most %d bytes and no control characters",
                             FLOW_VALUE_MAX);
        rc = keep(l, key, &f->variables[f->variable_count]);
        if (!rc)
            rc = keep(l, initial, &f->initial[f->variable_count]);
        if (rc)
            return rc;
        l->variable_names[f->variable_count] = f->variables[f->variable_count];
        f->variable_count++;
    }
    return 0;
}

/* Names first, so that a node may lead to one written further down. */
static int load_names(struct flow_loader *l, const struct json_at *nodes, struct error *err)
{
    struct flow *f = l->flow;
    const char *key;
    json_t *value;

    if (!json_is_object(nodes->value) || json_object_size(nodes->value) == 0)
        return json_fail(nodes, err, "write for example {\"hello\": {\"type\": \"play\", …}}",
                         "a flow needs at least one node");
    if (json_object_size(nodes->value) > FLOW_NODES_MAX)
        return json_fail(nodes, err, "use fewer", "more than %d nodes", FLOW_NODES_MAX);
    f->nodes = arena_alloc(f->arena, json_object_size(nodes->value) * sizeof(*f->nodes));
    if (!f->nodes)
        return -ENOMEM;
    json_object_foreach((json_t *)nodes->value, key, value)
    {
        struct json_at one = json_key(nodes, key);
        struct flow_node *n = &f->nodes[f->node_count];
        int rc = check_name(&one, key, err);

        if (!rc)
            rc = keep(l, key, &n->name);
        if (rc)
            return rc;
        l->node_names[f->node_count++] = n->name;
    }
    return 0;
}

static int load_node(struct flow_loader *l, const struct json_at *at, int index, struct error *err)
{
    struct flow_node *n = &l->flow->nodes[index];
    const char *type = NULL, *names[KINDS + 1] = {NULL};
    struct json_at where = json_key(at, "type");
    int rc;

    if (!json_is_object(at->value))
        return json_fail(at, err, "write for example {\"type\": \"play\", \"prompt\": \"a.wav\"}",
                         "a node is an object {…}");
    rc = json_get_string(at, "type", true, &type, err);
    if (rc)
        return rc;
    n->next = n->failed = n->invalid.next = n->silence.next = n->variable = FLOW_NONE;
    for (int i = 0; i < FLOW_KEYS; i++)
        n->keys[i] = FLOW_NONE;
    n->barge_in = true;
    n->action.node = index;
    for (int i = 0; i < KINDS; i++) {
        names[i] = kinds[i]->name;
        if (strcmp(type, kinds[i]->name) == 0)
            n->kind = kinds[i];
    }
    if (!n->kind)
        return flow_unknown(&where, err, "type of node", type, names);
    return n->kind->load(l, at, n, err);
}

static int load_root(struct flow_loader *l, const struct json_at *at, struct error *err)
{
    static const char *const keys[] = {"$schema",   "version", "note", "start",
                                       "variables", "nodes",   NULL};
    struct json_at nodes = json_key(at, "nodes"), start = json_key(at, "start");
    int64_t version;
    int rc = json_only_keys(at, keys, err);

    if (!rc)
        rc = json_get_int(at, "version", true, 1, 1, &version, err);
    if (!rc)
        rc = load_variables(l, at, err);
    if (!rc)
        rc = load_names(l, &nodes, err);
    for (int i = 0; !rc && i < l->flow->node_count; i++) {
        struct json_at one = json_key(&nodes, l->node_names[i]);

        rc = load_node(l, &one, i, err);
    }
    if (!rc && !start.value)
        rc = json_fail(&start, err, "write the name of the node a call begins with", "is missing");
    if (!rc)
        rc = flow_load_link(l, at, "start", &l->flow->start, err);
    return rc ? rc : flow_check(l->flow, at, err);
}

int flow_load(const struct json_at *at, struct flow **out, struct error *err)
{
    struct arena *arena;
    struct flow_loader l = {0};
    int rc = arena_new(&arena, ARENA_MAX);

    if (rc)
        return rc;
    l.flow = arena_alloc(arena, sizeof(*l.flow));
    if (!l.flow) {
        arena_free(arena);
        return -ENOMEM;
    }
    l.flow->arena = arena;
    rc = load_root(&l, at, err);
    if (rc) {
        if (rc == -ENOMEM)
            json_fail(at, err, "use fewer or shorter texts", "the flow is too large");
        arena_free(arena);
        return rc;
    }
    *out = l.flow;
    return 0;
}

void flow_free(struct flow *f)
{
    if (f)
        arena_free(f->arena);
}

/* ---- looking at it ----------------------------------------------------------------------------
 */

int flow_node_count(const struct flow *f)
{
    return f->node_count;
}

const char *flow_node_name(const struct flow *f, int node)
{
    return f->nodes[node].name;
}

enum flow_node_type flow_node_type(const struct flow *f, int node)
{
    return f->nodes[node].kind->type;
}

int flow_prompt_count(const struct flow *f)
{
    return f->prompt_count;
}

const char *flow_prompt_name(const struct flow *f, int prompt)
{
    return f->prompts[prompt];
}

const char *flow_type_name(enum flow_node_type t)
{
    for (int i = 0; i < KINDS; i++)
        if (kinds[i]->type == t)
            return kinds[i]->name;
    return "?";
}

int flow_variable_count(const struct flow *f)
{
    return f->variable_count;
}

const char *flow_variable_name(const struct flow *f, int i)
{
    return f->variables[i];
}
