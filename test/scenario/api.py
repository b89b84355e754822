"""`kolcast serve` as its users see it: started on a free port in a folder of its own; a client that
holds every answer against the contract (status, media type, JSON schema)."""
import http.client
import json
import os
import re
import signal
import subprocess
import threading
import time
import urllib.parse

import jsonschema
from conftest import BUILD, KOLCAST, PATIENCE

with open(BUILD / "src/api/openapi.json", encoding="utf-8") as f:
    CONTRACT = json.load(f)
METHODS = ("get", "post", "put", "delete")
ROLES = ("Public", "Analyst", "CampaignManager", "Administrator")
PASSWORD = "a long enough passphrase, as it should be"

_validators = {}
_open = []  # connections of all clients, closed with their service


def resolve(node):
    while "$ref" in node:
        at = CONTRACT
        for part in node["$ref"].split("/")[1:]:
            at = at[part.replace("~1", "/").replace("~0", "~")]
        node = at
    return node


def operations():
    """(path template, method, operation) of the contract, but for the WebSocket."""
    for path, item in CONTRACT["paths"].items():
        for method in METHODS:
            if method in item and not item[method].get("x-socket"):
                yield path, method, item[method]


OPERATIONS = {op["operationId"]: (path, method, op) for path, method, op in operations()}


def validate(schema, value, what):
    key = json.dumps(schema, sort_keys=True)
    if key not in _validators:
        _validators[key] = jsonschema.Draft202012Validator(
            {**schema, "components": CONTRACT["components"]}, format_checker=jsonschema.FormatChecker())
    errors = sorted(_validators[key].iter_errors(value), key=lambda e: list(e.path))
    assert not errors, f"{what}: {errors[0].json_path}: {errors[0].message}\n{json.dumps(value)[:1500]}"


def template_of(method, path):
    """The operation that a concrete path belongs to; literal segments win."""
    best = None
    for template, m, op in operations():
        if m != method:
            continue
        pattern = "".join("[^/]+" if p.startswith("{") else re.escape(p) for p in re.split(r"(\{\w+\})", template))
        if re.fullmatch(pattern, path) and (best is None or template.count("{") < best[0].count("{")):
            best = (template, op)
    return best


class Answer:
    def __init__(self, status, headers, body, what):
        self.status, self.headers, self.body, self.what = status, headers, body, what

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.what}: {self.status} {self.body[:600]!r}"


