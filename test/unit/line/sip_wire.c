/* The SIP core on virtual time and without a socket: what it sends, when, and what it makes of the
 * answers. The far side is made by hand. */
#include "line/sip/sip_priv.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SENT_MAX = 64, WIRE = 4096, SECOND = 1000 };

static const char offer[] =
    "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
    "m=audio 4000 RTP/AVP 8\r\n";
static const char other[] =
    "v=0\r\no=- 2 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n"
    "m=audio 5000 RTP/AVP 8\r\n";

struct world {
    struct clock_virtual clock;
    struct loop *loop;
    struct sip *sip;
    struct sip_trunk *trunk;
    struct sip_call *call;
    struct sockaddr_storage far; /* where messages come from */
    char sent[SENT_MAX][WIRE];
    int64_t sent_ms[SENT_MAX];
    struct sockaddr_storage to[SENT_MAX];
    int count, read; /* sent, and of these looked at */
    int answered, ended, offers, agreed, registered, told;
    int register_status;
    bool forbid;
    char redirected[64];
    struct sip_result result;
};

static int64_t now_ms(const struct world *w)
{
    return w->clock.now_us / 1000;
}

static void on_send(void *arg, const struct sockaddr_storage *to, const char *data, size_t len)
{
    struct world *w = arg;

    assert_true(w->count < SENT_MAX && len < WIRE);
    memcpy(w->sent[w->count], data, len);
    w->sent[w->count][len] = '\0';
    w->to[w->count] = *to;
    w->sent_ms[w->count++] = now_ms(w);
}

static const struct sip_transport transport = {.send = on_send};

static void on_answered(struct sip_call *c, void *arg, const char *sdp, size_t len)
{
    ((struct world *)arg)->answered++;
}

static int on_offered(struct sip_call *c, void *arg, const char *sdp, size_t len, char *buf,
                      size_t size)
{
    ((struct world *)arg)->offers++;
    return snprintf(buf, size, "%s", sdp ? other : offer);
}

static void on_agreed(struct sip_call *c, void *arg, const char *sdp, size_t len)
{
    ((struct world *)arg)->agreed++;
}

static bool on_redirected(struct sip_call *c, void *arg, const char *user)
{
    struct world *w = arg;

    snprintf(w->redirected, sizeof(w->redirected), "%s", user);
    return !w->forbid;
}

static void on_ended(struct sip_call *c, void *arg, const struct sip_result *r)
{
    struct world *w = arg;

    w->ended++;
    w->result = *r;
    w->call = NULL;
}

static const struct sip_call_handler handler = {.answered = on_answered,
                                                .offered = on_offered,
                                                .agreed = on_agreed,
                                                .redirected = on_redirected,
                                                .ended = on_ended};

static void on_trunk(struct sip_trunk *t, void *arg, bool registered, int status, const char *why)
{
    struct world *w = arg;

    w->told++;
    w->registered = registered;
    w->register_status = status;
}

static const struct sip_handler sip_handler = {.trunk_state = on_trunk};

static struct sockaddr_storage address(const char *host, uint16_t port)
{
    struct sockaddr_storage a = {0};
    struct sockaddr_in *in = (struct sockaddr_in *)&a;

    in->sin_family = AF_INET;
    in->sin_port = htons(port);
    assert_int_equal(inet_pton(AF_INET, host, &in->sin_addr), 1);
    return a;
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    struct sip_config c = {.calls_max = 8, .transport = &transport, .transport_arg = w};
    struct sip_trunk_config t = {
        .name = "t", .host = "192.0.2.7", .user = "u", .password = "p", .domain = "example.org"};
    struct error err = {0};

    clock_virtual_init(&w->clock, 0);
    assert_int_equal(loop_new(&w->loop, &w->clock.clock), 0);
    c.loop = w->loop;
    c.local = address("192.0.2.1", 5070);
    w->far = address("192.0.2.7", 5060);
    assert_int_equal(sip_new(&w->sip, &c, &sip_handler, w, &err), 0);
    assert_int_equal(sip_trunk_add(w->sip, &t, &w->trunk, &err), 0);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    sip_free(w->sip);
    loop_free(w->loop);
    free(w);
    return 0;
}

/* Time passes, a millisecond at a time. */
static void pass(struct world *w, int ms)
{
    for (int i = 0; i < ms; i++) {
        clock_virtual_advance(&w->clock, 1000);
        assert_int_equal(loop_turn(w->loop, 0), 0);
    }
}

static unsigned calls(const struct world *w)
{
    struct sip_stats s;

    sip_read_stats(w->sip, &s);
    return s.calls;
}

