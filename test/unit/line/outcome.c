/* What SIP said becomes what the campaign keeps: every row of the table and the ways a call ends.
 */
#include "line/outcome.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_statuses(void **state)
{
    static const struct {
        int status;
        enum disposition d;
    } rows[] = {
        {486, DISPOSITION_BUSY},           {600, DISPOSITION_BUSY},
        {480, DISPOSITION_NO_ANSWER},      {408, DISPOSITION_NO_ANSWER},
        {487, DISPOSITION_NO_ANSWER},      {603, DISPOSITION_REJECTED},
        {607, DISPOSITION_REJECTED},       {608, DISPOSITION_REJECTED},
        {404, DISPOSITION_INVALID_NUMBER}, {410, DISPOSITION_INVALID_NUMBER},
        {484, DISPOSITION_INVALID_NUMBER}, {604, DISPOSITION_INVALID_NUMBER},
        {500, DISPOSITION_CONGESTION},     {502, DISPOSITION_CONGESTION},
        {503, DISPOSITION_CONGESTION},     {504, DISPOSITION_CONGESTION},
        {302, DISPOSITION_FAILED},         {401, DISPOSITION_FAILED},
        {403, DISPOSITION_FAILED},         {407, DISPOSITION_FAILED},
        {488, DISPOSITION_FAILED},         {599, DISPOSITION_FAILED},
        {606, DISPOSITION_FAILED},         {699, DISPOSITION_FAILED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct outcome_facts f = {
            .sip = {.end = SIP_END_REJECTED, .status = rows[i].status, .retry_after_s = 30}};
        struct call_outcome o = {.dialled_ms = 5};
        char text[64];

        snprintf(f.sip.reason, sizeof(f.sip.reason), "Some Words");
        outcome_fill(&o, &f);
        if (o.disposition != rows[i].d)
            fail_msg("%d became %d", rows[i].status, o.disposition);
        assert_int_equal(o.sip_status, rows[i].status);
        assert_int_equal(o.retry_after_s, 30);
        assert_string_equal(o.ended_by, "them");
        snprintf(text, sizeof(text), "%d Some Words", rows[i].status);
        assert_string_equal(o.reason, text);
        assert_int_equal(o.dialled_ms, 5);
    }
}

static void ends(struct outcome_facts f, enum disposition d, const char *by, const char *reason)
{
    struct call_outcome o = {0};

    outcome_fill(&o, &f);
    assert_int_equal(o.disposition, d);
    assert_string_equal(o.ended_by, by);
    assert_string_equal(o.reason, reason);
}

static void test_ends(void **state)
{
    struct outcome_facts talked = {.talked = true, .sip = {.answered = true}};
    struct outcome_facts f = talked;

    (void)state;
    f.sip.end = SIP_END_LOCAL;
    ends(f, DISPOSITION_ANSWERED, "us", "the flow ended");
    f.cause = OUTCOME_BY_LIMIT;
    ends(f, DISPOSITION_ANSWERED, "us", "longest call time reached");
    f.cause = OUTCOME_BY_OPERATOR;
    ends(f, DISPOSITION_ANSWERED, "us", "stopped by the operator");
    f = talked;
    f.sip.end = SIP_END_REMOTE;
    ends(f, DISPOSITION_ANSWERED, "them", "hung up by the person called");
    f.sip.end = SIP_END_TIMEOUT;
    ends(f, DISPOSITION_ANSWERED, "network", "the far side stopped answering");

    f = (struct outcome_facts){.sip = {.end = SIP_END_LOCAL, .status = 487}, .rang = true};
    ends(f, DISPOSITION_NO_ANSWER, "us", "rang too long");
    f.cause = OUTCOME_BY_OPERATOR;
    ends(f, DISPOSITION_CANCELLED, "us", "stopped by the operator");
    f.cause = OUTCOME_BY_OPT_OUT;
    ends(f, DISPOSITION_BLACKLISTED, "us", "put on a do-not-call list while it rang");
    f = (struct outcome_facts){.sip = {.end = SIP_END_REJECTED, .status = 302},
                               .cause = OUTCOME_BY_REDIRECT};
    ends(f, DISPOSITION_BLACKLISTED, "us", "redirected to a number on a do-not-call list");
    /* Our CANCEL crossed their 200. */
    f = (struct outcome_facts){.sip = {.end = SIP_END_LOCAL, .status = 200, .answered = true}};
    ends(f, DISPOSITION_NO_ANSWER, "us", "rang too long");
    f = (struct outcome_facts){.sip = {.end = SIP_END_LOCAL, .answered = true},
                               .cause = OUTCOME_BY_FAULT};
    ends(f, DISPOSITION_FAILED, "us", "answered, but with no audio format both sides have");
    f = (struct outcome_facts){.sip = {.end = SIP_END_TIMEOUT}};
    ends(f, DISPOSITION_FAILED, "network", "no answer from the trunk at all");
    f.rang = true;
    ends(f, DISPOSITION_NO_ANSWER, "network", "rang too long");
    f = (struct outcome_facts){.sip = {.end = SIP_END_TRANSPORT}};
    ends(f, DISPOSITION_FAILED, "network", "the trunk cannot be reached");
    f = (struct outcome_facts){.sip = {.end = SIP_END_PROTOCOL}};
    ends(f, DISPOSITION_FAILED, "network", "the trunk's answer could not be used");
}

/* Whatever the far side writes, the record holds whole UTF-8 and no control characters. */
static void test_reason_is_text(void **state)
{
    struct outcome_facts f = {.sip = {.end = SIP_END_REJECTED, .status = 486}};
    struct call_outcome o = {0};

    (void)state;
    snprintf(f.sip.reason, sizeof(f.sip.reason), "caf\xe9 \xd7\xaa\xd7");
    outcome_fill(&o, &f);
    for (const unsigned char *p = (const unsigned char *)o.reason; *p; p++)
        assert_true(*p >= ' ' && *p != 0xe9);
    assert_non_null(strstr(o.reason, "486 caf"));
    assert_non_null(strstr(o.reason, "\xd7\xaa"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_statuses),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_reason_is_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
