#include "store/model.h"

#include <stddef.h>
#include <string.h>

#include "store/store.h"

static const struct {
    const char *name, *text;
    bool reached, retry;
} dispositions[] = {
#define X(id, name, text, reached, retry) [DISPOSITION_##id] = {name, text, reached, retry},
    DISPOSITION_TABLE(X)
#undef X
};

static const char *const campaign_states[] = {
#define X(id, name) [CAMPAIGN_STATE_##id] = name,
    CAMPAIGN_STATE_TABLE(X)
#undef X
};

static const struct {
    const char *name, *text;
} target_states[] = {
#define X(id, name, text) [TARGET_STATE_##id] = {name, text},
    TARGET_STATE_TABLE(X)
#undef X
};

const char *disposition_name(enum disposition d)
{
    return dispositions[d].name;
}

const char *disposition_text(enum disposition d)
{
    return dispositions[d].text;
}

bool disposition_reached(enum disposition d)
{
    return dispositions[d].reached;
}

bool disposition_retry(enum disposition d)
{
    return dispositions[d].retry;
}

int disposition_from_name(const char *name)
{
    for (int i = 0; i < DISPOSITION_COUNT; i++)
        if (strcmp(dispositions[i].name, name) == 0)
            return i;
    return -1;
}

const char *campaign_state_name(enum campaign_state s)
{
    return campaign_states[s];
}

int campaign_state_from_name(const char *name)
{
    for (int i = 0; i < CAMPAIGN_STATE_COUNT; i++)
        if (strcmp(campaign_states[i], name) == 0)
            return i;
    return -1;
}

const char *target_state_name(enum target_state s)
{
    return target_states[s].name;
}

const char *target_state_text(enum target_state s)
{
    return target_states[s].text;
}

bool campaign_transition_allowed(enum campaign_state from, enum campaign_state to)
{
#define TO(state) (1u << CAMPAIGN_STATE_##state)
    static const unsigned allowed[CAMPAIGN_STATE_COUNT] = {
        [CAMPAIGN_STATE_DRAFT] = TO(SCHEDULED) | TO(RUNNING) | TO(CANCELLED) | TO(FAILED),
        [CAMPAIGN_STATE_SCHEDULED] = TO(DRAFT) | TO(RUNNING) | TO(CANCELLED) | TO(FAILED),
        [CAMPAIGN_STATE_RUNNING] = TO(PAUSED) | TO(COMPLETED) | TO(CANCELLED) | TO(FAILED),
        [CAMPAIGN_STATE_PAUSED] = TO(RUNNING) | TO(COMPLETED) | TO(CANCELLED) | TO(FAILED),
        /* More people may be added to a finished campaign's list, and a fault may be mended. */
        [CAMPAIGN_STATE_COMPLETED] = TO(RUNNING),
        [CAMPAIGN_STATE_FAILED] = TO(RUNNING) | TO(CANCELLED),
        [CAMPAIGN_STATE_CANCELLED] = 0,
    };
#undef TO

    return from == to || (allowed[from] & (1u << to)) != 0;
}

static const struct {
    char origin;
    const char *name, *text;
} zone_origins[] = {
    {'c', "column", "its column"},
    {'n', "number", "the number"},
    {'u', "number_range",
     "the number, whose range lies in several zones: the one with most people"},
    {'d', "import", "the import's --zone"},
    {'\0', "campaign", "the campaign, as none is known"},
};

static size_t zone_origin_of(char origin, const char *zone)
{
    size_t i = 0;

    if (!zone[0])
        origin = '\0';
    while (zone_origins[i].origin && zone_origins[i].origin != origin)
        i++;
    return i;
}

const char *zone_origin_name(char origin, const char *zone)
{
    return zone_origins[zone_origin_of(origin, zone)].name;
}

const char *zone_origin_text(char origin, const char *zone)
{
    return zone_origins[zone_origin_of(origin, zone)].text;
}