static void invite(struct world *w, int ring_ms)
{
    struct sip_invite i = {.trunk = w->trunk,
                           .to = "+972501234567",
                           .from = "+97225551234",
                           .sdp = offer,
                           .sdp_len = sizeof(offer) - 1,
                           .ring_timeout_ms = ring_ms};

    assert_int_equal(sip_call_invite(w->sip, &i, &handler, w, &w->call), 0);
}

/* The next message that was sent; it must begin so. */
static const char *expect(struct world *w, const char *begin)
{
    if (w->read >= w->count)
        fail_msg("nothing more was sent, expected %s", begin);
    if (strncmp(w->sent[w->read], begin, strlen(begin)) != 0)
        fail_msg("expected %s, but: %.60s", begin, w->sent[w->read]);
    return w->sent[w->read++];
}

static void nothing(struct world *w)
{
    if (w->read < w->count)
        fail_msg("sent without need: %.60s", w->sent[w->read]);
}

static void line_of(const char *text, const char *name, char *out, size_t size)
{
    const char *p = strstr(text, name), *end = p ? strstr(p, "\r\n") : NULL;

    assert_non_null(end);
    snprintf(out, size, "%.*s", (int)(end - p), p);
}

static unsigned cseq_of(const char *text)
{
    return (unsigned)strtoul(strstr(text, "CSeq: ") + 6, NULL, 10);
}

static void receive(struct world *w, const char *text)
{
    char *exact = strdup(text); /* so that a byte too far is seen */

    sip_receive(w->sip, exact, strlen(text), &w->far);
    free(exact);
}

/* An answer to a request of ours. more: further header lines; sdp: NULL for none. */
static void answer(struct world *w, const char *request, int status, const char *tag,
                   const char *more, const char *sdp)
{
    char via[300], from[300], to[300], id[200], cseq[60], out[WIRE];

    line_of(request, "Via:", via, sizeof(via));
    line_of(request, "From:", from, sizeof(from));
    line_of(request, "To:", to, sizeof(to));
    line_of(request, "Call-ID:", id, sizeof(id));
    line_of(request, "CSeq:", cseq, sizeof(cseq));
    snprintf(out, sizeof(out),
             "SIP/2.0 %d Reason\r\n%s\r\n%s\r\n%s%s%s\r\n%s\r\n%s\r\n%s%sContent-Length: "
             "%zu\r\n\r\n%s",
             status, via, from, to, tag ? ";tag=" : "", tag ? tag : "", id, cseq, more,
             sdp ? "Content-Type: application/sdp\r\n" : "", sdp ? strlen(sdp) : 0, sdp ? sdp : "");
    receive(w, out);
}

#define CONTACT "Contact: <sip:far@192.0.2.7:5061>\r\n"

/* A request of the far side within the call of this INVITE. */
static void request(struct world *w, const char *first, const char *method, int cseq,
                    const char *tag, const char *more, const char *sdp)
{
    char from[300], to[300], id[200], out[WIRE];

    line_of(first, "From:", from, sizeof(from));
    line_of(first, "To:", to, sizeof(to));
    line_of(first, "Call-ID:", id, sizeof(id));
    snprintf(out, sizeof(out),
             "%s sip:x@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bK%s%d;rport\r\n"
             "From:%s;tag=%s\r\nTo:%s\r\n%s\r\nCSeq: %d %s\r\n%s%sContent-Length: %zu\r\n\r\n%s",
             method, method, cseq, to + 3, tag, from + 5, id, cseq, method, more,
             sdp ? "Content-Type: application/sdp\r\n" : "", sdp ? strlen(sdp) : 0, sdp ? sdp : "");
    receive(w, out);
}

/* A call that is up; its INVITE. */
static const char *up(struct world *w)
{
    const char *first;

    invite(w, 0);
    first = expect(w, "INVITE ");
    answer(w, first, 200, "x", CONTACT, other);
    expect(w, "ACK sip:far@192.0.2.7:5061 ");
    assert_int_equal(w->answered, 1);
    return first;
}

/* ---- timers --------------------------------------------------------------------------------- */

static void test_timer_a_and_b(void **state)
{
    struct world *w = *state;
    static const int at[] = {0, 500, 1500, 3500, 7500, 15500, 31500}; /* 17.1.1.2 */

    invite(w, 0);
    pass(w, 31999);
    assert_int_equal(w->count, 7);
    for (int i = 0; i < 7; i++) {
        assert_int_equal(w->sent_ms[i], at[i]);
        assert_string_equal(w->sent[i], w->sent[0]);
    }
    assert_int_equal(w->ended, 0);
    pass(w, 3);
    assert_int_equal(w->ended, 1);
    assert_int_equal(w->result.end, SIP_END_TIMEOUT);
    assert_int_equal(calls(w), 0);
    pass(w, 60 * SECOND);
    assert_int_equal(w->count, 7);
}

