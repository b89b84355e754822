/* SIP over TCP and TLS: two endpoints over loopback, and a peer made by hand for what well-behaved
 * ones do not do. Certificates are made as the test begins. */
#include "line/sip/sip_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "line/sip/tls.h"

static const char offer[] = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 "
                            "0\r\nm=audio 4000 RTP/AVP 8\r\n";

enum { PATIENCE_MS = 20000 };

struct side {
    int answered, ended;
    struct sip_result result;
    struct sip_call *call;
};

struct world {
    struct loop *loop;
    struct sip *caller, *callee;
    struct sip_trunk *trunk;
    struct side out, in;
    bool ring_only;
    int ups, downs;
    char why[LINK_WHY_MAX];
    int door, hand; /* of the peer made by hand */
    char got[1 << 16];
    size_t got_len;
};

/* ---- certificates --------------------------------------------------------------------------- */

static char folder[] = "/tmp/kolcast-stream-XXXXXX";
static char ca_pem[80], other_ca_pem[80], server_pem[80], server_key[80];

static EVP_PKEY *new_key(void)
{
    EVP_PKEY *k = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");

    assert_non_null(k);
    return k;
}

static X509 *certificate(EVP_PKEY *key, const char *name, const char *alt, X509 *issuer,
                         EVP_PKEY *issuer_key)
{
    X509 *x = X509_new();
    X509_NAME *n = X509_get_subject_name(x);
    X509V3_CTX v3;
    X509_EXTENSION *e = NULL;

    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), issuer ? 2 : 1);
    X509_gmtime_adj(X509_getm_notBefore(x), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(x, issuer ? X509_get_subject_name(issuer) : n);
    X509_set_pubkey(x, key);
    X509V3_set_ctx(&v3, issuer ? issuer : x, x, NULL, NULL, 0);
    if (!issuer)
        e = X509V3_EXT_conf_nid(NULL, &v3, NID_basic_constraints, "critical,CA:TRUE");
    else if (alt)
        e = X509V3_EXT_conf_nid(NULL, &v3, NID_subject_alt_name, alt);
    if (e)
        X509_add_ext(x, e, -1);
    X509_EXTENSION_free(e);
    assert_true(X509_sign(x, issuer_key ? issuer_key : key, EVP_sha256()) > 0);
    return x;
}

static void save(char *path, const char *name, X509 *x, EVP_PKEY *key)
{
    FILE *f;

    snprintf(path, 80, "%s/%s", folder, name);
    f = fopen(path, "w");
    assert_non_null(f);
    if (x)
        PEM_write_X509(f, x);
    if (key)
        PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL);
    fclose(f);
}

static int make_certificates(void **state)
{
    EVP_PKEY *ca_key, *key, *other_key;
    X509 *ca, *x, *other;

    assert_non_null(mkdtemp(folder));
    ca_key = new_key();
    key = new_key();
    other_key = new_key();
    ca = certificate(ca_key, "Test CA", NULL, NULL, NULL);
    other = certificate(other_key, "Other CA", NULL, NULL, NULL);
    x = certificate(key, "sip", "DNS:localhost", ca, ca_key);
    save(ca_pem, "ca.pem", ca, NULL);
    save(other_ca_pem, "other.pem", other, NULL);
    save(server_pem, "server.pem", x, NULL);
    save(server_key, "server.key", NULL, key);
    X509_free(ca);
    X509_free(other);
    X509_free(x);
    EVP_PKEY_free(ca_key);
    EVP_PKEY_free(key);
    EVP_PKEY_free(other_key);
    return 0;
}

static int remove_certificates(void **state)
{
    const char *const all[] = {ca_pem, other_ca_pem, server_pem, server_key};

    for (unsigned i = 0; i < 4; i++)
        unlink(all[i]);
    return rmdir(folder);
}

