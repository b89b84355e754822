/* Session descriptions: one audio stream, offer and answer (RFC 3264, RFC 4566). */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "media/prompt.h"
#include "media/sdes.h"

enum { SDP_TE_OFFERED = 101 }; /* telephone-event's payload type in our offers */
enum sdp_direction { SDP_SENDRECV, SDP_SENDONLY, SDP_RECVONLY, SDP_INACTIVE };

/* What the two sides agreed on, or what one offers. */
struct sdp_audio {
    struct sockaddr_storage addr; /* where RTP goes (remote) or comes (local); port 0: refused */
    enum prompt_law law;
    uint8_t pt;        /* payload type of the codec: 0 PCMU, 8 PCMA, or as mapped */
    int te_pt;         /* telephone-event payload type, -1: none */
    unsigned ptime_ms; /* 20 unless the far side asks for another multiple of 10 up to 60 */
    enum sdp_direction direction;
    bool rtcp_mux;
    unsigned stream;        /* which of the description's streams this is, from 0 */
    bool savp;              /* RTP/SAVP: secure, or not at all */
    struct sdes_key crypto; /* theirs, the first that we have; of an answer: the one they chose */
};

/* Our keys of an offer, one for each suite. */
struct sdp_keys {
    bool required; /* RTP/SAVP; else RTP/AVP with keys, which who knows none passes over */
    struct sdes_key key[2];
};
void sdp_new_keys(struct sdp_keys *k, bool required);
/* The one of ours that their answer chose; NULL: none. */
const struct sdes_key *sdp_chosen(const struct sdp_keys *ours, const struct sdp_audio *theirs);

/* Writes an offer with A-law and mu-law (preferred first) and telephone-event 101; with keys it
 * offers SRTP (RFC 4568), NULL: plain. Returns length. */
int sdp_offer(char *buf, size_t size, const struct sockaddr *local, enum prompt_law preferred,
              uint64_t session_id, uint64_t version, enum sdp_direction direction,
              const struct sdp_keys *keys);
/* Reads an answer to our offer, or an offer: picks the first G.711 codec it names. `out` is written
 * only on success. -EBADMSG: not SDP; -ENOTSUP: no codec in common, no audio, refused (port 0). */
int sdp_read(const char *text, size_t len, struct sdp_audio *out);
/* Answers the offer read into *theirs. Streams other than the audio are refused in place. ours: our
 * key of the suite and tag of theirs->crypto; NULL: plain. */
int sdp_answer(char *buf, size_t size, const char *offer, size_t offer_len,
               const struct sdp_audio *theirs, const struct sockaddr *local, uint64_t session_id,
               uint64_t version, const struct sdes_key *ours);
