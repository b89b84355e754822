#!/usr/bin/python3
"""Writes the table of number prefixes and time zones as C (python3-phonenumbers has the data).

A prefix may span several zones: the most populous is given, as the list below has them; elsewhere
the first."""
import sys

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


def main():
    rows = {int(prefix): (pick(zones), len(zones) == 1) for prefix, zones in TIMEZONE_DATA.items()
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
