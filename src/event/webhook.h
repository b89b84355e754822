/* Outgoing webhooks: what the store has queued (store/outbox.h) is sent to the subscriptions, at
 * least once, signed as the Standard Webhooks specification says (standardwebhooks.com):
 *
 *   webhook-id: evt_17                  the same on every try: whoever keeps it sees doubles
 *   webhook-timestamp: 1764000000       seconds, of this try
 *   webhook-signature: v1,BASE64        HMAC-SHA256 of "id.timestamp.body" under the secret's bytes
 *
 *   {"type": "call.ended", "timestamp": "2026-11-25T04:00:00.000Z", "data": {…}}
 *
 * 2xx means that it has arrived. Else it is tried again, later and later, for about a day, and then
 * kept as a dead letter. A subscription that does not answer at all waits as a whole, so that its
 * queue does not burn its tries; one that takes nothing for days, or says 410, is disabled.
 *
 * One thread looks what is due, a few send. Results are written before the next look. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "event/bus.h"
#include "store/outbox.h"
#include "store/writer.h"

struct webhooks;

/* A zeroed value means the default that the comment names. */
struct webhooks_config {
    const char *store_url;
    const struct clock *clock;
    struct store_writer *writer;
    struct bus *bus;          /* for events that the store does not queue; may be NULL */
    unsigned threads;         /* 4 */
    bool allow_private;       /* addresses of this machine and its networks */
    int timeout_ms;           /* 10 s for one try */
    int64_t first_retry_ms;   /* 5 s; then 6, 24, 120 … times it, up to half a day */
    int64_t disable_after_ms; /* 3 days without any success */
    int64_t keep_dead_ms;     /* 14 days */
    const char *ca_file;      /* PEM; NULL: the system's */
};

/* bus, writer and store must outlive it. */
int webhooks_new(struct webhooks **out, const struct webhooks_config *config, struct error *err);
/* Ends the tries that are under way; what is not known to have arrived stays queued. NULL-safe. */
void webhooks_free(struct webhooks *w);
void webhooks_poke(struct webhooks *w); /* subscriptions were changed: look now. Any thread */

/* ---- subscriptions -------------------------------------------------------------------------- */

enum { WEBHOOK_SECRET_MAX = 64, WEBHOOK_SIGNATURE_MAX = 64 };

/* May there be webhooks for events of this name? */
bool webhook_event_known(const char *name);
/* Name, address and events of a subscription that a person wrote. -EINVAL with err, whose place is
 * the field's name. An address is judged again when it is connected to: a name may lead anywhere.
 */
int webhook_check(const struct store_webhook *w, bool allow_private, struct error *err);
/* A new secret: "whsec_" and 32 random bytes in base64. */
void webhook_secret(char out[WEBHOOK_SECRET_MAX]);
/* "v1,…". -EINVAL: the secret is none of ours. */
int webhook_sign(const char *secret, const char *id, int64_t timestamp_s, const char *body,
                 size_t len, char out[WEBHOOK_SIGNATURE_MAX]);
