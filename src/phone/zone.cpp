/* Time zones through cctz on the system's tz files, behind the C interface of zone.h. A zone is
 * interned once; entries never move, so that reading needs no lock. */
#include "phone/zone.h"

#include <cctz/civil_time.h>
#include <cctz/time_zone.h>
#include <errno.h>
#include <string.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <string>

#include "phone/zone_prefix.h"

namespace
{

enum { ZONES_MAX = 1024 };

struct entry {
    std::string name;
    cctz::time_zone zone;
};

entry *zones[ZONES_MAX];
std::atomic<int> zone_count;
std::mutex zone_lock;

using millis = std::chrono::milliseconds;

std::chrono::time_point<std::chrono::system_clock, cctz::seconds> point(int64_t utc_ms)
{
    int64_t s = utc_ms / 1000 - (utc_ms % 1000 < 0);

    return std::chrono::time_point<std::chrono::system_clock, cctz::seconds>(cctz::seconds(s));
}

int find(const char *name, int count)
{
    for (int i = 0; i < count; i++)
        if (zones[i]->name == name)
            return i;
    return -ENOENT;
}

} // namespace

zone_id zone_open(const char *name)
{
    int id = find(name, zone_count.load(std::memory_order_acquire));
    cctz::time_zone zone;

    if (id >= 0)
        return id;
    /* A name is no path: cctz would open any file. */
    if (!name[0] || name[0] == '/' || name[0] == ':' || strstr(name, "..") ||
        !cctz::load_time_zone(name, &zone))
        return -ENOENT;
    std::lock_guard<std::mutex> guard(zone_lock);
    int count = zone_count.load(std::memory_order_relaxed);

    id = find(name, count);
    if (id >= 0)
        return id;
    if (count == ZONES_MAX)
        return -ENOENT;
    zones[count] = new entry{name, zone};
    zone_count.store(count + 1, std::memory_order_release);
    return count;
}

const char *zone_name(zone_id z)
{
    return zones[z]->name.c_str();
}

void zone_to_local(zone_id z, int64_t utc_ms, struct zone_local *out)
{
    cctz::time_zone::absolute_lookup l = zones[z]->zone.lookup(point(utc_ms));

    out->year = (int)l.cs.year();
    out->month = l.cs.month();
    out->day = l.cs.day();
    out->hour = l.cs.hour();
    out->minute = l.cs.minute();
    out->second = l.cs.second();
    out->weekday = ((int)cctz::get_weekday(cctz::civil_day(l.cs)) + 1) % 7; /* cctz: 0 Monday */
    out->offset_s = l.offset;
}

int64_t zone_from_local(zone_id z, int year, int month, int day, int hour, int minute, int second)
{
    cctz::civil_second civil(year, month, day, hour, minute, second);
    cctz::time_zone::civil_lookup l = zones[z]->zone.lookup(civil);
    auto t = l.kind == cctz::time_zone::civil_lookup::SKIPPED ? l.trans : l.pre;

    return std::chrono::duration_cast<millis>(t.time_since_epoch()).count();
}

const char *zone_of_number(uint64_t key, bool *certain)
{
    char digits[24];
    const struct zone_prefix *best = NULL;
    int n = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)key);

    /* The longest prefix that the table has. */
    for (int len = n < ZONE_PREFIX_DIGITS ? n : ZONE_PREFIX_DIGITS; len > 0 && !best; len--) {
        uint64_t prefix = 0;
        size_t low = 0, high = zone_prefix_count;

        for (int i = 0; i < len; i++)
            prefix = prefix * 10 + (uint64_t)(digits[i] - '0');
        while (low < high) {
            size_t mid = (low + high) / 2;

            if (zone_prefixes[mid].prefix < prefix)
                low = mid + 1;
            else
                high = mid;
        }
        if (low < zone_prefix_count && zone_prefixes[low].prefix == prefix)
            best = &zone_prefixes[low];
    }
    if (!best)
        return NULL;
    *certain = best->certain;
    return zone_names[best->zone];
}
