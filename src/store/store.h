/* The store: everything that must survive. Domain operations, not SQL: a back-end (SQLite now) is a
 * const struct of functions (store/backend.h) and one conformance suite runs against each.
 *
 * A struct store is one connection and belongs to one thread. Writers go through store/writer.h
 * when they share a process; commands that are alone (import, blacklist) use a connection of their
 * own. All functions return 0 or a negative errno; -ENOENT: no such thing; -ENOSPC: disk full;
 * -EIO. store_error_text says in words what the last failure of this connection was. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "store/model.h"

struct store;

enum { STORE_NAME_MAX = 128, STORE_REASON_MAX = 200 };

/* url: "sqlite:PATH" or a plain path. Opens, migrates to the newest schema (refuses a newer one).
 */
int store_open(const char *url, const struct clock *clock, struct store **out, struct error *err);
void store_close(struct store *s);
const char *store_error_text(const struct store *s);

int store_begin(struct store *s); /* write transaction; not nested */
/* For rows that are staged and nothing else: nobody else's changes wait for it. */
int store_begin_staging(struct store *s);
int store_commit(struct store *s);
void store_rollback(struct store *s);
/* fn is called now and then while a long statement of this connection runs; nonzero ends it: the
 * transaction it is part of is taken back, -ECANCELED. fn must not use the store. NULL: no more. */
void store_on_progress(struct store *s, int (*fn)(void *arg), void *arg);
/* Within a transaction: an inner step that can fail alone. */
int store_savepoint(struct store *s);
int store_release(struct store *s);
void store_undo(struct store *s); /* back to the savepoint, and release it */
/* Everything that is read until store_snapshot_end is as of one moment, whatever others write
 * meanwhile: for figures that must agree with each other. Not within a transaction. */
int store_snapshot(struct store *s);
void store_snapshot_end(struct store *s);
/* Changes whenever another connection has committed: a cheap look, to know when to reload. */
int64_t store_data_version(struct store *s);

/* ---- lists, imports, contacts --------------------------------------------------------------- */

int store_list_ensure(struct store *s, const char *name, int64_t *list_id); /* finds or makes */
int store_list_find(struct store *s, const char *name, int64_t *list_id);

struct store_contact {
    int64_t id, list_id, import_id;
    uint64_t number;
    enum number_kind kind;
    const char *name;     /* may be NULL */
    const char *language; /* "he", "en", NULL */
    const char *zone;     /* IANA name, "" when none is known: the campaign's */
    /* 'c' a column, 'n' the number, 'u' the number, though its range lies in several zones and the
     * most populous was taken, 'd' the import's option, or none */
    char zone_origin;
    const char *window; /* own calling window, window_format text; NULL: the campaign's alone */
    const char *extra;  /* further columns as JSON object text, NULL: none */
    int64_t row;        /* row of the file it came from */
};

struct store_import {
    int64_t id, list_id;
    char file[256];
    char state[16]; /* "open", "done", "undone" */
    int64_t started_ms, finished_ms;
    int64_t rows, accepted, merged, rejected;
};

/* An import stages its rows; nothing is visible until store_import_finish merges them in one go.
 * Duplicate rule: one contact per number in a list. Within a file and against what the list holds,
 * the first to come stays; a later row fills in what was empty and overrides nothing; it counts as
 * merged. */
int store_import_begin(struct store *s, int64_t list_id, const char *file, int64_t *import_id);
/* Inside store_begin/commit of the caller; batches of about 10,000 rows. */
int store_import_row(struct store *s, int64_t import_id, const struct store_contact *row);
/* A rejected row: kept with its reason for the summary. */
int store_import_reject(struct store *s, int64_t import_id, int64_t row, const char *reason,
                        const char *value);
int store_import_finish(struct store *s, int64_t import_id, struct store_import *out);
/* Forgets the staged rows of an import that did not finish, and the import. One that died before
 * it could leaves a row in state `open`, without rows, that no history shows. */
int store_import_abort(struct store *s, int64_t import_id);
/* Takes back a finished import, as though it had never been: contacts it brought go, unless another
 * import brought them too, which then stands for them; fields it filled are emptied; targets that
 * wait for a contact that goes become `removed`. Call records stay. -EBUSY while one of its
 * contacts is being called. */
int store_import_undo(struct store *s, int64_t import_id, int64_t *removed);
int store_import_get(struct store *s, int64_t import_id, struct store_import *out);
int store_import_list(struct store *s, void (*fn)(void *arg, const struct store_import *i),
                      void *arg);
int store_import_reasons(struct store *s, int64_t import_id,
                         void (*fn)(void *arg, const char *reason, int64_t count,
                                    int64_t first_row),
                         void *arg);

int store_contact_count(struct store *s, int64_t list_id, int64_t *count);
/* Here and below: pointers are valid during fn only; fn returns 0 to go on, 1 to stop, or a
 * negative errno to stop with it. Contacts come in order of their numbers. */
