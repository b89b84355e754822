/* The driver of the own engine against a far side in this process: a SIP endpoint and an RTP pump
 * that answer, listen and press keys, on the desk's loop, while the lane runs in its thread. The
 * store is a real one. What is called is told by the last digit of the number. */
#include "line/line.h"

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

#include "base/json.h"
#include "line/sip/sip.h"
#include "media/pump.h"
#include "media/sdp.h"
#include "store/store.h"

enum { FAR_MAX = 8, WELCOME = 9000, STOPPED = -9000, THANKS = 2500 };
enum {
    PERSON_STOPS = 1,
    PERSON_BUSY,
    PERSON_SILENT,
    PERSON_DONATES,
    PERSON_HANGS_UP,
    PERSON_LISTENS,
    PERSON_CONGESTED,
    PERSON_DEAF
};

static const char flow_text[] =
    "{\"version\":1,\"start\":\"welcome\",\"variables\":{\"choice\":\"\"},\"nodes\":{"
    "\"welcome\":{\"type\":\"menu\",\"prompt\":\"welcome\",\"keys\":{\"1\":\"donate\",\"9\":"
    "\"stop\"},"
    "\"invalid\":{\"limit\":2,\"next\":\"bye\"},"
    "\"silence\":{\"after\":\"5s\",\"limit\":2,\"next\":\"bye\"}},"
    "\"donate\":{\"type\":\"action\",\"action\":\"sms\",\"text\":\"Hello {{name|friend}}: link\","
    "\"next\":\"thanks\",\"failed\":\"bye\"},"
    "\"stop\":{\"type\":\"action\",\"action\":\"opt_out\",\"list\":\"opt-out\",\"next\":"
    "\"stopped\","
    "\"failed\":\"bye\"},"
    "\"stopped\":{\"type\":\"play\",\"prompt\":\"stopped\",\"next\":\"bye\"},"
    "\"thanks\":{\"type\":\"play\",\"prompt\":\"thanks\",\"next\":\"bye\"},"
    "\"bye\":{\"type\":\"action\",\"action\":\"hang_up\"}}}";

struct world;

struct far { /* one person */
    struct world *w;
    struct sip_call *call;
    struct rtp *rtp;
    char digit;
    int frames[3]; /* heard of welcome, stopped, thanks */
    bool pressed, was_durable, ended;
};

struct world {
    struct loop *loop; /* the desk's, and the far side's */
    struct sip *sip;
    struct pump *pump;
    struct far far[FAR_MAX];
    int far_count, invites;
    struct blackset *blackset;
    struct store_writer *writer;
    struct store *reader;
    char path[64];
    struct flow *flow;
    struct prompt *prompts[8];
    struct line_voice voice;
    struct line_use use;
    struct line_config config;
    struct line *line;
    int done;
    struct line_call call;
};

/* ---- the far side ---------------------------------------------------------------------------- */

static void far_key(struct far *f, const char *key)
{
    if (!f->pressed)
        assert_int_equal(rtp_send_keys(f->rtp, key, 80, 40), 0);
    f->pressed = true;
}

static void far_heard(struct rtp *s, void *arg, const int16_t *pcm, unsigned samples)
{
    struct far *f = arg;
    int level = samples > 80 ? pcm[80] : 0;
    struct store_black b;

    if (level > 6000) {
        f->frames[0]++;
    } else if (level < -6000) {
        if (f->frames[1]++ == 0) /* S2: before the person hears it, it is on disk */
            f->was_durable = !store_black_find(f->w->reader, f->w->call.number, &b);
    } else if (level > 1500) {
        f->frames[2]++;
    }
    if (f->frames[0] == 5 && f->digit == PERSON_STOPS)
        far_key(f, "9");
    if (f->frames[0] == 5 && f->digit == PERSON_DONATES)
        far_key(f, "1");
    if (f->frames[0] == 5 && f->digit == PERSON_HANGS_UP && f->call)
        sip_call_hangup(f->call, 16);
}

static const struct rtp_handler far_rtp = {.frame = far_heard};

static void far_ended(struct sip_call *c, void *arg, const struct sip_result *r)
{
    struct far *f = arg;

    rtp_close(f->rtp);
    f->rtp = NULL;
    f->call = NULL;
    f->ended = true;
}

static const struct sip_call_handler far_call = {.ended = far_ended};

