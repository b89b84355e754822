/* The SIP core: two endpoints over loopback, and a peer made by hand for what well-behaved ones do
 * not do. Short T1, so that timers are seen at work. */
#include "line/sip/sip.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char offer[] = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 "
                            "0\r\nm=audio 4000 RTP/AVP 8\r\n";
static const char answer[] = "v=0\r\no=- 2 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 "
                             "0\r\nm=audio 5000 RTP/AVP 8\r\n";

enum plan { ANSWER, BUSY, RING, IGNORE, STORM };

struct side {
    int progress, answered, ended, keys, offered, incoming;
    int last_progress;
    char key, sdp[1500];
    struct sip_result result;
    struct sip_call *call;
};

struct world {
    struct loop *loop;
    struct sip *caller, *callee;
    struct sip_trunk *trunk;
    struct side out, in;
    enum plan plan;
    int hand; /* a peer made by hand */
    struct sockaddr_in hand_at, caller_at;
    struct sip_trunk *hand_trunk;
    int registered, register_status;
};

static void on_progress(struct sip_call *c, void *arg, int status, const char *sdp, size_t len)
{
    struct side *s = arg;

    s->progress++;
    s->last_progress = status;
}

static void on_answered(struct sip_call *c, void *arg, const char *sdp, size_t len)
{
    struct side *s = arg;

    s->answered++;
    snprintf(s->sdp, sizeof(s->sdp), "%.*s", (int)len, sdp ? sdp : "");
}

static int on_offered(struct sip_call *c, void *arg, const char *sdp, size_t len, char *buf,
                      size_t size)
{
    ((struct side *)arg)->offered++;
    return snprintf(buf, size, "%s", answer);
}

static void on_key(struct sip_call *c, void *arg, char key, unsigned ms)
{
    ((struct side *)arg)->keys++;
    ((struct side *)arg)->key = key;
}

static void on_ended(struct sip_call *c, void *arg, const struct sip_result *r)
{
    struct side *s = arg;

    s->ended++;
    s->result = *r;
    s->call = NULL;
}

static const struct sip_call_handler handler = {.progress = on_progress,
                                                .answered = on_answered,
                                                .offered = on_offered,
                                                .key = on_key,
                                                .ended = on_ended};

static void on_incoming(struct sip *s, void *arg, struct sip_call *c)
{
    struct world *w = arg;
    size_t len;

    w->in.incoming++;
    w->in.call = c;
    assert_non_null(sip_call_offer(c, &len));
    assert_int_equal(len, sizeof(offer) - 1);
    sip_call_accept(c, &handler, &w->in);
    switch (w->plan) {
    case ANSWER:
        assert_int_equal(sip_call_progress(c, 180, NULL, 0), 0);
        assert_int_equal(sip_call_answer(c, answer, sizeof(answer) - 1), 0);
        break;
    case BUSY:
        assert_int_equal(sip_call_reject(c, 486, "Busy Here", NULL, 0), 0);
        break;
    case STORM:
        assert_int_equal(sip_call_reject(c, 503, "Service Unavailable", NULL, 7), 0);
        break;
    case RING:
        assert_int_equal(sip_call_progress(c, 180, NULL, 0), 0);
        break;
    case IGNORE:
        break;
    }
}

static void on_trunk(struct sip_trunk *t, void *arg, bool registered, int status, const char *why)
{
    struct world *w = arg;

    w->registered = registered;
    w->register_status = status;
}

static const struct sip_handler sip_handler = {.incoming = on_incoming, .trunk_state = on_trunk};

static struct sip *endpoint(struct world *w)
{
    struct sip_config c = {.loop = w->loop, .user_agent = "test", .calls_max = 20, .t1_ms = 20};
    struct sockaddr_in *in = (struct sockaddr_in *)&c.local;
    struct error err = {0};
    struct sip *s;

    in->sin_family = AF_INET;
    in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(sip_new(&s, &c, &sip_handler, w, &err), 0);
    return s;
}

