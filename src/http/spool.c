/* Bodies on their way to a file. The loop fills blocks and hands the full ones to one thread that
 * writes them, so that a slow disk holds up the upload and not the loop; the protocol stops reading
 * while HELD_MAX bytes wait. The thread also removes the files: that takes long for large ones. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/rng.h"
#include "http/http_priv.h"

enum { BLOCK = 128 * 1024, NAME_TOKEN = 24 };
#define NAME_PREFIX "upload-"

struct block {
    struct loop_msg written;
    struct block *next;
    struct spool *spool;
    size_t len;
    int rc;
    char data[BLOCK];
};

struct spool {
    struct http_request *request;
    struct spooler *spooler;
    char *path; /* a worker's until it is admitted; then nobody changes it */
    int fd;
    struct block *first, **last; /* not handed over yet; the last one is being filled */
    struct block *filling;
    struct block *spare; /* written ones, for use again: no more than were needed at once */
    size_t held;         /* also those that are handed over */
    struct spool *next_removed;
};

struct spooler {
    struct http_server *server;
    pthread_t thread;
    bool running;
    pthread_mutex_t lock; /* for all below */
    pthread_cond_t work;
    struct block *first, **last;
    struct spool *removed;
    bool stopping;
};

/* ---- the thread ----------------------------------------------------------------------------- */

static int write_block(const struct block *b)
{
    size_t at = 0;

    while (at < b->len) {
        ssize_t n = write(b->spool->fd, b->data + at, b->len - at);

        if (n < 0 && errno != EINTR)
            return -errno;
        if (n > 0)
            at += (size_t)n;
    }
    return 0;
}

static void remove_file(struct spool *s)
{
    if (s->fd >= 0)
        close(s->fd);
    if (s->path)
        unlink(s->path);
    free(s->path);
    free(s);
}

static void *spooler_main(void *arg)
{
    struct spooler *sp = arg;

    pthread_setname_np(pthread_self(), "http-spool");
    pthread_mutex_lock(&sp->lock);
    while (sp->first || sp->removed || !sp->stopping) {
        struct block *b = sp->first;
        struct spool *gone = sp->removed;

        if (!b && !gone) {
            pthread_cond_wait(&sp->work, &sp->lock);
            continue;
        }
        if (b && !(sp->first = b->next))
            sp->last = &sp->first;
        if (gone)
            sp->removed = gone->next_removed;
        pthread_mutex_unlock(&sp->lock);
        if (b) {
            b->rc = write_block(b);
            loop_post(sp->server->loop, &b->written);
        }
        if (gone)
            remove_file(gone);
        pthread_mutex_lock(&sp->lock);
    }
    pthread_mutex_unlock(&sp->lock);
    return NULL;
}

int spooler_new(struct spooler **out, struct http_server *s)
{
    struct spooler *sp = calloc(1, sizeof(*sp));

    if (!sp)
        return -ENOMEM;
    sp->server = s;
    sp->last = &sp->first;
    pthread_mutex_init(&sp->lock, NULL);
    pthread_cond_init(&sp->work, NULL);
    *out = sp;
    return 0;
}

int spooler_start(struct spooler *sp)
{
    int rc = -pthread_create(&sp->thread, NULL, spooler_main, sp);

    sp->running = !rc;
    return rc;
}

void spooler_stop(struct spooler *sp)
{
    if (!sp || !sp->running)
        return;
    pthread_mutex_lock(&sp->lock);
    sp->stopping = true;
    pthread_cond_signal(&sp->work);
    pthread_mutex_unlock(&sp->lock);
    pthread_join(sp->thread, NULL);
    sp->running = false;
}

void spooler_free(struct spooler *sp)
{
    if (!sp)
        return;
    spooler_stop(sp);
    pthread_cond_destroy(&sp->work);
    pthread_mutex_destroy(&sp->lock);
    free(sp);
}