static void far_answer(struct far *f)
{
    struct sockaddr_storage local;
    struct sdp_audio theirs;
    char sdp[1024];
    size_t len;
    const char *offer = sip_call_offer(f->call, &len);
    int n;

    assert_non_null(offer);
    assert_int_equal(sdp_read(offer, len, &theirs), 0);
    assert_int_equal(rtp_open(f->w->pump, &far_rtp, f, &f->rtp, &local), 0);
    n = sdp_answer(sdp, sizeof(sdp), offer, len, &theirs, (struct sockaddr *)&local, 1, 1, NULL);
    assert_true(n > 0);
    assert_int_equal(rtp_listen(f->rtp, true), 0);
    assert_int_equal(rtp_connect(f->rtp, &theirs, true), 0);
    assert_int_equal(sip_call_answer(f->call, sdp, (size_t)n), 0);
}

static const char no_audio[] = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\n"
                               "t=0 0\r\nm=audio 0 RTP/AVP 8\r\n";

static void far_incoming(struct sip *s, void *arg, struct sip_call *call)
{
    struct world *w = arg;
    const char *to = sip_call_to_user(call);
    struct far *f = &w->far[w->far_count];
    char digit = (char)(to[strlen(to) - 1] - '0');

    w->invites++;
    if (digit == PERSON_BUSY) {
        assert_int_equal(sip_call_reject(call, 486, "Busy Here", NULL, 0), 0);
        return;
    }
    if (digit == PERSON_CONGESTED) {
        assert_int_equal(sip_call_reject(call, 503, "Overload", NULL, 7), 0);
        return;
    }
    assert_true(w->far_count < FAR_MAX);
    w->far_count++;
    *f = (struct far){.w = w, .call = call, .digit = digit};
    sip_call_accept(call, &far_call, f);
    assert_int_equal(sip_call_progress(call, 180, NULL, 0), 0);
    if (digit == PERSON_DEAF)
        assert_int_equal(sip_call_answer(call, no_audio, sizeof(no_audio) - 1), 0);
    else if (digit != PERSON_SILENT)
        far_answer(f);
}

static const struct sip_handler far_sip = {.incoming = far_incoming};

/* ---- the world ------------------------------------------------------------------------------- */

static struct sockaddr_storage loopback(void)
{
    struct sockaddr_storage s = {0};
    struct sockaddr_in *in = (struct sockaddr_in *)&s;

    in->sin_family = AF_INET;
    in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return s;
}

static struct prompt *tone(int level, unsigned ms)
{
    size_t n = ms * 8;
    int16_t *pcm = malloc(n * sizeof(*pcm));
    struct prompt *p;

    for (size_t i = 0; i < n; i++)
        pcm[i] = (int16_t)level;
    assert_int_equal(prompt_from_pcm(pcm, n, 8000, &p), 0);
    free(pcm);
    return p;
}

static void make_voice(struct world *w)
{
    struct error err = {0};
    json_t *json = json_loads(flow_text, 0, NULL);
    struct json_at at;

    assert_non_null(json);
    at = json_root(json, "flow");
    if (flow_load(&at, &w->flow, &err))
        fail_msg("%s: %s", err.place, err.message);
    json_decref(json);
    for (int i = 0; i < flow_prompt_count(w->flow); i++) {
        const char *name = flow_prompt_name(w->flow, i);

        w->prompts[i] = !strcmp(name, "welcome")   ? tone(WELCOME, 3000)
                        : !strcmp(name, "stopped") ? tone(STOPPED, 200)
                                                   : tone(THANKS, 200);
    }
    w->voice = (struct line_voice){.campaign_id = 3,
                                   .use = &w->use,
                                   .flow = w->flow,
                                   .prompts = w->prompts,
                                   .caller_name = "Charity",
                                   .caller_id = "+97231234567",
                                   .ring_timeout_ms = 20000,
                                   .call_max_ms = 60000};
}

static void open_line(struct world *w, uint16_t port)
{
    struct error err = {0};

    w->config = (struct line_config){.clock = &clock_system,
                                     .trunk_count = 1,
                                     .lanes = 1,
                                     .calls_max = 4,
                                     .blackset = w->blackset,
                                     .writer = w->writer};
    snprintf(w->config.trunks[0].name, LINE_NAME_MAX, "test");
    snprintf(w->config.trunks[0].host, sizeof(w->config.trunks[0].host), "127.0.0.1");
    w->config.trunks[0].port = port;
    if (line_sip.open(&w->line, &w->config, &err))
        fail_msg("%s: %s", err.place, err.message);
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    struct sip_config sip = {.local = loopback(), .user_agent = "far", .calls_max = 32};
    struct pump_config pump = {.local = loopback(), .streams_max = FAR_MAX};
    struct sockaddr_storage local;
    struct error err = {0};
    int fd;

    assert_int_equal(loop_new(&w->loop, &clock_system), 0);
    sip.loop = pump.loop = w->loop;
    assert_int_equal(sip_new(&w->sip, &sip, &far_sip, w, &err), 0);
    assert_int_equal(pump_new(&w->pump, &pump), 0);
    assert_int_equal(blackset_new(&w->blackset), 0);
    strcpy(w->path, "/tmp/kolcast-driver-XXXXXX");
    fd = mkstemp(w->path);
    assert_true(fd >= 0);
    close(fd);
    if (store_writer_new(&w->writer, w->path, &clock_system, &err) ||
        store_open(w->path, &clock_system, &w->reader, &err))
        fail_msg("%s: %s", err.place, err.message);
    make_voice(w);
    sip_local(w->sip, &local);
    open_line(w, ntohs(((struct sockaddr_in *)&local)->sin_port));
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    char name[80];

    line_sip.close(w->line);
    store_writer_free(w->writer);
    store_close(w->reader);
    pump_free(w->pump);
    sip_free(w->sip);
    blackset_free(w->blackset);
    for (int i = 0; i < flow_prompt_count(w->flow); i++)
        prompt_free(w->prompts[i]);
    flow_free(w->flow);
    loop_free(w->loop);
    unlink(w->path);
    snprintf(name, sizeof(name), "%s-wal", w->path);
    unlink(name);
    snprintf(name, sizeof(name), "%s-shm", w->path);
    unlink(name);
    free(w);
    return 0;
}

