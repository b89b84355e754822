#!/usr/bin/python3
"""The contract is sound, and the checker in C judges as a full JSON Schema implementation does:
usage contract.py VERDICT-PROGRAM. Prints TAP.

The examples of every body are mutated at random (seeded): keys go, come, get other types and
values. Both must agree on each."""
import copy
import json
import os
import random
import re
import subprocess
import sys

import jsonschema

BUILD = os.environ["KOLCAST_BUILD"]
SOURCE = os.environ["KOLCAST_SOURCE"]
with open(f"{BUILD}/src/api/openapi.json", encoding="utf-8") as f:
    DOCUMENT = json.load(f)
SEED = int(os.environ.get("PROP_SEED", "7"))
METHODS = ("get", "post", "put", "delete")

checker = jsonschema.FormatChecker(formats=[])


@checker.checks("date-time")
def is_time(text):
    if not isinstance(text, str):
        return True
    m = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)", text)
    return bool(m) and int(m[1]) >= 1900 and 1 <= int(m[2]) <= 12 and 1 <= int(m[3]) <= 28 and int(m[4]) < 24


@checker.checks("email")
def is_email(text):
    odd = r"\s<>\",;:\\()\[\]\x00-\x20\x7f"
    return not isinstance(text, str) or bool(re.fullmatch(rf"[^@{odd}]+@[^@.{odd}]([^@{odd}]*[^@.{odd}])?", text))


@checker.checks("text")
def is_text(text):
    return not isinstance(text, str) or not re.search(r"[\x00-\x1f\x7f]", text)


@checker.checks("e164")
def is_number(text):
    return not isinstance(text, str) or bool(re.fullmatch(r"\+[1-9][0-9]{4,14}", text))


count = 0


def case(ok, name, more=""):
    global count
    count += 1
    print(f"{'ok' if ok else 'not ok'} {count} - {name}")
    for line in more.splitlines() if not ok else []:
        print("# " + line)


