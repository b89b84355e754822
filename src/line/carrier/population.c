/* Reading a population and drawing persons from it. See population.h. */
#include "line/carrier/population.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/json.h"
#include "base/rng.h"

enum { KEYS = 17, KEY_NONE = 16, WEIGHTS_MAX = 17, NAME_MAX_BYTES = 48, DIGITS_MAX = 15 };
_Static_assert((int)BEHAVIOUR_COUNT <= (int)WEIGHTS_MAX, "read_weights");

static const char key_chars[KEY_NONE + 1] = "0123456789*#ABCD";

struct span {
    int64_t min_ms, max_ms;
};

/* How the members of a group behave. */
struct crowd {
    double share[BEHAVIOUR_COUNT], share_sum;
    double key[KEYS], key_sum;
    int64_t rounds;
    struct span ring, answer, listen, hang_up, greeting;
    double hang_up_early, early_media;
    int64_t patience_ms, retry_after_ms;
};

struct group {
    char name[NAME_MAX_BYTES];
    struct crowd crowd;
    unsigned prefixes;
    char prefix[POPULATION_PREFIXES_MAX][DIGITS_MAX + 1];
};

struct population {
    uint64_t seed;
    bool anew;
    struct population_limits limits;
    struct crowd crowd;
    struct group *groups; /* owned */
    int group_count;
    struct map numbers; /* number → group index + 1 */
};

static const char *const behaviour_names[BEHAVIOUR_COUNT + 1] = {
    [BEHAVIOUR_ANSWER] = "answer",
    [BEHAVIOUR_MACHINE] = "machine",
    [BEHAVIOUR_BUSY] = "busy",
    [BEHAVIOUR_NO_ANSWER] = "no_answer",
    [BEHAVIOUR_REJECT] = "reject",
    [BEHAVIOUR_UNKNOWN] = "unknown",
    [BEHAVIOUR_CONGESTION] = "congestion",
    [BEHAVIOUR_STUCK] = "stuck",
    [BEHAVIOUR_MUTE] = "mute",
    [BEHAVIOUR_ABRUPT] = "abrupt",
    [BEHAVIOUR_WRONG_ORDER] = "wrong_order",
};

const char *behaviour_name(enum behaviour b)
{
    return behaviour_names[b];
}

/* What most lists of people look like to a carrier: about half answer. */
static const struct crowd crowd_usual = {
    .share = {[BEHAVIOUR_ANSWER] = 52,
              [BEHAVIOUR_MACHINE] = 12,
              [BEHAVIOUR_NO_ANSWER] = 20,
              [BEHAVIOUR_BUSY] = 8,
              [BEHAVIOUR_REJECT] = 5,
              [BEHAVIOUR_UNKNOWN] = 3},
    .share_sum = 100,
    .key = {[1] = 25, [2] = 8, [9] = 4, [7] = 3, [KEY_NONE] = 60},
    .key_sum = 100,
    .rounds = 2,
    .ring = {100, 900},
    .answer = {2000, 15000},
    .listen = {1500, 9000},
    .hang_up = {1000, 12000},
    .greeting = {3000, 8000},
    .hang_up_early = 0.15,
    .early_media = 0.1,
    .patience_ms = 120000,
    .retry_after_ms = 5000,
};

/* ---- reading -------------------------------------------------------------------------------- */

/* {"busy": 10, "answer": 60}: weights by name; what is not named has none. */
static int read_weights(const struct json_at *at, const char *const *names, int count,
                        double *weights, double *sum, struct error *err)
{
    double total = 0, w[WEIGHTS_MAX] = {0};
    int rc;

    if (!json_is_object(at->value))
        return json_fail(at, err, "such as {\"answer\": 60, \"busy\": 10}",
                         "expected an object of weights");
    rc = json_only_keys(at, names, err);
    for (int i = 0; i < count && !rc; i++) {
        rc = json_get_real(at, names[i], false, 0, 1e9, &w[i], err);
        total += w[i];
    }
    if (rc)
        return rc;
    if (total <= 0)
        return json_fail(at, err, "give at least one a weight above 0", "all weights are 0");
    memcpy(weights, w, sizeof(*w) * (size_t)count);
    *sum = total;
    return 0;
}

