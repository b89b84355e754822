/* What the pump hears, on both back-ends: keys, audio, who may speak (symmetric RTP), and what
 * becomes of a stream that the far side moves. */
#include "pump_place.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static void test_keys_are_heard(void **state)
{
    struct bench *b = *state;
    struct sdp_audio a = answer(b);
    struct sockaddr_in local;
    struct rtp_stats stats;
    int first = -1;

    b->other = make_prompt(5, 0x60);
    open_stream(b, &local);
    rtp_connect(b->stream, &a, true);
    rtp_play(b->stream, b->prompt, -1);
    far_audio(b->far, &local, 1); /* latches: from now on the filter lets only events through */
    run_received(b, 1);
    for (uint16_t i = 2; i < 12; i++)
        far_audio(b->far, &local, i);
    far_key(b->far, &local, '7', 20, 5000, false);
    far_key(b->far, &local, '7', 21, 5000, true);
    far_key(b->far, &local, '7', 22, 5000, true);
    far_key(b->far, &local, '7', 40, 9000, true); /* pressed again, only its end arrives */
    run_received(b, 5);
    run(b, 50);
    assert_string_equal(b->pressed, "77");
    assert_int_equal(b->released_ms, 100);
    rtp_read_stats(b->stream, &stats);
    assert_int_equal(stats.received, 5); /* one of audio, four of keys */
    for (int i = 0; i < b->count && first < 0; i++)
        if (b->got[i].payload[0] == 0x60)
            first = i;
    assert_true(first > 0);
    assert_true(stats.key_to_audio_us > 0);
}

/* A key that nothing answers does not count against what is played later. */
static void test_key_without_an_answer(void **state)
{
    struct bench *b = *state;
    struct sdp_audio a = answer(b);
    struct sockaddr_in local;
    struct rtp_stats stats;

    open_stream(b, &local);
    rtp_connect(b->stream, &a, true);
    rtp_play(b->stream, b->prompt, -1);
    far_key(b->far, &local, '7', 20, 5000, true);
    run_received(b, 1);
    rtp_forget_key(b->stream);
    rtp_play(b->stream, b->prompt, 0);
    run_until(b, b->far, b->count + 3);
    rtp_read_stats(b->stream, &stats);
    assert_int_equal(stats.key_to_audio_us, 0);
}

/* RFC 3264 6.1 wants one number for both directions, but each side decides what it is sent: the
 * types of our offer may come though the answer names another. */
static void test_keys_as_we_offered_them(void **state)
{
    struct bench *b = *state;
    struct sdp_audio a = answer(b);
    struct sockaddr_in local;

    open_stream(b, &local);
    rtp_connect(b->stream, &a, true);
    far_audio(b->far, &local, 1);
    run_received(b, 1);
    far_key_of(b->far, &local, SDP_TE_OFFERED, '4', 2, 800, true);
    run_received(b, 2);
    assert_string_equal(b->pressed, "4");
}

/* Types below the dynamic range are allowed, if rare: the filter that all streams share does not
 * serve them. */
static void test_keys_of_an_odd_type(void **state)
{
    struct bench *b = *state;
    struct sdp_audio a = answer(b);
    struct sockaddr_in local;
    struct rtp_stats stats;

    a.te_pt = 77;
    open_stream(b, &local);
    rtp_connect(b->stream, &a, true);
    far_audio(b->far, &local, 1);
    run_received(b, 1);
    far_audio(b->far, &local, 2);
    far_key_of(b->far, &local, 77, '*', 3, 800, true);
    run_received(b, 2);
    assert_string_equal(b->pressed, "*");
    rtp_read_stats(b->stream, &stats);
    assert_int_equal(stats.received, 2); /* the second packet of audio was kept out */
}

