/* A campaign as its JSON file describes it (schema/campaign.schema.json), checked and with
 * defaults. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/json.h"
#include "event/trace.h"
#include "flow/flow.h"
#include "line/line.h"
#include "phone/window.h"
#include "store/model.h"

struct campaign_retry_rule {
    int times;        /* how often this outcome may be tried again, 0: never */
    int64_t after_ms; /* first wait; doubled each time up to 8 times it */
};

struct campaign {
    char name[128];
    char kind[8];
    char region[3];
    char zone[64];    /* fallback zone */
    char folder[512]; /* where the file lies: audio names are relative to it */
    struct window_week windows;
    int64_t start_ms, end_ms; /* 0: at once, never */
    struct {
        int year, month, day;
    } holidays[64]; /* closed all day, contact's local date */
    int holiday_count;
    char caller_name[64], caller_id[NUMBER_TEXT_MAX];
    struct line_trunk_config trunks[LINE_TRUNKS_MAX];
    unsigned trunk_count;
    double cps;         /* cap on calls started per second */
    unsigned calls_max; /* cap on concurrent calls */
    int attempts_max, per_day_max;
    struct campaign_retry_rule retry[DISPOSITION_COUNT];
    int64_t ring_timeout_ms, call_max_ms;
    double cost_per_minute, cost_per_call;
    char currency[4];
    struct trace_context trace; /* of its start: its calls' spans are below that */
    bool any_hour;              /* a rehearsal: everybody may be called at any time */
    struct flow *flow;          /* owned */
    char *canonical;            /* owned: canonical JSON text, what is stored */
    char hash[65];              /* SHA-256 of it */
};

int campaign_load(const char *path, struct campaign **out, struct error *err);
/* From the store: canonical text; folder: where its audio lies. */
int campaign_load_text(const char *json, const char *folder, struct campaign **out,
                       struct error *err);
void campaign_free(struct campaign *c);
/* Loads every prompt of the flow. *prompts is malloc'd, by prompt index. */
int campaign_load_prompts(const struct campaign *c, struct prompt ***prompts, struct error *err);
/* Is the contact callable at utc_ms: campaign windows, own window (may be NULL), holidays, start,
 * end. *until_ms: the moment it closes. */
bool campaign_open_at(const struct campaign *c, const struct window_week *own, zone_id zone,
                      int64_t utc_ms, int64_t *until_ms);
int64_t campaign_next_open(const struct campaign *c, const struct window_week *own, zone_id zone,
                           int64_t utc_ms); /* -1: never again */
/* The zone and own hours of a group of targets as the store has them. A zone that is not known is
 * the campaign's. True when there are own hours; those that cannot be read are never open (S4). */
bool campaign_hours_of(const struct campaign *c, const char *zone, const char *window,
                       zone_id *zone_out, struct window_week *own);
/* The contact's local day that holds utc_ms; end_ms is the next one's first moment. */
void campaign_day(zone_id zone, int64_t utc_ms, int64_t *start_ms, int64_t *end_ms);
