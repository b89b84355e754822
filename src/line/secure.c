/* SRTP of a call: what the trunk's policy makes of offers and answers. In the lane's thread. */
#include <errno.h>

#include "line/lane_priv.h"

const struct sdp_keys *secure_offer(struct call *c)
{
    enum line_srtp policy = c->lane->line->config.trunks[c->lc->trunk].srtp;

    if (policy == LINE_SRTP_OFF)
        return NULL;
    if (c->keys.key[0].suite == SRTP_NONE)
        sdp_new_keys(&c->keys, policy == LINE_SRTP_REQUIRED);
    return &c->keys;
}

static int begin(struct call *c, const struct sdes_key *ours, const struct sdp_audio *theirs)
{
    int rc = rtp_secure(c->rtp, ours, &theirs->crypto);

    c->secured = c->secured || rc == 0;
    return rc;
}

/* Without keys: only where nothing else was promised. A call that is secured stays so, whoever on
 * the way would have it otherwise. */
static int plain(const struct call *c, const struct sdp_audio *theirs)
{
    return theirs->savp || c->secured || c->keys.required ? -EPROTO : 0;
}

int secure_answered(struct call *c, const struct sdp_audio *theirs)
{
    const struct sdes_key *ours = secure_offer(c) ? sdp_chosen(&c->keys, theirs) : NULL;

    return ours ? begin(c, ours, theirs) : plain(c, theirs);
}

int secure_offered(struct call *c, const struct sdp_audio *theirs, struct sdes_key *ours)
{
    ours->suite = SRTP_NONE;
    if (!secure_offer(c) || theirs->crypto.suite == SRTP_NONE)
        return plain(c, theirs);
    /* Ours of that suite goes on as it is; only its number is theirs (RFC 4568 5.1.2). */
    for (unsigned i = 0; i < 2; i++)
        if (c->keys.key[i].suite == theirs->crypto.suite)
            *ours = c->keys.key[i];
    ours->tag = theirs->crypto.tag;
    return begin(c, ours, theirs);
}
