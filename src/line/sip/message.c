/* Reading through libre. Also gives libre its random numbers: it asks for some with every message
 * and would go to OpenSSL for each. */
#include "line/sip/message.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include <re/re.h>

/* base/rng.h by hand: base/ headers and libre's cannot meet in one file. */
uint32_t random_u32(void);
uint64_t random_u64(void);

uint32_t rand_u32(void)
{
    return random_u32();
}

uint64_t rand_u64(void)
{
    return random_u64();
}

static const enum sip_hdrid ids[HEADER_COUNT] = {
    [HEADER_VIA] = SIP_HDR_VIA,
    [HEADER_RECORD_ROUTE] = SIP_HDR_RECORD_ROUTE,
    [HEADER_CONTACT] = SIP_HDR_CONTACT,
    [HEADER_WWW_AUTHENTICATE] = SIP_HDR_WWW_AUTHENTICATE,
    [HEADER_PROXY_AUTHENTICATE] = SIP_HDR_PROXY_AUTHENTICATE,
    [HEADER_RETRY_AFTER] = SIP_HDR_RETRY_AFTER,
    [HEADER_EXPIRES] = SIP_HDR_EXPIRES,
    [HEADER_SESSION_EXPIRES] = SIP_HDR_SESSION_EXPIRES,
    [HEADER_REASON] = SIP_HDR_REASON,
    [HEADER_REQUIRE] = SIP_HDR_REQUIRE,
    [HEADER_SUPPORTED] = SIP_HDR_SUPPORTED,
    [HEADER_ALLOW] = SIP_HDR_ALLOW,
    [HEADER_MIN_EXPIRES] = SIP_HDR_MIN_EXPIRES,
    [HEADER_MIN_SE] = SIP_HDR_MIN_SE,
};

static struct span span_of(const struct pl *pl)
{
    return pl->p && pl->l ? (struct span){pl->p, pl->l} : (struct span){NULL, 0};
}

static bool complete(const struct sip_msg *m)
{
    return pl_isset(&m->callid) && pl_isset(&m->cseq.met) && pl_isset(&m->from.auri) &&
           pl_isset(&m->to.auri) && pl_isset(&m->via.sentby) &&
           (m->req ? pl_isset(&m->met) && pl_isset(&m->ruri) : m->scode >= 100 && m->scode < 700);
}

/* What follows the headers, at most as long as Content-Length says; shorter: not a whole message
 * (18.3). */
static int read_body(const struct sip_msg *m, struct span *out)
{
    size_t left = mbuf_get_left(m->mb), told = left;

    if (pl_isset(&m->clen))
        told = pl_u32(&m->clen);
    if (told > left)
        return -EBADMSG;
    *out = told ? (struct span){(const char *)mbuf_buf(m->mb), told} : (struct span){NULL, 0};
    return 0;
}

int message_parse(const char *data, size_t len, struct message *out)
{
    struct mbuf *mb = mbuf_alloc(len + 1);
    struct sip_msg *m = NULL;
    struct span body;

    if (!mb)
        return -ENOMEM;
    mbuf_write_mem(mb, (const uint8_t *)data, len);
    mb->pos = 0;
    /* No header holds a NUL, and what is copied from them is text. */
    if (sip_msg_decode(&m, mb) || memchr(mb->buf, '\0', mb->pos) || !complete(m) ||
        read_body(m, &body)) {
        mem_deref(m);
        mem_deref(mb);
        return -EBADMSG;
    }
    *out = (struct message){
        .parsed = m,
        .copy = mb,
        .request = m->req,
        .status = m->scode,
        .method = span_of(&m->met),
        .uri = span_of(&m->ruri),
        .reason = span_of(&m->reason),
        .call_id = span_of(&m->callid),
        .from = span_of(&m->from.val),
        .to = span_of(&m->to.val),
        .from_tag = span_of(&m->from.tag),
        .to_tag = span_of(&m->to.tag),
        .branch = span_of(&m->via.branch),
        .sent_by = span_of(&m->via.sentby),
        .cseq_method = span_of(&m->cseq.met),
        .from_user = span_of(&m->from.uri.user),
        .to_user = span_of(&m->to.uri.user),
        .uri_user = span_of(&m->uri.user),
        .cseq = m->cseq.num,
        .body = body,
    };
    if (pl_isset(&m->ctyp.type) && pl_isset(&m->ctyp.subtype)) /* they lie side by side */
        out->content_type = (struct span){
            m->ctyp.type.p, (size_t)(m->ctyp.subtype.p + m->ctyp.subtype.l - m->ctyp.type.p)};
    return 0;
}