static void test_listening_hears_audio(void **state)
{
    struct bench *b = *state;
    struct sdp_audio a = answer(b);
    struct sockaddr_in local;
    struct rtp_stats stats;

    open_stream(b, &local);
    rtp_connect(b->stream, &a, true);
    far_audio(b->far, &local, 1);
    run_received(b, 1);
    far_audio(b->far, &local, 2);
    run(b, 20);
    assert_int_equal(b->heard_samples, 0);
    rtp_listen(b->stream, true);
    far_audio(b->far, &local, 10);
    far_audio(b->far, &local, 11);
    far_audio(b->far, &local, 14);
    far_audio(b->far, &local, 14);
    run_received(b, 5);
    assert_int_equal(b->heard_samples, 3 * PROMPT_FRAME);
    rtp_read_stats(b->stream, &stats);
    assert_int_equal(stats.lost, 2);
    rtp_listen(b->stream, false);
    far_audio(b->far, &local, 15);
    run(b, 20);
    assert_int_equal(b->heard_samples, 3 * PROMPT_FRAME);
}

/* Both laws are offered, so either may come at any time (RFC 3264 6.1), whatever is sent. */
static void test_either_law(void **state)
{
    struct bench *b = *state;
    struct sdp_audio a = answer(b);
    struct sockaddr_in local;

    open_stream(b, &local);
    rtp_connect(b->stream, &a, true);
    rtp_listen(b->stream, true);
    far_audio_of(b->far, &local, 0, 1); /* latches too */
    run_received(b, 1);
    assert_int_equal(b->heard_samples, PROMPT_FRAME);
    assert_int_equal(b->heard_level, g711_from_ulaw(0xd5));
    far_audio_of(b->far, &local, 8, 2);
    run_received(b, 2);
    assert_int_equal(b->heard_level, g711_from_alaw(0xd5));
}

/* A sender that begins its count anew is heard again after two packets (RFC 3550 A.1), and what it
 * jumped over is not counted as lost. */
static void test_count_begins_anew(void **state)
{
    struct bench *b = *state;
    struct sdp_audio a = answer(b);
    struct sockaddr_in local;
    struct rtp_stats stats;

    open_stream(b, &local);
    rtp_connect(b->stream, &a, true);
    rtp_listen(b->stream, true);
    for (uint16_t i = 0; i < 4; i++)
        far_audio(b->far, &local, (uint16_t)(20000 + i));
    run_received(b, 4);
    assert_int_equal(b->heard_samples, 4 * PROMPT_FRAME);
    for (uint16_t i = 0; i < 5; i++)
        far_audio(b->far, &local, (uint16_t)(100 + i)); /* back by 20,000 */
    run_received(b, 9);
    assert_int_equal(b->heard_samples, 8 * PROMPT_FRAME);
    for (uint16_t i = 0; i < 5; i++)
        far_audio(b->far, &local, (uint16_t)(9000 + i)); /* ahead by 9,000 */
    run_received(b, 14);
    assert_int_equal(b->heard_samples, 12 * PROMPT_FRAME);
    far_audio(b->far, &local, 8990); /* late by a little: no new beginning */
    far_audio(b->far, &local, 8991);
    far_audio(b->far, &local, 9005);
    run_received(b, 17);
    assert_int_equal(b->heard_samples, 13 * PROMPT_FRAME);
    rtp_read_stats(b->stream, &stats);
    assert_int_equal(stats.lost, 0);
}

static void test_symmetric(void **state)
{
    struct bench *b = *state;
    struct sdp_audio a = answer(b);
    struct sockaddr_in local, nat_addr, thief_addr;
    int nat = udp(&nat_addr), thief = udp(&thief_addr);
    uint8_t junk[40] = {0};

    open_stream(b, &local);
    rtp_connect(b->stream, &a, true);
    rtp_play(b->stream, b->prompt, -1);
    run_until(b, b->far, 2); /* to the SDP's address at first */
    assert_int_equal(sendto(nat, junk, sizeof(junk), 0, (struct sockaddr *)&local, sizeof(local)),
                     sizeof(junk)); /* no RTP: does not count */
    far_audio(nat, &local, 1);
    far_audio(nat, &local, 2);
    far_audio(nat, &local, 7); /* not in sequence: counts from the beginning */
    run(b, 60);
    b->count = 0;
    run_until(b, b->far, 2); /* still there */
    collect(b, nat);
    b->count = 0;
    far_audio(nat, &local, 8);
    far_audio(nat, &local, 9);
    run_until(b, nat, 2); /* the third in sequence: the port it really sends from */
    far_audio(thief, &local, 2);
    far_key(thief, &local, '9', 3, 700, true);
    far_key(thief, &local, '9', 4, 700, true);
    far_key(thief, &local, '9', 5, 700, true);
    collect(b, b->far);
    b->count = 0;
    run(b, 60);
    collect(b, thief);
    assert_int_equal(b->count, 0);
    assert_string_equal(b->pressed, "");
    run_until(b, nat, 2);
    far_key(nat, &local, '1', 10, 5000, true);
    run_received(b, 2); /* the third of its audio was the first that counted */
    assert_string_equal(b->pressed, "1");
    close(nat);
    close(thief);
}

