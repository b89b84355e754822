"""Who may do what: every operation of the contract by every role, with and without a session, by
keys of every scope; sessions, cookies and their CSRF token; sign-in."""
import time

import pytest
from api import OPERATIONS, PASSWORD, ROLES, Client, csv_of, people, wait
from conftest import TONES, flow, knows, tone

pytestmark = knows("serve")


@pytest.fixture
def s(service):
    return service("--ignore-windows")


class World:
    """One of everything, made anew where an operation uses it up."""

    def __init__(self, s, folder):
        self.s, self.c, self.n = s, s.admin, 0
        self.tone = folder / "tone.wav"
        tone(self.tone, 500, 0.2)
        self.list = self.c.post("/api/lists", {"name": "world"}).json["id"]
        self.import_done = self.imported(self.list)
        self.contact = self.c.get(f"/api/lists/{self.list}/contacts").json["items"][0]["id"]
        for name in TONES:
            self.audio(f"{name}.wav")
        self.flow = self.c.post("/api/flows", {"name": "world", "flow": flow()}).json["id"]
        self.trunk = self.c.post("/api/trunks", {"name": "nowhere", "host": "127.0.0.1", "port": 9}).json["id"]
        self.campaign = self.made("campaign")
        self.c.post("/api/blacklist", {"numbers": ["+972501111111"], "reason": "r"})

    def fresh(self):
        self.n += 1
        return f"fresh {self.n}"

    def imported(self, list_id):
        a = self.c.upload(f"/api/lists/{list_id}/imports", csv_of(people(3)), "text/csv", filename="x.csv")
        wait(lambda: self.c.get(f"/api/imports/{a.json['id']}").json["state"] == "done")
        return a.json["id"]

    def audio(self, name):
        return self.c.upload("/api/audio", self.tone.read_bytes(), "audio/wav", name=name).json["id"]

    def made(self, what):
        """The id of a new one that nothing else uses."""
        c, name = self.c, self.fresh()
        if what == "campaign":
            return c.post("/api/campaigns", self.campaign_body(name)).json["id"]
        if what == "list":
            return c.post("/api/lists", {"name": name}).json["id"]
        if what == "contact":
            return c.post(f"/api/lists/{self.list}/contacts", {"number": f"+97252{2000000 + self.n}"}).json["id"]
        if what == "import":
            return self.imported(self.made("list"))
        if what == "audio":
            return self.audio(f"{name}.wav")
        if what == "flow":
            return c.post("/api/flows", {"name": name, "flow": flow()}).json["id"]
        if what == "trunk":
            return c.post("/api/trunks", {"name": name, "host": "127.0.0.1", "port": 9}).json["id"]
        if what == "report":
            i = c.post("/api/reports", {"campaign_id": self.campaign, "kind": "calls"}).json["id"]
            wait(lambda: c.get(f"/api/reports/{i}").json["state"] == "done")
            return i
        if what == "user":
            return c.post("/api/users", {"email": f"u{self.n}@example.org", "role": "Analyst"}).json["user"]["id"]
        if what == "key":
            return c.post("/api/keys", {"name": name, "scopes": ["live:read"]}).json["key"]["id"]
        if what == "upload":
            i = c.post("/api/uploads", {"filename": "x.csv", "bytes": 17}).json["id"]
            c.call("PUT", f"/api/uploads/{i}/content", raw=b"phone\n0501234567\n", type="application/octet-stream", query={"offset": 0}, expect=200)
            return i
        if what == "blacklist import":
            return c.upload("/api/blacklist/imports", b"phone\n+972501111112\n", "text/csv").json["id"]
        if what == "webhook":
            return c.post("/api/webhooks", self.webhook_body(name)).json["webhook"]["id"]
        if what == "paused":
            i = self.made("campaign")
            c.post(f"/api/campaigns/{i}/start")
            c.post(f"/api/campaigns/{i}/pause", {"hang_up": True})
            self.quiet(i)
            return i
        raise KeyError(what)

    def quiet(self, i):
        wait(lambda: self.c.get(f"/api/campaigns/{i}/progress").json["pace_cap"] == 0)

    def campaign_body(self, name):
        return {"name": name, "list_id": self.list, "flow_id": self.flow, "trunk_ids": [self.trunk],
                "pace": {"calls_per_second": 1, "max_calls": 1}, "ring_timeout": "1s"}

    @staticmethod
    def webhook_body(name):
        return {"name": name, "url": "https://crm.invalid/kolcast", "events": ["report.ready"]}

    def etag(self, path):
        return {"If-Match": self.c.get(path).headers["ETag"]}

    def request(self, op):
        """(path, keyword arguments) of a right request for an operation."""
        m = self.made
        p = OPERATIONS[op][0]

        def at(i, **values):
            return p.format(id=i, **values)

        def change(i, body):
            return at(i), {"json_body": body, "headers": self.etag(at(i))}

        table = {
            "endSession": lambda: (at(999999), {"ok": 404}),
            "signOut": lambda: None,  # would end the role's session: test_sessions
            "changePassword": lambda: (p, {"json_body": {"current": "wrong", "password": PASSWORD}, "ok": 422}),
            "beginTotp": lambda: (p, {"json_body": {"password": "wrong"}, "ok": 422}),
            "confirmTotp": lambda: (p, {"json_body": {"code": "123456"}, "ok": 409}),
            "removeTotp": lambda: (p, {"json_body": {"password": PASSWORD}, "ok": (204, 409)}),
            "renewRecoveryCodes": lambda: (p, {"json_body": {"code": "123456"}, "ok": (409, 422)}),
            "inviteUser": lambda: (p, {"json_body": {"email": f"{self.fresh().replace(' ', '')}@example.org", "role": "Analyst"}}),
            "getUser": lambda: (at(1), {}),
            "updateUser": lambda: change(m("user"), {"email": f"v{self.n}@example.org", "name": "V", "role": "Analyst", "disabled": False}),
            "deleteUser": lambda: (at(m("user")), {}),
            "inviteUserAgain": lambda: (at(m("user")), {}),
            "removeUserTotp": lambda: (at(m("user")), {"ok": (204, 404, 409)}),
            "createKey": lambda: (p, {"json_body": {"name": "k", "scopes": ["live:read"]}}),
            "revokeKey": lambda: (at(m("key")), {}),
            "createList": lambda: (p, {"json_body": {"name": self.fresh()}}),
            "getList": lambda: (at(self.list), {}),
            "updateList": lambda: change(m("list"), {"name": self.fresh()}),
            "deleteList": lambda: (at(m("list")), {}),
            "listContacts": lambda: (at(self.list), {}),
            "createContact": lambda: (at(self.list), {"json_body": {"number": f"+97253{3000000 + int(self.fresh()[6:])}"}}),
            "getContact": lambda: (at(self.contact), {}),
            "updateContact": lambda: change(m("contact"), {"name": "X"}),
            "deleteContact": lambda: (at(m("contact")), {}),
            "importContacts": lambda: (at(m("list")), {"raw": b"phone\n0501234567\n", "type": "text/csv", "query": {"filename": "x.csv"}}),
            "createUpload": lambda: (p, {"json_body": {"filename": "x.csv", "bytes": 1}}),
            "getUpload": lambda: (at(m("upload")), {}),
            "deleteUpload": lambda: (at(m("upload")), {}),
            "appendUpload": lambda: (at(m("upload")), {"raw": b"", "type": "application/octet-stream", "query": {"offset": 17}}),
            "previewUpload": lambda: (at(m("upload")), {}),
            "importUpload": lambda: (at(m("upload")), {"query": {"list_id": m("list")}}),
            "getImport": lambda: (at(self.import_done), {}),
            "cancelImport": lambda: (at(self.import_done), {"ok": 409}),
            "undoImport": lambda: (at(m("import")), {}),
            "listRejects": lambda: (at(self.import_done), {}),
            "downloadRejected": lambda: (at(self.import_done), {"ok": 404}),
            "addToBlacklist": lambda: (p, {"json_body": {"numbers": ["+972501111113"], "reason": "r"}}),
            "importBlacklist": lambda: (p, {"raw": b"phone\n+972501111114\n", "type": "text/csv"}),
            "getBlacklistImport": lambda: (at(m("blacklist import")), {}),
            "cancelBlacklistImport": lambda: (at(m("blacklist import")), {"ok": (202, 409)}),
            "getBlacklisted": lambda: (p.format(number="+972501111111"), {}),
            "removeFromBlacklist": lambda: (p.format(number="+972501111111"), {"query": {"list": "none-of-them", "reason": "r"}, "ok": 404}),
            "uploadAudio": lambda: (p, {"raw": self.tone.read_bytes(), "type": "audio/wav", "query": {"name": f"{self.fresh()}.wav"}}),
            "getAudio": lambda: (at(1), {}),
            "playAudio": lambda: (at(1), {}),
            "deleteAudio": lambda: (at(m("audio")), {}),
            "createFlow": lambda: (p, {"json_body": {"name": self.fresh(), "flow": flow()}}),
            "checkFlow": lambda: (p, {"json_body": {"flow": flow()}}),
            "simulateFlow": lambda: (p, {"json_body": {"flow": flow()}}),
            "getFlow": lambda: (at(self.flow), {}),
            "updateFlow": lambda: change(m("flow"), {"name": self.fresh(), "flow": flow()}),
            "deleteFlow": lambda: (at(m("flow")), {}),
            "listFlowVersions": lambda: (at(self.flow), {}),
            "getFlowVersion": lambda: (at(self.flow, version=1), {}),
            "listFlowUses": lambda: (at(self.flow), {}),
            "createCampaign": lambda: (p, {"json_body": self.campaign_body(self.fresh())}),
            "updateCampaign": lambda: change(m("campaign"), self.campaign_body(self.fresh())),
            "deleteCampaign": lambda: (at(m("campaign")), {}),
            "duplicateCampaign": lambda: (at(self.campaign), {"json_body": {"name": self.fresh()}}),
            "explainPerson": lambda: (at(self.campaign), {"query": {"number": "0502000000"}}),
            "startCampaign": lambda: (at(m("campaign")), {}),
            "getRehearsal": lambda: (at(self.campaign), {"ok": (200, 404)}),
            "startRehearsal": lambda: (at(m("campaign")), {"json_body": {"people": 1}}),
            "stopRehearsal": lambda: (at(m("campaign")), {"ok": 404}),
            "resumeCampaign": lambda: (at(m("paused")), {}),
            "pauseCampaign": lambda: (at(m("campaign")), {"ok": 409}),
            "cancelCampaign": lambda: (at(m("campaign")), {}),
            "getCall": lambda: (at(999999), {"ok": 404}),
            "getMessage": lambda: (at(999999), {"ok": 404}),
            "createReport": lambda: (p, {"json_body": {"campaign_id": self.campaign, "kind": "calls"}}),
            "getReport": lambda: (at(m("report")), {}),
            "deleteReport": lambda: (at(m("report")), {}),
            "downloadReport": lambda: (at(m("report")), {}),
            "compareCampaigns": lambda: (p, {"query": {"campaigns": str(self.campaign)}}),
            "createTrunk": lambda: (p, {"json_body": {"name": self.fresh(), "host": "127.0.0.1"}}),
            "getTrunk": lambda: (at(self.trunk), {}),
            "updateTrunk": lambda: change(m("trunk"), {"name": self.fresh(), "host": "127.0.0.1"}),
            "deleteTrunk": lambda: (at(m("trunk")), {}),
            "updateAlertSettings": lambda: (p, {"json_body": self.c.get(p).json, "headers": self.etag(p)}),
            "acknowledgeAlert": lambda: (at(999999), {"ok": 404}),
            "createWebhook": lambda: (p, {"json_body": self.webhook_body(self.fresh())}),
            "getWebhook": lambda: (at(m("webhook")), {}),
            "updateWebhook": lambda: change(m("webhook"), self.webhook_body(self.fresh())),
            "deleteWebhook": lambda: (at(m("webhook")), {}),
            "renewWebhookSecret": lambda: (at(m("webhook")), {}),
            "testWebhook": lambda: (at(m("webhook")), {}),
            "listDeliveries": lambda: (at(m("webhook")), {}),
            "retryDeliveries": lambda: (at(m("webhook")), {}),
            "updateSettings": lambda: (p, {"json_body": self.c.get(p).json, "headers": self.etag(p)}),
            "sendTestMail": lambda: (p, {"ok": 409}),
            "updateSignInSettings": lambda: (p, {"json_body": self.c.get(p).json, "headers": self.etag(p)}),
        }
        if op in table:
            return table[op]()
        return at(self.campaign) if "{id}" in p else p, {}

    def after(self, op, path):
        """What an operation made where only so many may be."""
        c = self.c
        if op in ("startCampaign", "resumeCampaign"):
            i = path.split("/")[3]
            c.post(f"/api/campaigns/{i}/cancel", {"hang_up": True})
            self.quiet(i)
        if op == "startRehearsal":
            c.delete(path)
        if op.endswith(("Webhook", "Deliveries", "WebhookSecret")):
            for w in c.get("/api/webhooks").json["items"]:
                c.delete(f"/api/webhooks/{w['id']}")
        if op in ("createTrunk", "updateTrunk"):
            for t in c.get("/api/trunks").json["items"]:
                if t["id"] != self.trunk:
                    c.delete(f"/api/trunks/{t['id']}")


