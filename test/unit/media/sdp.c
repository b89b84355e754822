/* SDP as real peers write it: which stream, codec and address are taken, and what is answered. */
#include "media/sdp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define HEAD "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"

static struct sockaddr_in local = {.sin_family = AF_INET};

static int set_up(void **state)
{
    local.sin_port = htons(4000);
    inet_pton(AF_INET, "198.51.100.7", &local.sin_addr);
    return 0;
}

static int read_text(const char *text, struct sdp_audio *out)
{
    return sdp_read(text, strlen(text), out);
}

static void assert_address(const struct sdp_audio *a, const char *host, unsigned port)
{
    char text[INET6_ADDRSTRLEN];

    if (a->addr.ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&a->addr;

        inet_ntop(AF_INET6, &in6->sin6_addr, text, sizeof(text));
        assert_int_equal(ntohs(in6->sin6_port), port);
    } else {
        const struct sockaddr_in *in = (const struct sockaddr_in *)&a->addr;

        inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text));
        assert_int_equal(ntohs(in->sin_port), port);
    }
    assert_string_equal(text, host);
}

static void test_offer_round_trip(void **state)
{
    char text[1000];
    struct sdp_audio a;
    int n = sdp_offer(text, sizeof(text), (struct sockaddr *)&local, PROMPT_ALAW, 7, 8,
                      SDP_SENDRECV, NULL);

    assert_int_equal(n, strlen(text));
    assert_non_null(strstr(text, "m=audio 4000 RTP/AVP 8 0 101\r\n"));
    assert_non_null(strstr(text, "o=kolcast 7 8 IN IP4 198.51.100.7\r\n"));
    assert_int_equal(sdp_read(text, (size_t)n, &a), 0);
    assert_address(&a, "198.51.100.7", 4000);
    assert_int_equal(a.law, PROMPT_ALAW);
    assert_int_equal(a.pt, 8);
    assert_int_equal(a.te_pt, 101);
    assert_int_equal(a.ptime_ms, 20);
    assert_int_equal(a.direction, SDP_SENDRECV);
    for (size_t size = 0; size <= (size_t)n; size++)
        assert_int_equal(
            sdp_offer(text, size, (struct sockaddr *)&local, PROMPT_ULAW, 7, 8, SDP_SENDRECV, NULL),
            -ENOSPC);
}

static void test_what_is_taken(void **state)
{
    static const struct {
        const char *text, *host;
        unsigned port;
        int law, pt, te, ptime, direction;
    } cases[] = {
        /* static types without a map, lines ended by LF alone */
        {"v=0\nc=IN IP4 192.0.2.1\nm=audio 5000 RTP/AVP 0\n", "192.0.2.1", 5000, PROMPT_ULAW, 0, -1,
         20, SDP_SENDRECV},
        /* a wideband codec and its own telephone-event come first */
        {HEAD "m=audio 5000 RTP/AVP 96 97 8 101\r\na=rtpmap:96 opus/48000/2\r\na=rtpmap:97 "
              "telephone-event/48000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 "
              "telephone-event/8000\r\na=ptime:30\r\n",
         "192.0.2.1", 5000, PROMPT_ALAW, 8, 101, 30, SDP_SENDRECV},
        /* dynamic type for A-law; the media's own address wins */
        {HEAD "m=audio 5000 RTP/AVP 98 96\r\nc=IN IP4 203.0.113.5\r\na=rtpmap:98 pcma/8000\r\n"
              "a=rtpmap:96 Telephone-Event/8000\r\na=sendonly\r\n",
         "203.0.113.5", 5000, PROMPT_ALAW, 98, 96, 20, SDP_SENDONLY},
        /* direction of the session, overruled by the media's; rtcp ports in the line */
        {HEAD "a=inactive\r\nm=audio 5000/2 RTP/AVP 8\r\na=recvonly\r\n", "192.0.2.1", 5000,
         PROMPT_ALAW, 8, -1, 20, SDP_RECVONLY},
        /* video first, its address and direction are its own; a refused audio stream is passed */
        {HEAD "m=video 6000 RTP/AVP 31\r\nc=IN IP4 203.0.113.9\r\na=inactive\r\n"
              "m=audio 0 RTP/AVP 8\r\nm=audio 5002 RTP/AVP 0\r\n",
         "192.0.2.1", 5002, PROMPT_ULAW, 0, -1, 20, SDP_SENDRECV},
        /* an encrypted stream beside a plain one */
        {HEAD "m=audio 5000 RTP/SAVP 8\r\nm=audio 5004 RTP/AVP 8\r\n", "192.0.2.1", 5004,
         PROMPT_ALAW, 8, -1, 20, SDP_SENDRECV},
        {"v=0\r\nc=IN IP6 2001:db8::1\r\nm=audio 5000 RTP/AVPF 8\r\n", "2001:db8::1", 5000,
         PROMPT_ALAW, 8, -1, 20, SDP_SENDRECV},
        /* hold as older peers do it */
        {"v=0\r\nc=IN IP4 0.0.0.0\r\nm=audio 5000 RTP/AVP 8\r\n", "0.0.0.0", 5000, PROMPT_ALAW, 8,
         -1, 20, SDP_SENDONLY},
        {"v=0\r\nc=IN IP4 0.0.0.0\r\na=recvonly\r\nm=audio 5000 RTP/AVP 8\r\n", "0.0.0.0", 5000,
         PROMPT_ALAW, 8, -1, 20, SDP_INACTIVE},
        /* another stream's address cannot be read: it is not ours to judge */
        {HEAD "m=audio 5000 RTP/AVP 8\r\nm=video 5002 RTP/AVP 31\r\nc=IN IP4 video.example\r\n",
         "192.0.2.1", 5000, PROMPT_ALAW, 8, -1, 20, SDP_SENDRECV},
        /* a strange ptime is passed over; type 0 given another meaning is not mu-law */
        {HEAD "m=audio 5000 RTP/AVP 0 8\r\na=rtpmap:0 G729/8000\r\na=ptime:25\r\n", "192.0.2.1",
         5000, PROMPT_ALAW, 8, -1, 20, SDP_SENDRECV},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sdp_audio a;
        int rc = read_text(cases[i].text, &a);

        if (rc)
            fail_msg("case %zu: %d", i, rc);
        assert_address(&a, cases[i].host, cases[i].port);
        assert_int_equal(a.law, cases[i].law);
        assert_int_equal(a.pt, cases[i].pt);
        assert_int_equal(a.te_pt, cases[i].te);
        assert_int_equal(a.ptime_ms, cases[i].ptime);
        assert_int_equal(a.direction, cases[i].direction);
    }
}

