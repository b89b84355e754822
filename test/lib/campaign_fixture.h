/* A whole campaign in one process: real store, desk, lanes and SIP, against the simulated carrier
 * on a thread of its own. For properties of what is counted and told while people are called. */
#pragma once

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "campaign/campaign.h"
#include "campaign/desk.h"
#include "event/bus.h"
#include "line/carrier/carrier.h"
#include "store/store.h"

#define WHOLE_FIRST 972500000000ull

struct whole {
    char folder[64], db[96];
    struct loop *loop; /* the carrier's */
    struct carrier *carrier;
    struct population *population;
    pthread_t thread;
    unsigned port;
    struct store *store;
    struct campaign *campaign;
    int64_t list, id;
    struct bus *bus;
    struct bus_cursor cursor;
    struct desk_view last;
};

static inline void whole_fail(const struct error *err)
{
    char text[1024];

    fail_msg("%s", error_text(err, text, sizeof(text)));
}

static inline void *whole_carry(void *arg)
{
    loop_run(((struct whole *)arg)->loop);
    return NULL;
}

/* population: JSON text of schema/population.schema.json. */
static inline void whole_carrier(struct whole *w, const char *population)
{
    struct carrier_config config = {.calls_max = 200, .listen = 0};
    struct sockaddr_in *in = (struct sockaddr_in *)&config.local;
    struct sockaddr_storage at;
    struct error err = {0};
    json_t *root;

    if (json_load_text(population, strlen(population), "population", &root, &err) ||
        population_load(root, "population", &w->population, &err))
        whole_fail(&err);
    json_decref(root);
    assert_int_equal(loop_new(&w->loop, &clock_system), 0);
    in->sin_family = AF_INET;
    in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    config.loop = w->loop;
    config.population = w->population;
    if (carrier_open(&w->carrier, &config, &err))
        whole_fail(&err);
    carrier_local(w->carrier, &at);
    w->port = ntohs(((struct sockaddr_in *)&at)->sin_port);
    assert_int_equal(pthread_create(&w->thread, NULL, whole_carry, w), 0);
}

/* A prompt of 200 ms: a tone would not be told apart here, so it is silence. */
static inline void whole_prompt(const struct whole *w, const char *name)
{
    static const unsigned char head[44] = {
        'R', 'I', 'F', 'F', 36 + 0x80, 0x0c, 0,   0,   'W', 'A',  'V',  'E',  'f', 'm',  't',
        ' ', 16,  0,   0,   0,         1,    0,   1,   0,   0x40, 0x1f, 0,    0,   0x80, 0x3e,
        0,   0,   2,   0,   16,        0,    'd', 'a', 't', 'a',  0x80, 0x0c, 0,   0};
    static const char silence[3200];
    char path[128];
    FILE *f;

    snprintf(path, sizeof(path), "%s/%s.wav", w->folder, name);
    f = fopen(path, "wb");
    assert_non_null(f);
    fwrite(head, 1, sizeof(head), f);
    fwrite(silence, 1, sizeof(silence), f);
    fclose(f);
}

/* People WHOLE_FIRST … + people - 1. */
static inline void whole_people(struct whole *w, unsigned people)
{
    struct store_import done;
    int64_t import;

    assert_int_equal(store_list_ensure(w->store, "people", &w->list), 0);
    assert_int_equal(store_import_begin(w->store, w->list, "people.csv", &import), 0);
    assert_int_equal(store_begin(w->store), 0);
    for (unsigned i = 0; i < people; i++) {
        struct store_contact c = {.number = WHOLE_FIRST + i,
                                  .kind = NUMBER_KIND_MOBILE,
                                  .name = "דנה",
                                  .zone = "Asia/Jerusalem",
                                  .zone_origin = 'n',
                                  .row = i + 2};

        assert_int_equal(store_import_row(w->store, import, &c), 0);
    }
    assert_int_equal(store_commit(w->store), 0);
    assert_int_equal(store_import_finish(w->store, import, &done), 0);
}

/* settings: further members of the campaign's JSON, ending with a comma, or "". The flow is a menu:
 * 1 asks for a text, 9 opts out, silence and a third wrong key end the call. */