int store_contact_each(struct store *s, int64_t list_id,
                       int (*fn)(void *arg, const struct store_contact *c), void *arg);
int store_contact_by_number(struct store *s, int64_t list_id, uint64_t number,
                            int (*fn)(void *arg, const struct store_contact *c), void *arg);

/* ---- blacklist ------------------------------------------------------------------------------ */

struct store_black {
    char list[64]; /* "opt-out" (own), "national" … */
    uint64_t number;
    char reason[STORE_REASON_MAX];
    char source[64];              /* "key 9 in campaign 3", "file dnc.csv row 12", "operator" */
    int64_t added_ms, expires_ms; /* expires 0: never */
};

/* Adds, or (already there) keeps the older entry's time and extends its expiry. Every change is
 * also kept in a history that is never deleted. */
int store_black_add(struct store *s, const struct store_black *b, bool *added);
int store_black_remove(struct store *s, const char *list, uint64_t number, const char *why,
                       bool *removed);
/* All lists: is it on one that has not expired? -ENOENT when not. */
int store_black_find(struct store *s, uint64_t number, struct store_black *out);
int store_black_each(struct store *s, const char *list /* NULL: all */,
                     const char *prefix /* digits */,
                     int (*fn)(void *arg, const struct store_black *b), void *arg);
/* A campaign's waiting targets that are on a list, by group; each once. */
int store_black_waiting(struct store *s, int64_t campaign_id, int64_t now_ms,
                        int (*fn)(void *arg, int64_t group_id, int64_t count), void *arg);
int store_black_count(struct store *s, int64_t *count);
/* Changes after *seq in order, for mirrors in memory; removed entries come with expires_ms = -1
 * when the number is then on no list at all. *seq moves on. Start with 0. */
int store_black_changes(struct store *s, int64_t *seq,
                        int (*fn)(void *arg, uint64_t number, int64_t expires_ms), void *arg);
int store_black_history(struct store *s, uint64_t number,
                        int (*fn)(void *arg, const struct store_black *b, const char *action),
                        void *arg);

/* ---- campaigns ------------------------------------------------------------------------------ */

struct store_campaign {
    int64_t id, list_id;
    char name[STORE_NAME_MAX];
    char kind[8]; /* "voice", "sms" */
    enum campaign_state state;
    char state_reason[STORE_REASON_MAX];
    int64_t created_ms, started_ms, ended_ms;
    char config_hash[65]; /* of the canonical JSON: the same file again is the same campaign */
};

int store_campaign_create(struct store *s, const struct store_campaign *c, const char *config_json,
                          int64_t *id);
int store_campaign_get(struct store *s, int64_t id, struct store_campaign *out);
/* Another content for the same campaign: what is called from now on. Who was reached stays reached.
 * -EBUSY while it is in state running. */
int store_campaign_update(struct store *s, int64_t id, const char *config_json,
                          const char *config_hash);
/* *json is malloc'd. */
int store_campaign_config(struct store *s, int64_t id, char **json);
int store_campaign_find(struct store *s, const char *name, struct store_campaign *out); /* newest */
int store_campaign_list(struct store *s, int (*fn)(void *arg, const struct store_campaign *c),
                        void *arg);
/* Checks the transition (A1): -EPERM when it is not allowed. Same state: nothing, 0. */
int store_campaign_set_state(struct store *s, int64_t id, enum campaign_state to,
                             const char *reason);
bool campaign_transition_allowed(enum campaign_state from, enum campaign_state to);
/* Refused (-EBUSY) while running. Removes targets; call records and the blacklist stay. */
int store_campaign_delete(struct store *s, int64_t id);

/* Workflow steps: "validate", "query", "queue", "monitor", "report". */
int store_step_begin(struct store *s, int64_t campaign_id, const char *step);
int store_step_end(struct store *s, int64_t campaign_id, const char *step, bool ok,
                   const char *detail);
int store_step_each(struct store *s, int64_t campaign_id,
                    int (*fn)(void *arg, const char *step, const char *state, int64_t started_ms,
                              int64_t ended_ms, const char *detail),
                    void *arg);

/* ---- targets: contacts within a campaign ---------------------------------------------------- */

/* Makes a target of every contact of the campaign's list that has none yet; costs nothing when the
 * list has not changed since. Targets are grouped by (zone, own window): a group opens and closes
 * as one, so that no contact is looked at in vain. A contact that an import moves to another zone
 * or gives other hours takes its targets along, at once. */
int store_target_fill(struct store *s, int64_t campaign_id, int64_t *added);

struct store_group {
    int64_t id;
    char zone[64];
    char window[256];                 /* own window text, "" none */
    int64_t waiting;                  /* targets in state waiting */
    int64_t next_due_ms, last_due_ms; /* earliest and latest due of the waiting ones */
};
int store_group_each(struct store *s, int64_t campaign_id,
                     int (*fn)(void *arg, const struct store_group *g), void *arg);

