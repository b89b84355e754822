#!/usr/bin/python3
"""The page of metrics is read by Prometheus' own reader, and docs/operations.md names every metric:
usage metric_page.py PROGRAM-THAT-PRINTS-A-PAGE. Prints TAP."""
import os
import re
import subprocess
import sys

from prometheus_client.parser import text_string_to_metric_families

SOURCE = os.environ["KOLCAST_SOURCE"]
page = subprocess.run([sys.argv[1], "page"], capture_output=True, text=True, check=True).stdout
families = {f.name: f for f in text_string_to_metric_families(page)}
table = re.findall(r'X\(\w+, (COUNTER|GAUGE|HISTOGRAM), "(\w+)", [^,]+, "([^"]*)"',
                   open(f"{SOURCE}/src/base/metric_table.h", encoding="utf-8").read())
cases = []


def case(name, right, seen=""):
    cases.append((name, right, seen))


def value(family, sample, **labels):
    for s in families[family].samples:
        if s.name == sample and s.labels == labels:
            return s.value
    return None


case("the table is read", len(table) > 30, len(table))
# A name that the reader takes apart (_total, _seconds_total) comes back without its ending.
bare = {n[:-len("_total")] if kind == "COUNTER" else n: (kind, labels) for kind, n, labels in table}
for name, f in families.items():
    case(f"{name} is in the table", name in bare)
    case(f"{name} has its type and help", f.type == bare[name][0].lower() and len(f.documentation) > 3,
         f"{f.type}, {f.documentation!r}")
for name, (kind, labels) in bare.items():
    case(f"{name} is on the page from the start", bool(labels) or name in families)
case("label values come back whole",
     value("kolcast_calls_dialled", "kolcast_calls_dialled_total", trunk='צפון "a\\b"\nc') == 12,
     families.get("kolcast_calls_dialled"))
case("units", value("kolcast_lane_load_ratio", "kolcast_lane_load_ratio") == 0.375)
h = [s for s in families["kolcast_http_request_seconds"].samples]
buckets = [s.value for s in h if s.name.endswith("_bucket")]
case("buckets add up", buckets == sorted(buckets) and buckets[-1] ==
     value("kolcast_http_request_seconds", "kolcast_http_request_seconds_count", operation="listCampaigns"),
     buckets)
case("sum", abs(value("kolcast_http_request_seconds", "kolcast_http_request_seconds_sum",
                      operation="listCampaigns") - sum(7 ** i for i in range(10)) / 1e6) < 1e-9)
doc = open(f"{SOURCE}/docs/operations.md", encoding="utf-8").read()
for _, name, labels in table:
    row = re.search(rf"^\| `{name}` \|([^|]*)\|([^|]*)\|", doc, re.M)
    case(f"{name} is in docs/operations.md", bool(row))
    if row:
        case(f"{name}: its labels there", labels == row[2].replace("`", "").replace(" ", ""), row[2])

print(f"1..{len(cases)}")
for i, (name, right, seen) in enumerate(cases, 1):
    print(f"{'ok' if right else 'not ok'} {i} - {name}")
    if not right:
        print(f"# {seen}")
sys.exit(not all(right for _, right, _ in cases))