/* A trunk that says nothing has not let anybody's telephone ring too long. */
static void test_rings_out_without_ringing(void **state)
{
    struct world *w = *state;

    invite(w, 3 * SECOND);
    pass(w, 10 * SECOND);
    assert_int_equal(w->ended, 0);
    pass(w, 23 * SECOND);
    assert_int_equal(w->result.end, SIP_END_TIMEOUT);
    for (int i = 0; i < w->count; i++) /* no CANCEL (9.1) */
        assert_int_equal(strncmp(w->sent[i], "INVITE", 6), 0);
}

static void test_rings_out_before_the_first_answer(void **state)
{
    struct world *w = *state;
    const char *first;

    invite(w, SECOND);
    first = expect(w, "INVITE ");
    pass(w, 1400);
    expect(w, "INVITE ");
    answer(w, first, 180, "x", "", NULL);
    answer(w, expect(w, "CANCEL "), 200, "x", "", NULL);
    answer(w, first, 487, "x", "", NULL);
    expect(w, "ACK ");
    pass(w, 2);
    assert_int_equal(w->result.end, SIP_END_LOCAL);
    assert_int_equal(calls(w), 0);
}

/* Who hangs up need not wait for a trunk that says nothing; the CANCEL follows when it may. */
static void test_hangs_up_before_the_first_answer(void **state)
{
    struct world *w = *state;
    const char *first;

    invite(w, 0);
    first = expect(w, "INVITE ");
    sip_call_hangup(w->call, 16);
    pass(w, 2);
    assert_int_equal(w->ended, 1);
    assert_int_equal(w->result.end, SIP_END_LOCAL);
    assert_int_equal(calls(w), 1);
    answer(w, first, 100, NULL, "", NULL);
    answer(w, expect(w, "CANCEL "), 200, "x", "", NULL);
    answer(w, first, 487, "x", "", NULL);
    expect(w, "ACK ");
    pass(w, 2);
    assert_int_equal(w->ended, 1);
    assert_int_equal(calls(w), 0);
}

static void test_timer_c(void **state)
{
    struct world *w = *state;
    const char *first;

    invite(w, 0);
    first = expect(w, "INVITE ");
    answer(w, first, 180, "x", "", NULL);
    pass(w, 179 * SECOND);
    nothing(w);
    pass(w, SECOND + 1);
    expect(w, "CANCEL ");
    pass(w, 32 * SECOND + 1); /* nothing comes: 9.1 */
    assert_int_equal(w->result.end, SIP_END_LOCAL);
    assert_int_equal(calls(w), 0);
}

/* The far side's port was closed for a moment (18.4). */
static void test_undelivered(void **state)
{
    struct world *w = *state;
    const char *first;

    invite(w, 0);
    first = expect(w, "INVITE ");
    sip_undelivered(w->sip, first);
    pass(w, 1600);
    sip_undelivered(w->sip, first);
    answer(w, first, 100, NULL, "", NULL);
    pass(w, 60 * SECOND);
    assert_int_equal(w->ended, 0);
    answer(w, first, 486, "x", "", NULL);
    pass(w, 2);
    assert_int_equal(w->result.status, 486);

    w->read = w->count;
    invite(w, 0); /* and now for good */
    first = expect(w, "INVITE ");
    sip_undelivered(w->sip, "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKc0.1.1.0");
    sip_undelivered(w->sip, "INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKc0.1.1.0");
    sip_undelivered(w->sip, "INVITE sip:a@b");
    pass(w, 1600);
    sip_undelivered(w->sip, first);
    pass(w, 3999);
    assert_int_equal(w->ended, 1);
    pass(w, 3);
    assert_int_equal(w->ended, 2);
    assert_int_equal(w->result.end, SIP_END_TRANSPORT);
}

static void test_bye_is_repeated(void **state)
{
    struct world *w = *state;
    static const int at[] = {0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500};

    up(w);
    sip_call_hangup(w->call, 16);
    pass(w, 40 * SECOND); /* timers E and F, 17.1.2.2 */
    assert_int_equal(w->count - w->read, 11);
    for (int i = 0; i < 11; i++)
        assert_int_equal(w->sent_ms[w->read + i] - w->sent_ms[w->read], at[i]);
    assert_int_equal(w->ended, 1);
    assert_int_equal(w->result.end, SIP_END_LOCAL);
    assert_int_equal(calls(w), 0);
}

/* ---- answers -------------------------------------------------------------------------------- */