def test_every_operation_by_every_role(s, tmp_path):
    w = World(s, tmp_path)
    for op, (_, method, spec) in OPERATIONS.items():
        least = spec["x-role"]
        if least == "Public":
            continue
        for role in ROLES:
            made = w.request(op)
            if made is None:
                continue
            path, how = made
            ok = how.pop("ok", (200, 201, 202, 204, 206))
            a = s.role(role).call(method.upper(), path, **how)
            if role == "Public":
                assert a.status == 401, (op, a)
                assert a.headers["WWW-Authenticate"] == "Bearer", (op, a)
            elif ROLES.index(role) < ROLES.index(least):
                assert a.status == 403, (op, role, a)
            else:
                assert a.status in (ok if isinstance(ok, tuple) else (ok,)), (op, role, a)
            if a.status < 300:
                w.after(op, path)


def test_every_scope_of_keys(s, tmp_path):
    w = World(s, tmp_path)
    scopes = sorted({spec["x-scope"] for _, _, spec in OPERATIONS.values() if spec.get("x-scope", "none") != "none"})
    with_one = {scope: s.key(scope) for scope in scopes}
    without = {scope: s.key(*[x for x in scopes if x != scope]) for scope in scopes}
    for op, (_, method, spec) in OPERATIONS.items():
        scope = spec.get("x-scope")
        made = w.request(op) if spec["x-role"] != "Public" else None
        if made is None:
            continue
        path, how = made
        how.pop("ok", None)
        if scope == "none":
            assert with_one["users:write"].call(method.upper(), path, **how).status == 403, op
            continue
        assert without[scope].call(method.upper(), path, **how).status == 403, op
        a = with_one[scope].call(method.upper(), path, **how)
        assert a.status not in (401, 403), (op, a)
        w.after(op, path) if a.status < 300 else None