static int read_span(const struct json_at *object, const char *key, struct span *out,
                     struct error *err)
{
    static const char *const keys[] = {"min", "max", NULL};
    struct json_at at = json_key(object, key);
    struct span s = *out;
    int rc;

    if (!at.value)
        return 0;
    if (!json_is_object(at.value))
        return json_fail(&at, err, "such as {\"min\": \"2s\", \"max\": \"9s\"}",
                         "expected an object with min and max");
    rc = json_only_keys(&at, keys, err);
    if (!rc)
        rc = json_get_duration(&at, "min", true, 0, 3600000, &s.min_ms, err);
    if (!rc)
        rc = json_get_duration(&at, "max", true, 0, 3600000, &s.max_ms, err);
    if (rc)
        return rc;
    if (s.max_ms < s.min_ms)
        return json_fail(&at, err, "exchange them", "max is less than min");
    *out = s;
    return 0;
}

#define CROWD_KEYS                                                                       \
    "shares", "keys", "rounds", "ring_after", "answer_after", "listen", "hang_up_early", \
        "hang_up_after", "greeting", "early_media", "patience", "retry_after"

/* Absent fields leave the crowd as it was. */
static int read_crowd(const struct json_at *at, struct crowd *c, struct error *err)
{
    static const char *const key_names[KEYS + 1] = {"0", "1", "2", "3", "4", "5", "6", "7",   "8",
                                                    "9", "*", "#", "A", "B", "C", "D", "none"};
    struct json_at shares = json_key(at, "shares"), keys = json_key(at, "keys");
    int rc = 0;

    if (shares.value)
        rc = read_weights(&shares, behaviour_names, BEHAVIOUR_COUNT, c->share, &c->share_sum, err);
    if (!rc && keys.value)
        rc = read_weights(&keys, key_names, KEYS, c->key, &c->key_sum, err);
    if (!rc)
        rc = json_get_int(at, "rounds", false, 0, PERSON_PRESSES_MAX, &c->rounds, err);
    if (!rc)
        rc = read_span(at, "ring_after", &c->ring, err);
    if (!rc)
        rc = read_span(at, "answer_after", &c->answer, err);
    if (!rc)
        rc = read_span(at, "listen", &c->listen, err);
    if (!rc)
        rc = read_span(at, "hang_up_after", &c->hang_up, err);
    if (!rc)
        rc = read_span(at, "greeting", &c->greeting, err);
    if (!rc)
        rc = json_get_real(at, "hang_up_early", false, 0, 1, &c->hang_up_early, err);
    if (!rc)
        rc = json_get_real(at, "early_media", false, 0, 1, &c->early_media, err);
    if (!rc)
        rc = json_get_duration(at, "patience", false, 1, 24 * 3600000LL, &c->patience_ms, err);
    if (!rc)
        rc = json_get_duration(at, "retry_after", false, 0, 3600000, &c->retry_after_ms, err);
    return rc;
}

/* "+972 50-123" as digits. */
static int read_digits(const struct json_at *at, char out[DIGITS_MAX + 1], struct error *err)
{
    const char *text = json_string_value(at->value);
    int n = 0;

    for (; text && *text; text++) {
        if (strchr("+- ", *text))
            continue;
        if (!isdigit((unsigned char)*text) || n == DIGITS_MAX) {
            n = 0;
            break;
        }
        out[n++] = *text;
    }
    if (n == 0)
        return json_fail(at, err, "such as \"+97250\"", "expected text of 1 to %d digits",
                         DIGITS_MAX);
    out[n] = '\0';
    return 0;
}

/* Does a group up to `index` have it already? */
static bool has_prefix(const struct population *p, int index, const char *digits)
{
    for (int i = 0; i <= index; i++)
        for (unsigned k = 0; k < p->groups[i].prefixes; k++)
            if (strcmp(p->groups[i].prefix[k], digits) == 0)
                return true;
    return false;
}

