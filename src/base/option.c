#include "base/option.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"

enum { NAMES_MAX = 64 };

struct value {
    const char *text; /* as given, or the default */
    bool set;
    double real;
    int64_t integer;
    const char **items; /* LIST: owned, NULL-terminated; the strings are not */
    int item_count;
};

struct option_values {
    const struct option_command *cmd;
    const char **args; /* owned array, NULL-terminated */
    int arg_count;
    bool help;
    struct value values[]; /* one per entry of cmd->options, in its order */
};

static int count_options(const struct option_command *cmd)
{
    int n = 0;

    while (cmd->options && cmd->options[n].name)
        n++;
    return n;
}

static int find(const struct option_command *cmd, const char *name, size_t len)
{
    for (int i = 0; cmd->options && cmd->options[i].name; i++)
        if (strlen(cmd->options[i].name) == len && strncmp(cmd->options[i].name, name, len) == 0)
            return i;
    return -1;
}

static int find_letter(const struct option_command *cmd, char letter)
{
    for (int i = 0; cmd->options && cmd->options[i].name; i++)
        if (cmd->options[i].letter == letter)
            return i;
    return -1;
}

static int unknown_option(const struct option_command *cmd, const char *word, struct error *err)
{
    const char *names[NAMES_MAX + 2], *near;
    char place[ERROR_PLACE_MAX], name[64], remedy[128];
    int n = 0;

    for (; n < NAMES_MAX && cmd->options && cmd->options[n].name; n++)
        names[n] = cmd->options[n].name;
    names[n++] = "help";
    names[n] = NULL;
    snprintf(name, sizeof(name), "%.*s", (int)strcspn(word, "="), word);
    near = nearest_word(name, names);
    if (near)
        snprintf(remedy, sizeof(remedy), "did you mean --%s?", near);
    else
        snprintf(remedy, sizeof(remedy), "kolcast %s --help lists the options", cmd->name);
    snprintf(place, sizeof(place), "--%s", name);
    return error_set(err, -EINVAL, place, remedy, "no such option of %s", cmd->name);
}

/* "1 … 1000 calls/s" */
static const char *range_text(const struct option_def *def, char *buf, size_t size)
{
    snprintf(buf, size, "%.16g … %.16g%s%s", def->min, def->max, def->unit ? " " : "",
             def->unit ? def->unit : "");
    return buf;
}

static int parse_number(const struct option_def *def, struct value *v, const char *text,
                        const char *place, struct error *err)
{
    bool whole = def->type == OPTION_INT;
    char *end, range[96];
    double real;

    errno = 0;
    real = strtod(text, &end);
    /* strtod alone would take leading blanks, "nan", "inf" and hexadecimal. */
    if (end == text || *end || errno || !isfinite(real) ||
        strspn(text, "+-0123456789.eE") < strlen(text))
        return error_set(err, -EINVAL, place, NULL, "\"%.60s\" is not a number", text);
    if (whole && (real != floor(real) || fabs(real) > 9e15))
        return error_set(err, -EINVAL, place, NULL, "\"%.60s\" is not a whole number", text);
    if (def->max > def->min && (real < def->min || real > def->max))
        return error_set(err, -EINVAL, place, NULL, "%.60s is outside %s", text,
                         range_text(def, range, sizeof(range)));
    v->real = real;
    v->integer = (int64_t)fmax(-9e15, fmin(9e15, real));
    return 0;
}

static int parse_choice(const struct option_def *def, const char *text, const char *place,
                        struct error *err)
{
    char remedy[ERROR_TEXT_MAX] = "choose one of ";
    const char *near;

    for (int i = 0; def->choices[i]; i++) {
        size_t n = strlen(remedy);

        if (strcmp(def->choices[i], text) == 0)
            return 0;
        snprintf(remedy + n, sizeof(remedy) - n, "%s%s", i ? ", " : "", def->choices[i]);
    }
    near = nearest_word(text, def->choices);
    if (near)
        snprintf(remedy, sizeof(remedy), "did you mean %s?", near);
    return error_set(err, -EINVAL, place, remedy, "\"%.60s\" is not one of its values", text);
}

