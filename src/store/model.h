/* What the store keeps: plain records, and the words for their states. The tables below are the
 * single source for names in the database, JSON, reports and documentation. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "phone/number.h"

/* name, text for people, person reached, worth retrying by default */
#define DISPOSITION_TABLE(X)                                                   \
    X(NONE, "none", "not finished", false, false)                              \
    X(ANSWERED, "answered", "answered", true, false)                           \
    X(BUSY, "busy", "busy", false, true)                                       \
    X(NO_ANSWER, "no_answer", "no answer", false, true)                        \
    X(REJECTED, "rejected", "declined the call", false, false)                 \
    X(MACHINE, "machine", "answering machine", false, true)                    \
    X(INVALID_NUMBER, "invalid_number", "number not in service", false, false) \
    X(CONGESTION, "congestion", "network busy", false, true)                   \
    X(FAILED, "failed", "call failed", false, true)                            \
    X(CANCELLED, "cancelled", "stopped by the operator", false, true)          \
    X(INTERRUPTED, "interrupted", "interrupted by a restart", false, true)     \
    X(BLACKLISTED, "blacklisted", "on a do-not-call list", false, false)       \
    X(OUTSIDE_WINDOW, "outside_window", "outside calling hours", false, true)

enum disposition {
#define X(id, name, text, reached, retry) DISPOSITION_##id,
    DISPOSITION_TABLE(X)
#undef X
        DISPOSITION_COUNT
};

#define CAMPAIGN_STATE_TABLE(X) \
    X(DRAFT, "draft")           \
    X(SCHEDULED, "scheduled")   \
    X(RUNNING, "running")       \
    X(PAUSED, "paused")         \
    X(COMPLETED, "completed")   \
    X(CANCELLED, "cancelled")   \
    X(FAILED, "failed")

enum campaign_state {
#define X(id, name) CAMPAIGN_STATE_##id,
    CAMPAIGN_STATE_TABLE(X)
#undef X
        CAMPAIGN_STATE_COUNT
};

/* One contact within one campaign. */
#define TARGET_STATE_TABLE(X)                                       \
    X(WAITING, "waiting", "will be called")                         \
    X(CLAIMED, "claimed", "is being called")                        \
    X(REACHED, "reached", "was reached")                            \
    X(EXHAUSTED, "exhausted", "no attempts left")                   \
    X(REFUSED, "refused", "declined, or the number does not exist") \
    X(BLACKLISTED, "blacklisted", "on a do-not-call list")          \
    X(REMOVED, "removed", "the import was undone")

enum target_state {
#define X(id, name, text) TARGET_STATE_##id,
    TARGET_STATE_TABLE(X)
#undef X
        TARGET_STATE_COUNT
};

/* Where a contact's time zone is from, by its zone_origin and zone: "column", "number",
 * "number_range" (one of several that the number's range lies in), "import" (told when it was
 * imported), "campaign" (none is known). */
const char *zone_origin_name(char origin, const char *zone);
const char *zone_origin_text(char origin, const char *zone); /* for people */
const char *disposition_name(enum disposition d);
const char *disposition_text(enum disposition d);
bool disposition_reached(enum disposition d);
bool disposition_retry(enum disposition d);
int disposition_from_name(const char *name); /* -1 when unknown */
const char *campaign_state_name(enum campaign_state s);
int campaign_state_from_name(const char *name);
const char *target_state_name(enum target_state s);
const char *target_state_text(enum target_state s);

/* How one attempt went: what the lane knows. All times wall ms, 0: did not happen. */
struct call_outcome {
    enum disposition disposition;
    int sip_status;
    int64_t dialled_ms, ringing_ms, answered_ms, ended_ms;
    int64_t retry_after_s;
    int32_t answer_to_audio_us, key_to_audio_us; /* 0: none */
    uint32_t rtp_sent, rtp_received;
    char ended_by[8]; /* "us", "them", "network" */
    char reason[96];  /* in words: "486 Busy Here", "blacklisted since 2026-11-20 (key 9)" */
    char trunk[32];
    char caller_id[NUMBER_TEXT_MAX];
    char sip_call_id[64];
};