static void on_done(struct line_call *lc)
{
    struct world *w = container_of(lc, struct world, call);

    w->done++;
}

static void turn(struct world *w, int ms)
{
    int64_t until = clock_mono_us(&clock_system) + ms * 1000;

    while (clock_mono_us(&clock_system) < until)
        loop_turn(w->loop, 1);
}

static void dial(struct world *w, uint64_t number)
{
    int64_t now = clock_wall_ms(&clock_system);

    memset(&w->call, 0, sizeof(w->call));
    w->done = 0;
    w->call.voice = &w->voice;
    w->call.desk = w->loop;
    w->call.attempt_id = 11;
    w->call.campaign_id = 3;
    w->call.contact_id = 5;
    w->call.number = number;
    w->call.open_from_ms = now - 1000;
    w->call.open_until_ms = now + 3600000;
    strcpy(w->call.variables, "{\"name\":\"\xd7\x93\xd7\xa0\xd7\x94\"}");
    line_sip.dial(w->line, &w->call, on_done);
}

static const struct call_outcome *finish(struct world *w, int ms)
{
    for (int i = 0; i < ms / 10 && !w->done; i++)
        turn(w, 10);
    assert_int_equal(w->done, 1);
    turn(w, 30); /* not twice */
    assert_int_equal(w->done, 1);
    return &w->call.outcome;
}