static int append_item(struct value *v, const char *text)
{
    const char **items = realloc(
        v->items, sizeof(*items) * ((size_t)v->item_count + 2)); /* short lists: no growth plan */

    if (!items)
        return -ENOMEM;
    items[v->item_count++] = text;
    items[v->item_count] = NULL;
    v->items = items;
    return 0;
}

static int assign(const struct option_def *def, struct value *v, const char *text,
                  struct error *err)
{
    char place[ERROR_PLACE_MAX];
    int rc = 0;

    snprintf(place, sizeof(place), "--%s", def->name);
    switch (def->type) {
    case OPTION_FLAG:
    case OPTION_STRING:
        break;
    case OPTION_INT:
    case OPTION_REAL:
        rc = parse_number(def, v, text, place, err);
        break;
    case OPTION_CHOICE:
        rc = parse_choice(def, text, place, err);
        break;
    case OPTION_LIST:
        rc = append_item(v, text);
        break;
    }
    if (rc == 0)
        v->text = text;
    return rc;
}

/* Walks argv. */
struct scan {
    struct option_values *v;
    int argc, next;
    char **argv;
};

/* text: what stood behind `=` or the letter, NULL: the next word if the option wants one. */
static int take(struct scan *s, int index, const char *text, struct error *err)
{
    const struct option_def *def = &s->v->cmd->options[index];
    struct value *v = &s->v->values[index];
    char place[ERROR_PLACE_MAX], remedy[ERROR_TEXT_MAX];
    int rc;

    snprintf(place, sizeof(place), "--%s", def->name);
    if (def->type == OPTION_FLAG) {
        if (text)
            return error_set(err, -EINVAL, place, "write it alone", "takes no value");
        v->set = true;
        return 0;
    }
    if (!text) {
        snprintf(remedy, sizeof(remedy), "write --%s %s", def->name,
                 def->value ? def->value : "VALUE");
        if (s->next >= s->argc)
            return error_set(err, -EINVAL, place, remedy, "needs a value");
        text = s->argv[s->next++];
        if (strncmp(text, "--", 2) == 0 && text[2] &&
            find(s->v->cmd, text + 2, strcspn(text + 2, "=")) >= 0)
            return error_set(err, -EINVAL, place, remedy, "needs a value, found %s", text);
    }
    rc = assign(def, v, text, err);
    if (rc == 0)
        v->set = true;
    return rc;
}

static int take_long(struct scan *s, const char *word, struct error *err)
{
    const char *equals = strchr(word, '=');
    size_t len = equals ? (size_t)(equals - word) : strlen(word);
    int index = find(s->v->cmd, word, len);

    if (index >= 0)
        return take(s, index, equals ? equals + 1 : NULL, err);
    if (strcmp(word, "help") == 0) {
        s->v->help = true;
        return 0;
    }
    return unknown_option(s->v->cmd, word, err);
}

/* "-v", "-vj", "-dDIR", "-d DIR" */
static int take_letters(struct scan *s, const char *word, struct error *err)
{
    for (; *word; word++) {
        int index = find_letter(s->v->cmd, *word), rc;
        char place[8], remedy[128];

        if (index < 0 && *word == 'h') {
            s->v->help = true;
            continue;
        }
        if (index < 0) {
            snprintf(place, sizeof(place), "-%c", *word >= ' ' && *word < 127 ? *word : '?');
            snprintf(remedy, sizeof(remedy), "kolcast %s --help lists the options",
                     s->v->cmd->name);
            return error_set(err, -EINVAL, place, remedy, "no such option of %s", s->v->cmd->name);
        }
        if (s->v->cmd->options[index].type != OPTION_FLAG)
            return take(s, index, word[1] ? word + 1 : NULL, err);
        rc = take(s, index, NULL, err);
        if (rc)
            return rc;
    }
    return 0;
}

