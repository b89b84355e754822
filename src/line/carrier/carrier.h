/* The simulated carrier: takes every call that comes, acts as the person or machine its population
 * draws for the number, and measures the caller. For rehearsals, tests and load.
 *
 * Life: carrier_open, the loop runs, carrier_hangup_all, the loop runs until carrier_calls is 0,
 * carrier_close. One thread, the loop's. No allocation per call but for the count of calls to each
 * number. */
#pragma once

#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/loop.h"
#include "line/carrier/figures.h"
#include "line/carrier/population.h"

struct carrier;

struct carrier_config {
    struct loop *loop;
    const struct population *population; /* outlives the carrier */
    struct sockaddr_storage local;       /* where calls come in by UDP and TCP; port 0: any */
    struct sockaddr_storage tls_local;   /* … by TLS, when there is a certificate */
    const char *tls_cert, *tls_key;      /* PEM files; NULL: no TLS */
    bool srtp_never, srtp_always;        /* else as the caller offers it */
    unsigned calls_max;                  /* at once; more get 503 */
    double listen;                       /* share of numbers whose audio is listened to, 0…1 */
    bool quiet; /* who says nothing sends nothing, else silence as a telephone does */
    bool no_uring;
    FILE *log; /* a JSON line as a call comes and as it ends, each flushed; may be NULL */
};

int carrier_open(struct carrier **out, const struct carrier_config *config, struct error *err);
void carrier_close(struct carrier *c); /* NULL-safe; ends nothing politely */
void carrier_local(const struct carrier *c, struct sockaddr_storage *out);
void carrier_local_tls(const struct carrier *c, struct sockaddr_storage *out);
void carrier_hangup_all(struct carrier *c); /* ends all calls and takes no more */
unsigned carrier_calls(const struct carrier *c);
const struct figures *carrier_figures(const struct carrier *c);
unsigned carrier_rate(struct carrier *c); /* calls in the last second */
