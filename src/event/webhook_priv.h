/* What webhook.c (what is due), webhook_send.c (one try) and webhook_check.c share. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "event/webhook.h"
#include "http/client.h"

enum { WEBHOOK_THREADS_MAX = 16 };

/* One sending thread and what it has in hand. */
struct webhook_sender {
    struct webhooks *owner;
    pthread_t thread;
    bool started;
    struct http_client *client; /* owned */
    struct store *store;        /* owned; for reading records */
    /* Under the owner's lock until taken, then the sender's. */
    bool busy;
    struct store_webhook hook;
    struct store_delivery delivery;
};

struct webhooks {
    struct webhooks_config config;
    pthread_t thread;
    bool started;
    struct store *store; /* owned; the looking thread's */
    atomic_bool stop;    /* also ends requests under way */

    pthread_mutex_t lock; /* senders' busy, poked */
    pthread_cond_t look;  /* to the looking thread */
    pthread_cond_t work;  /* to the senders */
    bool poked;
    struct webhook_sender senders[WEBHOOK_THREADS_MAX];

    /* The looking thread's. */
    struct bus_cursor cursor;
    uint64_t wanted; /* bits: event types of the bus that someone asked for */
    int64_t tidy_ms, last_id;
};

/* One try of s->delivery; its result is durable when it returns, or the process is ending. */
void webhook_send(struct webhook_sender *s);