/* Who speaks from the address that the SDP names has the stream at once, and for good: three
 * packets from elsewhere, sent before the answer or between its packets, do not take it away. */
static void test_named_address_wins(void **state)
{
    struct bench *b = *state;
    struct sdp_audio a = answer(b);
    struct sockaddr_in local, thief_addr;
    int thief = udp(&thief_addr);

    open_stream(b, &local);
    for (uint16_t i = 0; i < 5; i++)
        far_audio(thief, &local, i); /* before the answer: not part of the call */
    rtp_connect(b->stream, &a, true);
    rtp_play(b->stream, b->prompt, -1);
    far_audio(thief, &local, 5);
    far_audio(thief, &local, 6);
    far_audio(b->far, &local, 1);
    far_audio(thief, &local, 7);
    far_audio(thief, &local, 8);
    far_audio(thief, &local, 9);
    run_received(b, 1);
    b->count = 0;
    run_until(b, b->far, 4);
    b->count = 0;
    collect(b, thief);
    assert_int_equal(b->count, 0);
    close(thief);
}

/* A re-INVITE that moves the audio elsewhere: our own port, source, count and clock stay. */
static void test_moved_by_the_far_side(void **state)
{
    struct bench *b = *state;
    struct sdp_audio a = answer(b);
    struct sockaddr_in local, moved_addr;
    int moved = udp(&moved_addr), at;

    open_stream(b, &local);
    rtp_connect(b->stream, &a, true);
    rtp_play(b->stream, b->prompt, -1);
    far_audio(b->far, &local, 1);
    run_received(b, 1);
    run_until(b, b->far, 4);
    memcpy(&a.addr, &moved_addr, sizeof(moved_addr));
    assert_int_equal(rtp_connect(b->stream, &a, true), 0);
    collect(b, b->far);
    at = b->count;
    run_until(b, moved, at + 4);
    for (int i = 1; i < b->count; i++) {
        assert_int_equal(b->got[i].from.sin_port, local.sin_port);
        assert_int_equal(b->got[i].h.ssrc, b->got[0].h.ssrc);
        assert_int_equal(b->got[i].h.seq, (uint16_t)(b->got[i - 1].h.seq + 1));
        assert_int_equal(b->got[i].h.timestamp, b->got[i - 1].h.timestamp + PROMPT_FRAME);
    }
    far_key(moved, &local, '6', 2, 800, true);
    run_received(b, 2);
    assert_string_equal(b->pressed, "6");
    far_key(b->far, &local, '9', 9, 90000, true); /* the place it left: a stranger now */
    run(b, 40);
    assert_string_equal(b->pressed, "6");
    close(moved);
}

/* A re-INVITE that repeats the SDP (RFC 4028) leaves a stream behind a translator where it is. So
 * does a hold in the old way, by the address 0.0.0.0. */
static void test_refresh_keeps_the_translated_address(void **state)
{
    struct bench *b = *state;
    struct sdp_audio a = answer(b), held = a;
    struct sockaddr_in local, nat_addr;
    int nat = udp(&nat_addr), at;

    open_stream(b, &local);
    rtp_connect(b->stream, &a, true);
    rtp_play(b->stream, b->prompt, -1);
    for (uint16_t i = 1; i < 4; i++)
        far_audio(nat, &local, i);
    run_received(b, 1);
    collect(b, b->far);
    b->count = 0;
    assert_int_equal(rtp_connect(b->stream, &a, true), 0);
    run_until(b, nat, 3);
    ((struct sockaddr_in *)&held.addr)->sin_addr.s_addr = 0;
    held.direction = SDP_SENDONLY;
    assert_int_equal(rtp_connect(b->stream, &held, true), 0);
    far_key(nat, &local, '3', 4, 800, true);
    run_received(b, 2);
    assert_string_equal(b->pressed, "3");
    collect(b, nat);
    at = b->count;
    run(b, 60);
    assert_int_equal(b->count, at);
    assert_int_equal(rtp_connect(b->stream, &a, true), 0);
    run_until(b, nat, at + 2);
    close(nat);
}