static void test_repeated_rejection(void **state)
{
    struct world *w = *state;
    const char *first, *ack;

    invite(w, 0);
    first = expect(w, "INVITE sip:+972501234567@192.0.2.7 ");
    answer(w, first, 486, "x", "", NULL);
    ack = expect(w, "ACK ");
    pass(w, 10);
    assert_int_equal(calls(w), 0);
    answer(w, first, 486, "x", "", NULL); /* the ACK was lost: timer D */
    assert_string_equal(expect(w, "ACK "), ack);
}

static void test_repeated_rejection_of_a_port(void **state)
{
    struct world *w = *state;
    struct sip_trunk_config t = {.name = "t2", .host = "192.0.2.7", .port = 5099};
    struct error err = {0};
    const char *first, *ack;

    assert_int_equal(sip_trunk_add(w->sip, &t, &w->trunk, &err), 0);
    w->far = address("192.0.2.7", 5099);
    invite(w, 0);
    first = expect(w, "INVITE sip:+972501234567@192.0.2.7:5099 ");
    answer(w, first, 486, "x", "", NULL);
    ack = expect(w, "ACK ");
    pass(w, 10);
    answer(w, first, 486, "x", "", NULL);
    assert_string_equal(expect(w, "ACK "), ack);
}

static void test_reason_that_is_no_text(void **state)
{
    struct world *w = *state;
    char text[WIRE], *p;
    const char *first;

    invite(w, 0);
    first = expect(w, "INVITE ");
    snprintf(text, sizeof(text), "%s", first);
    answer(w, first, 180, "x", "", NULL);
    w->far = address("192.0.2.7", 5060);
    p = strstr(text, "Via:");
    memmove(text + 60, p, strlen(p) + 1);
    memset(text, ' ', 60);
    memcpy(text, "SIP/2.0 486 \xe9\xff\x01\"\xd7\xa9\xd7", 18);
    memcpy(text + 58, "\r\n", 2);
    receive(w, text);
    pass(w, 2);
    assert_int_equal(w->result.status, 486);
    for (const char *t = w->result.reason; *t; t++)
        assert_true((unsigned char)*t >= ' ' && *t != '"' && (unsigned char)*t < 0xf0);
    assert_non_null(strstr(w->result.reason, "\xd7\xa9"));
}

/* Who scans the network for telephones gets an answer and no line. */
static void test_calls_from_nowhere(void **state)
{
    struct world *w = *state;
    char text[600];

    w->far = address("192.0.2.250", 5060);
    for (int i = 0; i < 40; i++) {
        snprintf(text, sizeof(text),
                 "INVITE sip:100@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP "
                 "192.0.2.250;branch=z9hG4bK%d\r\nFrom: <sip:a@b>;tag=1\r\nTo: "
                 "<sip:100@192.0.2.1>\r\nCall-ID: %d\r\nCSeq: 1 INVITE\r\nContact: "
                 "<sip:a@192.0.2.250>\r\nContent-Length: 0\r\n\r\n",
                 i, i);
        receive(w, text);
        expect(w, "SIP/2.0 480 ");
    }
    assert_int_equal(calls(w), 0);
}

static void test_answer_of_another_host(void **state)
{
    struct world *w = *state;
    struct sip_stats s;
    const char *first;

    invite(w, 0);
    first = expect(w, "INVITE ");
    w->far = address("192.0.2.66", 5060);
    answer(w, first, 200, "x", CONTACT, other);
    answer(w, first, 603, "x", "", NULL);
    nothing(w);
    sip_read_stats(w->sip, &s);
    assert_int_equal(s.strangers, 2);
    w->far = address("192.0.2.7", 6000); /* another port is let pass */
    answer(w, first, 200, "x", CONTACT, other);
    expect(w, "ACK ");
    assert_int_equal(w->answered, 1);
}

static void test_fork(void **state)
{
    struct world *w = *state;
    const char *first = up(w), *bye;

    answer(w, first, 200, "y", "Contact: <sip:y@192.0.2.9>\r\n", other);
    assert_non_null(strstr(expect(w, "ACK sip:y@192.0.2.9 "), ";tag=y"));
    bye = expect(w, "BYE sip:y@192.0.2.9 ");
    assert_non_null(strstr(bye, ";tag=y"));
    assert_memory_equal(&w->to[w->read - 1],
                        &(struct sockaddr_storage[1]){address("192.0.2.9", 5060)},
                        sizeof(struct sockaddr_in));
    answer(w, first, 200, "y", "Contact: <sip:y@192.0.2.9>\r\n", other); /* the ACK was lost */
    expect(w, "ACK ");
    nothing(w);
    pass(w, 501);
    assert_string_equal(expect(w, "BYE "), bye); /* the BYE too */
    w->far = address("192.0.2.9", 5060);
    answer(w, bye, 200, NULL, "", NULL);
    pass(w, 5 * SECOND);
    nothing(w);
    assert_int_equal(calls(w), 1);
    assert_int_equal(w->ended, 0);
}