static void test_what_is_refused(void **state)
{
    static const struct {
        const char *text;
        int rc;
    } cases[] = {
        {"", -EBADMSG},
        {"hello", -EBADMSG},
        {"v=0\r\nm=audio 5000 RTP/AVP 8\r\n", -EBADMSG}, /* no address */
        {"v=0\r\nc=IN IP4 example.org\r\nm=audio 5000 RTP/AVP 8\r\n", -EBADMSG},
        /* the stream's own address cannot be read: the session's is not where it goes */
        {HEAD "m=audio 5000 RTP/AVP 8\r\nc=IN IP4 media.example\r\n", -EBADMSG},
        /* a group, or everybody: nobody's telephone */
        {"v=0\r\nc=IN IP4 233.252.0.1/127\r\nm=audio 5000 RTP/AVP 8\r\n", -ENOTSUP},
        {"v=0\r\nc=IN IP4 255.255.255.255\r\nm=audio 5000 RTP/AVP 8\r\n", -ENOTSUP},
        {"v=0\r\nc=IN IP6 ff0e::101\r\nm=audio 5000 RTP/AVP 8\r\n", -ENOTSUP},
        {HEAD, -ENOTSUP},
        {HEAD "m=audio 0 RTP/AVP 8\r\n", -ENOTSUP},
        {HEAD "m=audio x RTP/AVP 8\r\n", -ENOTSUP},
        {HEAD "m=audio 70000 RTP/AVP 8\r\n", -ENOTSUP},
        {HEAD "m=audio 5000 RTP/SAVP 8\r\n", -ENOTSUP},
        {HEAD "m=audio 5000 RTP/AVP 18\r\na=rtpmap:18 G729/8000\r\n", -ENOTSUP},
        {HEAD "m=video 5000 RTP/AVP 8\r\n", -ENOTSUP},
        {HEAD "m=audio 5000 RTP/AVP 8\r\na=rtpmap:8 PCMA/16000\r\n", -ENOTSUP},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sdp_audio a, before;
        int rc;

        memset(&a, 0x5a, sizeof(a));
        before = a;
        rc = read_text(cases[i].text, &a);
        if (rc != cases[i].rc)
            fail_msg("case %zu: %d", i, rc);
        assert_memory_equal(&a, &before, sizeof(a));
    }
}