static bool is_for(const char *alt, const char *host)
{
    EVP_PKEY *k = new_key();
    X509 *issuer = certificate(k, "CA", NULL, NULL, NULL);
    X509 *x = certificate(k, "cn.example", alt, issuer, k);
    bool is = sip_tls_is_for(x, host);

    X509_free(x);
    X509_free(issuer);
    EVP_PKEY_free(k);
    return is;
}

/* RFC 5922 7.1, 7.2 */
static void test_identity(void **state)
{
    assert_true(is_for("DNS:sip.example.org", "SIP.example.org"));
    assert_false(is_for("DNS:sip.example.org", "example.org"));
    assert_false(is_for("DNS:*.example.org", "sip.example.org"));
    assert_false(is_for("DNS:*.example.org", "*.example.com"));
    assert_true(is_for("DNS:a.example,DNS:b.example", "b.example"));
    assert_true(is_for("URI:sip:example.org,DNS:host.example.org", "example.org"));
    assert_false(is_for("URI:sip:example.org,DNS:host.example.org", "host.example.org"));
    assert_false(is_for("URI:sip:me@example.org", "example.org"));
    assert_true(is_for("URI:https://x.example,DNS:a.example", "a.example"));
    assert_true(is_for("IP:192.0.2.7", "192.0.2.7"));
    assert_true(is_for("IP:2001:db8::7", "2001:db8::7"));
    assert_false(is_for("IP:192.0.2.7", "192.0.2.8"));
    assert_false(is_for("DNS:192.0.2.7x", "192.0.2.7"));
    assert_true(is_for(NULL, "cn.example")); /* the common name, only without others */
    assert_false(is_for("DNS:a.example", "cn.example"));
}

/* ---- endpoints ------------------------------------------------------------------------------ */

static void on_answered(struct sip_call *c, void *arg, const char *sdp, size_t len)
{
    ((struct side *)arg)->answered++;
}

static void on_ended(struct sip_call *c, void *arg, const struct sip_result *r)
{
    struct side *s = arg;

    s->ended++;
    s->result = *r;
    s->call = NULL;
}

static const struct sip_call_handler handler = {.answered = on_answered, .ended = on_ended};

static void on_incoming(struct sip *s, void *arg, struct sip_call *c)
{
    struct world *w = arg;

    w->in.call = c;
    sip_call_accept(c, &handler, &w->in);
    assert_int_equal(sip_call_progress(c, 180, NULL, 0), 0);
    if (!w->ring_only)
        assert_int_equal(sip_call_answer(c, offer, sizeof(offer) - 1), 0);
}

static void on_trunk(struct sip_trunk *t, void *arg, bool ready, int status, const char *why)
{
    struct world *w = arg;

    w->ups += ready;
    w->downs += !ready;
    if (!ready)
        snprintf(w->why, sizeof(w->why), "%s", why);
}

static const struct sip_handler events = {.incoming = on_incoming, .trunk_state = on_trunk};

static struct sockaddr_storage loopback(uint16_t port)
{
    struct sockaddr_storage a = {.ss_family = AF_INET};

    ((struct sockaddr_in *)&a)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sip_set_port(&a, port);
    return a;
}

static struct sip *endpoint(struct world *w, bool server, int64_t keepalive_ms)
{
    struct sip_config c = {.loop = w->loop,
                           .local = loopback(0),
                           .tls_local = loopback(0),
                           .user_agent = "test",
                           .calls_max = 20,
                           .t1_ms = 50,
                           .keepalive_ms = keepalive_ms,
                           .listen_tcp = server,
                           .tls_cert = server ? server_pem : NULL,
                           .tls_key = server_key};
    struct error err = {0};
    struct sip *s;

    if (sip_new(&s, &c, &events, w, &err))
        fail_msg("%s: %s", err.place, err.message);
    return s;
}

static bool until(struct world *w, const int *flag, int n)
{
    int64_t end = clock_mono_us(&clock_system) + PATIENCE_MS * 1000LL;

    while (*flag < n && clock_mono_us(&clock_system) < end)
        assert_int_equal(loop_turn(w->loop, 5), 0);
    return *flag >= n;
}