static int check_count(const struct option_values *v, struct error *err)
{
    const struct option_command *cmd = v->cmd;
    char remedy[ERROR_TEXT_MAX];

    snprintf(remedy, sizeof(remedy), "kolcast %s%s%s, or kolcast %s --help", cmd->name,
             cmd->usage && cmd->usage[0] ? " " : "", cmd->usage ? cmd->usage : "", cmd->name);
    if (v->arg_count < cmd->min_args)
        return error_set(err, -EINVAL, cmd->name, remedy, "something is missing after %s",
                         v->arg_count ? v->args[v->arg_count - 1] : cmd->name);
    if (cmd->max_args >= 0 && v->arg_count > cmd->max_args)
        return error_set(err, -EINVAL, cmd->name, remedy, "\"%.100s\" is one too many",
                         v->args[cmd->max_args]);
    return 0;
}

static int parse_words(struct scan *s, struct error *err)
{
    bool options = true;

    while (s->next < s->argc) {
        const char *word = s->argv[s->next++];
        int rc = 0;

        if (options && strcmp(word, "--") == 0)
            options = false;
        else if (options && strncmp(word, "--", 2) == 0)
            rc = take_long(s, word + 2, err);
        else if (options && word[0] == '-' && word[1])
            rc = take_letters(s, word + 1, err);
        else
            s->v->args[s->v->arg_count++] = word;
        if (rc)
            return rc;
    }
    return s->v->help ? 0 : check_count(s->v, err);
}

int option_parse(const struct option_command *cmd, int argc, char **argv,
                 struct option_values **out, struct error *err)
{
    int n = count_options(cmd), rc = 0;
    struct option_values *v = calloc(1, sizeof(*v) + sizeof(v->values[0]) * (size_t)n);
    struct scan s = {.v = v, .argc = argc, .next = 1, .argv = argv};

    if (!v)
        return -ENOMEM;
    v->cmd = cmd;
    v->args = calloc((size_t)argc + 1, sizeof(*v->args));
    if (!v->args)
        rc = -ENOMEM;
    for (int i = 0; rc == 0 && i < n; i++) {
        if (!cmd->options[i].fallback || cmd->options[i].type == OPTION_FLAG)
            continue;
        rc = assign(&cmd->options[i], &v->values[i], cmd->options[i].fallback, NULL);
        assert(rc == 0 || rc == -ENOMEM); /* a default outside its own range */
    }
    if (rc == 0)
        rc = parse_words(&s, err);
    if (rc) {
        option_free(v);
        return rc;
    }
    *out = v;
    return 0;
}

void option_free(struct option_values *v)
{
    if (!v)
        return;
    for (int i = 0; i < count_options(v->cmd); i++)
        free(v->values[i].items);
    free(v->args);
    free(v);
}

static const struct value *get(const struct option_values *v, const char *name)
{
    int index = find(v->cmd, name, strlen(name));

    assert(index >= 0);
    return &v->values[index];
}

bool option_set(const struct option_values *v, const char *name)
{
    return get(v, name)->set;
}

const char *option_string(const struct option_values *v, const char *name)
{
    return get(v, name)->text;
}

int64_t option_int(const struct option_values *v, const char *name)
{
    return get(v, name)->integer;
}

double option_real(const struct option_values *v, const char *name)
{
    return get(v, name)->real;
}

bool option_flag(const struct option_values *v, const char *name)
{
    if (strcmp(name, "help") == 0 && v->help)
        return true;
    return strcmp(name, "help") != 0 && get(v, name)->set;
}

int option_list(const struct option_values *v, const char *name, const char *const **items)
{
    static const char *const none[] = {NULL};
    const struct value *value = get(v, name);

    *items = value->items ? value->items : none;
    return value->item_count;
}

int option_args(const struct option_values *v, const char *const **args)
{
    *args = v->args;
    return v->arg_count;
}

const struct option_command *option_command(const struct option_values *v)
{
    return v->cmd;
}
