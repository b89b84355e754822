/* How packets leave: io_uring sends on registered sockets, one submission a tick, or send(2).
 * MSG_DONTWAIT makes each send complete within the submission, so that a stream's one packet buffer
 * may be used again afterwards; a full socket buffer drops the frame, as a late one is of no use.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "media/pump_priv.h"

enum { RING_ENTRIES_MAX = 4096 };

int pump_send_open(struct pump *p)
{
    struct io_uring_params params = {.flags = IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CLAMP};
    unsigned entries = 64;
    int rc;

    p->uring = false;
    if (p->config.backend == PUMP_SEND)
        return 0;
    while (entries < RING_ENTRIES_MAX && entries < p->config.streams_max / PUMP_PHASES * 2)
        entries *= 2;
    rc = io_uring_queue_init_params(entries, &p->ring, &params);
    if (!rc && !(params.features & IORING_FEAT_CQE_SKIP))
        rc = -ENOSYS;
    if (!rc)
        rc = io_uring_register_files_sparse(&p->ring, p->config.streams_max);
    if (rc) {
        if (p->ring.ring_fd > 0)
            io_uring_queue_exit(&p->ring);
        return p->config.backend == PUMP_URING ? rc : 0;
    }
    p->uring = true;
    return 0;
}

void pump_send_close(struct pump *p)
{
    if (p->uring)
        io_uring_queue_exit(&p->ring);
    p->uring = false;
}

int pump_send_register(struct pump *p, struct rtp *s)
{
    int rc;

    if (!p->uring)
        return 0;
    rc = io_uring_register_files_update(&p->ring, s->index, &s->fd, 1);
    return rc < 0 ? rc : 0;
}

void pump_send_unregister(struct pump *p, struct rtp *s)
{
    int none = -1;

    if (!p->uring)
        return;
    if (p->queued > 0) /* its packet may be among them */
        pump_send_flush(p);
    io_uring_register_files_update(&p->ring, s->index, &none, 1);
}

void pump_send_now(struct pump *p, struct rtp *s, size_t len)
{
    int flags = MSG_DONTWAIT | MSG_NOSIGNAL;
    ssize_t rc;

    if (s->latched)
        rc = send(s->fd, s->packet, len, flags);
    else
        rc = sendto(s->fd, s->packet, len, flags, &s->remote.sa, rtp_addr_size(&s->remote));
    if (rc < 0)
        p->stats.send_errors++;
}

static void reap(struct pump *p)
{
    struct io_uring_cqe *cqe;
    unsigned head, n = 0;

    io_uring_for_each_cqe(&p->ring, head, cqe)
    {
        if (cqe->res < 0)
            p->stats.send_errors++;
        n++;
    }
    if (n > 0)
        io_uring_cq_advance(&p->ring, n);
}

void pump_send_flush(struct pump *p)
{
    if (p->queued == 0)
        return;
    p->queued = 0;
    if (io_uring_submit(&p->ring) < 0)
        p->stats.send_errors++;
    reap(p);
}

void pump_send_queue(struct pump *p, struct rtp *s, size_t len)
{
    struct io_uring_sqe *sqe;

    if (!p->uring) {
        pump_send_now(p, s, len);
        return;
    }
    sqe = io_uring_get_sqe(&p->ring);
    if (!sqe) {
        pump_send_flush(p);
        sqe = io_uring_get_sqe(&p->ring);
        if (!sqe) {
            p->stats.send_errors++;
            return;
        }
    }
    io_uring_prep_send(sqe, (int)s->index, s->packet, len, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (!s->latched)
        io_uring_prep_send_set_addr(sqe, &s->remote.sa, (uint16_t)rtp_addr_size(&s->remote));
    sqe->flags |= IOSQE_FIXED_FILE | IOSQE_CQE_SKIP_SUCCESS;
    p->queued++;
}