static void test_answer(void **state)
{
    static const char offer[] =
        HEAD "m=video 6000 RTP/AVP 31 32\r\nm=audio 5000 RTP/AVP 0 8 96\r\na=rtpmap:96 "
             "telephone-event/8000\r\na=sendonly\r\na=rtcp-mux\r\nm=audio 5002 RTP/AVP 8\r\n";
    char text[1000];
    struct sdp_audio theirs, ours;
    int n;

    assert_int_equal(read_text(offer, &theirs), 0);
    n = sdp_answer(text, sizeof(text), offer, strlen(offer), &theirs, (struct sockaddr *)&local, 3,
                   4, NULL);
    assert_int_equal(n, strlen(text));
    assert_non_null(strstr(text, "t=0 0\r\nm=video 0 RTP/AVP 31 32\r\nm=audio 4000 RTP/AVP 0 96\r\n"
                                 "a=rtpmap:0 PCMU/8000\r\n"));
    assert_non_null(strstr(text, "a=recvonly\r\na=rtcp-mux\r\nm=audio 0 RTP/AVP 8\r\n"));
    assert_int_equal(sdp_read(text, (size_t)n, &ours), 0);
    assert_address(&ours, "198.51.100.7", 4000);
    assert_int_equal(ours.direction, SDP_RECVONLY);
    for (size_t size = 0; size <= (size_t)n; size++)
        assert_int_equal(sdp_answer(text, size, offer, strlen(offer), &theirs,
                                    (struct sockaddr *)&local, 3, 4, NULL),
                         -ENOSPC);
}

#define CRYPTO \
    "a=crypto:4 AES_CM_128_HMAC_SHA1_32 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj\r\n"

/* A secure stream is used when it has a key that we can use; what was left leaves nothing behind.
 */
static void test_secure(void **state)
{
    static const char offer[] =
        HEAD "m=audio 5000 RTP/SAVP 0 96\r\nc=IN IP4 203.0.113.9\r\na=rtpmap:96 "
             "telephone-event/8000\r\na=inactive\r\na=crypto:1 F8_128_HMAC_SHA1_80 inline:x\r\n"
             "m=audio 5002 RTP/SAVP 8\r\n" CRYPTO "m=audio 5004 RTP/AVP 8\r\n";
    char text[1000];
    struct sdp_keys keys;
    struct sdp_audio theirs, ours;
    struct sdes_key key;
    int n;

    assert_int_equal(read_text(offer, &theirs), 0);
    assert_address(&theirs, "192.0.2.1", 5002);
    assert_true(theirs.savp);
    assert_int_equal(theirs.pt, 8);
    assert_int_equal(theirs.te_pt, -1);
    assert_int_equal(theirs.direction, SDP_SENDRECV);
    assert_int_equal(theirs.crypto.suite, SRTP_HMAC_SHA1_32);
    sdes_new(&key, theirs.crypto.suite, theirs.crypto.tag);
    n = sdp_answer(text, sizeof(text), offer, strlen(offer), &theirs, (struct sockaddr *)&local, 3,
                   4, &key);
    assert_true(n > 0);
    assert_non_null(strstr(text, "m=audio 0 RTP/SAVP 0 96\r\nm=audio 4000 RTP/SAVP 8\r\n"));
    assert_non_null(strstr(text, "a=crypto:4 AES_CM_128_HMAC_SHA1_32 inline:"));
    assert_non_null(strstr(text, "m=audio 0 RTP/AVP 8\r\n"));
    assert_int_equal(sdp_read(text, (size_t)n, &ours), 0);
    assert_memory_equal(ours.crypto.key, key.key, SRTP_KEY_SIZE);
    sdp_new_keys(&keys, true);
    n = sdp_offer(text, sizeof(text), (struct sockaddr *)&local, PROMPT_ALAW, 7, 8, SDP_SENDRECV,
                  &keys);
    assert_int_equal(sdp_read(text, (size_t)n, &ours), 0);
    assert_ptr_equal(sdp_chosen(&keys, &ours), &keys.key[0]);
    assert_memory_equal(ours.crypto.key, keys.key[0].key, SRTP_KEY_SIZE);
    assert_null(sdp_chosen(&keys, &theirs)); /* number 4 was not offered */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_offer_round_trip), cmocka_unit_test(test_what_is_taken),
        cmocka_unit_test(test_what_is_refused),  cmocka_unit_test(test_answer),
        cmocka_unit_test(test_secure),
    };

    return cmocka_run_group_tests_name("media/sdp", tests, set_up, NULL);
}
