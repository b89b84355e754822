/* Mail to people who run Kolcast (invitations, resets, alerts): written as RFC 5322 messages and
 * handed to a mail server (SMTP), to a command with the message on its standard input (sendmail and
 * what behaves like it), or to a webhook. Settings, one of:
 *
 *   "mail": {"from": "Kolcast <calls@example.org>", "smtp": {"host": "smtp.example.org",
 *            "user": "calls", "password": "…"}}
 *   "mail": {"from": "Kolcast <calls@example.org>", "command": ["/usr/sbin/sendmail", "-i", "-t"]}
 *   "mail": {"from": "calls@example.org", "webhook": "https://mail.example.org/send"}
 *
 * smtp may also have security (starttls, the default; tls; none, for this machine only), port (587,
 * 465, 25) and ca_file (PEM, instead of the system's). The webhook gets {"from", "to", "subject",
 * "text"} as JSON. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"

enum { MAIL_WORDS_MAX = 16 };

enum mail_security { MAIL_STARTTLS, MAIL_TLS, MAIL_PLAIN };

struct mail_server {
    char host[256]; /* "": mail goes another way */
    int port;
    enum mail_security security;
    char user[256], password[256]; /* "": it is not asked for */
    char ca_file[512];             /* "": the system's authorities */
};

struct mail_way {
    char from[256];         /* as written: "Kolcast <calls@example.org>" */
    char from_address[256]; /* calls@example.org */
    char command[2048];     /* its words, each ended by NUL */
    int words;              /* how many; 0: not this way */
    char webhook[512];      /* "": not this way */
    struct mail_server server;
};

/* Reads the object at. Server, command or webhook, one of them. */
int mail_way_read(const struct json_at *at, struct mail_way *out, struct error *err);

struct mail {
    const char *to, *subject, *text;
};
/* Appends the message. -EINVAL: a line break or another control character in to or subject. */
int mail_write(const struct mail_way *w, const struct mail *m, int64_t now_ms, struct buf *out);
/* Hands it over, blocking, at most timeout_ms, or until cancel (may be NULL) is set. The command's
 * exit code 0, or a 2xx of server or webhook, is success; err holds what it said. */
int mail_deliver(const struct mail_way *w, const struct mail *m, int64_t now_ms, int timeout_ms,
                 const atomic_bool *cancel, struct error *err);

/* A queue of mails and one thread that delivers them, each tried three times (METRIC_MAILS tells
 * how it went). Bounded, in memory: what it holds is lost with the process, and can be asked for
 * again. */
struct mailer;

int mailer_new(struct mailer **out, const struct clock *clock, struct error *err);
void mailer_free(struct mailer *m); /* delivers what waits, once, at most a few seconds */
/* NULL: there is no way, mailer_send refuses. Any thread. */
void mailer_configure(struct mailer *m, const struct mail_way *w);
/* Takes it into the queue. -ENOTCONN: no way is configured; -ENOSPC: the queue is full. mailer
 * is a struct mailer: the signature is that of hooks (identity_config.mail). Any thread. */
int mailer_send(void *mailer, const char *to, const char *subject, const char *text);
