/* Whatever the far side says to the SIP core, and whenever: on virtual time, without a socket.
 *
 * An input is a script. Lines that begin with @ are steps:
 *   @call           a call is made           @hang N   the N-th of those up is hung up
 *   @pass MS        time goes by             @far N    who speaks from now on (hosts 192.0.2.N)
 *   @register       a trunk that registers   @lost     the last request could not be delivered
 *   @digest TEXT    a challenge by itself    @say      the message that follows comes in
 * A message runs to the next step; its lines end as SIP's do. In it $via $from $to $id $cseq $uri
 * are those of our last request but ACK, %via … those of our last INVITE, $tag is the tag of our
 * last answer. Calls that come do what the first letter of the called user says.
 *
 * What must hold: each call ends once and nothing is told of it afterwards; whatever is sent is a
 * whole message, and few are sent for one that came; when all is hung up, all calls are free. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/rng.h"
#include "line/sip/digest.h"
#include "line/sip/sip_priv.h"

enum { CALLS = 6, PERSONS = 24, TEXT = 6000, STEPS_MAX = 200, SENT_AT_ONCE = 4 };
enum { QUIET_MS = 1000000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char sdp[] =
    "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
    "m=audio 4000 RTP/AVP 8\r\n";

/* A found input does the same again: the core's random numbers come from here. */
ssize_t getrandom(void *buf, size_t size, unsigned flags)
{
    static struct rng rng;
    static bool seeded;
    uint8_t *p = buf;

    if (!seeded)
        rng_seed(&rng, 1);
    seeded = true;
    for (size_t i = 0; i < size; i++)
        p[i] = (uint8_t)rng_next(&rng);
    return (ssize_t)size;
}

struct person {
    struct sip_call *call; /* NULL: over */
    int answered;
    bool used;
};

struct last { /* header values of a request of ours */
    char via[300], from[700], to[700], id[150], cseq[40], uri[600];
};

struct world {
    struct clock_virtual clock;
    struct loop *loop;
    struct sip *sip;
    struct sip_trunk *trunk;
    struct sockaddr_storage far;
    struct person persons[PERSONS];
    struct last request, invite;
    char tag[TAG_MAX], sent[WIRE_MAX];
    int sent_count;
};

static void must(bool ok)
{
    if (!ok)
        abort();
}

/* ---- what the core does -----------------------------------------------------------------------
 */

static void keep(const char *text, const char *name, char *out, size_t size)
{
    const char *p = strstr(text, name);

    must(p != NULL);
    p += strlen(name);
    snprintf(out, size, "%.*s", (int)strcspn(p, "\r"), p);
}

static void remember(struct last *l, const char *text)
{
    snprintf(l->uri, sizeof(l->uri), "%.*s", (int)strcspn(strchr(text, ' ') + 1, " \r"),
             strchr(text, ' ') + 1);
    keep(text, "\r\nVia: ", l->via, sizeof(l->via));
    keep(text, "\r\nFrom: ", l->from, sizeof(l->from));
    keep(text, "\r\nTo: ", l->to, sizeof(l->to));
    keep(text, "\r\nCall-ID: ", l->id, sizeof(l->id));
    keep(text, "\r\nCSeq: ", l->cseq, sizeof(l->cseq));
}

static void on_send(void *arg, const struct sockaddr_storage *to, const char *data, size_t len)
{
    struct world *w = arg;
    const char *end;
    struct message m;

    must(len > 0 && len < sizeof(w->sent));
    end = memmem(data, len, "\r\n\r\n", 4);
    if (message_parse(data, len, &m) || !end || end + 4 + m.body.len != data + len) {
        fprintf(stderr, "not a whole message:\n%.*s\n", (int)len, data);
        abort();
    }
    w->sent_count++;
    if (!m.request)
        span_copy(m.to_tag, w->tag, sizeof(w->tag));
    memcpy(w->sent, data, len);
    w->sent[len] = '\0';
    if (m.request && !span_is(m.method, "ACK"))
        remember(&w->request, w->sent);
    if (m.request && span_is(m.method, "INVITE"))
        w->invite = w->request;
    message_free(&m);
}

