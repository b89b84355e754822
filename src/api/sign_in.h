/* What the files of sign-in share: tokens as JSON or cookies. */
#pragma once

#include "api/call.h"

/* Answers with SignedIn; with cookies the tokens go there. device: "" or NULL: none. */
int sign_in_answer(struct api_call *c, int status, const struct session_tokens *t,
                   const char *device, bool cookies);
/* The same cookies, for an answer that is a redirect. */
void sign_in_cookies(struct api_call *c, const struct session_tokens *t, const char *device);
void sign_in_forget(struct api_call *c);
/* The cookie of a browser that has signed in before: strangers' failures do not hold it up. */
void sign_in_device(struct api_call *c, const char *device);
/* What identity said: -EACCES, -EAGAIN, -EBUSY, -EINVAL and others. */
int sign_in_refuse(struct api_call *c, int rc, int64_t wait_ms, const struct error *err);
/* Me, for a principal; NULL without memory or store. */
json_t *sign_in_me(struct api_call *c, const struct principal *p);