static void turns(struct world *w, int n)
{
    while (n-- > 0)
        assert_int_equal(loop_turn(w->loop, 1), 0);
}

static void add_trunk(struct world *w, enum sip_protocol p, uint16_t port, const char *ca,
                      struct sip_trunk_config more)
{
    struct error err = {0};

    more.name = "t";
    more.host = more.host ? more.host : "localhost";
    more.port = port;
    more.protocol = p;
    more.tls.ca_file = ca;
    if (sip_trunk_add(w->caller, &more, &w->trunk, &err))
        fail_msg("%s: %s", err.place, err.message);
}

static uint16_t port_of(struct world *w, enum sip_protocol p)
{
    return sip_port(p == SIP_TLS ? &w->callee->config.tls_local : &w->callee->local);
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof(*w));

    w->door = w->hand = -1;
    assert_int_equal(loop_new(&w->loop, &clock_system), 0);
    w->caller = endpoint(w, false, 0);
    w->callee = endpoint(w, true, 0);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    sip_free(w->caller);
    sip_free(w->callee);
    loop_free(w->loop);
    if (w->door >= 0)
        close(w->door);
    if (w->hand >= 0)
        close(w->hand);
    free(w);
    return 0;
}

static int try_invite(struct world *w)
{
    struct sip_invite i = {.trunk = w->trunk,
                           .to = "+972501234567",
                           .from = "+97225551234",
                           .sdp = offer,
                           .sdp_len = sizeof(offer) - 1};

    return sip_call_invite(w->caller, &i, &handler, &w->out, &w->out.call);
}

static void invite(struct world *w)
{
    assert_int_equal(try_invite(w), 0);
}

static unsigned calls(const struct sip *s)
{
    struct sip_stats stats;

    sip_read_stats(s, &stats);
    return stats.calls;
}

static void all_calls_over(struct world *w)
{
    int64_t end = clock_mono_us(&clock_system) + PATIENCE_MS * 1000LL;

    while (calls(w->caller) + calls(w->callee) > 0 && clock_mono_us(&clock_system) < end)
        turns(w, 1);
    assert_int_equal(calls(w->caller), 0);
    assert_int_equal(calls(w->callee), 0);
}

/* Calls in both directions of hanging up, all over one connection. */
static void call_over(struct world *w, enum sip_protocol p, bool sips)
{
    struct sip_stats a;

    add_trunk(w, p, port_of(w, p), ca_pem, (struct sip_trunk_config){.sips = sips});
    assert_false(sip_trunk_ready(w->trunk));
    assert_int_equal(try_invite(w), -ENOTCONN);
    if (!until(w, &w->ups, 1))
        fail_msg("not up: %s", w->why);
    assert_true(sip_trunk_ready(w->trunk));
    for (int i = 1; i <= 2; i++) {
        invite(w);
        assert_true(until(w, &w->out.answered, i));
        assert_true(until(w, &w->in.answered, i));
        sip_call_hangup(i == 1 ? w->out.call : w->in.call, 16);
        assert_true(until(w, &w->in.ended, i));
        assert_true(until(w, &w->out.ended, i));
        assert_int_equal(w->out.result.end, i == 1 ? SIP_END_LOCAL : SIP_END_REMOTE);
        all_calls_over(w);
    }
    sip_read_stats(w->caller, &a);
    assert_int_equal(a.retransmitted, 0);
    assert_int_equal(w->caller->links.count, 1);
    assert_int_equal(w->callee->links.count, 1);
    assert_int_equal(w->downs, 0);
}

static void test_tcp(void **state)
{
    call_over(*state, SIP_TCP, false);
}

static void test_tls(void **state)
{
    call_over(*state, SIP_TLS, false);
}

static void test_sips(void **state)
{
    call_over(*state, SIP_TLS, true);
}

