#!/usr/bin/python3
"""From schema/openapi.yaml to what the program and the tools use.

  gen-openapi.py CONTRACT.yaml --json OUT.json      the bundled document, for clients and tests
  gen-openapi.py CONTRACT.yaml --table OUT.c        the table of operations (src/api/operation.h)
  gen-openapi.py CONTRACT.yaml --header OUT.h       declarations of the handlers
  gen-openapi.py CONTRACT.yaml --document OUT.c     the document as C strings

Whatever the checker in src/api/schema.c would not understand is refused here, at build time."""
import argparse
import copy
import json
import pathlib
import re
import sys

import yaml

ROLES = {"Public": "ROLE_NONE", "Analyst": "ROLE_ANALYST", "CampaignManager": "ROLE_CAMPAIGN_MANAGER",
         "Administrator": "ROLE_ADMINISTRATOR"}
METHODS = ("get", "post", "put", "patch", "delete")
BODY_MAX = 65536
# What src/api/schema.c checks, and what it may pass over.
CHECKED = {"$ref", "type", "properties", "required", "additionalProperties", "enum", "const", "pattern",
           "format", "minimum", "maximum", "minLength", "maxLength", "items", "minItems", "maxItems",
           "minProperties", "maxProperties", "propertyNames", "oneOf", "x-loader"}
PASSED_OVER = {"description", "default", "examples", "example", "title", "writeOnly", "readOnly"}
FORMATS = {"date-time", "email", "e164", "text", "int64", "binary", "uri-reference"}
# Other tools do not know our format "text".
TEXT = r"^[^\u0000-\u001f\u007f]*$"
# Faults that every operation may answer, beside those it names.
PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}


class Fault(Exception):
    pass


def snake(name):
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def pointer_escape(text):
    return text.replace("~", "~0").replace("/", "~1")


def look_up(document, pointer):
    at = document
    for part in pointer.lstrip("#").strip("/").split("/"):
        if part:
            part = part.replace("~1", "/").replace("~0", "~")
            at = at[int(part)] if isinstance(at, list) else at[part]
    return at


class Bundler:
    """Takes schemas of other files into components/schemas, each under the file's name."""

    def __init__(self, folder):
        self.folder, self.files, self.schemas = folder, {}, {}

    def file(self, name):
        if name not in self.files:
            with open(self.folder / name, encoding="utf-8") as f:
                self.files[name] = json.load(f)
            for key, schema in self.files[name].get("$defs", {}).items():
                self.schemas[self.local(name, key)] = self.within(schema, name)
        return self.files[name]

    @staticmethod
    def local(file, key):
        return file.split(".")[0].capitalize() + "_" + key

    def within(self, node, file):
        """A copy of a file's schema in which its own references point into this document."""
        if isinstance(node, list):
            return [self.within(n, file) for n in node]
        if not isinstance(node, dict):
            return node
        out = {k: self.within(v, file) for k, v in node.items()}
        ref = node.get("$ref")
        if isinstance(ref, str):
            match = re.fullmatch(r"#/\$defs/(\w+)", ref)
            if not match:
                raise Fault(f"{file}: reference {ref} is not to one of its $defs")
            out["$ref"] = f"#/components/schemas/{self.local(file, match[1])}"
        return out

    def walk(self, node):
        if isinstance(node, list):
            return [self.walk(n) for n in node]
        if not isinstance(node, dict):
            return node
        ref = node.get("$ref", "")
        if isinstance(ref, str) and ref and not ref.startswith("#"):
            name, _, pointer = ref.partition("#")
            root = self.file(name)
            if not pointer.strip("/"):
                root = {k: v for k, v in root.items() if k not in ("$defs", "$schema", "$id")}
            schema = self.within(look_up(root, pointer), name)
            return {**schema, **{k: self.walk(v) for k, v in node.items() if k != "$ref"}}
        return {k: self.walk(v) for k, v in node.items()}


def plain_patterns(node):
    """POSIX knows no \\uXXXX: the characters themselves. U+0000 never gets past the JSON parser.
    What the format "text" means is said as a pattern besides."""
    def plain(text):
        return re.sub(r"\\u([0-9a-f]{4})", lambda m: chr(max(1, int(m[1], 16))), text)

    if isinstance(node, dict):
        if node.get("format") == "text":
            node = {"pattern": TEXT, **node}
        return {k: plain(v) if k == "pattern" and isinstance(v, str) else plain_patterns(v) for k, v in node.items()}
    return [plain_patterns(n) for n in node] if isinstance(node, list) else node


def resolve(document, node):
    while "$ref" in node:
        node = look_up(document, node["$ref"])
    return node