static const struct sip_transport transport = {.send = on_send};

static void alive(const struct person *p, const struct sip_call *c)
{
    must(p->used && p->call == c);
}

static void on_progress(struct sip_call *c, void *arg, int status, const char *text, size_t len)
{
    alive(arg, c);
    must(status > 100 && status < 200 && !((struct person *)arg)->answered && !text == !len);
}

static void on_answered(struct sip_call *c, void *arg, const char *text, size_t len)
{
    struct person *p = arg;

    alive(p, c);
    must(++p->answered == 1 && !text == !len);
    if (len % 7 == 5) /* some hang up in the handler */
        sip_call_hangup(c, 16);
}

static int on_offered(struct sip_call *c, void *arg, const char *text, size_t len, char *buf,
                      size_t size)
{
    alive(arg, c);
    must(!text == !len);
    if (len % 5 == 1)
        sip_call_hangup(c, 0);
    if (len % 5 == 2)
        return -ENOTSUP;
    return snprintf(buf, size, "%s", sdp);
}

static void on_agreed(struct sip_call *c, void *arg, const char *text, size_t len)
{
    alive(arg, c);
    must(text && len);
}

static bool on_redirected(struct sip_call *c, void *arg, const char *user)
{
    alive(arg, c);
    return user[0] != 'n';
}

static void on_key(struct sip_call *c, void *arg, char key, unsigned ms)
{
    alive(arg, c);
    must(key && strchr("0123456789*#ABCD", key));
    if (key == '#')
        sip_call_hangup(c, 16);
}

static void on_ended(struct sip_call *c, void *arg, const struct sip_result *r)
{
    struct person *p = arg;

    alive(p, c);
    must(r->answered || !p->answered);
    for (const char *t = r->reason; *t; t++)
        must((unsigned char)*t >= ' ' && *t != '"');
    p->call = NULL;
}

static const struct sip_call_handler handler = {
    .progress = on_progress,
    .answered = on_answered,
    .offered = on_offered,
    .agreed = on_agreed,
    .redirected = on_redirected,
    .key = on_key,
    .ended = on_ended,
};

static struct person *free_person(struct world *w)
{
    for (int i = 0; i < PERSONS; i++)
        if (!w->persons[i].call) {
            w->persons[i] = (struct person){.used = true};
            return &w->persons[i];
        }
    abort(); /* more than calls_max */
}

static void on_incoming(struct sip *s, void *arg, struct sip_call *c)
{
    struct person *p = free_person(arg);

    p->call = c;
    if (sip_call_to_user(c)[0] == 'n') { /* nobody takes it */
        p->call = NULL;
        return;
    }
    sip_call_accept(c, &handler, p);
    switch (sip_call_to_user(c)[0]) {
    case 'a':
        must(sip_call_progress(c, 183, sdp, sizeof(sdp) - 1) == 0);
        must(sip_call_answer(c, sdp, sizeof(sdp) - 1) == 0);
        break;
    case 'b':
        must(sip_call_reject(c, 486, "Busy Here", NULL, 0) == 0);
        break;
    case 'm':
        must(sip_call_reject(c, 302, "Moved", "sip:m@192.0.2.3", 5) == 0);
        break;
    case 'h': /* answers and hangs up before the ACK */
        must(sip_call_answer(c, sdp, sizeof(sdp) - 1) == 0);
        sip_call_hangup(c, 16);
        break;
    default:
        must(sip_call_progress(c, 180, NULL, 0) == 0);
    }
}

static void on_trunk(struct sip_trunk *t, void *arg, bool registered, int status, const char *why)
{
    must(why != NULL && registered == sip_trunk_ready(t));
}

