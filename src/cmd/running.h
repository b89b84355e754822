/* What `run` and `campaign resume` share: a campaign that is loaded and stored is looked at before
 * the first call, called, and reported on. */
#pragma once

#include "campaign/campaign.h"
#include "cmd/cmd.h"

/* What differs from the campaign for this run alone. Texts are borrowed. */
struct running_options {
    const char *trunk, *bind; /* NULL: the campaign's trunks; the address that leads there */
    const char *dns;          /* NULL: the system's servers */
    double pace;              /* 0: the campaign's, as with max_calls */
    unsigned max_calls, lanes;
    bool ignore_windows, no_wait, no_uring, quiet;
};

/* Everything of one run; freed together. */
struct running {
    struct running_options o;
    struct data data;
    struct campaign *campaign; /* owned */
    struct store_campaign stored;
    struct desk *desk;
    struct display *display;
    int signals; /* taken so far */
};

/* All return an exit code, having printed what is wrong. */
int running_apply(struct running *r);            /* the options, onto the campaign */
int running_check_prompts(struct running *r);    /* before anything is stored */
int running_preflight(struct running *r);        /* who will be called, until when */
int running_call(struct running *r);             /* the calls, the report, and what to do next */
int running_conclude(struct running *r, int rc); /* the report alone, for an exit code */
void running_free(struct running *r);