def test_public_operations(s):
    anybody = s.anybody()
    public = {op for op, (_, _, spec) in OPERATIONS.items() if spec["x-role"] == "Public"}
    assert public == {"getSetup", "completeSetup", "signIn", "refreshSession", "requestPasswordReset",
                      "completePasswordReset", "lookPasswordReset", "listProviders", "startOidc", "finishOidc",
                      "getOpenapi", "getDocs"}
    assert anybody.get("/api/openapi.json").json["openapi"].startswith("3.1")
    page = anybody.get("/api/docs").body.decode()
    anybody.check = False
    for part in ("page.js", "page.css"):
        assert f"/api/docs/{part}" in page
        assert anybody.call("GET", f"/api/docs/{part}").status == 200
    assert "http" not in page.replace("http-equiv", "")
    assert anybody.get("/api/providers").json == {"items": []}
    anybody.get("/api/providers/nobody/start", expect=404)
    anybody.post("/api/password-resets", {"email": "nobody@example.org"}, expect=202)
    anybody.post("/api/password-resets", {"email": "admin@example.org"}, expect=202)
    anybody.post("/api/password-resets/look", {"token": "kt_nothing"}, expect=422)


def test_tokens(s):
    for token in ("", "x", "ka_" + "A" * 43, "kc_" + "A" * 43, s.admin.token[:-1], s.admin.token + "A",
                  s.admin.token.swapcase(), "é"):
        c = Client(s.port, token or None)
        try:
            assert c.call("GET", "/api/lists").status == 401, token
        except UnicodeEncodeError:
            pass
    c = s.anybody()
    c.call("GET", "/api/lists", headers={"Authorization": "Basic YTpi"}, expect=401)
    c.call("GET", "/api/lists", headers={"Authorization": f"bearer {s.admin.token}"}, expect=200)
    # A revoked key is nobody's, at once.
    a = s.admin.post("/api/keys", {"name": "k", "scopes": ["contacts:read"]})
    key = Client(s.port, a.json["secret"])
    key.get("/api/lists")
    key.post("/api/lists", {"name": "x"}, expect=403)
    assert [k["name"] for k in s.admin.get("/api/keys").json["items"]] == ["k"]
    assert a.json["secret"] not in str(s.admin.get("/api/keys").json)
    s.admin.delete(f"/api/keys/{a.json['key']['id']}")
    key.get("/api/lists", expect=401)