static int read_prefixes(const struct json_at *at, struct population *p, int index,
                         struct error *err)
{
    struct json_at list = json_key(at, "prefixes");
    struct group *g = &p->groups[index];
    size_t count = json_array_size(list.value);

    if (!list.value)
        return 0;
    if (count < 1 || count > POPULATION_PREFIXES_MAX)
        return json_fail(&list, err, "such as [\"+97250\"]",
                         "expected an array of 1 to %d prefixes", POPULATION_PREFIXES_MAX);
    for (size_t i = 0; i < count; i++) {
        struct json_at item = json_item(&list, (int)i);
        char digits[DIGITS_MAX + 1];
        int rc = read_digits(&item, digits, err);

        if (rc)
            return rc;
        if (has_prefix(p, index, digits))
            return json_fail(&item, err, "leave it in one group", "%s is named twice", digits);
        memcpy(g->prefix[g->prefixes++], digits, sizeof(digits));
    }
    return 0;
}

static int read_numbers(const struct json_at *at, struct population *p, int group,
                        struct error *err)
{
    struct json_at list = json_key(at, "numbers");
    int rc = 0;

    if (!list.value)
        return 0;
    if (json_array_size(list.value) == 0)
        return json_fail(&list, err, "such as [\"+972501234567\"]", "expected an array of numbers");
    for (size_t i = 0; i < json_array_size(list.value) && !rc; i++) {
        struct json_at item = json_item(&list, (int)i);
        char digits[DIGITS_MAX + 1];
        uint64_t number;

        rc = read_digits(&item, digits, err);
        if (rc)
            break;
        number = strtoull(digits, NULL, 10);
        if (number == 0)
            return json_fail(&item, err, NULL, "this is no phone number");
        if (map_get(&p->numbers, number))
            return json_fail(&item, err, "leave it in one group", "%s is named twice", digits);
        rc = map_put(&p->numbers, number, (void *)(intptr_t)(group + 1));
    }
    return rc;
}

static int read_name(const struct json_at *group, int index, char out[NAME_MAX_BYTES],
                     struct error *err)
{
    struct json_at at = json_key(group, "name");
    const char *name = NULL;
    int rc = json_get_string(group, "name", false, &name, err);

    if (rc)
        return rc;
    if (!name) {
        snprintf(out, NAME_MAX_BYTES, "group %d", index + 1);
        return 0;
    }
    if (!name[0] || strlen(name) >= NAME_MAX_BYTES)
        return json_fail(&at, err, "or leave it out", "a name has 1 to %d bytes",
                         NAME_MAX_BYTES - 1);
    for (const char *p = name; *p; p++)
        if (iscntrl((unsigned char)*p))
            return json_fail(&at, err, "remove it", "holds a control character");
    snprintf(out, NAME_MAX_BYTES, "%s", name);
    return 0;
}

static int read_group(const struct json_at *at, struct population *p, int index, struct error *err)
{
    static const char *const keys[] = {"note", "name", "numbers", "prefixes", CROWD_KEYS, NULL};
    struct group *g = &p->groups[index];
    int rc;

    if (!json_is_object(at->value))
        return json_fail(at, err, NULL, "expected an object");
    g->crowd = p->crowd;
    rc = json_only_keys(at, keys, err);
    if (!rc)
        rc = read_name(at, index, g->name, err);
    if (!rc)
        rc = read_crowd(at, &g->crowd, err);
    if (!rc)
        rc = read_prefixes(at, p, index, err);
    if (!rc)
        rc = read_numbers(at, p, index, err);
    if (rc)
        return rc;
    if (!json_key(at, "prefixes").value && !json_key(at, "numbers").value)
        return json_fail(at, err, "add \"prefixes\" or \"numbers\"", "nobody is in this group");
    return 0;
}