static const struct sip_handler sip_handler = {.incoming = on_incoming, .trunk_state = on_trunk};

/* ---- the script -------------------------------------------------------------------------------
 */

/* Time goes from one timer to the next: minutes cost nothing. */
static void pass(struct world *w, int64_t ms)
{
    int64_t end = w->clock.now_us + ms * 1000;

    while (w->clock.now_us < end) {
        int64_t next = wheel_next_ms(loop_wheel(w->loop));

        next = next < 1 ? (next < 0 ? ms : 1) : next;
        if (w->clock.now_us + next * 1000 > end)
            next = (end - w->clock.now_us) / 1000;
        clock_virtual_advance(&w->clock, next * 1000);
        must(loop_turn(w->loop, 0) == 0);
    }
}

static void call(struct world *w)
{
    struct person *p = free_person(w);
    struct sip_invite i = {.trunk = w->trunk,
                           .to = "+972501234567",
                           .from = "+97225551234",
                           .display = "Test",
                           .sdp = sdp,
                           .sdp_len = sizeof(sdp) - 1,
                           .ring_timeout_ms = 30000};

    if (sip_call_invite(w->sip, &i, &handler, p, &p->call))
        p->call = NULL; /* all are in use */
}

static void hang_up(struct world *w, unsigned n)
{
    for (int i = 0; i < PERSONS; i++)
        if (w->persons[i].call && n-- == 0) {
            sip_call_hangup(w->persons[i].call, 16);
            return;
        }
}

static void register_trunk(struct world *w)
{
    struct sip_trunk_config c = {.name = "r",
                                 .host = "192.0.2.7",
                                 .user = "u",
                                 .password = "p",
                                 .domain = "example.org",
                                 .do_register = true};
    struct sip_trunk *t;
    struct error err = {0};

    must(sip_trunk_add(w->sip, &c, &t, &err) == 0);
}

static size_t put(char *out, size_t n, const char *value)
{
    size_t len = strlen(value);

    if (n + len >= TEXT)
        return n;
    memcpy(out + n, value, len);
    return n + len;
}

/* $name of one request, or NULL. */
static const char *value_of(const struct last *l, const char *p, size_t left, size_t *used)
{
    const struct {
        const char *name, *value;
    } all[] = {{"via", l->via}, {"from", l->from}, {"to", l->to},
               {"id", l->id},   {"cseq", l->cseq}, {"uri", l->uri}};

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        *used = strlen(all[i].name);
        if (left >= *used && memcmp(p, all[i].name, *used) == 0)
            return all[i].value;
    }
    return NULL;
}

static size_t fill_in(const struct world *w, const char *p, size_t size, char *out)
{
    size_t n = 0, used;

    for (size_t i = 0; i < size && n + 2 < TEXT; i++) {
        const char *value = NULL;

        if (p[i] == '$' && size - i > 3 && memcmp(p + i + 1, "tag", 3) == 0)
            value = w->tag, used = 3;
        else if (p[i] == '$' || p[i] == '%')
            value =
                value_of(p[i] == '$' ? &w->request : &w->invite, p + i + 1, size - i - 1, &used);
        if (value) {
            n = put(out, n, value);
            i += used;
        } else {
            if (p[i] == '\n' && (i == 0 || p[i - 1] != '\r'))
                out[n++] = '\r';
            out[n++] = p[i];
        }
    }
    return n;
}

/* In a block of its exact size, so that one byte too far is seen. */
static void say(struct world *w, const char *p, size_t size)
{
    char *text = malloc(TEXT), *exact;
    size_t n = fill_in(w, p, size, text);
    int before = w->sent_count;

    exact = malloc(n ? n : 1);
    memcpy(exact, text, n);
    sip_receive(w->sip, exact, n, &w->far);
    must(w->sent_count - before <= SENT_AT_ONCE);
    free(exact);
    free(text);
}