static void test_cancel(void **state)
{
    struct world *w = *state;

    w->ring_only = true;
    add_trunk(w, SIP_TCP, port_of(w, SIP_TCP), NULL, (struct sip_trunk_config){0});
    assert_true(until(w, &w->ups, 1));
    invite(w);
    while (!sip_call_heard(w->out.call))
        turns(w, 1);
    sip_call_hangup(w->out.call, 16);
    assert_true(until(w, &w->out.ended, 1));
    assert_true(until(w, &w->in.ended, 1));
    assert_int_equal(w->out.result.status, 487);
    all_calls_over(w);
}

/* ---- whom TLS believes ---------------------------------------------------------------------- */

static void refused(struct world *w, const char *host, const char *ca, const char *why)
{
    add_trunk(w, SIP_TLS, port_of(w, SIP_TLS), ca, (struct sip_trunk_config){.host = host});
    assert_true(until(w, &w->downs, 1));
    if (!strstr(w->why, why))
        fail_msg("not \"%s\": %s", why, w->why);
    assert_int_equal(w->ups, 0);
    assert_false(sip_trunk_ready(w->trunk));
}

static void test_wrong_host(void **state)
{
    refused(*state, "127.0.0.1", ca_pem, "is for localhost, not for 127.0.0.1");
}

static void test_unknown_authority(void **state)
{
    refused(*state, "localhost", other_ca_pem, "its certificate is refused");
}

static void test_system_authorities(void **state)
{
    refused(*state, "localhost", NULL, "its certificate is refused");
}

static void test_not_tls(void **state)
{
    struct world *w = *state;

    add_trunk(w, SIP_TLS, port_of(w, SIP_TCP), ca_pem, (struct sip_trunk_config){0});
    assert_true(until(w, &w->downs, 1));
    assert_non_null(strstr(w->why, "TLS"));
}

static void test_unverified(void **state)
{
    struct world *w = *state;

    add_trunk(w, SIP_TLS, port_of(w, SIP_TLS), NULL,
              (struct sip_trunk_config){.host = "127.0.0.1", .tls.unverified = true});
    assert_true(until(w, &w->ups, 1));
}

static void test_no_authorities_in_file(void **state)
{
    struct world *w = *state;
    struct sip_trunk_config c = {
        .name = "t", .host = "localhost", .protocol = SIP_TLS, .tls.ca_file = server_key};
    struct error err = {0};

    assert_int_equal(sip_trunk_add(w->caller, &c, &w->trunk, &err), -EINVAL);
    assert_string_equal(err.place, server_key);
}

/* ---- breaks --------------------------------------------------------------------------------- */

static void cut(struct sip *s)
{
    for (unsigned i = 0; i < LINKS_MAX; i++)
        link_free(s->links.all[i]);
}

/* A call outlives its connection: its end travels over the next one. */
static void test_call_outlives_connection(void **state)
{
    struct world *w = *state;

    add_trunk(w, SIP_TLS, port_of(w, SIP_TLS), ca_pem, (struct sip_trunk_config){0});
    assert_true(until(w, &w->ups, 1));
    invite(w);
    assert_true(until(w, &w->in.answered, 1));
    cut(w->callee);
    assert_true(until(w, &w->downs, 1));
    assert_true(until(w, &w->ups, 2));
    assert_int_equal(w->out.ended, 0);
    sip_call_hangup(w->out.call, 16);
    assert_true(until(w, &w->in.ended, 1));
    assert_int_equal(w->in.result.end, SIP_END_REMOTE);
    all_calls_over(w);
}

/* What rings is cancelled over the next connection: it has the same sent-by, so it is known. */
static void test_cancel_over_next_connection(void **state)
{
    struct world *w = *state;

    w->ring_only = true;
    add_trunk(w, SIP_TCP, port_of(w, SIP_TCP), NULL, (struct sip_trunk_config){0});
    assert_true(until(w, &w->ups, 1));
    invite(w);
    while (!sip_call_heard(w->out.call))
        turns(w, 1);
    cut(w->callee);
    assert_true(until(w, &w->ups, 2));
    sip_call_hangup(w->out.call, 16);
    assert_true(until(w, &w->in.ended, 1));
    assert_int_equal(w->in.result.end, SIP_END_REMOTE);
}