def test_sessions(s):
    email = "admin@example.org"
    a = s.anybody().post("/api/sessions", {"email": email, "password": PASSWORD}, expect=201).json
    c = Client(s.port, a["access_token"])
    me = c.get("/api/session").json
    assert me["email"] == email and not me["by_key"]
    assert [x["current"] for x in c.get("/api/sessions").json["items"]].count(True) == 1
    # A refresh token is good once; again, later, it ends the session. (At once it is two tabs.)
    b = s.anybody().post("/api/sessions/refresh", {"refresh_token": a["refresh_token"]}, expect=200).json
    assert b["access_token"] != a["access_token"]
    d = Client(s.port, b["access_token"])
    d.delete("/api/session")
    d.get("/api/session", expect=401)
    c.get("/api/session", expect=401)
    s.anybody().post("/api/sessions/refresh", {"refresh_token": b["refresh_token"]}, expect=401)
    s.anybody().post("/api/sessions/refresh", {}, expect=422)
    s.anybody().post("/api/sessions", {"email": email, "password": "wrong"}, expect=401)
    s.anybody().post("/api/sessions", {"email": "nobody@example.org", "password": PASSWORD}, expect=401)
    s.anybody().post("/api/sessions", {"email": email}, expect=422)
    # Disabled: gone at once.
    role = s.role("Analyst")
    user = [u for u in s.admin.get("/api/users").json["items"] if u["email"] == "analyst@example.org"][0]
    etag = s.admin.get(f"/api/users/{user['id']}").headers["ETag"]
    s.admin.put(f"/api/users/{user['id']}", {"email": user["email"], "name": "A", "role": "Analyst", "disabled": True}, etag)
    role.get("/api/lists", expect=401)
    # The last administrator stays one.
    admin = [u for u in s.admin.get("/api/users").json["items"] if u["email"] == email][0]
    etag = s.admin.get(f"/api/users/{admin['id']}").headers["ETag"]
    s.admin.put(f"/api/users/{admin['id']}", {"email": email, "name": "A", "role": "Analyst", "disabled": False}, etag, expect=409)
    s.admin.delete(f"/api/users/{admin['id']}", expect=409)