static void digest(const char *p, size_t size)
{
    struct span c = {p, size};
    char line[700];
    int n = digest_answer(c, size % 2, "INVITE", "sip:a@b", "u", "p", 1, line, sizeof(line));

    digest_stale(c);
    must((n > 0) <= digest_usable(c));
    must(n <= 0 || ((size_t)n == strlen(line) && strcmp(line + n - 2, "\r\n") == 0));
}

static bool is(const char *line, size_t len, const char *word, unsigned *number)
{
    size_t n = strlen(word);

    if (len < n || memcmp(line, word, n) != 0)
        return false;
    *number = 0;
    for (size_t i = n; i < len && *number < 1000000; i++)
        if (line[i] >= '0' && line[i] <= '9')
            *number = *number * 10 + (unsigned)(line[i] - '0');
    return true;
}

/* One step and what follows up to the next. */
static void step(struct world *w, const char *p, size_t size)
{
    const char *nl = memchr(p, '\n', size);
    size_t line = nl ? (size_t)(nl - p) : size, body = nl ? line + 1 : size;
    unsigned n;

    if (is(p, line, "@call", &n))
        call(w);
    else if (is(p, line, "@hang", &n))
        hang_up(w, n);
    else if (is(p, line, "@pass", &n))
        pass(w, n % 400000);
    else if (is(p, line, "@far", &n))
        ((struct sockaddr_in *)&w->far)->sin_addr.s_addr = htonl(0xc0000200u + n % 256);
    else if (is(p, line, "@register", &n))
        register_trunk(w);
    else if (is(p, line, "@lost", &n))
        sip_undelivered(w->sip, w->sent);
    else if (is(p, line, "@digest", &n) && line > 8)
        digest(p + 8, line - 8);
    else if (is(p, line, "@say", &n))
        say(w, p + body, size - body);
    pass(w, 1);
}

/* All hang up; after the last timer nothing is left. */
static void finish(struct world *w)
{
    struct sip_stats s;

    for (int i = 0; i < PERSONS; i++)
        if (w->persons[i].call)
            sip_call_hangup(w->persons[i].call, 16);
    pass(w, QUIET_MS);
    for (int i = 0; i < PERSONS; i++)
        must(!w->persons[i].call);
    sip_read_stats(w->sip, &s);
    must(s.calls == 0);
}

static void begin(struct world *w)
{
    struct sip_config c = {
        .calls_max = CALLS, .user_agent = "fuzz", .transport = &transport, .transport_arg = w};
    struct sip_trunk_config t = {.name = "t", .host = "192.0.2.7", .user = "u", .password = "p"};
    struct sockaddr_in *local = (struct sockaddr_in *)&c.local;
    struct error err = {0};

    clock_virtual_init(&w->clock, 0);
    must(loop_new(&w->loop, &w->clock.clock) == 0);
    c.loop = w->loop;
    local->sin_family = w->far.ss_family = AF_INET;
    local->sin_port = ((struct sockaddr_in *)&w->far)->sin_port = htons(5060);
    local->sin_addr.s_addr = htonl(0xc0000201u);
    ((struct sockaddr_in *)&w->far)->sin_addr.s_addr = htonl(0xc0000207u);
    must(sip_new(&w->sip, &c, &sip_handler, w, &err) == 0);
    must(sip_trunk_add(w->sip, &t, &w->trunk, &err) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world *w = calloc(1, sizeof(*w));
    const char *p = (const char *)data;
    int steps = 0;

    log_set_level(LOG_ERROR);
    begin(w);
    while (size > 0 && steps++ < STEPS_MAX) {
        const char *next = memmem(p + 1, size - 1, "\n@", 2);
        size_t n = next ? (size_t)(next + 1 - p) : size;

        step(w, p, n);
        p += n;
        size -= n;
    }
    finish(w);
    sip_free(w->sip);
    loop_free(w->loop);
    free(w);
    return 0;
}
