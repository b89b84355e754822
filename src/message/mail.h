/* Mail to people who run Kolcast (invitations, resets, alerts): written as RFC 5322 messages and
 * handed to a command with the message on its standard input (sendmail and what behaves like it),
 * or to a webhook. Settings:
 *
 *   "mail": {"from": "Kolcast <calls@example.org>", "command": ["/usr/sbin/sendmail", "-i", "-t"]}
 *   "mail": {"from": "calls@example.org", "webhook": "https://mail.example.org/send"}
 *
 * The webhook gets {"from", "to", "subject", "text"} as JSON. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"

enum { MAIL_WORDS_MAX = 16 };

struct mail_way {
    char from[256];         /* as written: "Kolcast <calls@example.org>" */
    char from_address[256]; /* calls@example.org */
    char command[2048];     /* its words, each ended by NUL */
    int words;              /* how many; 0: the webhook */
    char webhook[512];
};

/* Reads the object at. Command or webhook, one of them. */
int mail_way_read(const struct json_at *at, struct mail_way *out, struct error *err);

struct mail {
    const char *to, *subject, *text;
};
/* Appends the message. -EINVAL: a line break or another control character in to or subject. */
int mail_write(const struct mail_way *w, const struct mail *m, int64_t now_ms, struct buf *out);
/* Hands it over, blocking, at most timeout_ms, or until cancel (may be NULL) is set. The command's
 * exit code 0, or the webhook's 2xx, is success; err holds what it said. */
int mail_deliver(const struct mail_way *w, const struct mail *m, int64_t now_ms, int timeout_ms,
                 const atomic_bool *cancel, struct error *err);

/* A queue of mails and one thread that delivers them, each tried three times. Bounded, in
 * memory: what it holds is lost with the process, and can be asked for again. */
struct mailer;

int mailer_new(struct mailer **out, const struct clock *clock, struct error *err);
void mailer_free(struct mailer *m); /* delivers what waits, once, at most a few seconds */
/* NULL: there is no way, mailer_send refuses. Any thread. */
void mailer_configure(struct mailer *m, const struct mail_way *w);
/* Takes it into the queue. -ENOTCONN: no way is configured; -ENOSPC: the queue is full. mailer
 * is a struct mailer: the signature is that of hooks (identity_config.mail). Any thread. */
int mailer_send(void *mailer, const char *to, const char *subject, const char *text);

struct mailer_figures {
    uint64_t delivered, failed;
    unsigned waiting;
};
void mailer_figures(struct mailer *m, struct mailer_figures *out);