class Client:
    """Somebody who uses the API; .token, .cookies and .csrf say who."""

    def __init__(self, port, token=None, check=True):
        self.port, self.token, self.check = port, token, check
        self.cookies, self.csrf = {}, None
        self.local = threading.local()

    def connection(self):
        if getattr(self.local, "connection", None) is None:
            self.local.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60 * PATIENCE)
            _open.append(self.local.connection)
        return self.local.connection

    def send(self, method, path, body, headers):
        for again in (True, False):
            c = self.connection()
            try:
                c.request(method, path, body, headers)
                r = c.getresponse()
                return r.status, r.headers, r.read()
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                c.close()
                self.local.connection = None
                if not again or method != "GET":
                    raise

    def call(self, method, path, json_body=None, *, raw=None, type=None, query=None, headers=None, expect=None,
             **more):
        """expect: the status that it must have (or a tuple of them). more: further query parameters."""
        query = {**(query or {}), **more}
        full = path + ("?" + urllib.parse.urlencode(query) if query else "")
        head = dict(headers or {})
        body = raw
        if json_body is not None:
            body = json.dumps(json_body).encode()
            head.setdefault("Content-Type", "application/json")
        if type:
            head["Content-Type"] = type
        if self.token:
            head.setdefault("Authorization", f"Bearer {self.token}")
        if self.cookies:
            head["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        if self.csrf:
            head.setdefault("X-CSRF-Token", self.csrf)
        status, got, data = self.send(method, full, body, head)
        for cookie in got.get_all("set-cookie") or []:
            name, value = cookie.split(";")[0].split("=", 1)
            self.cookies[name] = value
        a = Answer(status, got, data, f"{method} {full}")
        if self.check:
            self.hold(a, method.lower(), urllib.parse.unquote(path))
        if expect is not None:
            assert status in (expect if isinstance(expect, tuple) else (expect,)), a
        return a

    def hold(self, a, method, path):
        """The answer is one that the contract knows."""
        known = template_of(method, path)
        assert a.headers["X-Request-Id"], a
        assert a.headers["X-Content-Type-Options"] == "nosniff", a
        if known is None or a.status >= 400:
            assert a.status >= 400, a
            assert a.headers.get_content_type() == "application/problem+json", a
            validate({"$ref": "#/components/schemas/Problem"}, a.json, a.what)
            assert a.json["status"] == a.status
            return
        if a.status == 304:
            return
        answers = known[1]["responses"]
        assert str(a.status) in answers, a
        content = resolve(answers[str(a.status)]).get("content", {})
        if not content:
            assert not a.body, a
            return
        kind = a.headers.get_content_type()
        assert any(kind == k or (k.endswith("/*") and kind.startswith(k[:-1])) for k in content), a
        if kind == "application/json":
            validate(content[kind]["schema"], a.json, a.what)
        for name, header in resolve(answers[str(a.status)]).get("headers", {}).items():
            assert a.headers[name], f"{a.what}: no {name}"

    def get(self, path, expect=200, **query):
        return self.call("GET", path, expect=expect, query=query)

    def post(self, path, body=None, expect=(200, 201, 202, 204), **more):
        return self.call("POST", path, body, expect=expect, **more)

    def put(self, path, body, etag, expect=200, **more):
        return self.call("PUT", path, body, headers={"If-Match": etag}, expect=expect, **more)

    def delete(self, path, expect=204, **more):
        return self.call("DELETE", path, expect=expect, **more)

    def pages(self, path, **query):
        """All items, page by page."""
        items, cursor = [], None
        while True:
            a = self.get(path, **query, **({"cursor": cursor} if cursor else {}))
            items += a.json["items"]
            cursor = a.json["next"]
            if not cursor:
                return items

    def upload(self, path, data, type="application/octet-stream", expect=(201, 202), **query):
        return self.call("POST", path, raw=data, type=type, expect=expect, query=query)


def wait(what, seconds=30):
    """Until what() is true; gives it back."""
    until = time.monotonic() + seconds * PATIENCE
    while True:
        got = what()
        if got:
            return got
        assert time.monotonic() < until, "it did not come in time"
        time.sleep(0.03)


class Service:
    """kolcast serve, with an administrator."""

    def __init__(self, folder, *args, set_up=True, env=None, **how):
        """env: more of it; how: for subprocess.Popen."""
        self.folder, self.data, self.args = folder, folder / "data", args
        self.how = {**how, "env": {**os.environ, **(env or {})}}
        self.process, self.port, self.tokens, self.starts = None, None, {}, 0
        self.start()
        if set_up:
            self.set_up()

    def start(self):
        self.starts += 1
        self.errors = open(self.folder / f"serve{self.starts}.err", "wb")
        self.process = subprocess.Popen(
            [KOLCAST, "serve", "--data", self.data, "--listen", f"127.0.0.1:{self.port or 0}", "--json",
             "--no-rate-limits", *map(str, self.args)], stdout=subprocess.PIPE, stderr=self.errors, text=True, **self.how)
        line = self.process.stdout.readline()
        assert line, self.log()
        ready = json.loads(line)
        self.port, self.setup_token = ready["port"], ready["setup_token"]

    def log(self):
        return (self.folder / f"serve{self.starts}.err").read_text(errors="replace")[-6000:]

    def set_up(self):
        a = self.anybody().post("/api/setup", {"token": self.setup_token, "email": "admin@example.org",
                                               "name": "Admin", "password": PASSWORD}, expect=201)
        self.tokens["Administrator"] = a.json["access_token"]

    def anybody(self):
        return Client(self.port)

    @property
    def admin(self):
        return Client(self.port, self.tokens["Administrator"])

    def role(self, role):
        """A user of this role, made when first asked for."""
        if role == "Public":
            return self.anybody()
        if role not in self.tokens:
            email = f"{role.lower()}@example.org"
            link = self.admin.post("/api/users", {"email": email, "role": role}).json["invitation"]["link"]
            token = link.split("#")[1]
            self.anybody().post("/api/password-resets/complete", {"token": token, "password": PASSWORD}, expect=204)
            self.tokens[role] = self.anybody().post(
                "/api/sessions", {"email": email, "password": PASSWORD}, expect=201).json["access_token"]
        return Client(self.port, self.tokens[role])

    def key(self, *scopes):
        a = self.admin.post("/api/keys", {"name": "test", "scopes": list(scopes)}, expect=201)
        return Client(self.port, a.json["secret"])

    def stop(self, code=0):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(60 * PATIENCE) == code, self.log()
        self.process.stdout.close()
        self.errors.close()

    def kill(self):
        while _open:
            _open.pop().close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.errors.close()


def csv_of(rows):
    return ("name,phone\n" + "".join(f"{name},{phone}\n" for name, phone in rows)).encode()


def people(count, first=2000000):
    return [(f"נועה {i}" if i % 2 else f"Dan {i}", f"050{first + i:07d}") for i in range(count)]


def import_people(client, list_id, rows, **query):
    """Uploads, waits until it is read; the import as it is then."""
    a = client.upload(f"/api/lists/{list_id}/imports", csv_of(rows), "text/csv", filename="people.csv", **query)
    return wait_import(client, a.json["id"])


def wait_import(client, import_id):
    return wait(lambda: (lambda i: i if i["state"] not in ("queued", "running") else None)(
        client.get(f"/api/imports/{import_id}").json), 60)
