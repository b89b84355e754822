/* SDP, read and written for one audio stream. A small line reader of our own rather than libre's
 * session objects: it runs once or twice a call and so must not allocate; what it does not know it
 * passes over, as RFC 4566 section 5 asks. */
#include "media/sdp.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FORMATS_MAX = 32, PT_NONE = -1 };

struct text {
    const char *p, *end;
};

static bool next_line(struct text *t, struct text *line)
{
    const char *nl;

    if (t->p >= t->end)
        return false;
    nl = memchr(t->p, '\n', (size_t)(t->end - t->p));
    line->p = t->p;
    line->end = nl ? nl : t->end;
    t->p = nl ? nl + 1 : t->end;
    if (line->end > line->p && line->end[-1] == '\r')
        line->end--;
    return true;
}

static bool starts(struct text *t, const char *word)
{
    size_t n = strlen(word);

    if ((size_t)(t->end - t->p) < n || strncasecmp(t->p, word, n) != 0)
        return false;
    t->p += n;
    return true;
}

/* The next token up to a space, '/' or ':'; skips leading spaces. */
static struct text token(struct text *t)
{
    struct text out;

    while (t->p < t->end && *t->p == ' ')
        t->p++;
    out.p = t->p;
    while (t->p < t->end && *t->p != ' ' && *t->p != '/' && *t->p != ':')
        t->p++;
    out.end = t->p;
    return out;
}

static bool same(struct text t, const char *word)
{
    size_t n = strlen(word);

    return (size_t)(t.end - t.p) == n && strncasecmp(t.p, word, n) == 0;
}

/* A decimal number of at most max, else -1. */
static long number(struct text t, long max)
{
    long value = 0;

    if (t.p == t.end)
        return -1;
    for (; t.p < t.end; t.p++) {
        if (!isdigit((unsigned char)*t.p))
            return -1;
        value = value * 10 + (*t.p - '0');
        if (value > max)
            return -1;
    }
    return value;
}

struct reading {
    struct sdp_audio audio, before; /* before: as it was when the stream's section began */
    bool have_session, have_audio, have_address, had_address;
    int in_media; /* index of the media section, -1 in the session part */
    bool current; /* the section read now is the audio stream */
    int formats[FORMATS_MAX], format_count;
    enum prompt_law laws[FORMATS_MAX];
    bool known[FORMATS_MAX];
    long port;
};

static void set_port(struct sockaddr_storage *ss, uint16_t port)
{
    if (ss->ss_family == AF_INET6)
        ((struct sockaddr_in6 *)ss)->sin6_port = htons(port);
    else
        ((struct sockaddr_in *)ss)->sin_port = htons(port);
}

static bool is_any(const struct sockaddr_storage *ss)
{
    if (ss->ss_family == AF_INET6)
        return IN6_IS_ADDR_UNSPECIFIED(&((const struct sockaddr_in6 *)ss)->sin6_addr);
    return ((const struct sockaddr_in *)ss)->sin_addr.s_addr == 0;
}

/* A group of hosts, or all of one network: audio for one person does not go there. */
static bool is_group(const struct sockaddr_storage *ss)
{
    uint32_t v4;

    if (ss->ss_family == AF_INET6)
        return IN6_IS_ADDR_MULTICAST(&((const struct sockaddr_in6 *)ss)->sin6_addr);
    v4 = ntohl(((const struct sockaddr_in *)ss)->sin_addr.s_addr);
    return IN_MULTICAST(v4) || v4 == INADDR_BROADCAST;
}

/* c=IN IP4 192.0.2.1[/ttl]; a name instead of an address is not resolved: it would block. */
static bool read_address(struct text line, struct sockaddr_storage *out)
{
    struct text net = token(&line), family = token(&line), host;
    char name[INET6_ADDRSTRLEN];

    while (line.p < line.end && *line.p == ' ')
        line.p++;
    host = line;
    for (const char *p = host.p; p < host.end; p++) {
        if (*p == '/' || *p == ' ') {
            host.end = p;
            break;
        }
    }
    if (!same(net, "IN") || host.end - host.p >= (long)sizeof(name))
        return false;
    memcpy(name, host.p, (size_t)(host.end - host.p));
    name[host.end - host.p] = '\0';
    memset(out, 0, sizeof(*out));
    if (same(family, "IP4")) {
        struct sockaddr_in *in = (struct sockaddr_in *)out;

        in->sin_family = AF_INET;
        return inet_pton(AF_INET, name, &in->sin_addr) == 1;
    }
    if (same(family, "IP6")) {
        struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;

        in6->sin6_family = AF_INET6;
        return inet_pton(AF_INET6, name, &in6->sin6_addr) == 1;
    }
    return false;
}

