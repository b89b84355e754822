/* The figures of a campaign: what became of the people, how the calls ended, when people answer,
 * which keys they press at which node. Read from the store alone, in one pass over the call
 * records, so that they agree with it (P45) and can be made at any time. */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "base/error.h"
#include "flow/flow.h"
#include "phone/zone.h"
#include "store/store.h"

enum { REPORT_KEYS = 16 }; /* 0-9 * # A-D */

struct report_node {
    char name[FLOW_NAME_MAX];
    char type[16]; /* "menu", "play", … or an action's: "sms" */
    int64_t calls; /* that came to it at least once */
    int64_t visits;
    int64_t keys[REPORT_KEYS];           /* pressed there, valid ones */
    int64_t invalid, silent, ok, failed; /* wrong keys, silences, actions done and not done */
};

struct report_hour {
    int64_t calls, answered;
};

struct report_figures {
    struct store_campaign campaign;
    zone_id zone; /* the campaign's; all hours are in it */
    char currency[8];
    struct store_target_counts people;
    struct store_call_totals calls;
    int64_t answered, pressed; /* calls in which somebody spoke with us; pressed at least a key */
    int64_t texts;             /* text messages put into the outbox */
    int64_t opt_outs;          /* "never call again", done */
    int64_t setup_ms, setups;  /* time from dialling to the answer, in all; of how many */
    struct report_hour hours[7][24];          /* by weekday (0 Sunday) and hour of dialling */
    struct report_node nodes[FLOW_NODES_MAX]; /* those most calls came to first */
    int node_count;
};

/* *out is malloc'd. -ENOENT: no such campaign. */
int report_figures(struct store *s, int64_t campaign_id, struct report_figures **out,
                   struct error *err);
/* n of `of` in percent, 0 when of is 0. */
double report_percent(int64_t n, int64_t of);
/* Everything above as JSON with rates, NULL when memory is short. Owned by the caller. */
json_t *report_figures_json(const struct report_figures *f);
char report_key(int index); /* 0 … REPORT_KEYS - 1 to its character */