static int read_groups(const struct json_at *root, struct population *p, struct error *err)
{
    struct json_at list = json_key(root, "groups");
    size_t count;
    int rc = 0;

    if (!list.value)
        return 0;
    if (!json_is_array(list.value) || json_array_size(list.value) > POPULATION_GROUPS_MAX)
        return json_fail(&list, err, NULL, "expected an array of at most %d groups",
                         POPULATION_GROUPS_MAX);
    count = json_array_size(list.value);
    p->groups = calloc(count ? count : 1, sizeof(*p->groups));
    if (!p->groups)
        return -ENOMEM;
    for (; (size_t)p->group_count < count && !rc; p->group_count++) {
        struct json_at item = json_item(&list, p->group_count);

        rc = read_group(&item, p, p->group_count, err);
    }
    return rc;
}

static int read_limits(const struct json_at *root, struct population_limits *l, struct error *err)
{
    static const char *const limit_keys[] = {"calls", "calls_per_second", "retry_after", NULL};
    static const char *const storm_keys[] = {"every", "for", NULL};
    struct json_at limits = json_key(root, "limits"), storms = json_key(root, "storms");
    int64_t calls = 0, retry_ms = l->retry_after_s * 1000;
    int rc = 0;

    if (limits.value) {
        rc = json_only_keys(&limits, limit_keys, err);
        if (!rc)
            rc = json_get_int(&limits, "calls", false, 1, 1000000, &calls, err);
        if (!rc)
            rc = json_get_real(&limits, "calls_per_second", false, 0.01, 1e6, &l->cps, err);
        if (!rc)
            rc = json_get_duration(&limits, "retry_after", false, 0, 3600000, &retry_ms, err);
    }
    if (!rc && storms.value) {
        rc = json_only_keys(&storms, storm_keys, err);
        if (!rc)
            rc = json_get_duration(&storms, "every", true, 1000, 24 * 3600000LL, &l->storm_every_ms,
                                   err);
        if (!rc)
            rc = json_get_duration(&storms, "for", true, 1, l->storm_every_ms, &l->storm_ms, err);
    }
    l->calls = (unsigned)calls;
    l->retry_after_s = (retry_ms + 999) / 1000;
    return rc;
}

static int read_population(const struct json_at *root, struct population *p, struct error *err)
{
    static const char *const keys[] = {"$schema", "version", "note",    "seed",   "anew",
                                       "limits",  "storms",  "default", "groups", NULL};
    static const char *const crowd_keys[] = {CROWD_KEYS, NULL};
    struct json_at crowd = json_key(root, "default");
    int64_t version = 0, seed = (int64_t)p->seed;
    int rc;

    if (!json_is_object(root->value))
        return json_fail(root, err, NULL, "expected an object");
    rc = json_only_keys(root, keys, err);
    if (!rc)
        rc = json_get_int(root, "version", true, 1, 1, &version, err);
    if (!rc)
        rc = json_get_int(root, "seed", false, 0, INT64_MAX, &seed, err);
    if (!rc)
        rc = json_get_bool(root, "anew", false, &p->anew, err);
    if (!rc)
        rc = read_limits(root, &p->limits, err);
    if (!rc && crowd.value) {
        if (!json_is_object(crowd.value))
            return json_fail(&crowd, err, NULL, "expected an object");
        rc = json_only_keys(&crowd, crowd_keys, err);
        if (!rc)
            rc = read_crowd(&crowd, &p->crowd, err);
    }
    p->seed = (uint64_t)seed;
    return rc ? rc : read_groups(root, p, err);
}

int population_default(struct population **out)
{
    struct population *p = calloc(1, sizeof(*p));

    if (!p)
        return -ENOMEM;
    p->seed = 1;
    p->crowd = crowd_usual;
    p->limits.retry_after_s = 5;
    *out = p;
    return 0;
}

int population_load(const json_t *root, const char *file, struct population **out,
                    struct error *err)
{
    struct json_at at = json_root(root, file);
    struct population *p;
    int rc = population_default(&p);

    if (rc)
        return error_set(err, rc, file, NULL, "out of memory");
    rc = read_population(&at, p, err);
    if (rc) {
        population_free(p);
        return rc;
    }
    *out = p;
    return 0;
}

void population_free(struct population *p)
{
    if (!p)
        return;
    map_free(&p->numbers);
    free(p->groups);
    free(p);
}

void population_seed(struct population *p, uint64_t seed)
{
    p->seed = seed;
}

