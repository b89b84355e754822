#!/usr/bin/python3
"""The schema, the examples and the loader agree: usage schema.py VERDICT-PROGRAM. Prints TAP.

Every example is good for both. What is changed in a way the schema can see is bad for both. What
only the meaning shows is good for the schema and bad for the loader."""
import copy
import glob
import json
import os
import re
import subprocess
import sys

import jsonschema

SOURCE = os.environ["KOLCAST_SOURCE"]
with open(f"{SOURCE}/schema/campaign.schema.json", encoding="utf-8") as f:
    SCHEMA = json.load(f)
jsonschema.Draft202012Validator.check_schema(SCHEMA)
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

BASE = {
    "version": 1,
    "name": "תרומות חורף",
    "kind": "voice",
    "region": "IL",
    "time_zone": "Asia/Jerusalem",
    "caller": {"name": "Open Hands", "number": "+97225551234"},
    "windows": {"sun-thu": ["09:00-12:00", "14:00-20:30"], "fri": "09:00-13:00"},
    "start": "2026-11-23T09:00",
    "end": "2026-12-23T09:00:00Z",
    "holidays": ["2026-12-05"],
    "trunks": [
        {"name": "a", "host": "sip.example.org", "port": 5060, "user": "u", "password": "p",
         "domain": "example.org", "register": True, "caller_number": "+97225551234",
         "max_calls": 10, "calls_per_second": 1.5, "order": 2, "weight": 10,
         "rewrite": [{"from": "+972", "to": "0"}, {"from": "+", "to": "00"}],
         "caller_numbers": [{"prefix": "+9722", "numbers": ["+97225551234"]}, {"numbers": ["031234567"]}]},
        {"name": "b", "host": "192.0.2.1"},
    ],
    "pace": {"calls_per_second": 20, "max_calls": 200},
    "retry": {"max_attempts": 3, "per_day": 2, "busy": {"times": 2, "after": "10m"},
              "no_answer": {"times": 1}, "failed": {"times": 0}},
    "ring_timeout": "30s",
    "max_call": 300,
    "cost": {"per_minute": 0.05, "per_call": 0, "currency": "ILS"},
    "flow": {"version": 1, "start": "hello",
             "nodes": {"hello": {"type": "play", "prompt": "hello.wav"}}},
    "audio": "audio",
}
GONE = object()

