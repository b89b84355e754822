#include "api/live_topic.h"

#include <string.h>

static const struct {
    const char *name;
    enum scope scope;
} topics[LIVE_TOPIC_COUNT] = {
    [LIVE_METRICS] = {"metrics", SCOPE_LIVE_READ},
    [LIVE_CAMPAIGNS] = {"campaigns", SCOPE_CAMPAIGNS_READ},
    [LIVE_CALLS] = {"calls", SCOPE_CALLS_READ},
    [LIVE_BLACKLIST] = {"blacklist", SCOPE_BLACKLIST_READ},
    [LIVE_IMPORTS] = {"imports", SCOPE_CONTACTS_READ},
    [LIVE_REPORTS] = {"reports", SCOPE_REPORTS_READ},
    [LIVE_ALERTS] = {"alerts", SCOPE_LIVE_READ},
};

int live_topic_from_name(const char *name, size_t len)
{
    for (int i = 0; i < LIVE_TOPIC_COUNT; i++)
        if (strlen(topics[i].name) == len && memcmp(topics[i].name, name, len) == 0)
            return i;
    return -1;
}

const char *live_topic_name(enum live_topic t)
{
    return topics[t].name;
}

enum scope live_topic_scope(enum live_topic t)
{
    return topics[t].scope;
}

enum live_topic live_topic_of(enum event_type type)
{
    switch (type) {
    case EVENT_OPT_OUT:
        return LIVE_BLACKLIST;
    case EVENT_CAMPAIGN_STATE:
    case EVENT_CAMPAIGN_PACE:
        return LIVE_CAMPAIGNS;
    case EVENT_IMPORT_PROGRESS:
        return LIVE_IMPORTS;
    case EVENT_REPORT_READY:
        return LIVE_REPORTS;
    case EVENT_ALERT_RAISED:
    case EVENT_ALERT_CLEARED:
        return LIVE_ALERTS;
    default:
        return LIVE_CALLS;
    }
}