/* ---- a peer made by hand -------------------------------------------------------------------- */

static void open_door(struct world *w)
{
    struct sockaddr_storage at = loopback(0);
    socklen_t size = sizeof(at);

    w->door = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(w->door, (struct sockaddr *)&at, sizeof(struct sockaddr_in)), 0);
    assert_int_equal(listen(w->door, 4), 0);
    assert_int_equal(getsockname(w->door, (struct sockaddr *)&at, &size), 0);
    add_trunk(w, SIP_TCP, sip_port(&at), NULL, (struct sip_trunk_config){.host = "127.0.0.1"});
}

static void take_hand(struct world *w)
{
    int64_t end = clock_mono_us(&clock_system) + PATIENCE_MS * 1000LL;

    if (w->hand >= 0)
        close(w->hand);
    do {
        turns(w, 1);
        w->hand = accept4(w->door, NULL, NULL, SOCK_NONBLOCK);
    } while (w->hand < 0 && clock_mono_us(&clock_system) < end);
    assert_true(w->hand >= 0);
    w->got_len = 0;
    w->got[0] = '\0';
}

/* Reads until the text holds this; false: the stream ended before. */
static bool read_until(struct world *w, const char *text)
{
    int64_t end = clock_mono_us(&clock_system) + PATIENCE_MS * 1000LL;

    while (!strstr(w->got, text)) {
        ssize_t n = recv(w->hand, w->got + w->got_len, sizeof(w->got) - 1 - w->got_len, 0);

        if (n == 0 || (n < 0 && errno != EAGAIN))
            return false;
        w->got_len += n > 0 ? (size_t)n : 0;
        w->got[w->got_len] = '\0';
        assert_true(clock_mono_us(&clock_system) < end);
        turns(w, 1);
    }
    return true;
}

static void say(struct world *w, const char *data, size_t len)
{
    assert_int_equal(send(w->hand, data, len, MSG_NOSIGNAL), len);
}

static void connect_hand(struct world *w)
{
    struct sockaddr_storage at = loopback(port_of(w, SIP_TCP));

    if (w->hand >= 0)
        close(w->hand);
    w->hand = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(w->hand, (struct sockaddr *)&at, sizeof(struct sockaddr_in)), 0);
    fcntl(w->hand, F_SETFL, O_NONBLOCK);
    w->got_len = 0;
    w->got[0] = '\0';
}

static int options(char *out, size_t size, int n)
{
    return snprintf(out, size,
                    "OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:1;branch=z9hG4bK%d\r\n"
                    "From: <sip:a@b>;tag=1\r\nTo: <sip:x>\r\nCall-ID: o%d\r\nCSeq: 1 OPTIONS\r\n"
                    "Content-Length: 0\r\n\r\n",
                    n, n);
}

/* Byte for byte, then three at once, with pings between. */
static void test_pieces(void **state)
{
    struct world *w = *state;
    char text[2000], wanted[40];
    int n = options(text, sizeof(text), 1);

    connect_hand(w);
    for (int i = 0; i < n; i++) {
        say(w, text + i, 1);
        turns(w, 1);
    }
    assert_true(read_until(w, "branch=z9hG4bK1;"));
    n = options(text, sizeof(text), 2);
    n += snprintf(text + n, sizeof(text) - (size_t)n, "\r\n\r\n");
    n += options(text + n, sizeof(text) - (size_t)n, 3);
    n += options(text + n, sizeof(text) - (size_t)n, 4);
    say(w, text, (size_t)n);
    for (int i = 2; i <= 4; i++) {
        snprintf(wanted, sizeof(wanted), "branch=z9hG4bK%d;", i);
        assert_true(read_until(w, wanted));
    }
    memmove(w->got, strstr(w->got, wanted), strlen(strstr(w->got, wanted)) + 1);
    w->got_len = strlen(w->got);
    assert_true(read_until(w, "\r\n\r\n"));
    w->got_len = 0;
    w->got[0] = '\0';
    say(w, "\r\n\r\n", 4);
    assert_true(read_until(w, "\r\n"));
    assert_string_equal(w->got, "\r\n"); /* one pong */
}