static void open_hand(struct world *w)
{
    struct timeval patience = {.tv_sec = 2};
    socklen_t len = sizeof(w->hand_at);

    w->hand = socket(AF_INET, SOCK_DGRAM, 0);
    w->hand_at.sin_family = AF_INET;
    w->hand_at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(w->hand, (struct sockaddr *)&w->hand_at, len), 0);
    assert_int_equal(getsockname(w->hand, (struct sockaddr *)&w->hand_at, &len), 0);
    setsockopt(w->hand, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    struct sockaddr_storage at;
    struct error err = {0};
    struct sip_trunk_config t = {.name = "t", .host = "127.0.0.1", .user = "u", .password = "p"};

    assert_int_equal(loop_new(&w->loop, &clock_system), 0);
    w->caller = endpoint(w);
    w->callee = endpoint(w);
    sip_local(w->callee, &at);
    t.port = ntohs(((struct sockaddr_in *)&at)->sin_port);
    assert_int_equal(sip_trunk_add(w->caller, &t, &w->trunk, &err), 0);
    sip_local(w->caller, &at);
    memcpy(&w->caller_at, &at, sizeof(w->caller_at));
    open_hand(w);
    t.port = ntohs(w->hand_at.sin_port);
    assert_int_equal(sip_trunk_add(w->caller, &t, &w->hand_trunk, &err), 0);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    sip_free(w->caller);
    sip_free(w->callee);
    loop_free(w->loop);
    close(w->hand);
    free(w);
    return 0;
}

/* Turns the loop until *flag reaches n, at most ms. */
static bool until(struct world *w, const int *flag, int n, int ms)
{
    int64_t end = clock_mono_us(&clock_system) + ms * 1000LL;

    while (*flag < n && clock_mono_us(&clock_system) < end)
        assert_int_equal(loop_turn(w->loop, 5), 0);
    return *flag >= n;
}

static void idle(struct world *w, int ms)
{
    int never = 0;

    until(w, &never, 1, ms);
}

static void invite(struct world *w, struct sip_trunk *t, int64_t ring_ms)
{
    struct sip_invite i = {.trunk = t,
                           .to = "+972501234567",
                           .from = "+97225551234",
                           .display = "Test",
                           .sdp = offer,
                           .sdp_len = sizeof(offer) - 1,
                           .ring_timeout_ms = ring_ms};

    assert_int_equal(sip_call_invite(w->caller, &i, &handler, &w->out, &w->out.call), 0);
}

static unsigned calls(const struct sip *s)
{
    struct sip_stats stats;

    sip_read_stats(s, &stats);
    return stats.calls;
}

/* ---- two endpoints -------------------------------------------------------------------------- */

static void test_answer_and_hangup(void **state)
{
    struct world *w = *state;

    invite(w, w->trunk, 0);
    assert_true(until(w, &w->out.answered, 1, 1000));
    assert_string_equal(w->out.sdp, answer);
    assert_int_equal(w->out.last_progress, 180);
    assert_true(until(w, &w->in.answered, 1, 1000)); /* the ACK came */
    assert_string_equal(sip_call_to_user(w->in.call), "+972501234567");
    assert_string_equal(sip_call_from_user(w->in.call), "+97225551234");
    sip_call_hangup(w->out.call, 16);
    assert_true(until(w, &w->in.ended, 1, 1000));
    assert_true(until(w, &w->out.ended, 1, 1000));
    assert_int_equal(w->out.result.end, SIP_END_LOCAL);
    assert_true(w->out.result.answered);
    assert_int_equal(w->in.result.end, SIP_END_REMOTE);
    idle(w, 50);
    assert_int_equal(calls(w->caller), 0);
    assert_int_equal(calls(w->callee), 0);
}

static void test_far_side_hangs_up(void **state)
{
    struct world *w = *state;

    invite(w, w->trunk, 0);
    assert_true(until(w, &w->in.answered, 1, 1000));
    sip_call_hangup(w->in.call, 0);
    assert_true(until(w, &w->out.ended, 1, 1000));
    assert_int_equal(w->out.result.end, SIP_END_REMOTE);
    assert_int_equal(w->out.ended, 1);
    idle(w, 50);
    assert_int_equal(calls(w->caller) + calls(w->callee), 0);
}

static void test_busy(void **state)
{
    struct world *w = *state;

    w->plan = BUSY;
    invite(w, w->trunk, 0);
    assert_true(until(w, &w->out.ended, 1, 1000));
    assert_int_equal(w->out.result.end, SIP_END_REJECTED);
    assert_int_equal(w->out.result.status, 486);
    assert_string_equal(w->out.result.reason, "Busy Here");
    assert_false(w->out.result.answered);
    idle(w, 50);
    assert_int_equal(calls(w->caller) + calls(w->callee), 0); /* the ACK ended it there */
}

