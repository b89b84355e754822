/* A campaign from outside: loads or is refused with words; what loads keeps its own limits, gives
 * the same campaign when its canonical text is loaded again, and its hours never contradict
 * themselves. No file is read: a campaign that names a flow file is refused or its file is absent.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "campaign/campaign.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_hours(const struct campaign *c, int64_t now_ms)
{
    zone_id zone = zone_open(c->zone);
    int64_t until, next = campaign_next_open(c, NULL, zone, now_ms);

    if (campaign_open_at(c, NULL, zone, now_ms, &until)) {
        must(next == now_ms && until > now_ms);
        must(campaign_open_at(c, NULL, zone, until - 1, NULL));
        must(!c->end_ms || until <= c->end_ms);
        return;
    }
    must(next < 0 || next > now_ms);
    must(next < 0 || campaign_open_at(c, NULL, zone, next, NULL));
}

static void check(const struct campaign *c)
{
    must(c->name[0] && c->cps > 0 && c->calls_max > 0 && c->attempts_max > 0);
    must(c->trunk_count <= LINE_TRUNKS_MAX && c->holiday_count >= 0 && c->holiday_count <= 64);
    must(c->ring_timeout_ms >= 1000 && c->call_max_ms >= 1000);
    must(!c->end_ms || c->end_ms > c->start_ms);
    must(c->flow && strlen(c->hash) == 64);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct campaign *c = NULL, *again = NULL;
    struct error err = {0};
    char *text = malloc(size + 1);

    if (!text)
        abort();
    memcpy(text, data, size);
    text[size] = '\0';
    if (campaign_load_text(text, "/nonexistent", &c, &err)) {
        must(err.message[0]);
        free(text);
        return 0;
    }
    check(c);
    must(campaign_load_text(c->canonical, "/nonexistent", &again, &err) == 0);
    must(strcmp(c->hash, again->hash) == 0 && strcmp(c->canonical, again->canonical) == 0);
    for (uint64_t i = 0; i < 8; i++) {
        uint64_t h = hash_bytes(data, size, i);

        check_hours(c, (int64_t)(1700000000000ULL + h % 200000000000ULL));
    }
    campaign_free(again);
    campaign_free(c);
    free(text);
    return 0;
}
