/* What the files of mail share. */
#pragma once

#include "message/mail.h"

/* Hands message (as mail_write gives it) over to the mail server of w; as mail_deliver. */
int mail_submit(const struct mail_way *w, const char *to, const struct buf *message, int timeout_ms,
                const atomic_bool *cancel, struct error *err);
/* The last line of what the other side said, as plain text, in place. */
void mail_said(char *text);