static void test_retry_after(void **state)
{
    struct world *w = *state;

    w->plan = STORM;
    invite(w, w->trunk, 0);
    assert_true(until(w, &w->out.ended, 1, 1000));
    assert_int_equal(w->out.result.status, 503);
    assert_int_equal(w->out.result.retry_after_s, 7);
}

static void test_rings_out(void **state)
{
    struct world *w = *state;

    w->plan = RING;
    invite(w, w->trunk, 150);
    assert_true(until(w, &w->out.ended, 1, 2000));
    assert_int_equal(w->out.result.end, SIP_END_LOCAL);
    assert_int_equal(w->out.result.status, 487);
    assert_true(until(w, &w->in.ended, 1, 1000));
    assert_int_equal(w->in.result.end, SIP_END_REMOTE);
    assert_int_equal(w->out.answered, 0);
    idle(w, 50);
    assert_int_equal(calls(w->caller) + calls(w->callee), 0);
}

static void test_callee_busy_pool(void **state)
{
    struct world *w = *state;
    struct side many[30] = {0};
    struct sip_invite i = {
        .trunk = w->trunk, .to = "1", .from = "2", .sdp = offer, .sdp_len = sizeof(offer) - 1};
    int ok = 0, done = 0;

    w->plan = BUSY;
    for (int k = 0; k < 30; k++) {
        int rc = sip_call_invite(w->caller, &i, &handler, &many[k], &many[k].call);

        assert_true(rc == 0 || rc == -EBUSY);
        ok += rc == 0;
    }
    assert_int_equal(ok, 20); /* calls_max: refused, never overrun */
    idle(w, 300);
    for (int k = 0; k < 30; k++)
        done += many[k].ended;
    assert_int_equal(done, 20);
    assert_int_equal(calls(w->caller), 0);
}

static void test_bad_names(void **state)
{
    struct world *w = *state;
    struct sip_invite i = {.trunk = w->trunk,
                           .to = "1>\r\nX: y",
                           .from = "2",
                           .sdp = offer,
                           .sdp_len = sizeof(offer) - 1};

    assert_int_equal(sip_call_invite(w->caller, &i, &handler, &w->out, &w->out.call), -EINVAL);
    i.to = "1";
    i.display = "a\"b";
    assert_int_equal(sip_call_invite(w->caller, &i, &handler, &w->out, &w->out.call), -EINVAL);
    assert_int_equal(calls(w->caller), 0);
}

/* ---- a peer made by hand -------------------------------------------------------------------- */

/* Waits for a request of a method, turning the loop; its text in buf. */
static bool hear(struct world *w, const char *method, char *buf, size_t size)
{
    int64_t end = clock_mono_us(&clock_system) + 2000000;

    while (clock_mono_us(&clock_system) < end) {
        ssize_t n = recv(w->hand, buf, size - 1, MSG_DONTWAIT);

        if (n <= 0) {
            loop_turn(w->loop, 2);
            continue;
        }
        buf[n] = '\0';
        if (strncmp(buf, method, strlen(method)) == 0)
            return true;
    }
    return false;
}

static void line_of(const char *text, const char *name, char *out, size_t size)
{
    const char *p = strstr(text, name), *end = p ? strstr(p, "\r\n") : NULL;

    assert_non_null(end);
    snprintf(out, size, "%.*s", (int)(end - p), p);
}

__attribute__((format(printf, 5, 6))) static void reply(struct world *w, const char *request,
                                                        int status, const char *tag,
                                                        const char *format, ...)
{
    char via[300], from[300], to[300], id[200], cseq[60], more[600], out[2048];
    va_list ap;
    int n;

    line_of(request, "Via:", via, sizeof(via));
    line_of(request, "From:", from, sizeof(from));
    line_of(request, "To:", to, sizeof(to));
    line_of(request, "Call-ID:", id, sizeof(id));
    line_of(request, "CSeq:", cseq, sizeof(cseq));
    va_start(ap, format);
    vsnprintf(more, sizeof(more), format, ap);
    va_end(ap);
    n = snprintf(out, sizeof(out), "SIP/2.0 %d Reason\r\n%s\r\n%s\r\n%s%s%s\r\n%s\r\n%s\r\n%s",
                 status, via, from, to, tag ? ";tag=" : "", tag ? tag : "", id, cseq, more);
    assert_int_equal(
        sendto(w->hand, out, (size_t)n, 0, (struct sockaddr *)&w->caller_at, sizeof(w->caller_at)),
        n);
}