/* Whoever does not speak SIP, or never ends, is cut off; others are not disturbed. */
static void test_hostile_streams(void **state)
{
    struct world *w = *state;
    char long_head[FRAME_HEAD_MAX + 100], text[1000];
    const char *const bad[] = {
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01",
        "OPTIONS sip:x SIP/2.0\r\nContent-Length: 70000\r\n\r\n",
        "OPTIONS sip:x SIP/2.0\r\nContent-Length: 1\r\nl: 2\r\n\r\n",
        "OPTIONS sip:x SIP/2.0\r\nContent-Length: -1\r\n\r\n",
        "\rx",
        long_head,
    };
    int n = snprintf(long_head, sizeof(long_head), "OPTIONS sip:x SIP/2.0\r\nX: ");

    memset(long_head + n, 'x', sizeof(long_head) - (size_t)n - 1);
    long_head[sizeof(long_head) - 1] = '\0';
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        connect_hand(w);
        say(w, bad[i], strlen(bad[i]));
        assert_false(read_until(w, "never"));
        assert_int_equal(w->callee->stats.malformed, i + 1);
    }
    assert_int_equal(w->callee->links.count, 0);
    connect_hand(w);
    n = snprintf(text, sizeof(text), "NONSENSE in SIP/2.0\r\nl: 0\r\n\r\n"); /* framed all right */
    n += options(text + n, sizeof(text) - (size_t)n, 9);
    say(w, text, (size_t)n);
    assert_true(read_until(w, "branch=z9hG4bK9;"));
}

