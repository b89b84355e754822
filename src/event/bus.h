/* The event bus of one process: what happens is published once and read by many, each at its own
 * speed. A ring of fixed size: publishing never waits, allocates or fails; a reader that fell
 * behind is told how many events it missed. Sequence numbers go on growing over restarts (they
 * begin at the wall clock), so that a reader can come back with the last one it saw.
 *
 * This is for eyes (live displays) and for what may be lost in a crash. What must not be lost is
 * written by the store in the transaction that makes it so: see event/webhook.h. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "store/model.h"

/* id, name, what it says; all carry "seq", "type", "at". The names are the API's and the webhooks'.
 */
#define EVENT_TABLE(X)                                                                 \
    X(CALL_STARTED, "call.started", "the INVITE left")                                 \
    X(CALL_RINGING, "call.ringing", "the phone rings")                                 \
    X(CALL_ANSWERED, "call.answered", "the call was answered")                         \
    X(CALL_KEY, "call.key", "a key was pressed")                                       \
    X(CALL_ENDED, "call.ended", "an attempt ended, dialled or not")                    \
    X(TEXT_QUEUED, "text.queued", "a call's flow asked for a text (a donation link)")  \
    X(OPT_OUT, "contact.opted_out", "a number went onto a do-not-call list")           \
    X(CAMPAIGN_STATE, "campaign.state", "a campaign was started, paused, completed …") \
    X(CAMPAIGN_PACE, "campaign.pace", "pacing went slower or faster, and why")         \
    X(IMPORT_PROGRESS, "import.progress", "rows of an import were read")               \
    X(REPORT_READY, "report.ready", "a report was made")                               \
    X(ALERT_RAISED, "alert.raised", "an indicator went past its threshold")            \
    X(ALERT_CLEARED, "alert.cleared", "the indicator is well again")

enum event_type {
#define X(id, name, text) EVENT_##id,
    EVENT_TABLE(X)
#undef X
        EVENT_TYPE_COUNT
};

const char *event_name(enum event_type t);
const char *event_text(enum event_type t);
int event_from_name(const char *name); /* -1 when unknown */

/* 0 where there is none. One size for all: they live in the ring. */
struct event {
    uint64_t seq;  /* given by bus_publish */
    int64_t at_ms; /* 0: bus_publish sets it */
    enum event_type type;
    int64_t campaign_id, contact_id, attempt_id;
    uint64_t number;
    union {
        struct {
            enum disposition disposition; /* of ended */
            int32_t sip_status;
            int64_t talk_ms;
            char key; /* of key */
            char trunk[32];
            char reason[96];
        } call;
        struct {
            char node[64];
        } text;
        struct {
            char list[32], source[64];
        } opt_out;
        struct {
            enum campaign_state state;
            char reason[200];
        } campaign;
        struct {
            double from_cps, to_cps;
            char reason[160];
        } pace;
        struct {
            int64_t import_id, rows, accepted, rejected, total; /* total 0: unknown */
            char state[16]; /* "reading", "done", "failed" … */
        } import;
        struct {
            int64_t report_id;
            char kind[32];
        } report;
        struct {
            char indicator[32];
            char object[48]; /* which trunk, disk …; may be "" */
            double value, threshold;
            char text[96];
        } alert;
    };
};

/* An object as the API shows it: {"seq":…, "type":"call.key", "at":"2026-…Z", "campaign_id":…,
 * "number":"+972…", …}. hide_number: the last four digits alone ("…4567"). NULL without memory. */
json_t *event_json(const struct event *e, bool hide_number);

struct bus;

/* size: events kept, rounded up to a power of two. */
int bus_new(struct bus **out, const struct clock *clock, unsigned size);
void bus_free(struct bus *b); /* NULL-safe; publishers and readers have stopped */

/* Any thread; lock-free. b may be NULL: nothing happens. Returns the event's number. */
uint64_t bus_publish(struct bus *b, const struct event *e);

/* A reader's place: the number of the event it wants next. Belongs to the reader. */
struct bus_cursor {
    uint64_t next;
};
/* What comes from now on. */
void bus_follow(const struct bus *b, struct bus_cursor *c);
/* Goes on after an event seen before, perhaps in an earlier life of the process. */
void bus_resume(const struct bus *b, struct bus_cursor *c, uint64_t last_seen);
/* 1: *out is the next event; 0: nothing new. *missed: how many events before it (or before now)
 * this reader lost, 0 when none; 1 or more when that is not known (bus_resume). Never waits. */
int bus_next(struct bus *b, struct bus_cursor *c, struct event *out, uint64_t *missed);

/* Readers that sleep. fn is called from a publisher's thread when something is new, once for each
 * bus_arm; it must not block. fn and arg stay valid until bus_free. -ENOSPC: too many. */
struct bus_waker;
int bus_waker_add(struct bus *b, void (*fn)(void *arg), void *arg, struct bus_waker **out);
/* Asks for one call of fn. Look at bus_next once more afterwards, before sleeping. */
void bus_arm(struct bus_waker *w);
