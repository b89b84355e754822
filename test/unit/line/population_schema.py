#!/usr/bin/python3
"""The population schema, the examples, the manual and the loader agree: usage
population_schema.py VERDICT-PROGRAM. Prints TAP.

Every example is good for both. What is changed in a way the schema can see is bad for both. What
only the meaning shows is good for the schema and bad for the loader."""
import copy
import json
import os
import re
import subprocess
import sys

import jsonschema

SOURCE = os.environ["KOLCAST_SOURCE"]
with open(f"{SOURCE}/schema/population.schema.json", encoding="utf-8") as f:
    SCHEMA = json.load(f)
jsonschema.Draft202012Validator.check_schema(SCHEMA)
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

BASE = {
    "version": 1,
    "seed": 3,
    "anew": True,
    "limits": {"calls": 100, "calls_per_second": 2.5, "retry_after": "2s"},
    "storms": {"every": "1m", "for": "5s"},
    "default": {
        "shares": {"answer": 5, "machine": 1, "busy": 1, "no_answer": 1, "reject": 1, "unknown": 1,
                   "congestion": 1, "stuck": 1, "mute": 1, "abrupt": 1, "wrong_order": 1},
        "keys": {"1": 3, "*": 0.5, "D": 1, "none": 4}, "rounds": 2,
        "ring_after": {"min": 0, "max": "1s"}, "answer_after": {"min": 1, "max": 1},
        "listen": {"min": "500ms", "max": "1.5 s"}, "hang_up_early": 0.25,
        "hang_up_after": {"min": "1s", "max": "1h"}, "greeting": {"min": 1, "max": 2},
        "early_media": 1, "patience": "1d", "retry_after": 0,
    },
    "groups": [
        {"name": "צפון", "prefixes": ["+9724", "97 252-1"], "shares": {"machine": 1}},
        {"numbers": ["+972 50-1234567", "97225551234"], "keys": {"none": 1}},
    ],
}
GONE = object()