static void test_late_fork(void **state)
{
    struct world *w = *state;
    const char *first;

    invite(w, 0);
    first = expect(w, "INVITE ");
    answer(w, first, 486, "x", "", NULL);
    expect(w, "ACK ");
    pass(w, 10);
    answer(w, first, 200, "y", CONTACT, other); /* the call is gone */
    expect(w, "ACK sip:far@");
    answer(w, expect(w, "BYE sip:far@"), 200, NULL, "", NULL);
    assert_int_equal(calls(w), 0);
    assert_int_equal(w->answered, 0);
}

/* ---- redirection ---------------------------------------------------------------------------- */

static void test_redirect_order_and_loop(void **state)
{
    struct world *w = *state;
    const char *m;

    invite(w, 0);
    m = expect(w, "INVITE sip:+972501234567@192.0.2.7 ");
    answer(w, m, 302, "x",
           "Contact: <sip:a@192.0.2.7>;q=0.2, <tel:+1>, <sip:b@192.0.2.8>;q=0.7, "
           "<sip:+972501234567@192.0.2.7>\r\n",
           NULL);
    expect(w, "ACK ");
    m = expect(w, "INVITE sip:b@192.0.2.8 ");
    assert_string_equal(w->redirected, "b");
    w->far = address("192.0.2.8", 5060);
    answer(w, m, 302, "x", "Contact: <sip:b@192.0.2.8>\r\n", NULL); /* to itself */
    expect(w, "ACK ");
    nothing(w);
    pass(w, 2);
    assert_int_equal(w->result.end, SIP_END_REJECTED);
    assert_int_equal(w->result.status, 302);
}

static void test_redirect_limit(void **state)
{
    struct world *w = *state;
    char contact[64];
    int invites = 0;

    invite(w, 0);
    while (w->read < w->count) {
        const char *m = w->sent[w->read++];

        if (strncmp(m, "INVITE", 6) != 0)
            continue;
        snprintf(contact, sizeof(contact), "Contact: <sip:%d@192.0.2.7>\r\n", invites++);
        answer(w, m, 301, "x", contact, NULL);
    }
    assert_int_equal(invites, 6);
    pass(w, 2);
    assert_int_equal(w->result.status, 301);
}

static void test_redirect_forbidden(void **state)
{
    struct world *w = *state;

    w->forbid = true;
    invite(w, 0);
    answer(w, expect(w, "INVITE "), 302, "x", "Contact: <sip:+972509999999@192.0.2.7>\r\n", NULL);
    expect(w, "ACK ");
    nothing(w);
    assert_string_equal(w->redirected, "+972509999999");
    pass(w, 2);
    assert_int_equal(w->result.status, 302);
}

/* The answer to a challenge is for whom it was made. */
static void test_redirect_takes_no_credentials(void **state)
{
    struct world *w = *state;
    const char *m;

    invite(w, 0);
    answer(w, expect(w, "INVITE "), 401, "x",
           "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n", NULL);
    expect(w, "ACK ");
    m = expect(w, "INVITE ");
    assert_non_null(strstr(m, "Authorization: "));
    answer(w, m, 302, "x", "Contact: <sip:a@192.0.2.8>\r\n", NULL);
    expect(w, "ACK ");
    assert_null(strstr(expect(w, "INVITE sip:a@192.0.2.8 "), "Authorization: "));
}

/* ---- requests of theirs -----------------------------------------------------------------------
 */

static void test_reinvite_without_offer(void **state)
{
    struct world *w = *state;
    const char *first = up(w), *ok;

    request(w, first, "INVITE", 7, "x", CONTACT, NULL);
    ok = expect(w, "SIP/2.0 200");
    assert_non_null(strstr(ok, "m=audio 4000"));
    request(w, first, "UPDATE", 8, "x", CONTACT, other); /* our offer is open */
    expect(w, "SIP/2.0 491");
    pass(w, 501);
    assert_string_equal(expect(w, "SIP/2.0 200"), ok); /* until the ACK */
    request(w, first, "ACK", 7, "x", "", other);
    assert_int_equal(w->agreed, 1);
    request(w, first, "INVITE", 7, "x", CONTACT, NULL); /* was under way: RFC 6026 */
    pass(w, 5 * SECOND);
    expect(w, "SIP/2.0 500"); /* 7 came after 8 */
    nothing(w);
}