#define NO_BODY "Content-Length: 0\r\n\r\n"

static void reply_200(struct world *w, const char *request, const char *tag)
{
    reply(w, request, 200, tag,
          "Contact: <sip:far@127.0.0.1:%u>\r\nContent-Type: application/sdp\r\n"
          "Content-Length: %zu\r\n\r\n%s",
          ntohs(w->hand_at.sin_port), sizeof(answer) - 1, answer);
}

static void test_retransmits_and_gives_up(void **state)
{
    struct world *w = *state;
    char a[4096], b[4096];

    invite(w, w->hand_trunk, 0);
    assert_true(hear(w, "INVITE", a, sizeof(a)));
    assert_true(hear(w, "INVITE", b, sizeof(b)));
    assert_string_equal(a, b);
    assert_true(until(w, &w->out.ended, 1, 3000)); /* 64 * T1 */
    assert_int_equal(w->out.result.end, SIP_END_TIMEOUT);
    assert_int_equal(w->out.result.status, 0);
    assert_int_equal(calls(w->caller), 0);
}

static void test_digest(void **state)
{
    struct world *w = *state;
    char a[4096], b[4096];

    invite(w, w->hand_trunk, 0);
    assert_true(hear(w, "INVITE", a, sizeof(a)));
    reply(w, a, 401, "x",
          "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", algorithm=SHA-512\r\n"
          "WWW-Authenticate: Digest realm=\"r,1\", nonce=\"abc\", qop=\"auth\", "
          "algorithm=SHA-256, opaque=\"o\"\r\n" NO_BODY);
    assert_true(hear(w, "ACK", b, sizeof(b)));
    assert_true(hear(w, "INVITE", b, sizeof(b)));
    assert_non_null(
        strstr(b, "Authorization: Digest username=\"u\", realm=\"r,1\", nonce=\"abc\""));
    assert_non_null(strstr(b, "algorithm=SHA-256"));
    assert_non_null(strstr(b, "opaque=\"o\""));
    assert_non_null(strstr(b, "nc=00000001"));
    reply(w, b, 401, "x", "WWW-Authenticate: Digest realm=\"r\", nonce=\"def\"\r\n" NO_BODY);
    assert_true(until(w, &w->out.ended, 1, 1000)); /* the same credentials would fail again */
    assert_int_equal(w->out.result.status, 401);
}

static void test_cancel_crosses_200(void **state)
{
    struct world *w = *state;
    char a[4096], b[4096];

    invite(w, w->hand_trunk, 0);
    assert_true(hear(w, "INVITE", a, sizeof(a)));
    reply(w, a, 180, "x", NO_BODY);
    assert_true(until(w, &w->out.progress, 1, 1000));
    sip_call_hangup(w->out.call, 0);
    assert_true(hear(w, "CANCEL", b, sizeof(b)));
    reply_200(w, a, "x");
    assert_true(hear(w, "ACK", b, sizeof(b)));
    assert_true(hear(w, "BYE", b, sizeof(b)));
    reply(w, b, 200, NULL, NO_BODY);
    assert_true(until(w, &w->out.ended, 1, 1000));
    assert_int_equal(w->out.answered, 0);
    assert_int_equal(w->out.result.end, SIP_END_LOCAL);
    idle(w, 30);
    assert_int_equal(calls(w->caller), 0);
}

static void test_fork_and_repeated_200(void **state)
{
    struct world *w = *state;
    char a[4096], b[4096];

    invite(w, w->hand_trunk, 0);
    assert_true(hear(w, "INVITE", a, sizeof(a)));
    reply_200(w, a, "one");
    assert_true(hear(w, "ACK", b, sizeof(b)));
    reply_200(w, a, "one"); /* our ACK was lost */
    assert_true(hear(w, "ACK", b, sizeof(b)));
    assert_non_null(strstr(b, ";tag=one"));
    reply_200(w, a, "two"); /* another branch of a fork */
    assert_true(hear(w, "ACK", b, sizeof(b)));
    assert_non_null(strstr(b, ";tag=two"));
    assert_true(hear(w, "BYE", b, sizeof(b)));
    assert_non_null(strstr(b, ";tag=two"));
    assert_int_equal(w->out.answered, 1);
    assert_int_equal(w->out.ended, 0); /* the first call goes on */
    sip_call_hangup(w->out.call, 0);
    assert_true(hear(w, "BYE", b, sizeof(b)));
    assert_non_null(strstr(b, ";tag=one"));
    reply(w, b, 200, NULL, NO_BODY);
    assert_true(until(w, &w->out.ended, 1, 1000));
    idle(w, 30);
    reply_200(w, a, "one"); /* late: the call is gone, and still it is acknowledged */
    assert_true(hear(w, "ACK", b, sizeof(b)));
}