def operations():
    for path, item in DOCUMENT["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def without_loaders(node):
    """As the checker sees it: what has a loader of its own is any object."""
    if isinstance(node, dict):
        if "x-loader" in node:
            return {"type": "object"}
        return {k: without_loaders(v) for k, v in node.items()}
    return [without_loaders(n) for n in node] if isinstance(node, list) else node


def validator(pointer, document):
    return jsonschema.Draft202012Validator({"$ref": "#" + pointer, "components": document["components"]},
                                           format_checker=checker)


def examples():
    """Pointer of a schema, a right value."""
    for name, schema in DOCUMENT["components"]["schemas"].items():
        for value in schema.get("examples", []):
            yield f"/components/schemas/{name}", value
    more = {  # bodies without an example of their own
        "SetupInput": {"token": "kt_x", "email": "a@example.org", "name": "A", "password": "secret"},
        "PasswordChange": {"current": "a", "password": "b"}, "PasswordProof": {"password": "a"},
        "TotpCode": {"code": "123456"}, "ResetRequest": {"email": "a@b.c"}, "RefreshInput": {},
        "ResetCompletion": {"token": "x", "password": "y"}, "Duplicate": {"name": "again"},
        "UserInput": {"email": "a@b.c", "name": "x", "role": "Analyst", "disabled": False}, "Stop": {"hang_up": True},
        "ContactChange": {"name": None, "extra": {"a": "b"}, "hours": "09:00-12:00"},
        "Settings": {"organization": "", "region": "IL", "time_zone": "Asia/Jerusalem", "currency": "ILS"},
        "CampaignInput": {
            "name": "x", "list_id": 1, "flow_id": 2, "windows": {"sun": "09:00-10:00", "mon": ["09:00-10:00"]},
            "start": "2026-11-23T09:00", "holidays": ["2026-12-05"], "ring_timeout": 30, "max_call": "5m",
            "retry": {"busy": {"times": 2, "after": "10m"}}, "cost": {"per_minute": 0.1, "currency": "ILS"}},
    }
    for name, value in more.items():
        yield f"/components/schemas/{name}", value


ODD = [None, True, False, 0, 1, -1, 7, 2 ** 53, 1.5, 2.0, 0.001, 1e300, "", "x", "IL", "Analyst", "0" * 300,
       "é" * 100, "\u0001", "a\nb", "+972501234567", "050-1234567", "2026-11-23T21:05:00Z", "2026-11-23", [], {},
       [1], ["x"], {"x": 1}, [[]], "09:00-10:00", "10m", "a@example.org", "a@b@c", "-1", "[", "*", "../x", "x" * 128]


def places(value, path=()):
    yield path
    if isinstance(value, dict):
        for k, v in value.items():
            yield from places(v, path + (k,))
    elif isinstance(value, list):
        for i, v in enumerate(value):
            yield from places(v, path + (i,))


def mutate_once(rng, value):
    path = rng.choice(list(places(value)))
    odd = copy.deepcopy(rng.choice(ODD))
    if not path:
        if isinstance(value, dict) and rng.random() < 0.9:
            value[rng.choice(["x", "name", "id", "note", "flow", "kind"])] = odd
            return value
        return odd if rng.random() < 0.2 else value
    at = value
    for part in path[:-1]:
        at = at[part]
    what = rng.random()
    if what < 0.2:
        del at[path[-1]]
    elif what < 0.3 and isinstance(at, list):
        at += [copy.deepcopy(at[path[-1]])] * rng.choice([1, 5, 40])
    elif what < 0.4 and isinstance(at[path[-1]], dict):
        at[path[-1]]["zzz"] = odd
    else:
        at[path[-1]] = odd
    return value


def mutate(rng, value):
    value = copy.deepcopy(value)
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        value = mutate_once(rng, value)
    return value


def agree(program):
    rng = random.Random(SEED)
    tries = []
    for pointer, value in examples():
        tries.append((pointer, value, True))
        tries += [(pointer, mutate(rng, value), None) for _ in range(150)]
    lines = "".join(f"{p} {json.dumps(v, ensure_ascii=False)}\n" for p, v, _ in tries)
    out = subprocess.run([program], input=lines, capture_output=True, text=True, check=True).stdout.splitlines()
    checked, validators, wrong, right, bad = without_loaders(DOCUMENT), {}, [], 0, 0
    for (pointer, value, must), verdict in zip(tries, out, strict=True):
        v = validators.setdefault(pointer, validator(pointer, checked))
        expected = v.is_valid(value)
        right += expected
        bad += not expected
        if must and not expected:
            wrong.append(f"{pointer}: the example is wrong: {next(v.iter_errors(value)).message}")
        if verdict[0] != ("1" if expected else "0"):
            wrong.append(f"{pointer} {json.dumps(value, ensure_ascii=False)[:300]}: should be {expected}: {verdict}")
    case(not wrong and right > 500 and bad > 1000, f"{right} right and {bad} wrong bodies are judged alike",
         "\n".join(wrong[:10]))


def table(path, name):
    text = open(f"{SOURCE}/src/{path}", encoding="utf-8").read()
    return re.findall(r'X\(\w+,\s*"([\w:]+)"', text[text.index(f"#define {name}("):].split("\n\n")[0])


def enums():
    """Words that C has too, in the same order."""
    schemas = DOCUMENT["components"]["schemas"]
    pairs = [("Outcome", table("store/model.h", "DISPOSITION_TABLE")),
             ("CampaignState", table("store/model.h", "CAMPAIGN_STATE_TABLE")),
             ("TargetState", table("store/model.h", "TARGET_STATE_TABLE"))]
    if os.path.exists(f"{SOURCE}/src/identity/role.h"):
        pairs.append(("Scope", table("identity/role.h", "SCOPE_TABLE")))
    for name, words in pairs:
        case(schemas[name]["enum"] == words, f"{name} are those of the program", f"{schemas[name]['enum']}\n{words}")
    number = open(f"{SOURCE}/src/phone/number.cpp", encoding="utf-8").read()
    gone = [w for w in schemas["NumberKind"]["enum"] if f'"{w}"' not in number]
    case(not gone, "NumberKind are those of the program", "\n".join(gone))
    case(set(schemas["ByTargetState"]["required"]) == set(schemas["TargetState"]["enum"]), "counts name every state")


def loaders():
    """What the checker leaves to a loader is right in the examples by the whole schema too."""
    for name in ("FlowInput", "CampaignInput"):
        for value in DOCUMENT["components"]["schemas"][name]["examples"]:
            v = validator(f"/components/schemas/{name}", DOCUMENT)
            case(v.is_valid(value), f"the example of {name} is right", "\n".join(e.message for e in v.iter_errors(value)))


def shape():
    for schema in DOCUMENT["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    case(DOCUMENT["openapi"].startswith("3.1"), "OpenAPI 3.1")
    bad = [f"{m} {p}" for p, m, op in operations() if not any(s[0] in "123" for s in op["responses"])]
    case(not bad, "every operation has an answer that is no fault", "\n".join(bad))
    bad = [f"{m} {p}" for p, m, op in operations() if m == "put" and "412" not in op["responses"] and not op.get("x-spool")]
    # A part of an upload says by its offset what it follows.
    case(not bad, "every update asks for If-Match", "\n".join(bad))


shape()
enums()
loaders()
agree(sys.argv[1])
print(f"1..{count}")
