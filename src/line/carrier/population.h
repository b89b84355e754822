/* Who lives behind the simulated carrier's numbers: what each person does when called. Pure: the
 * same seed, number and count of calls give the same person. Described by a JSON file
 * (schema/population.schema.json). Immutable after population_load, so threads may share it. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

enum behaviour {
    BEHAVIOUR_ANSWER,      /* a person: listens, may press keys */
    BEHAVIOUR_MACHINE,     /* greets, beeps, records until it is full */
    BEHAVIOUR_BUSY,        /* 486 */
    BEHAVIOUR_NO_ANSWER,   /* rings out */
    BEHAVIOUR_REJECT,      /* 603 after a look at the screen */
    BEHAVIOUR_UNKNOWN,     /* 404: no such number */
    BEHAVIOUR_CONGESTION,  /* 503 with Retry-After */
    BEHAVIOUR_STUCK,       /* no ringing and no answer, ever */
    BEHAVIOUR_MUTE,        /* answers, but sends no audio */
    BEHAVIOUR_ABRUPT,      /* answers without ringing and hangs up within 50 ms */
    BEHAVIOUR_WRONG_ORDER, /* sends audio and a key before it answers */
    BEHAVIOUR_COUNT
};

enum { PERSON_PRESSES_MAX = 8, POPULATION_GROUPS_MAX = 64, POPULATION_PREFIXES_MAX = 64 };

struct person_press {
    char key;
    int64_t after_ms; /* after the press before, the first after the answer */
};

/* One person at one call. */
struct person {
    enum behaviour behaviour;
    int group;           /* index, -1: the default */
    bool early_media;    /* hears the network's ringing tone in a 183 */
    int64_t ring_ms;     /* INVITE to ringing */
    int64_t answer_ms;   /* INVITE to the final answer */
    int64_t greeting_ms; /* machine: until the beep */
    int64_t hang_up_ms;  /* answer to own hang-up; the patience when nothing comes first */
    int64_t retry_after_s;
    unsigned presses;
    struct person_press press[PERSON_PRESSES_MAX];
};

struct population_limits {
    unsigned calls; /* at once, more are refused with 503; 0: none */
    double cps;     /* in any sliding second; 0: none */
    int64_t retry_after_s;
    int64_t storm_every_ms,
        storm_ms; /* all calls are refused for storm_ms of each storm_every_ms */
};

struct population;

int population_load(const json_t *root, const char *file, struct population **out,
                    struct error *err);
int population_default(struct population **out); /* what `{"version":1}` describes */
void population_free(struct population *p);      /* NULL-safe */

void population_seed(struct population *p, uint64_t seed); /* instead of the file's; before use */
const struct population_limits *population_limits(const struct population *p);
/* call: how often this number was called before (0: never). */
void population_draw(const struct population *p, uint64_t number, unsigned call,
                     struct person *out);

int population_group_count(const struct population *p);
const char *population_group_name(const struct population *p, int group); /* -1: "default" */
/* Share of calls that behave so, 0…1, in a group. */
double population_share(const struct population *p, int group, enum behaviour b);
const char *behaviour_name(enum behaviour b); /* as in the file: "no_answer" */