# (path, value): form that is right
GOOD = [
    (["kind"], GONE), (["region"], GONE), (["time_zone"], GONE), (["caller"], GONE),
    (["windows"], GONE), (["windows"], "sun-thu 09:00-20:30; fri 09:00-13:00"),
    (["windows"], "09:00-20:30"), (["start"], GONE), (["start"], "2026-11-23"), (["start"], "2026-11-23 09:00"), (["end"], GONE),
    (["holidays"], []), (["trunks"], GONE), (["pace"], GONE), (["pace"], {}),
    (["pace", "calls_per_second"], 0.01), (["retry"], {}), (["retry", "per_day"], 0),
    (["retry", "machine"], {}), (["ring_timeout"], "1s"), (["max_call"], "1h"), (["cost"], GONE),
    (["note"], [1]), (["$schema"], "x"), (["audio"], GONE), (["region"], "US"),
]
# form that is wrong
BAD = [
    (["version"], 2), (["version"], GONE), (["name"], GONE), (["name"], ""), (["name"], "x" * 128),
    (["name"], "a\nb"), (["kind"], "fax"), (["region"], "israel"), (["region"], 7),
    (["time_zone"], 2), (["caller"], "me"), (["caller", "nmae"], "x"),
    (["windows"], {}), (["windows"], 9), (["windows", "fri"], 9),
    (["windows", "fri"], ["nine to five"]), (["windows"], ""),
    (["start"], "tomorrow"), (["start"], 5), (["end"], "2026-12"),
    (["holidays"], "2026-12-05"), (["holidays"], ["2026-13-05"]), (["holidays"], ["soon"]),
    (["holidays"], ["2026-12-05"] * 65), (["holidays"], [5]),
    (["trunks"], []), (["trunks"], {}), (["trunks", 0, "host"], GONE), (["trunks", 0, "name"], ""),
    (["trunks", 0, "port"], 0), (["trunks", 0, "port"], 65536), (["trunks", 0, "register"], 1),
    (["trunks", 0, "max_calls"], 0), (["trunks", 0, "prot"], 1),
    (["trunks", 0, "password_env"], "PATH"), (["trunks", 0, "calls_per_second"], 0),
    (["trunks", 0, "order"], 0), (["trunks", 0, "order"], 101), (["trunks", 0, "weight"], 0),
    (["trunks", 0, "weight"], 1001), (["trunks", 0, "weight"], 1.5),
    (["trunks", 0, "rewrite"], {}), (["trunks", 0, "rewrite", 0, "from"], "972"),
    (["trunks", 0, "rewrite", 0, "to"], "a"), (["trunks", 0, "rewrite", 0, "to"], GONE),
    (["trunks", 0, "caller_numbers", 0, "numbers"], []), (["trunks", 0, "caller_numbers", 0, "prefix"], "9722"),
    (["trunks", 0, "caller_numbers", 0, "numbers", 0], "me"),
    (["pace", "calls_per_second"], 0), (["pace", "calls_per_second"], 10001),
    (["pace", "max_calls"], 0), (["pace", "max_calls"], 1.5), (["pace", "cps"], 1),
    (["retry", "max_attempts"], 0), (["retry", "max_attempts"], 21), (["retry", "per_day"], -1),
    (["retry", "rejected"], {"times": 1}), (["retry", "busy", "times"], 21),
    (["retry", "busy", "after"], "soon"), (["retry", "busy", "after"], 0),
    (["ring_timeout"], "long"), (["ring_timeout"], 0), (["max_call"], "5 parsecs"),
    (["cost", "per_minute"], -1), (["cost", "currency"], "SHEKEL"), (["cost", "tax"], 1),
    (["flow"], GONE), (["flow"], "x"), (["flow_file"], "f.json"), (["audio"], 1), (["extra"], 1),
]
# only the meaning shows it
MEANING = [
    (["region"], "QQ"), (["time_zone"], "Asia/Jerusalemm"), (["caller", "number"], "12"),
    (["windows"], {"someday": ["09:00-10:00"]}), (["windows"], {"sun": ["12:00-10:00"]}),
    (["windows"], "sun"), (["end"], "2026-11-22T09:00"), (["start"], "2026-19-23T09:00"),
    (["start"], "2026-02-30T09:00"), (["holidays"], ["2026-02-29"]),
    (["trunks", 1, "name"], "a"),
    (["trunks", 0, "rewrite", 1, "from"], "+972"), (["trunks", 0, "rewrite", 0], {"from": "+97225551", "to": ""}),
    (["trunks", 0, "caller_numbers", 1, "prefix"], "+9722"), (["trunks", 1, "register"], True),
    (["trunks", 1, "password_env"], "KOLCAST_NO_SUCH_VARIABLE"),
    (["ring_timeout"], "4m"), (["max_call"], "2h"), (["retry", "busy", "after"], "31d"),
    (["flow", "start"], "nowhere"),
]


def changed(path, value):
    campaign = copy.deepcopy(BASE)
    at = campaign
    for key in path[:-1]:
        at = at[key]
    if value is GONE:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return campaign


def main():
    cases = [("base", BASE, True, True)]
    for path in sorted(glob.glob(f"{SOURCE}/examples/*.json")):
        with open(path, encoding="utf-8") as file:
            campaign = json.load(file)
        if "flow_file" in campaign or "flow" in campaign:
            cases.append((os.path.basename(path), campaign, True, True))
    os.environ["SIP_PASSWORD"] = "secret"  # the guide's example names it
    with open(f"{SOURCE}/docs/campaigns.md", encoding="utf-8") as file:
        for number, block in enumerate(re.findall(r"```json\n(\{.*?)```", file.read(), re.S)):
            cases.append((f"docs/campaigns.md, block {number}", json.loads(block), True, True))
    assert len(cases) > 3, "no example, or no block of the guide, is a campaign"
    for changes, schema, loader in ((GOOD, True, True), (BAD, False, False),
                                    (MEANING, True, False)):
        for path, value in changes:
            text = "gone" if value is GONE else json.dumps(value)[:30]
            cases.append((f"{'.'.join(map(str, path))} = {text}", changed(path, value), schema,
                          loader))
    lines = "".join(json.dumps(campaign) + "\n" for _, campaign, _, _ in cases)
    verdicts = subprocess.run([sys.argv[1], f"{SOURCE}/examples"], input=lines,
                              capture_output=True, text=True, check=True).stdout.splitlines()
    assert len(verdicts) == len(cases)
    failed = 0
    for number, ((name, campaign, schema, loader), verdict) in enumerate(zip(cases, verdicts), 1):
        by_schema = VALIDATOR.is_valid(campaign)
        fine = by_schema == schema and (verdict == "good") == loader
        if verdict != "good" and ": " not in verdict:
            fine = False  # a fault without its place
        failed += not fine
        print(f"{'ok' if fine else 'not ok'} {number} - {name.replace('#', 'hash')}")
        if not fine:
            print(f"# schema says {by_schema}, wanted {schema}; loader says {verdict}")
    print(f"1..{len(cases)}")
    return failed > 0


sys.exit(main())
