/* What the files of campaigns share. */
#pragma once

#include "api/call.h"
#include "campaign/campaign.h"

/* A campaign as it is shown, without passwords. The caller owns it. */
int campaigns_look(struct store *s, int64_t id, json_t **out);
/* Answers with it, tagged. */
int campaigns_answer(struct api_call *c, struct store *s, int64_t id, int status);
/* The campaign of the path, with its flow. NULL: *rc, or answered. The caller owns it. */
struct campaign *campaigns_open(struct api_call *c, int *rc);
/* Names of recordings that its flow plays and that are not there. */
json_t *campaigns_missing(const struct campaign *campaign);