/* A far side that does not read is given up when too much waits for it; a stranger's floods end. */
static void test_far_side_does_not_read(void **state)
{
    struct world *w = *state;
    char text[1000];
    int n, small = 4096;
    unsigned sent = 0;

    connect_hand(w);
    setsockopt(w->hand, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    turns(w, 5);
    assert_int_equal(w->callee->links.count, 1);
    n = options(text, sizeof(text), 1);
    while (w->callee->links.count > 0 && sent < 10u << 20) {
        ssize_t k = send(w->hand, text, (size_t)n, MSG_NOSIGNAL);

        if (k > 0 && k < n) /* the rest must follow */
            while (k < n && w->callee->links.count > 0) {
                ssize_t more = send(w->hand, text + k, (size_t)(n - k), MSG_NOSIGNAL);

                k += more > 0 ? more : 0;
                turns(w, 1);
            }
        sent += k > 0 ? (unsigned)k : 0;
        if (k < n)
            turns(w, 1);
    }
    assert_int_equal(w->callee->links.count, 0);
}

/* The INVITE that met silence when the connection broke is given up at once. */
static void test_break_before_any_answer(void **state)
{
    struct world *w = *state;

    open_door(w);
    take_hand(w);
    assert_true(until(w, &w->ups, 1));
    invite(w);
    assert_true(read_until(w, "\r\n\r\nv=0"));
    assert_non_null(strstr(w->got, "Via: SIP/2.0/TCP 127.0.0.1:"));
    assert_non_null(strstr(w->got, ";transport=tcp>"));
    close(w->hand);
    w->hand = -1;
    assert_true(until(w, &w->out.ended, 1));
    assert_int_equal(w->out.result.end, SIP_END_TRANSPORT);
    take_hand(w); /* and it connects again */
    assert_true(until(w, &w->ups, 2));
}

/* RFC 5626 4.4.1: who has answered a ping once must go on doing so; who never did, need not. */
static void test_keepalive(void **state)
{
    struct world *w = *state;

    sip_free(w->caller);
    w->caller = endpoint(w, false, 60);
    open_door(w);
    take_hand(w);
    assert_true(read_until(w, "\r\n\r\n\r\n\r\n")); /* two pings, no answer: it stays */
    assert_int_equal(w->downs, 0);
    say(w, "\r\n", 2);
    assert_false(read_until(w, "never"));
    assert_true(until(w, &w->downs, 1));
    assert_non_null(strstr(w->why, "does not answer"));
}

/* Registered over each connection anew, and by this one alone. */
static void test_register(void **state)
{
    static const char *const answer = "SIP/2.0 200 OK\r\n%.*s\r\n%.*s\r\n%.*s;tag=r\r\n%.*s\r\n"
                                      "%.*s\r\nExpires: 600\r\nContent-Length: 0\r\n\r\n";
    struct world *w = *state;
    struct sockaddr_storage at = loopback(0);
    socklen_t size = sizeof(at);
    char text[2000];

    w->door = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(w->door, (struct sockaddr *)&at, sizeof(struct sockaddr_in)), 0);
    assert_int_equal(listen(w->door, 4), 0);
    assert_int_equal(getsockname(w->door, (struct sockaddr *)&at, &size), 0);
    add_trunk(w, SIP_TCP, sip_port(&at), NULL,
              (struct sip_trunk_config){
                  .host = "127.0.0.1", .user = "u", .password = "p", .do_register = true});
    for (int i = 1; i <= 2; i++) {
        static const char *const names[] = {
            "\r\nVia:", "\r\nFrom:", "\r\nTo:", "\r\nCall-ID:", "\r\nCSeq:"};
        const char *line[5];
        int len[5];

        take_hand(w);
        assert_true(read_until(w, "\r\n\r\n"));
        assert_int_equal(w->ups, i - 1);
        assert_int_equal(strncmp(w->got, "REGISTER ", 9), 0);
        for (int k = 0; k < 5; k++) {
            line[k] = strstr(w->got, names[k]) + 2;
            len[k] = (int)strcspn(line[k], "\r");
        }
        snprintf(text, sizeof(text), answer, len[0], line[0], len[1], line[1], len[2], line[2],
                 len[3], line[3], len[4], line[4]);
        say(w, text, strlen(text));
        assert_true(until(w, &w->ups, i));
        assert_true(sip_trunk_ready(w->trunk));
        close(w->hand);
        w->hand = -1;
        assert_true(until(w, &w->downs, i));
        assert_false(sip_trunk_ready(w->trunk));
    }
}

/* Nobody listens: told, tried again, ever more slowly. */
static void test_nobody_there(void **state)
{
    struct world *w = *state;
    int64_t before;

    open_door(w);
    close(w->door);
    w->door = -1;
    assert_true(until(w, &w->downs, 1));
    assert_non_null(strstr(w->why, "no connection"));
    before = clock_mono_us(&clock_system);
    assert_true(until(w, &w->downs, 3));
    /* At least a quarter and half a second lie between. */
    assert_true(clock_mono_us(&clock_system) - before > 700000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identity),
        TEST(test_tcp),
        TEST(test_tls),
        TEST(test_sips),
        TEST(test_cancel),
        TEST(test_wrong_host),
        TEST(test_unknown_authority),
        TEST(test_system_authorities),
        TEST(test_not_tls),
        TEST(test_unverified),
        TEST(test_no_authorities_in_file),
        TEST(test_call_outlives_connection),
        TEST(test_cancel_over_next_connection),
        TEST(test_pieces),
        TEST(test_hostile_streams),
        TEST(test_far_side_does_not_read),
        TEST(test_break_before_any_answer),
        TEST(test_keepalive),
        TEST(test_register),
        TEST(test_nobody_there),
    };

    return cmocka_run_group_tests(tests, make_certificates, remove_certificates);
}
