#!/usr/bin/python3
"""Writes the table of number prefixes and time zones as C (python3-phonenumbers has the data).

A prefix may span several zones: the most populous is given, as the list below has them; elsewhere
the first. It is certain when their clocks have always shown the same since 2020."""
import datetime
import functools
import sys
import zoneinfo

from phonenumbers.tzdata import TIMEZONE_DATA

POPULOUS = ["Asia/Jerusalem", "America/New_York", "America/Toronto", "Europe/Moscow", "Asia/Jakarta",
            "America/Sao_Paulo", "America/Mexico_City", "Australia/Sydney", "Europe/Madrid",
            "Europe/Lisbon", "America/Santiago", "Africa/Kinshasa", "Asia/Almaty", "Europe/Paris",
            "Europe/London", "Asia/Shanghai", "Asia/Ulaanbaatar", "Pacific/Auckland",
            "America/Chicago", "America/Los_Angeles", "America/Denver", "Europe/Berlin"]


def pick(zones):
    for zone in POPULOUS:
        if zone in zones:
            return zone
    return zones[0]


@functools.lru_cache(maxsize=None)
def clock(zone):
    """What it shows through the years, as offsets in the middle of each week."""
    start = datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc)
    weeks = (start + datetime.timedelta(days=7 * i) for i in range(12 * 53))
    return tuple(t.astimezone(zoneinfo.ZoneInfo(zone)).utcoffset() for t in weeks)


def same_clock(zones):
    return len({clock(zone) for zone in zones}) == 1


def main():
    rows = {int(prefix): (pick(zones), same_clock(zones)) for prefix, zones in TIMEZONE_DATA.items()
            if "Etc/Unknown" not in zones}
    names = sorted({zone for zone, _ in rows.values()})
    assert max(len(str(prefix)) for prefix in rows) <= 10
    with open(sys.argv[1], "w", encoding="ascii") as out:
        out.write('#include "phone/zone_prefix.h"\n\nconst char *const zone_names[] = {\n')
        out.writelines(f'    "{name}",\n' for name in names)
        out.write("};\n\nconst struct zone_prefix zone_prefixes[] = {\n")
        for prefix, (zone, certain) in sorted(rows.items()):
            out.write(f"    {{{prefix}, {names.index(zone)}, {str(certain).lower()}}},\n")
        out.write("};\n\nconst size_t zone_prefix_count = "
                  "sizeof(zone_prefixes) / sizeof(zone_prefixes[0]);\n")


main()
