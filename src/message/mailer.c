/* The queue of mails and its thread. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "message/mail.h"

enum { WAITING_MAX = 256, TRIES = 3, PAUSE_MS = 5000, TIMEOUT_MS = 60000, LAST_MS = 5000 };

struct letter {
    struct letter *next;
    struct mail mail; /* its texts follow in the same block */
};

struct mailer {
    const struct clock *clock;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    /* under lock */
    struct letter *first, **last;
    unsigned waiting;
    bool stop, ended, has_way;
    struct mail_way way;

    atomic_bool cancel; /* no time any more for what is left */
};

/* NULL: stopped, and none is left. */
static struct letter *take(struct mailer *m, struct mail_way *way, bool *stopping)
{
    struct letter *l;

    pthread_mutex_lock(&m->lock);
    while (!m->first && !m->stop)
        pthread_cond_wait(&m->wake, &m->lock);
    l = m->first;
    if (l) {
        m->first = l->next;
        if (!m->first)
            m->last = &m->first;
        m->waiting--;
    }
    *way = m->way;
    *stopping = m->stop;
    pthread_mutex_unlock(&m->lock);
    return l;
}

/* Sleeps unless it is to stop; returns whether it is. */
static bool pause_between(struct mailer *m)
{
    struct timespec until = clock_deadline(PAUSE_MS);
    bool stop;

    pthread_mutex_lock(&m->lock);
    while (!m->stop && pthread_cond_timedwait(&m->wake, &m->lock, &until) == 0)
        ;
    stop = m->stop;
    pthread_mutex_unlock(&m->lock);
    return stop;
}

static void deliver(struct mailer *m, const struct mail *mail, const struct mail_way *way,
                    bool stopping)
{
    struct error err = {.place = "mail", .message = "the program ended before its turn"};
    int rc = -EIO;

    for (int i = 0; i < TRIES && rc && !m->cancel && !(i && stopping); i++) {
        if (i > 0)
            stopping = pause_between(m);
        err = (struct error){0};
        rc = mail_deliver(way, mail, clock_wall_ms(m->clock), TIMEOUT_MS, &m->cancel, &err);
    }
    metric_add(metric1(METRIC_MAILS, rc ? "failed" : "delivered"), 1);
    if (rc)
        log_error("a mail could not be delivered", "to=%s subject=\"%s\" error=\"%s: %s\"",
                  mail->to, mail->subject, err.place, err.message);
}

static void *run(void *arg)
{
    struct mailer *m = arg;
    struct mail_way way;
    struct letter *l;
    bool stopping;

    while ((l = take(m, &way, &stopping))) {
        deliver(m, &l->mail, &way, stopping);
        free(l);
    }
    pthread_mutex_lock(&m->lock);
    m->ended = true;
    pthread_cond_broadcast(&m->wake);
    pthread_mutex_unlock(&m->lock);
    return NULL;
}

int mailer_new(struct mailer **out, const struct clock *clock, struct error *err)
{
    struct mailer *m = calloc(1, sizeof(*m));
    int rc;

    if (!m)
        return -ENOMEM;
    m->clock = clock;
    m->last = &m->first;
    pthread_mutex_init(&m->lock, NULL);
    clock_cond_init(&m->wake);
    rc = -pthread_create(&m->thread, NULL, run, m);
    if (rc) {
        pthread_cond_destroy(&m->wake);
        pthread_mutex_destroy(&m->lock);
        free(m);
        return error_set(err, rc, NULL, NULL, "cannot start the thread of mails: %s",
                         strerror(-rc));
    }
    pthread_setname_np(m->thread, "mail");
    *out = m;
    return 0;
}

void mailer_free(struct mailer *m)
{
    struct timespec until;

    if (!m)
        return;
    pthread_mutex_lock(&m->lock);
    m->stop = true;
    pthread_cond_broadcast(&m->wake);
    until = clock_deadline(LAST_MS);
    while (!m->ended && pthread_cond_timedwait(&m->wake, &m->lock, &until) == 0)
        ;
    m->cancel = true;
    pthread_mutex_unlock(&m->lock);
    pthread_join(m->thread, NULL);
    pthread_cond_destroy(&m->wake);
    pthread_mutex_destroy(&m->lock);
    free(m);
}

void mailer_configure(struct mailer *m, const struct mail_way *w)
{
    pthread_mutex_lock(&m->lock);
    m->has_way = w != NULL;
    if (w)
        m->way = *w;
    pthread_mutex_unlock(&m->lock);
}

static struct letter *letter_new(const char *to, const char *subject, const char *text)
{
    size_t a = strlen(to) + 1, b = strlen(subject) + 1, c = strlen(text) + 1;
    struct letter *l = malloc(sizeof(*l) + a + b + c);
    char *p;

    if (!l)
        return NULL;
    l->next = NULL;
    p = (char *)(l + 1);
    l->mail.to = memcpy(p, to, a);
    l->mail.subject = memcpy(p + a, subject, b);
    l->mail.text = memcpy(p + a + b, text, c);
    return l;
}

int mailer_send(void *mailer, const char *to, const char *subject, const char *text)
{
    struct mailer *m = mailer;
    struct letter *l = letter_new(to, subject, text);
    int rc = l ? 0 : -ENOMEM;

    pthread_mutex_lock(&m->lock);
    if (!m->has_way)
        rc = -ENOTCONN;
    else if (m->waiting >= WAITING_MAX || m->stop)
        rc = -ENOSPC;
    if (!rc) {
        *m->last = l;
        m->last = &l->next;
        m->waiting++;
        pthread_cond_signal(&m->wake);
    }
    pthread_mutex_unlock(&m->lock);
    if (rc == -ENOSPC)
        metric_add(metric1(METRIC_MAILS, "dropped"), 1);
    if (rc)
        free(l);
    return rc;
}