void message_free(struct message *m)
{
    mem_deref(m->parsed);
    mem_deref(m->copy);
}

struct seek {
    unsigned left;
    struct span found;
};

static bool seek_one(const struct sip_hdr *hdr, const struct sip_msg *msg, void *arg)
{
    struct seek *s = arg;

    (void)msg;
    if (s->left--)
        return false;
    s->found = (struct span){hdr->val.p ? hdr->val.p : "", hdr->val.l};
    return true;
}

struct span message_header(const struct message *m, enum message_header h, unsigned index)
{
    struct seek s = {.left = index};

    sip_msg_hdr_apply(m->parsed, true, ids[h], seek_one, &s);
    return s.found;
}

bool message_lists(const struct message *m, enum message_header h, const char *word)
{
    struct span s;

    for (unsigned i = 0; (s = message_header(m, h, i)).p; i++)
        if (span_is_nocase(s, word))
            return true;
    return false;
}

bool message_has_sdp(const struct message *m)
{
    return m->body.len && span_is_nocase(m->content_type, "application/sdp");
}

bool message_address(struct span value, struct address *out)
{
    const struct pl pl = {value.p, value.len};
    struct sip_addr a;

    if (!value.p || sip_addr_decode(&a, &pl) || !pl_isset(&a.uri.host) || !pl_isset(&a.auri))
        return false;
    for (size_t i = 0; i < a.auri.l; i++)
        if ((unsigned char)a.auri.p[i] <= ' ' || strchr("<>?\"\x7f", a.auri.p[i]))
            return false;
    *out = (struct address){.uri = span_of(&a.auri),
                            .user = span_of(&a.uri.user),
                            .host = span_of(&a.uri.host),
                            .port = a.uri.port};
    return true;
}

bool span_is(struct span s, const char *text)
{
    return s.len == strlen(text) && s.p && memcmp(s.p, text, s.len) == 0;
}

bool span_is_nocase(struct span s, const char *text)
{
    return s.len == strlen(text) && s.p && strncasecmp(s.p, text, s.len) == 0;
}

bool span_has(struct span s, const char *text)
{
    size_t n = strlen(text);

    for (size_t i = 0; s.p && i + n <= s.len; i++)
        if (strncasecmp(s.p + i, text, n) == 0)
            return true;
    return false;
}

struct span span_param(struct span value, const char *name)
{
    const struct pl pl = {value.p, value.len};
    struct pl found;

    if (!value.p || msg_param_decode(&pl, name, &found))
        return (struct span){NULL, 0};
    if (found.l >= 2 && found.p[0] == '"') {
        found.p++;
        found.l -= 2;
    }
    return span_of(&found);
}

int span_copy(struct span s, char *out, size_t size)
{
    if (s.len >= size)
        return -ENAMETOOLONG;
    if (s.len)
        memcpy(out, s.p, s.len);
    out[s.len] = '\0';
    return 0;
}

unsigned span_number(struct span s)
{
    uint64_t n = 0;

    for (size_t i = 0; i < s.len && isdigit((unsigned char)s.p[i]) && n < 100000000; i++)
        n = n * 10 + (unsigned)(s.p[i] - '0');
    return (unsigned)n;
}