/* Many packets at once, as after a stall: all are read, in order. */
static void test_a_burst_is_read_whole(void **state)
{
    struct bench *b = *state;
    struct sdp_audio a = answer(b);
    struct sockaddr_in local;
    struct rtp_stats stats;

    open_stream(b, &local);
    rtp_connect(b->stream, &a, true);
    rtp_listen(b->stream, true);
    for (uint16_t i = 1; i <= 20; i++)
        far_audio(b->far, &local, i);
    run_received(b, 20);
    assert_int_equal(b->heard_samples, 20 * PROMPT_FRAME);
    rtp_read_stats(b->stream, &stats);
    assert_int_equal(stats.lost, 0);
}

/* ---- where the kernel refuses ------------------------------------------------------------------
 */

/* From now on this process gets ENOSYS for the system call. */
static int forbid(unsigned call)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = sizeof(code) / sizeof(code[0]), .filter = code};

    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

/* In a child: a pump that finds its way without io_uring and without shared filters. Returns its
 * exit code, 0 when audio and keys went both ways. */
static int poor_child(void)
{
    struct bench b = {0};
    struct pump_config config = {.local = loopback(), .streams_max = 4, .backend = PUMP_AUTO};
    struct pump_stats stats;
    struct rtp_stats one;
    struct sdp_audio a;
    struct sockaddr_in local;

    if (forbid(SYS_io_uring_setup) || forbid(SYS_bpf))
        return 77;
    if (loop_new(&b.loop, &clock_system))
        return 2;
    config.loop = b.loop;
    if (pump_new(&b.pump, &config))
        return 3;
    pump_read_stats(b.pump, &stats);
    if (stats.uring)
        return 4;
    b.far = udp(&b.far_addr);
    b.prompt = make_prompt(10, 0x20);
    a = answer(&b);
    open_stream(&b, &local);
    rtp_connect(b.stream, &a, true);
    rtp_play(b.stream, b.prompt, 0);
    far_audio(b.far, &local, 1);
    run_received(&b, 1);
    far_audio(b.far, &local, 2);
    far_key(b.far, &local, '8', 3, 700, true);
    run_received(&b, 2);
    run_until(&b, b.far, 12);
    rtp_read_stats(b.stream, &one);
    if (strcmp(b.pressed, "8") || one.received != 2 || b.played != 1)
        return 5;
    rtp_close(b.stream);
    pump_free(b.pump);
    loop_free(b.loop);
    drop_prompt(b.prompt);
    close(b.far);
    return 0;
}

static void test_kernel_without_io_uring(void **state)
{
    int status;
    pid_t child = fork();

    (void)state;
    if (child == 0)
        _exit(poor_child());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        skip();
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_keys_are_heard, setup, teardown),
        cmocka_unit_test_setup_teardown(test_key_without_an_answer, setup, teardown),
        cmocka_unit_test_setup_teardown(test_keys_as_we_offered_them, setup, teardown),
        cmocka_unit_test_setup_teardown(test_keys_of_an_odd_type, setup, teardown),
        cmocka_unit_test_setup_teardown(test_listening_hears_audio, setup, teardown),
        cmocka_unit_test_setup_teardown(test_either_law, setup, teardown),
        cmocka_unit_test_setup_teardown(test_count_begins_anew, setup, teardown),
        cmocka_unit_test_setup_teardown(test_symmetric, setup, teardown),
        cmocka_unit_test_setup_teardown(test_named_address_wins, setup, teardown),
        cmocka_unit_test_setup_teardown(test_moved_by_the_far_side, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refresh_keeps_the_translated_address, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_burst_is_read_whole, setup, teardown),
        cmocka_unit_test(test_kernel_without_io_uring),
    };

    choose_backend(argc, argv);
    return cmocka_run_group_tests_name("media/receive", tests, NULL, NULL);
}
