/* From what SIP said to what the campaign keeps: one table for the final statuses. Pure. */
#pragma once

#include "line/sip/sip.h"
#include "store/model.h"

/* Why we ended a call ourselves. */
enum outcome_cause {
    OUTCOME_BY_FLOW, /* the flow came to its end, or nothing of ours: the far side or the network */
    OUTCOME_BY_LIMIT,    /* longest call */
    OUTCOME_BY_OPERATOR, /* its campaign is ended */
    OUTCOME_BY_OPT_OUT,  /* the number was blacklisted while it rang */
    OUTCOME_BY_FAULT,    /* no usable media */
    OUTCOME_BY_INSECURE, /* answered in the clear where SRTP is required */
    OUTCOME_BY_REDIRECT, /* passed on to a number that must not be called */
};

struct outcome_facts {
    struct sip_result sip;
    enum outcome_cause cause;
    bool talked; /* media was agreed and the flow began */
    bool rang;   /* a 18x came */
};

enum disposition outcome_of_status(int sip_status);
/* Fills disposition, sip_status, retry_after_s, ended_by and reason; leaves the rest. */
void outcome_fill(struct call_outcome *out, const struct outcome_facts *f);