def test_cookies(s):
    c = s.anybody()
    a = c.post("/api/sessions", {"email": "admin@example.org", "password": PASSWORD, "cookies": True}, expect=201)
    assert "access_token" not in a.json and "refresh_token" not in a.json
    set_cookies = a.headers.get_all("set-cookie")
    assert all("HttpOnly" in x and "SameSite=Strict" in x for x in set_cookies)
    assert any(x.startswith("kolcast_refresh=") and "Path=/api/sessions/refresh" in x for x in set_cookies)
    c.get("/api/lists")
    # A page of somebody else can make the browser ask, but does not know the token.
    c.post("/api/lists", {"name": "x"}, expect=403)
    c.csrf = "wrong"
    c.post("/api/lists", {"name": "x"}, expect=403)
    c.csrf = c.get("/api/session").json["csrf_token"]
    c.post("/api/lists", {"name": "x"}, expect=201)
    old = dict(c.cookies)
    c.post("/api/sessions/refresh", {}, expect=200)
    assert c.cookies["kolcast_access"] != old["kolcast_access"]
    c.get("/api/lists")
    c.csrf = c.get("/api/session").json["csrf_token"]
    c.delete("/api/session")
    assert c.cookies["kolcast_access"] == ""
    c.cookies = old
    c.get("/api/lists", expect=401)


def test_guessing_is_slowed_down(s):
    statuses = [s.anybody().call("POST", "/api/sessions", {"email": "admin@example.org", "password": f"guess {i}"}).status
                for i in range(9)]
    assert statuses[:5] == [401] * 5 and 429 in statuses
    a = s.anybody().call("POST", "/api/sessions", {"email": "admin@example.org", "password": "guess"})
    assert a.status in (401, 429)
    if a.status == 429:
        assert int(a.headers["Retry-After"]) >= 1