const struct population_limits *population_limits(const struct population *p)
{
    return &p->limits;
}

int population_group_count(const struct population *p)
{
    return p->group_count;
}

const char *population_group_name(const struct population *p, int group)
{
    return group < 0 ? "default" : p->groups[group].name;
}

static const struct crowd *crowd_of(const struct population *p, int group)
{
    return group < 0 ? &p->crowd : &p->groups[group].crowd;
}

double population_share(const struct population *p, int group, enum behaviour b)
{
    const struct crowd *c = crowd_of(p, group);

    return c->share[b] / c->share_sum;
}

/* ---- drawing -------------------------------------------------------------------------------- */

/* A number's own group, else that of the longest prefix (of equals the first). */
static int find_group(const struct population *p, uint64_t number)
{
    intptr_t own = (intptr_t)map_get(&p->numbers, number);
    size_t best_len = 0;
    char text[24];
    int best = -1;

    if (own)
        return (int)own - 1;
    snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
    for (int i = 0; i < p->group_count; i++) {
        for (unsigned k = 0; k < p->groups[i].prefixes; k++) {
            size_t len = strlen(p->groups[i].prefix[k]);

            if (len > best_len && strncmp(text, p->groups[i].prefix[k], len) == 0) {
                best = i;
                best_len = len;
            }
        }
    }
    return best;
}

static int draw_weighted(struct rng *r, const double *weights, int count, double sum)
{
    double x = rng_unit(r) * sum;
    int last = 0;

    for (int i = 0; i < count; i++) {
        if (weights[i] <= 0)
            continue;
        last = i;
        x -= weights[i];
        if (x < 0)
            return i;
    }
    return last; /* rounding */
}

/* Most people are quick and a few are slow: skewed to the short side. */
static int64_t draw_span(struct rng *r, const struct span *s)
{
    double u = pow((rng_unit(r) + rng_unit(r)) / 2, 1.5);

    return s->min_ms + (int64_t)(u * (double)(s->max_ms - s->min_ms) + 0.5);
}

static void draw_presses(struct rng *r, const struct crowd *c, struct person *out)
{
    for (int64_t i = 0; i < c->rounds; i++) {
        int k = draw_weighted(r, c->key, KEYS, c->key_sum);
        int64_t after = draw_span(r, &c->listen);

        if (k == KEY_NONE)
            return;
        out->press[out->presses++] = (struct person_press){key_chars[k], after};
    }
}

static void draw_talk(struct rng *r, const struct crowd *c, struct person *out)
{
    bool early = rng_unit(r) < c->hang_up_early;
    int64_t early_ms = draw_span(r, &c->hang_up);

    out->greeting_ms = draw_span(r, &c->greeting);
    out->hang_up_ms = early && out->behaviour == BEHAVIOUR_ANSWER ? early_ms : c->patience_ms;
    if (out->behaviour == BEHAVIOUR_ABRUPT)
        out->hang_up_ms = (int64_t)rng_below(r, 50) + 1;
    if (out->behaviour == BEHAVIOUR_ANSWER || out->behaviour == BEHAVIOUR_MUTE ||
        out->behaviour == BEHAVIOUR_WRONG_ORDER)
        draw_presses(r, c, out);
}

void population_draw(const struct population *p, uint64_t number, unsigned call, struct person *out)
{
    int group = find_group(p, number);
    const struct crowd *c = crowd_of(p, group);
    struct rng r;

    rng_seed(&r, hash_u64(number ^ hash_u64(p->seed)) + (p->anew ? call : 0));
    *out = (struct person){
        .group = group,
        .behaviour = (enum behaviour)draw_weighted(&r, c->share, BEHAVIOUR_COUNT, c->share_sum),
        .retry_after_s = (c->retry_after_ms + 999) / 1000,
    };
    out->ring_ms = draw_span(&r, &c->ring);
    out->answer_ms = out->ring_ms + draw_span(&r, &c->answer);
    out->early_media = rng_unit(&r) < c->early_media;
    if (out->behaviour == BEHAVIOUR_ABRUPT)
        out->answer_ms = 0;
    draw_talk(&r, c, out);
}