static void test_reinvite_comes_twice(void **state)
{
    struct world *w = *state;
    const char *first = up(w), *ok;

    request(w, first, "INVITE", 7, "x", "Contact: <sip:z@192.0.2.7>\r\n", other);
    ok = expect(w, "SIP/2.0 200");
    request(w, first, "INVITE", 7, "x", "Contact: <sip:z@192.0.2.7>\r\n", other);
    assert_string_equal(expect(w, "SIP/2.0 200"), ok);
    request(w, first, "INVITE", 8, "x", CONTACT, other);
    expect(w, "SIP/2.0 491");
    request(w, first, "ACK", 7, "x", "", NULL);
    request(w, first, "INVITE", 7, "x", CONTACT, other);
    assert_int_equal(w->offers, 1);
    assert_int_equal(w->agreed, 0);
    sip_call_hangup(w->call, 0);
    w->read = w->count - 1;
    expect(w, "BYE sip:z@192.0.2.7 "); /* the target moved (12.2.1.2) */
}

static void test_reinvite_without_ack(void **state)
{
    struct world *w = *state;
    const char *first = up(w);

    request(w, first, "INVITE", 7, "x", CONTACT, other);
    pass(w, 32 * SECOND + 2); /* 13.3.1.4 */
    assert_int_equal(w->result.end, SIP_END_TIMEOUT);
    w->read = w->count - 1;
    expect(w, "BYE ");
}

static void test_early_dialog(void **state)
{
    struct world *w = *state;
    const char *first;

    invite(w, 0);
    first = expect(w, "INVITE ");
    answer(w, first, 180, "x", "", NULL);
    request(w, first, "UPDATE", 3, "x", "Contact: <sip:z@192.0.2.7>\r\n", NULL);
    expect(w, "SIP/2.0 200");
    request(w, first, "UPDATE", 4, "x", CONTACT, other);
    expect(w, "SIP/2.0 491"); /* our offer is not answered yet (RFC 3311 5.2) */
    request(w, first, "BYE", 5, "x", "", NULL);
    expect(w, "SIP/2.0 481"); /* 15: not before they answered */
    request(w, first, "OPTIONS", 6, "z", "", NULL);
    expect(w, "SIP/2.0 481"); /* nobody of that tag */
    sip_call_hangup(w->call, 0);
    assert_null(strstr(expect(w, "CANCEL sip:+972501234567@192.0.2.7 "), "tag=x")); /* 9.1 */
    answer(w, first, 200, "y", CONTACT, other); /* another one answers */
    expect(w, "ACK ");
    expect(w, "BYE ");
    request(w, first, "BYE", 1, "y", "", NULL); /* counts anew with them */
    expect(w, "SIP/2.0 200");
    pass(w, 2);
    assert_int_equal(calls(w), 0);
}

static void test_refused_requests(void **state)
{
    struct world *w = *state;
    const char *first = up(w);

    request(w, first, "INVITE", 3, "x", CONTACT "Require: 100rel, timer, other\r\n", other);
    assert_non_null(strstr(expect(w, "SIP/2.0 420"), "Unsupported: 100rel, other\r\n"));
    request(w, first, "PUBLISH", 4, "x", "", NULL);
    assert_non_null(strstr(expect(w, "SIP/2.0 405"), "Allow: INVITE"));
    receive(w, first); /* our own INVITE comes back */
    expect(w, "SIP/2.0 482");
    request(w, first, "BYE", 4, "wrong", "", NULL);
    expect(w, "SIP/2.0 481");
    assert_int_equal(w->ended, 0);
}

static void test_method_and_cseq_differ(void **state)
{
    struct world *w = *state;
    char text[WIRE], *p;

    up(w);
    snprintf(text, sizeof(text), "%s", w->sent[0]);
    p = strstr(text, "CSeq: ");
    memcpy(strstr(p, "INVITE"), "UPDATE", 6);
    receive(w, text);
    expect(w, "SIP/2.0 400");
}

/* ---- session timers ------------------------------------------------------------------------- */

#define TIMER "Supported: timer\r\nSession-Expires: 90;refresher="

static void test_they_refresh(void **state)
{
    struct world *w = *state;
    const char *first = up(w);

    request(w, first, "UPDATE", 3, "x", CONTACT TIMER "uac\r\n", NULL);
    assert_non_null(strstr(expect(w, "SIP/2.0 200"), "Session-Expires: 90;refresher=uac\r\n"));
    pass(w, 50 * SECOND);
    request(w, first, "UPDATE", 4, "x", CONTACT TIMER "uac\r\n", NULL);
    assert_non_null(strstr(expect(w, "SIP/2.0 200"), "Require: timer\r\n"));
    pass(w, 59 * SECOND);
    nothing(w);
    pass(w, SECOND + 1); /* 90 less a third (10) */
    expect(w, "BYE ");
    assert_int_equal(w->ended, 1);
    assert_int_equal(w->result.end, SIP_END_SESSION_EXPIRED);
}