# (path, value): form that is right
GOOD = [
    (["$schema"], 1), (["note"], {"any": 1}), (["groups", 0, "note"], "x"), (["seed"], 0),
    (["seed"], GONE), (["limits"], {}), (["storms"], GONE), (["default"], {}), (["groups"], []),
    (["default", "rounds"], 0), (["default", "rounds"], 8), (["default", "patience"], "1ms"),
    (["default", "shares"], {"answer": 0.001}), (["groups", 1, "prefixes"], ["1"]),
    (["groups", 1, "name"], "x" * 47), (["limits", "retry_after"], "7"),
]
# form that is wrong
BAD = [
    (["version"], GONE), (["version"], 2), (["version"], "1"), (["extra"], 1), (["seed"], -1),
    (["seed"], 1.5), (["seed"], "1"), (["anew"], 1), (["anew"], None),
    (["limits"], []), (["limits", "calls"], 0), (["limits", "calls"], 1000001),
    (["limits", "cps"], 1), (["limits", "calls_per_second"], 0), (["limits", "retry_after"], -1),
    (["limits", "retry_after"], "soon"), (["limits", "retry_after"], "1e3s"),
    (["limits", "retry_after"], "1.s"), (["limits", "retry_after"], True),
    (["storms", "for"], GONE), (["storms", "every"], GONE), (["storms", "length"], 1),
    (["default"], []), (["default", "numbers"], ["1"]), (["default", "name"], "x"),
    (["default", "shares"], []), (["default", "shares", "asleep"], 1),
    (["default", "shares", "answer"], -1), (["default", "shares", "answer"], "5"),
    (["default", "shares", "answer"], 1e10),
    (["default", "keys", "E"], 1), (["default", "keys", "10"], 1), (["default", "keys", "1"], None),
    (["default", "rounds"], 9), (["default", "rounds"], -1), (["default", "rounds"], "2"),
    (["default", "listen"], "1s"), (["default", "listen", "min"], GONE),
    (["default", "listen", "mean"], 1), (["default", "greeting", "max"], "x"),
    (["default", "greeting", "min"], -0.5), (["default", "hang_up_early"], 1.1),
    (["default", "early_media"], -0.1), (["default", "early_media"], "often"),
    (["default", "patience"], "5 weeks"),
    (["groups"], {}), (["groups"], [{"numbers": ["1"]}] * 65), (["groups", 0], "x"),
    (["groups", 0, "prefixes"], GONE), (["groups", 0, "prefixes"], []),
    (["groups", 0, "prefixes"], ["1"] * 65), (["groups", 0, "prefixes"], [1]),
    (["groups", 0, "prefixes"], ["05x"]), (["groups", 0, "prefixes"], ["+"]),
    (["groups", 0, "prefixes"], [""]), (["groups", 0, "prefixes"], ["1234567890123456"]),
    (["groups", 1, "numbers"], []), (["groups", 1, "numbers"], "97250"),
    (["groups", 1, "numbers"], [None]), (["groups", 0, "name"], ""), (["groups", 0, "name"], 1),
    (["groups", 0, "name"], "x" * 48), (["groups", 0, "name"], "a\u0007b"),
    (["groups", 0, "seed"], 1),
]
# only the meaning shows it: fine for the schema, not for the loader
MEANING = [
    (["default", "shares"], {"answer": 0}), (["default", "shares"], {}),
    (["default", "keys"], {"none": 0}),
    (["default", "listen"], {"min": 2, "max": 1}), (["default", "listen", "max"], "2h"),
    (["default", "patience"], 0), (["default", "patience"], "25h"),
    (["storms", "for"], "2m"), (["storms", "every"], "500ms"), (["storms", "for"], 0),
    (["groups", 1, "numbers"], ["97250", "+972 50"]), (["groups", 1, "numbers"], ["000"]),
    (["groups", 1, "prefixes"], ["9724"]), (["groups", 0, "prefixes"], ["1", "+1"]),
    (["groups", 0, "name"], "צ" * 47), (["limits", "retry_after"], "2h"),
    (["seed"], 2 ** 64),
]


def changed(path, value):
    population = copy.deepcopy(BASE)
    at = population
    for key in path[:-1]:
        at = at[key]
    if value is GONE:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return population


def main():
    cases = [("base", BASE, True, True), ("least", {"version": 1}, True, True),
             ("no object", [1], False, False)]
    with open(f"{SOURCE}/examples/population.json", encoding="utf-8") as file:
        cases.append(("examples/population.json", json.load(file), True, True))
    with open(f"{SOURCE}/docs/carrier.md", encoding="utf-8") as file:
        blocks = re.findall(r"```json\n(\{.*?)```", file.read(), re.S)
    assert blocks
    for number, block in enumerate(blocks):
        cases.append((f"docs/carrier.md, block {number}", json.loads(block), True, True))
    for changes, schema, loader in ((GOOD, True, True), (BAD, False, False), (MEANING, True, False)):
        for path, value in changes:
            text = "gone" if value is GONE else json.dumps(value)[:30]
            name = ".".join(map(str, path))
            cases.append((f"{name[:60]} = {text}", changed(path, value), schema, loader))
    lines = "".join(json.dumps(population) + "\n" for _, population, _, _ in cases)
    verdicts = subprocess.run([sys.argv[1]], input=lines, capture_output=True, text=True,
                              check=True).stdout.splitlines()
    assert len(verdicts) == len(cases)
    failed = 0
    for number, ((name, population, schema, loader), verdict) in enumerate(zip(cases, verdicts), 1):
        by_schema = VALIDATOR.is_valid(population)
        fine = by_schema == schema and (verdict == "good") == loader
        failed += not fine
        print(f"{'ok' if fine else 'not ok'} {number} - {name.replace('#', 'hash')}")
        if not fine:
            print(f"# schema says {by_schema}, wanted {schema}; loader says {verdict}")
    print(f"1..{len(cases)}")
    return failed > 0


sys.exit(main())
