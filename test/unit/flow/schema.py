#!/usr/bin/python3
"""The schema, the examples and the loader agree: usage schema.py VERDICT-PROGRAM. Prints TAP.

Every example is good for both. What is changed in a way the schema can see is bad for both. What
only the graph shows is good for the schema and bad for the loader."""
import copy
import glob
import json
import os
import re
import subprocess
import sys

import jsonschema

SOURCE = os.environ["KOLCAST_SOURCE"]
with open(f"{SOURCE}/schema/flow.schema.json", encoding="utf-8") as f:
    SCHEMA = json.load(f)
jsonschema.Draft202012Validator.check_schema(SCHEMA)
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

BASE = {
    "version": 1,
    "start": "ask",
    "variables": {"v": ""},
    "nodes": {
        "ask": {
            "type": "menu",
            "prompt": ["a.wav", "b.wav"],
            "keys": {"1": "text", "2": "type", "3": "never", "4": "mark", "*": "ask"},
            "barge_in": False,
            "invalid": {"prompt": "i.wav", "limit": 0, "next": "sorry"},
            "silence": {"after": "2.5s", "prompt": ["s.wav"], "limit": 10, "next": "bye"},
        },
        "text": {"type": "action", "action": "sms", "text": "שלום\n{{name|you}}", "next": "bye"},
        "type": {"type": "capture", "prompt": "c.wav", "variable": "v", "min": 2, "max": 4,
                 "finish": "*", "next": "bye"},
        "never": {"type": "action", "action": "opt_out", "list": "x", "next": "bye",
                  "failed": "sorry"},
        "mark": {"type": "action", "action": "set", "variable": "v", "value": "", "next": "end"},
        "end": {"type": "action", "action": "hang_up", "note": "the end"},
        "sorry": {"type": "play", "prompt": "הקלטה.wav"},
        "bye": {"type": "play", "prompt": "sub/bye.wav"},
    },
}
GONE = object()

# (path, value): form that is right
GOOD = [
    (["note"], "anything"),
    (["$schema"], "x.json"),
    (["variables", "w"], "ערך"),
    (["variables"], {"v": "x" * 64}),
    (["nodes", "ask", "silence", "after"], 3),
    (["nodes", "ask", "silence", "after"], "500ms"),
    (["nodes", "ask", "silence", "after"], "1m"),
    (["nodes", "ask", "silence", "after"], "5 s"),
    (["nodes", "ask", "silence"], {}),
    (["nodes", "ask", "invalid"], GONE),
    (["nodes", "ask", "keys", "#"], "bye"),
    (["nodes", "ask", "keys", "D"], "bye"),
    (["nodes", "ask", "prompt"], ["x.wav"] * 16),
    (["nodes", "type", "finish"], ""),
    (["nodes", "type", "min"], GONE),
    (["nodes", "type", "max"], 32),
    (["nodes", "mark", "value"], "x" * 64),
    (["nodes", "never", "list"], GONE),
    (["nodes", "never", "failed"], GONE),
    (["nodes", "text", "text"], "x" * 1600),
    (["nodes", "text", "text"], "{{name|}} {{ a b | c }} {one} }}"),
    (["nodes", "bye", "note"], ["any", 1]),
]
# form that is wrong
BAD = [
    (["version"], 2), (["version"], "1"), (["version"], GONE),
    (["start"], GONE), (["start"], 7),
    (["extra"], 1),
    (["variables"], []), (["variables", "v"], 1), (["variables", "v"], "x" * 65),
    (["variables", "v"], "a\u0007b"), (["variables", "1v"], ""), (["variables", "a b"], ""),
    (["variables", "v" * 49], ""), (["variables", ""], ""),
    (["variables"], {f"v{i}": "" for i in range(33)} | {"v": ""}),
    (["nodes"], {}), (["nodes"], []), (["nodes"], GONE),
    (["nodes", "bye"], "x"), (["nodes", "bye", "type"], "say"), (["nodes", "bye", "type"], GONE),
    (["nodes", "bye", "prompt"], GONE), (["nodes", "bye", "prompt"], ""),
    (["nodes", "bye", "prompt"], []), (["nodes", "bye", "prompt"], 3),
    (["nodes", "bye", "prompt"], ["x.wav"] * 17), (["nodes", "bye", "prompt"], ["x.wav", ""]),
    (["nodes", "bye", "prompt"], "/etc/x.wav"), (["nodes", "bye", "prompt"], "../x.wav"),
    (["nodes", "bye", "prompt"], "a\\b.wav"), (["nodes", "bye", "prompt"], "a\nb.wav"),
    (["nodes", "bye", "prompt"], "x" * 256), (["nodes", "bye", "next"], 1),
    (["nodes", "bye", "keys"], {"1": "ask"}),
    (["nodes", "ask", "keys"], GONE), (["nodes", "ask", "keys"], {}),
    (["nodes", "ask", "keys", "x"], "bye"), (["nodes", "ask", "keys", "12"], "bye"),
    (["nodes", "ask", "keys", "a"], "bye"), (["nodes", "ask", "keys", "1"], None),
    (["nodes", "ask", "next"], "bye"), (["nodes", "ask", "barge_in"], 1),
    (["nodes", "ask", "invalid"], "bye"), (["nodes", "ask", "invalid", "limit"], -1),
    (["nodes", "ask", "invalid", "limit"], 11), (["nodes", "ask", "invalid", "limit"], 1.5),
    (["nodes", "ask", "invalid", "after"], "5s"), (["nodes", "ask", "silence", "after"], "soon"),
    (["nodes", "ask", "silence", "after"], 0.4), (["nodes", "ask", "silence", "after"], 61),
    (["nodes", "ask", "silence", "after"], "5 parsecs"),
    (["nodes", "ask", "silence", "times"], 2),
    (["nodes", "type", "variable"], GONE), (["nodes", "type", "min"], 0),
    (["nodes", "type", "max"], 33), (["nodes", "type", "finish"], "5"),
    (["nodes", "type", "finish"], "##"), (["nodes", "type", "keys"], {"1": "bye"}),
    (["nodes", "text", "action"], "mail"), (["nodes", "text", "action"], GONE),
    (["nodes", "text", "text"], GONE), (["nodes", "text", "text"], ""),
    (["nodes", "text", "text"], "x" * 1601), (["nodes", "text", "text"], "a\u0001"),
    (["nodes", "text", "list"], "x"),
    (["nodes", "never", "list"], ""), (["nodes", "never", "list"], "a\nb"),
    (["nodes", "mark", "value"], GONE), (["nodes", "mark", "value"], "a\nb"),
    (["nodes", "mark", "value"], "x" * 65), (["nodes", "mark", "failed"], "bye"),
    (["nodes", "end", "next"], "bye"),
]
# only the graph shows it: fine for the schema, not for the loader
GRAPH = [
    (["start"], "nowhere"),
    (["nodes", "ask", "keys", "1"], "nowhere"),
    (["nodes", "bye", "next"], "bye"),
    (["nodes", "bye", "next"], "ask"),
    (["nodes", "island"], {"type": "play", "prompt": "x.wav"}),
    (["nodes", "type", "variable"], "w"),
    (["nodes", "type", "min"], 5),
    (["nodes", "never", "failed"], "bye"),
    (["nodes", "text", "text"], "Hello {{name"),
    (["nodes", "text", "text"], "Hello {{name}} {{ }}"),
    (["nodes", "text", "text"], "Hello {{|friend}}"),
]