static void know(struct reading *r, int format, enum prompt_law law)
{
    r->known[format] = true;
    r->laws[format] = law;
}

/* m=audio 49170/2 RTP/AVP 0 8 101 */
struct media {
    struct text kind, profile, formats;
    long port; /* -1: not a number */
};

static struct text word(struct text *t)
{
    struct text out;

    while (t->p < t->end && *t->p == ' ')
        t->p++;
    out.p = t->p;
    while (t->p < t->end && *t->p != ' ')
        t->p++;
    out.end = t->p;
    return out;
}

static struct media split_media(struct text line)
{
    struct media m;
    struct text ports;

    m.kind = word(&line);
    ports = word(&line);
    m.port = number(token(&ports), 65535);
    m.profile = word(&line);
    while (line.p < line.end && *line.p == ' ')
        line.p++;
    m.formats = line;
    return m;
}

/* The first such stream is the one that is used, but for a secure one without a key that we can
 * use. */
static bool secure(const struct media *m)
{
    return same(m->profile, "RTP/SAVP") || same(m->profile, "RTP/SAVPF");
}

static bool usable(const struct media *m)
{
    return same(m->kind, "audio") && m->port > 0 &&
           (same(m->profile, "RTP/AVP") || same(m->profile, "RTP/AVPF") || secure(m));
}

/* At the end of a section. */
static void keep_or_leave(struct reading *r)
{
    if (!r->current || !r->audio.savp || r->audio.crypto.suite != SRTP_NONE)
        return;
    r->audio = r->before;
    r->have_address = r->had_address;
    r->have_audio = false;
    r->format_count = 0;
    memset(r->known, 0, sizeof(r->known));
}

static void read_media(struct reading *r, struct text line)
{
    struct media m = split_media(line);

    keep_or_leave(r);
    r->in_media++;
    r->current = !r->have_audio && usable(&m);
    if (!r->current)
        return;
    r->before = r->audio;
    r->had_address = r->have_address;
    r->have_audio = true;
    r->audio.stream = (unsigned)r->in_media;
    r->audio.savp = secure(&m);
    r->port = m.port;
    while (r->format_count < FORMATS_MAX) {
        struct text f = word(&m.formats);
        long pt = number(f, 127);

        if (f.p == f.end)
            break;
        if (pt < 0)
            continue;
        r->formats[r->format_count] = (int)pt;
        if (pt == 0 || pt == 8) /* static types need no rtpmap (RFC 3551) */
            know(r, r->format_count, pt == 0 ? PROMPT_ULAW : PROMPT_ALAW);
        r->format_count++;
    }
}

/* a=rtpmap:101 telephone-event/8000 */
static void read_rtpmap(struct reading *r, struct text line)
{
    long pt = number(token(&line), 127), rate;
    struct text name = token(&line);

    if (line.p < line.end)
        line.p++;
    rate = number(token(&line), 1000000);
    for (int i = 0; i < r->format_count; i++) {
        if (r->formats[i] != pt)
            continue;
        r->known[i] = false; /* what the map says wins over the static meaning */
        if (rate != 8000)
            continue;
        if (same(name, "PCMU"))
            know(r, i, PROMPT_ULAW);
        else if (same(name, "PCMA"))
            know(r, i, PROMPT_ALAW);
        else if (same(name, "telephone-event") && r->audio.te_pt < 0)
            r->audio.te_pt = (int)pt;
    }
}