static void test_redirect(void **state)
{
    struct world *w = *state;
    char a[4096], b[4096];

    invite(w, w->hand_trunk, 0);
    assert_true(hear(w, "INVITE", a, sizeof(a)));
    reply(w, a, 302, "x", "Contact: <sip:other@127.0.0.1:%u>\r\n" NO_BODY,
          ntohs(w->hand_at.sin_port));
    assert_true(hear(w, "INVITE sip:other@", b, sizeof(b)));
    reply(w, b, 404, "y", NO_BODY);
    assert_true(until(w, &w->out.ended, 1, 1000));
    assert_int_equal(w->out.result.status, 404);
}

/* A request of the far side within the call, built from the INVITE it answered. */
static void far_request(struct world *w, const char *invite_text, const char *method, int cseq,
                        const char *headers, const char *body)
{
    char from[300], to[300], id[200], out[2048];
    int n;

    line_of(invite_text, "From:", from, sizeof(from));
    line_of(invite_text, "To:", to, sizeof(to));
    line_of(invite_text, "Call-ID:", id, sizeof(id));
    n = snprintf(out, sizeof(out),
                 "%s sip:x@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bK%s%d;"
                 "rport\r\nFrom:%s;tag=x\r\nTo:%s\r\n%s\r\nCSeq: %d %s\r\n"
                 "Contact: <sip:far@127.0.0.1:%u>\r\n%sContent-Length: %zu\r\n\r\n%s",
                 method, ntohs(w->hand_at.sin_port), method, cseq, to + 3, from + 5, id, cseq,
                 method, ntohs(w->hand_at.sin_port), headers, strlen(body), body);
    assert_int_equal(
        sendto(w->hand, out, (size_t)n, 0, (struct sockaddr *)&w->caller_at, sizeof(w->caller_at)),
        n);
}

static void test_far_requests(void **state)
{
    struct world *w = *state;
    char a[4096], b[4096];

    invite(w, w->hand_trunk, 0);
    assert_true(hear(w, "INVITE", a, sizeof(a)));
    reply_200(w, a, "x");
    assert_true(hear(w, "ACK", b, sizeof(b)));
    far_request(w, a, "INVITE", 5, "Content-Type: application/sdp\r\n", offer);
    assert_true(hear(w, "SIP/2.0 200", b, sizeof(b)));
    assert_non_null(strstr(b, "m=audio 5000"));
    assert_int_equal(w->out.offered, 1);
    far_request(w, a, "ACK", 5, "", "");
    far_request(w, a, "UPDATE", 6, "Session-Expires: 90\r\nSupported: timer\r\n", "");
    assert_true(hear(w, "SIP/2.0 200", b, sizeof(b)));
    assert_non_null(strstr(b, "Session-Expires: 90;refresher=uac"));
    far_request(w, a, "INFO", 7, "Content-Type: application/dtmf-relay\r\n",
                "Signal=9\r\nDuration=160\r\n");
    assert_true(hear(w, "SIP/2.0 200", b, sizeof(b)));
    assert_int_equal(w->out.keys, 1);
    assert_int_equal(w->out.key, '9');
    far_request(w, a, "INFO", 7, "Content-Type: application/dtmf-relay\r\n",
                "Signal=9\r\nDuration=160\r\n"); /* sent again: still one key */
    assert_true(hear(w, "SIP/2.0 200", b, sizeof(b)));
    assert_int_equal(w->out.keys, 1);
    far_request(w, a, "INFO", 8, "Content-Type: application/dtmf-relay\r\n", "Signal= 11\r\n");
    assert_true(hear(w, "SIP/2.0 200", b, sizeof(b)));
    assert_int_equal(w->out.keys, 2);
    assert_int_equal(w->out.key, '#');   /* as some gateways number it */
    far_request(w, a, "BYE", 4, "", ""); /* out of order */
    assert_true(hear(w, "SIP/2.0 500", b, sizeof(b)));
    far_request(w, a, "BYE", 9, "", "");
    assert_true(hear(w, "SIP/2.0 200", b, sizeof(b)));
    far_request(w, a, "BYE", 9, "", ""); /* its 200 was lost */
    assert_true(hear(w, "SIP/2.0 200", b, sizeof(b)));
    assert_true(until(w, &w->out.ended, 1, 1000));
    assert_int_equal(w->out.result.end, SIP_END_REMOTE);
}

