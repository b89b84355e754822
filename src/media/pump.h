/* The RTP pump of one lane: sends 20 ms audio of every stream on time and hears keys.
 *
 * One connected-or-not UDP socket a stream. Streams are spread over the 20 phases of the frame
 * clock so that each millisecond sends its share in one batch: io_uring sends on registered
 * sockets, or send(2) where io_uring is missing (sendmmsg serves one socket a call, so it cannot
 * batch over streams). While nobody listens to a stream's audio, a
 * classic BPF filter on its socket lets only telephone-event packets through. No allocation after
 * pump_new.
 *
 * Symmetric RTP: media is sent to the address in the SDP until a valid packet comes, then to where
 * it came from (latched once: the socket is connected and the kernel turns strangers away, until a
 * re-INVITE names another address). The address that the SDP names is believed at once; any other
 * host or port only by its third packet in sequence, so that a stray or a blindly forged packet
 * does not capture a call. Packets go out every 20 ms whatever ptime the far side prefers.
 *
 * Memory: sizeof(struct rtp) a stream, about 0.7 KiB, and what the kernel keeps for a socket.
 *
 * Owned by one lane's thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/loop.h"
#include "media/prompt.h"
#include "media/sdp.h"

struct pump;
struct rtp; /* one stream */

enum pump_backend { PUMP_AUTO, PUMP_URING, PUMP_SEND };

struct pump_config {
    struct loop *loop;
    struct sockaddr_storage local; /* address to bind; port ignored */
    uint16_t port_min, port_max;   /* 0,0: any from 10000 up. Even ports only of a given range */
    unsigned streams_max;
    enum pump_backend backend;
};

struct pump_stats {
    uint64_t sent, send_errors, received, keys, strangers, malformed, late_frames;
    uint64_t tick_late_us_max; /* worst lateness of the frame clock since last read */
    bool uring;
};

int pump_new(struct pump **out, const struct pump_config *config);
void pump_free(struct pump *p);
void pump_read_stats(struct pump *p, struct pump_stats *out);
/* Raises this process's limit of open files as far as it may: one socket a call. Returns the limit.
 */
unsigned pump_raise_file_limit(void);

/* Events of a stream. Any may be NULL. A handler may close its own stream. */
struct rtp_handler {
    void (*key)(struct rtp *s, void *arg, char key); /* once per key press, at its first packet */
    void (*key_end)(struct rtp *s, void *arg, char key, unsigned duration_ms);
    void (*played)(struct rtp *s, void *arg); /* the prompt ended by itself */
    void (*frame)(struct rtp *s, void *arg, const int16_t *pcm,
                  unsigned samples); /* while listening */
};

/* -EMFILE, -EADDRINUSE, -ENOSPC (streams_max). local: the address and port to put into SDP. */
int rtp_open(struct pump *p, const struct rtp_handler *h, void *arg, struct rtp **out,
             struct sockaddr_storage *local);
void rtp_close(struct rtp *s); /* NULL-safe; at any moment, from its own handler too */

/* Where and how to send, from the agreed SDP. Sending starts with the first rtp_play; between
 * prompts the stream sends silence while `fill` is on (keeps NAT bindings and the far side's jitter
 * buffer). Again after a re-INVITE; `direction` is the far side's view: on sendonly and inactive
 * the prompt waits until the next rtp_connect. */
int rtp_connect(struct rtp *s, const struct sdp_audio *remote, bool fill);
/* From now on SRTP both ways, with these keys: before the rtp_connect of the session that they were
 * agreed in. The keys that it has already go on as they are. -ENOMEM. */
int rtp_secure(struct rtp *s, const struct sdes_key *ours, const struct sdes_key *theirs);
/* Plays from the next frame slot of this stream: at most 20 ms away; at once for the first. The
 * prompt must outlive the play. loops: 0 once, n: n more times, -1 for ever. */
void rtp_play(struct rtp *s, const struct prompt *prompt, int loops);
void rtp_stop(struct rtp *s);
bool rtp_playing(const struct rtp *s);
/* Sends keys as RFC 4733 events, 0-9*#A-D, each tone_ms long with gap_ms between; queued (16 at
 * most). */
int rtp_send_keys(struct rtp *s, const char *keys, unsigned tone_ms, unsigned gap_ms);
/* Nothing answers the last key: what is played next is not measured against it. */
void rtp_forget_key(struct rtp *s);
/* Opens the socket's filter and delivers decoded audio to h->frame (detection, recording). */
int rtp_listen(struct rtp *s, bool on);

struct rtp_stats {
    uint32_t sent, received; /* received: what the filter let through, not listening: keys */
    uint32_t lost, strangers;
    int64_t first_sent_us, first_received_us; /* monotonic, 0: never */
    int64_t last_key_us, key_to_audio_us;     /* key's packet to first packet of the next prompt */
};
void rtp_read_stats(const struct rtp *s, struct rtp_stats *out);