static void read_attribute(struct reading *r, struct text line)
{
    static const struct {
        const char *word;
        enum sdp_direction direction;
    } directions[] = {{"sendrecv", SDP_SENDRECV},
                      {"sendonly", SDP_SENDONLY},
                      {"recvonly", SDP_RECVONLY},
                      {"inactive", SDP_INACTIVE}};

    if (r->in_media >= 0 && !r->current)
        return;
    for (size_t i = 0; i < sizeof(directions) / sizeof(directions[0]); i++)
        if (same(line, directions[i].word))
            r->audio.direction = directions[i].direction;
    if (!r->current)
        return;
    if (starts(&line, "rtpmap:")) {
        read_rtpmap(r, line);
    } else if (starts(&line, "ptime:")) {
        long ms = number(token(&line), 1000);

        if (ms >= 10 && ms <= 60 && ms % 10 == 0)
            r->audio.ptime_ms = (unsigned)ms;
    } else if (same(line, "rtcp-mux")) {
        r->audio.rtcp_mux = true;
    } else if (starts(&line, "crypto:") && r->audio.crypto.suite == SRTP_NONE) {
        (void)sdes_read(line.p, (size_t)(line.end - line.p), &r->audio.crypto);
    }
}

static void read_line(struct reading *r, struct text line)
{
    char kind;

    if (line.end - line.p < 2 || line.p[1] != '=')
        return;
    kind = line.p[0];
    line.p += 2;
    if (kind == 'v') {
        r->have_session = true;
    } else if (kind == 'm') {
        read_media(r, line);
    } else if (kind == 'c' && (r->current || r->in_media < 0)) {
        r->have_address = read_address(line, &r->audio.addr);
    } else if (kind == 'a') {
        read_attribute(r, line);
    }
}

static enum sdp_direction held(enum sdp_direction d)
{
    return d == SDP_SENDRECV ? SDP_SENDONLY : d == SDP_RECVONLY ? SDP_INACTIVE : d;
}

int sdp_read(const char *text, size_t len, struct sdp_audio *out)
{
    struct reading r = {.in_media = -1, .audio = {.te_pt = PT_NONE, .ptime_ms = 20}};
    struct text all = {text, text + len}, line;

    while (next_line(&all, &line))
        read_line(&r, line);
    keep_or_leave(&r);
    if (!r.have_session)
        return -EBADMSG;
    if (!r.have_audio)
        return -ENOTSUP;
    if (!r.have_address)
        return -EBADMSG;
    if (is_group(&r.audio.addr))
        return -ENOTSUP;
    for (int i = 0; i < r.format_count; i++) {
        if (!r.known[i])
            continue;
        r.audio.law = r.laws[i];
        r.audio.pt = (uint8_t)r.formats[i];
        set_port(&r.audio.addr, (uint16_t)r.port);
        /* RFC 3264 section 8.4: how older peers hold a call. */
        if (is_any(&r.audio.addr))
            r.audio.direction = held(r.audio.direction);
        *out = r.audio;
        return 0;
    }
    return -ENOTSUP;
}

struct writing {
    char *buf;
    size_t size, len;
};

__attribute__((format(printf, 2, 3))) static void put(struct writing *w, const char *format, ...)
{
    size_t room = w->len < w->size ? w->size - w->len : 0;
    va_list ap;
    int n;

    va_start(ap, format);
    n = vsnprintf(room ? w->buf + w->len : NULL, room, format, ap);
    va_end(ap);
    w->len += n > 0 ? (size_t)n : 0;
}

static void put_session(struct writing *w, const struct sockaddr *local, uint64_t id,
                        uint64_t version)
{
    char host[INET6_ADDRSTRLEN];
    bool six = local->sa_family == AF_INET6;

    inet_ntop(local->sa_family,
              six ? (const void *)&((const struct sockaddr_in6 *)local)->sin6_addr
                  : (const void *)&((const struct sockaddr_in *)local)->sin_addr,
              host, sizeof(host));
    put(w, "v=0\r\no=kolcast %llu %llu IN IP%c %s\r\ns=-\r\nc=IN IP%c %s\r\nt=0 0\r\n",
        (unsigned long long)id, (unsigned long long)version, six ? '6' : '4', host, six ? '6' : '4',
        host);
}

static unsigned port_of(const struct sockaddr *a)
{
    return ntohs(a->sa_family == AF_INET6 ? ((const struct sockaddr_in6 *)a)->sin6_port
                                          : ((const struct sockaddr_in *)a)->sin_port);
}

static const char *direction_word(enum sdp_direction d)
{
    static const char *const words[] = {"sendrecv", "sendonly", "recvonly", "inactive"};

    return words[d];
}

static int finish(const struct writing *w)
{
    return w->len < w->size ? (int)w->len : -ENOSPC;
}