static void test_strangers(void **state)
{
    struct world *w = *state;
    char a[4096], b[4096];
    static const char *const junk[] = {
        "",
        "x",
        "GET / HTTP/1.1\r\n\r\n",
        "SIP/2.0 200 OK\r\n\r\n",
        "INVITE sip:x SIP/2.0\r\nContent-Length: 99999\r\n\r\n",
        ("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKc0.1.1.0\r\nFrom: <sip:a@b>;tag=x\r\n"
         "To: <sip:a@b>;tag=y\r\nCall-ID: z\r\nCSeq: 1 INVITE\r\n\r\n"),
    };

    invite(w, w->hand_trunk, 0);
    assert_true(hear(w, "INVITE", a, sizeof(a)));
    for (size_t i = 0; i < sizeof(junk) / sizeof(junk[0]); i++)
        sendto(w->hand, junk[i], strlen(junk[i]), 0, (struct sockaddr *)&w->caller_at,
               sizeof(w->caller_at));
    idle(w, 30);
    assert_int_equal(w->out.answered + w->out.ended, 0);
    reply(w, a, 100, NULL, NO_BODY);
    far_request(w, a, "BYE", 1, "", ""); /* no dialog yet */
    assert_true(hear(w, "SIP/2.0 481", b, sizeof(b)));
    reply(w, a, 486, "x", NO_BODY);
    assert_true(until(w, &w->out.ended, 1, 1000));
    assert_int_equal(w->out.result.status, 486);
}

/* A closed port, told by the network (18.4): sooner than by timer B, but not at the first word, for
 * the far side may be starting. */
static void test_nobody_is_there(void **state)
{
    struct world *w = *state;
    struct sip_stats s;
    char a[4096];

    close(w->hand);
    invite(w, w->hand_trunk, 0);
    assert_true(until(w, &w->out.ended, 1, 3000));
    assert_int_equal(w->out.result.end, SIP_END_TRANSPORT);
    sip_read_stats(w->caller, &s);
    assert_in_range(s.retransmitted, 1, 5);
    /* An error that is still in the socket does not eat a message to somebody else. */
    invite(w, w->hand_trunk, 0);
    usleep(20000);
    memset(&w->in, 0, sizeof(w->in));
    invite(w, w->trunk, 0);
    assert_true(until(w, &w->in.incoming, 1, 1000));
    open_hand(w);
    assert_false(recv(w->hand, a, sizeof(a), MSG_DONTWAIT) > 0);
}

static void test_register(void **state)
{
    struct world *w = *state;
    struct sip_trunk_config c = {.name = "r",
                                 .host = "127.0.0.1",
                                 .user = "u",
                                 .password = "p",
                                 .domain = "example.org",
                                 .do_register = true};
    struct error err = {0};
    struct sip_trunk *t;
    char a[4096];

    c.port = ntohs(w->hand_at.sin_port);
    assert_int_equal(sip_trunk_add(w->caller, &c, &t, &err), 0);
    assert_false(sip_trunk_ready(t));
    assert_true(hear(w, "REGISTER sip:example.org SIP/2.0", a, sizeof(a)));
    reply(w, a, 401, "x", "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n" NO_BODY);
    assert_true(hear(w, "REGISTER", a, sizeof(a)));
    assert_non_null(strstr(a, "Authorization: Digest username=\"u\""));
    reply(w, a, 200, "x", "Expires: 60\r\n" NO_BODY);
    assert_true(until(w, &w->registered, 1, 1000));
    assert_true(sip_trunk_ready(t));
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(test_answer_and_hangup),
        CASE(test_far_side_hangs_up),
        CASE(test_busy),
        CASE(test_retry_after),
        CASE(test_rings_out),
        CASE(test_callee_busy_pool),
        CASE(test_bad_names),
        CASE(test_retransmits_and_gives_up),
        CASE(test_digest),
        CASE(test_cancel_crosses_200),
        CASE(test_fork_and_repeated_200),
        CASE(test_redirect),
        CASE(test_far_requests),
        CASE(test_strangers),
        CASE(test_nobody_is_there),
        CASE(test_register),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