int spooler_clean(const char *dir)
{
    DIR *d = opendir(dir);
    int rc = d && !faccessat(dirfd(d), ".", W_OK | X_OK, AT_EACCESS) ? 0 : -errno;

    for (struct dirent *e; !rc && (e = readdir(d));)
        if (!strncmp(e->d_name, NAME_PREFIX, strlen(NAME_PREFIX)))
            unlinkat(dirfd(d), e->d_name, 0);
    if (d)
        closedir(d);
    return rc;
}

/* ---- one body ------------------------------------------------------------------------------- */

static void on_written(struct loop_msg *m)
{
    struct block *b = container_of(m, struct block, written);
    struct http_request *r = b->spool->request;

    b->spool->held -= b->len;
    b->next = b->spool->spare;
    b->spool->spare = b;
    exchange_taken(r, b->rc, b->len);
    request_release(r);
}

int spool_new(struct http_request *r)
{
    struct spool *s = calloc(1, sizeof(*s));

    if (!s)
        return -ENOMEM;
    s->request = r;
    s->spooler = r->server->spooler;
    s->fd = -1;
    s->last = &s->first;
    r->spool = s;
    return 0;
}

int spool_open(struct http_request *r)
{
    struct spool *s = r->spool;
    char token[NAME_TOKEN + 1], path[PATH_MAX];

    random_token(token, sizeof(token));
    if (snprintf(path, sizeof(path), "%s/%s%s", r->server->c.spool_dir, NAME_PREFIX, token) >=
        (int)sizeof(path))
        return -ENAMETOOLONG;
    s->fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (s->fd < 0)
        return -errno;
    s->path = strdup(path);
    if (s->path)
        return 0;
    unlink(path);
    return -ENOMEM;
}

static struct block *add_block(struct spool *s)
{
    struct block *b = s->spare;

    if (b)
        s->spare = b->next;
    else
        b = malloc(sizeof(*b));
    if (!b)
        return NULL;
    b->written.fn = on_written;
    b->next = NULL;
    b->spool = s;
    b->len = 0;
    *s->last = b;
    s->last = &b->next;
    return s->filling = b;
}

int spool_append(struct http_request *r, const char *data, size_t len)
{
    struct spool *s = r->spool;

    while (len) {
        struct block *b = s->filling && s->filling->len < BLOCK ? s->filling : add_block(s);
        size_t n;

        if (!b)
            return -ENOMEM;
        n = len < BLOCK - b->len ? len : BLOCK - b->len;
        memcpy(b->data + b->len, data, n);
        b->len += n;
        s->held += n;
        data += n;
        len -= n;
    }
    return 0;
}

static struct block *take_block(struct spool *s)
{
    struct block *b = s->first;

    s->first = b->next;
    if (!s->first) {
        s->last = &s->first;
        s->filling = NULL;
    }
    b->next = NULL;
    return b;
}

void spool_write(struct http_request *r, bool all)
{
    struct spool *s = r->spool;
    struct spooler *sp = s->spooler;

    while (s->first && (all || s->first->len == BLOCK)) {
        struct block *b = take_block(s);

        request_hold(r);
        pthread_mutex_lock(&sp->lock);
        *sp->last = b;
        sp->last = &b->next;
        pthread_cond_signal(&sp->work);
        pthread_mutex_unlock(&sp->lock);
    }
}

size_t spool_held(const struct spool *s)
{
    return s->held;
}

const char *spool_path(const struct spool *s)
{
    return s->path;
}

void spool_free(struct spool *s)
{
    if (!s)
        return;
    while (s->first)
        free(take_block(s));
    for (struct block *b; (b = s->spare); free(b))
        s->spare = b->next;
    if (!s->spooler->running) {
        remove_file(s);
        return;
    }
    pthread_mutex_lock(&s->spooler->lock);
    s->next_removed = s->spooler->removed;
    s->spooler->removed = s;
    pthread_cond_signal(&s->spooler->work);
    pthread_mutex_unlock(&s->spooler->lock);
}