def changed(path, value):
    flow = copy.deepcopy(BASE)
    at = flow
    for key in path[:-1]:
        at = at[key]
    if value is GONE:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return flow


def main():
    cases = [("base", BASE, True, True)]
    for path in sorted(glob.glob(f"{SOURCE}/examples/flows/*.json")):
        with open(path, encoding="utf-8") as file:
            flow = json.load(file)
        cases.append((os.path.basename(path), flow, True, True))
        for name in prompts(flow):
            if not os.path.exists(f"{SOURCE}/examples/audio/{name}"):
                cases.append((f"{path} lacks {name}", {}, True, True))
    with open(f"{SOURCE}/docs/flows.md", encoding="utf-8") as file:
        for number, block in enumerate(re.findall(r"```json\n(\{.*?)```", file.read(), re.S)):
            if '"nodes"' in block:
                cases.append((f"docs/flows.md, block {number}", json.loads(block), True, True))
    for changes, schema, loader in ((GOOD, True, True), (BAD, False, False), (GRAPH, True, False)):
        for path, value in changes:
            text = "gone" if value is GONE else json.dumps(value)[:30]
            cases.append((f"{'.'.join(path)[:60]} = {text}", changed(path, value), schema, loader))
    lines = "".join(json.dumps(flow) + "\n" for _, flow, _, _ in cases)
    verdicts = subprocess.run([sys.argv[1]], input=lines, capture_output=True, text=True,
                              check=True).stdout.splitlines()
    assert len(verdicts) == len(cases)
    failed = 0
    for number, ((name, flow, schema, loader), verdict) in enumerate(zip(cases, verdicts), 1):
        by_schema = VALIDATOR.is_valid(flow)
        fine = by_schema == schema and (verdict == "good") == loader
        failed += not fine
        print(f"{'ok' if fine else 'not ok'} {number} - {name.replace('#', 'hash')}")
        if not fine:
            print(f"# schema says {by_schema}, wanted {schema}; loader says {verdict}")
    print(f"1..{len(cases)}")
    return failed > 0


def prompts(value):
    """All prompt names in a flow."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "prompt":
                yield from [inner] if isinstance(inner, str) else inner
            else:
                yield from prompts(inner)


sys.exit(main())