struct store_claim {
    int64_t attempt_id, contact_id, group_id;
    uint64_t number;
    int attempt_no; /* 1 … */
    char zone_origin;
    char variables[2048];               /* JSON object text: name, language and extra columns */
    uint8_t earlier[DISPOSITION_COUNT]; /* how the attempts before this one ended */
};
/* Claims up to max waiting targets of one group, due, not blacklisted, attempts left: the attempts
 * are written (S3) in the caller's transaction. Blacklisted ones met on the way become
 * `blacklisted` targets, counted in *skipped. per_day_max: 0 none; counted in the contact's local
 * day, so pass the UTC moment at which that day began. A claimed contact over its daily cap is put
 * off to day_end_ms. */
struct store_claim_query {
    int64_t campaign_id, group_id;
    int64_t now_ms, day_start_ms, day_end_ms;
    int attempts_max, per_day_max;
    const char *decision; /* JSON text kept with each attempt: window, zone, caps, score; where the
                             zone is from is added */
    const char *columns;  /* JSON array of the extra columns wanted in variables; NULL: all */
};
int store_claim(struct store *s, const struct store_claim_query *q, struct store_claim *out,
                int max, int *claimed, int64_t *skipped);

/* The end of an attempt: attempt, target, call record and counters in one go (S6). target_state and
 * due_ms are the retry rules' decision. Twice for one attempt: -EALREADY, nothing changes, but
 * again_id is that of the attempt that was begun the first time. */
struct store_finish {
    int64_t attempt_id;
    const struct call_outcome *outcome;
    const char *trace_json; /* may be NULL */
    enum target_state target_state;
    int64_t due_ms; /* of WAITING */
    bool counts;    /* does this attempt count against the caps? */
    double cost;
    /* Not NULL: the person is tried once more at once. In the same go another attempt is begun, and
     * its id written here (0: the person was removed); target_state and due_ms say nothing then. */
    int64_t *again_id;
};
int store_finish(struct store *s, const struct store_finish *f);
/* Attempts of a campaign (0: of all) that were claimed but have no record (a crash): each ends as
 * `interrupted` with a record. The number is not dialled again before due_ms. */
int store_recover(struct store *s, int64_t campaign_id, int64_t due_ms, int64_t *interrupted);

struct store_target_counts {
    int64_t by_state[TARGET_STATE_COUNT];
    int64_t total;
};
int store_target_counts(struct store *s, int64_t campaign_id, struct store_target_counts *out);

/* "Why is this contact not being called?" What the store knows; campaign/preflight adds the rest.
 */
struct store_target {
    int64_t contact_id;
    uint64_t number;
    enum target_state state;
    int attempts;
    int64_t due_ms, last_attempt_ms;
    enum disposition last;
    char zone[64], window[256];
    char zone_origin;
};
int store_target_get(struct store *s, int64_t campaign_id, uint64_t number,
                     struct store_target *out);
/* Attempts for a contact that count against the caps, since a moment. */
int store_attempts_since(struct store *s, int64_t campaign_id, int64_t contact_id, int64_t since_ms,
                         int *count);
/* When a campaign (0: any) last started a call; 0: never. An attempt without a record, as a crash
 * leaves it, may be starting now. Looks at the newest 2,000 attempts. */
int store_last_dial(struct store *s, int64_t campaign_id, int64_t *at_ms);

/* ---- call records, texts, pace -------------------------------------------------------------- */

struct store_call {
    int64_t attempt_id, campaign_id, contact_id;
    uint64_t number;
    int attempt_no;
    struct call_outcome outcome;
    const char *trace_json, *decision_json, *contact_name;
    double cost;
};
int store_call_each(struct store *s, int64_t campaign_id,
                    int (*fn)(void *arg, const struct store_call *c), void *arg);

struct store_call_totals {
    int64_t calls;
    int64_t by_disposition[DISPOSITION_COUNT];
    int64_t talk_ms, keys;
    double cost;
};
int store_call_totals(struct store *s, int64_t campaign_id, struct store_call_totals *out);

struct store_text {
    int64_t id, campaign_id, contact_id, attempt_id;
    uint64_t number;
    const char *body;
    const char *state; /* "queued", "sent", "delivered", "failed" */
    int64_t created_ms;
};
/* Once per (attempt, node): a second one is the same text. */
int store_text_add(struct store *s, const struct store_text *t, const char *node, int64_t *id,
                   bool *added);
int store_text_each(struct store *s, int64_t campaign_id,
                    int (*fn)(void *arg, const struct store_text *t), void *arg);

struct store_pace {
    int64_t at_ms;
    double from_cps, to_cps;
    char trunk[32]; /* whose pace; "": the campaign's own */
    char reason[STORE_REASON_MAX];
};
int store_pace_add(struct store *s, int64_t campaign_id, const struct store_pace *p);
int store_pace_each(struct store *s, int64_t campaign_id,
                    int (*fn)(void *arg, const struct store_pace *p), void *arg);

int store_audit(struct store *s, const char *who, const char *action, const char *object,
                const char *detail);
