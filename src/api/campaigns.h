/* What the files of campaigns share. */
#pragma once

#include "api/call.h"

/* A campaign as it is shown, without passwords. The caller owns it. */
int campaigns_look(struct store *s, int64_t id, json_t **out);
/* Answers with it, tagged. */
int campaigns_answer(struct api_call *c, struct store *s, int64_t id, int status);
