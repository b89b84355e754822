#include "line/outcome.h"

#include <stdio.h>
#include <string.h>

/* RFC 3261 21, RFC 8197 (607), RFC 8688 (608). What is not listed tells nothing of the person. */
static const struct {
    int status;
    enum disposition disposition;
} statuses[] = {
    {403, DISPOSITION_FAILED}, /* the trunk does not let us: not the person's doing */
    {404, DISPOSITION_INVALID_NUMBER}, {408, DISPOSITION_NO_ANSWER},
    {410, DISPOSITION_INVALID_NUMBER}, {480, DISPOSITION_NO_ANSWER},
    {484, DISPOSITION_INVALID_NUMBER}, {486, DISPOSITION_BUSY},
    {487, DISPOSITION_NO_ANSWER},      {500, DISPOSITION_CONGESTION},
    {502, DISPOSITION_CONGESTION},     {503, DISPOSITION_CONGESTION},
    {504, DISPOSITION_CONGESTION},     {600, DISPOSITION_BUSY},
    {603, DISPOSITION_REJECTED},       {604, DISPOSITION_INVALID_NUMBER},
    {607, DISPOSITION_REJECTED},       {608, DISPOSITION_REJECTED},
};

enum disposition outcome_of_status(int sip_status)
{
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
        if (statuses[i].status == sip_status)
            return statuses[i].disposition;
    return DISPOSITION_FAILED;
}

static enum disposition unanswered(const struct outcome_facts *f)
{
    switch (f->sip.end) {
    case SIP_END_REJECTED:
    case SIP_END_REMOTE:
        return outcome_of_status(f->sip.status);
    case SIP_END_LOCAL:
        return DISPOSITION_NO_ANSWER; /* rang too long: we cancelled */
    case SIP_END_TIMEOUT:
        return f->rang ? DISPOSITION_NO_ANSWER : DISPOSITION_FAILED;
    case SIP_END_TRANSPORT:
    case SIP_END_PROTOCOL:
    case SIP_END_SESSION_EXPIRED:
        break;
    }
    return DISPOSITION_FAILED;
}

static enum disposition disposition(const struct outcome_facts *f)
{
    if (f->talked)
        return DISPOSITION_ANSWERED;
    if (f->cause == OUTCOME_BY_OPERATOR)
        return DISPOSITION_CANCELLED;
    if (f->cause == OUTCOME_BY_OPT_OUT || f->cause == OUTCOME_BY_REDIRECT)
        return DISPOSITION_BLACKLISTED;
    if (f->cause == OUTCOME_BY_FAULT || f->cause == OUTCOME_BY_INSECURE)
        return DISPOSITION_FAILED;
    return unanswered(f);
}

static const char *by(const struct outcome_facts *f)
{
    if (f->cause == OUTCOME_BY_REDIRECT)
        return "us";
    switch (f->sip.end) {
    case SIP_END_LOCAL:
        return "us";
    case SIP_END_REMOTE:
    case SIP_END_REJECTED:
        return "them";
    default:
        return "network";
    }
}

/* In words; NULL: the SIP status says it. */
static const char *words(const struct outcome_facts *f)
{
    if (f->cause == OUTCOME_BY_OPERATOR)
        return "stopped by the operator";
    if (f->cause == OUTCOME_BY_OPT_OUT)
        return "put on a do-not-call list while it rang";
    if (f->cause == OUTCOME_BY_FAULT)
        return "answered, but with no audio format both sides have";
    if (f->cause == OUTCOME_BY_INSECURE)
        return "answered without the encryption (SRTP) that the trunk requires";
    if (f->cause == OUTCOME_BY_REDIRECT)
        return "redirected to a number on a do-not-call list";
    if (f->cause == OUTCOME_BY_LIMIT)
        return "longest call time reached";
    switch (f->sip.end) {
    case SIP_END_LOCAL:
        return f->talked ? "the flow ended" : "rang too long";
    case SIP_END_REMOTE:
        return f->talked ? "hung up by the person called" : NULL;
    case SIP_END_TIMEOUT:
        return f->talked ? "the far side stopped answering"
               : f->rang ? "rang too long"
                         : "no answer from the trunk at all";
    case SIP_END_TRANSPORT:
        return "the trunk cannot be reached";
    case SIP_END_PROTOCOL:
        return "the trunk's answer could not be used";
    case SIP_END_SESSION_EXPIRED:
        return "the session was not refreshed";
    case SIP_END_REJECTED:
        break;
    }
    return NULL;
}

void outcome_fill(struct call_outcome *out, const struct outcome_facts *f)
{
    const char *text = words(f);

    out->disposition = disposition(f);
    out->sip_status = f->sip.status;
    out->retry_after_s = f->sip.retry_after_s;
    snprintf(out->ended_by, sizeof(out->ended_by), "%s", by(f));
    if (!text && f->sip.status)
        snprintf(out->reason, sizeof(out->reason), "%d %s", f->sip.status, f->sip.reason);
    else if (f->sip.reason[0] && !f->talked && f->sip.end != SIP_END_LOCAL)
        snprintf(out->reason, sizeof(out->reason), "%s (%s)", text ? text : "ended", f->sip.reason);
    else
        snprintf(out->reason, sizeof(out->reason), "%s", text ? text : "ended");
    error_clean(out->reason); /* the limit may have cut a character */
}
