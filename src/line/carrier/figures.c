/* Spreads, rates and counters. See figures.h. */
#include "line/carrier/figures.h"

#include <stdlib.h>

#include "media/dtmf.h"

enum { SECOND_US = 1000000 };

void spread_add(struct spread *s, int64_t us)
{
    int64_t slot;

    if (us < 0)
        us = 0;
    slot = us / s->step_us;
    s->slot[slot < SPREAD_SLOTS ? slot : SPREAD_SLOTS - 1]++;
    s->count++;
    if (us > s->max_us)
        s->max_us = us;
}

int64_t spread_at(const struct spread *s, double part)
{
    uint64_t need = (uint64_t)(part * (double)s->count), seen = 0;

    if (s->count == 0)
        return 0;
    if (need >= s->count)
        return s->max_us;
    for (int64_t i = 0; i < SPREAD_SLOTS - 1; i++) {
        int64_t top = (i + 1) * s->step_us;

        seen += s->slot[i];
        if (seen > need)
            return top < s->max_us ? top : s->max_us;
    }
    return s->max_us;
}

static void rate_expire(struct rate *r, int64_t now_us)
{
    while (r->first < r->next && r->stamp_us[r->first % RATE_STAMPS] <= now_us - SECOND_US)
        r->first++;
    r->now = (unsigned)(r->next - r->first);
}

void rate_add(struct rate *r, int64_t now_us)
{
    rate_expire(r, now_us);
    if (r->next - r->first == RATE_STAMPS)
        return;
    r->stamp_us[r->next++ % RATE_STAMPS] = now_us;
    r->now++;
    if (r->now > r->max)
        r->max = r->now;
}

unsigned rate_at(struct rate *r, int64_t now_us)
{
    rate_expire(r, now_us);
    return r->now;
}

struct figures *figures_new(void)
{
    struct figures *f = calloc(1, sizeof(*f));

    if (!f)
        return NULL;
    f->spacing.step_us = 10;
    f->answer_audio.step_us = 100;
    f->key_audio.step_us = 100;
    return f;
}

void figures_free(struct figures *f)
{
    free(f);
}

static json_t *spread_json(const struct spread *s)
{
    if (s->count == 0)
        return json_null();
    return json_pack("{s:I,s:I,s:I,s:I}", "count", (json_int_t)s->count, "p50",
                     (json_int_t)spread_at(s, 0.5), "p99", (json_int_t)spread_at(s, 0.99), "max",
                     (json_int_t)s->max_us);
}

static json_t *behaviours_json(const struct figures *f)
{
    json_t *o = json_object();

    for (int i = 0; i < BEHAVIOUR_COUNT; i++)
        json_object_set_new(o, behaviour_name(i), json_integer((json_int_t)f->behaviour[i]));
    return o;
}

static json_t *keys_json(const struct figures *f)
{
    json_t *o = json_object();

    for (unsigned i = 0; i < 16; i++)
        if (f->keys_pressed[i])
            json_object_set_new(o, (char[]){dtmf_key((uint8_t)i), '\0'},
                                json_integer((json_int_t)f->keys_pressed[i]));
    return o;
}

json_t *figures_json(const struct figures *f)
{
    json_t *o = json_object();
    const struct {
        const char *name;
        uint64_t value;
    } counters[] = {
        {"calls", f->calls},
        {"answered", f->answered},
        {"cancelled", f->cancelled},
        {"hung_up_by_person", f->hung_up_by_person},
        {"hung_up_by_caller", f->hung_up_by_caller},
        {"lost_calls", f->lost_calls},
        {"refused_limit", f->refused_limit},
        {"refused_storm", f->refused_storm},
        {"refused_offer", f->refused_offer},
        {"refused_closing", f->refused_closing},
        {"calls_up_max", f->calls_max},
        {"talking_max", f->talking_max},
        {"cps_max", f->rate.max},
        {"rtp_sent", f->rtp_sent},
        {"rtp_received", f->rtp_received},
        {"rtp_lost", f->rtp_lost},
        {"gaps", f->gaps},
        {"no_audio", f->no_audio},
    };

    for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++)
        json_object_set_new(o, counters[i].name, json_integer((json_int_t)counters[i].value));
    json_object_set_new(o, "seconds",
                        json_real((double)(f->last_call_us - f->first_call_us) / SECOND_US));
    json_object_set_new(o, "behaviour", behaviours_json(f));
    json_object_set_new(o, "keys", keys_json(f));
    json_object_set_new(o, "spacing_us", spread_json(&f->spacing));
    json_object_set_new(o, "answer_to_audio_us", spread_json(&f->answer_audio));
    json_object_set_new(o, "key_to_audio_us", spread_json(&f->key_audio));
    return o;
}