static inline void whole_open(struct whole *w, const char *population, unsigned people,
                              const char *settings)
{
    static const char flow[] =
        "{\"version\":1,\"start\":\"ask\",\"nodes\":{\"ask\":{\"type\":\"menu\",\"prompt\":\"p."
        "wav\","
        "\"keys\":{\"1\":\"give\",\"9\":\"stop\"},\"invalid\":{\"limit\":2,\"next\":\"bye\"},"
        "\"silence\":{\"after\":\"700ms\",\"limit\":0,\"next\":\"bye\"}},"
        "\"give\":{\"type\":\"action\",\"action\":\"sms\",\"text\":\"{{name}}: "
        "link\",\"next\":\"ask\","
        "\"failed\":\"bye\"},"
        "\"stop\":{\"type\":\"action\",\"action\":\"opt_out\",\"next\":\"bye\",\"failed\":"
        "\"sorry\"},"
        "\"sorry\":{\"type\":\"play\",\"prompt\":\"p.wav\"},\"bye\":{\"type\":\"play\",\"prompt\":"
        "\"p.wav\"}}}";
    struct store_campaign c = {.kind = "voice", .name = "t", .state = CAMPAIGN_STATE_DRAFT};
    struct error err = {0};
    char json[4096];

    memset(w, 0, sizeof(*w));
    snprintf(w->folder, sizeof(w->folder), "/tmp/kolcast-whole-XXXXXX");
    assert_non_null(mkdtemp(w->folder));
    snprintf(w->db, sizeof(w->db), "%s/kolcast.db", w->folder);
    whole_carrier(w, population);
    whole_prompt(w, "p");
    if (store_open(w->db, &clock_system, &w->store, &err))
        whole_fail(&err);
    whole_people(w, people);
    snprintf(json, sizeof(json),
             "{\"version\":1,\"name\":\"t\",\"windows\":\"00:00-24:00\",%s\"trunks\":[{\"name\":"
             "\"north\",\"host\":\"127.0.0.1\",\"port\":%u}],\"flow\":%s}",
             settings, w->port, flow);
    if (campaign_load_text(json, w->folder, &w->campaign, &err))
        whole_fail(&err);
    w->campaign->any_hour = true;
    c.list_id = w->list;
    snprintf(c.config_hash, sizeof(c.config_hash), "%s", w->campaign->hash);
    assert_int_equal(store_campaign_create(w->store, &c, w->campaign->canonical, &w->id), 0);
    assert_int_equal(bus_new(&w->bus, &clock_system, 1 << 14), 0);
    bus_follow(w->bus, &w->cursor);
}

/* Calls everyone; the desk and its exchange are gone when it returns. */
static inline void whole_run(struct whole *w)
{
    struct exchange_config config = {
        .store_url = w->db,
        .clock = &clock_system,
        .driver = &line_sip,
        .line = {.trunk_count = 1, .lanes = 2, .calls_max = w->campaign->calls_max},
        .bus = w->bus,
    };
    struct exchange *x;
    struct error err = {0};
    struct desk *d;

    config.line.trunks[0] = w->campaign->trunks[0];
    if (exchange_new(&x, &config, &err) || desk_new(&d, x, &err) ||
        desk_start(d, w->id, w->campaign, &err))
        whole_fail(&err);
    for (int i = 0; i < 600 && !desk_wait(d, 200); i++) {
    }
    desk_view(d, &w->last);
    desk_free(d);
    exchange_free(x);
    assert_int_equal(w->last.state, CAMPAIGN_STATE_COMPLETED);
}

static inline void whole_close(struct whole *w)
{
    char line[128];

    loop_stop(w->loop);
    pthread_join(w->thread, NULL);
    carrier_close(w->carrier);
    population_free(w->population);
    loop_free(w->loop);
    bus_free(w->bus);
    campaign_free(w->campaign);
    store_close(w->store);
    snprintf(line, sizeof(line), "rm -r '%s'", w->folder);
    assert_int_equal(system(line), 0);
}