static const struct call_outcome *call(struct world *w, uint64_t number)
{
    dial(w, number);
    return finish(w, 15000);
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void test_opt_out_is_durable_before_it_is_told(void **state)
{
    struct world *w = *state;
    const struct call_outcome *o = call(w, 972501234561);
    struct line_stats s;

    assert_int_equal(o->disposition, DISPOSITION_ANSWERED);
    assert_string_equal(o->ended_by, "us");
    assert_true(w->far[0].frames[0] >= 5);
    assert_true(w->far[0].frames[1] >= 5);
    assert_true(w->far[0].was_durable);
    assert_true(blackset_contains(w->blackset, 972501234561, clock_wall_ms(&clock_system)));
    assert_non_null(strstr(w->call.trace, "stopped"));
    assert_true(o->dialled_ms > 0 && o->ringing_ms >= o->dialled_ms &&
                o->answered_ms >= o->ringing_ms && o->ended_ms >= o->answered_ms);
    assert_true(o->answer_to_audio_us > 0 && o->answer_to_audio_us < 50000);
    assert_true(o->key_to_audio_us > 0);
    assert_true(o->rtp_sent > 10 && o->rtp_received > 0);
    assert_true(o->sip_call_id[0] && !strcmp(o->trunk, "test"));
    assert_string_equal(o->caller_id, "+97231234567");
    line_sip.stats(w->line, &s);
    assert_int_equal(s.answered, 1);
    assert_int_equal(s.calls, 0);
    assert_int_equal(w->use.opt_outs, 1);
    assert_int_equal(w->use.keys, 1);
    assert_int_equal(w->use.calls_up, 0);
    assert_int_equal(w->use.calls_ringing, 0);
    /* S1: never again. */
    o = call(w, 972501234561);
    assert_int_equal(o->disposition, DISPOSITION_BLACKLISTED);
    assert_int_equal(o->dialled_ms, 0);
    assert_int_equal(w->invites, 1);
}

static int one_text(void *arg, const struct store_text *t)
{
    snprintf(arg, 128, "%s|%s|%lld", t->body, t->state, (long long)t->number);
    return 0;
}

static void test_key_sends_the_text(void **state)
{
    struct world *w = *state;
    char row[128] = "";

    assert_int_equal(call(w, 972501234564)->disposition, DISPOSITION_ANSWERED);
    assert_true(w->far[0].frames[2] >= 5);
    assert_int_equal(store_text_each(w->reader, 3, one_text, row), 0);
    assert_string_equal(row, "Hello \xd7\x93\xd7\xa0\xd7\x94: link|queued|972501234564");
}

static void test_outside_the_window(void **state)
{
    struct world *w = *state;

    dial(w, 972501234561);
    assert_int_equal(finish(w, 5000)->disposition, DISPOSITION_ANSWERED);
    blackset_remove(w->blackset, 972501234561);
    memset(&w->call.outcome, 0, sizeof(w->call.outcome));
    w->done = 0;
    w->call.open_until_ms = clock_wall_ms(&clock_system) - 1;
    line_sip.dial(w->line, &w->call, on_done);
    assert_int_equal(finish(w, 1000)->disposition, DISPOSITION_OUTSIDE_WINDOW);
    w->done = 0;
    w->call.open_from_ms = clock_wall_ms(&clock_system) + 60000;
    w->call.open_until_ms = w->call.open_from_ms + 60000;
    line_sip.dial(w->line, &w->call, on_done);
    assert_int_equal(finish(w, 1000)->disposition, DISPOSITION_OUTSIDE_WINDOW);
    assert_int_equal(w->invites, 1);
}

static void test_refusals(void **state)
{
    struct world *w = *state;
    const struct call_outcome *o = call(w, 972501234562);

    assert_int_equal(o->disposition, DISPOSITION_BUSY);
    assert_string_equal(o->reason, "486 Busy Here");
    assert_string_equal(o->ended_by, "them");
    assert_int_equal(o->answered_ms, 0);
    o = call(w, 972501234567);
    assert_int_equal(o->disposition, DISPOSITION_CONGESTION);
    assert_int_equal(o->retry_after_s, 7);
}

static void test_rings_out(void **state)
{
    struct world *w = *state;

    w->voice.ring_timeout_ms = 400;
    assert_int_equal(call(w, 972501234563)->disposition, DISPOSITION_NO_ANSWER);
    assert_true(w->call.outcome.ringing_ms > 0);
    assert_true(w->far[0].ended);
}

static void test_far_side_hangs_up(void **state)
{
    struct world *w = *state;
    const struct call_outcome *o = call(w, 972501234565);

    assert_int_equal(o->disposition, DISPOSITION_ANSWERED);
    assert_string_equal(o->ended_by, "them");
}

static void test_longest_call(void **state)
{
    struct world *w = *state;
    const struct call_outcome *o;

    w->voice.call_max_ms = 500;
    o = call(w, 972501234566);
    assert_int_equal(o->disposition, DISPOSITION_ANSWERED);
    assert_string_equal(o->reason, "longest call time reached");
    assert_true(o->ended_ms - o->answered_ms < 3000);
}

static void test_no_common_audio(void **state)
{
    struct world *w = *state;

    assert_int_equal(call(w, 972501234568)->disposition, DISPOSITION_FAILED);
}

static void end_calls(struct world *w)
{
    atomic_store(&w->use.ending, true);
    line_sip.recheck(w->line);
}

static void test_operator_and_opt_out_while_ringing(void **state)
{
    struct world *w = *state;

    dial(w, 972501234563);
    turn(w, 200);
    assert_int_equal(blackset_add(w->blackset, 972501111111, 0), 0); /* somebody else */
    line_sip.recheck(w->line);
    turn(w, 50);
    assert_int_equal(w->done, 0);
    assert_int_equal(blackset_add(w->blackset, 972501234563, 0), 0);
    line_sip.recheck(w->line);
    assert_int_equal(finish(w, 3000)->disposition, DISPOSITION_BLACKLISTED);
    blackset_remove(w->blackset, 972501234563);
    dial(w, 972501234563);
    turn(w, 200);
    end_calls(w);
    assert_int_equal(finish(w, 3000)->disposition, DISPOSITION_CANCELLED);
    atomic_store(&w->use.ending, false);
    dial(w, 972501234566);
    turn(w, 500);
    end_calls(w);
    assert_int_equal(finish(w, 3000)->disposition, DISPOSITION_ANSWERED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_opt_out_is_durable_before_it_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(test_key_sends_the_text, setup, teardown),
        cmocka_unit_test_setup_teardown(test_outside_the_window, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rings_out, setup, teardown),
        cmocka_unit_test_setup_teardown(test_far_side_hangs_up, setup, teardown),
        cmocka_unit_test_setup_teardown(test_longest_call, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_common_audio, setup, teardown),
        cmocka_unit_test_setup_teardown(test_operator_and_opt_out_while_ringing, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