static void test_we_refresh(void **state)
{
    struct world *w = *state;
    const char *first = up(w), *m;

    request(w, first, "UPDATE", 3, "x", CONTACT TIMER "uas\r\n", NULL);
    assert_non_null(strstr(expect(w, "SIP/2.0 200"), "Session-Expires: 90;refresher=uas\r\n"));
    pass(w, 45 * SECOND + 1);
    m = expect(w, "UPDATE ");
    assert_non_null(strstr(m, "Session-Expires: 90;refresher=uac\r\n"));
    assert_int_equal(cseq_of(m), cseq_of(first) + 1);
    answer(w, m, 422, NULL, "Min-SE: 120\r\n", NULL);
    m = expect(w, "UPDATE ");
    assert_non_null(strstr(m, "Session-Expires: 120;refresher=uac\r\n"));
    answer(w, m, 200, NULL, "Session-Expires: 120;refresher=uac\r\n", NULL);
    pass(w, 60 * SECOND + 1);
    answer(w, expect(w, "UPDATE "), 500, NULL, "", NULL);
    pass(w, 5 * SECOND + 1); /* tried again */
    answer(w, expect(w, "UPDATE "), 481, NULL, "", NULL);
    expect(w, "BYE ");
    pass(w, 2);
    assert_int_equal(w->result.end, SIP_END_SESSION_EXPIRED);
}

static void test_no_answer_to_our_refresh(void **state)
{
    struct world *w = *state;
    const char *first = up(w);

    request(w, first, "UPDATE", 3, "x", CONTACT TIMER "uas\r\n", NULL);
    pass(w, 45 * SECOND + 32 * SECOND + 3);
    assert_int_equal(w->result.end, SIP_END_TIMEOUT);
    w->read = w->count - 1;
    expect(w, "BYE ");
}

static void test_session_of_the_answer(void **state)
{
    struct world *w = *state;
    const char *first;

    invite(w, 0);
    first = expect(w, "INVITE ");
    assert_null(strstr(first, "timer"));
    answer(w, first, 200, "x", CONTACT "Session-Expires: 1800;refresher=uas\r\n", other);
    expect(w, "ACK ");
    pass(w, 1767 * SECOND);
    nothing(w);
    pass(w, 2 * SECOND);
    expect(w, "BYE ");
}

/* Who has no UPDATE gets no timer that we would have to run: that is always allowed (9). */
static void test_no_update_no_timer(void **state)
{
    struct world *w = *state;
    const char *first = up(w);

    request(w, first, "INVITE", 3, "x", CONTACT "Allow: INVITE, ACK, BYE\r\n" TIMER "uas\r\n",
            other);
    assert_null(strstr(expect(w, "SIP/2.0 200"), "Session-Expires"));
    request(w, first, "ACK", 3, "x", "", NULL);
    pass(w, 200 * SECOND);
    nothing(w);
}

/* ---- credentials ---------------------------------------------------------------------------- */

static void test_bye_and_update_are_challenged(void **state)
{
    struct world *w = *state;
    const char *first = up(w), *m;

    request(w, first, "UPDATE", 3, "x", CONTACT TIMER "uas\r\n", NULL);
    expect(w, "SIP/2.0 200");
    pass(w, 45 * SECOND + 1);
    answer(w, expect(w, "UPDATE "), 407, NULL,
           "Proxy-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n", NULL);
    m = expect(w, "UPDATE ");
    assert_non_null(strstr(m, "Proxy-Authorization: Digest "));
    answer(w, m, 200, NULL, "Session-Expires: 90;refresher=uac\r\n", NULL);
    sip_call_hangup(w->call, 16);
    m = expect(w, "BYE ");
    assert_null(strstr(m, "Authorization"));
    answer(w, m, 401, NULL, "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n", NULL);
    m = expect(w, "BYE ");
    assert_non_null(strstr(m, "\r\nAuthorization: Digest "));
    assert_non_null(strstr(m, "Reason: Q.850;cause=16"));
    answer(w, m, 401, NULL, "WWW-Authenticate: Digest realm=\"r\", nonce=\"n2\"\r\n", NULL);
    nothing(w); /* refused: it is over all the same */
    pass(w, 2);
    assert_int_equal(calls(w), 0);
}

/* ---- registration --------------------------------------------------------------------------- */

static const char *add_registering(struct world *w)
{
    struct sip_trunk_config c = {.name = "r",
                                 .host = "192.0.2.7",
                                 .user = "u",
                                 .password = "p",
                                 .do_register = true,
                                 .register_s = 100};
    struct error err = {0};

    assert_int_equal(sip_trunk_add(w->sip, &c, &w->trunk, &err), 0);
    return expect(w, "REGISTER sip:192.0.2.7 ");
}