def operations(document):
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def complete(document):
    """Parameters of a path go to its operations; the answers that all share are added."""
    for path, item in document["paths"].items():
        shared = item.pop("parameters", [])
        for method in METHODS:
            if method in item:
                item[method]["parameters"] = shared + item[method].get("parameters", [])
    for path, method, op in operations(document):
        answers = op["responses"]

        def add(status, text, **more):
            answers.setdefault(status, {"description": text, "content": PROBLEM, **more})

        names = {resolve(document, p)["name"] for p in op["parameters"]}
        if op.get("x-role") == "Public":
            op["security"] = []
        else:
            add("401", "Not signed in")
            add("403", "Signed in, but not allowed to do this")
        if op["parameters"] or "requestBody" in op:
            add("400", "A parameter or the JSON cannot be read, or the body is missing")
            add("422", "Something in a parameter or the body is wrong; `errors` says what")
        if "{" in path:
            add("404", "There is no such thing")
        if "requestBody" in op:
            add("413", "The body is too large")
            add("415", "A body of this type is not taken")
        if "If-Match" in names:
            add("412", "Somebody else changed it first: read it again")
            add("428", "If-Match is missing")
        if method != "get":
            add("409", "Not possible as things stand")
        add("429", "Too many requests", headers={"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds"}})
        add("default", "Something else went wrong")


def check_schema(document, schema, place, seen):
    unknown = {k for k in schema if k not in CHECKED | PASSED_OVER and not k.startswith("x-")}
    if schema.get("x-loader"):
        return
    if unknown:
        raise Fault(f"{place}: the checker does not know {', '.join(sorted(unknown))}")
    if schema.get("format", "text") not in FORMATS:
        raise Fault(f"{place}: the checker does not know the format {schema['format']}")
    if "(?" in schema.get("pattern", "") or re.search(r"\\[dwsbDWSB]", schema.get("pattern", "")):
        raise Fault(f"{place}: write the pattern as a POSIX extended one")
    if "$ref" in schema and schema["$ref"] not in seen:
        seen.add(schema["$ref"])
        check_schema(document, look_up(document, schema["$ref"]), schema["$ref"], seen)
    for key, child in schema.get("properties", {}).items():
        check_schema(document, child, f"{place}/{key}", seen)
    for key in ("items", "additionalProperties", "propertyNames"):
        if isinstance(schema.get(key), dict):
            check_schema(document, schema[key], f"{place}/{key}", seen)
    for i, child in enumerate(schema.get("oneOf", [])):
        check_schema(document, child, f"{place}/oneOf/{i}", seen)


def check_references(document, node, place="#"):
    if isinstance(node, dict):
        ref = node.get("$ref")
        if isinstance(ref, str):
            try:
                look_up(document, ref)
            except (KeyError, IndexError):
                raise Fault(f"{place}: {ref} is not there")
        for k, v in node.items():
            check_references(document, v, f"{place}/{k}")
    elif isinstance(node, list):
        for i, v in enumerate(node):
            check_references(document, v, f"{place}/{i}")


def check(document):
    ids, tags, seen = set(), {t["name"] for t in document["tags"]}, set()
    check_references(document, document)
    for path, method, op in operations(document):
        place = f"{method.upper()} {path}"
        if op["operationId"] in ids:
            raise Fault(f"{place}: there is another {op['operationId']}")
        ids.add(op["operationId"])
        if op.get("x-role") not in ROLES:
            raise Fault(f"{place}: x-role must be one of {', '.join(ROLES)}")
        scopes = document["components"]["schemas"]["Scope"]["enum"] + ["none"]
        if op["x-role"] != "Public" and op.get("x-scope") not in scopes:
            raise Fault(f"{place}: x-scope must be one of {', '.join(scopes)}")
        if not set(op["tags"]) <= tags or not op.get("summary"):
            raise Fault(f"{place}: needs a known tag and a summary")
        if op.get("x-rate", "default") not in document["x-rates"]:
            raise Fault(f"{place}: no such rate in x-rates")
        declared = {resolve(document, p)["name"] for p in op["parameters"] if resolve(document, p)["in"] == "path"}
        if declared != set(re.findall(r"\{(\w+)\}", path)):
            raise Fault(f"{place}: the path and its parameters differ")
        for p in op["parameters"]:
            p = resolve(document, p)
            check_schema(document, p["schema"], f"{place} {p['name']}", seen)
        for kind, content in op.get("requestBody", {}).get("content", {}).items():
            check_schema(document, content["schema"], f"{place} {kind}", seen)


def load(path):
    with open(path, encoding="utf-8") as f:
        document = yaml.safe_load(f)
    bundler = Bundler(pathlib.Path(path).parent)
    document = bundler.walk(document)
    document["components"]["schemas"].update(bundler.schemas)
    document = plain_patterns(document)
    complete(document)
    check(document)
    return document


# ---- C ------------------------------------------------------------------------------------------