def test_rates(service, tmp_path):
    """Without --no-rate-limits a caller who asks too much is told to wait; others are not."""
    s = service()
    s.process.terminate()
    s.process.wait()
    import api

    class Limited(api.Service):
        def start(self):
            import json
            import subprocess
            from conftest import KOLCAST
            self.starts += 1
            self.errors = open(self.folder / f"serve{self.starts}.err", "wb")
            self.process = subprocess.Popen([KOLCAST, "serve", "--data", self.data, "--listen", "127.0.0.1:0", "--json"],
                                            stdout=subprocess.PIPE, stderr=self.errors, text=True)
            ready = json.loads(self.process.stdout.readline())
            self.port, self.setup_token = ready["port"], ready["setup_token"]

    folder = tmp_path / "limited"
    folder.mkdir()
    s = Limited(folder)
    try:
        c, analyst = s.admin, s.role("Analyst")
        until = time.monotonic() + 60
        while True:
            a = c.call("GET", "/api/lists")
            if a.status == 429:
                break
            assert a.status == 200 and time.monotonic() < until
        assert int(a.headers["Retry-After"]) >= 1
        analyst.get("/api/lists")
    finally:
        s.kill()


def test_second_factor(s):
    import base64
    import hashlib
    import hmac
    import struct

    def code(secret, step=0):
        key = base64.b32decode(secret + "=" * (-len(secret) % 8))
        digest = hmac.new(key, struct.pack(">Q", int(time.time()) // 30 + step), hashlib.sha1).digest()
        at = digest[-1] & 15
        return f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7fffffff) % 1000000:06d}"

    c = s.role("CampaignManager")
    c.post("/api/session/totp", {"password": "wrong"}, expect=422)
    offer = c.post("/api/session/totp", {"password": PASSWORD}, expect=201).json
    c.post("/api/session/totp/confirm", {"code": "000000"}, expect=422)
    codes = c.post("/api/session/totp/confirm", {"code": code(offer["secret"])}, expect=200).json["recovery_codes"]
    assert len(codes) == 10 and c.get("/api/session").json["second_factor"]
    anybody = s.anybody()
    first = anybody.post("/api/sessions", {"email": "campaignmanager@example.org", "password": PASSWORD}, expect=200)
    assert first.json["code_needed"]
    anybody.post("/api/sessions", {"ticket": first.json["ticket"], "code": "000000"}, expect=401)
    done = anybody.post("/api/sessions", {"ticket": first.json["ticket"], "code": codes[0]}, expect=(201, 401))
    if done.status == 401:  # a ticket may be good for one try
        first = anybody.post("/api/sessions", {"email": "campaignmanager@example.org", "password": PASSWORD}, expect=200)
        anybody.post("/api/sessions", {"ticket": first.json["ticket"], "code": codes[0]}, expect=201)
    first = anybody.post("/api/sessions", {"email": "campaignmanager@example.org", "password": PASSWORD}, expect=200)
    anybody.post("/api/sessions", {"ticket": first.json["ticket"], "code": codes[0]}, expect=401)
    c.post("/api/session/totp/remove", {"password": PASSWORD}, expect=204)
    anybody.post("/api/sessions", {"email": "campaignmanager@example.org", "password": PASSWORD}, expect=201)


def test_audit(s):
    c = s.role("CampaignManager")
    n = c.post("/api/lists", {"name": "Audited"}).json["id"]
    c.delete(f"/api/lists/{n}")
    c.get("/api/audit", expect=403)
    lines = s.admin.get("/api/audit", object=f"list {n}").json["items"]
    assert [(x["who"], x["action"]) for x in lines] == [("campaignmanager@example.org", "list.delete"),
                                                        ("campaignmanager@example.org", "list.create")]
    assert lines[1]["detail"] == "Audited"
    assert s.admin.get("/api/audit", who="nobody").json["items"] == []
    # A refused change leaves no line.
    c.post("/api/lists", {"name": ""}, expect=422)
    s.role("Analyst").post("/api/lists", {"name": "x"}, expect=403)
    assert len(s.admin.get("/api/audit", action="list.create").json["items"]) == 1
