/* A population from outside: loads or is refused with words and a place. Who is drawn from what
 * loads keeps to the bounds that the carrier relies on, and is the same again. */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/json.h"
#include "line/carrier/population.h"
#include "media/dtmf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_person(const struct population *p, uint64_t number, unsigned call)
{
    struct person a, b;

    memset(&a, 0, sizeof(a));
    memset(&b, 0, sizeof(b));
    population_draw(p, number, call, &a);
    population_draw(p, number, call, &b);
    must(a.behaviour == b.behaviour && a.answer_ms == b.answer_ms && a.presses == b.presses &&
         a.hang_up_ms == b.hang_up_ms);
    must(a.behaviour < BEHAVIOUR_COUNT && a.group >= -1 && a.group < population_group_count(p));
    must(population_share(p, a.group, a.behaviour) > 0);
    must(a.ring_ms >= 0 && a.hang_up_ms >= 0 && a.greeting_ms >= 0 && a.retry_after_s >= 0);
    must(a.answer_ms >= a.ring_ms || a.behaviour == BEHAVIOUR_ABRUPT);
    must(a.presses <= PERSON_PRESSES_MAX);
    for (unsigned i = 0; i < a.presses; i++)
        must(dtmf_event_of(a.press[i].key) >= 0 && a.press[i].after_ms >= 0);
}

static void check(const struct population *p, const uint8_t *data, size_t size)
{
    const struct population_limits *l = population_limits(p);

    must(l->cps >= 0 && l->retry_after_s >= 0 && l->storm_ms <= l->storm_every_ms);
    for (int g = -1; g < population_group_count(p); g++) {
        double sum = 0;

        must(population_group_name(p, g)[0] != '\0');
        for (int b = 0; b < BEHAVIOUR_COUNT; b++)
            sum += population_share(p, g, (enum behaviour)b);
        must(sum > 0.999 && sum < 1.001);
    }
    for (uint64_t i = 0; i < 16; i++)
        check_person(p, hash_bytes(data, size, i) % 1000000000000000ULL, (unsigned)(i % 3));
    check_person(p, 972501234567, 0);
    check_person(p, 0, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct population *p = NULL;
    struct error err = {0};
    json_t *root = NULL;

    if (json_load_text((const char *)data, size, "fuzz", &root, &err))
        return 0;
    if (population_load(root, "fuzz", &p, &err)) {
        must(err.message[0] && err.place[0] && !p);
    } else {
        check(p, data, size);
    }
    population_free(p);
    json_decref(root);
    return 0;
}