def c_string(text):
    out = []
    for byte in text.encode():
        ch = chr(byte)
        if ch in '"\\':
            out.append("\\" + ch)
        elif 0x20 <= byte < 0x7f and ch != "?":  # no trigraphs
            out.append(ch)
        else:
            out.append(f"\\{byte:03o}")
    return '"' + "".join(out) + '"'


def parameter_row(document, base, i, parameter):
    pointer = f"{base}/parameters/{i}/schema"
    if "$ref" in parameter:
        pointer = parameter["$ref"].lstrip("#") + "/schema"
    p = resolve(document, parameter)
    return (f"    {{{c_string(p['name'])}, API_IN_{p['in'].upper()}, {'true' if p.get('required') else 'false'}, "
            f"{c_string(pointer)}}},")


def scope(op):
    name = op.get("x-scope", "none")
    return "-1" if name == "none" else "SCOPE_" + name.upper().replace(":", "_")


def operation_row(document, number, path, method, op):
    name, base = snake(op["operationId"]), f"/paths/{pointer_escape(path)}/{method}"
    params = [resolve(document, p)["name"] for p in op["parameters"]]
    body, lines = op.get("requestBody"), []
    rates = list(document["x-rates"])
    fields = [f'.id = "{op["operationId"]}"', f'.method = "{method.upper()}"', f'.path = "{path}"',
              f".role = {ROLES[op['x-role']]}", f".scope = {scope(op)}", f".rate = {rates.index(op.get('x-rate', 'default'))}",
              f".handle = api_{name}"]
    if op["parameters"]:
        lines.append(f"static const struct api_parameter parameters_{number}[] = {{")
        lines += [parameter_row(document, base, i, p) for i, p in enumerate(op["parameters"])]
        lines.append("};")
        fields.append(f".parameters = parameters_{number}, .parameter_count = {len(params)}")
    if body:
        kinds = list(body["content"])
        lines.append(f"static const char *const types_{number}[] = {{{', '.join(map(c_string, kinds))}, NULL}};")
        fields.append(f".body_types = types_{number}, .body_max = {op.get('x-body-max', BODY_MAX)}")
        fields.append(f".body_required = {'true' if body.get('required') else 'false'}")
        if op.get("x-spool"):
            fields.append(".spool = true")
        else:
            fields.append(f".body_schema = {c_string(base + '/requestBody/content/application~1json/schema')}")
    if "Idempotency-Key" in params:
        fields.append(".idempotent = true")
    if "If-Match" in params:
        fields.append(".if_match = true")
    if op.get("x-any-query"):
        fields.append(".any_query = true")
    if "x-audit" in op:
        fields.append(f'.audit = "{op["x-audit"]}"')
    return lines, "    {" + ",\n     ".join(fields) + "},"


def write_table(document, out):
    static, rows = [], []
    for number, (path, method, op) in enumerate(operations(document)):
        lines, row = operation_row(document, number, path, method, op)
        static += lines
        rows.append(row)
    rates = [f'    {{"{name}", {r["per_second"]}, {r["burst"]}}},' for name, r in document["x-rates"].items()]
    out.write("/* Made of schema/openapi.yaml. */\n#include <stddef.h>\n\n#include \"api/operation.h\"\n"
              "#include \"handlers.h\"\n\n")
    out.write("\n".join(static))
    out.write("\n\nconst struct api_operation api_operations[] = {\n" + "\n".join(rows) + "\n};\n")
    out.write(f"const unsigned api_operation_count = {len(rows)};\n\n")
    out.write("const struct api_rate api_rates[] = {\n" + "\n".join(rates) + "\n};\n")
    out.write(f"const unsigned api_rate_count = {len(rates)};\n")


def write_header(document, out):
    out.write("/* Made of schema/openapi.yaml: the handlers, one for each operation. */\n#pragma once\n\n"
              "struct api_call;\n\n")
    for path, method, op in operations(document):
        out.write(f"int api_{snake(op['operationId'])}(struct api_call *c); /* {method.upper()} {path} */\n")


def write_document(document, out):
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    out.write("/* Made of schema/openapi.yaml. */\n#include \"api/document.h\"\n\nconst char api_document[] =\n")
    for i in range(0, len(text), 100):
        out.write("    " + c_string(text[i:i + 100]) + "\n")
    out.write(f"    ;\nconst size_t api_document_size = {len(text.encode())};\n")


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("contract")
    for name in ("json", "table", "header", "document"):
        args.add_argument("--" + name)
    args = args.parse_args()
    try:
        document = load(args.contract)
    except (Fault, yaml.YAMLError, KeyError) as e:
        sys.exit(f"{args.contract}: {e}")
    writers = {"table": write_table, "header": write_header, "document": write_document,
               "json": lambda d, f: json.dump(d, f, ensure_ascii=False, indent=1)}
    for name, write in writers.items():
        if getattr(args, name):
            with open(getattr(args, name), "w", encoding="utf-8") as f:
                write(copy.deepcopy(document), f)


if __name__ == "__main__":
    main()
