/* What campaigns are made of: flows in versions, recordings, trunks; and campaigns that refer to
 * them. Conventions of store/store.h. -EEXIST: the name is taken. -EBUSY: something uses it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"

/* ---- flows ---------------------------------------------------------------------------------- */

struct store_flow {
    const char *name, *note, *json, *who;
    const char *const *prompts; /* names of the recordings it plays */
    unsigned prompt_count;
};

/* id 0: a new flow; else a new version of it (-ENOENT). */
int store_flow_save(struct store *s, int64_t id, const struct store_flow *f, int64_t *out);
/* The newest version. *json is malloc'd. */
int store_flow_get(struct store *s, int64_t id, int64_t *version, char **json);
int store_flow_remove(struct store *s, int64_t id);

/* ---- recordings ----------------------------------------------------------------------------- */

struct store_audio {
    const char *name, *type, *warning; /* warning may be NULL */
    int64_t bytes, ms;
    double peak_db, rms_db;
};

int store_audio_add(struct store *s, const struct store_audio *a, int64_t *id);
int store_audio_remove(struct store *s, int64_t id);
/* Is there a recording of this name? 0 or -ENOENT. */
int store_audio_find(struct store *s, const char *name, int64_t *id);

/* ---- trunks --------------------------------------------------------------------------------- */

struct store_trunk {
    char name[32], host[256];
    int64_t port;
    char user[64], password[128], domain[256];
    bool do_register;
    char caller_number[NUMBER_TEXT_MAX];
    int64_t calls_max; /* 0: none of its own */
    double cps_max;
    char transport[8]; /* "udp", "tcp", "tls", "sips" */
    char ca_file[256]; /* of TLS; "": whom the system trusts */
    bool tls_verify;
    char srtp[12];         /* "off", "optional", "required" */
    int64_t order, weight; /* from 1 */
    char rules[8192];      /* JSON of dial_rules_read; "": none */
};

int store_trunk_add(struct store *s, const struct store_trunk *t, int64_t *id);
int store_trunk_get(struct store *s, int64_t id, struct store_trunk *out);
int store_trunk_update(struct store *s, int64_t id, const struct store_trunk *t);
/* -EBUSY: a campaign that is not over uses it. */
int store_trunk_remove(struct store *s, int64_t id);

/* ---- campaigns ------------------------------------------------------------------------------ */

struct store_parts {
    int64_t flow_id, flow_version;
    const int64_t *trunks; /* in order */
    unsigned trunk_count;
    const char *const *prompts;
    unsigned prompt_count;
};

/* What a campaign is made of, instead of what it was made of. -ENOENT: a trunk is not there. */
int store_campaign_parts(struct store *s, int64_t id, const struct store_parts *p);
/* The ids of its trunks, in order; at most max. */
int store_campaign_trunks(struct store *s, int64_t id, int64_t *trunks, unsigned max,
                          unsigned *count);
/* Name, list, content of a draft (-EPERM: it is none). Another list: its people are forgotten. */
int store_campaign_change(struct store *s, int64_t id, const struct store_campaign *c,
                          const char *config_json);