void sdp_new_keys(struct sdp_keys *k, bool required)
{
    k->required = required;
    sdes_new(&k->key[0], SRTP_HMAC_SHA1_80, 1);
    sdes_new(&k->key[1], SRTP_HMAC_SHA1_32, 2);
}

const struct sdes_key *sdp_chosen(const struct sdp_keys *ours, const struct sdp_audio *theirs)
{
    for (unsigned i = 0; i < 2; i++)
        if (theirs->crypto.suite == ours->key[i].suite && theirs->crypto.tag == ours->key[i].tag)
            return &ours->key[i];
    return NULL;
}

static void put_crypto(struct writing *w, const struct sdes_key *k)
{
    char text[SDES_TEXT_MAX];

    sdes_write(k, text);
    put(w, "a=crypto:%s\r\n", text);
}

int sdp_offer(char *buf, size_t size, const struct sockaddr *local, enum prompt_law preferred,
              uint64_t session_id, uint64_t version, enum sdp_direction direction,
              const struct sdp_keys *keys)
{
    struct writing w = {.buf = buf, .size = size};
    bool alaw = preferred == PROMPT_ALAW;

    put_session(&w, local, session_id, version);
    put(&w,
        "m=audio %u RTP/%s %d %d %d\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"
        "a=rtpmap:%d telephone-event/8000\r\na=fmtp:%d 0-15\r\na=ptime:20\r\na=%s\r\n",
        port_of(local), keys && keys->required ? "SAVP" : "AVP", alaw ? 8 : 0, alaw ? 0 : 8,
        SDP_TE_OFFERED, SDP_TE_OFFERED, SDP_TE_OFFERED, direction_word(direction));
    for (unsigned i = 0; keys && i < 2; i++)
        put_crypto(&w, &keys->key[i]);
    return finish(&w);
}

/* RFC 3264 section 6.1: what they only send, we only receive. */
static enum sdp_direction mirrored(enum sdp_direction d)
{
    return d == SDP_SENDONLY ? SDP_RECVONLY : d == SDP_RECVONLY ? SDP_SENDONLY : d;
}

static void put_audio(struct writing *w, const struct sdp_audio *theirs,
                      const struct sockaddr *local, const struct sdes_key *ours)
{
    put(w, "m=audio %u RTP/%s %u", port_of(local), theirs->savp ? "SAVP" : "AVP", theirs->pt);
    if (theirs->te_pt >= 0)
        put(w, " %d", theirs->te_pt);
    put(w, "\r\na=rtpmap:%u %s/8000\r\n", theirs->pt, theirs->law == PROMPT_ALAW ? "PCMA" : "PCMU");
    if (theirs->te_pt >= 0)
        put(w, "a=rtpmap:%d telephone-event/8000\r\na=fmtp:%d 0-15\r\n", theirs->te_pt,
            theirs->te_pt);
    put(w, "a=ptime:20\r\na=%s\r\n", direction_word(mirrored(theirs->direction)));
    if (theirs->rtcp_mux)
        put(w, "a=rtcp-mux\r\n");
    if (ours)
        put_crypto(w, ours);
}

/* RFC 3264 section 6: each stream of the offer gets its line in the answer, port 0 refuses it. */
static void put_refusal(struct writing *w, const struct media *m)
{
    put(w, "m=%.*s 0 %.*s %.*s\r\n", (int)(m->kind.end - m->kind.p), m->kind.p,
        (int)(m->profile.end - m->profile.p), m->profile.p, (int)(m->formats.end - m->formats.p),
        m->formats.p);
}

int sdp_answer(char *buf, size_t size, const char *offer, size_t offer_len,
               const struct sdp_audio *theirs, const struct sockaddr *local, uint64_t session_id,
               uint64_t version, const struct sdes_key *ours)
{
    struct writing w = {.buf = buf, .size = size};
    struct text all = {offer, offer + offer_len}, line;
    unsigned stream = 0;

    put_session(&w, local, session_id, version);
    while (next_line(&all, &line)) {
        struct media m;

        if (!starts(&line, "m="))
            continue;
        m = split_media(line);
        if (stream++ == theirs->stream)
            put_audio(&w, theirs, local, ours);
        else
            put_refusal(&w, &m);
    }
    return finish(&w);
}