static void test_interval_too_brief(void **state)
{
    struct world *w = *state;
    const char *m = add_registering(w);

    assert_non_null(strstr(m, "Expires: 100\r\n"));
    answer(w, m, 423, "x", "Min-Expires: 200\r\n", NULL); /* 10.2.8 */
    m = expect(w, "REGISTER ");
    assert_non_null(strstr(m, "Expires: 200\r\n"));
    answer(w, m, 423, "x", "Min-Expires: 300\r\n", NULL); /* no end of it */
    nothing(w);
    pass(w, 30 * SECOND + 1);
    m = expect(w, "REGISTER ");
    answer(w, m, 200, "x",
           "Contact: <sip:u@192.0.2.99>;expires=9, <sip:u@192.0.2.1:5070>;expires=200\r\n", NULL);
    assert_true(sip_trunk_ready(w->trunk));
    pass(w, 179 * SECOND);
    nothing(w);
    pass(w, SECOND + 1); /* nine tenths of our own */
    expect(w, "REGISTER ");
}

/* What was granted stands, though the registrar is away for a moment. */
static void test_registration_outlives_a_failure(void **state)
{
    struct world *w = *state;

    answer(w, add_registering(w), 200, "x", "Expires: 1000\r\n", NULL);
    assert_int_equal(w->told, 1);
    pass(w, 900 * SECOND + 1);
    answer(w, expect(w, "REGISTER "), 500, "x", "", NULL);
    assert_true(sip_trunk_ready(w->trunk));
    pass(w, 30 * SECOND + 1);
    answer(w, expect(w, "REGISTER "), 200, "x", "Expires: 1000\r\n", NULL);
    pass(w, 900 * SECOND + 1);
    w->read = w->count;
    pass(w, 120 * SECOND); /* nothing comes at all */
    assert_false(sip_trunk_ready(w->trunk));
}

static void test_registration_is_withdrawn(void **state)
{
    struct world *w = *state;

    answer(w, add_registering(w), 200, "x", "Expires: 1000\r\n", NULL);
    pass(w, 900 * SECOND + 1);
    answer(w, expect(w, "REGISTER "), 403, "x", "", NULL);
    assert_false(sip_trunk_ready(w->trunk));
    assert_int_equal(w->register_status, 403);
}

static void test_registrar_of_another_host(void **state)
{
    struct world *w = *state;
    const char *m = add_registering(w);

    w->far = address("192.0.2.66", 5060);
    answer(w, m, 200, "x", "Expires: 1000\r\n", NULL);
    assert_false(sip_trunk_ready(w->trunk));
}

static void test_bad_trunks(void **state)
{
    struct world *w = *state;
    struct sip_trunk_config c = {.name = "t", .host = "192.0.2.7", .user = "a\r\nX: y"};
    struct error err = {0};

    assert_true(sip_trunk_add(w->sip, &c, &w->trunk, &err) < 0);
    assert_true(err.message[0] && err.remedy[0]);
    c.user = "u";
    c.domain = "a>b";
    assert_true(sip_trunk_add(w->sip, &c, &w->trunk, &err) < 0);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(test_timer_a_and_b),
        CASE(test_rings_out_without_ringing),
        CASE(test_rings_out_before_the_first_answer),
        CASE(test_hangs_up_before_the_first_answer),
        CASE(test_timer_c),
        CASE(test_undelivered),
        CASE(test_bye_is_repeated),
        CASE(test_repeated_rejection),
        CASE(test_repeated_rejection_of_a_port),
        CASE(test_reason_that_is_no_text),
        CASE(test_calls_from_nowhere),
        CASE(test_answer_of_another_host),
        CASE(test_fork),
        CASE(test_late_fork),
        CASE(test_redirect_order_and_loop),
        CASE(test_redirect_limit),
        CASE(test_redirect_forbidden),
        CASE(test_redirect_takes_no_credentials),
        CASE(test_reinvite_without_offer),
        CASE(test_reinvite_comes_twice),
        CASE(test_reinvite_without_ack),
        CASE(test_early_dialog),
        CASE(test_refused_requests),
        CASE(test_method_and_cseq_differ),
        CASE(test_they_refresh),
        CASE(test_we_refresh),
        CASE(test_no_answer_to_our_refresh),
        CASE(test_session_of_the_answer),
        CASE(test_no_update_no_timer),
        CASE(test_bye_and_update_are_challenged),
        CASE(test_interval_too_brief),
        CASE(test_registration_outlives_a_failure),
        CASE(test_registration_is_withdrawn),
        CASE(test_registrar_of_another_host),
        CASE(test_bad_trunks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
