/* What one may follow: names of topics, and which events belong to which. */
#pragma once

#include "event/bus.h"
#include "identity/role.h"

enum live_topic {
    LIVE_METRICS,   /* figures each second */
    LIVE_CAMPAIGNS, /* states and pace, and progress each second */
    LIVE_CALLS,     /* calls, keys, texts */
    LIVE_BLACKLIST, /* opt-outs */
    LIVE_IMPORTS,
    LIVE_REPORTS,
    LIVE_ALERTS,
    LIVE_TOPIC_COUNT
};

/* -1: no such topic. */
int live_topic_from_name(const char *name, size_t len);
const char *live_topic_name(enum live_topic t);
/* What an API key needs to follow it. */
enum scope live_topic_scope(enum live_topic t);
enum live_topic live_topic_of(enum event_type type);
